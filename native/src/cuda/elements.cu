// The operands of sums, products, and inputs that are worked out: those of sums over one segment by warps (operand_rows.h), others one row of 16 lanes a
// half warp. Each row is scaled by a power of two, so that its largest element is in [1, 2); what falls 2^-120 below on the way is worked out in logs.
#include "cuda/kernels.h"
#include "cuda/operand_rows.h"

namespace juice::cuda {

namespace {

constexpr int most_rows = block_slots, few_rows = 4;         // of a thread block
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
    for (std::int32_t q = 0; q < owner.panels; ++q) {
        const double log = possible && q * panel + lane < owner.nodes ? log_of(q * panel + lane) : -__builtin_inf();
        out[q * run.stride + lane] = log >= owner.least_log ? static_cast<float>(log - shift) : minus_infinity();
    }
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

// ---- sums over one segment ----

constexpr std::int32_t long_row = 256, longest_row = 512;       // in panels

// Rows that are not usual: children that are wired otherwise or kept as logs, products that fall out of range.
__device__ __noinline__ void unusual_rows(const Run& run, std::int32_t o, std::int64_t first_row, int rows, unsigned which) {
    const auto lane = static_cast<int>(threadIdx.x) % warp_lanes;
    for (int r = lane / static_cast<int>(panel); r < rows; r += 2)
        if (which >> r & 1u) elements_of(run, o, first_row + r, lane % static_cast<int>(panel));
}

// `count` rows by the warps of a block, so many at a time.
template <int rows, int quads>
__device__ void rows_of_warps(const Run& run, std::int32_t o, std::int64_t first_row, int count) {
    const auto warp = static_cast<int>(threadIdx.x) / warp_lanes, lane = static_cast<int>(threadIdx.x) % warp_lanes;
    if (const int r = warp * rows; r < count)
        plain_elements<rows, quads, 1>(run, o, first_row + r, lane, 0, AsFloats(), [&](unsigned which) { unusual_rows(run, o, first_row + r, rows, which); });
}
// One row after the other by all warps.
template <int quads>
__device__ __noinline__ void rows_of_blocks(const Run& run, std::int32_t o, std::int64_t first_row, int count) {
    const auto warp = static_cast<int>(threadIdx.x) / warp_lanes, lane = static_cast<int>(threadIdx.x) % warp_lanes;
    for (int r = 0; r < count; ++r)
        plain_elements<1, quads, block_warps>(run, o, first_row + r, lane, warp * quads * 8, AsFloats(), [&](unsigned) {
            if (warp == 0) unusual_rows(run, o, first_row + r, 1, 1);
        });
}

// ---- kernels ----

// A block has so many rows of an operation. longest: of the rows that warps have.
template <std::int32_t longest>
__global__ void __launch_bounds__(block_threads, 2) elements_kernel(const __grid_constant__ Run run, std::int32_t first, int count) {
    begin_early();
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOperation& operation = run.operations[o];
    const std::int64_t first_row = std::int64_t{blockIdx.y} * count;
    const std::int32_t panels = operation.operand_panels;
    if (operation.kind != Operation::Sum || operation.segment_end - operation.segment_begin != 1 || panels > longest) {
        wait_for_earlier();
        if (const auto slot = static_cast<int>(threadIdx.x / panel); slot < count) elements_of(run, o, first_row + slot, static_cast<int>(threadIdx.x % panel));
    } else if (panels <= 4) {
        rows_of_warps<2, 1>(run, o, first_row, count);
    } else if (panels <= 8) {
        rows_of_warps<2, 2>(run, o, first_row, count);
    } else if (panels <= 16) {
        rows_of_warps<2, 4>(run, o, first_row, count);
    } else if (panels <= 32) {
        rows_of_warps<2, 8>(run, o, first_row, count);
    } else if (longest == long_row || panels <= long_row) {
        rows_of_blocks<4>(run, o, first_row, count);
    } else {
        rows_of_blocks<longest / (8 * block_warps)>(run, o, first_row, count);
    }
}

// A block has a row.
template <std::int32_t longest>
__global__ void __launch_bounds__(block_threads, 2) row_elements_kernel(const __grid_constant__ Run run, std::int32_t first) {
    begin_early();
    rows_of_blocks<longest / (8 * block_warps)>(run, run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)], blockIdx.y, 1);
}

}  // namespace

// ---- launchers ----

void elements(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    const auto begin = run.wide ? stage.wide_end : stage.operation_begin;
    if (run.wide) wide_elements(run, stage, stream);
    if (begin == stage.operation_end) return;
    const std::int32_t operations = stage.operation_end - begin;
    const bool is_long = stage.float_operand > long_row && stage.float_operand <= longest_row;
    const auto blocks = [&](int rows) { return dim3(static_cast<unsigned>(operations), static_cast<unsigned>(run.rows16 / rows)); };
    // Small launches use the whole GPU.
    if (stage.only_narrow && stage.float_operand > 32 && stage.float_operand <= longest_row && std::int64_t{operations} * run.rows16 <= std::int64_t{4} * run.multiprocessors) {
        const auto kernel = is_long ? row_elements_kernel<longest_row> : row_elements_kernel<long_row>;
        JUICE_LAUNCH_IN_CHAIN(kernel, blocks(1), dim3(block_threads), 0, stream, run, begin);
        return;
    }
    const int count = std::int64_t{operations} * run.rows16 / most_rows < 2 * run.multiprocessors ? few_rows : most_rows;
    const auto kernel = is_long ? elements_kernel<longest_row> : elements_kernel<long_row>;
    JUICE_LAUNCH_IN_CHAIN(kernel, blocks(count), dim3(block_threads), 0, stream, run, begin, count);
}

}  // namespace juice::cuda
