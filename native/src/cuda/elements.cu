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
        const double peak = missing && !run.maximise ? 0 : static_cast<double>(means[2 * width + node]);
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
            const bool read = code >= 0 || run.maximise;
            const float x = code >= 0 ? table[code * width + node] : run.maximise ? run.best[owner.first_node + node] : 0;
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

// ---- the operand of a wide sum, as bf16: 16 rows, of which each has one or several groups of 16 lanes ----

// The largest of a row's groups, on each of them.
__device__ float row_max(float x, int groups) {
    JUICE_SHARED(float, tops, block_slots);
    x = lane_max(x);
    if (groups == 1) return x;
    const int group = static_cast<int>(threadIdx.x / panel), first = group / groups * groups;
    __syncthreads();
    if (threadIdx.x % panel == 0) tops[group] = x;
    __syncthreads();
    for (int g = first; g < first + groups; ++g) x = fmaxf(x, tops[g]);
    return x;
}

// What a part's rows need of some factors of a segment, found by a thread a factor and row.
constexpr int factors_gathered = block_threads / rows_a_part;
struct Gathered {
    const float* base[factors_gathered][rows_a_part];      // NULL: 1
    std::int64_t step[factors_gathered];
    const std::int32_t* map[factors_gathered];
    std::int32_t exponents[factors_gathered][rows_a_part];
    Mapping mapping[factors_gathered];
    bool logs[factors_gathered][rows_a_part];
};

// Where the factors lie, and, when the values are there, how their rows are kept.
__device__ void gather_factors(const Run& run, const PlanSegment& segment, std::int32_t begin, std::int64_t first_row, bool first, Gathered& all) {
    const auto f = static_cast<std::int32_t>(threadIdx.x) / rows_a_part, r = static_cast<std::int32_t>(threadIdx.x) % rows_a_part;
    const bool mine = begin + f < segment.factor_end;
    std::int64_t mark = -1;
    if (mine) {
        const PlanFactor& factor = run.factors[begin + f];
        const FactorView view = place_factor(run, factor, first_row + r);
        if (factor.kind == FactorKind::Values) mark = std::int64_t{factor.source} * run.rows16 + first_row + r;
        all.base[f][r] = view.one ? nullptr : view.base;
        all.step[f] = view.step;
        all.map[f] = view.map;
        all.mapping[f] = view.mapping;
    }
    if (first) wait_for_earlier();
    if (!mine) return;
    all.logs[f][r] = mark >= 0 && run.log_rows[mark] != 0;
    all.exponents[f][r] = mark >= 0 ? run.exponents[mark] : 0;
}

// A row's part of the operand: panels part, part + groups, …
struct RowPart {
    const PlanSegment& segment;
    int row, part, groups, lane;        // row: of 16
    std::int32_t count;                 // panels

    __device__ std::int32_t panel_at(int j) const { return j * groups + part; }
    __device__ bool has(int j) const { return panel_at(j) < count; }
};

// x times a factor whose row is kept as logs, or whose nodes are wired one by one.
__device__ __noinline__ void multiply_slowly(const FactorView view, int part, int groups, int lane, std::int32_t nodes, float* x) {
    for (int j = 0; j < panels_kept; ++j)
        if (const std::int32_t q = j * groups + part; q * panel + lane < nodes) x[j] = multiply_factor(view, q, lane, x[j]);
}

// x times factor f of those gathered. Padding stays 0.
__device__ void multiply_gathered(const Gathered& all, int f, const RowPart& mine, float (&x)[panels_kept]) {
    const float* base = all.base[f][mine.row];
    if (!base) return;
    if (all.logs[f][mine.row] || all.mapping[f] != Mapping::Identity) {
        float copy[panels_kept];        // so that x itself need not lie in memory
#pragma unroll
        for (int j = 0; j < panels_kept; ++j) copy[j] = x[j];
        multiply_slowly({base, all.step[f], all.map[f], all.mapping[f], false, all.logs[f][mine.row]}, mine.part, mine.groups, mine.lane, mine.segment.nodes, copy);
#pragma unroll
        for (int j = 0; j < panels_kept; ++j) x[j] = copy[j];
        return;
    }
    const float* from = base + mine.part * all.step[f] + mine.lane;
    const std::int64_t hop = mine.groups * all.step[f];
    float y[panels_kept];
#pragma unroll
    for (int j = 0; j < panels_kept; ++j, from += hop) y[j] = mine.has(j) ? *from : 0;
#pragma unroll
    for (int j = 0; j < panels_kept; ++j) x[j] = x[j] == 0 ? 0 : x[j] * y[j];
}

// The elements of a row that a product of floats has lost, and their exponent.
__device__ __noinline__ std::int32_t row_of_logs(const Run& run, const PlanOperation& operation, std::int64_t row, const RowPart mine, float* x) {
    const std::int32_t exponent = log_exponent(run, operation, row, mine.lane);
    const auto shift = static_cast<float>(child_exponents(run, mine.segment, row) - exponent);
    for (int j = 0; j < panels_kept; ++j) x[j] = mine.has(j) ? exp2f(segment_log(run, mine.segment, mine.panel_at(j), mine.lane, row) + shift) : 0;
    return exponent;
}

