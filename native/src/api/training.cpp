// juice.h, section 7: the step in three calls, its flows, and epochs.
#include <cmath>

#include "api/arguments.h"
#include "api/guard.h"
#include "api/handles.h"
#include "plan/engine.h"

namespace juice::api {

namespace {

void check_step(const juice_rule& rule, double value, const char* name) {
    if (climbs(rule.optimizer)) check_positive(value, name);
    else check_step_size(value, name);
}

void check_fraction(double value, const char* name) {
    if (!(value >= 0 && value < 1)) juice::fail(JUICE_ERROR_ARGUMENT, "%s is %g, but must be at least 0 and below 1.", name, value);
}

void check_rule(const juice_rule& rule) {
    check_range(rule.optimizer, JUICE_EM, JUICE_ADAM, "rule.optimizer");
    check_step(rule, rule.step_size, "rule.step_size");
    if (rule.optimizer != JUICE_EM) {
        check_fraction(rule.momentum, "rule.momentum");
        check_not_negative(rule.mass, "rule.mass");
    }
    if (rule.optimizer == JUICE_ADAM) {
        check_fraction(rule.second_momentum, "rule.second_momentum");
        check_positive(rule.epsilon, "rule.epsilon");
    }
    check_not_negative(rule.pseudocount, "rule.pseudocount");
    check_positive(rule.min_deviation, "rule.min_deviation");
    check_positive(rule.min_scale, "rule.min_scale");
}

// The rows of a batch: by number, or the first n.
void check_batch(const juice_rows& rows, const std::int64_t* indices, std::int64_t n) {
    check_least(n, 1, "n");
    if (!indices && n > rows.count) {
        fail(JUICE_ERROR_ARGUMENT, "n is %lld, but without indices must be at most rows.count, which is %lld.", static_cast<long long>(n),
             static_cast<long long>(rows.count));
    }
    if (!indices) return;
    for (std::int64_t i = 0; i < n; ++i) {
        if (indices[i] < 0 || indices[i] >= rows.count) {
            fail(JUICE_ERROR_ARGUMENT, "indices[%lld] is %lld, but must be the number of a row, 0 … %lld.", static_cast<long long>(i),
                 static_cast<long long>(indices[i]), static_cast<long long>(rows.count - 1));
        }
    }
}

void check_power(double power, const char* name) {
    if (!(power >= 1) || (power > 16 && !std::isinf(power))) juice::fail(JUICE_ERROR_ARGUMENT, "%s is %g, but must be 1 … 16 or infinity.", name, power);
}

void check_epoch(const juice_rows& rows, const juice_epoch_options& options) {
    check_least(rows.count, 1, "rows.count");
    check_range(options.full_batch, 0, 1, "options.full_batch");
    check_least(options.batch_size, 1, "options.batch_size");
    check_range(options.shuffle, 0, 1, "options.shuffle");
    check_least(options.epoch, 0, "options.epoch");
    check_struct(&options.rule, "options.rule", "juice_rule");
    check_rule(options.rule);
    if (options.power != 0) check_power(options.power, "options.power");
    if (!options.step_sizes) return;
    const std::int64_t updates = options.full_batch ? 1 : (rows.count - 1) / options.batch_size + 1;
    check_count(options.step_count, updates, "options.step_count (one an update)");
    for (std::int64_t i = 0; i < updates; ++i) check_step(options.rule, options.step_sizes[i], "A number of options.step_sizes");
}

void check_vector(const juice_model* model, std::int32_t vector) {
    check_pointer(model, "model");
    check_range(vector, 0, model->vectors - 1, "vector");
}

// Numbers of a vector, into or out of an array of the caller.
void check_numbers(const float* array, std::int64_t count, const char* name) {
    check_least(count, 0, "count");
    check_array(array, count, name);
}

// The whole flow buffer, into or out of an array of the caller.
void check_flows(const juice_model& model, const void* array, std::int64_t count, const char* name) {
    check_count(count, model.model->flow_count(), "count");
    check_array(array, count, name);
}

}  // namespace

}  // namespace juice::api

using namespace juice::api;

juice_status juice_model_forward(juice_model* model, const juice_rows* rows, const std::int64_t* indices, std::int64_t n,
                                 double* log_likelihood) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_struct(rows, "rows", "juice_rows");
        check_batch(*rows, indices, n);
        model->model->forward(*rows, indices, n, log_likelihood);
    });
}

juice_status juice_model_backward(juice_model* model, const float* root_flows) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        if (!root_flows && model->roots != 1) {
            juice::fail(JUICE_ERROR_ARGUMENT, "root_flows is NULL, but must be given for a circuit of %lld roots.", static_cast<long long>(model->roots));
        }
        model->model->backward(root_flows);
    });
}

juice_status juice_model_update(juice_model* model, const juice_rule* rule) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_struct(rule, "rule", "juice_rule");
        check_rule(*rule);
        model->model->update(*rule);
    });
}

