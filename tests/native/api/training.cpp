// juice.h, section 7.
#include <cmath>
#include <vector>

#include "api/some.h"

namespace {

const std::vector<std::uint8_t> ones = {1, 1, 1, 1};
const std::vector<std::uint8_t> four = {0, 0, 0, 1, 1, 0, 1, 1};

std::vector<float> flows_of(const juice_model* model, std::int32_t vector, std::int64_t count) {
    std::vector<float> flows(static_cast<std::size_t>(count), -1);
    EXPECT_OK(juice_model_get_flows(model, vector, flows.data(), count));
    return flows;
}

std::vector<float> parameters_of(const juice_model* model, std::int32_t vector, std::int64_t count) {
    std::vector<float> parameters(static_cast<std::size_t>(count), -1);
    EXPECT_OK(juice_model_get_parameters(model, vector, parameters.data(), count));
    return parameters;
}

// Forward and backward over all rows.
void step(juice_model* model, const juice_rows& rows) {
    EXPECT_OK(juice_model_forward(model, &rows, nullptr, rows.count, nullptr));
    EXPECT_OK(juice_model_backward(model, nullptr));
}

// The posterior of the second component given (1, 1).
constexpr double second = 0.27 / 0.295;

}  // namespace

TEST(Training, TheStepIsThreeCalls) {
    const auto model = some::model();
    const auto rows = some::rows(ones);
    double answers[2] = {};
    ASSERT_OK(juice_model_forward(model.get(), &rows, nullptr, 2, answers));
    EXPECT_NEAR(std::log(0.295), answers[1], 1e-6);
    ASSERT_OK(juice_model_backward(model.get(), nullptr));
    const auto edges = flows_of(model.get(), 3, 2);
    EXPECT_NEAR(2 * (1 - second), edges[0], 1e-5);
    EXPECT_NEAR(2 * second, edges[1], 1e-5);
    const auto input = flows_of(model.get(), 0, 4);
    EXPECT_NEAR(0, input[2], 1e-6) << "no row has x = 0";
    EXPECT_NEAR(2 * second, input[3], 1e-5);
    float nodes[2] = {};
    ASSERT_OK(juice_model_get_node_flows(model.get(), 2, nodes, 2));
    EXPECT_NEAR(2 * second, nodes[1], 1e-5);

    const auto rule = some::rule();
    ASSERT_OK(juice_model_update(model.get(), &rule));
    EXPECT_NEAR(second, parameters_of(model.get(), 3, 2)[1], 1e-5);
    EXPECT_NEAR(1, parameters_of(model.get(), 0, 2)[1], 1e-5);
    EXPECT_EQ(0, flows_of(model.get(), 3, 2)[1]) << "an update clears the flows";
}

TEST(Training, IndicesNameTheRows) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    const std::int64_t indices[] = {3, 3, 0};
    double answers[3] = {};
    ASSERT_OK(juice_model_forward(model.get(), &rows, indices, 3, answers));
    EXPECT_NEAR(std::log(0.295), answers[0], 1e-6);
    EXPECT_EQ(answers[0], answers[1]);
    EXPECT_NE(answers[0], answers[2]);
}

TEST(Training, RootFlowsAndRowWeightsMultiply) {
    const auto model = some::model();
    auto rows = some::rows(ones);
    const float weights[] = {2, 0}, root_flows[] = {1.5f, 7};
    rows.weights = weights;
    ASSERT_OK(juice_model_forward(model.get(), &rows, nullptr, 2, nullptr));
    ASSERT_OK(juice_model_backward(model.get(), root_flows));
    EXPECT_NEAR(3 * second, flows_of(model.get(), 3, 2)[1], 1e-5);
}

