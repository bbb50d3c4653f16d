// Many threads at once on what juice.h lets them share: a circuit, a model that is queried, saved and trained, the log, the thread's own error. Run under
// the thread sanitizer this is where a race would show.
#include <atomic>
#include <cmath>
#include <cstdio>
#include <functional>
#include <thread>
#include <unistd.h>
#include <vector>

#include "api/some.h"

namespace {

constexpr std::int32_t variables = 12, categories = 4;

// f(0) … f(count-1), each on a thread of its own.
void at_once(int count, const std::function<void(int)>& f) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back(f, i);
    for (std::thread& thread : threads) thread.join();
}

some::CircuitHandle chain(std::int32_t latents) {
    std::vector<std::int32_t> parents;
    for (std::int32_t v = 0; v < variables; ++v) parents.push_back(v - 1);
    const std::vector<juice_distribution> distributions(variables, juice_distribution{JUICE_CATEGORICAL, categories, 0, 0});
    auto options = some::sized<juice_hclt_options>();
    options.variables = variables;
    options.parents = parents.data();
    options.distributions = distributions.data();
    options.latents = latents;
    options.seed = 7;
    juice_circuit* made = nullptr;
    EXPECT_OK(juice_circuit_hclt(&options, &made));
    return some::CircuitHandle(made);
}

some::ModelHandle compiled(const juice_circuit* circuit) {
    auto options = some::sized<juice_compile_options>();
    options.threads = 4;
    juice_model* made = nullptr;
    EXPECT_OK(juice_model_compile(circuit, &options, &made));
    return some::ModelHandle(made);
}

std::vector<std::uint8_t> values(std::int64_t count) {
    std::vector<std::uint8_t> made;
    for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t v = 0; v < variables; ++v) made.push_back(static_cast<std::uint8_t>(((i + 1) * 2654435761u + v * (i % 7) * 40503u) >> 12 & 3));
    return made;
}

std::vector<double> answers(const juice_model* model, const juice_rows& rows) {
    std::vector<double> logs(static_cast<std::size_t>(rows.count));
    EXPECT_OK(juice_model_log_likelihood(model, &rows, logs.data(), nullptr, nullptr));
    return logs;
}

void sample(const juice_model* model, const juice_rows* evidence, std::int64_t rows) {
    auto options = some::sized<juice_sample_options>();
    options.element = JUICE_BYTE;
    options.count = evidence ? 1 : rows;
    options.temperature = 1;
    std::vector<std::uint8_t> made(static_cast<std::size_t>(rows * variables));
    EXPECT_OK(juice_model_sample(model, evidence, &options, made.data()));
}

void train(juice_model* model, const juice_rows& rows) {
    auto options = some::epoch();
    options.batch_size = 50;
    options.shuffle = 1;
    options.rule = some::rule();
    auto result = some::sized<juice_epoch_result>();
    for (options.epoch = 0; options.epoch < 4; ++options.epoch) {
        options.full_batch = options.epoch % 2;
        EXPECT_OK(juice_model_fit_epoch(model, &rows, &options, &result));
        EXPECT_OK(juice_model_forward(model, &rows, nullptr, 100, nullptr));
        EXPECT_OK(juice_model_backward(model, nullptr));
        EXPECT_OK(juice_model_update(model, &options.rule));
    }
}

void save(const juice_model* model, const juice_rows& rows) {
    const std::string path = testing::TempDir() + "juice-threads-" + std::to_string(getpid()) + ".juice";
    for (int i = 0; i < 6; ++i) {
        juice_circuit *now = nullptr, *read = nullptr;
        ASSERT_OK(juice_model_to_circuit(model, &now));
        const some::CircuitHandle owned(now);
        ASSERT_OK(juice_circuit_write(now, path.c_str()));
        ASSERT_OK(juice_circuit_read(path.c_str(), nullptr, &read));
        const some::CircuitHandle again(read);
        EXPECT_EQ(answers(compiled(read).get(), rows), answers(compiled(now).get(), rows));
    }
    std::remove(path.c_str());
}

TEST(Threads, EightQueryAModelWhileOneSavesItAndOneTrainsIt) {
    const auto circuit = chain(5);
    const auto model = compiled(circuit.get()), alone = compiled(circuit.get());
    const std::vector<std::uint8_t> data = values(300);
    std::atomic<int> training{1};
    at_once(10, [&](int thread) {
        juice_rows rows = some::rows(data, variables);
        if (thread == 8) {
            train(model.get(), rows);
            training = 0;
            return;
        }
        if (thread == 9) {
            rows.count = 20;
            save(model.get(), rows);
            return;
        }
        constexpr std::int64_t counts[] = {1, 7, 300, 129};
        rows.count = counts[thread % 4];
        std::vector<double> most(static_cast<std::size_t>(rows.count));
        for (int i = 0; i < 10 || (training && i < 100); ++i) {      // eight that never ended would starve the training
            for (const double log : answers(model.get(), rows)) EXPECT_TRUE(std::isfinite(log));
            EXPECT_OK(juice_model_max_log_value(model.get(), &rows, most.data(), nullptr, nullptr));
            sample(model.get(), i % 2 ? &rows : nullptr, rows.count);
        }
    });
    const juice_rows rows = some::rows(data, variables);
    train(alone.get(), rows);
    EXPECT_EQ(answers(model.get(), rows), answers(alone.get(), rows)) << "company changed what was learned";
}