juice_status juice_model_set_power(juice_model* model, float power) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_power(power, "power");
        model->model->set_power(power);
    });
}

juice_status juice_model_get_optimizer(const juice_model* model, juice_optimizer* optimizer) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_struct(optimizer, "optimizer", "juice_optimizer");
        *optimizer = model->model->optimizer();
    });
}

juice_status juice_model_set_optimizer(juice_model* model, const juice_optimizer* optimizer) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_struct(optimizer, "optimizer", "juice_optimizer");
        check_range(optimizer->optimizer, JUICE_EM, JUICE_ADAM, "optimizer.optimizer");
        check_range(optimizer->moments, 0, 2, "optimizer.moments");
        check_least(optimizer->updates, 0, "optimizer.updates");
        check_not_negative(optimizer->mass, "optimizer.mass");
        model->model->set_optimizer(*optimizer);
    });
}

juice_status juice_model_get_moments(const juice_model* model, std::int32_t vector, std::int32_t which, float* destination, std::int64_t count) noexcept {
    return guard([&] {
        check_vector(model, vector);
        check_range(which, 0, 1, "which");
        check_numbers(destination, count, "destination");
        model->model->get_moments(vector, which, destination, count);
    });
}

juice_status juice_model_set_moments(juice_model* model, std::int32_t vector, std::int32_t which, const float* source, std::int64_t count) noexcept {
    return guard([&] {
        check_vector(model, vector);
        check_range(which, 0, 1, "which");
        check_numbers(source, count, "source");
        model->model->set_moments(vector, which, source, count);
    });
}

juice_status juice_model_get_gradient(const juice_model* model, std::int32_t vector, std::int32_t logs, float* destination, std::int64_t count) noexcept {
    return guard([&] {
        check_vector(model, vector);
        check_range(logs, 0, 1, "logs");
        check_numbers(destination, count, "destination");
        model->model->get_gradient(vector, logs != 0, destination, count);
    });
}

juice_status juice_model_soft_evidence(juice_model* model, const juice_rows* rows, const juice_soft* soft, const float* root_flows, std::int32_t add_flows,
                                       double* log_likelihood, float* gradient) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_struct(rows, "rows", "juice_rows");
        check_struct(soft, "soft", "juice_soft");
        check_least(soft->variable_count, 1, "soft.variable_count");
        check_array(soft->variables, soft->variable_count, "soft.variables");
        check_array(soft->logs, rows->count, "soft.logs");
        check_range(add_flows, 0, 1, "add_flows");
        if (!root_flows && model->roots != 1 && (gradient || add_flows))
            juice::fail(JUICE_ERROR_ARGUMENT, "root_flows is NULL, but must be given for a circuit of %lld roots.", static_cast<long long>(model->roots));
        model->model->soft_evidence(*rows, *soft, root_flows, add_flows != 0, log_likelihood, gradient);
    });
}

juice_status juice_model_flow_count(const juice_model* model, std::int64_t* count) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_pointer(count, "count");
        *count = model->model->flow_count();
    });
}

juice_status juice_model_export_flows(const juice_model* model, float* destination, std::int64_t count) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_flows(*model, destination, count, "destination");
        model->model->export_flows(destination, count);
    });
}

juice_status juice_model_import_flows(juice_model* model, const float* source, std::int64_t count) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_flows(*model, source, count, "source");
        model->model->import_flows(source, count);
    });
}

juice_status juice_model_add_flows(juice_model* model, const float* source, std::int64_t count) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_flows(*model, source, count, "source");
        model->model->add_flows(source, count);
    });
}

juice_status juice_model_clear_flows(juice_model* model) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        model->model->clear_flows();
    });
}

juice_status juice_model_get_flows(const juice_model* model, std::int32_t vector, float* destination, std::int64_t count) noexcept {
    return guard([&] {
        check_vector(model, vector);
        check_numbers(destination, count, "destination");
        model->model->get_flows(vector, destination, count);
    });
}

juice_status juice_model_set_flows(juice_model* model, std::int32_t vector, const float* source, std::int64_t count) noexcept {
    return guard([&] {
        check_vector(model, vector);
        check_numbers(source, count, "source");
        model->model->set_flows(vector, source, count);
    });
}

juice_status juice_model_get_node_flows(const juice_model* model, std::int32_t vector, float* destination, std::int64_t count) noexcept {
    return guard([&] {
        check_vector(model, vector);
        check_numbers(destination, count, "destination");
        model->model->get_node_flows(vector, destination, count);
    });
}

juice_status juice_model_fit_epoch(juice_model* model, const juice_rows* rows, const juice_epoch_options* options, juice_epoch_result* result) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_struct(rows, "rows", "juice_rows");
        check_struct(options, "options", "juice_epoch_options");
        check_struct(result, "result", "juice_epoch_result");
        check_epoch(*rows, *options);
        *result = model->model->fit_epoch(*rows, *options);
        result->size = static_cast<std::int32_t>(sizeof *result);
    });
}
