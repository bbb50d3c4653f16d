// juice.h, section 6: circuits compiled for a device, their parameters, and queries.
#include <algorithm>

#include "api/arguments.h"
#include "api/guard.h"
#include "api/handles.h"
#include "api/text.h"

using namespace juice::api;

juice_status juice_model_compile(const juice_circuit* circuit, const juice_compile_options* options, juice_model** model) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_struct(options, "options", "juice_compile_options");
        check_pointer(model, "model");
        check_range(options->threads, 0, most_threads, "options.threads");
        check_least(options->memory_limit, 0, "options.memory_limit");
        check_least(options->batch_size, 0, "options.batch_size");
        check_range(options->precision, JUICE_EXACT, JUICE_FAST, "options.precision");
        const auto& shape = *circuit->circuit;
        auto compiled = std::make_unique<juice::Model>(circuit->circuit, *options);
        *model = new juice_model{std::move(compiled), shape.size(), shape.roots()};
    });
}

void juice_model_free(juice_model* model) noexcept { delete model; }

juice_status juice_model_get_info(const juice_model* model, juice_model_info* info) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_struct(info, "info", "juice_model_info");
        *info = model->model->info();
        info->size = static_cast<std::int32_t>(sizeof *info);
    });
}

juice_status juice_model_plan(const juice_model* model, std::int32_t json, char** text) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_range(json, 0, 1, "json");
        check_pointer(text, "text");
        *text = copy_text(model->model->plan(json != 0));
    });
}

juice_status juice_model_get_parameters(const juice_model* model, std::int32_t vector, float* destination, std::int64_t count) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_range(vector, 0, model->vectors - 1, "vector");
        check_least(count, 0, "count");
        check_array(destination, count, "destination");
        model->model->get_parameters(vector, destination, count);
    });
}

juice_status juice_model_set_parameters(juice_model* model, std::int32_t vector, const float* source, std::int64_t count) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_range(vector, 0, model->vectors - 1, "vector");
        check_least(count, 0, "count");
        check_array(source, count, "source");
        model->model->set_parameters(vector, source, count);
    });
}

juice_status juice_model_to_circuit(const juice_model* model, juice_circuit** circuit) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_pointer(circuit, "circuit");
        *circuit = new juice_circuit{model->model->to_circuit()};
    });
}

juice_status juice_model_log_likelihood(const juice_model* model, const juice_rows* rows, double* log_likelihood,
                                        juice_progress_callback progress, void* user) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_struct(rows, "rows", "juice_rows");
        check_least(rows->count, 0, "rows.count");
        check_array(log_likelihood, rows->count, "log_likelihood");
        model->model->log_likelihood(*rows, log_likelihood, progress, user);
    });
}

juice_status juice_model_max_log_value(const juice_model* model, const juice_rows* rows, double* log_value,
                                       juice_progress_callback progress, void* user) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        check_struct(rows, "rows", "juice_rows");
        check_least(rows->count, 0, "rows.count");
        check_array(log_value, rows->count, "log_value");
        model->model->max_log_value(*rows, log_value, progress, user);
    });
}

juice_status juice_model_sample(const juice_model* model, const juice_rows* evidence, const juice_sample_options* options, void* destination) noexcept {
    return guard([&] {
        check_pointer(model, "model");
        if (evidence) {
            check_struct(evidence, "evidence", "juice_rows");
            check_least(evidence->count, 0, "evidence.count");
        }
        check_struct(options, "options", "juice_sample_options");
        check_range(options->element, JUICE_BYTE, JUICE_DOUBLE, "options.element");
        check_least(options->count, 0, "options.count");
        check_least(options->first, 0, "options.first");
        check_positive(options->temperature, "options.temperature");
        check_range(options->root, 0, model->roots - 1, "options.root");
        for (std::int64_t i = 0; options->roots && i < (evidence ? evidence->count : 1); ++i)
            if (options->roots[i] < 0 || options->roots[i] >= model->roots)
                juice::fail(JUICE_ERROR_ARGUMENT, "options.roots[%lld] is %d, but must be in 0 … %lld.", static_cast<long long>(i), options->roots[i],
                            static_cast<long long>(model->roots - 1));
        check_array(destination, evidence ? std::min(evidence->count, options->count) : options->count, "destination");
        model->model->sample(evidence, *options, destination);
    });
}
