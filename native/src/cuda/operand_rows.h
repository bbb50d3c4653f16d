// Rows of operands of sums over one segment, by warps that hold them in registers: products of what the children give, scaled as in elements.cu.
#pragma once

#include "cuda/counters.h"
#include "cuda/factors.h"
#include "cuda/mma.h"

namespace juice::cuda {

// Where a lane's positions lie: four in a row of quad j, of panel first + 8 j + lane / 4.
struct QuadPlace {
    int lane;
    std::int32_t first;
    __device__ std::int32_t panel_of(int j) const { return first + j * 8 + lane / 4; }
    __device__ int first_lane() const { return lane % 4 * 4; }
    __device__ std::int64_t position(int j) const { return panel_of(j) * panel + first_lane(); }
};

__device__ inline std::int32_t largest_of_warp(std::int32_t x) {
    for (int d = warp_lanes / 2; d > 0; d >>= 1) {
        const std::int32_t other = __shfl_xor_sync(~0u, x, d);
        x = x > other ? x : other;
    }
    return x;
}
__device__ inline long long total_of_warp(long long x) {
    for (int d = warp_lanes / 2; d > 0; d >>= 1) x += __shfl_xor_sync(~0u, x, d);
    return x;
}

__device__ inline float largest_of_four(const float (&x)[4]) { return fmaxf(fmaxf(x[0], x[1]), fmaxf(x[2], x[3])); }

// Of a row that so many warps have together, or that a warp has beside others, lane / 4 % rows telling which.
template <int rows, int warps, int quads>
__device__ float largest_of(const float (&x)[quads][4]) {
    float largest = 0;
#pragma unroll
    for (int j = 0; j < quads; ++j) largest = fmaxf(largest, largest_of_four(x[j]));
#pragma unroll
    for (int d = 1; d < warp_lanes; d *= 2)
        if (d < 4 || d >= 4 * rows) largest = fmaxf(largest, __shfl_xor_sync(~0u, largest, d));
    if constexpr (warps > 1) {
        static_assert(warps == block_warps && rows == 1);
        JUICE_SHARED(float, tops, warps);
        __syncthreads();
        tops[threadIdx.x / warp_lanes] = largest;
        __syncthreads();
        for (int warp = 0; warp < warps; ++warp) largest = fmaxf(largest, tops[warp]);
    }
    return largest;
}
template <int quads>
__device__ void scale_quads(float (&x)[quads][4], float scale) {
#pragma unroll
    for (int j = 0; j < quads; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) x[j][i] *= scale;
}

// The view that lane f has.
__device__ inline FactorView view_of(const FactorView& mine, int f) {
    const auto from = [&](auto x) { return __shfl_sync(~0u, x, f, warp_lanes); };
    FactorView view;
    view.base = reinterpret_cast<const float*>(from(reinterpret_cast<unsigned long long>(mine.base)));
    view.map = reinterpret_cast<const std::int32_t*>(from(reinterpret_cast<unsigned long long>(mine.map)));
    view.step = static_cast<std::int64_t>(from(static_cast<long long>(mine.step)));
    const int marks = from(static_cast<int>(mine.mapping) * 4 + (mine.one ? 2 : 0) + (mine.log ? 1 : 0));
    view.mapping = static_cast<Mapping>(marks / 4);
    view.one = (marks & 2) != 0;
    view.log = (marks & 1) != 0;
    return view;
}

// Is a factor wired node by node? Others are loaded as they lie.
__device__ inline bool is_wired(const FactorView& view) { return !view.one && view.mapping == Mapping::Nodes; }

__device__ __noinline__ inline float4 multiply_slowly(const FactorView view, std::int32_t q, int lane, float4 x) {
    return make_float4(x.x != 0 ? multiply_factor(view, q, lane, x.x) : 0, x.y != 0 ? multiply_factor(view, q, lane + 1, x.y) : 0,
                       x.z != 0 ? multiply_factor(view, q, lane + 2, x.z) : 0, x.w != 0 ? multiply_factor(view, q, lane + 3, x.w) : 0);
}

__device__ inline float4 load_factor(const FactorView& view, std::int32_t q, int lane) {
    return load4(view.base + (view.mapping == Mapping::Panels ? view.map[q] : q) * view.step + lane);
}

// x times what was loaded of a factor. Padding stays 0, whatever stands there in a factor.
__device__ inline void multiply_loaded(const FactorView& view, std::int32_t q, int lane, float4 y, float (&x)[4]) {
    if (is_wired(view)) {
        y = multiply_slowly(view, q, lane, make_float4(x[0], x[1], x[2], x[3]));
        x[0] = y.x, x[1] = y.y, x[2] = y.z, x[3] = y.w;
    } else if (!view.one && view.log) {          // in two halves, as in multiply_factor
        const float4 half = make_float4(exp2f(y.x * 0.5f), exp2f(y.y * 0.5f), exp2f(y.z * 0.5f), exp2f(y.w * 0.5f));
        x[0] = x[0] == 0 ? 0 : x[0] * half.x * half.x;
        x[1] = x[1] == 0 ? 0 : x[1] * half.y * half.y;
        x[2] = x[2] == 0 ? 0 : x[2] * half.z * half.z;
        x[3] = x[3] == 0 ? 0 : x[3] * half.w * half.w;
    } else if (!view.one) {
        x[0] = x[0] == 0 ? 0 : x[0] * y.x;
        x[1] = x[1] == 0 ? 0 : x[1] * y.y;
        x[2] = x[2] == 0 ? 0 : x[2] * y.z;
        x[3] = x[3] == 0 ? 0 : x[3] * y.w;
    }
}

// A lane's factor, of so many from `first` on: where it lies, and its row's exponent. What the kernel before has written is waited for, if `wait`.
struct OwnFactor {
    FactorView view{};
    std::int32_t exponent = 0;

