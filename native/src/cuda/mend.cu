// Rows that are mended by a launch of their own, and what is left of slow rows after the stages: their parameter flows. Kernels look at marks and end.
#include <algorithm>

#include "cuda/coefficients.h"
#include "cuda/kernels.h"
#include "cuda/mend.h"

namespace juice::cuda {

namespace {

constexpr int looks = 4, rows_a_look = 4 * warp_lanes;         // of a warp for marked rows, four a lane

// work(operation, row) for marked rows of operations that are mended apart and wanted. Blocks that share eight operations look for the marks of all of them, a
// warp an operation, and take turns at the rows: where there are none, one look was all; where there are many, all have their share. Neighbours, whose rows are
// often marked together, are shared by different blocks.
template <class Wanted, class Work>
__device__ void share_marked(const Run& run, const std::uint8_t* marks, std::int32_t first, std::int32_t end, Wanted wanted, Work work) {
    JUICE_SHARED(std::uint32_t, found, looks * block_threads);
    const auto warp = static_cast<int>(threadIdx.x) / warp_lanes, lane = static_cast<int>(threadIdx.x) % warp_lanes;
    const auto operation_of = [&](int w) { return first + static_cast<std::int32_t>(blockIdx.x) + w * static_cast<std::int32_t>(gridDim.x); };
    const std::int32_t own = operation_of(warp) < end ? run.stage_operations[operation_of(warp)] : -1;
    const bool apart = own >= 0 && is_mended_apart(run.operations[own]);
    wait_for_earlier();
    const bool looks_at = apart && wanted(own);
    std::uint32_t before = 0;           // marked rows that have had their turn
    for (std::int32_t first_row = 0; first_row < run.rows16; first_row += looks * rows_a_look) {
        std::uint32_t four[looks], any = 0;
#pragma unroll
        for (int k = 0; k < looks; ++k) {
            const std::int32_t row = first_row + k * rows_a_look + lane * 4;
            four[k] = looks_at && row < run.rows16 ? *reinterpret_cast<const std::uint32_t*>(marks + std::int64_t{own} * run.rows16 + row) : 0;
            any |= four[k];
        }
        if (!any_in_block(any != 0)) continue;
#pragma unroll
        for (int k = 0; k < looks; ++k) found[(warp * looks + k) * warp_lanes + lane] = four[k];
        synchronize_workers();
        for (int base = 0; base < looks * block_threads; base += warp_lanes) {
            const std::uint32_t mine = found[base + lane];
            if (__ballot_sync(~0u, mine != 0) == 0) continue;
            for (int i = 0; i < 4; ++i) {
                const unsigned marked = __ballot_sync(~0u, (mine >> 8 * i & 0xffu) != 0);
                const std::uint32_t turn = before + static_cast<std::uint32_t>(__popc(marked & ((1u << lane) - 1)));
                before += static_cast<std::uint32_t>(__popc(marked));
                for (unsigned take = __ballot_sync(~0u, (marked >> lane & 1u) != 0 && turn % gridDim.y == blockIdx.y); take; take &= take - 1) {
                    const int place = base + __ffs(static_cast<int>(take)) - 1;
                    work(run.stage_operations[operation_of(place / (looks * warp_lanes))], first_row + place % (looks * warp_lanes) * 4 + i);
                }
            }
        }
        synchronize_workers();
    }
}

__global__ void __launch_bounds__(block_threads, 4) mend_values_kernel(const Run run, std::int32_t first, std::int32_t end) {
    begin_early();
    share_marked(run, run.suspects, first, end, [](std::int32_t) { return true; }, [&](std::int32_t o, std::int64_t row) { mend_row(run, o, row); });
}
__global__ void __launch_bounds__(block_threads, 4) mend_operand_kernel(const Run run, std::int32_t first, std::int32_t end) {
    begin_early();
    share_marked(run, run.slow_rows, first, end, [&](std::int32_t o) { return run.slow_operations[o] != 0; },
                 [&](std::int32_t o, std::int64_t row) { slow_operand_row(run, o, row); });
}

// Elements of all slow rows, as logs for good: products of parameter flows have read them. A thread block has 64 rows of an operation at a time, and beforehand the
// coefficients of an operation, if it is a wide sum, of the first so many.
__global__ void slow_elements_kernel(const Run run, std::int32_t tasks, std::int32_t sums, int shares, const EmCoefficients em, const Rule* rule_at) {
    begin_early();
    const auto number = static_cast<std::int32_t>(blockIdx.x) / shares;
    find_coefficients(run, number < sums ? run.stage_operations[number] : -1, true, em, rule_at, static_cast<int>(blockIdx.x) % shares, shares);
    if (!run.slow_operations[run.operation_count]) return;
    for (auto t = static_cast<std::int32_t>(blockIdx.x); t < tasks; t += static_cast<std::int32_t>(gridDim.x)) {
        const std::int32_t o = t / row_tiles(run), first = t % row_tiles(run) * rows_a_tile;
        if (run.operations[o].kind != Operation::Sum || !run.slow_operations[o]) continue;
        for_each_marked(run, run.slow_rows, o, first, first + rows_a_tile, [&](std::int64_t row) { elements_to_logs(run, o, row); });
    }
}

// A warp has a node of an owner at a time, so that the parts of a weight's flow are added up in one order: it finds out which of 32 rows go this way, a lane
// a row, and then takes them one by one, a lane an edge.
__device__ void slow_parameters_tile(const Run& run, const PlanTile& tile) {
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind != OwnerKind::Sum) return;
    const float* weights = run.parameters + owner.parameters;
    float* flows = run.flows + owner.flows;
    const auto lane = static_cast<int>(threadIdx.x) % warp_lanes;
    for (auto use = owner.use_begin; use < owner.use_end; ++use) {
        const std::int32_t o = run.uses[use];
        if (!run.slow_operations[o]) continue;
        const PlanOperation& operation = run.operations[o];
        for (std::int64_t node = tile.panel * panel + threadIdx.x / warp_lanes; node < (tile.panel + 1) * panel && node < operation.nodes; node += block_threads / warp_lanes)
            for (std::int64_t first = 0; first < run.rows16; first += warp_lanes) {
                const std::int64_t mine = first + lane;
                SlowEntry own{};
                if (mine < run.rows16 && run.slow_rows[std::int64_t{o} * run.rows16 + mine] != 0) own = slow_entry(run, o, node, mine);
                for (unsigned slow = __ballot_sync(~0u, own.flow != 0); slow; slow &= slow - 1) {
                    const int k = __ffs(static_cast<int>(slow)) - 1;
                    const SlowEntry entry{__shfl_sync(~0u, own.flow, k, warp_lanes), __shfl_sync(~0u, own.log, k, warp_lanes)};
                    const float* logs = element_row(run, operation, first + k);
                    for_each_edge(run, operation, node, lane, warp_lanes,
                                  [&](std::int64_t position, std::int64_t w) { flows[w] += slow_part(entry, weights[w], logs[at(run, position)]); });
                }
            }
        __syncwarp();               // another use may list the edges in another order
    }
}

__global__ void slow_parameters_kernel(const Run run, std::int32_t first, std::int32_t end) {
    if (!run.slow_operations[run.operation_count]) return;
    for (auto t = first + static_cast<std::int32_t>(blockIdx.x); t < end; t += static_cast<std::int32_t>(gridDim.x)) slow_parameters_tile(run, run.tiles[t]);
}

// Twice what the GPU has room for, or a block a row.
dim3 sharing_blocks(const Run& run, const PlanStage& stage) {
    const std::int32_t operations = stage.operation_end - stage.operation_begin, groups = (operations + block_warps - 1) / block_warps;
    const std::int32_t rows = run.rows16 * (operations < block_warps ? operations : block_warps), each = (8 * run.multiprocessors + groups - 1) / groups;
    return dim3(static_cast<unsigned>(groups), static_cast<unsigned>(each < rows ? each : rows));
}

dim3 blocks_for(std::int32_t tasks) { return dim3(static_cast<unsigned>(tasks < 4 * few_blocks ? tasks : 4 * few_blocks)); }

}  // namespace

