// Structural zeros where plain scaling breaks: identity and near-diagonal transitions between sharp Gaussians, so that the one live child lies
// hundreds of nats under its vector's maximum; and rows that are impossible.
#include <tuple>

#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/maker.h"
#include "reference/some.h"

namespace juice {
namespace {

using Some::Transition;

class EngineOnZeros : public OnDevice {
protected:
    void expect_agreement_on_hmm(const Some::HmmOptions& options) const {
        SCOPED_TRACE(std::to_string(options.states) + " states, length " + std::to_string(options.length) +
                     (options.transition == Transition::Identity ? ", identity" : ", near-diagonal") + (options.tied ? ", tied" : ""));
        const auto circuit = Some::hmm(options);
        expect_agreement(circuit, Some::rows(*circuit, 12, options.seed, 0.05, 0.0));
        // Rows from anywhere: every path through them is unlikely.
        Table wild;
        wild.variables = options.length;
        Random random(options.seed + 1);
        for (std::int64_t i = 0; i < 12 * options.length; ++i)
            wild.values.push_back(static_cast<float>(5.0 * static_cast<double>(random.below(options.states)) + 0.3 * random.normal()));
        expect_agreement(circuit, wild);
    }

    // Flows are made from differences of logs, and a log of -100,000 has lost digits that the difference needs: the tolerance grows with it.
    void expect_agreement(const std::shared_ptr<const Circuit>& circuit, const Table& rows) const {
        const Reference reference(circuit);
        const std::vector<double> logs = reference.log_likelihood(rows);
        const double tolerance = 1e-4 - 2e-7 * *std::min_element(logs.begin(), logs.end());
        const auto model = compile(circuit);
        EXPECT_TRUE(near(log_likelihood(*model, rows), logs, 1e-5));
        EXPECT_TRUE(near(forward(*model, rows), logs, 1e-5)) << "by forward";
        backward(*model);
        const Flows got = flows(*model, *circuit), expected = reference.flows(rows);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            const auto at = static_cast<std::size_t>(id);
            EXPECT_TRUE(near(got.nodes[at], expected.nodes[at], tolerance)) << "node flows of vector " << id;
            if ((*circuit)[id].type != NodeType::Sum) continue;
            EXPECT_TRUE(near(got.parameters[at], expected.parameters[at], tolerance)) << "edge flows of vector " << id;
        }
    }
};

TEST_P(EngineOnZeros, FollowsSharpGaussians) {
    for (const Transition transition : {Transition::Identity, Transition::NearDiagonal})
        for (const std::int64_t states : {3, 7, 64})
            for (const std::int32_t length : {2, 4, 11, 30}) {
                if (small() && states * length > (JUICE_SANITIZED ? 40 : 100)) continue;
                const auto seed = static_cast<std::uint64_t>(states + length);
                expect_agreement_on_hmm({.length = length, .states = states, .transition = transition, .seed = seed});
                expect_agreement_on_hmm({.length = length, .states = states, .transition = transition, .tied = true, .seed = seed});
            }
}

// Two coins that must agree, and a third that cannot come up 2: (0,1,·), (1,0,·) and (·,·,2) are impossible.
std::shared_ptr<const Circuit> agreeing_coins() {
    Maker maker(3);
    const Distribution coin{DistributionType::Categorical, 2}, third{DistributionType::Categorical, 3};
    maker.input(0, coin, 1, 2, {1, 0, 0, 1});
    maker.input(1, coin, 1, 2, {1, 0, 0, 1});
    maker.input(2, third, 1, 2, {0.5f, 0.5f, 0, 0.25f, 0.75f, 0});
    maker.product({0, 1, 2}, 1);
    return maker.make(maker.sum({3}, 1, 1, {0.25f, 0.75f}));
}

TEST_P(EngineOnZeros, ImpossibleRowsAreMinusInfinityAndPassNoFlow) {
    const auto circuit = agreeing_coins();
    const auto model = compile(circuit);
    const Table impossible{3, {0, 1, 0, 1, 0, 1, 0, 0, 2, Table::missing, Table::missing, 2}, {}};
    const std::vector<double> infinite(4, -INFINITY);
    EXPECT_TRUE(same(log_likelihood(*model, impossible), infinite));
    EXPECT_TRUE(same(max_log_value(*model, impossible), infinite));
    EXPECT_TRUE(same(forward(*model, impossible), infinite)) << "by forward";
    backward(*model);
    const Flows none = flows(*model, *circuit);
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        const auto at = static_cast<std::size_t>(id);
        EXPECT_TRUE(same(none.nodes[at], std::vector<double>(none.nodes[at].size()))) << "vector " << id;
        EXPECT_TRUE(same(none.parameters[at], std::vector<double>(none.parameters[at].size()))) << "vector " << id;
    }
}

