// Laws that hold for every circuit, small or with 784 variables.
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/some.h"

namespace juice {
namespace {

class Laws : public OnDevice {
protected:
    static std::shared_ptr<const Circuit> large_hclt() { return small() ? Some::hclt(100, 4, 32, 1) : Some::hclt(784, 16, 256, 1); }

    template <typename Check>
    void for_each_circuit(const Some::CircuitOptions& options, Check check) {
        for (std::uint64_t seed = 1000; seed < 1000 + some<std::uint64_t>(60, 10); ++seed) {
            SCOPED_TRACE("circuit seed " + std::to_string(seed));
            check(Some::circuit(seed, options), seed);
            if (HasFailure()) break;
        }
    }

    // Flows of the batch add up: per variable to the number of rows of finite value, per sum node to its edges' flows.
    void expect_conservation(const std::shared_ptr<const Circuit>& circuit, const Table& rows, double tolerance) const {
        const auto model = compile(circuit);
        const auto roots = static_cast<std::size_t>(circuit->roots());
        std::vector<double> root_flows(static_cast<std::size_t>(rows.rows()) * roots, 1.0 / static_cast<double>(roots));
        const std::vector<double> logs = forward(*model, rows);
        backward(*model, root_flows);
        double expected = 0;
        for (const double log : logs) expected += std::isfinite(log) ? 1.0 / static_cast<double>(roots) : 0.0;

        std::vector<double> by_variable(static_cast<std::size_t>(circuit->variables()));
        std::vector<std::vector<double>> by_owner(static_cast<std::size_t>(circuit->size()));   // node flows of all vectors that are tied
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            const std::vector<float> nodes = node_flows(*model, *circuit, id);
            std::vector<double>& all = by_owner[static_cast<std::size_t>(circuit->owner_id(id))];
            all.resize(nodes.size());
            for (std::size_t n = 0; n < nodes.size(); ++n) {
                all[n] += nodes[n];
                if ((*circuit)[id].type == NodeType::Input) by_variable[static_cast<std::size_t>((*circuit)[id].variable)] += nodes[n];
            }
        }
        EXPECT_TRUE(near(by_variable, std::vector<double>(by_variable.size(), expected), tolerance)) << "input flows by variable";
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if ((*circuit)[id].type != NodeType::Sum || (*circuit)[id].tied_to >= 0) continue;
            const std::vector<float> edges = parameter_flows(*model, *circuit, id);
            std::vector<double> by_node(by_owner[static_cast<std::size_t>(id)].size());
            for_each_sum_edge(*circuit, id, [&](std::int64_t p, std::int64_t node, std::int32_t, std::int64_t) {
                by_node[static_cast<std::size_t>(node)] += edges[static_cast<std::size_t>(p)];
            });
            EXPECT_TRUE(near(by_node, by_owner[static_cast<std::size_t>(id)], tolerance)) << "edge flows of sum " << id;
        }
    }

    // Flows of the whole batch, and of the same rows in pieces.
    void expect_same_in_pieces(const std::shared_ptr<const Circuit>& circuit, const Table& rows, std::initializer_list<std::int64_t> cuts) const {
        const auto whole = compile(circuit), pieces = compile(circuit);
        const auto roots = static_cast<std::size_t>(circuit->roots());
        const auto ones = [&](std::int64_t n) { return std::vector<double>(static_cast<std::size_t>(n) * roots, 1.0); };
        const std::vector<double> together = forward(*whole, rows);
        backward(*whole, ones(rows.rows()));
        std::vector<double> apart;
        std::int64_t first = 0;
        for (const std::int64_t cut : cuts) {
            const Table piece = rows.slice(first, cut - first);
            const std::vector<double> logs = forward(*pieces, piece);
            apart.insert(apart.end(), logs.begin(), logs.end());
            backward(*pieces, ones(piece.rows()));
            first = cut;
        }
        EXPECT_TRUE(near(apart, together, 1e-6));
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if ((*circuit)[id].tied_to >= 0) continue;
            EXPECT_TRUE(near(parameter_flows(*pieces, *circuit, id), parameter_flows(*whole, *circuit, id), 5e-6)) << "flows of vector " << id;
        }
    }
};

TEST_P(Laws, ValuesSumToOneOverSmallDomains) {
    Some::CircuitOptions options;
    options.max_variables = 4;
    options.max_categories = 3;
    options.distributions = {DistributionType::Categorical, DistributionType::Bernoulli, DistributionType::Binomial,
                             DistributionType::DiscreteLogistic, DistributionType::Indicator};
    for_each_circuit(options, [&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t) {
        const auto model = compile(circuit);
        std::vector<double> total(static_cast<std::size_t>(circuit->roots()));
        const std::vector<double> logs = log_likelihood(*model, Some::every_row(*circuit));
        for (std::size_t i = 0; i < logs.size(); ++i) total[i % total.size()] += std::exp(logs[i]);
        EXPECT_TRUE(near(total, std::vector<double>(total.size(), 1.0), 1e-5));
    });
}

TEST_P(Laws, LogValueIsZeroWithEverythingMissing) {
    const auto expect_zero = [&](const std::shared_ptr<const Circuit>& circuit) {
        Table rows;
        rows.variables = circuit->variables();
        rows.values.assign(static_cast<std::size_t>(3 * rows.variables), Table::missing);
        const auto model = compile(circuit);
        const std::vector<double> logs = log_likelihood(*model, rows);
        EXPECT_TRUE(near(logs, std::vector<double>(logs.size(), 0.0), 1e-5));
    };
    for_each_circuit({}, [&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t) { expect_zero(circuit); });
    SCOPED_TRACE("HCLT");
    const auto circuit = large_hclt();
    Table rows;
    rows.variables = circuit->variables();
    rows.values.assign(static_cast<std::size_t>(rows.variables), Table::missing);
    EXPECT_NEAR(log_likelihood(*compile(circuit), rows)[0], 0.0, 1e-4);     // thousands of weights, each rounded once
}