// ---- launchers ----

void mend_values(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    JUICE_LAUNCH_IN_CHAIN(mend_values_kernel, sharing_blocks(run, stage), dim3(block_threads), 0, stream, run, stage.operation_begin, stage.operation_end);
}

void mend_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    JUICE_LAUNCH_IN_CHAIN(mend_operand_kernel, sharing_blocks(run, stage), dim3(block_threads), 0, stream, run, stage.operation_begin, stage.operation_end);
}

void slow_elements(const Run& run, std::int32_t sums, const EmCoefficients& em, const Rule* rule, cudaStream_t stream) {
    const std::int32_t tasks = run.operation_count * row_tiles(run);
    const int shares = sums > 0 ? std::clamp(2 * run.multiprocessors / sums, 1, 8) : 1;        // few sums have many nodes
    const auto blocks = std::max(blocks_for(tasks).x, static_cast<unsigned>(sums * shares));
    JUICE_LAUNCH_IN_CHAIN(slow_elements_kernel, dim3(blocks), dim3(block_threads), 0, stream, run, tasks, sums, shares, em, rule);
}

void slow_parameter_flows(const Run& run, const PlanTotals& totals, cudaStream_t stream) {
    if (totals.node_begin == totals.node_inputs) return;
    JUICE_LAUNCH(slow_parameters_kernel, blocks_for(totals.node_inputs - totals.node_begin), dim3(block_threads), stream, run, totals.node_begin, totals.node_inputs);
}

}  // namespace juice::cuda
