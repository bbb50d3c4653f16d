// Many steps: weights stay distributions, zeros stay zeros, long runs follow the oracle, and an epoch does what its options say.
#include "common/error.h"
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/maker.h"
#include "reference/some.h"

namespace juice {
namespace {

class Training : public OnDevice {
protected:
    // Every sum node and every categorical adds up to 1; nothing is negative or NaN.
    static void expect_distributions(const Model& model, const Circuit& circuit, double tolerance = 1e-5) {
        for (std::int32_t id = 0; id < circuit.size(); ++id) {
            const Vector& vector = circuit[id];
            if (vector.tied_to >= 0 || vector.type == NodeType::Product) continue;
            const std::vector<float> theta = parameters(model, circuit, id);
            for (const float value : theta) ASSERT_TRUE(std::isfinite(value)) << "vector " << id;
            const bool categorical = vector.type == NodeType::Input && vector.distribution.type == DistributionType::Categorical;
            if (vector.type != NodeType::Sum && !categorical) continue;
            std::vector<double> total(static_cast<std::size_t>(vector.nodes()));
            for (const float value : theta) ASSERT_GE(value, 0.0f) << "vector " << id;
            if (categorical)
                for (std::size_t p = 0; p < theta.size(); ++p) total[p / static_cast<std::size_t>(vector.distribution.count)] += theta[p];
            else
                for_each_sum_edge(circuit, id, [&](std::int64_t p, std::int64_t node, std::int32_t, std::int64_t) {
                    total[static_cast<std::size_t>(node)] += theta[static_cast<std::size_t>(p)];
                });
            for (std::size_t n = 0; n < total.size(); ++n) ASSERT_NEAR(total[n], 1.0, tolerance) << "node " << n << " of vector " << id;
        }
    }

