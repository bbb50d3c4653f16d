// The operands of sums, products, and inputs that are worked out: one row of 16 lanes a half warp. Each row is scaled by a power of two, so that its
// largest element is in [1, 2); what falls 2^-120 below on the way is worked out in logs.
#include "cuda/counters.h"
#include "cuda/factors.h"
#include "cuda/kernels.h"
#include "cuda/mma.h"

namespace juice::cuda {

namespace {

constexpr int rows_at_once = 8;         // of a thread block
constexpr int panels_kept = 16;         // of a row in registers

// The product of at most factors_at_once factors of one segment times `scale`, for up to panels_kept panels kept in registers, or through `out`.
// Returns the row's largest lane.
__device__ float multiply(const Run& run, const PlanSegment& segment, int begin, int end, std::int64_t row, int lane, bool first, float scale, float* out) {
    FactorView views[factors_at_once];
#pragma unroll
    for (int f = 0; f < factors_at_once; ++f)
        if (begin + f < end) views[f] = view_factor(run, run.factors[begin + f], row);
    float largest = 0;
    for (std::int32_t q = 0; q < segment.panels; ++q) {
        float* to = out + q * run.stride + lane;
        float x = 0;
        if (q * panel + lane < segment.nodes) {
            x = first ? scale : *to * scale;
#pragma unroll
            for (int f = 0; f < factors_at_once; ++f)
                if (begin + f < end) x = multiply_factor(views[f], q, lane, x);
        }
        *to = x;
        largest = fmaxf(largest, x);
    }
    return lane_max(largest);
}

__device__ void scale_panels(const Run& run, const PlanSegment& segment, int lane, float scale, float* out) {
    for (std::int32_t q = 0; q < segment.panels; ++q) out[q * run.stride + lane] *= scale;
}

// One segment, its largest element brought into [1, 2). Returns false where a product fell out of range.
__device__ bool multiply_segment(const Run& run, const PlanSegment& segment, std::int64_t row, int lane, float* out, std::int32_t& exponent) {
    float scale = lift, largest = 0;
    std::int64_t taken = child_exponents(run, segment, row) - lift_exponent;
    for (auto begin = segment.factor_begin;;) {
        const auto end = begin + factors_at_once < segment.factor_end ? begin + factors_at_once : segment.factor_end;
        largest = multiply(run, segment, begin, end, row, lane, begin == segment.factor_begin, scale, out);
        begin = end;
        if (begin == segment.factor_end) break;
        const int field = exponent_field(fmaxf(largest, 1.0f));     // back to 2^120
        scale = power_of_two(374 - field);
        taken += field - 247;
    }
    const int field = exponent_field(largest);
    exponent = static_cast<std::int32_t>(taken + field - 127);
    scale_panels(run, segment, lane, power_of_two(254 - field), out);
    return largest >= 1;
}

// The usual case, one segment of few factors and panels: multiplied and scaled in one go.
__device__ bool is_kept(const PlanSegment& segment) { return segment.factor_end - segment.factor_begin <= factors_at_once && segment.panels <= panels_kept; }

__device__ bool multiply_kept(const Run& run, const PlanSegment& segment, std::int64_t row, int lane, float (&x)[panels_kept], std::int32_t& exponent) {
    float largest = 0;
#pragma unroll
    for (int q = 0; q < panels_kept; ++q) x[q] = q * panel + lane < segment.nodes ? lift : 0;
    for (auto f = segment.factor_begin; f < segment.factor_end; ++f) {
        const FactorView view = view_factor(run, run.factors[f], row);
        if (view.one) continue;
        if (view.log || view.mapping == Mapping::Nodes) {
#pragma unroll
            for (int q = 0; q < panels_kept; ++q)
                if (q * panel + lane < segment.nodes) x[q] = multiply_factor(view, q, lane, x[q]);
        } else if (view.mapping == Mapping::Panels) {
#pragma unroll
            for (int q = 0; q < panels_kept; ++q)
                if (q * panel + lane < segment.nodes) x[q] *= view.base[view.map[q] * view.step + lane];
        } else {
#pragma unroll
            for (int q = 0; q < panels_kept; ++q)
                if (q * panel + lane < segment.nodes) x[q] *= view.base[q * view.step + lane];
        }
    }
#pragma unroll
    for (int q = 0; q < panels_kept; ++q) largest = fmaxf(largest, x[q]);
    largest = lane_max(largest);
    const int field = exponent_field(largest);
    exponent = static_cast<std::int32_t>(child_exponents(run, segment, row) + field - 127 - lift_exponent);
    const float scale = power_of_two(254 - field);
#pragma unroll
    for (int q = 0; q < panels_kept; ++q) x[q] *= scale;
    return largest >= 1;
}

__device__ std::int32_t multiply_logs(const Run& run, const PlanOperation& operation, std::int64_t row, int lane, float* out) {
    const std::int32_t exponent = log_exponent(run, operation, row, lane);
    write_logs(run, operation, row, exponent, lane, 0, 1, out);
    for (std::int32_t q = 0; q < operation.operand_panels; ++q) out[q * run.stride + lane] = exp2f(out[q * run.stride + lane]);
    return exponent;
}

__device__ std::int32_t multiply_row(const Run& run, const PlanOperation& operation, std::int64_t row, int lane, float* out) {
    const auto segments = operation.segment_end - operation.segment_begin;
    std::int32_t exponent = 0;
    bool in_range = true;
    if (segments == 1) {
        const PlanSegment& segment = run.segments[operation.segment_begin];
        if (is_kept(segment)) {
            float x[panels_kept];
            in_range = multiply_kept(run, segment, row, lane, x, exponent);
#pragma unroll
            for (int q = 0; q < panels_kept; ++q)
                if (q < segment.panels) out[q * run.stride + lane] = x[q];
        } else {
            in_range = multiply_segment(run, segment, row, lane, out, exponent);
        }
    } else {
        std::int32_t* exponents = run.segment_exponents + operation.segment_exponents * run.rows16 + row;
        exponent = -0x40000000;
        for (std::int32_t s = 0; s < segments; ++s) {
            const PlanSegment& segment = run.segments[operation.segment_begin + s];
            std::int32_t own = 0;
            in_range = multiply_segment(run, segment, row, lane, out + segment.first_panel * run.stride, own) && in_range;
            exponents[s * std::int64_t{run.rows16}] = own;
            exponent = own > exponent ? own : exponent;
        }
        for (std::int32_t s = 0; in_range && s < segments; ++s) {
            const PlanSegment& segment = run.segments[operation.segment_begin + s];
            const int field = 127 + exponents[s * std::int64_t{run.rows16}] - exponent;
            scale_panels(run, segment, lane, field < 1 ? 0.0f : power_of_two(field), out + segment.first_panel * run.stride);
        }
    }
    return in_range ? exponent : multiply_logs(run, operation, row, lane, out);
}

// A materialised product: a row with values below 2^-60 is kept as logs.
__device__ void product_row(const Run& run, const PlanOperation& operation, std::int64_t row, int lane, std::int32_t* exponents, std::uint8_t* log_rows) {
    float* out = value_row(run, operation, row);
    std::int32_t exponent = multiply_row(run, operation, row, lane, out);
    float low = 0, largest = minus_infinity();
    for (std::int32_t q = 0; q < operation.panels; ++q)
        if (q * panel + lane < operation.nodes && out[q * run.stride + lane] < lowest_value) low = 1;
    const bool logs = lane_max(low) > 0;
    if (logs) {
        write_logs(run, operation, row, exponent, lane, 0, 1, out);
        for (std::int32_t q = 0; q < operation.panels; ++q) largest = fmaxf(largest, out[q * run.stride + lane]);
        largest = lane_max(largest);
        const float shift = largest > minus_infinity() ? ceilf(largest) : 0.0f;
        for (std::int32_t q = 0; q < operation.panels; ++q) out[q * run.stride + lane] -= shift;
        exponent += static_cast<std::int32_t>(shift);
    }
    exponents[row] = exponent;
    log_rows[row] = logs ? 1 : 0;
}

// log2 density of every node, less a whole exponent: what stands far below 1 keeps its digits near the row's maximum.
__device__ std::int32_t gaussian_row(const Run& run, const PlanOperation& operation, const PlanOwner& owner, std::int64_t row, int lane, float* out) {
    const float* means = run.parameters + owner.parameters;
    const std::int64_t width = owner.panels * panel;
    const float real = run.reals[operation.variable * run.line + row];
    const bool missing = real != real;
    const auto log_of = [&](std::int64_t node) {
        const double z = missing ? 0 : (static_cast<double>(real) - static_cast<double>(means[node])) / static_cast<double>(means[width + node]);
        const double peak = missing && (!run.maximise || run.paths) ? 0 : static_cast<double>(means[2 * width + node]);
        return peak - z * z * 0.72134752044448170;      // log2(e) / 2
    };
    double top = -__builtin_inf();
    for (std::int32_t q = 0; q < owner.panels; ++q)
        if (q * panel + lane < owner.nodes) top = fmax(top, log_of(q * panel + lane));
    top = lane_max(top);
    const bool possible = top >= owner.least_log;       // an exponent could not hold it otherwise
    const double shift = possible ? ceil(top) : 0;
    for (std::int32_t q = 0; q < owner.panels; ++q)
        out[q * run.stride + lane] = possible && q * panel + lane < owner.nodes ? static_cast<float>(log_of(q * panel + lane) - shift) : minus_infinity();
    return static_cast<std::int32_t>(shift);
}

__device__ std::int32_t table_row(const Run& run, const PlanOperation& operation, const PlanOwner& owner, std::int64_t row, int lane, float* out) {
    const float* table = run.parameters + owner.parameters;
    const std::int64_t width = owner.panels * panel;
    const std::int32_t code = run.codes[operation.variable * run.line + row];
    const bool logs = owner.kind == OwnerKind::LogTable;
    float top = minus_infinity();
    for (std::int32_t q = 0; q < owner.panels; ++q) {
        const std::int64_t node = q * panel + lane;
        float log = minus_infinity();
        if (node < owner.nodes) {
            const bool read = code >= 0 || (run.maximise && !run.paths);
            const float x = code >= 0 ? table[code * width + node] : read ? run.best[owner.first_node + node] : 0;
            log = !read ? 0 : logs ? x : log2f(x);
        }
        out[q * run.stride + lane] = log;
        top = fmaxf(top, log);
    }
    top = lane_max(top);
    const float shift = top > minus_infinity() ? ceilf(top) : 0.0f;
    for (std::int32_t q = 0; q < owner.panels; ++q) out[q * run.stride + lane] -= shift;
    return static_cast<std::int32_t>(shift) + (logs && code >= 0 ? static_cast<std::int32_t>(table[(owner.domain + 2) * width + code]) : 0);
}

// ---- the operand of a wide sum, as bf16: a row a warp ----

constexpr int warp_lanes = 32;
constexpr int rows_of_warps = block_threads / warp_lanes;      // a thread block's
constexpr int quads_ahead = 8;                                 // loads of a factor under way

// Where a lane's positions lie: four in a row of quad j, of panel 8 j + lane / 4.
struct QuadPlace {
    int lane;
    __device__ std::int32_t panel_of(int j) const { return j * 8 + lane / 4; }
    __device__ int first_lane() const { return lane % 4 * 4; }
    __device__ std::int64_t position(int j) const { return panel_of(j) * panel + first_lane(); }
};

__device__ float warp_max(float x) {
    for (int d = warp_lanes / 2; d > 0; d >>= 1) x = fmaxf(x, __shfl_xor_sync(~0u, x, d));
    return x;
}
__device__ long long warp_sum(long long x) {
    for (int d = warp_lanes / 2; d > 0; d >>= 1) x += __shfl_xor_sync(~0u, x, d);
    return x;
}

template <int quads>
__device__ float largest_of(const float (&x)[quads][4]) {
    float largest = 0;
#pragma unroll
    for (int j = 0; j < quads; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) largest = fmaxf(largest, x[j][i]);
    return warp_max(largest);
}
template <int quads>
__device__ void scale_quads(float (&x)[quads][4], float scale) {
#pragma unroll
    for (int j = 0; j < quads; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) x[j][i] *= scale;
}

// The view that lane f has.
__device__ FactorView view_of(const FactorView& mine, int f) {
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

// x times a factor whose row is kept as logs, or whose nodes are wired one by one.
__device__ __noinline__ void multiply_slowly(const FactorView view, const QuadPlace mine, std::int32_t nodes, int quads, float* x) {
    for (int j = 0; j < quads; ++j)
        for (int i = 0; i < 4; ++i)
            if (mine.position(j) + i < nodes) x[j * 4 + i] = multiply_factor(view, mine.panel_of(j), mine.first_lane() + i, x[j * 4 + i]);
}

// Padding stays 0, whatever stands there in a factor.
template <int quads>
__device__ void multiply_quads(const FactorView& view, const QuadPlace& mine, const PlanSegment& segment, float (&x)[quads][4]) {
    if (view.one) return;
    if (view.log || view.mapping == Mapping::Nodes) {
        float copy[quads * 4];          // so that x itself need not lie in memory
#pragma unroll
        for (int k = 0; k < quads * 4; ++k) copy[k] = x[k / 4][k % 4];
        multiply_slowly(view, mine, segment.nodes, quads, copy);
#pragma unroll
        for (int k = 0; k < quads * 4; ++k) x[k / 4][k % 4] = copy[k];
        return;
    }
    constexpr int ahead = quads < quads_ahead ? quads : quads_ahead;
    const bool plain = view.mapping == Mapping::Identity;
    const float* from = view.base + mine.first_lane();
#pragma unroll
    for (int first = 0; first < quads; first += ahead) {
        float4 y[ahead];
#pragma unroll
        for (int j = 0; j < ahead; ++j) {
            const std::int32_t q = mine.panel_of(first + j);
            y[j] = q < segment.panels ? load4(from + (plain ? q : view.map[q]) * view.step) : make_float4(0, 0, 0, 0);
        }
#pragma unroll
        for (int j = 0; j < ahead; ++j) {
            float(&to)[4] = x[first + j];
            to[0] = to[0] == 0 ? 0 : to[0] * y[j].x;
            to[1] = to[1] == 0 ? 0 : to[1] * y[j].y;
            to[2] = to[2] == 0 ? 0 : to[2] * y[j].z;
            to[3] = to[3] == 0 ? 0 : to[3] * y[j].w;
        }
    }
}

// The elements of a row that a product of floats has lost, and their exponent.
__device__ __noinline__ std::int32_t row_of_logs(const Run& run, const PlanOperation& operation, std::int64_t row, const QuadPlace mine, int quads, float* x) {
    const PlanSegment& segment = run.segments[operation.segment_begin];
    const std::int32_t exponent = log_exponent(run, operation, row, mine.lane % static_cast<int>(panel));
    const auto shift = static_cast<float>(child_exponents(run, segment, row) - exponent);
    for (int j = 0; j < quads; ++j)
        for (int i = 0; i < 4; ++i)
            x[j * 4 + i] = mine.panel_of(j) < segment.panels ? exp2f(segment_log(run, segment, mine.panel_of(j), mine.first_lane() + i, row) + shift) : 0;
    return exponent;
}

// A row: its largest element is brought into [1, 2), and what falls 2^-120 below on the way is worked out in logs.
template <int quads>
__device__ void wide_elements(const Run& run, std::int32_t o, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    const PlanSegment& segment = run.segments[operation.segment_begin];
    const QuadPlace mine{static_cast<int>(threadIdx.x) % warp_lanes};
    float x[quads][4];
#pragma unroll
    for (int j = 0; j < quads; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) x[j][i] = mine.position(j) + i < segment.nodes ? lift : 0;
    long long taken = -lift_exponent;
    int multiplied = 0;
    for (auto begin = segment.factor_begin; begin < segment.factor_end; begin += warp_lanes) {
        // A lane a factor: where it lies, and, when the values are there, how its row is kept.
        const int count = segment.factor_end - begin < warp_lanes ? segment.factor_end - begin : warp_lanes;
        FactorView own{};
        std::int64_t mark = -1;
        if (mine.lane < count) {
            const PlanFactor& factor = run.factors[begin + mine.lane];
            own = place_factor(run, factor, row);
            if (factor.kind == FactorKind::Values) mark = std::int64_t{factor.source} * run.rows16 + row;
        }
        if (begin == segment.factor_begin) wait_for_earlier();
        own.log = mark >= 0 && run.log_rows[mark] != 0;
        taken += warp_sum(mark >= 0 ? run.exponents[mark] : 0);
        for (int f = 0; f < count; ++f) {
            if (multiplied++ == factors_at_once) {          // back to 2^120
                const int field = exponent_field(fmaxf(largest_of(x), 1.0f));
                scale_quads(x, power_of_two(374 - field));
                taken += field - 247;
                multiplied = 1;
            }
            multiply_quads(view_of(own, f), mine, segment, x);
        }
    }
    const float largest = largest_of(x);
    const int field = exponent_field(largest);
    auto exponent = static_cast<std::int32_t>(taken + field - 127);
    scale_quads(x, power_of_two(254 - field));
    if (!(largest >= 1)) {
        float logs[quads * 4];
        exponent = row_of_logs(run, operation, row, mine, quads, logs);
#pragma unroll
        for (int k = 0; k < quads * 4; ++k) x[k / 4][k % 4] = logs[k];
    }
    const std::int64_t place = operand_place(run, operation, row) + mine.first_lane();
#pragma unroll
    for (int j = 0; j < quads; ++j)
        if (mine.panel_of(j) < segment.panels)
            *reinterpret_cast<std::uint64_t*>(run.elements16 + swapped(place + mine.panel_of(j) * run.stride)) =
                to_four({to_bf16(x[j][0]), to_bf16(x[j][1]), to_bf16(x[j][2]), to_bf16(x[j][3])});
    if (mine.lane > 0) return;
    const std::int64_t mark = std::int64_t{o} * run.rows16 + row;
    run.exponents[mark] = run.element_exponents[mark] = exponent;
    run.log_rows[mark] = 0;
}

// ---- tasks ----

// 16 lanes a row.
__device__ void elements_of(const Run& run, std::int32_t o, std::int64_t row, int lane) {
    const PlanOperation& operation = run.operations[o];
    std::int32_t* exponents = run.exponents + std::int64_t{o} * run.rows16;
    std::uint8_t* log_rows = run.log_rows + std::int64_t{o} * run.rows16;
    if (operation.kind == Operation::Input) {
        const PlanOwner& owner = run.owners[operation.owner];
        float* out = value_row(run, operation, row);
        exponents[row] = owner.kind == OwnerKind::Gaussian ? gaussian_row(run, operation, owner, row, lane, out) : table_row(run, operation, owner, row, lane, out);
        log_rows[row] = 1;
    } else if (operation.kind == Operation::Product) {
        product_row(run, operation, row, lane, exponents, log_rows);
    } else {
        const std::int32_t exponent = multiply_row(run, operation, row, lane, element_row(run, operation, row));
        exponents[row] = exponent;
        run.element_exponents[std::int64_t{o} * run.rows16 + row] = exponent;
        log_rows[row] = 0;
    }
}

// ---- kernels ----

__global__ void elements_kernel(const Run run, std::int32_t first) {
    begin_early();
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    wait_for_earlier();
    elements_of(run, o, std::int64_t{blockIdx.y} * rows_at_once + threadIdx.x / panel, static_cast<int>(threadIdx.x % panel));
}

template <int quads>
__global__ void __launch_bounds__(block_threads, quads > quads_ahead ? 1 : 2) wide_elements_kernel(const __grid_constant__ Run run, std::int32_t first) {
    begin_early();
    wide_elements<quads>(run, run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)], std::int64_t{blockIdx.y} * rows_of_warps + threadIdx.x / warp_lanes);
}

}  // namespace

// ---- launchers ----

void elements(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    const auto wide = run.wide ? stage.wide_end : stage.operation_begin;
    const auto grid = [&](std::int32_t operations, std::int32_t rows) { return dim3(static_cast<unsigned>(operations), static_cast<unsigned>(run.rows16 / rows)); };
    if (wide > stage.operation_begin) {
        const auto kernel = run.widest_operand <= 16 ? wide_elements_kernel<2> : run.widest_operand <= 64 ? wide_elements_kernel<8> : wide_elements_kernel<32>;
        JUICE_LAUNCH_IN_CHAIN(kernel, grid(wide - stage.operation_begin, rows_of_warps), dim3(block_threads), 0, stream, run, stage.operation_begin);
    }
    if (wide < stage.operation_end)
        JUICE_LAUNCH_IN_CHAIN(elements_kernel, grid(stage.operation_end - wide, rows_at_once), dim3(rows_at_once * panel), 0, stream, run, wide);
}

}  // namespace juice::cuda
