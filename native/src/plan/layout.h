// Between the file's layout of parameters and flows and the plan's.
#pragma once

#include <functional>

#include "plan/plan.h"

namespace juice {

// Parameters of an owner: file → plan (all of destination is written, padding included) and back. `file` is NULL for an indicator.
void parameters_to_plan(const Plan& plan, const Circuit& circuit, std::int32_t owner, const float* file, float* destination);
void parameters_from_plan(const Plan& plan, const Circuit& circuit, std::int32_t owner, const float* source, float* file);

// Flows of an owner as juice_model_get_flows has them: floats, file → plan and back.
std::int64_t flow_size(const Plan& plan, const Circuit& circuit, std::int32_t owner);
void flows_to_plan(const Plan& plan, const Circuit& circuit, std::int32_t owner, const float* file, float* destination);
void flows_from_plan(const Plan& plan, const Circuit& circuit, std::int32_t owner, const float* source, float* file);

// The gradient by an owner's parameters in the file's layout, from its flows and parameters in the plan's; logs: see juice_model_get_gradient.
void gradient_from_plan(const Plan& plan, const Circuit& circuit, std::int32_t owner, const float* flows, const float* parameters, bool logs, float* file);

// Node flows of any vector, added to total [nodes], from the element flow sums of whoever reads it. `read` copies floats of the flow buffer.
void node_flows(const Plan& plan, const Circuit& circuit, std::int32_t vector,
                const std::function<void(std::int64_t offset, std::int64_t count, float* destination)>& read, double* total);

}  // namespace juice