    static juice_epoch_options mini_batches(std::int64_t size, double step, double pseudocount, int epoch = 0) {
        juice_epoch_options options = epoch_options(em_rule(step, pseudocount), size);
        options.shuffle = 1;
        options.seed = 3;
        options.epoch = epoch;
        return options;
    }
};

TEST_P(Training, WeightsAddUpToOneAfterManySteps) {
    const auto circuit = Some::hclt(20, 12, 50, 1);
    const Table rows = Some::rows(*circuit, 200, 1, 0.05, 0.0);
    for (const double step : {0.1, 0.5})
        for (const double pseudocount : {0.0, 0.1}) {
            SCOPED_TRACE("step size " + std::to_string(step) + ", pseudocount " + std::to_string(pseudocount));
            const auto model = compile(circuit);
            for (int epoch = 0; epoch < some(12, 8); ++epoch) model->fit_epoch(rows.view(), mini_batches(8, step, pseudocount, epoch));
            expect_distributions(*model, *circuit);
            EXPECT_TRUE(std::isfinite(model->fit_epoch(rows.view(), mini_batches(8, step, pseudocount)).log_likelihood));
        }
}

// One value in nearly every row and small steps: many like terms on a large entry, each rounding the same way, and little to pull it back.
TEST_P(Training, WeightsAddUpToOneUnderSmallSteps) {
    const auto circuit = Some::hclt(6, 5, 8, 1);
    Random random(4);
    Table rows;
    rows.variables = 6;
    for (int i = 0; i < 6 * 2048; ++i) rows.values.push_back(random.chance(0.97) ? 0.0 : static_cast<double>(random.below(8)));
    const auto model = compile(circuit);
    for (int epoch = 0; epoch < some(150, 20); ++epoch) model->fit_epoch(rows.view(), mini_batches(256, 0.01, 0.1, epoch));
    expect_distributions(*model, *circuit);
}

// Steps so small that what a frequent value's probability should gain is less than its last digit, while the others still lose: shared out as in the
// rows but for the start. In tables, lazy and with a structural zero, that two variables share; in sums of matrices, of blocks and of single edges.
TEST_P(Training, WhatSmallStepsTakeAwayFromOneIsGivenBack) {
    constexpr std::int64_t of = 64;
    std::vector<float> start(of, 0.0f);
    start[0] = 0.8998f, start[1] = start[2] = 0.0501f;
    std::vector<float> indicators(of * of, 0.0f);
    for (std::int64_t x = 0; x < of; ++x) indicators[static_cast<std::size_t>(x * of + x)] = 1;
    const auto rows_of = [](std::int32_t variables) {
        Table rows;
        rows.variables = variables;
        for (int row = 0; row < 1000; ++row)
            for (int v = 0; v < variables; ++v) rows.values.push_back(row % 20 < 18 ? 0 : row % 20 - 17);
        return rows;
    };
    const auto expect_settled = [&](const std::shared_ptr<const Circuit>& circuit) {
        const auto model = compile(circuit);
        const Table rows = rows_of(circuit->variables());
        for (int epoch = 0; epoch < (small() ? 20 : 40); ++epoch) model->fit_epoch(rows.view(), epoch_options(em_rule(1e-4, 0), 20));
        expect_distributions(*model, *circuit);
        const auto again = compile(model->to_circuit());
        const double next = model->fit_epoch(rows.view(), epoch_options(em_rule(1e-4, 0), 20)).log_likelihood;
        EXPECT_EQ(again->fit_epoch(rows.view(), epoch_options(em_rule(1e-4, 0), 20)).log_likelihood, next) << "a copy goes on otherwise";
        EXPECT_TRUE(all_parameters(*again, *circuit) == all_parameters(*model, *circuit));
    };
    for (const int values : {3, 4}) {
        SCOPED_TRACE("table of " + std::to_string(values));
        Maker maker(2);
        const std::int32_t x = maker.input(0, {DistributionType::Categorical, values}, 1, 1, {start.begin(), start.begin() + values}), y = maker.tied_input(1, x);
        const std::int32_t product = maker.product({x, y}, 1);
        expect_settled(maker.make(maker.sum({product}, 1, 1, {1.0f})));
    }
    for (const std::int64_t live : {std::int64_t{3}, of}) {     // single edges or a matrix
        SCOPED_TRACE("sum of " + std::to_string(live));
        Maker maker(1);
        const std::int32_t x = maker.input(0, {DistributionType::Categorical, static_cast<std::int32_t>(of)}, of, 1, indicators);
        std::vector<float> weights(start.begin(), start.begin() + live);
        std::vector<std::int32_t> edges(static_cast<std::size_t>(live), 0);
        for (std::int64_t e = 0; e < live; ++e) edges.push_back(static_cast<std::int32_t>(e));
        expect_settled(maker.make(maker.sum({x}, 1, 1, weights, live == of ? std::vector<std::int32_t>{} : edges)));
    }
}

TEST_P(Training, LongRunsFollowTheOracle) {
    const std::vector<Distribution> distributions{{DistributionType::Categorical, 11}, {DistributionType::Bernoulli},
                                                  {DistributionType::Binomial, 4},     {DistributionType::Gaussian},
                                                  {DistributionType::DiscreteLogistic, 8, -1.0, 1.0}, {DistributionType::Categorical, 40}};
    const auto circuit = Some::hclt(distributions, 3, 2);
    const Table rows = Some::rows(*circuit, 160, 1, 0.05, 0.0);
    for (const double step : {0.1, 0.5}) {
        SCOPED_TRACE("step size " + std::to_string(step));
        const juice_rule rule = em_rule(step, 0.1);
        const auto model = compile(circuit);
        Reference reference(circuit);
        for (int epoch = 0; epoch < 10; ++epoch) {      // 20 steps each: past the reach of a scale that decays by (1 - step) a time
            model->fit_epoch(rows.view(), epoch_options(rule, 8));
            for (std::int64_t first = 0; first < rows.rows(); first += 8) reference.update(reference.flows(rows.slice(first, 8)), rule);
        }
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if ((*circuit)[id].type == NodeType::Product) continue;
            EXPECT_TRUE(near(parameters(*model, *circuit, id), reference.parameters(id), 2e-4)) << "parameters of vector " << id;
        }
        EXPECT_TRUE(near(log_likelihood(*model, rows), reference.log_likelihood(rows), 2e-4));
    }
}

TEST_P(Training, StructuralZerosStayZero) {
    for (std::uint64_t seed = 5000; seed < 5000 + some<std::uint64_t>(40, 10); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        Some::CircuitOptions options;
        options.max_roots = 1;
        const auto circuit = Some::circuit(seed, options);
        const auto model = compile(circuit);
        const Table rows = Some::rows(*circuit, 64, seed, 0.1);
        for (int epoch = 0; epoch < 4; ++epoch) model->fit_epoch(rows.view(), mini_batches(16, 0.4, 0.2, epoch));
        model->fit_epoch(rows.view(), epoch_options(em_rule(0.9, 0.2), 10, true));
        expect_distributions(*model, *circuit);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            const Vector& vector = (*circuit)[id];
            if (vector.tied_to >= 0 || vector.type == NodeType::Product) continue;
            if (vector.type == NodeType::Input && vector.distribution.parameters_per_node() == 2) continue;
            const std::vector<float> theta = parameters(*model, *circuit, id);
            for (std::size_t p = 0; p < theta.size(); ++p) {
                if (vector.parameters[p] == 0.0f) EXPECT_EQ(theta[p], 0.0f) << "entry " << p << " of vector " << id;
                else EXPECT_GT(theta[p], 0.0f) << "entry " << p << " of vector " << id;
                const bool coin = vector.type == NodeType::Input && vector.distribution.type != DistributionType::Categorical;
                EXPECT_EQ(coin && theta[p] == 1.0f, coin && vector.parameters[p] == 1.0f) << "entry " << p << " of vector " << id;
            }
        }
    }
}