TEST(Training, FlowsTravelBetweenModels) {
    const auto circuit = some::circuit();
    const auto one = some::compile(circuit.get()), other = some::compile(circuit.get());
    const auto rows = some::rows(four);
    step(one.get(), rows);
    std::int64_t count = 0;
    ASSERT_OK(juice_model_flow_count(one.get(), &count));
    std::vector<float> flows(static_cast<std::size_t>(count));
    ASSERT_OK(juice_model_export_flows(one.get(), flows.data(), count));
    ASSERT_OK(juice_model_import_flows(other.get(), flows.data(), count));
    const float once = flows_of(one.get(), 3, 2)[1];
    EXPECT_EQ(once, flows_of(other.get(), 3, 2)[1]);
    ASSERT_OK(juice_model_add_flows(other.get(), flows.data(), count));
    EXPECT_FLOAT_EQ(2 * once, flows_of(other.get(), 3, 2)[1]);
    ASSERT_OK(juice_model_clear_flows(other.get()));
    EXPECT_EQ(0, flows_of(other.get(), 3, 2)[1]);
    const float given[] = {1, 3};
    ASSERT_OK(juice_model_set_flows(other.get(), 3, given, 2));
    const auto rule = some::rule();
    ASSERT_OK(juice_model_update(other.get(), &rule));
    EXPECT_NEAR(0.75, parameters_of(other.get(), 3, 2)[1], 1e-6);
}

TEST(Training, AnEpochIsOneCall) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    auto options = some::epoch();
    options.shuffle = 1;
    options.seed = 3;
    options.rule.pseudocount = 0.1f;
    auto result = some::sized<juice_epoch_result>();
    ASSERT_OK(juice_model_fit_epoch(model.get(), &rows, &options, &result));
    EXPECT_EQ(static_cast<std::int32_t>(sizeof result), result.size);
    EXPECT_EQ(4, result.rows);
    EXPECT_EQ(2, result.steps);
    EXPECT_EQ(0, result.impossible_rows);
    EXPECT_LT(result.log_likelihood, 0);
    EXPECT_GE(result.seconds, 0);
}

TEST(Training, AFullBatchEpochIsOneStep) {
    const auto circuit = some::circuit();
    const auto by_hand = some::compile(circuit.get()), at_once = some::compile(circuit.get());
    const auto rows = some::rows(four);
    step(by_hand.get(), rows);
    const auto rule = some::rule();
    ASSERT_OK(juice_model_update(by_hand.get(), &rule));
    auto options = some::epoch();
    options.full_batch = 1;
    auto result = some::sized<juice_epoch_result>();
    ASSERT_OK(juice_model_fit_epoch(at_once.get(), &rows, &options, &result));
    EXPECT_EQ(1, result.steps);
    EXPECT_NEAR(parameters_of(by_hand.get(), 3, 2)[1], parameters_of(at_once.get(), 3, 2)[1], 1e-6);
}

TEST(Training, StepSizesAreOneAnUpdate) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    const float steps[] = {0.5f, 0.25f};
    auto options = some::epoch();
    auto result = some::sized<juice_epoch_result>();
    options.step_sizes = steps;
    options.step_count = 2;
    EXPECT_OK(juice_model_fit_epoch(model.get(), &rows, &options, &result));
    options.step_count = 3;
    EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(model.get(), &rows, &options, &result), "step_count", "is 3", "must be 2");
    const float bad[] = {0.5f, 0};
    options.step_sizes = bad;
    options.step_count = 2;
    EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(model.get(), &rows, &options, &result), "step_sizes is 0");
}

TEST(Training, AnEpochCanBeWatchedAndStopped) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    auto options = some::epoch();
    auto result = some::sized<juice_epoch_result>();
    std::int64_t last = 0;
    options.user = &last;
    options.progress = [](std::int64_t done, std::int64_t total, double value, void* user) -> std::int32_t {
        EXPECT_EQ(4, total);
        EXPECT_TRUE(value < 0) << value;
        *static_cast<std::int64_t*>(user) = done;
        return 0;
    };
    ASSERT_OK(juice_model_fit_epoch(model.get(), &rows, &options, &result));
    EXPECT_EQ(4, last);
    options.progress = [](std::int64_t, std::int64_t, double, void*) -> std::int32_t { return 1; };
    EXPECT_STATUS(JUICE_ERROR_CANCELLED, juice_model_fit_epoch(model.get(), &rows, &options, &result));
    EXPECT_OK(juice_model_log_likelihood(model.get(), &rows, std::vector<double>(4).data(), nullptr, nullptr)) << "the model still answers";
}

