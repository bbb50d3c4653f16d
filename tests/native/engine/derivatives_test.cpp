// Gradients by every parameter of every distribution, and by soft evidence: against finite differences of the oracle in float64.
#include "engine/engine.h"
#include "reference/random.h"
#include "reference/some.h"

namespace juice {
namespace {

constexpr double step = 1e-5;

std::vector<double> signed_flows(const Table& rows, std::int32_t roots, std::uint64_t seed) {
    Random random(seed);
    std::vector<double> flows;
    for (std::int64_t i = 0; i < rows.rows() * roots; ++i) flows.push_back(static_cast<float>(random.between(-2, 2)));
    return flows;
}

class Derivatives : public OnDevice {
protected:
    static double objective(const Reference& reference, const Table& rows, const std::vector<double>& root_flows) {
        const std::vector<double> logs = reference.log_likelihood(rows);
        double sum = 0;
        for (std::size_t i = 0; i < logs.size(); ++i)
            if (std::isfinite(logs[i])) sum += root_flows[i] * logs[i] * rows.weight(static_cast<std::int64_t>(i) / reference.circuit().roots());
        return sum;
    }

    static std::vector<float> gradient(const Model& model, const Circuit& circuit, std::int32_t id, bool logs) {
        std::vector<float> got(static_cast<std::size_t>(circuit[id].parameter_count()));
        model.get_gradient(id, logs, got.data(), static_cast<std::int64_t>(got.size()));
        return got;
    }

    // Moves one parameter (or its log coordinate) by h, and its node's others where they stay normalised.
    static void move(Reference& reference, std::int32_t id, std::size_t p, double h, bool logs) {
        const Circuit& circuit = reference.circuit();
        const Vector& vector = circuit[id];
        std::vector<double>& theta = reference.parameters(id);
        if (!logs) {
            theta[p] += h;
            return;
        }
        std::vector<std::size_t> node{p};
        if (vector.type == NodeType::Sum) {
            std::vector<std::int64_t> node_of(theta.size());
            for_each_sum_edge(circuit, id, [&](std::int64_t q, std::int64_t n, std::int32_t, std::int64_t) { node_of[static_cast<std::size_t>(q)] = n; });
            node.clear();
            for (std::size_t q = 0; q < theta.size(); ++q)
                if (node_of[q] == node_of[p]) node.push_back(q);
        } else if (vector.distribution.type == DistributionType::Categorical) {
            const auto count = static_cast<std::size_t>(vector.distribution.count);
            node.clear();
            for (std::size_t q = p / count * count; q < (p / count + 1) * count; ++q) node.push_back(q);
        } else if (vector.distribution.type == DistributionType::Bernoulli || vector.distribution.type == DistributionType::Binomial) {
            const double odds = theta[p] / (1 - theta[p]) * std::exp(h);
            theta[p] = odds / (1 + odds);
            return;
        } else {
            theta[p] = p % 2 == 0 ? theta[p] + h : theta[p] * std::exp(h);
            return;
        }
        theta[p] *= std::exp(h);
        double total = 0;
        for (const std::size_t q : node) total += theta[q];
        for (const std::size_t q : node) theta[q] /= total;
    }
};

TEST_P(Derivatives, ByEveryParameter) {
    Some::CircuitOptions options;
    options.max_variables = 5;
    options.block_sizes = {1, 2, 3, 16};
    options.max_blocks = 2;
    for (std::uint64_t seed = 100; seed < 100 + some<std::uint64_t>(25, 8); ++seed) {
        SCOPED_TRACE(testing::Message() << "circuit seed " << seed);
        const auto circuit = Some::circuit(seed, options);
        Table rows = Some::rows(*circuit, 8, seed, seed % 2 == 0 ? 0.2 : 0.0, 0.0);
        if (seed % 3 == 0) rows.weights = Some::weights(8, seed);
        const std::vector<double> root_flows = signed_flows(rows, circuit->roots(), seed);
        const auto model = compile(circuit);
        forward(*model, rows);
        backward(*model, root_flows);
        Random random(seed);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            const Vector& vector = (*circuit)[id];
            if (vector.tied_to >= 0 || vector.parameters.empty()) continue;
            for (const bool logs : {false, true}) {
                SCOPED_TRACE("vector " + std::to_string(id) + (logs ? ", by logs" : ""));
                const std::vector<float> got = gradient(*model, *circuit, id, logs);
                const std::vector<double> theta = Reference(circuit).parameters(id);
                // A dozen of them, wherever they are.
                for (int look = 0; look < 12; ++look) {
                    const auto p = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(theta.size())));
                    const bool weight = vector.type == NodeType::Sum || vector.distribution.parameters_per_node() != 2 || vector.distribution.type == DistributionType::Categorical;
                    if (weight && (theta[p] <= 0 || theta[p] >= 1)) continue;       // a zero stays one
                    const double unit = weight ? theta[p] : theta[p / 2 * 2 + 1], h = step * (logs && (weight || p % 2 == 1) ? 1.0 : unit);
                    Reference above(circuit), below(circuit);
                    move(above, id, p, h, logs);
                    move(below, id, p, -h, logs);
                    const double expected = (objective(above, rows, root_flows) - objective(below, rows, root_flows)) / (2 * h);
                    // 8 rows of flows up to 2, in float32; a derivative by theta is as uncertain as its flow, over theta.
                    const double tolerance = 1e-3 * std::abs(expected) + 2e-4 * (logs && (weight || p % 2 == 1) ? 1.0 : 1 / unit);
                    EXPECT_NEAR(static_cast<double>(got[p]), expected, tolerance) << "parameter " << p << ", " << theta[p];
                }
            }
        }
        if (HasFailure()) break;
    }
}