TEST_P(Training, AnEpochOfMiniBatchesIsTheStepsOneByOne) {
    const auto circuit = Some::hclt(12, 9, 6, 3);
    Table rows = Some::rows(*circuit, 50, 1, 0.1);
    rows.weights = Some::weights(50, 2);
    const auto at_once = compile(circuit), by_steps = compile(circuit);
    const juice_epoch_result result = at_once->fit_epoch(rows.view(), epoch_options(em_rule(0.4, 0.1), 16));
    EXPECT_EQ(result.rows, 50);
    EXPECT_EQ(result.steps, 4);
    double sum = 0, weight = 0;
    for (std::int64_t first = 0; first < 50; first += 16) {
        const Table batch = rows.slice(first, std::min<std::int64_t>(16, 50 - first));
        const std::vector<double> logs = forward(*by_steps, batch);
        for (std::int64_t r = 0; r < batch.rows(); ++r) {
            sum += logs[static_cast<std::size_t>(r)] * batch.weight(r);
            weight += batch.weight(r);
        }
        backward(*by_steps);
        by_steps->update(em_rule(0.4, 0.1));
    }
    EXPECT_NEAR(result.log_likelihood, sum / weight, 1e-5 * std::abs(sum / weight));
    const auto expected = all_parameters(*by_steps, *circuit), got = all_parameters(*at_once, *circuit);
    for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(near(got[id], expected[id], 5e-6)) << "vector " << id;
}

TEST_P(Training, StepSizesAreTakenOneAnUpdate) {
    const auto circuit = Some::hclt(6, 4, 5, 3);
    const Table rows = Some::rows(*circuit, 48, 1);
    const std::vector<float> sizes{0.9f, 0.5f, 0.1f};
    const auto scheduled = compile(circuit), by_hand = compile(circuit);
    juice_epoch_options options = epoch_options(em_rule(0.7, 0.1), 16);
    options.step_sizes = sizes.data();
    options.step_count = 3;
    scheduled->fit_epoch(rows.view(), options);
    for (int step = 0; step < 3; ++step)
        by_hand->fit_epoch(rows.slice(16 * step, 16).view(), epoch_options(em_rule(sizes[static_cast<std::size_t>(step)], 0.1), 16));
    // To rounding: an epoch ends by multiplying out tables that decay lazily, and by hand these are three.
    const auto got = all_parameters(*scheduled, *circuit), expected = all_parameters(*by_hand, *circuit);
    for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(near(got[id], expected[id], 1e-6)) << "vector " << id;
}