    __device__ OwnFactor(const Run& run, std::int32_t first, int count, int lane, std::int64_t row, bool wait) {
        std::int64_t mark = -1;
        if (lane < count) {
            const PlanFactor& factor = run.factors[first + lane];
            view = place_factor(run, factor, row);
            if (factor.kind == FactorKind::Values) mark = std::int64_t{factor.source} * run.rows16 + row;
        }
        if (wait) wait_for_earlier();
        if (mark < 0) return;
        view.log = run.log_rows[mark] != 0;
        exponent = run.exponents[mark];
    }
};

// The elements of a row that a product of floats has lost, and their exponent. All segments have as many panels.
__device__ __noinline__ inline std::int32_t row_of_logs(const Run& run, const PlanOperation& operation, std::int64_t row, const QuadPlace mine, int quads, float* x) {
    const PlanSegment* segments = run.segments + operation.segment_begin;
    const std::int32_t exponent = log_exponent(run, operation, row, mine.lane % static_cast<int>(panel));
    for (int j = 0; j < quads; ++j) {
        const bool there = mine.panel_of(j) < operation.operand_panels;
        const PlanSegment& segment = segments[there ? mine.panel_of(j) / segments->panels : 0];
        const auto shift = static_cast<float>(child_exponents(run, segment, row) - exponent);
        for (int i = 0; i < 4; ++i)
            x[j * 4 + i] = there ? exp2f(segment_log(run, segment, mine.panel_of(j) - segment.first_panel, mine.first_lane() + i, row) + shift) : 0;
    }
    return exponent;
}

// Where elements go: as bf16, swapped (numbers.h), for products of wide sums …
struct AsBf16 {
    struct Line {           // of a row, from some panel on
        Bf16* to;
        std::int64_t stride;
        __device__ void put(int panels_on, const float (&x)[4]) const {
            *reinterpret_cast<std::uint64_t*>(to + panels_on * stride) = to_four(to_pair(x[0], x[1]), to_pair(x[2], x[3]));
        }
    };
    __device__ Line line(const Run& run, const PlanOperation& operation, std::int64_t row, std::int32_t first_panel, int position) const {
        return {run.elements16 + operand_place(run, operation, row) + first_panel * run.stride + (position ^ (row & 4) * 2), run.stride};
    }
};
// … or as floats, for all others.
struct AsFloats {
    struct Line {
        float* to;
        std::int64_t stride;
        __device__ void put(int panels_on, const float (&x)[4]) const { store4(to + panels_on * stride, make_float4(x[0], x[1], x[2], x[3])); }
    };
    __device__ Line line(const Run& run, const PlanOperation& operation, std::int64_t row, std::int32_t first_panel, int position) const {
        return {element_row(run, operation, row) + first_panel * run.stride + position, run.stride};
    }
};

__device__ inline void keep_exponent(const Run& run, std::int32_t o, std::int64_t row, std::int32_t exponent) {
    const std::int64_t mark = std::int64_t{o} * run.rows16 + row;
    run.exponents[mark] = run.element_exponents[mark] = exponent;
    run.log_rows[mark] = 0;
}

// What becomes of a row.
template <int quads, class Elements>
__device__ void keep_elements(const Run& run, std::int32_t o, std::int64_t row, const QuadPlace& mine, const float (&x)[quads][4], std::int32_t exponent, const Elements& elements) {
    const PlanOperation& operation = run.operations[o];
    const auto line = elements.line(run, operation, row, mine.panel_of(0), mine.first_lane());
#pragma unroll
    for (int j = 0; j < quads; ++j)
        if (mine.panel_of(j) < operation.operand_panels) line.put(j * 8, x[j]);
    if (mine.lane == 0 && mine.first == 0) keep_exponent(run, o, row, exponent);
}

// A row, or the part of it that a warp has: its largest element is brought into [1, 2), and what falls 2^-120 below on the way is worked out in logs.
template <int quads, int warps, class Elements>
__device__ void any_elements(const Run& run, std::int32_t o, std::int64_t row, const QuadPlace& mine, const Elements& elements) {
    const PlanOperation& operation = run.operations[o];
    const PlanSegment& segment = run.segments[operation.segment_begin];
    constexpr int together = quads <= 2 ? 2 : 1;            // factors whose numbers are under way at once
    float x[quads][4];
#pragma unroll
    for (int j = 0; j < quads; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) x[j][i] = mine.position(j) + i < segment.nodes ? lift : 0;
    long long taken = -lift_exponent;
    int multiplied = 0;
    for (auto begin = segment.factor_begin; begin < segment.factor_end; begin += warp_lanes) {
        const int count = segment.factor_end - begin < warp_lanes ? segment.factor_end - begin : warp_lanes;
        const OwnFactor own(run, begin, count, mine.lane, row, begin == segment.factor_begin);
        taken += total_of_warp(own.exponent);
        for (int f = 0; f < count; f += together) {
            if (multiplied == factors_at_once) {            // back to 2^120
                const int field = exponent_field(fmaxf(largest_of<1, warps>(x), 1.0f));
                scale_quads(x, power_of_two(374 - field));
                taken += field - 247;
                multiplied = 0;
            }
            multiplied += together;
            FactorView views[together];
            float4 y[together][quads];
#pragma unroll
            for (int k = 0; k < together; ++k) {
                views[k] = view_of(own.view, f + k < count ? f + k : 0);
                views[k].one = views[k].one || f + k >= count;
#pragma unroll
                for (int j = 0; j < quads; ++j)
                    y[k][j] = !views[k].one && !is_wired(views[k]) && mine.panel_of(j) < segment.panels ? load_factor(views[k], mine.panel_of(j), mine.first_lane()) : make_float4(0, 0, 0, 0);
            }
#pragma unroll
            for (int k = 0; k < together; ++k)
#pragma unroll
                for (int j = 0; j < quads; ++j) multiply_loaded(views[k], mine.panel_of(j), mine.first_lane(), y[k][j], x[j]);
        }
    }
    const float largest = largest_of<1, warps>(x);
    const int field = exponent_field(largest);
    auto exponent = static_cast<std::int32_t>(taken + field - 127);
    scale_quads(x, power_of_two(254 - field));
    if (!(largest >= 1)) {
        float logs[quads * 4];
        exponent = row_of_logs(run, operation, row, mine, quads, logs);
#pragma unroll
        for (int k = 0; k < quads * 4; ++k) x[k / 4][k % 4] = logs[k];
    }
    keep_elements(run, o, row, mine, x, exponent, elements);
}

// ---- the usual case: rows of children as they lie, none of them as logs. Rows side by side: what is to be found out is found out once for them ----

template <int rows, int quads, int warps, class Elements>
__device__ __noinline__ void rows_one_by_one(const Run& run, std::int32_t o, std::int64_t first_row, unsigned which, int lane, std::int32_t first_panel, const Elements elements) {
    for (int r = 0; r < rows; ++r)
        if (which >> r & 1u) any_elements<(quads + rows - 1) / rows, warps>(run, o, first_row + r, {lane, first_panel}, elements);
}

// So many rows of a warp, of 32 / rows lanes each, or the part of one row that it has from `first` panels on; lanes of neighbouring rows follow each other, so
// that what a warp loads of a panel is one piece. A lane has four positions of every 8 / rows panels. otherwise(which): rows, a bit each, that are not usual.
// whole: all of these positions are there.
template <int rows, int quads, int warps, bool whole, class Elements, class Otherwise>
__device__ void plain_elements_of(const Run& run, std::int32_t o, std::int64_t first_row, int lane, std::int32_t first, const Elements& elements, const Otherwise& otherwise) {
    const PlanOperation& operation = run.operations[o];
    const PlanSegment& segment = run.segments[operation.segment_begin];
    constexpr int hop = 8 / rows, together = quads < 4 ? 8 / quads : rows == 1 && warps == 1 ? 1 : 2;         // panels; factors whose numbers are under way at once
    const int own_row = lane / 4 % rows, position = lane % 4 * 4;
    const std::int64_t row = first_row + own_row;
    const std::int32_t own_panel = first + lane / (4 * rows), panels = segment.panels, factor_begin = segment.factor_begin, factor_end = segment.factor_end;
    const auto there = [&](int j) { return whole || own_panel + j * hop < panels; };
    float x[quads][4];
#pragma unroll
    for (int j = 0; j < quads; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) x[j][i] = whole || (own_panel + j * hop) * static_cast<int>(panel) + position + i < segment.nodes ? lift : 0;
    long long taken = -lift_exponent;
    for (auto begin = factor_begin; begin < factor_end; begin += together) {
        float4 y[together][quads];
        std::int32_t children[together];        // -1: there is none
        const float* values[together];
        bool special = false;
#pragma unroll
        for (int k = 0; k < together; ++k) {
            children[k] = -1;
            values[k] = nullptr;
#pragma unroll
            for (int j = 0; j < quads; ++j) y[k][j] = make_float4(1, 1, 1, 1);
            if (begin + k >= factor_end) continue;
            const PlanFactor& factor = run.factors[begin + k];
            if (factor.mapping != Mapping::Identity) {
                special = true;
                continue;
            }
            if (factor.kind == FactorKind::Values) {
                children[k] = factor.source;
                values[k] = value_row(run, run.operations[children[k]], row) + own_panel * run.stride + position;
                continue;
            }
            const PlanOwner& owner = run.owners[factor.source];
            const std::int32_t code = run.codes[factor.variable * run.line + row];
            if (code < 0 && (!run.maximise || run.paths)) continue;         // summed out
            const float* from = code < 0 ? run.best + owner.first_node : run.parameters + owner.parameters + std::int64_t{code} * owner.panels * panel;
            from += own_panel * panel + position;
#pragma unroll
            for (int j = 0; j < quads; ++j)
                if (there(j)) y[k][j] = load4(from + j * hop * panel);
        }
        if (begin == factor_begin) wait_for_earlier();
#pragma unroll
        for (int k = 0; k < together; ++k) {
            if (children[k] < 0) continue;
            const std::int64_t mark = std::int64_t{children[k]} * run.rows16 + row;
#pragma unroll
            for (int j = 0; j < quads; ++j)
                if (there(j)) y[k][j] = load4(values[k] + j * hop * run.stride);
            special = special || run.log_rows[mark] != 0;
            taken += run.exponents[mark];
        }
        bool any_special;
        if constexpr (warps > 1) any_special = any_in_block(special);
        else any_special = __ballot_sync(~0u, special) != 0;
        if (any_special) return otherwise((1u << rows) - 1);
#pragma unroll
        for (int k = 0; k < together; ++k) {
            const std::int32_t number = begin + k - factor_begin;
            if (k % factors_at_once == 0 && number > 0 && number % factors_at_once == 0 && begin + k < factor_end) {        // back to 2^120
                const int field = exponent_field(fmaxf(largest_of<rows, warps>(x), 1.0f));
                scale_quads(x, power_of_two(374 - field));
                taken += field - 247;
            }
#pragma unroll
            for (int j = 0; j < quads; ++j) {
                x[j][0] *= y[k][j].x;
                x[j][1] *= y[k][j].y;
                x[j][2] *= y[k][j].z;
                x[j][3] *= y[k][j].w;
            }
        }
    }
    const float top = largest_of<rows, warps>(x);
    const int field = exponent_field(top);
    scale_quads(x, power_of_two(254 - field));
    const bool lost = !(top >= 1);
    if (!lost) {
        const auto line = elements.line(run, operation, row, own_panel, position);
#pragma unroll
        for (int j = 0; j < quads; ++j)
            if (whole || own_panel + j * hop < operation.operand_panels) line.put(j * hop, x[j]);
        if (first == 0 && lane % 4 == 0 && lane < 4 * rows) keep_exponent(run, o, row, static_cast<std::int32_t>(taken + field - 127));
    }
    const unsigned lanes = __ballot_sync(~0u, lost);
    if (lanes == 0) return;
    unsigned which = 0;
    for (int r = 0; r < rows; ++r) which |= (lanes >> r * 4 & 1u) << r;
    otherwise(which);
}
template <int rows, int quads, int warps, class Elements, class Otherwise>
__device__ void plain_elements(const Run& run, std::int32_t o, std::int64_t first_row, int lane, std::int32_t first, const Elements& elements, const Otherwise& otherwise) {
    if (run.segments[run.operations[o].segment_begin].nodes == warps * quads * (8 / rows) * static_cast<int>(panel))
        plain_elements_of<rows, quads, warps, true>(run, o, first_row, lane, first, elements, otherwise);
    else
        plain_elements_of<rows, quads, warps, false>(run, o, first_row, lane, first, elements, otherwise);
}
template <int rows, int quads, int warps, class Elements>
__device__ void plain_elements(const Run& run, std::int32_t o, std::int64_t first_row, int lane, std::int32_t first, const Elements& elements) {
    plain_elements<rows, quads, warps>(run, o, first_row, lane, first, elements,
                                       [&](unsigned which) { rows_one_by_one<rows, quads, warps>(run, o, first_row, which, lane, first, elements); });
}

}  // namespace juice::cuda
