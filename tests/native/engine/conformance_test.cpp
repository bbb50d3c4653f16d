// Every conformance case, on every device, within the tolerances of tests/conformance/README.md.
#include <map>
#include <tuple>

#include "common/error.h"
#include "engine/engine.h"
#include "reference/cases.h"

namespace juice {
namespace {

using Parameter = std::tuple<std::string, Device>;

class EngineOnCase : public testing::TestWithParam<Parameter> {
protected:
    void SetUp() override {
        try {
            model = compile(known.circuit, std::get<1>(GetParam()));
        } catch (const Error& error) {
            if (error.status() != JUICE_ERROR_UNSUPPORTED) throw;
            GTEST_SKIP() << error.what();
        }
    }

    void expect_node_flows(const Table& rows, const std::string& key) {
        forward(*model, rows);
        backward(*model);
        for (const auto& [id, expected] : known.answers.at(key).items())
            EXPECT_TRUE(near(node_flows(*model, *known.circuit, std::stoi(id)), numbers_of(expected), 1e-4)) << key << " of vector " << id;
    }

    void expect_em_parameters() {
        for (const auto& [name, expected] : known.answers.at("em").at("parameters").items())
            EXPECT_TRUE(near(parameters(*model, *known.circuit, std::stoi(name.substr(1))), numbers_of(expected), 1e-5)) << "parameters " << name;
        EXPECT_TRUE(near(log_likelihood(*model, known.complete), numbers_of(known.answers.at("em").at("loglik_after")), 1e-5));
    }

    const ConformanceCase& known = conformance_case(std::get<0>(GetParam()));
    std::unique_ptr<Model> model;
};

TEST_P(EngineOnCase, GivesLogLikelihoods) {
    EXPECT_TRUE(near(log_likelihood(*model, known.complete), known.numbers("loglik"), 1e-5));
    EXPECT_TRUE(near(log_likelihood(*model, known.missing), known.numbers("loglik_missing"), 1e-5)) << "missing";
    EXPECT_TRUE(near(forward(*model, known.complete), known.numbers("loglik"), 1e-5)) << "by forward";
    EXPECT_TRUE(near(forward(*model, known.missing), known.numbers("loglik_missing"), 1e-5)) << "missing, by forward";
}

TEST_P(EngineOnCase, GivesNodeFlows) {
    if (!known.has("node_flows")) GTEST_SKIP() << "the case has none";
    expect_node_flows(known.complete, "node_flows");
    model->clear_flows();
    expect_node_flows(known.missing, "node_flows_missing");
}

TEST_P(EngineOnCase, GivesSumFlows) {
    if (!known.has("sum_flows")) GTEST_SKIP() << "the case has none";
    forward(*model, known.complete);
    backward(*model);
    // A sum's edge flows hold those of the sums tied to it, too.
    std::map<std::int32_t, double> expected;
    for (const auto& [id, flow] : known.answers.at("sum_flows").items()) expected[known.circuit->owner_id(std::stoi(id))] += flow.get<double>();
    for (const auto& [owner, flow] : expected) {
        double total = 0;
        for (const float edge : parameter_flows(*model, *known.circuit, owner)) total += edge;
        EXPECT_NEAR(total, flow, 1e-4 * std::max(1.0, flow)) << "edge flows of vector " << owner;
    }
    for (const auto& [id, flow] : known.answers.at("sum_flows").items()) {
        double total = 0;
        for (const float node : node_flows(*model, *known.circuit, std::stoi(id))) total += node;
        EXPECT_NEAR(total, flow.get<double>(), 1e-4 * std::max(1.0, flow.get<double>())) << "vector " << id;
    }
}

TEST_P(EngineOnCase, GivesConditionals) {
    if (!known.has("conditional")) GTEST_SKIP() << "the case has none";
    const std::int32_t variable = known.answers.at("conditional").at("variable");
    const nlohmann::json& expected = known.answers.at("conditional").at("p");
    Table rows = known.missing;
    for (std::int64_t r = 0; r < rows.rows(); ++r) rows.row(r)[variable] = Table::missing;
    const std::vector<double> summed = log_likelihood(*model, rows);
    for (std::size_t k = 0; k < expected.at(0).size(); ++k) {
        for (std::int64_t r = 0; r < rows.rows(); ++r) rows.row(r)[variable] = static_cast<double>(k);
        const std::vector<double> joint = log_likelihood(*model, rows);
        for (std::size_t r = 0; r < joint.size(); ++r)
            EXPECT_NEAR(std::exp(joint[r] - summed[r]), expected.at(r).at(k).get<double>(), 1e-5) << "row " << r << ", value " << k;
    }
}

TEST_P(EngineOnCase, GivesMaximumValues) {
    if (!known.has("mpe_log_value")) GTEST_SKIP() << "the case has none";
    EXPECT_TRUE(near(max_log_value(*model, known.missing), known.numbers("mpe_log_value"), 1e-5));
}

TEST_P(EngineOnCase, UpdatesParametersInThreeCalls) {
    if (!known.has("em")) GTEST_SKIP() << "the case has none";
    forward(*model, known.em_rows());
    backward(*model);
    model->update(known.rule());
    expect_em_parameters();
}

TEST_P(EngineOnCase, UpdatesParametersInOneFullBatchEpoch) {
    if (!known.has("em")) GTEST_SKIP() << "the case has none";
    const juice_epoch_result result = model->fit_epoch(known.em_rows().view(), epoch_options(known.rule(), 10, true));
    EXPECT_EQ(result.steps, 1);
    EXPECT_EQ(result.rows, known.em_rows().rows());
    expect_em_parameters();
}

TEST_P(EngineOnCase, UpdatesParametersInOneMiniBatch) {
    if (!known.has("em")) GTEST_SKIP() << "the case has none";
    const juice_epoch_result result = model->fit_epoch(known.em_rows().view(), epoch_options(known.rule(), known.em_rows().rows()));
    EXPECT_EQ(result.steps, 1);
    expect_em_parameters();
}

INSTANTIATE_TEST_SUITE_P(Conformance, EngineOnCase, testing::Combine(testing::ValuesIn(conformance_names()), testing::ValuesIn(devices())),
                         [](const auto& test) { return std::get<0>(test.param) + "_" + std::get<1>(test.param).name(); });

}  // namespace
}  // namespace juice
