// Flows are derivatives: F / θ = ∂ (Σ root flow · log p) / ∂ θ, checked by finite differences of the engine's own log-likelihoods.
#include "engine/engine.h"
#include "reference/random.h"
#include "reference/some.h"

namespace juice {
namespace {

class Gradient : public OnDevice {
protected:
    static double objective(const Model& model, const Table& rows, const std::vector<double>& root_flows) {
        const std::vector<double> logs = log_likelihood(model, rows);
        double sum = 0;
        for (std::size_t i = 0; i < logs.size(); ++i) sum += root_flows[i] * logs[i];
        return sum;
    }

    // Weight is moved between two entries of one simplex, so that every circuit on the way is a valid one.
    static void expect_derivative(Model& model, const Circuit& circuit, std::int32_t id, std::size_t from, std::size_t to, const Table& rows,
                                  const std::vector<double>& root_flows) {
        const std::vector<float> kept = parameters(model, circuit, id), flow = parameter_flows(model, circuit, id);
        const float moved = 0.02f * std::min(kept[from], kept[to]);
        if (!(moved > 0)) return;
        std::vector<float> theta = kept;
        theta[from] = kept[from] - moved;
        theta[to] = kept[to] + moved;
        model.set_parameters(id, theta.data(), static_cast<std::int64_t>(theta.size()));
        const double above = objective(model, rows, root_flows);
        theta[from] = kept[from] + moved;
        theta[to] = kept[to] - moved;
        model.set_parameters(id, theta.data(), static_cast<std::int64_t>(theta.size()));
        const double below = objective(model, rows, root_flows);
        model.set_parameters(id, kept.data(), static_cast<std::int64_t>(kept.size()));
        const double expected = moved * (static_cast<double>(flow[to]) / kept[to] - static_cast<double>(flow[from]) / kept[from]);
        EXPECT_NEAR((above - below) / 2, expected, 2e-5 * std::max(1.0, std::abs(objective(model, rows, root_flows)))) << "vector " << id;
    }

    void expect_gradient(const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed, bool signed_flows) const {
        const auto model = compile(circuit);
        Random random(seed);
        const Table rows = Some::rows(*circuit, 6, seed, 0.2, 0.0);
        std::vector<double> root_flows;
        for (std::int64_t i = 0; i < rows.rows() * circuit->roots(); ++i)
            root_flows.push_back(signed_flows ? static_cast<float>(random.between(-1, 1)) : 1.0);
        for (const double log : forward(*model, rows))
            if (!std::isfinite(log)) return;
        backward(*model, root_flows);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            const Vector& vector = (*circuit)[id];
            if (vector.tied_to >= 0) continue;
            std::vector<std::size_t> entries;       // of the first node
            if (vector.type == NodeType::Sum)
                for_each_sum_edge(*circuit, id, [&](std::int64_t p, std::int64_t node, std::int32_t, std::int64_t) {
                    if (node == 0) entries.push_back(static_cast<std::size_t>(p));
                });
            if (vector.type == NodeType::Input && vector.distribution.type == DistributionType::Categorical)
                for (std::int32_t k = 0; k < vector.distribution.count; ++k) entries.push_back(static_cast<std::size_t>(k));
            if (entries.size() > 1) expect_derivative(*model, *circuit, id, entries.front(), entries.back(), rows, root_flows);
        }
    }
};

TEST_P(Gradient, FlowsAreDerivatives) {
    Some::CircuitOptions options;
    options.max_variables = 5;
    options.max_roots = 1;
    options.zeros = false;
    options.block_sizes = {1, 2, 3, 5};
    for (std::uint64_t seed = 2000; seed < 2000 + some<std::uint64_t>(40, 10); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        expect_gradient(Some::circuit(seed, options), seed, false);
    }
}

TEST_P(Gradient, RootFlowsWeighTheRoots) {
    Some::CircuitOptions options;
    options.max_variables = 5;
    options.zeros = false;
    options.block_sizes = {1, 2, 3, 5};
    for (std::uint64_t seed = 3000; seed < 3000 + some<std::uint64_t>(40, 10); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        expect_gradient(Some::circuit(seed, options), seed, true);
    }
}

TEST_P(Gradient, RootFlowsOfZeroPassNothing) {
    const auto circuit = Some::hclt(8, 5, 3, 1);
    const auto model = compile(circuit);
    const Table rows = Some::rows(*circuit, 20, 1);
    std::vector<double> root_flows(20, 0.0);
    forward(*model, rows);
    backward(*model, root_flows);
    for (std::int32_t id = 0; id < circuit->size(); ++id)
        for (const float flow : parameter_flows(*model, *circuit, id)) EXPECT_EQ(flow, 0.0f);
    // One row's flow alone is what that row gives alone.
    root_flows[13] = 1.0;
    forward(*model, rows);
    backward(*model, root_flows);
    EXPECT_TRUE(near(flows(*model, *circuit), Reference(circuit).flows(rows.slice(13, 1)), 1e-5));
}

JUICE_ON_EVERY_DEVICE(Gradient);

}  // namespace
}  // namespace juice