// Values of any size of root flow are carried through.
TEST_P(Derivatives, AreLinearInTheRootFlows) {
    const auto circuit = Some::hclt(6, 4, 5, 1);
    const Table rows = Some::rows(*circuit, 10, 1, 0, 0);
    const auto model = compile(circuit);
    const std::vector<double> small = signed_flows(rows, 1, 3);
    forward(*model, rows);
    backward(*model, small);
    const Flows one = flows(*model, *circuit);
    for (const double factor : {-1e10, 1e-10}) {
        std::vector<double> scaled = small;
        for (double& flow : scaled) flow = static_cast<double>(static_cast<float>(flow * factor));
        model->clear_flows();
        forward(*model, rows);
        backward(*model, scaled);
        Flows got = flows(*model, *circuit);
        for (auto* part : {&got.nodes, &got.parameters})
            for (auto& vector : *part)
                for (double& flow : vector) flow /= factor;
        EXPECT_TRUE(near(got, one, 1e-4)) << factor;
    }
}

// ---- soft evidence ----

struct Soft {
    std::vector<std::int32_t> variables;
    std::vector<std::int64_t> domains;
    std::vector<float> logs;            // [rows, values]
    std::int64_t values = 0;
    juice_soft view() const { return {sizeof(juice_soft), static_cast<std::int32_t>(variables.size()), variables.data(), logs.data()}; }
};

Soft some_soft(const Circuit& circuit, std::int64_t rows, std::uint64_t seed) {
    Random random(seed);
    Soft soft;
    for (std::int32_t v = 0; v < circuit.variables() && soft.variables.size() < 3; ++v) {
        const Distribution& d = circuit.distribution_of(v);
        bool suits = true;
        for (std::int32_t id = 0; id < circuit.size(); ++id)
            if (circuit[id].type == NodeType::Input && circuit[id].variable == v)
                if (const auto type = circuit.owner(id).distribution.type; type == DistributionType::Gaussian || type == DistributionType::DiscreteLogistic) suits = false;
        if (!suits) continue;
        soft.variables.push_back(v);
        soft.domains.push_back(d.domain());
        soft.values += d.domain();
    }
    for (std::int64_t row = 0; row < rows; ++row)
        for (const std::int64_t domain : soft.domains) {
            const bool own = random.chance(0.2);        // the row's own entry counts
            for (std::int64_t x = 0; x < domain; ++x)
                soft.logs.push_back(own ? NAN : x > 0 && random.chance(0.1) ? -INFINITY : static_cast<float>(random.between(-6, 3)));
        }
    return soft;
}

// By the definition: a sum over all values of all variables with soft evidence.
double soft_log(const Reference& reference, std::vector<double> row, const Soft& soft, const std::vector<double>& logs, std::size_t variable = 0, std::int64_t first = 0, std::int64_t root = 0) {
    if (variable == soft.variables.size()) {
        Table one;
        one.variables = static_cast<std::int32_t>(row.size());
        one.add(row);
        return reference.log_likelihood(one)[static_cast<std::size_t>(root)];
    }
    const std::int64_t domain = soft.domains[variable];
    if (std::isnan(logs[static_cast<std::size_t>(first)])) return soft_log(reference, row, soft, logs, variable + 1, first + domain, root);
    double sum = 0;
    for (std::int64_t x = 0; x < domain; ++x) {
        row[static_cast<std::size_t>(soft.variables[variable])] = static_cast<double>(x);
        sum += std::exp(logs[static_cast<std::size_t>(first + x)] + soft_log(reference, row, soft, logs, variable + 1, first + domain, root));
    }
    return std::log(sum);
}

