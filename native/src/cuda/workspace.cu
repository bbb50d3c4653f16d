#include "cuda/workspace.h"

#include <utility>

#include "cuda/kernels.h"
#include "cuda/tables.h"

namespace juice::cuda {

namespace {

std::int64_t padded(std::int64_t rows) { return panels_of(rows) * panel; }
constexpr const char* purpose = "activations";
std::int64_t sorted(std::int64_t rows) { return (rows + rows_sorted - 1) / rows_sorted * rows_sorted; }
std::int64_t whole(std::int64_t bytes) { return (bytes + 15) / 16 * 16; }
std::int64_t tiles_of(std::int64_t rows) { return (rows + rows_a_tile - 1) / rows_a_tile; }

}  // namespace

Workspace::Workspace(const PlanView& plan, std::int64_t rows, bool training)
    : capacity_(padded(rows)),
      values_(plan.totals.value_panels * panel * capacity_, purpose),
      gradients_(training ? plan.totals.value_panels * panel * capacity_ : 0, purpose),
      elements_(plan.totals.operand_panels * panel * capacity_, purpose),
      element_flows_(training ? plan.totals.operand_panels * panel * capacity_ : 0, purpose),
      node_flows_(training ? plan.totals.value_panels * panel * tiles_of(capacity_) : 0, purpose),
      elements16_(plan.totals.shadow > 0 ? plan.totals.operand_panels * panel * capacity_ : 0, purpose),
      gradients16_(training && plan.totals.shadow > 0 ? plan.totals.value_panels * panel * capacity_ : 0, purpose),
      exponents_(plan.operation_count * capacity_, purpose),
      element_exponents_(plan.operation_count * capacity_, purpose),
      segment_exponents_(plan.totals.exponent_segments * capacity_, purpose),
      log_rows_(plan.operation_count * capacity_, purpose),
      operations_(plan.operation_count),
      tiles_(tiles_of(capacity_)),
      backward_marks_(whole(operations_ * (4 * tiles_ + capacity_))),
      blocked_(2 * backward_marks_ + whole(4 * (operations_ + 1))),
      dealt_(blocked_ + whole(4 * (plan.owner_count + 1))),
      marks_(training ? dealt_ + whole(4 * 2) : backward_marks_, purpose),
      codes_(plan.variables * capacity_, "a batch"),
      rows_by_value_(training ? plan.variables * sorted(capacity_) : 0, "a batch"),
      reals_(plan.variables * capacity_, "a batch"),
      weights_(training ? capacity_ : 0, "a batch"),
      root_flows_(training ? capacity_ * plan.roots : 0, "a batch"),
      logs_(capacity_ * plan.roots, "a batch") {}

void Workspace::load(Run& run, const PlanView& plan, const BatchView& batch, std::int64_t first, std::int64_t rows, cudaStream_t stream) {
    const auto variables = static_cast<std::size_t>(plan.variables), wide = static_cast<std::size_t>(padded(rows)) * 4;
    const auto to_line = static_cast<std::size_t>(capacity_) * 4, from_line = static_cast<std::size_t>(batch.line) * 4;
    check(cudaMemcpy2DAsync(codes_.data(), to_line, batch.codes + first, from_line, wide, variables, cudaMemcpyHostToDevice, stream), "copying a batch");
    if (batch.reals) check(cudaMemcpy2DAsync(reals_.data(), to_line, batch.reals + first, from_line, wide, variables, cudaMemcpyHostToDevice, stream), "copying a batch");
    if (batch.weights && weights_.size() > 0) weights_.upload(batch.weights + first, 0, rows, stream);
    place(run, rows, batch.weights != nullptr);
}

void Workspace::pick(Run& run, DataSet& data, std::int64_t first, std::int64_t rows, cudaStream_t stream) {
    place(run, rows, data.shape().has_weights != 0);
    data.pick(run, first, codes_.data(), reals_.data(), weights_.data(), stream);
}

// Points the run at this memory.
void Workspace::place(Run& run, std::int64_t rows, bool weighted) {
    run.values = values_.data();
    run.gradients = gradients_.data();
    run.elements = elements_.data();
    run.element_flows = element_flows_.data();
    run.node_flows = node_flows_.data();
    run.elements16 = elements16_.data();
    run.gradients16 = gradients16_.data();
    run.exponents = exponents_.data();
    run.element_exponents = element_exponents_.data();
    run.segment_exponents = segment_exponents_.data();
    run.log_rows = log_rows_.data();
    std::uint8_t* next = marks_.data();
    const auto take = [&](std::int64_t bytes) { return std::exchange(next, next + bytes); };
    run.values_done = reinterpret_cast<std::int32_t*>(take(4 * operations_ * tiles_));
    run.suspects = take(operations_ * capacity_);
    next = marks_.data() + backward_marks_;
    run.operand_done = reinterpret_cast<std::int32_t*>(take(4 * operations_ * tiles_));
    run.slow_rows = take(operations_ * capacity_);
    run.slow_operations = reinterpret_cast<std::int32_t*>(marks_.data() + 2 * backward_marks_);
    run.dealt = reinterpret_cast<std::int32_t*>(marks_.data() + dealt_);
    run.codes = codes_.data();
    run.reals = reals_.data();
    run.line = capacity_;
    run.rows_by_value = rows_by_value_.data();
    run.sorted_line = sorted(capacity_);
    run.rows = static_cast<std::int32_t>(rows);
    run.rows16 = static_cast<std::int32_t>(padded(rows));
    run.stride = padded(rows) * panel;
    run.root_flows = nullptr;
    run.weights = weighted ? weights_.data() : nullptr;
}

void Workspace::clear(cudaStream_t stream) { clear_bytes(marks_.data(), marks_.size(), stream); }
void Workspace::clear_backward(cudaStream_t stream) { clear_bytes(marks_.data() + backward_marks_, marks_.size() - backward_marks_, stream); }

void Workspace::load_root_flows(Run& run, const float* root_flows, cudaStream_t stream) {
    run.root_flows = root_flows ? root_flows_.data() : nullptr;
    if (root_flows) root_flows_.upload(root_flows, 0, std::int64_t{run.rows} * run.roots, stream);
}

}  // namespace juice::cuda
