// The same bits for one device, instruction set, batch shape and seed: whatever the number of threads, a row's neighbours, or the run.
#include <thread>

#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/maker.h"
#include "reference/some.h"

namespace juice {
namespace {

constexpr std::int32_t variables = JUICE_SANITIZED ? 30 : 120;

std::vector<Distribution> mixed(std::int32_t count) {
    std::vector<Distribution> distributions;
    for (std::int32_t v = 0; v < count; ++v)
        switch (v % 5) {
            case 0: distributions.push_back({DistributionType::Categorical, 37}); break;
            case 1: distributions.push_back({DistributionType::Bernoulli}); break;
            case 2: distributions.push_back({DistributionType::Binomial, 6}); break;
            case 3: distributions.push_back({DistributionType::Gaussian}); break;
            default: distributions.push_back({DistributionType::DiscreteLogistic, 20, -1.0, 1.0}); break;
        }
    return distributions;
}

std::shared_ptr<const Circuit> mixed_hclt() { return Some::hclt(mixed(variables), 20, 7); }

class Determinism : public OnDevice {
protected:
    std::unique_ptr<Model> with_threads(const std::shared_ptr<const Circuit>& circuit, int threads) const {
        Device device = GetParam();
        device.threads = threads;
        return juice::compile(circuit, device);
    }