TEST_P(Training, RowWeightsCountAsRepeatedRows) {
    const auto circuit = Some::hclt(6, 5, 4, 3);
    Table weighted = Some::rows(*circuit, 20, 1, 0.1), repeated;
    repeated.variables = weighted.variables;
    for (std::int64_t r = 0; r < 20; ++r) {
        weighted.weights.push_back(static_cast<float>(r % 4));
        for (std::int64_t i = 0; i < r % 4; ++i) repeated.values.insert(repeated.values.end(), weighted.row(r), weighted.row(r) + weighted.variables);
    }
    const auto one = compile(circuit), other = compile(circuit);
    const double a = one->fit_epoch(weighted.view(), epoch_options(em_rule(0.8, 0.1), 20, true)).log_likelihood;
    const double b = other->fit_epoch(repeated.view(), epoch_options(em_rule(0.8, 0.1), 20, true)).log_likelihood;
    EXPECT_NEAR(a, b, 1e-5 * std::abs(a));
    const auto got = all_parameters(*one, *circuit), expected = all_parameters(*other, *circuit);
    for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(near(got[id], expected[id], 2e-6)) << "vector " << id;
}

TEST_P(Training, ForwardReadsTheRowsNamed) {
    const auto circuit = Some::hclt(6, 5, 4, 3);
    const auto model = compile(circuit);
    const Table rows = Some::rows(*circuit, 30, 1, 0.1);
    const std::vector<double> all = log_likelihood(*model, rows);
    const std::vector<std::int64_t> indices{29, 0, 7, 7, 12};
    std::vector<double> named(indices.size());
    model->forward(rows.view(), indices.data(), static_cast<std::int64_t>(indices.size()), named.data());
    for (std::size_t i = 0; i < indices.size(); ++i) EXPECT_NEAR(named[i], all[static_cast<std::size_t>(indices[i])], 1e-5) << "entry " << i;
    backward(*model);
    Table picked;
    picked.variables = rows.variables;
    for (const std::int64_t r : indices) picked.values.insert(picked.values.end(), rows.row(r), rows.row(r) + rows.variables);
    EXPECT_TRUE(near(flows(*model, *circuit), Reference(circuit).flows(picked), 1e-4));
}

TEST_P(Training, ACancelledEpochLeavesTheLastFinishedUpdate) {
    const auto circuit = Some::hclt(8, 6, 5, 3);
    const Table rows = Some::rows(*circuit, 96, 1);
    const juice_rule rule = em_rule(0.5, 0.1);
    std::vector<std::vector<std::vector<float>>> after;     // 0, 1, … updates
    const auto steps = compile(circuit);
    after.push_back(all_parameters(*steps, *circuit));
    for (std::int64_t first = 0; first < 96; first += 16) {
        steps->fit_epoch(rows.slice(first, 16).view(), epoch_options(rule, 16));
        after.push_back(all_parameters(*steps, *circuit));
    }
    const auto model = compile(circuit);
    juice_epoch_options options = epoch_options(rule, 16);
    std::int64_t cancelled_at = -1;
    options.user = &cancelled_at;
    options.progress = [](std::int64_t done, std::int64_t total, double, void* user) -> std::int32_t {
        EXPECT_EQ(total, 96);
        if (done < 48) return 0;
        *static_cast<std::int64_t*>(user) = done;
        return 1;
    };
    try {
        model->fit_epoch(rows.view(), options);
        FAIL() << "the epoch was not cancelled";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), JUICE_ERROR_CANCELLED);
    }
    ASSERT_EQ(cancelled_at, 48);
    const auto left = all_parameters(*model, *circuit);     // to rounding: the epochs of one update have settled their tables
    const std::size_t updates = GetParam().device == "cpu" ? 3 : 4;     // the progress of a device with memory of its own comes a batch late
    for (std::size_t id = 0; id < left.size(); ++id) EXPECT_TRUE(near(left[id], after[updates][id], 1e-6)) << "vector " << id;
    EXPECT_TRUE(std::isfinite(model->fit_epoch(rows.view(), epoch_options(rule, 16)).log_likelihood)) << "it does not go on";
}

