// The oracle itself: held against the answers of every conformance case, and against brute force on random circuits.
#include <gtest/gtest.h>

#include <cmath>

#include "reference/cases.h"
#include "reference/near.h"
#include "reference/reference.h"
#include "reference/some.h"

namespace juice {
namespace {

class ReferenceOnCase : public testing::TestWithParam<std::string> {
protected:
    const ConformanceCase& known = conformance_case(GetParam());
    Reference reference{known.circuit};
};

TEST_P(ReferenceOnCase, GivesLogLikelihoods) {
    EXPECT_TRUE(near(reference.log_likelihood(known.complete), known.numbers("loglik"), 1e-9)) << "complete rows";
    EXPECT_TRUE(near(reference.log_likelihood(known.missing), known.numbers("loglik_missing"), 1e-9)) << "rows with missing entries";
}

TEST_P(ReferenceOnCase, GivesNodeAndSumFlows) {
    if (!known.has("node_flows")) GTEST_SKIP() << "the case has none";
    const Flows complete = reference.flows(known.complete), missing = reference.flows(known.missing);
    for (const auto& [id, flows] : known.answers.at("node_flows").items())
        EXPECT_TRUE(near(complete.nodes[std::stoul(id)], numbers_of(flows), 1e-9)) << "node flows of vector " + id;
    for (const auto& [id, flows] : known.answers.at("node_flows_missing").items())
        EXPECT_TRUE(near(missing.nodes[std::stoul(id)], numbers_of(flows), 1e-9)) << "node flows (missing) of vector " + id;
    for (const auto& [id, flow] : known.answers.at("sum_flows").items()) {
        double total = 0;
        for (const double node : complete.nodes[std::stoul(id)]) total += node;
        EXPECT_NEAR(total, flow.get<double>(), 1e-9 * std::max(1.0, total)) << "sum flow of vector " << id;
    }
}

TEST_P(ReferenceOnCase, GivesConditionals) {
    if (!known.has("conditional")) GTEST_SKIP() << "the case has none";
    const nlohmann::json& conditional = known.answers.at("conditional");
    const auto p = reference.conditional(known.missing, conditional.at("variable"));
    for (std::size_t r = 0; r < p.size(); ++r)
        EXPECT_TRUE(near(p[r], numbers_of(conditional.at("p").at(r)), 1e-6)) << "row " + std::to_string(r);
}

TEST_P(ReferenceOnCase, GivesMaximumValues) {
    if (!known.has("mpe_log_value")) GTEST_SKIP() << "the case has none";
    EXPECT_TRUE(near(reference.max_log_value(known.missing), known.numbers("mpe_log_value"), 1e-9)) << "maximum values";
}

TEST_P(ReferenceOnCase, UpdatesParametersByEm) {
    if (!known.has("em")) GTEST_SKIP() << "the case has none";
    reference.update(reference.flows(known.em_rows()), known.rule());
    for (const auto& [name, values] : known.answers.at("em").at("parameters").items())
        EXPECT_TRUE(near(reference.parameters(std::stoi(name.substr(1))), numbers_of(values), 1e-6)) << "parameters " + name;
    EXPECT_TRUE(near(reference.log_likelihood(known.complete), numbers_of(known.answers.at("em").at("loglik_after")), 1e-6)) << "afterwards";
}

INSTANTIATE_TEST_SUITE_P(Conformance, ReferenceOnCase, testing::ValuesIn(conformance_names()), [](const auto& test) { return test.param; });

TEST(ReferenceOnRandomCircuits, SumsToOneOverSmallDomains) {
    Some::CircuitOptions options;
    options.max_variables = 4;
    options.max_categories = 3;
    options.block_sizes = {1, 2, 3};
    options.distributions = {DistributionType::Categorical, DistributionType::Bernoulli, DistributionType::Binomial,
                             DistributionType::DiscreteLogistic, DistributionType::Indicator};
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const auto circuit = Some::circuit(seed, options);
        const Reference reference(circuit);
        std::vector<double> total(static_cast<std::size_t>(circuit->roots()));
        const Table all = Some::every_row(*circuit);
        const std::vector<double> logs = reference.log_likelihood(all);
        for (std::size_t i = 0; i < logs.size(); ++i) total[i % total.size()] += std::exp(logs[i]);
        for (const double t : total) EXPECT_NEAR(t, 1.0, 1e-5);
    }
}

TEST(ReferenceOnRandomCircuits, FlowsAreDerivativesOfTheLogLikelihood) {
    Some::CircuitOptions options;
    options.max_variables = 5;
    options.block_sizes = {1, 2, 3};
    options.zeros = false;
    for (std::uint64_t seed = 100; seed < 130; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        const auto circuit = Some::circuit(seed, options);
        Reference reference(circuit);
        const Table rows = Some::rows(*circuit, 3, seed, 0.2);
        std::vector<double> ones(static_cast<std::size_t>(rows.rows() * circuit->roots()), 1.0);
        const auto objective = [&] {
            double sum = 0;
            for (const double value : reference.log_likelihood(rows)) sum += value;
            return sum;
        };
        if (!std::isfinite(objective())) continue;      // an indicator elsewhere: no derivative
        const Flows flows = reference.flows(rows, ones);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if ((*circuit)[id].type != NodeType::Sum || (*circuit)[id].tied_to >= 0) continue;
            double& weight = reference.parameters(id)[0];
            const double kept = weight, step = 1e-6 * kept;
            weight = kept + step;
            const double above = objective();
            weight = kept - step;
            const double below = objective();
            weight = kept;
            // d log p / d log θ
            EXPECT_NEAR((above - below) / 2e-6, flows.parameters[static_cast<std::size_t>(id)][0], 1e-6) << "vector " << id;
        }
    }
}

}  // namespace
}  // namespace juice