TEST_P(Derivatives, SoftEvidence) {
    Some::CircuitOptions options;
    options.max_variables = 5;
    options.max_categories = 4;
    options.block_sizes = {1, 3, 16};
    options.max_blocks = 2;
    int met = 0;
    for (std::uint64_t seed = 200; seed < 200 + some<std::uint64_t>(30, 10); ++seed) {
        SCOPED_TRACE(testing::Message() << "circuit seed " << seed);
        const auto circuit = Some::circuit(seed, options);
        const Table rows = Some::rows(*circuit, 5, seed, 0.1, 0.0);
        const Soft soft = some_soft(*circuit, 5, seed);
        if (soft.variables.empty()) continue;
        ++met;
        const auto roots = circuit->roots();
        const std::vector<double> root_flows = signed_flows(rows, roots, seed);
        const std::vector<float> given(root_flows.begin(), root_flows.end());
        const auto model = compile(circuit);
        std::vector<double> logs(static_cast<std::size_t>(5 * roots));
        std::vector<float> gradient(static_cast<std::size_t>(5 * soft.values));
        const juice_soft view = soft.view();
        model->soft_evidence(rows.view(), view, given.data(), false, logs.data(), gradient.data());
        const Reference reference(circuit);
        for (std::int64_t row = 0; row < 5; ++row) {
            const std::vector<double> values(rows.row(row), rows.row(row) + rows.variables);
            std::vector<double> weights(soft.logs.begin() + row * soft.values, soft.logs.begin() + (row + 1) * soft.values);
            const auto total = [&](const std::vector<double>& at) {
                double sum = 0;
                for (std::int64_t root = 0; root < roots; ++root)
                    if (const double log = soft_log(reference, values, soft, at, 0, 0, root); std::isfinite(log)) sum += root_flows[static_cast<std::size_t>(row * roots + root)] * log;
                return sum;
            };
            for (std::int64_t root = 0; root < roots; ++root) {
                const double expected = soft_log(reference, values, soft, weights, 0, 0, root), got = logs[static_cast<std::size_t>(row * roots + root)];
                if (std::isfinite(expected)) ASSERT_NEAR(got, expected, 2e-5 * std::max(1.0, std::abs(expected))) << "row " << row;
                else ASSERT_EQ(got, expected) << "row " << row;
            }
            for (std::size_t x = 0; x < weights.size(); ++x) {
                const double got = static_cast<double>(gradient[static_cast<std::size_t>(row * soft.values) + x]);
                if (!std::isfinite(weights[x])) {
                    ASSERT_EQ(got, 0.0) << "row " << row << ", entry " << x;
                    continue;
                }
                std::vector<double> above = weights, below = weights;
                above[x] += step;
                below[x] -= step;
                ASSERT_NEAR(got, (total(above) - total(below)) / (2 * step), 1e-4) << "row " << row << ", entry " << x;
            }
        }
    }
    EXPECT_GT(met, 3);
}

// Weights of one value only are that value; of all alike, a missing one. Flows and updates agree, too.
TEST_P(Derivatives, SoftEvidenceOfOneValueIsThatValue) {
    const std::vector<Distribution> distributions{{DistributionType::Categorical, 5}, {DistributionType::Bernoulli}, {DistributionType::Binomial, 4}, {DistributionType::Gaussian},
                                                  {DistributionType::DiscreteLogistic, 8, -1.0, 1.0}, {DistributionType::Categorical, 3}};
    const auto circuit = Some::hclt(distributions, 5, 3);
    const Table rows = Some::rows(*circuit, 300, 1, 0.1, 0.0);
    Soft soft{{0, 1, 2}, {5, 2, 5}, {}, 12};
    for (std::int64_t row = 0; row < 300; ++row)
        for (std::size_t v = 0; v < 3; ++v)
            for (std::int64_t x = 0; x < soft.domains[v]; ++x) {
                const double value = rows.row(row)[v];
                soft.logs.push_back(std::isnan(value) || static_cast<std::int64_t>(value) == x ? 0.0f : -INFINITY);
            }
    const auto plain = compile(circuit), softly = compile(circuit);
    std::vector<double> logs(300);
    const juice_soft view = soft.view();
    softly->soft_evidence(rows.view(), view, nullptr, true, logs.data(), nullptr);
    EXPECT_TRUE(near(logs, forward(*plain, rows), 1e-5));
    backward(*plain);
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        if ((*circuit)[id].type == NodeType::Product) continue;
        // A missing value's flow goes to the values that it may be, and says nothing of them to EM otherwise.
        const bool concerned = (*circuit)[id].type == NodeType::Input && (*circuit)[id].variable < 3;
        const auto expected = parameter_flows(*plain, *circuit, id), got = parameter_flows(*softly, *circuit, id);
        if (!concerned) EXPECT_TRUE(near(got, std::vector<double>(expected.begin(), expected.end()), 1e-4)) << "vector " << id;
        else
            for (std::size_t i = 0; i < got.size(); ++i) EXPECT_GE(got[i], expected[i] - 1e-3f) << "vector " << id;
    }
}

JUICE_ON_EVERY_DEVICE(Derivatives);

}  // namespace
}  // namespace juice