TEST_P(Laws, FlowsAreConserved) {
    for_each_circuit({}, [&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed) {
        expect_conservation(circuit, Some::rows(*circuit, 1, seed), 1e-5);
        expect_conservation(circuit, Some::rows(*circuit, 37, seed, 0.3), 1e-5);
    });
    SCOPED_TRACE("HCLT");
    const auto circuit = large_hclt();
    expect_conservation(circuit, Some::rows(*circuit, 1, 1), 1e-5);
    expect_conservation(circuit, Some::rows(*circuit, 64, 1, 0.2), 1e-5);
}

TEST_P(Laws, FlowsDoNotDependOnTheSplit) {
    for_each_circuit({}, [&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed) {
        expect_same_in_pieces(circuit, Some::rows(*circuit, 100, seed, 0.1), {1, 8, 65, 100});
    });
    SCOPED_TRACE("HCLT");
    const auto circuit = large_hclt();
    expect_same_in_pieces(circuit, Some::rows(*circuit, 100, 2), {33, 64, 65, 100});
}

// Sums in float32 drift where thousands of like terms are added one by one.
TEST_P(Laws, FlowsOfManyRowsKeepTheirDigits) {
    const std::int64_t distinct = 12, repeats = some<std::int64_t>(5000, 400);
    const auto circuit = Some::hclt({{DistributionType::Categorical, 5}, {DistributionType::Bernoulli}, {DistributionType::Binomial, 3},
                                     {DistributionType::Gaussian}, {DistributionType::Categorical, 3}}, 3, 9);
    const Table few = Some::rows(*circuit, distinct, 9, 0.1);
    Table many;
    many.variables = few.variables;
    for (std::int64_t i = 0; i < repeats; ++i) many.values.insert(many.values.end(), few.values.begin(), few.values.end());
    Reference reference(circuit);
    const Flows expected = reference.flows(few, std::vector<double>(static_cast<std::size_t>(distinct), static_cast<double>(repeats)));
    // A Gaussian's Σ f·d is a difference of large numbers: it is held to the size of what was added, (Σ f · Σ f·d²)^½.
    Flows scale = expected;
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        if ((*circuit)[id].type != NodeType::Input || (*circuit)[id].distribution.type != DistributionType::Gaussian) continue;
        auto& statistics = scale.parameters[static_cast<std::size_t>(id)];
        for (std::size_t n = 0; n < statistics.size(); n += 3) statistics[n + 1] = std::sqrt(statistics[n] * statistics[n + 2]);
    }

    const auto model = compile(circuit);
    forward(*model, many);
    backward(*model);
    EXPECT_TRUE(near(flows(*model, *circuit), expected, 1e-5, &scale)) << "one batch";
    model->clear_flows();
    for (std::int64_t first = 0; first < many.rows(); first += 100) {
        forward(*model, many.slice(first, std::min<std::int64_t>(100, many.rows() - first)));
        backward(*model);
    }
    EXPECT_TRUE(near(flows(*model, *circuit), expected, 1e-5, &scale)) << "many batches";
    model->clear_flows();
    model->fit_epoch(many.view(), epoch_options(em_rule(0.7, 0.1), 100, true));
    reference.update(expected, em_rule(0.7, 0.1));
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        if ((*circuit)[id].type == NodeType::Product) continue;
        EXPECT_TRUE(near(parameters(*model, *circuit, id), reference.parameters(id), 1e-5)) << "parameters of vector " << id;
    }
}

TEST_P(Laws, FullBatchEmNeverLowersTheLikelihood) {
    Some::CircuitOptions options;
    options.distributions = {DistributionType::Categorical, DistributionType::Bernoulli, DistributionType::Binomial, DistributionType::Gaussian,
                             DistributionType::Indicator};
    options.max_roots = 1;
    for_each_circuit(options, [&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed) {
        const auto model = compile(circuit);
        const Table rows = Some::rows(*circuit, 60, seed, seed % 2 == 0 ? 0.2 : 0.0, 0.0);
        double before = -INFINITY;
        for (int step = 0; step < 6; ++step) {
            const juice_epoch_result result = model->fit_epoch(rows.view(), epoch_options(em_rule(1.0, 0.0), 60, true));
            EXPECT_EQ(result.impossible_rows, 0);
            EXPECT_GE(result.log_likelihood, before - 2e-6 * std::max(1.0, std::abs(before))) << "step " << step;
            before = result.log_likelihood;
        }
    });
    SCOPED_TRACE("HCLT");
    const auto circuit = large_hclt();
    const auto model = compile(circuit);
    const Table rows = Some::rows(*circuit, 150, 3);
    double before = -INFINITY;
    for (int step = 0; step < 4; ++step) {
        const double now = model->fit_epoch(rows.view(), epoch_options(em_rule(1.0, 0.0), 50, true)).log_likelihood;
        EXPECT_GE(now, before - 1e-6 * std::abs(before)) << "step " << step;
        before = now;
    }
}

JUICE_ON_EVERY_DEVICE(Laws);

}  // namespace
}  // namespace juice
