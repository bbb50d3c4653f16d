// The engine against the oracle on random circuits: values, flows and parameters after an update, for many batch sizes, with row weights, root
// flows (negative and fractional ones, too), ties, structural zeros and missing entries.
#include <map>

#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/random.h"
#include "reference/some.h"

namespace juice {
namespace {

// A batch that repeats a few distinct rows, so that the oracle needs to look at those only.
struct Expected {
    Table batch;
    std::vector<double> root_flows;     // [rows, roots]; empty: 1 (one root)
    std::vector<double> log_likelihood, max_log_value;
    Flows flows, scale;                 // scale: flows of the absolute root flows, what cancellation is measured by
    bool gradient = false;              // some root flow is negative: no update
};

struct Known {
    std::shared_ptr<const Circuit> circuit;
    Table distinct;
    std::vector<double> log_likelihood, max_log_value;
    std::vector<Expected> batches;
};

Expected expect_batch(const Known& known, const Reference& reference, std::int64_t size, std::uint64_t seed) {
    Random random(seed);
    Expected expected;
    const std::int64_t distinct = known.distinct.rows(), roots = known.circuit->roots();
    expected.batch.variables = known.distinct.variables;
    if (random.chance(0.5)) expected.batch.weights = Some::weights(size, seed);
    expected.gradient = random.chance(0.3);
    const bool given = roots > 1 || expected.gradient || random.chance(0.2);
    std::vector<double> aggregated(static_cast<std::size_t>(distinct * roots)), absolute(aggregated.size());
    for (std::int64_t r = 0; r < size; ++r) {
        const std::int64_t source = r % distinct;
        expected.batch.values.insert(expected.batch.values.end(), known.distinct.row(source), known.distinct.row(source) + known.distinct.variables);
        for (std::int64_t root = 0; root < roots; ++root) {
            const double flow = given ? static_cast<float>(random.between(expected.gradient ? -1.5 : 0.0, 1.5)) : 1.0;
            if (given) expected.root_flows.push_back(flow);
            const auto to = static_cast<std::size_t>(source * roots + root);
            expected.log_likelihood.push_back(known.log_likelihood[to]);
            expected.max_log_value.push_back(known.max_log_value[to]);
            aggregated[to] += flow * expected.batch.weight(r);
            absolute[to] += std::abs(flow) * expected.batch.weight(r);
        }
    }
    expected.flows = reference.flows(known.distinct, aggregated);
    expected.scale = expected.gradient ? reference.flows(known.distinct, absolute) : expected.flows;
    return expected;
}

const Known& known_circuit(std::uint64_t seed) {
    static std::map<std::uint64_t, Known> kept;
    if (const auto found = kept.find(seed); found != kept.end()) return found->second;
    Known known;
    known.circuit = Some::circuit(seed);
    const Reference reference(known.circuit);
    known.distinct = Some::rows(*known.circuit, 9, seed, seed % 2 == 0 ? 0.25 : 0.0);
    known.log_likelihood = reference.log_likelihood(known.distinct);
    known.max_log_value = reference.max_log_value(known.distinct);
    for (const std::uint64_t size : {1, 7, 100, 500})
        known.batches.push_back(expect_batch(known, reference, static_cast<std::int64_t>(size), seed * 1000 + size));
    return kept.emplace(seed, std::move(known)).first->second;
}

// Moments are differences and quotients of sums in float32: a deviation far below the distances that it is made from keeps fewer digits, and what
// hardly any flow says is not compared.
void expect_moments(const std::vector<float>& got, std::vector<double> expected, const std::vector<double>& before,
                    const std::vector<double>& statistics) {
    std::vector<double> scale(expected.size());
    for (std::size_t n = 0; 2 * n < expected.size(); ++n) {
        const double flow = statistics[3 * n], old = before[2 * n + 1];
        if (flow >= 1e-3) scale[2 * n + 1] = 0.1 * (old * old + statistics[3 * n + 2] / flow) / expected[2 * n + 1];
        else std::copy_n(got.begin() + static_cast<std::ptrdiff_t>(2 * n), 2, expected.begin() + static_cast<std::ptrdiff_t>(2 * n));
    }
    EXPECT_TRUE(near(got, expected, 1e-5, scale));
}

void expect_updated(const Model& model, const Reference& before, const Reference& updated, const Flows& flows) {
    const Circuit& circuit = updated.circuit();
    for (std::int32_t id = 0; id < circuit.size(); ++id) {
        const Vector& vector = circuit[id];
        if (vector.tied_to >= 0 || vector.type == NodeType::Product) continue;
        SCOPED_TRACE("parameters of vector " + std::to_string(id) + " (" + (vector.type == NodeType::Sum ? "sum" : vector.distribution.name()) + ")");
        const bool moments = vector.type == NodeType::Input && vector.distribution.parameters_per_node() == 2 &&
                             vector.distribution.type != DistributionType::Categorical;
        const std::vector<float> got = parameters(model, circuit, id);
        if (moments) expect_moments(got, updated.parameters(id), before.parameters(id), flows.parameters[static_cast<std::size_t>(id)]);
        else EXPECT_TRUE(near(got, updated.parameters(id), 1e-5));
    }
}

class EngineOnRandomCircuits : public OnDevice {
protected:
    template <typename Check>
    void for_each_circuit(Check check) {
        for (std::uint64_t seed = 1; seed <= some<std::uint64_t>(200, 25); ++seed) {
            SCOPED_TRACE("circuit seed " + std::to_string(seed));
            check(known_circuit(seed), seed);
            if (HasFailure()) break;        // the first seed is enough to look at
        }
    }
};

TEST_P(EngineOnRandomCircuits, AgreesOnLogLikelihoods) {
    for_each_circuit([&](const Known& known, std::uint64_t) {
        const auto model = compile(known.circuit);
        for (const Expected& expected : known.batches) {
            SCOPED_TRACE("batch of " + std::to_string(expected.batch.rows()));
            EXPECT_TRUE(near(log_likelihood(*model, expected.batch), expected.log_likelihood, 1e-5));
            EXPECT_TRUE(near(forward(*model, expected.batch), expected.log_likelihood, 1e-5)) << "by forward";
        }
    });
}

TEST_P(EngineOnRandomCircuits, AgreesOnMaximumValues) {
    for_each_circuit([&](const Known& known, std::uint64_t) {
        const auto model = compile(known.circuit);
        EXPECT_TRUE(near(max_log_value(*model, known.batches[2].batch), known.batches[2].max_log_value, 1e-5));
    });
}

TEST_P(EngineOnRandomCircuits, AgreesOnFlows) {
    for_each_circuit([&](const Known& known, std::uint64_t) {
        const auto model = compile(known.circuit);
        for (const Expected& expected : known.batches) {
            SCOPED_TRACE("batch of " + std::to_string(expected.batch.rows()));
            model->clear_flows();
            forward(*model, expected.batch);
            backward(*model, expected.root_flows);
            EXPECT_TRUE(near(flows(*model, *known.circuit), expected.flows, 1e-4, &expected.scale));
        }
    });
}

TEST_P(EngineOnRandomCircuits, AgreesOnUpdates) {
    for_each_circuit([&](const Known& known, std::uint64_t seed) {
        const juice_rule rule = em_rule(seed % 3 == 0 ? 1.0 : 0.4, 0.3);
        for (const Expected& expected : known.batches) {
            if (expected.gradient) continue;
            SCOPED_TRACE("batch of " + std::to_string(expected.batch.rows()));
            const auto model = compile(known.circuit);
            forward(*model, expected.batch);
            backward(*model, expected.root_flows);
            model->update(rule);
            const Reference before(known.circuit);
            Reference updated = before;
            updated.update(expected.flows, rule);
            expect_updated(*model, before, updated, expected.flows);

            if (!expected.root_flows.empty()) continue;
            const auto in_one_call = compile(known.circuit);
            in_one_call->fit_epoch(expected.batch.view(), epoch_options(rule, expected.batch.rows()));
            SCOPED_TRACE("as an epoch of one mini-batch");
            expect_updated(*in_one_call, before, updated, expected.flows);
        }
    });
}

JUICE_ON_EVERY_DEVICE(EngineOnRandomCircuits);

}  // namespace
}  // namespace juice
