// Every call of a circuit's life while memory runs out: at its k-th attempt to get some, for every k, once or from there on. Each ends with
// JUICE_ERROR_MEMORY and a sentence, or with the right answer; nothing is lost, and whatever was there before answers as before.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "api/some.h"
#include "faults/interpose.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace {

namespace fs = std::filesystem;
using faults::NoMemory;
using faults::Until;

constexpr std::int64_t row_count = 300;     // more than one thread's tile of 128

std::string contents(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

// A conformance circuit and rows of its domains.
class MemoryFaults : public testing::TestWithParam<int> {
protected:
    MemoryFaults() : folder_(fs::path(testing::TempDir()) / ("juice-memory-" + std::to_string(getpid()))), file_(folder_ / "model.juice") {
        char name[32];
        std::snprintf(name, sizeof name, "/case%02d.juice", GetParam());
        path_ = std::string(JUICE_CONFORMANCE) + name;
        bytes_ = contents(path_);
        fs::create_directories(folder_);
        juice_circuit* read = nullptr;
        EXPECT_OK(juice_circuit_read(path_.c_str(), nullptr, &read));
        circuit_.reset(read);
        info_ = some::sized<juice_circuit_info>();
        EXPECT_OK(juice_circuit_get_info(read, &info_));
        fill_rows();
        root_flows_.assign(static_cast<std::size_t>(row_count * info_.roots), 1.0f);
        witness_ = compiled();
        expected_ = answers(witness_.get());
    }
    ~MemoryFaults() override { fs::remove_all(folder_); }

    void fill_rows() {
        std::vector<std::int64_t> domains(static_cast<std::size_t>(info_.variables));
        for (std::int32_t id = 0; id < info_.vectors; ++id) {
            juice_vector v{};
            EXPECT_OK(juice_circuit_vector(circuit_.get(), id, &v));
            if (v.type != JUICE_INPUT) continue;
            const auto& d = v.distribution;
            domains[static_cast<std::size_t>(v.variable)] =
                d.type == JUICE_GAUSSIAN ? 0 : d.type == JUICE_BERNOULLI ? 2 : d.type == JUICE_BINOMIAL ? std::int64_t{d.count} + 1 : d.count;
        }
        for (std::int64_t i = 0; i < row_count; ++i) {
            for (std::size_t v = 0; v < domains.size(); ++v) {
                const auto mixed = (static_cast<std::uint64_t>(i) * 977 + v) * 0x9E3779B97F4A7C15ull >> 33;
                values_.push_back(domains[v] == 0 ? static_cast<double>(mixed % 9) / 4 - 1 : static_cast<double>(mixed % static_cast<std::uint64_t>(domains[v])));
            }
        }
        rows_ = some::sized<juice_rows>();
        rows_.element = JUICE_DOUBLE;
        rows_.data = values_.data();
        rows_.count = row_count;
        rows_.variables = info_.variables;
    }

    some::ModelHandle compiled() const {
        juice_model* made = nullptr;
        EXPECT_OK(compile(&made));
        return some::ModelHandle(made);
    }

    juice_status compile(juice_model** made) const {
        auto options = some::sized<juice_compile_options>();
        options.threads = 2;
        options.batch_size = 64;
        return juice_model_compile(circuit_.get(), &options, made);
    }

    std::vector<double> answers(const juice_model* model) const {
        std::vector<double> logs(static_cast<std::size_t>(row_count * info_.roots));
        EXPECT_OK(juice_model_log_likelihood(model, &rows_, logs.data(), nullptr, nullptr));
        return logs;
    }

    std::vector<float> parameters(const juice_model* model) const {
        std::vector<float> all;
        for (std::int32_t id = 0; id < info_.vectors; ++id) {
            juice_vector v{};
            EXPECT_OK(juice_circuit_vector(circuit_.get(), id, &v));
            if (v.type == JUICE_PRODUCT || v.parameter_count == 0) continue;
            const auto begin = all.size();
            all.resize(begin + static_cast<std::size_t>(v.parameter_count));
            EXPECT_OK(juice_model_get_parameters(model, id, all.data() + begin, v.parameter_count));
        }
        return all;
    }

    // Makes the call with each of its attempts failed in turn. `prepare` is run before, `inspect` after each, both with memory; inspect is told whether
    // the call succeeded.
    void starve(const std::function<void()>& prepare, const std::function<juice_status()>& call, const std::function<void(bool)>& inspect) {
        for (const Until until : {Until::Once, Until::Forever}) {
            for (std::int64_t k = 0;; ++k) {
                SCOPED_TRACE("attempt " + std::to_string(k) + (until == Until::Once ? ", once" : ", from there on"));
                ASSERT_LT(k, 20000) << "the attempts do not end";
                prepare();
                juice_status status = JUICE_OK;
                bool fired = false;
                {
                    const NoMemory fault(k, until);
                    status = call();
                    fired = fault.fired();
                }
                if (status != JUICE_OK) {
                    ++failures_;
                    EXPECT_STATUS(JUICE_ERROR_MEMORY, status, " ");
                }
                inspect(status == JUICE_OK);
                ASSERT_EQ(answers(witness_.get()), expected_);
                if (HasFailure()) return;
                if (!fired) {
                    EXPECT_EQ(status, JUICE_OK);
                    break;
                }
            }
        }
    }

    // A call that asks for no memory cannot fail, but none of these tests is of such calls alone.
    void TearDown() override {
        if (!IsSkipped()) {
            EXPECT_GE(failures_, 1) << "no attempt was failed";
        }
    }

    // A call that makes something and must leave nothing where it fails.
    void starve(const std::function<juice_status()>& call, const std::function<void()>& free) {
        EXPECT_EQ(call(), JUICE_OK);        // what is kept for a thread's next call is there from now on
        free();
        std::int64_t before = 0;
        starve([&] { before = faults::outstanding(); }, call, [&](bool succeeded) {
            if (succeeded) free();
            EXPECT_LE(faults::outstanding(), before) << "something was left";
        });
#if defined(__SANITIZE_ADDRESS__)
        EXPECT_EQ(__lsan_do_recoverable_leak_check(), 0);
#endif
    }

    void starve_circuit(const std::function<juice_status(juice_circuit**)>& call) {
        juice_circuit* made = nullptr;
        starve([&] { return call(&made); }, [&] {
            juice_circuit_free(made);
            made = nullptr;
        });
        EXPECT_EQ(made, nullptr);
    }

    fs::path folder_;
    std::string path_, file_, bytes_;
    some::CircuitHandle circuit_;
    juice_circuit_info info_;
    std::vector<double> values_, expected_;
    int failures_ = 0;          // attempts that failed the call
    std::vector<float> root_flows_;
    juice_rows rows_;
    some::ModelHandle witness_;
};

TEST_P(MemoryFaults, Reading) {
    starve_circuit([&](juice_circuit** made) { return juice_circuit_read(path_.c_str(), nullptr, made); });
    starve_circuit([&](juice_circuit** made) { return juice_circuit_read_memory(bytes_.data(), static_cast<std::int64_t>(bytes_.size()), nullptr, made); });
}

TEST_P(MemoryFaults, Json) {
    char* text = nullptr;
    starve([&] { return juice_circuit_to_json(circuit_.get(), &text); }, [&] {
        juice_text_free(text);
        text = nullptr;
    });
    ASSERT_OK(juice_circuit_to_json(circuit_.get(), &text));
    const some::Text owned(text);
    starve_circuit([&](juice_circuit** made) { return juice_circuit_from_json(text, static_cast<std::int64_t>(std::strlen(text)), nullptr, made); });
}

TEST_P(MemoryFaults, Describing) {
    std::vector<juice_vector> vectors(static_cast<std::size_t>(info_.vectors));
    for (std::int32_t id = 0; id < info_.vectors; ++id) {
        ASSERT_OK(juice_circuit_vector(circuit_.get(), id, &vectors[static_cast<std::size_t>(id)]));
        vectors[static_cast<std::size_t>(id)].parameters = nullptr;      // drawn, so that this is starved, too
        if (vectors[static_cast<std::size_t>(id)].tied_to >= 0) vectors[static_cast<std::size_t>(id)].edges = nullptr;
    }
    auto description = some::sized<juice_circuit_description>();
    description.variables = info_.variables;
    description.root = info_.root;
    description.vectors = vectors.data();
    description.vector_count = info_.vectors;
    description.initialize = 1;
    starve_circuit([&](juice_circuit** made) { return juice_circuit_create(&description, made); });
    starve_circuit([&](juice_circuit** made) { return juice_circuit_with_metadata(circuit_.get(), "a key that is not short", "a value that is not short", made); });
}

TEST_P(MemoryFaults, Writing) {
    ASSERT_OK(juice_circuit_write(circuit_.get(), file_.c_str()));
    const std::string old = contents(file_);
    juice_circuit* changed = nullptr;
    ASSERT_OK(juice_circuit_with_metadata(circuit_.get(), "age", "new", &changed));
    const some::CircuitHandle owned(changed);
    std::int64_t before = 0;
    const auto prepare = [&] {
        EXPECT_OK(juice_circuit_write(circuit_.get(), file_.c_str()));
        before = faults::outstanding();
    };
    starve(prepare, [&] { return juice_circuit_write(changed, file_.c_str()); }, [&](bool succeeded) {
        EXPECT_LE(faults::outstanding(), before) << "something was left";
        EXPECT_EQ(contents(file_) == old, !succeeded);
        EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
    });
}

TEST_P(MemoryFaults, Compiling) {
    juice_model* made = nullptr;
    starve([&] { return compile(&made); }, [&] {
        if (answers(made) != expected_) ADD_FAILURE() << "a model answers otherwise";
        juice_model_free(made);
        made = nullptr;
    });
    EXPECT_EQ(made, nullptr);
}

TEST_P(MemoryFaults, Querying) {
    // A model's own memory grows with its first queries: each attempt has a fresh one.
    some::ModelHandle model;
    std::vector<double> logs(expected_.size()), most;
    const auto fresh = [&] { model = compiled(); };
    starve(fresh, [&] { return juice_model_log_likelihood(model.get(), &rows_, logs.data(), nullptr, nullptr); }, [&](bool succeeded) {
        if (succeeded) {
            EXPECT_EQ(logs, expected_);
        }
        EXPECT_EQ(answers(model.get()), expected_) << "the starved model answers otherwise";
    });
    most.resize(logs.size());
    ASSERT_OK(juice_model_max_log_value(witness_.get(), &rows_, most.data(), nullptr, nullptr));
    starve(fresh, [&] { return juice_model_max_log_value(model.get(), &rows_, logs.data(), nullptr, nullptr); }, [&](bool succeeded) {
        if (succeeded) {
            EXPECT_EQ(logs, most);
        }
    });
}

TEST_P(MemoryFaults, Sampling) {
    auto options = some::sized<juice_sample_options>();
    options.element = JUICE_DOUBLE;
    options.count = 2;
    options.temperature = 1;
    std::vector<double> made(2 * values_.size()), wanted = made;
    auto evidence = rows_;
    evidence.count = 40;
    std::vector<std::uint8_t> missing(values_.size());
    for (std::size_t i = 0; i < missing.size(); ++i) missing[i] = i % 3 != 0;
    evidence.missing = missing.data();
    some::ModelHandle model;
    for (const juice_rows* given : {static_cast<const juice_rows*>(nullptr), static_cast<const juice_rows*>(&evidence)}) {
        options.count = given ? 2 : row_count;
        const juice_status possible = juice_model_sample(witness_.get(), given, &options, wanted.data());
        if (possible != JUICE_OK) continue;
        starve([&] { model = compiled(); }, [&] { return juice_model_sample(model.get(), given, &options, made.data()); }, [&](bool succeeded) {
            if (succeeded) {
                EXPECT_EQ(made, wanted);
            }
        });
    }
}

TEST_P(MemoryFaults, LookingAtAModel) {
    char* text = nullptr;
    const auto free_text = [&] {
        juice_text_free(text);
        text = nullptr;
    };
    starve([&] { return juice_model_plan(witness_.get(), 0, &text); }, free_text);
    starve([&] { return juice_model_plan(witness_.get(), 1, &text); }, free_text);
    starve_circuit([&](juice_circuit** made) { return juice_model_to_circuit(witness_.get(), made); });
    auto device = some::sized<juice_device>();
    starve([&] { return juice_device_get(0, &device); }, [] {});
}

// The three calls of a step: whichever fails changes no parameter, and the step can be made again from its beginning.
TEST_P(MemoryFaults, TheStepInThreeCalls) {
    const juice_rule rule = some::rule();
    const auto forward = [&](juice_model* model) { return juice_model_forward(model, &rows_, nullptr, row_count, nullptr); };
    const auto backward = [&](juice_model* model) { return juice_model_backward(model, root_flows_.data()); };
    some::ModelHandle model = compiled();
    ASSERT_OK(forward(model.get()));
    ASSERT_OK(backward(model.get()));
    ASSERT_OK(juice_model_update(model.get(), &rule));
    const std::vector<float> before = parameters(witness_.get()), after = parameters(model.get());
    const auto finish = [&](bool forwards, bool backwards) {
        EXPECT_EQ(parameters(model.get()), before);
        if (forwards) {
            EXPECT_OK(forward(model.get()));
        }
        if (backwards) {
            EXPECT_OK(backward(model.get()));
        }
        EXPECT_OK(juice_model_update(model.get(), &rule));
        EXPECT_EQ(parameters(model.get()), after);
    };
    starve([&] { model = compiled(); }, [&] { return forward(model.get()); }, [&](bool succeeded) { finish(!succeeded, true); });
    starve([&] {
        model = compiled();
        EXPECT_OK(forward(model.get()));
    }, [&] { return backward(model.get()); }, [&](bool succeeded) { finish(!succeeded, !succeeded); });
    starve([&] {
        model = compiled();
        EXPECT_OK(forward(model.get()));
        EXPECT_OK(backward(model.get()));
    }, [&] { return juice_model_update(model.get(), &rule); }, [&](bool succeeded) {
        if (succeeded) {
            EXPECT_EQ(parameters(model.get()), after);
        } else {
            finish(false, false);
        }
    });
}

TEST_P(MemoryFaults, FlowsInAndOut) {
    some::ModelHandle model = compiled();
    ASSERT_OK(juice_model_forward(model.get(), &rows_, nullptr, row_count, nullptr));
    ASSERT_OK(juice_model_backward(model.get(), root_flows_.data()));
    std::int64_t count = 0;
    ASSERT_OK(juice_model_flow_count(model.get(), &count));
    std::vector<float> flows(static_cast<std::size_t>(count)), got = flows;
    const std::vector<float> nothing = flows;
    ASSERT_OK(juice_model_export_flows(model.get(), flows.data(), count));
    starve([&] { model = compiled(); }, [&] { return juice_model_import_flows(model.get(), flows.data(), count); }, [&](bool succeeded) {
        EXPECT_OK(juice_model_export_flows(model.get(), got.data(), count));
        EXPECT_EQ(got, succeeded ? flows : nothing);
    });
    std::vector<float> changed;
    juice_vector root{};
    ASSERT_OK(juice_circuit_vector(circuit_.get(), info_.root, &root));
    if (root.type != JUICE_SUM) return;
    changed.resize(static_cast<std::size_t>(root.parameter_count));
    ASSERT_OK(juice_model_get_parameters(model.get(), info_.root, changed.data(), root.parameter_count));
    const std::vector<float> before = parameters(model.get());
    EXPECT_OK(juice_model_set_parameters(model.get(), info_.root, changed.data(), root.parameter_count));
    starve([] {}, [&] { return juice_model_set_parameters(model.get(), info_.root, changed.data(), root.parameter_count); },
           [&](bool) { EXPECT_EQ(parameters(model.get()), before); });
}

// An epoch that fails leaves parameters that are a circuit's, no flows, and a model that trains on.
TEST_P(MemoryFaults, Epochs) {
    if (info_.roots != 1) GTEST_SKIP() << "an epoch trains one root";
    for (const std::int32_t full_batch : {0, 1}) {
        auto options = some::epoch();
        options.full_batch = full_batch;
        options.batch_size = 64;
        options.shuffle = 1;
        options.rule = some::rule();
        auto result = some::sized<juice_epoch_result>();
        const auto epoch = [&](juice_model* model) { return juice_model_fit_epoch(model, &rows_, &options, &result); };
        some::ModelHandle model = compiled();
        ASSERT_OK(epoch(model.get()));
        const std::vector<float> before = parameters(witness_.get()), after = parameters(model.get());
        starve([&] { model = compiled(); }, [&] { return epoch(model.get()); }, [&](bool succeeded) {
            if (succeeded || full_batch) {
                EXPECT_EQ(parameters(model.get()), succeeded ? after : before);
            }
            juice_circuit* trained = nullptr;
            EXPECT_OK(juice_model_to_circuit(model.get(), &trained));
            juice_circuit_free(trained);
            EXPECT_OK(epoch(model.get()));
            if (!succeeded && full_batch) {
                EXPECT_EQ(parameters(model.get()), after);
            }
        });
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, MemoryFaults, testing::Values(14, 15, 17, 18));

// Structures learned from rows.
TEST(StructureFaults, TreesAndCircuitsFromThem) {
    const std::vector<std::uint8_t> values = [] {
        std::vector<std::uint8_t> made;
        for (int i = 0; i < 40; ++i)
            for (int v = 0; v < 5; ++v) made.push_back(static_cast<std::uint8_t>((i * 7 + v * v) % 3));
        return made;
    }();
    const juice_rows rows = some::rows(values, 5);
    auto options = some::sized<juice_tree_options>();
    options.threads = 2;
    options.pseudocount = 0.1;
    std::vector<std::int32_t> parents(5), wanted(5);
    ASSERT_OK(juice_chow_liu_tree(&rows, &options, wanted.data()));
    const std::vector<juice_distribution> distributions(5, juice_distribution{JUICE_CATEGORICAL, 3, 0, 0});
    auto hclt = some::sized<juice_hclt_options>();
    hclt.variables = 5;
    hclt.parents = wanted.data();
    hclt.distributions = distributions.data();
    hclt.latents = 3;
    auto hmm = some::sized<juice_hmm_options>();
    hmm.variables = 5;
    hmm.distributions = distributions.data();
    hmm.latents = 3;
    auto rat = some::sized<juice_rat_spn_options>();
    rat.variables = 5;
    rat.distributions = distributions.data();
    rat.latents = 3;
    rat.depth = rat.repetitions = rat.pieces = 2;
    const std::int32_t extent = 5, interval = 1;
    auto grid = some::sized<juice_poon_domingos_options>();
    grid.axes = 1;
    grid.shape = &extent;
    grid.intervals = &interval;
    grid.distributions = distributions.data();
    grid.latents = 4;
    grid.block_size = 2;
    grid.most_splits = 2;
    const std::vector<std::function<juice_status(juice_circuit**)>> families = {
        [&](juice_circuit** circuit) { return juice_circuit_hclt(&hclt, circuit); }, [&](juice_circuit** circuit) { return juice_circuit_hmm(&hmm, circuit); },
        [&](juice_circuit** circuit) { return juice_circuit_rat_spn(&rat, circuit); },
        [&](juice_circuit** circuit) { return juice_circuit_poon_domingos(&grid, circuit); }};
    for (const Until until : {Until::Once, Until::Forever}) {
        bool trees = true;
        std::vector<bool> circuits(families.size(), true);
        for (std::int64_t k = 0; trees || std::ranges::count(circuits, true) > 0; ++k) {
            ASSERT_LT(k, 20000);
            const std::int64_t before = faults::outstanding();
            juice_status tree = JUICE_OK;
            if (trees) {
                const NoMemory fault(k, until);
                tree = juice_chow_liu_tree(&rows, &options, parents.data());
                trees = fault.fired();
            }
            for (std::size_t family = 0; family < families.size(); ++family) {
                if (!circuits[family]) continue;
                juice_circuit* circuit = nullptr;
                juice_status built = JUICE_OK;
                {
                    const NoMemory fault(k, until);
                    built = families[family](&circuit);
                    circuits[family] = fault.fired();
                }
                EXPECT_TRUE(built == JUICE_OK || built == JUICE_ERROR_MEMORY) << "family " << family << ", attempt " << k;
                juice_circuit_free(circuit);
            }
            if (tree == JUICE_OK) {
                EXPECT_EQ(parents, wanted);
            } else {
                EXPECT_STATUS(JUICE_ERROR_MEMORY, tree, " ");
            }
            EXPECT_LE(faults::outstanding(), before) << "attempt " << k << " left something";
        }
    }
}

}  // namespace