    // Parameters after `epochs` shuffled epochs of ten mini-batches.
    static std::vector<std::vector<float>> train(Model& model, const Circuit& circuit, const Table& rows, int epochs, std::uint64_t seed) {
        for (int epoch = 0; epoch < epochs; ++epoch) {
            juice_epoch_options options = epoch_options(em_rule(0.3, 0.1), rows.rows() / 10);
            options.shuffle = 1;
            options.seed = seed;
            options.epoch = epoch;
            model.fit_epoch(rows.view(), options);
        }
        return all_parameters(model, circuit);
    }
};

TEST_P(Determinism, ThreadsDoNotChangeABit) {
    if (GetParam().threads != 1) GTEST_SKIP() << "compared in the test of one thread";
    if (GetParam().device != "cpu") GTEST_SKIP() << "its threads only read rows";
    const auto circuit = mixed_hclt();
    const Table rows = Some::rows(*circuit, 400, 1, 0.1);
    const auto expected = train(*with_threads(circuit, 1), *circuit, rows, 3, 5);
    for (const int threads : {2, 3}) {
        const auto got = train(*with_threads(circuit, threads), *circuit, rows, 3, 5);
        for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(same(got[id], expected[id])) << threads << " threads, vector " << id;
    }
}

// Interrupted after any epoch and gone on with from a copy of the parameters: what a checkpoint needs.
TEST_P(Determinism, AnEpochLeavesNothingThatACopyOfTheParametersLacks) {
    const auto circuit = mixed_hclt();
    const Table rows = Some::rows(*circuit, small() ? 80 : 400, 1, 0.1);
    for (const bool full_batch : {false, true}) {
        SCOPED_TRACE(full_batch ? "full batch" : "mini-batches");
        const auto options_of = [&](int epoch) {
            juice_epoch_options options = epoch_options(em_rule(full_batch ? 1.0 : 0.3, 0.1), 40, full_batch);
            options.shuffle = full_batch ? 0 : 1;
            options.seed = 5;
            options.epoch = epoch;
            return options;
        };
        const auto whole = compile(circuit);
        auto resumed = compile(circuit);
        for (int epoch = 0; epoch < 4; ++epoch) {
            const juice_epoch_result expected = whole->fit_epoch(rows.view(), options_of(epoch)), got = resumed->fit_epoch(rows.view(), options_of(epoch));
            EXPECT_EQ(got.log_likelihood, expected.log_likelihood) << "epoch " << epoch;
            resumed = compile(resumed->to_circuit());
        }
        const auto expected = all_parameters(*whole, *circuit), got = all_parameters(*resumed, *circuit);
        for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(same(got[id], expected[id])) << "vector " << id;
    }
}

TEST_P(Determinism, AnEpochOfAnyCircuitLeavesNothingThatACopyOfTheParametersLacks) {
    for (std::uint64_t seed = 4100; seed < 4100 + some<std::uint64_t>(60, 10); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        Some::CircuitOptions options;
        options.max_roots = 1;
        const auto circuit = Some::circuit(seed, options);
        const Table rows = Some::rows(*circuit, 150, seed, 0.1);
        const auto whole = compile(circuit);
        train(*whole, *circuit, rows, 1, seed);
        const auto resumed = compile(whole->to_circuit());
        const auto expected = train(*whole, *circuit, rows, 2, seed), got = train(*resumed, *circuit, rows, 2, seed);
        for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(same(got[id], expected[id])) << "vector " << id;
    }
}

TEST_P(Determinism, ThreadsDoNotChangeABitOfAnyCircuit) {
    if (GetParam().threads != 1) GTEST_SKIP() << "compared in the test of one thread";
    for (std::uint64_t seed = 4000; seed < 4000 + some<std::uint64_t>(60, 10); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        Some::CircuitOptions options;
        options.max_roots = 1;
        const auto circuit = Some::circuit(seed, options);
        const Table rows = Some::rows(*circuit, 150, seed, 0.1);
        const auto one = with_threads(circuit, 1), two = with_threads(circuit, 2);
        EXPECT_TRUE(same(forward(*two, rows), forward(*one, rows)));
        backward(*one);
        backward(*two);
        for (std::int32_t id = 0; id < circuit->size(); ++id) EXPECT_TRUE(same(node_flows(*two, *circuit, id), node_flows(*one, *circuit, id))) << id;
        one->clear_flows();
        two->clear_flows();
        EXPECT_TRUE(train(*two, *circuit, rows, 1, seed) == train(*one, *circuit, rows, 1, seed));
    }
}

TEST_P(Determinism, OneSeedGivesTheSameBitsAgain) {
    const auto circuit = mixed_hclt();
    const Table rows = Some::rows(*circuit, 200, 1);
    const auto first = train(*compile(circuit), *circuit, rows, 1, 5);
    EXPECT_TRUE(train(*compile(circuit), *circuit, rows, 1, 5) == first);
    EXPECT_FALSE(train(*compile(circuit), *circuit, rows, 1, 6) == first) << "the seed does not matter";
}

TEST_P(Determinism, ARowsNeighboursDoNotMatter) {
    const auto circuit = mixed_hclt();
    const auto model = compile(circuit);
    const Table rows = Some::rows(*circuit, 100, 1, 0.1), others = Some::rows(*circuit, 100, 2, 0.3);
    const std::vector<double> alone = log_likelihood(*model, rows), by_forward = forward(*model, rows);
    Table mixed = others;
    for (const std::int64_t r : {0, 17, 50, 99}) std::copy_n(rows.row(r), variables, mixed.row(r));
    const std::vector<double> among = log_likelihood(*model, mixed), among_by_forward = forward(*model, mixed);
    for (const std::size_t r : {0u, 17u, 50u, 99u}) {
        EXPECT_EQ(among[r], alone[r]) << "row " << r;
        EXPECT_EQ(among_by_forward[r], by_forward[r]) << "row " << r << " by forward";
    }
    // Its place in the batch does not matter, either.
    Table turned;
    turned.variables = variables;
    for (std::int64_t r = 0; r < 100; ++r) turned.values.insert(turned.values.end(), rows.row((r + 31) % 100), rows.row((r + 31) % 100) + variables);
    const std::vector<double> elsewhere = log_likelihood(*model, turned);
    for (std::size_t r = 0; r < 100; ++r) EXPECT_EQ(elsewhere[r], alone[(r + 31) % 100]) << "row " << r;
}

// Few rows take a way of their own through the kernels, which must not show: a service that gathers requests gives the answers of direct calls.
class FewRows : public Determinism {
protected:
    // Groups of 1, 2, 7 and 8 rows beside the same rows among 16, 100 and 500.
    void expect_the_same_bits(const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed) const {
        const auto model = compile(circuit);
        const Table rows = Some::rows(*circuit, small() ? 100 : 500, seed, seed % 2 == 0 ? 0.2 : 0.0);
        const std::int64_t roots = circuit->roots();
        for (const auto query : {log_likelihood, max_log_value}) {
            SCOPED_TRACE(query == log_likelihood ? "log-likelihood" : "maximum");
            const std::vector<double> all = query(*model, rows);
            if (query == log_likelihood) {
                EXPECT_TRUE(same(forward(*model, rows), all)) << "by forward";
            }
            const auto expect_part = [&](std::int64_t first, std::int64_t count) {
                const std::vector<double> part(all.begin() + first * roots, all.begin() + (first + count) * roots);
                EXPECT_TRUE(same(query(*model, rows.slice(first, count)), part)) << count << " rows from row " << first;
            };
            expect_part(0, 16);
            expect_part(0, 100);
            for (const std::int64_t count : {1, 2, 7, 8})
                for (std::int64_t first = 0; first + count <= 32; first += count) expect_part(first, count);
        }
    }
};

TEST_P(FewRows, HaveTheBitsThatTheyHaveAmongManyInAnyCircuit) {
    for (std::uint64_t seed = 4200; seed < 4200 + some<std::uint64_t>(150, 6); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        expect_the_same_bits(Some::circuit(seed), seed);
        if (HasFailure()) break;
    }
}

TEST_P(FewRows, HaveTheBitsThatTheyHaveAmongManyAtAnyWidth) {
    for (const std::int32_t latents : {1, 3, 16, 17, 64, 100}) {
        if (small() && latents > 17) continue;
        SCOPED_TRACE(std::to_string(latents) + " latents");
        const auto width = static_cast<std::uint64_t>(latents);
        expect_the_same_bits(Some::hclt(mixed(small() ? 10 : 40), latents, width), width);
        expect_the_same_bits(Some::hclt(small() ? 6 : 60, latents, 9, width), width + 1);
        expect_the_same_bits(Some::hmm({.length = 7, .states = latents, .categories = 9, .tied = true, .seed = 5}), width);
        expect_the_same_bits(Some::hmm({.length = 7, .states = latents, .transition = Some::Transition::NearDiagonal, .seed = 5}), width);
    }
}

// One product of many factors, scaled on the way, under sums of several children.
TEST_P(FewRows, HaveTheBitsThatTheyHaveAmongManyUnderManyFactorsAndChildren) {
    Random random(3);
    for (const std::int64_t nodes : {1, 3, 20}) {
        SCOPED_TRACE(std::to_string(nodes) + " nodes");
        Maker maker(13);
        std::vector<std::int32_t> children;
        for (int c = 0; c < 3; ++c) {
            std::vector<std::int32_t> factors;
            for (std::int32_t v = 0; v < 13; ++v) {
                const Distribution distribution = v == 5 ? Distribution{DistributionType::Gaussian} : Distribution{DistributionType::Categorical, 40};
                factors.push_back(maker.input(v, distribution, 1, nodes, random_inputs(random, distribution, nodes, v % 3 == 0)));
            }
            children.push_back(maker.product(factors, 1));
        }
        const auto circuit = maker.make(maker.sum(children, 1, nodes, random_weights(random, 1, nodes, 3, nodes, {}, true, 3.0)));
        expect_the_same_bits(circuit, 8);
    }
}

JUICE_ON_EVERY_DEVICE(FewRows);

TEST_P(Determinism, BatchSizesAndInstructionSetsAgreeToAMillionth) {
    const auto circuit = mixed_hclt();
    const Table rows = Some::rows(*circuit, 70, 1, 0.1);
    const auto model = compile(circuit), portable = juice::compile(circuit, {"cpu", "portable", 1});
    const std::vector<double> whole = log_likelihood(*model, rows);
    std::vector<double> one_by_one;
    for (std::int64_t r = 0; r < 20; ++r) one_by_one.push_back(log_likelihood(*model, rows.slice(r, 1))[0]);
    EXPECT_TRUE(near(one_by_one, std::vector<double>(whole.begin(), whole.begin() + 20), 1e-6));
    EXPECT_TRUE(near(log_likelihood(*portable, rows), whole, 1e-6));
}

// More of them than any engine serves at a time, while others sample from the model and save it; then again, after it has been trained.
TEST_P(Determinism, QueriesAtTheSameTimeAnswerAlike) {
    const auto circuit = mixed_hclt();
    const auto model = compile(circuit);
    const Table rows = Some::rows(*circuit, 90, 1, 0.1);
    for (int round = 0; round < 2; ++round) {
        const std::vector<double> logs = log_likelihood(*model, rows), maxima = max_log_value(*model, rows);
        const Table samples = sample(*model, sample_options(50, 3));
        const auto saved = all_parameters(*model, *circuit);
        std::vector<int> alike(12, 0);
        {
            std::vector<std::jthread> askers;
            for (std::size_t i = 0; i < alike.size(); ++i)
                askers.emplace_back([&, i] {
                    switch (i % 4) {
                        case 0: alike[i] = bool{same(log_likelihood(*model, rows), logs)}; break;
                        case 1: alike[i] = bool{same(max_log_value(*model, rows), maxima)}; break;
                        case 2: alike[i] = bool{same(sample(*model, sample_options(50, 3)).values, samples.values)}; break;
                        default: alike[i] = all_parameters(*compile(model->to_circuit()), *circuit) == saved;
                    }
                });
        }
        for (std::size_t i = 0; i < alike.size(); ++i) EXPECT_TRUE(alike[i]) << "asker " << i << ", round " << round;
        model->fit_epoch(rows.view(), epoch_options(em_rule(0.5, 0.1), 30));
    }
}

JUICE_ON_EVERY_DEVICE(Determinism);

}  // namespace
}  // namespace juice
