// EM by max-product and by powers between it and sums: values and flows against the oracle, what the powers tend to, and that they learn.
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/optimizer.h"
#include "reference/random.h"
#include "reference/some.h"

namespace juice {
namespace {

class Powers : public OnDevice {};

// Against the oracle, with ties, zeros, missing entries, weights and several roots.
TEST_P(Powers, ValuesAndFlowsAreTheOracles) {
    for (std::uint64_t seed = 1; seed <= some<std::uint64_t>(60, 15); ++seed)
        for (const float power : {1.0f, 1.5f, 4.0f, INFINITY}) {
            SCOPED_TRACE("circuit seed " + std::to_string(seed) + ", power " + std::to_string(power));
            const auto circuit = Some::circuit(seed);
            constexpr std::int64_t sizes[] = {1, 7, 40};
            Table rows = Some::rows(*circuit, sizes[seed % 3], seed, seed % 2 == 0 ? 0.2 : 0.0, 0.0);
            if (seed % 4 == 0) rows.weights = Some::weights(rows.rows(), seed);
            std::vector<double> root_flows;
            Random random(seed);
            for (std::int64_t i = 0; circuit->roots() > 1 && i < rows.rows() * circuit->roots(); ++i) root_flows.push_back(static_cast<float>(random.between(0, 1)));
            Reference reference(circuit);
            reference.power = static_cast<double>(power);
            const auto model = compile(circuit);
            model->set_power(power);
            const std::vector<double> values = forward(*model, rows), expected = reference.log_likelihood(rows);
            ASSERT_TRUE(near(values, expected, 2e-5));
            backward(*model, root_flows);
            ASSERT_TRUE(near(flows(*model, *circuit), reference.flows(rows, root_flows), 2e-4));
        }
}

TEST_P(Powers, PowerOneIsExpectationMaximisationBitForBit) {
    const auto circuit = Some::hclt(8, 6, 5, 1);
    const Table rows = Some::rows(*circuit, 60, 1, 0.1);
    const auto plain = compile(circuit), one = compile(circuit);
    juice_epoch_options options = epoch_options(em_rule(0.3, 0.1), 20);
    plain->fit_epoch(rows.view(), options);
    options.power = 1;
    one->fit_epoch(rows.view(), options);
    EXPECT_EQ(all_parameters(*plain, *circuit), all_parameters(*one, *circuit));
}

// The larger the power, the nearer the flows to those of the best paths.
TEST_P(Powers, LargePowersTendToTheBestPaths) {
    const auto circuit = Some::hclt(6, 3, 4, 1);
    const Table rows = Some::rows(*circuit, 30, 1);
    const auto flows_at = [&](float power) {
        const auto model = compile(circuit);
        model->set_power(power);
        forward(*model, rows);
        backward(*model);
        return flows(*model, *circuit);
    };
    const auto distance = [&](const Flows& a, const Flows& b) {
        double sum = 0;
        for (std::size_t id = 0; id < a.nodes.size(); ++id)
            for (std::size_t n = 0; n < a.nodes[id].size(); ++n) sum += std::abs(a.nodes[id][n] - b.nodes[id][n]);
        return sum;
    };
    const Flows best = flows_at(INFINITY);
    double last = distance(flows_at(1), best);
    for (const float power : {2.0f, 4.0f, 8.0f, 16.0f}) {
        const double next = distance(flows_at(power), best);
        EXPECT_LT(next, last) << "power " << power;
        last = next;
    }
    EXPECT_LT(last, 0.25 * distance(flows_at(1), best));
}

// Full-batch Viterbi EM never lowers the value of the best paths; every optimiser learns from such flows.
TEST_P(Powers, Learn) {
    const auto truth = Some::hclt(8, 3, 4, 5), circuit = Some::hclt(8, 4, 4, 6);
    const Table rows = Some::rows(*truth, 150, 1, 0.05, 0.0);
    const auto mean = [&](const Model& model) {
        double sum = 0;
        for (const double log : log_likelihood(model, rows)) sum += log;
        return sum / 150;
    };
    const auto climbing = compile(circuit);
    juice_epoch_options full = epoch_options(em_rule(1, 0), 50, true);
    full.power = INFINITY;
    double last = -INFINITY;
    for (int epoch = 0; epoch < some(10, 4); ++epoch) {
        const double value = climbing->fit_epoch(rows.view(), full).log_likelihood;
        EXPECT_GE(value, last - 1e-5);
        last = value;
    }
    for (const float power : {2.0f, INFINITY})
        for (const juice_rule& rule : {em_rule(0.2, 0.1), anemone_rule(0.2, 0.5, 0.1), sgd_rule(1, 0), adam_rule(0.05, 0.9, 0.99, 1e-3)}) {
            const auto model = compile(circuit);
            const double before = mean(*model);
            juice_epoch_options options = epoch_options(rule, 25);
            options.power = power;
            for (int epoch = 0; epoch < some(8, 3); ++epoch) model->fit_epoch(rows.view(), options);
            EXPECT_GT(mean(*model), before + 0.1) << "power " << power << ", optimizer " << rule.optimizer;
        }
}

// An epoch's power is its own: the model's is there again afterwards.
TEST_P(Powers, AnEpochsPowerIsItsOwn) {
    const auto circuit = Some::hclt(5, 3, 4, 1);
    const Table rows = Some::rows(*circuit, 20, 1);
    const auto model = compile(circuit);
    juice_epoch_options options = epoch_options(em_rule(0.3, 0.1), 20);
    options.power = 3;
    model->fit_epoch(rows.view(), options);
    EXPECT_TRUE(near(forward(*model, rows), log_likelihood(*model, rows), 1e-5));
}

JUICE_ON_EVERY_DEVICE(Powers);

}  // namespace
}  // namespace juice
