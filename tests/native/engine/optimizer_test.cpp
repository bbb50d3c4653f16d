// Optimisers other than EM: every step against its formula in float64, weights that stay distributions, what they remember in and out, and that
// they learn.
#include "engine/engine.h"
#include "plan/engine.h"
#include "reference/cases.h"
#include "reference/optimizer.h"
#include "reference/random.h"
#include "reference/some.h"

namespace juice {
namespace {

std::vector<std::pair<std::string, juice_rule>> rules() {
    return {{"Anemone", anemone_rule(0.4, 0, 0.1)}, {"Anemone with momentum", anemone_rule(0.3, 0.8, 0)}, {"SGD", sgd_rule(0.7, 0)},
            {"SGD with momentum", sgd_rule(0.3, 0.6)}, {"Adam", adam_rule(0.05, 0.9, 0.99, 1e-2)}};
}

std::vector<Distribution> mixed(std::int32_t count) {
    std::vector<Distribution> distributions;
    for (std::int32_t v = 0; v < count; ++v)
        switch (v % 5) {
            case 0: distributions.push_back({DistributionType::Categorical, 11}); break;
            case 1: distributions.push_back({DistributionType::Bernoulli}); break;
            case 2: distributions.push_back({DistributionType::Binomial, 6}); break;
            case 3: distributions.push_back({DistributionType::Gaussian}); break;
            default: distributions.push_back({DistributionType::DiscreteLogistic, 20, -1.0, 1.0}); break;
        }
    return distributions;
}

class Optimizers : public OnDevice {
protected:
    // What the engine has, in float64.
    static void take(Reference& reference, const Model& model) {
        const Circuit& circuit = reference.circuit();
        for (std::int32_t id = 0; id < circuit.size(); ++id) {
            if (circuit[id].tied_to >= 0 || circuit[id].type == NodeType::Product) continue;
            const std::vector<float> theta = parameters(model, circuit, id);
            reference.parameters(id).assign(theta.begin(), theta.end());
        }
    }

    // Each update is held against the formula for the flows that it was made from: what float32 does to flows is another test's.
    static void expect_steps(Model& model, const std::shared_ptr<const Circuit>& circuit, const Table& rows, const std::vector<double>& root_flows, const juice_rule& rule, int steps) {
        Reference reference(circuit);
        ReferenceOptimizer optimizer;
        double mass = 0;
        for (std::int64_t r = 0; r < rows.rows(); ++r) mass += rows.weight(r);
        for (int step = 0; step < steps; ++step) {
            SCOPED_TRACE("step " + std::to_string(step));
            forward(model, rows);
            backward(model, root_flows);
            Flows got = flows(model, *circuit);
            got.slopes = reference.flows(rows, root_flows).slopes;
            model.update(rule);
            optimizer.update(reference, got, rule, mass);
            for (std::int32_t id = 0; id < circuit->size(); ++id) {
                const Vector& vector = (*circuit)[id];
                if (vector.tied_to >= 0 || vector.type == NodeType::Product) continue;
                // Means and deviations are quotients of sums in float32, far apart in the odd circuit.
                const bool moments = vector.type == NodeType::Input && vector.distribution.type != DistributionType::Categorical;
                ASSERT_TRUE(near(parameters(model, *circuit, id), reference.parameters(id), moments ? 1e-4 : 1e-5))
                    << "vector " << id << " (" << (vector.type == NodeType::Sum ? "sum" : vector.distribution.name()) << ")";
            }
            take(reference, model);
        }
    }