TEST_P(EngineOnZeros, ImpossibleRowsDoNotTouchTheirNeighbours) {
    const auto circuit = agreeing_coins();
    const Reference reference(circuit);
    const auto model = compile(circuit);
    Table rows{3, {}, {}};
    for (int i = 0; i < 9; ++i) rows.values.insert(rows.values.end(), {0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1, 2, Table::missing, 0, 1});
    EXPECT_TRUE(near(forward(*model, rows), reference.log_likelihood(rows), 1e-6));
    backward(*model);
    EXPECT_TRUE(near(flows(*model, *circuit), reference.flows(rows), 1e-5));
    const juice_epoch_result result = model->fit_epoch(rows.view(), epoch_options(em_rule(0.5, 0.0), 16));
    EXPECT_EQ(result.impossible_rows, 18);
    EXPECT_TRUE(std::isfinite(result.log_likelihood));
}

TEST_P(EngineOnZeros, OnlyImpossibleRowsChangeNothing) {
    const auto circuit = agreeing_coins();
    const auto model = compile(circuit);
    const auto before = all_parameters(*model, *circuit);
    const Table rows{3, {0, 1, 0, 1, 0, 1}, {}};
    const juice_epoch_result result = model->fit_epoch(rows.view(), epoch_options(em_rule(1.0, 0.0), 2));
    EXPECT_EQ(result.impossible_rows, 2);
    EXPECT_TRUE(all_parameters(*model, *circuit) == before);
}

TEST_P(EngineOnZeros, VeryUnlikelyRowsStayFinite) {
    // Each variable costs about 40 nats: 400 of them are far beyond what a float holds, and no single value is zero.
    Maker maker(400);
    std::vector<std::int32_t> inputs;
    for (std::int32_t v = 0; v < 400; ++v) inputs.push_back(maker.input(v, {DistributionType::Categorical, 2}, 1, 2, {1.0f, 1e-18f, 1.0f, 3e-18f}));
    const std::int32_t product = maker.product(inputs, 1);
    const auto circuit = maker.make(maker.sum({product}, 1, 1, {0.5f, 0.5f}));
    Table rows;
    rows.variables = 400;
    for (int ones : {0, 1, 7, 200, 400}) {
        std::vector<double> row(400, 0.0);
        std::fill_n(row.begin(), ones, 1.0);
        rows.add(row);
    }
    const Reference reference(circuit);
    const auto model = compile(circuit);
    EXPECT_TRUE(near(forward(*model, rows), reference.log_likelihood(rows), 1e-5));
    backward(*model);
    EXPECT_TRUE(near(flows(*model, *circuit), reference.flows(rows), 1e-4));
}

// A mixture of `nodes` components of mean 0 for every variable, and mixtures of their product.
std::shared_ptr<const Circuit> narrow(const Distribution& distribution, std::int32_t variables, std::int64_t nodes, float width) {
    Maker maker(variables);
    std::vector<float> parameters;
    for (std::int64_t i = 0; i < nodes; ++i) parameters.insert(parameters.end(), {0.0f, width * (1.0f + 0.001f * static_cast<float>(i))});
    const std::vector<float> even(static_cast<std::size_t>(nodes * nodes), 1.0f / static_cast<float>(nodes));
    std::vector<std::int32_t> sums;
    for (std::int32_t v = 0; v < variables; ++v) sums.push_back(maker.sum({maker.input(v, distribution, 1, nodes, parameters)}, 1, nodes, even));
    const std::int32_t top = maker.sum({maker.product(sums, 1)}, 1, nodes, even);
    return maker.make(maker.sum({top}, 1, 1, {even.begin(), even.begin() + nodes}));
}

