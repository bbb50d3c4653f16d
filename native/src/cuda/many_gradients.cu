// Gradients (gradients.cu) of large launches: a thread block has several panels.
#include <type_traits>

#include "cuda/counters.h"
#include "cuda/gradients.h"
#include "cuda/kernels.h"

namespace juice::cuda {

namespace {

// What a block finds out about a panel once, for all of its warps. Places count numbers to the panel's first row.
struct GradientPanel {
    std::int64_t number;        // of the panel, among all values
    std::int64_t values;        // its values and gradients
    std::int64_t flows;         // its flows as they lie in the operand flows, or -1
    std::int64_t product;       // of a product: where its flows go
    std::int32_t operation, panel;
    std::int32_t nodes;         // from its first on
    bool sum, wide;
    bool plain;                 // a wide sum's whole panel, whose flows lie in one piece

    __device__ void find(const Run& run, const PlanTile& tile) {
        const PlanOperation& own = run.operations[tile.target];
        operation = tile.target;
        panel = tile.panel;
        number = own.train_values + panel;
        values = number * run.stride;
        flows = own.only_flow < 0 ? -1 : (own.only_flow + panel) * run.stride;
        product = (own.operand + panel) * run.stride;
        nodes = static_cast<std::int32_t>(own.nodes - panel * juice::panel);
        sum = own.kind == Operation::Sum;
        wide = is_wide(run, own);
        plain = sum && wide && flows >= 0 && nodes >= juice::panel;
    }
};
constexpr std::int32_t most_gradient_panels = 8;
constexpr int many_row_tiles = 2;
static_assert(most_gradient_panels * many_row_tiles * panel <= block_threads);

// A thread block has so many panels for so many times 64 rows, one panel after the other, a thread four nodes of a row in each. Whatever a thread reads is under way before it
// writes anything: a load behind a store waits for memory by itself. Panels whose flows lie in the same place follow each other (plan/launches.cpp), and what was
// read for one is kept for the next. Warps wait for each other at the beginning and at the end only.
__global__ void __launch_bounds__(block_threads, 4) many_gradients_kernel(const __grid_constant__ Run run, std::int32_t first, std::int32_t end, std::int32_t each) {
    begin_early();
    JUICE_SHARED(GradientPanel, panels, most_gradient_panels);
    JUICE_SHARED(float, parts, most_gradient_panels * block_warps * panel);         // sums over a warp's rows
    constexpr std::int64_t hop = rows_a_tile * panel;
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % 4 * 4;
    const std::int64_t first_row = std::int64_t{blockIdx.y} * many_row_tiles * rows_a_tile + thread / 4, place = first_row * panel + lane;
    const std::int32_t first_tile = first + static_cast<std::int32_t>(blockIdx.x) * each, count = end - first_tile < each ? end - first_tile : each;
    if (thread < count) panels[thread].find(run, run.tiles[first_tile + thread]);
    __syncthreads();
    wait_for_earlier();
    float kept_flows[many_row_tiles][4] = {};
    const bool whole = (std::int64_t{blockIdx.y} + 1) * many_row_tiles * rows_a_tile <= run.rows;
    for (std::int32_t number = 0; number < count; ++number) {
        const GradientPanel& own = panels[number];
        float flows[many_row_tiles][4];
        const bool kept = number > 0 && own.flows == panels[number - 1].flows;
        const auto work = [&](auto is_plain) {
            constexpr bool plain = decltype(is_plain)::value;
            const std::int32_t o = own.operation, nodes = own.nodes - lane;
            const std::int64_t values_at = own.values + place, flows_at = own.flows, mark = std::int64_t{o} * run.rows16 + first_row;
            const bool gathered = !plain && flows_at < 0, sum = plain || own.sum, wide = plain || own.wide;
            float values[many_row_tiles][4] = {};
            std::uint32_t log_row[many_row_tiles] = {};
#pragma unroll
            for (int t = 0; t < many_row_tiles; ++t)
#pragma unroll
                for (int i = 0; i < 4; ++i) flows[t][i] = 0;
            if (gathered) gather_flows(run, o, own.panel, lane, first_row, flows);
#pragma unroll
            for (int t = 0; t < many_row_tiles; ++t) {
                if (!plain && first_row + t * rows_a_tile >= run.rows) continue;
                if (!gathered && !kept) put(kept_flows[t], load4(run.element_flows + flows_at + place + t * hop));
                if (!sum) continue;
                put(values[t], load4(run.values + values_at + t * hop));
                log_row[t] = run.log_rows[mark + t * rows_a_tile];
            }
#pragma unroll
            for (int t = 0; t < many_row_tiles; ++t) {
                if (!gathered)
#pragma unroll
                    for (int i = 0; i < 4; ++i) flows[t][i] = kept_flows[t][i];
                if (!plain && nodes < 4)
#pragma unroll
                    for (int i = 0; i < 4; ++i)
                        if (i >= nodes) flows[t][i] = 0;
                if (!plain && first_row + t * rows_a_tile >= run.rows16) continue;
                if (!sum) {
                    store4(run.element_flows + own.product + place + t * hop, make_float4(flows[t][0], flows[t][1], flows[t][2], flows[t][3]));
                    continue;
                }
                keep_gradients(run, o, mark + t * rows_a_tile, values_at + t * hop, wide, log_row[t] != 0, values[t], flows[t]);
            }
        };
        if (whole && own.plain) work(std::true_type());
        else work(std::false_type());
        // The thread's rows, then eight rows of a warp, in a fixed order.
        float sums[4] = {};
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
            for (int t = 0; t < many_row_tiles; ++t) sums[i] += flows[t][i];
            for (int d = 4; d < warp_lanes; d *= 2) sums[i] += __shfl_xor_sync(~0u, sums[i], d);
        }
        if (thread % warp_lanes < 4) store4(parts + (number * block_warps + thread / warp_lanes) * panel + lane, make_float4(sums[0], sums[1], sums[2], sums[3]));
    }
    // Then the warps, for every panel; all rows count as the first of their row tiles.
    __syncthreads();
    const int number = thread / (many_row_tiles * static_cast<int>(panel)), within = thread % (many_row_tiles * static_cast<int>(panel));
    const std::int64_t row_tile = std::int64_t{blockIdx.y} * many_row_tiles + within / panel;
    if (number >= count || row_tile >= row_tiles(run)) return;
    float total = 0;
    for (int warp = 0; within < panel && warp < block_warps; ++warp) total += parts[(number * block_warps + warp) * panel + within];
    run.node_flows[(panels[number].number * row_tiles(run) + row_tile) * panel + within % panel] = total;
}

}  // namespace

// ---- the launcher ----

std::int32_t gradient_panels(const Run& run, const PlanStage& stage) {
    const std::int32_t blocks = (row_tiles(run) + many_row_tiles - 1) / many_row_tiles;
    std::int32_t each = 1;
    while (each < most_gradient_panels && std::int64_t{stage.panel_end - stage.panel_begin} * blocks >= std::int64_t{2} * each * 6 * run.multiprocessors) each *= 2;
    return each;
}

void many_gradients(const Run& run, const PlanStage& stage, std::int32_t each, cudaStream_t stream) {
    const dim3 grid(static_cast<unsigned>((stage.panel_end - stage.panel_begin + each - 1) / each), static_cast<unsigned>((row_tiles(run) + many_row_tiles - 1) / many_row_tiles));
    JUICE_LAUNCH_IN_CHAIN(many_gradients_kernel, grid, dim3(block_threads), 0, stream, run, stage.panel_begin, stage.panel_end, each);
}

}  // namespace juice::cuda
