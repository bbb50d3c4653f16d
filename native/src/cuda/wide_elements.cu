// The operands of wide sums, as bf16 (operand_rows.h); here also those over several segments.
#include "cuda/kernels.h"
#include "cuda/operand_rows.h"
#include "plan/tables.h"

namespace juice::cuda {

namespace {

// ---- over several segments of equally many panels: 1, 2, 4, or a multiple of 8, so that the lanes of a quad that share one are a power of two ----

__device__ float group_max(float x, int lanes) {
    for (int d = 1; d < lanes; d *= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, d));
    return x;
}
// A row, or the part of it that a warp has: every segment's largest element is brought into [1, 2) first (of a segment of more than 8 panels that of every
// 8), then that of the row.
template <int quads, int warps>
__device__ void segmented_elements(const Run& run, std::int32_t o, std::int64_t row, const QuadPlace& mine) {
    const PlanOperation& operation = run.operations[o];
    const PlanSegment* segments = run.segments + operation.segment_begin;
    const std::int32_t each = segments->panels, first = segments->factor_begin, last = run.segments[operation.segment_end - 1].factor_end;
    const int lanes = each * 4 < warp_lanes ? each * 4 : warp_lanes;
    constexpr int ahead = 4;
    float x[quads][4];
    std::int32_t taken[quads], begin_of[quads], count_of[quads], most = 0;      // a quad's factors
#pragma unroll
    for (int j = 0; j < quads; ++j) {
        const bool there = mine.panel_of(j) < operation.operand_panels;
        const PlanSegment& segment = segments[there ? mine.panel_of(j) / each : 0];
        taken[j] = -lift_exponent;
        begin_of[j] = segment.factor_begin;
        count_of[j] = there ? segment.factor_end - segment.factor_begin : 0;
        most = most > count_of[j] ? most : count_of[j];
        const std::int32_t nodes = there ? segment.nodes - mine.panel_of(j) % each * static_cast<std::int32_t>(panel) - mine.first_lane() : 0;
#pragma unroll
        for (int i = 0; i < 4; ++i) x[j][i] = i < nodes ? lift : 0;
    }
    most = largest_of_warp(most);
    for (auto begin = first; begin < last; begin += warp_lanes) {
        const OwnFactor own(run, begin, last - begin < warp_lanes ? last - begin : warp_lanes, mine.lane, row, begin == first);
        for (std::int32_t f = 0; f < most; ++f) {
            if (f % factors_at_once == 0 && (f > 0 || begin > first)) {
#pragma unroll
                for (int j = 0; j < quads; ++j) {           // back to 2^120
                    const int field = exponent_field(fmaxf(group_max(largest_of_four(x[j]), lanes), 1.0f));
                    for (int i = 0; i < 4; ++i) x[j][i] *= power_of_two(374 - field);
                    taken[j] += field - 247;
                }
            }
#pragma unroll
            for (int base = 0; base < quads; base += ahead) {
                FactorView views[ahead];
                float4 y[ahead];
#pragma unroll
                for (int k = 0; k < ahead; ++k) {
                    const int j = base + k, at = begin_of[j] + f - begin;
                    const bool there = f < count_of[j] && at >= 0 && at < warp_lanes;
                    views[k] = view_of(own.view, there ? at : 0);
                    views[k].one = views[k].one || !there;
                    const std::int32_t exponent = __shfl_sync(~0u, own.exponent, there ? at : 0, warp_lanes);
                    if (there) taken[j] += exponent;
                    y[k] = !views[k].one && !is_wired(views[k]) ? load_factor(views[k], mine.panel_of(j) % each, mine.first_lane()) : make_float4(0, 0, 0, 0);
                }
#pragma unroll
                for (int k = 0; k < ahead; ++k) multiply_loaded(views[k], mine.panel_of(base + k) % each, mine.first_lane(), y[k], x[base + k]);
            }
        }
    }
    std::int32_t exponent = INT32_MIN;
    bool lost = false;
#pragma unroll
    for (int j = 0; j < quads; ++j) {
        const float largest = group_max(largest_of_four(x[j]), lanes);
        if (count_of[j] == 0) continue;
        lost = lost || !(largest >= 1);
        taken[j] += exponent_field(largest) - 127;
        const float scale = power_of_two(254 - exponent_field(largest));
        for (int i = 0; i < 4; ++i) x[j][i] *= scale;
        exponent = exponent > taken[j] ? exponent : taken[j];
    }
    exponent = largest_of_warp(exponent);
    lost = __ballot_sync(~0u, lost) != 0;
    if constexpr (warps > 1) {
        JUICE_SHARED(std::int32_t, exponents, block_warps);
        JUICE_SHARED(std::int32_t, losses, block_warps);
        const auto warp = static_cast<std::int32_t>(threadIdx.x) / warp_lanes, first_warp = warp / warps * warps;
        exponents[warp] = exponent;
        losses[warp] = lost ? 1 : 0;
        __syncthreads();
        for (int k = 0; k < warps; ++k) {
            exponent = exponent > exponents[first_warp + k] ? exponent : exponents[first_warp + k];
            lost = lost || losses[first_warp + k] != 0;
        }
    }
    if (lost) {
        float logs[quads * 4];
        exponent = row_of_logs(run, operation, row, mine, quads, logs);
#pragma unroll
        for (int k = 0; k < quads * 4; ++k) x[k / 4][k % 4] = logs[k];
    } else {
#pragma unroll
        for (int j = 0; j < quads; ++j) {
            const unsigned below = count_of[j] == 0 ? 0 : static_cast<unsigned>(exponent) - static_cast<unsigned>(taken[j]);
            const float scale = below > 126 ? 0.0f : power_of_two(127 - static_cast<int>(below));
            for (int i = 0; i < 4; ++i) x[j][i] *= scale;
        }
    }
    keep_elements(run, o, row, mine, x, exponent, AsBf16());
}

// ---- kernels ----

// So many rows a warp, or, where they are too long, one a thread block; single rows `each` times one after the other.
template <int rows, int quads, int warps>
__global__ void __launch_bounds__(block_threads, rows == 1 && warps == 1 ? 3 : 2) wide_elements_kernel(const __grid_constant__ Run run, std::int32_t first, std::int32_t each) {
    begin_early();
    constexpr int rows_a_block = block_warps / warps * rows;
    const auto warp = static_cast<std::int32_t>(threadIdx.x) / warp_lanes, lane = static_cast<std::int32_t>(threadIdx.x) % warp_lanes;
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    std::int64_t row = std::int64_t{blockIdx.y} * each * rows_a_block + warp / warps * rows;
    for (std::int32_t i = 0; i < (rows == 1 ? each : 1) && row < run.rows16; ++i, row += rows_a_block) plain_elements<rows, quads, warps>(run, o, row, lane, warp % warps * quads * 8, AsBf16());
}

// Operands of tables alone, over one segment whose positions are all that a warp's lanes have room for: so many rows a warp, one after the other, for all of which it
// finds out once where the tables are, a lane a factor. A block's rows are neighbours, and what it writes of a panel is whole lines of memory, by way of shared memory.
template <int quads>
__global__ void __launch_bounds__(block_threads, 3) table_elements_kernel(const __grid_constant__ Run run, std::int32_t first, std::int32_t each) {
    begin_early();
    // [rows at a time, twice][panel][row]: 16 bf16 numbers a row and panel; a row more, so that panels begin in other banks.
    constexpr int panels = quads * 8, fours_a_row = 2, fours_a_panel = (block_warps + 1) * fours_a_row;
    JUICE_SHARED(float4, lines, 2 * panels * fours_a_panel);
    const auto warp = static_cast<int>(threadIdx.x) / warp_lanes;
    const QuadPlace mine{static_cast<int>(threadIdx.x) % warp_lanes, 0};
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOperation& operation = run.operations[o];
    const PlanSegment& segment = run.segments[operation.segment_begin];
    const std::int32_t factors = segment.factor_end - segment.factor_begin;
    const std::int64_t first_row = std::int64_t{blockIdx.y} * each * block_warps + warp;
    // A lane without a factor looks at the first.
    static_assert(few_tables == warp_lanes);
    const PlanFactor& factor = run.factors[segment.factor_begin + (mine.lane < factors ? mine.lane : 0)];
    const PlanOwner& owner = run.owners[factor.source];
    const std::int64_t table = owner.parameters, width = owner.panels * panel;
    const std::int32_t* const codes = run.codes + factor.variable * run.line;
    constexpr int together = block_warps * fours_a_row, panels_at_once = block_threads / together;
    const int first_panel = static_cast<int>(threadIdx.x) / together, own_four = static_cast<int>(threadIdx.x) % together;
    Bf16* to = run.elements16 + operand_place(run, operation, first_row - warp) + first_panel * run.stride + own_four * 8;       // what a thread writes
    const std::int64_t stride = run.stride;
    wait_for_earlier();
    unsigned lost = 0;
    std::int32_t next = first_row < run.rows16 ? codes[first_row] : -1;
    for (std::int32_t i = 0; i < each; ++i) {
        const std::int64_t row = first_row + i * block_warps;
        if (row >= run.rows16) break;
        const std::int64_t own = next < 0 ? -1 : table + next * width;
        if (i + 1 < each && row + block_warps < run.rows16) next = codes[row + block_warps];
        float x[quads][4];
#pragma unroll
        for (int j = 0; j < quads; ++j) x[j][0] = x[j][1] = x[j][2] = x[j][3] = lift;
        long long taken = -lift_exponent;
        for (std::int32_t f = 0; f < factors; ++f) {
            if (f > 0 && f % factors_at_once == 0) {            // back to 2^120
                const int field = exponent_field(fmaxf(largest_of<1, 1>(x), 1.0f));
                scale_quads(x, power_of_two(374 - field));
                taken += field - 247;
            }
            const std::int64_t place = __shfl_sync(~0u, own, f, warp_lanes);
            if (place < 0) continue;            // missing: summed out
            const float* from = run.parameters + place + mine.position(0);
            constexpr int ahead = quads / 2;
#pragma unroll
            for (int begin = 0; begin < quads; begin += ahead) {
                float4 y[ahead];
#pragma unroll
                for (int j = 0; j < ahead; ++j) y[j] = load4(from + (begin + j) * 8 * panel);
#pragma unroll
                for (int j = 0; j < ahead; ++j) {
                    x[begin + j][0] *= y[j].x;
                    x[begin + j][1] *= y[j].y;
                    x[begin + j][2] *= y[j].z;
                    x[begin + j][3] *= y[j].w;
                }
            }
        }
        const float top = largest_of<1, 1>(x);
        const int field = exponent_field(top);
        scale_quads(x, power_of_two(254 - field));
        if (!(top >= 1)) lost |= 1u << i;
        else if (mine.lane == 0) keep_exponent(run, o, row, static_cast<std::int32_t>(taken + field - 127));
        float4* const now = lines + i % 2 * (panels * fours_a_panel);
        auto* const own_line = reinterpret_cast<std::uint64_t*>(now + mine.panel_of(0) * fours_a_panel + warp * fours_a_row) + (mine.first_lane() ^ (row & 4) * 2) / 4;
#pragma unroll
        for (int j = 0; j < quads; ++j) own_line[j * 8 * fours_a_panel * 2] = to_four(to_pair(x[j][0], x[j][1]), to_pair(x[j][2], x[j][3]));
        __syncthreads();
#pragma unroll
        for (int k = 0; k < panels; k += panels_at_once) *reinterpret_cast<float4*>(to + k * stride) = now[(first_panel + k) * fours_a_panel + own_four];
        to += block_warps * panel;
    }
    __syncthreads();            // what was written for rows that are lost is written over
    for (std::int32_t i = 0; lost >> i != 0; ++i)
        if ((lost >> i & 1u) != 0) rows_one_by_one<1, quads, 1>(run, o, first_row + i * block_warps, 1, mine.lane, 0, AsBf16());
}

template <int quads, int warps>
__global__ void __launch_bounds__(block_threads, 2) segmented_elements_kernel(const __grid_constant__ Run run, std::int32_t first) {
    begin_early();
    const auto warp = static_cast<std::int32_t>(threadIdx.x) / warp_lanes, lane = static_cast<std::int32_t>(threadIdx.x) % warp_lanes;
    segmented_elements<quads, warps>(run, run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)], (std::int64_t{blockIdx.y} * block_warps + warp) / warps,
                                     {lane, warp % warps * quads * 8});
}

}  // namespace