// Keeps a row, and its exponent where it is at hand; otherwise both come from logs.
__device__ void keep_row(const Run& run, std::int32_t o, std::int64_t row, const RowPart& mine, bool in_range, std::int32_t exponent, float (&x)[panels_kept]) {
    const PlanOperation& operation = run.operations[o];
    if (!in_range) {
        float logs[panels_kept];
        exponent = row_of_logs(run, operation, row, mine, logs);
#pragma unroll
        for (int j = 0; j < panels_kept; ++j) x[j] = logs[j];
    }
    Bf16* out = element16_row(run, operation, row) + mine.lane;
#pragma unroll
    for (int j = 0; j < panels_kept; ++j)
        if (mine.has(j)) out[mine.panel_at(j) * run.stride] = to_bf16(x[j]);
    if (mine.part > 0 || mine.lane > 0) return;
    const std::int64_t mark = std::int64_t{o} * run.rows16 + row;
    run.exponents[mark] = run.element_exponents[mark] = exponent;
    run.log_rows[mark] = 0;
}

// One row: its largest element is brought into [1, 2), and what falls 2^-120 below on the way is worked out in logs.
__device__ void finish_row(const Run& run, std::int32_t o, std::int64_t row, const RowPart& mine, std::int64_t taken, float (&x)[panels_kept]) {
    float largest = 0;
#pragma unroll
    for (int j = 0; j < panels_kept; ++j) largest = fmaxf(largest, x[j]);
    largest = row_max(largest, mine.groups);
    const int field = exponent_field(largest);
    const float scale = power_of_two(254 - field);
#pragma unroll
    for (int j = 0; j < panels_kept; ++j) x[j] *= scale;
    keep_row(run, o, row, mine, largest >= 1, static_cast<std::int32_t>(taken + field - 127), x);
}

// 16 rows.
__device__ void wide_elements(const Run& run, std::int32_t o, std::int64_t first_row) {
    JUICE_SHARED(Gathered, all, 1);
    const PlanOperation& operation = run.operations[o];
    const PlanSegment& segment = run.segments[operation.segment_begin];
    if (is_kept(segment)) {
        const RowPart mine{segment, static_cast<int>(threadIdx.x / panel), 0, 1, static_cast<int>(threadIdx.x % panel), segment.panels};
        float x[panels_kept];
        std::int32_t exponent = 0;
        wait_for_earlier();
        const bool in_range = multiply_kept(run, segment, first_row + mine.row, mine.lane, x, exponent);
        return keep_row(run, o, first_row + mine.row, mine, in_range, exponent, x);
    }
    int groups = 1;
    while (groups * panels_kept < segment.panels) groups *= 2;
    const int group = static_cast<int>(threadIdx.x / panel);
    for (int turn = 0; turn < groups; ++turn) {
        const RowPart mine{segment, turn * (block_slots / groups) + group / groups, group % groups, groups, static_cast<int>(threadIdx.x % panel), segment.panels};
        float x[panels_kept];
#pragma unroll
        for (int j = 0; j < panels_kept; ++j) x[j] = mine.panel_at(j) * panel + mine.lane < segment.nodes ? lift : 0;
        std::int64_t taken = -lift_exponent;
        int multiplied = 0;
        const auto rescale = [&] {      // back to 2^120
            multiplied = 0;
            float largest = 0;
#pragma unroll
            for (int j = 0; j < panels_kept; ++j) largest = fmaxf(largest, x[j]);
            const int field = exponent_field(fmaxf(row_max(largest, groups), 1.0f));
#pragma unroll
            for (int j = 0; j < panels_kept; ++j) x[j] *= power_of_two(374 - field);
            taken += field - 247;
        };
        for (auto begin = segment.factor_begin; begin < segment.factor_end; begin += factors_gathered) {
            const int count = segment.factor_end - begin < factors_gathered ? segment.factor_end - begin : factors_gathered;
            __syncthreads();            // the last ones are done with
            gather_factors(run, segment, begin, first_row, turn == 0 && begin == segment.factor_begin, *all);
            __syncthreads();
            for (int f = 0; f < count; ++f) {
                if (multiplied == factors_at_once) rescale();
                taken += all->exponents[f][mine.row];
                multiply_gathered(*all, f, mine, x);
                ++multiplied;
            }
        }
        finish_row(run, o, first_row + mine.row, mine, taken, x);
    }
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

__global__ void __launch_bounds__(block_threads, 2) wide_elements_kernel(const __grid_constant__ Run run, std::int32_t first) {
    begin_early();
    wide_elements(run, run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)], std::int64_t{blockIdx.y} * rows_a_part);
}

}  // namespace

// ---- launchers ----

void elements(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    const auto wide = run.wide ? stage.wide_end : stage.operation_begin;
    const auto grid = [&](std::int32_t operations, std::int32_t rows) { return dim3(static_cast<unsigned>(operations), static_cast<unsigned>(run.rows16 / rows)); };
    if (wide > stage.operation_begin)
        JUICE_LAUNCH_IN_CHAIN(wide_elements_kernel, grid(wide - stage.operation_begin, rows_a_part), dim3(block_threads), 0, stream, run, stage.operation_begin);
    if (wide < stage.operation_end)
        JUICE_LAUNCH_IN_CHAIN(elements_kernel, grid(stage.operation_end - wide, rows_at_once), dim3(rows_at_once * panel), 0, stream, run, wide);
}

}  // namespace juice::cuda
