// The same bits for one device, instruction set, batch shape and seed: whatever the number of threads, a row's neighbours, or the run.
#include <thread>

#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/some.h"

namespace juice {
namespace {

constexpr std::int32_t variables = JUICE_SANITIZED ? 30 : 120;

std::shared_ptr<const Circuit> mixed_hclt() {
    std::vector<Distribution> distributions;
    for (std::int32_t v = 0; v < variables; ++v)
        switch (v % 5) {
            case 0: distributions.push_back({DistributionType::Categorical, 37}); break;
            case 1: distributions.push_back({DistributionType::Bernoulli}); break;
            case 2: distributions.push_back({DistributionType::Binomial, 6}); break;
            case 3: distributions.push_back({DistributionType::Gaussian}); break;
            default: distributions.push_back({DistributionType::DiscreteLogistic, 20, -1.0, 1.0}); break;
        }
    return Some::hclt(distributions, 20, 7);
}

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

// Few rows take a way of their own through the kernels.
TEST_P(Determinism, AFewRowsAnswerAsManyWhoeverStandsBesideThem) {
    for (std::uint64_t seed = 4100; seed < (JUICE_SANITIZED ? 4106 : 4130); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        const auto circuit = seed == 4100 ? mixed_hclt() : Some::circuit(seed);
        const Table rows = Some::rows(*circuit, 40, seed, 0.2);
        const auto model = compile(circuit);
        const std::vector<double> sums = log_likelihood(*model, rows), maxima = max_log_value(*model, rows);
        const auto roots = static_cast<std::int64_t>(sums.size()) / 40;
        std::vector<double> alone;
        for (const std::int64_t count : {1, 2, 7, 8})
            for (std::int64_t first = 0; first + count <= 16; first += count) {
                SCOPED_TRACE(std::to_string(count) + " rows from row " + std::to_string(first));
                const auto part = [&](const std::vector<double>& all) { return std::vector<double>(all.begin() + first * roots, all.begin() + (first + count) * roots); };
                const Table few = rows.slice(first, count);
                const std::vector<double> got = log_likelihood(*model, few);
                EXPECT_TRUE(near(got, part(sums), 1e-6));
                EXPECT_TRUE(near(max_log_value(*model, few), part(maxima), 1e-6));
                if (count == 1) alone.insert(alone.end(), got.begin(), got.end());
                if (count == 2 || count == 7) {
                    EXPECT_TRUE(same(got, part(alone)));
                }
            }
    }
}

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

TEST_P(Determinism, QueriesAtTheSameTimeAnswerAlike) {
    const auto circuit = mixed_hclt();
    const auto model = compile(circuit);
    const Table rows = Some::rows(*circuit, 90, 1, 0.1);
    const std::vector<double> expected = log_likelihood(*model, rows), expected_maximum = max_log_value(*model, rows);
    std::vector<std::vector<double>> answers(6);
    {
        std::vector<std::jthread> askers;
        for (std::size_t i = 0; i < answers.size(); ++i)
            askers.emplace_back([&, i] { answers[i] = i % 2 == 0 ? log_likelihood(*model, rows) : max_log_value(*model, rows); });
    }
    for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_TRUE(same(answers[i], i % 2 == 0 ? expected : expected_maximum)) << "asker " << i;
}

JUICE_ON_EVERY_DEVICE(Determinism);

}  // namespace
}  // namespace juice