TEST(Training, RejectsBadBatches) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    EXPECT_ARGUMENT_ERROR(juice_model_forward(nullptr, &rows, nullptr, 1, nullptr), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_forward(model.get(), nullptr, nullptr, 1, nullptr), "rows is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_forward(model.get(), &rows, nullptr, 0, nullptr), "n is 0");
    EXPECT_ARGUMENT_ERROR(juice_model_forward(model.get(), &rows, nullptr, 5, nullptr), "n is 5", "4");
    const std::int64_t beyond[] = {0, 4}, negative[] = {-1};
    EXPECT_ARGUMENT_ERROR(juice_model_forward(model.get(), &rows, beyond, 2, nullptr), "indices[1] is 4", "0 … 3");
    EXPECT_ARGUMENT_ERROR(juice_model_forward(model.get(), &rows, negative, 1, nullptr), "indices[0] is -1");
    auto changed = rows;
    changed.size = 0;
    EXPECT_ARGUMENT_ERROR(juice_model_forward(model.get(), &changed, nullptr, 1, nullptr), "rows.size is 0");
    EXPECT_ARGUMENT_ERROR(juice_model_backward(nullptr, nullptr), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_backward(model.get(), nullptr), "forward");
}

TEST(Training, SeveralRootsNeedRootFlows) {
    some::Description given;
    given.description.root = 2;
    given.description.vector_count = 3;
    juice_circuit* made = nullptr;
    ASSERT_OK(juice_circuit_create(&given.description, &made));
    const some::CircuitHandle circuit(made);
    const auto model = some::compile(circuit.get());
    const auto rows = some::rows(ones);
    double answers[4] = {};
    ASSERT_OK(juice_model_forward(model.get(), &rows, nullptr, 2, answers));
    EXPECT_NEAR(std::log(0.10), answers[2], 1e-6);
    EXPECT_NEAR(std::log(0.36), answers[3], 1e-6);
    EXPECT_ARGUMENT_ERROR(juice_model_backward(model.get(), nullptr), "root_flows is NULL", "2 roots");
    const float flows[] = {1, 0, 0, 2};
    ASSERT_OK(juice_model_backward(model.get(), flows));
    EXPECT_NEAR(2, flows_of(model.get(), 0, 4)[3], 1e-5);
}

TEST(Training, RejectsBadRules) {
    const auto model = some::model();
    const auto reject = [&](auto change, const char* piece) {
        auto rule = some::rule();
        change(rule);
        EXPECT_ARGUMENT_ERROR(juice_model_update(model.get(), &rule), piece);
        auto options = some::epoch();
        options.rule = rule;
        auto result = some::sized<juice_epoch_result>();
        const auto rows = some::rows(four);
        EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(model.get(), &rows, &options, &result), piece);
    };
    const auto rule = some::rule();
    EXPECT_ARGUMENT_ERROR(juice_model_update(nullptr, &rule), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_update(model.get(), nullptr), "rule is NULL");
    reject([](auto& changed) { changed.size = 0; }, "sizeof(juice_rule)");
    reject([](auto& changed) { changed.step_size = 0; }, "rule.step_size is 0");
    reject([](auto& changed) { changed.step_size = 1.5f; }, "rule.step_size is 1.5");
    reject([](auto& changed) { changed.step_size = NAN; }, "rule.step_size is nan");
    reject([](auto& changed) { changed.pseudocount = -1; }, "rule.pseudocount is -1");
    reject([](auto& changed) { changed.pseudocount = INFINITY; }, "rule.pseudocount is inf");
    reject([](auto& changed) { changed.min_deviation = 0; }, "rule.min_deviation is 0");
    reject([](auto& changed) { changed.min_scale = -1; }, "rule.min_scale is -1");
    reject([](auto& changed) { changed.optimizer = 4; }, "rule.optimizer is 4");
    reject([](auto& changed) { changed.optimizer = JUICE_ANEMONE, changed.step_size = 1.5f; }, "rule.step_size is 1.5");
    reject([](auto& changed) { changed.optimizer = JUICE_SGD, changed.step_size = -1; }, "rule.step_size is -1");
    reject([](auto& changed) { changed.optimizer = JUICE_SGD, changed.momentum = 1; }, "rule.momentum is 1");
    reject([](auto& changed) { changed.optimizer = JUICE_SGD, changed.mass = -1; }, "rule.mass is -1");
    reject([](auto& changed) { changed.optimizer = JUICE_ADAM, changed.second_momentum = -1; }, "rule.second_momentum is -1");
    reject([](auto& changed) { changed.optimizer = JUICE_ADAM; }, "rule.epsilon is 0");
}