    static juice_epoch_options epochs(const juice_rule& rule, std::int64_t batch, int epoch) {
        juice_epoch_options options = epoch_options(rule, batch);
        options.shuffle = 1;
        options.seed = 4;
        options.epoch = epoch;
        return options;
    }
};

TEST_P(Optimizers, StepsFollowTheirFormulasOnRandomCircuits) {
    for (std::uint64_t seed = 1; seed <= some<std::uint64_t>(60, 12); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        const auto circuit = Some::circuit(seed);
        constexpr std::int64_t sizes[] = {1, 7, 33};
        Table rows = Some::rows(*circuit, sizes[seed % 3], seed, seed % 2 == 0 ? 0.2 : 0.0);
        if (seed % 4 == 0 && rows.rows() > 1) rows.weights = Some::weights(rows.rows(), seed);
        Random random(seed);
        std::vector<double> root_flows;
        for (std::int64_t i = 0; circuit->roots() > 1 && i < rows.rows() * circuit->roots(); ++i) root_flows.push_back(static_cast<float>(random.between(0, 1)));
        for (const auto& [name, rule] : rules()) {
            SCOPED_TRACE(name);
            const auto model = compile(circuit);
            expect_steps(*model, circuit, rows, root_flows, rule, 3);
            if (HasFatalFailure()) return;
        }
    }
}

TEST_P(Optimizers, StepsFollowTheirFormulasAtEveryWidth) {
    for (const std::int32_t latents : {1, 3, 100}) {
        const auto circuit = Some::hclt(mixed(small() ? 5 : 10), latents, 3);
        const Table rows = Some::rows(*circuit, 50, 1, 0.1, 0.0);
        for (const auto& [name, rule] : rules()) {
            SCOPED_TRACE(name + ", latents " + std::to_string(latents));
            const auto model = compile(circuit);
            expect_steps(*model, circuit, rows, {}, rule, 2);
            if (HasFatalFailure()) return;
        }
    }
}

// An epoch's steps, micro-batches and updates by hand are the same but for rounding, and the first are so bit for bit in any number of threads.
TEST_P(Optimizers, AnEpochIsTheStepsOneByOne) {
    const auto circuit = Some::hclt(mixed(10), 5, 2);
    Table rows = Some::rows(*circuit, 60, 1, 0.1, 0.0);
    rows.weights = Some::weights(60, 2);
    for (const auto& [name, rule] : rules()) {
        SCOPED_TRACE(name);
        const auto at_once = compile(circuit), by_hand = compile(circuit);
        at_once->fit_epoch(rows.view(), epoch_options(rule, 25));
        for (const auto& [first, count] : {std::pair<std::int64_t, std::int64_t>{0, 25}, {25, 25}, {50, 10}}) {
            Table part = rows.slice(first, count);
            forward(*by_hand, part);
            backward(*by_hand);
            by_hand->update(rule);
        }
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            const auto theta = parameters(*by_hand, *circuit, id);
            EXPECT_TRUE(near(parameters(*at_once, *circuit, id), std::vector<double>(theta.begin(), theta.end()), 1e-4)) << "vector " << id;
        }
    }
}

TEST_P(Optimizers, ThreadsDoNotChangeABit) {
    if (GetParam().threads != 1 || GetParam().device != "cpu") GTEST_SKIP() << "compared in the test of one thread of the processor";
    const auto circuit = Some::hclt(mixed(30), 20, 2);
    const Table rows = Some::rows(*circuit, 100, 1, 0.1, 0.0);
    Device two = GetParam();
    two.threads = 2;
    for (const auto& [name, rule] : rules()) {
        const auto one_thread = compile(circuit), two_threads = juice::compile(circuit, two);
        for (int epoch = 0; epoch < 2; ++epoch)
            for (Model* model : {one_thread.get(), two_threads.get()}) model->fit_epoch(rows.view(), epochs(rule, 20, epoch));
        EXPECT_EQ(all_parameters(*one_thread, *circuit), all_parameters(*two_threads, *circuit)) << name;
    }
}

TEST_P(Optimizers, WhatTheyRememberGoesOnWithTheSameBits) {
    const auto circuit = Some::hclt(mixed(10), 5, 2);
    const Table rows = Some::rows(*circuit, 64, 1, 0.1, 0.0);
    for (const auto& [name, rule] : rules()) {
        SCOPED_TRACE(name);
        const auto straight = compile(circuit), first = compile(circuit);
        for (int epoch = 0; epoch < 3; ++epoch) straight->fit_epoch(rows.view(), epochs(rule, 16, epoch));
        first->fit_epoch(rows.view(), epochs(rule, 16, 0));
        const auto second = compile(first->to_circuit());
        const juice_optimizer state = first->optimizer();
        EXPECT_EQ(state.updates, 4);
        EXPECT_EQ(state.optimizer, rule.optimizer);
        second->set_optimizer(state);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if ((*circuit)[id].tied_to >= 0) continue;
            const auto count = flow_count((*circuit)[id]);
            std::vector<float> moments(static_cast<std::size_t>(count));
            for (std::int32_t which = 0; which < state.moments && count > 0; ++which) {
                first->get_moments(id, which, moments.data(), count);
                second->set_moments(id, which, moments.data(), count);
            }
        }
        for (int epoch = 1; epoch < 3; ++epoch) second->fit_epoch(rows.view(), epochs(rule, 16, epoch));
        const auto got = all_parameters(*second, *circuit), expected = all_parameters(*straight, *circuit);
        for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(same(got[id], expected[id])) << "vector " << id;
    }
}