// ---- launchers ----

void wide_elements(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    const auto grid = [&](std::int32_t operations, std::int32_t rows) { return dim3(static_cast<unsigned>(operations), static_cast<unsigned>((run.rows16 + rows - 1) / rows)); };
    if (stage.segmented_begin > stage.operation_begin) {
        // Where there are many blocks, those that stay for several rows find out less about the sum.
        const auto launch = [&](auto kernel, std::int32_t rows) {
            const std::int32_t operations = stage.segmented_begin - stage.operation_begin;
            std::int32_t each = 1;
            while (rows <= block_warps && each < 4 && std::int64_t{operations} * run.rows16 >= std::int64_t{2} * each * rows * 8 * run.multiprocessors) each *= 2;
            JUICE_LAUNCH_IN_CHAIN(kernel, grid(operations, rows * each), dim3(block_threads), 0, stream, run, stage.operation_begin, each);
        };
        constexpr int table_quads = 8;
        const bool sums_out = !run.maximise || run.paths;
        if (sums_out && stage.table_operands == table_quads * 8 * panel) launch(table_elements_kernel<table_quads>, block_warps);
        else if (run.widest_operand <= 8) launch(wide_elements_kernel<4, 4, 1>, 4 * block_warps);
        else if (run.widest_operand <= 16) launch(wide_elements_kernel<4, 8, 1>, 4 * block_warps);
        else if (run.widest_operand <= 32) launch(wide_elements_kernel<2, 8, 1>, 2 * block_warps);
        else if (run.widest_operand <= 64) launch(wide_elements_kernel<1, 8, 1>, block_warps);
        else if (run.widest_operand <= 256) launch(wide_elements_kernel<1, 4, block_warps>, 1);
        else launch(wide_elements_kernel<1, 8, block_warps>, 1);
    }
    if (stage.wide_end > stage.segmented_begin) {
        const auto widest = run.widest_segmented;
        const std::int32_t warps = widest <= 64 ? 1 : widest <= 128 ? 4 : block_warps;
        const auto kernel = widest <= 32    ? segmented_elements_kernel<4, 1>
                            : widest <= 64  ? segmented_elements_kernel<8, 1>
                            : widest <= 128 ? segmented_elements_kernel<4, 4>
                            : widest <= 256 ? segmented_elements_kernel<4, block_warps>
                                            : segmented_elements_kernel<8, block_warps>;
        JUICE_LAUNCH_IN_CHAIN(kernel, grid(stage.wide_end - stage.segmented_begin, block_warps / warps), dim3(block_threads), 0, stream, run, stage.segmented_begin);
    }
}

}  // namespace juice::cuda