TEST_P(Training, AnEpochThatFailsLeavesNoFlows) {
    const auto circuit = Some::hclt(4, 3, 5, 3);
    const auto model = compile(circuit), other = compile(circuit);
    const Table rows = Some::rows(*circuit, 40, 1);
    Table bad = rows;
    bad.row(37)[2] = 5;
    EXPECT_THROW(model->fit_epoch(bad.view(), epoch_options(em_rule(0.5, 0.1), 10, true)), Error);
    juice_epoch_options options = epoch_options(em_rule(0.5, 0.1), 10, true);
    options.progress = [](std::int64_t done, std::int64_t, double, void*) -> std::int32_t { return done >= 20; };
    EXPECT_THROW(model->fit_epoch(rows.view(), options), Error);
    juice_rows callback = rows.view();
    callback.data = nullptr;
    callback.fetch = [](const std::int64_t* indices, std::int64_t, void* destination, std::uint8_t*, void*) -> std::int32_t {
        std::fill_n(static_cast<double*>(destination), 40, 0.0);
        return indices[0] >= 20;
    };
    EXPECT_THROW(model->fit_epoch(callback, epoch_options(em_rule(0.5, 0.1), 10, true)), Error);
    for (Model* each : {model.get(), other.get()}) {
        forward(*each, rows);
        backward(*each);
        each->update(em_rule(0.5, 0.1));
    }
    EXPECT_TRUE(all_parameters(*model, *circuit) == all_parameters(*other, *circuit));
}

TEST_P(Training, ProgressReportsTheMeanSoFar) {
    const auto circuit = Some::hclt(8, 6, 5, 3);
    const auto model = compile(circuit);
    const Table rows = Some::rows(*circuit, 40, 1);
    juice_epoch_options options = epoch_options(em_rule(0.5, 0.1), 16);
    std::vector<double> seen;
    options.user = &seen;
    options.progress = [](std::int64_t done, std::int64_t, double value, void* user) -> std::int32_t {
        auto& into = *static_cast<std::vector<double>*>(user);
        into.push_back(static_cast<double>(done));
        into.push_back(value);
        return 0;
    };
    const juice_epoch_result result = model->fit_epoch(rows.view(), options);
    ASSERT_GE(seen.size(), 2u);
    EXPECT_EQ(seen[seen.size() - 2], 40);
    EXPECT_DOUBLE_EQ(seen.back(), result.log_likelihood);
}

TEST_P(Training, AValueOutsideItsDomainIsNamed) {
    const auto circuit = Some::hclt(4, 3, 5, 3);
    const auto model = compile(circuit);
    const auto before = all_parameters(*model, *circuit);
    Table rows = Some::rows(*circuit, 40, 1);
    rows.row(37)[2] = 5;
    const auto expect_refused = [&](const auto& call) {
        try {
            call();
            ADD_FAILURE() << "nothing was refused";
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), JUICE_ERROR_ARGUMENT);
            EXPECT_NE(std::string(error.what()).find("row 37, column 2"), std::string::npos) << error.what();
        }
    };
    std::vector<double> logs(40);
    expect_refused([&] { model->log_likelihood(rows.view(), logs.data(), nullptr, nullptr); });
    expect_refused([&] { model->max_log_value(rows.view(), logs.data(), nullptr, nullptr); });
    expect_refused([&] { model->forward(rows.view(), nullptr, 40, logs.data()); });
    expect_refused([&] { model->fit_epoch(rows.view(), epoch_options(em_rule(0.5, 0.1), 40)); });
    EXPECT_TRUE(all_parameters(*model, *circuit) == before);
    rows.row(37)[2] = 4;
    EXPECT_TRUE(near(log_likelihood(*model, rows), Reference(circuit).log_likelihood(rows), 1e-5)) << "it does not go on";
}

JUICE_ON_EVERY_DEVICE(Training);

}  // namespace
}  // namespace juice