// Exponents of a row's values are whole numbers of 32 bits: densities far beyond them must not wrap around.
TEST_P(EngineOnZeros, DensitiesThatNoExponentHoldsAreZero) {
    for (const std::int32_t variables : {1, 7})
        for (const std::int64_t nodes : {1, 3, 100}) {
            SCOPED_TRACE(std::to_string(variables) + " variables, " + std::to_string(nodes) + " nodes");
            const auto circuit = narrow({DistributionType::Gaussian}, variables, nodes, 1e-5f);
            const Reference reference(circuit);
            const auto model = compile(circuit);
            // A variable may be 2^(-2^30 / variables) at the least; the widest component decides.
            const double widest = 1e-5 * (1 + 0.001 * static_cast<double>(nodes - 1)), bound = widest * std::sqrt(0x1p31 * 0.6931 / variables);
            Table far{variables, {}, {}}, beyond = far;
            far.add(std::vector<double>(static_cast<std::size_t>(variables), 0.999 * bound));
            far.add(std::vector<double>(static_cast<std::size_t>(variables), 0.0));
            for (const double x : {1.001 * bound, 2.0, 3e38}) beyond.add(std::vector<double>(static_cast<std::size_t>(variables), x));
            std::vector<double> one(static_cast<std::size_t>(variables), 0.0);
            one.back() = -1.0;
            beyond.add(one);
            EXPECT_TRUE(near(log_likelihood(*model, far), reference.log_likelihood(far), 1e-5));
            EXPECT_TRUE(same(log_likelihood(*model, beyond), std::vector<double>(4, -INFINITY)));
            EXPECT_TRUE(same(max_log_value(*model, beyond), std::vector<double>(4, -INFINITY)));
            Table all = beyond;
            all.values.insert(all.values.end(), far.values.begin(), far.values.end());
            const juice_epoch_result result = model->fit_epoch(all.view(), epoch_options(em_rule(0.5, 0.1), 3));
            EXPECT_EQ(result.impossible_rows, 4);
            EXPECT_TRUE(std::isfinite(result.log_likelihood));
            const Table nothing{variables, std::vector<double>(static_cast<std::size_t>(variables), Table::missing), {}};
            EXPECT_NEAR(log_likelihood(*model, nothing)[0], 0.0, 1e-4);
        }
}

TEST_P(EngineOnZeros, ProbabilitiesThatNoExponentHoldsAreZero) {
    const auto circuit = narrow({DistributionType::DiscreteLogistic, 3, -1.5e30, 1.5e30}, 3, 3, 1e10f);       // all in bin 1
    const auto model = compile(circuit);
    const Table rows{3, {1, 1, 1, 1, 2, 1, 2, 2, 2, 0, 0, 0}, {}};
    const std::vector<double> logs = log_likelihood(*model, rows);
    EXPECT_NEAR(logs[0], 0.0, 1e-4);
    EXPECT_TRUE(same({logs.begin() + 1, logs.end()}, std::vector<double>(3, -INFINITY)));
}

// The same beside a likely node: a sum that reads the other one alone.
TEST_P(EngineOnZeros, AFarNodeBesideANearOneIsZeroToo) {
    const Distribution gaussian{DistributionType::Gaussian}, logistic{DistributionType::DiscreteLogistic, 3, -1.5e30, 1.5e30};
    for (const auto& [distribution, parameters, value] : {std::tuple{gaussian, std::vector<float>{0.0f, 1e-5f, 1e6f, 1e-5f}, 1e6}, std::tuple{logistic, std::vector<float>{0.0f, 1e10f, 1e30f, 1e10f}, 2.0}}) {
        Maker maker(1);
        const std::int32_t input = maker.input(0, distribution, 1, 2, parameters);
        const std::int32_t sum = maker.sum({input}, 1, 2, {1.0f, 0.0f, 0.0f, 1.0f});
        for (const bool near_one : {false, true}) {
            Maker more = maker;
            const auto model = compile(more.make(more.sum({sum}, 1, 1, near_one ? std::vector<float>{0.0f, 1.0f} : std::vector<float>{1.0f, 0.0f})));
            const Table row{1, {value}, {}};
            if (near_one) EXPECT_TRUE(std::isfinite(log_likelihood(*model, row)[0]));
            else EXPECT_EQ(log_likelihood(*model, row)[0], -INFINITY);
            EXPECT_EQ(model->fit_epoch(row.view(), epoch_options(em_rule(0.5, 0.1), 1)).impossible_rows, near_one ? 0 : 1);
        }
    }
}

JUICE_ON_EVERY_DEVICE(EngineOnZeros);

}  // namespace
}  // namespace juice
