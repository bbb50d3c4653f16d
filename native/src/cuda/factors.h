// Factors of elements: a child's value or a table's entry, for one row and position. Where several threads are needed, the 16 lanes of a row work
// together.
#pragma once

#include "cuda/numbers.h"

namespace juice::cuda {

// A factor in one row: panel q of it begins at base + q · step.
struct FactorView {
    const float* base;
    std::int64_t step;
    const std::int32_t* map;
    Mapping mapping;
    bool one;                           // a missing value, summed out
    bool log;
};

// All but whether a child's row is kept as logs, which is known when its values are there.
__device__ inline FactorView place_factor(const Run& run, const PlanFactor& factor, std::int64_t row) {
    FactorView view{};
    view.mapping = factor.mapping;
    view.map = run.maps + factor.map;
    if (factor.kind == FactorKind::Table) {
        const PlanOwner& owner = run.owners[factor.source];
        const std::int32_t code = run.codes[factor.variable * run.line + row];
        view.step = panel;
        view.one = code < 0 && (!run.maximise || run.paths);
        view.base = code < 0 ? run.best + owner.first_node : run.parameters + owner.parameters + std::int64_t{code} * owner.panels * panel;
        return view;
    }
    view.step = run.stride;
    view.base = value_row(run, run.operations[factor.source], row);
    return view;
}
__device__ inline FactorView view_factor(const Run& run, const PlanFactor& factor, std::int64_t row) {
    FactorView view = place_factor(run, factor, row);
    view.log = factor.kind == FactorKind::Values && run.log_rows[std::int64_t{factor.source} * run.rows16 + row] != 0;
    return view;
}

// Only for positions of nodes, not in the padding.
__device__ inline float read_factor(const FactorView& view, std::int64_t q, int lane) {
    switch (view.mapping) {
        case Mapping::Identity: return view.base[q * view.step + lane];
        case Mapping::Panels: return view.base[view.map[q] * view.step + lane];
        case Mapping::Nodes: break;
    }
    const std::int32_t node = view.map[q * panel + lane];
    return view.base[node / panel * view.step + node % panel];
}

// x times the factor, relative to its row's exponent. A log is applied in two halves, so that what 2^120 leaves room for is not lost on the way.
__device__ inline float multiply_factor(const FactorView& view, std::int64_t q, int lane, float x) {
    if (view.one) return x;
    const float value = read_factor(view, q, lane);
    if (!view.log) return x * value;
    const float half = exp2f(value * 0.5f);
    return x * half * half;
}

__device__ inline float factor_log(const FactorView& view, std::int64_t q, int lane) {
    if (view.one) return 0;
    const float value = read_factor(view, q, lane);
    return view.log ? value : log2f(value);
}

// The exponents of a segment's children in one row.
__device__ inline std::int64_t child_exponents(const Run& run, const PlanSegment& segment, std::int64_t row) {
    std::int64_t sum = 0;
    for (auto f = segment.factor_begin; f < segment.factor_end; ++f)
        if (run.factors[f].kind == FactorKind::Values) sum += run.exponents[std::int64_t{run.factors[f].source} * run.rows16 + row];
    return sum;
}

__device__ inline float segment_log(const Run& run, const PlanSegment& segment, std::int64_t q, int lane, std::int64_t row) {
    if (q * panel + lane >= segment.nodes) return minus_infinity();
    float log = 0;
    for (auto f = segment.factor_begin; f < segment.factor_end; ++f) log += factor_log(view_factor(run, run.factors[f], row), q, lane);
    return log;
}

// The exponent of a row that is worked out in logs: the ceiling of its largest element.
__device__ inline std::int32_t log_exponent(const Run& run, const PlanOperation& operation, std::int64_t row, int lane) {
    std::int64_t best = INT64_MIN;
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s) {
        const PlanSegment& segment = run.segments[s];
        float top = minus_infinity();
        for (std::int32_t q = 0; q < segment.panels; ++q) top = fmaxf(top, segment_log(run, segment, q, lane, row));
        top = lane_max(top);
        if (!(top > minus_infinity())) continue;
        const std::int64_t exponent = child_exponents(run, segment, row) + static_cast<std::int64_t>(ceilf(top));
        best = exponent > best ? exponent : best;
    }
    return best == INT64_MIN ? 0 : static_cast<std::int32_t>(best);
}

// log2 of the elements of one row, relative to `exponent`, into `out`, a row of panels. Group `group` of 16 lanes takes every groups-th panel.
__device__ inline void write_logs(const Run& run, const PlanOperation& operation, std::int64_t row, std::int32_t exponent, int lane, int group, int groups, float* out) {
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s) {
        const PlanSegment& segment = run.segments[s];
        const auto shift = static_cast<float>(child_exponents(run, segment, row) - exponent);
        for (std::int32_t q = group; q < segment.panels; q += groups) out[(segment.first_panel + q) * run.stride + lane] = segment_log(run, segment, q, lane, row) + shift;
    }
}

}  // namespace juice::cuda