// A checkpoint is a copy taken by another thread's call, and a restart compiles it: no bit may differ from the training that was never left.
TEST(Threads, ACheckpointTakenAmongQueriesGoesOnBitForBit) {
    const auto circuit = chain(5);
    const auto whole = compiled(circuit.get());
    auto resumed = compiled(circuit.get());
    const std::vector<std::uint8_t> data = values(300);
    const juice_rows rows = some::rows(data, variables);
    auto options = some::epoch();
    options.batch_size = 50;
    options.shuffle = 1;
    options.rule = some::rule();
    for (options.epoch = 0; options.epoch < 4; ++options.epoch) {
        options.full_batch = options.epoch % 2;
        at_once(6, [&](int thread) {
            auto result = some::sized<juice_epoch_result>();
            if (thread == 0) EXPECT_OK(juice_model_fit_epoch(whole.get(), &rows, &options, &result));
            else if (thread == 1) EXPECT_OK(juice_model_fit_epoch(resumed.get(), &rows, &options, &result));
            else if (thread % 2 == 0) answers(resumed.get(), rows);
            else sample(resumed.get(), &rows, rows.count);
        });
        std::vector<some::CircuitHandle> copies(3);
        at_once(3, [&](int thread) {
            juice_circuit* now = nullptr;
            EXPECT_OK(juice_model_to_circuit(resumed.get(), &now));
            copies[static_cast<std::size_t>(thread)].reset(now);
        });
        resumed = compiled(copies[static_cast<std::size_t>(options.epoch % 3)].get());
        EXPECT_EQ(answers(resumed.get(), rows), answers(whole.get(), rows)) << "epoch " << options.epoch;
    }
}

TEST(Threads, TwoTrainingsOfOneModelGoOneAfterTheOther) {
    const auto circuit = chain(3);
    const auto model = compiled(circuit.get());
    const std::vector<std::uint8_t> data = values(200);
    const juice_rows rows = some::rows(data, variables);
    at_once(3, [&](int) {
        auto options = some::epoch();
        options.batch_size = 64;
        auto result = some::sized<juice_epoch_result>();
        for (int i = 0; i < 4; ++i) EXPECT_OK(juice_model_fit_epoch(model.get(), &rows, &options, &result));
    });
    const auto alone = compiled(circuit.get());
    auto options = some::epoch();
    options.batch_size = 64;
    auto result = some::sized<juice_epoch_result>();
    for (int i = 0; i < 12; ++i) EXPECT_OK(juice_model_fit_epoch(alone.get(), &rows, &options, &result));
    EXPECT_EQ(answers(model.get(), rows), answers(alone.get(), rows));
}

TEST(Threads, EightShareACircuit) {
    const auto circuit = chain(4);
    const std::vector<std::uint8_t> data = values(20);
    const juice_rows rows = some::rows(data, variables);
    const auto expected = answers(compiled(circuit.get()).get(), rows);
    at_once(8, [&](int thread) {
        EXPECT_EQ(answers(compiled(circuit.get()).get(), rows), expected);
        char* text = nullptr;
        ASSERT_OK(juice_circuit_to_json(circuit.get(), &text));
        const some::Text owned(text);
        juice_circuit *again = nullptr, *changed = nullptr;
        ASSERT_OK(juice_circuit_from_json(text, static_cast<std::int64_t>(std::string(text).size()), nullptr, &again));
        const some::CircuitHandle read(again);
        ASSERT_OK(juice_circuit_with_metadata(circuit.get(), "thread", std::to_string(thread).c_str(), &changed));
        const some::CircuitHandle marked(changed);
        EXPECT_EQ(answers(compiled(changed).get(), rows), answers(compiled(again).get(), rows));
    });
}

TEST(Threads, EachHasItsOwnLastError) {
    at_once(8, [](int thread) {
        for (int i = 0; i < 200; ++i) {
            auto device = some::sized<juice_device>();
            EXPECT_ARGUMENT_ERROR(juice_device_get(1000 + thread, &device), std::to_string(1000 + thread).c_str());
        }
    });
}

TEST(Threads, TheLogChangesHandsWhileOthersWork) {
    static std::atomic<int> lines;
    const juice_log_callback count = [](std::int32_t, const char*, void*) { ++lines; };
    lines = 0;
    const auto circuit = chain(2);
    at_once(4, [&](int thread) {
        for (int i = 0; i < 20; ++i) {
            if (thread == 0) juice_set_log(i % 2 ? nullptr : count, nullptr, 0);
            else compiled(circuit.get());
        }
    });
    juice_set_log(nullptr, nullptr, 0);
}

TEST(Threads, TreesAreLearnedAtTheSameTime) {
    const std::vector<std::uint8_t> data = values(200);
    const juice_rows rows = some::rows(data, variables);
    auto options = some::sized<juice_tree_options>();
    options.threads = 3;
    std::vector<std::int32_t> expected(variables);
    ASSERT_OK(juice_chow_liu_tree(&rows, &options, expected.data()));
    at_once(4, [&](int) {
        std::vector<std::int32_t> parents(variables);
        EXPECT_OK(juice_chow_liu_tree(&rows, &options, parents.data()));
        EXPECT_EQ(parents, expected);
    });
}

}  // namespace