TEST(Training, OptimizersRememberMomentsInAndOut) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    auto rule = some::rule();
    rule.optimizer = JUICE_ADAM;
    rule.momentum = 0.5f;
    rule.second_momentum = 0.5f;
    rule.epsilon = 1e-3f;
    EXPECT_ARGUMENT_ERROR(juice_model_update(model.get(), &rule), "rule.mass is 0");
    ASSERT_OK(juice_model_forward(model.get(), &rows, nullptr, 4, nullptr));
    ASSERT_OK(juice_model_backward(model.get(), nullptr));
    float gradient[2] = {};
    ASSERT_OK(juice_model_get_gradient(model.get(), 3, 1, gradient, 2));
    EXPECT_NEAR(0, gradient[0] + gradient[1], 1e-5) << "weights stay normalised";
    EXPECT_ARGUMENT_ERROR(juice_model_get_gradient(model.get(), 3, 2, gradient, 2), "logs is 2");
    EXPECT_ARGUMENT_ERROR(juice_model_get_gradient(model.get(), 3, 1, gradient, 3), "3");
    ASSERT_OK(juice_model_update(model.get(), &rule));
    auto state = some::sized<juice_optimizer>();
    ASSERT_OK(juice_model_get_optimizer(model.get(), &state));
    EXPECT_EQ(JUICE_ADAM, state.optimizer);
    EXPECT_EQ(1, state.updates);
    EXPECT_EQ(2, state.moments);
    float moments[2] = {}, again[2] = {};
    ASSERT_OK(juice_model_get_moments(model.get(), 3, 0, moments, 2));
    EXPECT_NEAR(gradient[0] / 4 / 2, moments[0], 1e-6);
    ASSERT_OK(juice_model_set_optimizer(model.get(), &state));
    ASSERT_OK(juice_model_get_moments(model.get(), 3, 0, again, 2));
    EXPECT_EQ(0, again[0]) << "setting begins with zeros";
    ASSERT_OK(juice_model_set_moments(model.get(), 3, 0, moments, 2));
    ASSERT_OK(juice_model_get_moments(model.get(), 3, 0, again, 2));
    EXPECT_EQ(moments[1], again[1]);
    EXPECT_ARGUMENT_ERROR(juice_model_get_moments(model.get(), 3, 2, again, 2), "which is 2");
    EXPECT_ARGUMENT_ERROR(juice_model_set_moments(model.get(), 3, 0, again, 3), "3");
    state.moments = 1;
    EXPECT_ARGUMENT_ERROR(juice_model_set_optimizer(model.get(), &state), "moments is 1");
    state.optimizer = 9;
    EXPECT_ARGUMENT_ERROR(juice_model_set_optimizer(model.get(), &state), "optimizer.optimizer is 9");
}

TEST(Training, RejectsBadPowersAndSoftEvidence) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    EXPECT_ARGUMENT_ERROR(juice_model_set_power(model.get(), 0.5f), "power is 0.5");
    EXPECT_ARGUMENT_ERROR(juice_model_set_power(model.get(), 17), "power is 17");
    EXPECT_ARGUMENT_ERROR(juice_model_set_power(nullptr, 1), "model is NULL");
    ASSERT_OK(juice_model_set_power(model.get(), INFINITY));
    ASSERT_OK(juice_model_set_power(model.get(), 1));
    const std::int32_t variables[] = {0, 7};
    std::vector<float> logs(4 * 4, 0.0f);
    auto soft = some::sized<juice_soft>();
    soft.variable_count = 1;
    soft.variables = variables;
    soft.logs = logs.data();
    double answers[4] = {}, plain[4] = {};
    ASSERT_OK(juice_model_soft_evidence(model.get(), &rows, &soft, nullptr, 0, answers, nullptr));
    EXPECT_ARGUMENT_ERROR(juice_model_soft_evidence(model.get(), &rows, nullptr, nullptr, 0, plain, nullptr), "soft is NULL");
    logs[1] = INFINITY;
    EXPECT_ARGUMENT_ERROR(juice_model_soft_evidence(model.get(), &rows, &soft, nullptr, 0, plain, nullptr), "soft.logs has inf for variable 0 in row 0");
    soft.variable_count = 2;
    EXPECT_ARGUMENT_ERROR(juice_model_soft_evidence(model.get(), &rows, &soft, nullptr, 0, plain, nullptr), "soft.variables[1] is 7");
    soft.size = 0;
    EXPECT_ARGUMENT_ERROR(juice_model_soft_evidence(model.get(), &rows, &soft, nullptr, 0, plain, nullptr), "sizeof(juice_soft)");
}