TEST_P(Optimizers, LearnAndKeepDistributions) {
    const auto truth = Some::hclt(mixed(10), 3, 5), circuit = Some::hclt(mixed(10), 4, 6);
    const Table rows = Some::rows(*truth, 200, 1, 0.05, 0.0);
    for (auto [name, rule] : rules()) {
        SCOPED_TRACE(name);
        const auto model = compile(circuit);
        const auto mean = [&] {
            double sum = 0;
            for (const double log : log_likelihood(*model, rows)) sum += log;
            return sum / static_cast<double>(rows.rows());
        };
        const double before = mean();
        for (int epoch = 0; epoch < some(10, 4); ++epoch) model->fit_epoch(rows.view(), epochs(rule, 20, epoch));
        EXPECT_GT(mean(), before + 0.3);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if ((*circuit)[id].type != NodeType::Sum) continue;
            std::vector<double> total(static_cast<std::size_t>((*circuit)[id].nodes()));
            const std::vector<float> theta = parameters(*model, *circuit, id);
            for_each_sum_edge(*circuit, id, [&](std::int64_t p, std::int64_t node, std::int32_t, std::int64_t) { total[static_cast<std::size_t>(node)] += static_cast<double>(theta[static_cast<std::size_t>(p)]); });
            for (const double sum : total) EXPECT_NEAR(sum, 1.0, 1e-5) << "vector " << id;
        }
    }
}

// Structural zeros stay; no parameter becomes one, whatever the step.
TEST_P(Optimizers, ZerosStayAndNothingElseBecomesOne) {
    for (std::uint64_t seed = 1; seed <= some<std::uint64_t>(20, 5); ++seed) {
        const auto circuit = Some::circuit(seed);
        const Table rows = Some::rows(*circuit, 20, seed);
        for (auto [name, rule] : rules()) {
            const auto model = compile(circuit);
            const auto before = all_parameters(*model, *circuit);
            if (climbs(rule.optimizer)) rule.step_size = 50;
            for (int step = 0; step < 4; ++step) {
                forward(*model, rows);
                backward(*model, std::vector<double>(static_cast<std::size_t>(20 * circuit->roots()), 1.0));
                model->update(rule);
            }
            const auto after = all_parameters(*model, *circuit);
            for (std::int32_t id = 0; id < circuit->size(); ++id) {
                const Vector& vector = (*circuit)[id];
                if (vector.tied_to >= 0 || (vector.type != NodeType::Sum && (vector.type == NodeType::Product || vector.distribution.type == DistributionType::Gaussian ||
                                                                             vector.distribution.type == DistributionType::DiscreteLogistic)))
                    continue;
                for (std::size_t p = 0; p < after[static_cast<std::size_t>(id)].size(); ++p) {
                    const float old = before[static_cast<std::size_t>(id)][p], now = after[static_cast<std::size_t>(id)][p];
                    ASSERT_TRUE(std::isfinite(now) && now >= 0 && now <= 1.00001f) << name << ", seed " << seed << ", vector " << id;
                    ASSERT_EQ(old == 0, now == 0) << name << ", seed " << seed << ", vector " << id;
                }
            }
        }
    }
}

TEST_P(Optimizers, AnotherOptimizerBeginsAnew) {
    const auto circuit = Some::hclt(mixed(5), 3, 2);
    const Table rows = Some::rows(*circuit, 20, 1, 0, 0);
    const auto model = compile(circuit);
    model->fit_epoch(rows.view(), epoch_options(adam_rule(0.01, 0.9, 0.999, 1e-8), 5));
    EXPECT_EQ(model->optimizer().updates, 4);
    EXPECT_EQ(model->optimizer().moments, 2);
    model->fit_epoch(rows.view(), epoch_options(anemone_rule(0.1, 0.5, 0), 10));
    EXPECT_EQ(model->optimizer().updates, 2);
    EXPECT_EQ(model->optimizer().moments, 1);
    model->fit_epoch(rows.view(), epoch_options(em_rule(0.1, 0), 10));
    EXPECT_EQ(model->optimizer().updates, 0);
    EXPECT_EQ(model->optimizer().moments, 0);
}

// What the optimiser remembers is paid for with smaller micro-batches.
TEST_P(Optimizers, KeepWithinAMemoryLimit) {
    const auto circuit = Some::hclt(mixed(20), 10, 2);
    const Table rows = Some::rows(*circuit, 200, 1, 0, 0);
    const auto free = compile(circuit, 0, 200);
    const juice_model_info info = free->info();
    const auto limited = compile(circuit, info.parameter_bytes + 4 * info.flow_bytes + info.activation_bytes / 2, 200);
    const juice_rule rule = adam_rule(0.01, 0.9, 0.999, 1e-3);
    for (int epoch = 0; epoch < 2; ++epoch)
        for (Model* model : {free.get(), limited.get()}) model->fit_epoch(rows.view(), epochs(rule, 200, epoch));
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        const auto expected = parameters(*free, *circuit, id);
        EXPECT_TRUE(near(parameters(*limited, *circuit, id), std::vector<double>(expected.begin(), expected.end()), 1e-4)) << "vector " << id;
    }
}

JUICE_ON_EVERY_DEVICE(Optimizers);

}  // namespace
}  // namespace juice