TEST(Training, RejectsBadFlows) {
    const auto model = some::model();
    std::int64_t count = 0;
    ASSERT_OK(juice_model_flow_count(model.get(), &count));
    std::vector<float> flows(static_cast<std::size_t>(count) + 1);
    EXPECT_ARGUMENT_ERROR(juice_model_flow_count(nullptr, &count), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_flow_count(model.get(), nullptr), "count is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_export_flows(nullptr, flows.data(), count), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_export_flows(model.get(), nullptr, count), "destination is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_export_flows(model.get(), flows.data(), count + 1), "count is", "must be");
    for (const auto take : {&juice_model_import_flows, &juice_model_add_flows}) {
        EXPECT_ARGUMENT_ERROR(take(nullptr, flows.data(), count), "model is NULL");
        EXPECT_ARGUMENT_ERROR(take(model.get(), nullptr, count), "source is NULL");
        EXPECT_ARGUMENT_ERROR(take(model.get(), flows.data(), count - 1), "count is", "must be");
    }
    EXPECT_ARGUMENT_ERROR(juice_model_clear_flows(nullptr), "model is NULL");
    for (const auto get : {&juice_model_get_flows, &juice_model_get_node_flows}) {
        EXPECT_ARGUMENT_ERROR(get(nullptr, 3, flows.data(), 2), "model is NULL");
        EXPECT_ARGUMENT_ERROR(get(model.get(), 4, flows.data(), 2), "vector is 4");
        EXPECT_ARGUMENT_ERROR(get(model.get(), 3, nullptr, 2), "destination is NULL");
        EXPECT_ARGUMENT_ERROR(get(model.get(), 3, flows.data(), -1), "count is -1");
        EXPECT_ARGUMENT_ERROR(get(model.get(), 3, flows.data(), 5), "5");
    }
    EXPECT_ARGUMENT_ERROR(juice_model_get_flows(model.get(), 2, flows.data(), 2), "2") << "a product has no parameter flows";
    EXPECT_ARGUMENT_ERROR(juice_model_set_flows(nullptr, 3, flows.data(), 2), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_set_flows(model.get(), -1, flows.data(), 2), "vector is -1");
    EXPECT_ARGUMENT_ERROR(juice_model_set_flows(model.get(), 3, nullptr, 2), "source is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_set_flows(model.get(), 3, flows.data(), 3), "3");
}

TEST(Training, RejectsBadEpochs) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    const auto options = some::epoch();
    auto result = some::sized<juice_epoch_result>();
    const auto reject = [&](auto change, const char* piece) {
        auto changed = options;
        change(changed);
        EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(model.get(), &rows, &changed, &result), piece);
    };
    EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(nullptr, &rows, &options, &result), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(model.get(), nullptr, &options, &result), "rows is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(model.get(), &rows, nullptr, &result), "options is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(model.get(), &rows, &options, nullptr), "result is NULL");
    reject([](auto& changed) { changed.size = 0; }, "sizeof(juice_epoch_options)");
    reject([](auto& changed) { changed.full_batch = 2; }, "options.full_batch is 2");
    reject([](auto& changed) { changed.batch_size = 0; }, "options.batch_size is 0");
    reject([](auto& changed) { changed.shuffle = -1; }, "options.shuffle is -1");
    reject([](auto& changed) { changed.epoch = -1; }, "options.epoch is -1");
    result.size = 0;
    EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(model.get(), &rows, &options, &result), "sizeof(juice_epoch_result)");
    result.size = static_cast<std::int32_t>(sizeof result);
    const auto none = some::rows({});
    EXPECT_ARGUMENT_ERROR(juice_model_fit_epoch(model.get(), &none, &options, &result), "rows.count is 0");
}
