// Rows that are mended by a launch of their own, and what is left of slow rows after the stages: their parameter flows. Kernels look at marks and end.
#include "cuda/kernels.h"
#include "cuda/mend.h"

namespace juice::cuda {

namespace {

constexpr int rows_mended = 4;          // of a thread block

__global__ void mend_values_kernel(const Run run, std::int32_t first) {
    begin_early();
    wait_for_earlier();
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    const std::int64_t row = std::int64_t{blockIdx.y} * rows_mended;
    if (is_mended_apart(run.operations[o])) for_each_marked(run, run.suspects, o, row, row + rows_mended, [&](std::int64_t marked) { mend_row(run, o, marked); });
}
__global__ void mend_operand_kernel(const Run run, std::int32_t first) {
    begin_early();
    wait_for_earlier();
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    const std::int64_t row = std::int64_t{blockIdx.y} * rows_mended;
    if (is_mended_apart(run.operations[o]) && run.slow_operations[o])
        for_each_marked(run, run.slow_rows, o, row, row + rows_mended, [&](std::int64_t marked) { slow_operand_row(run, o, marked); });
}

// Elements of all slow rows, as logs for good: products of parameter flows have read them. A thread block has 64 rows of an operation at a time.
__global__ void slow_elements_kernel(const Run run) {
    if (!run.slow_operations[run.operation_count]) return;
    for (auto t = static_cast<std::int32_t>(blockIdx.x); t < run.operation_count * row_tiles(run); t += static_cast<std::int32_t>(gridDim.x)) {
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

dim3 blocks_for(std::int32_t tasks) { return dim3(static_cast<unsigned>(tasks < 4 * few_blocks ? tasks : 4 * few_blocks)); }

}  // namespace

// ---- launchers ----

void mend_values(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    const dim3 grid(static_cast<unsigned>(stage.operation_end - stage.operation_begin), static_cast<unsigned>(run.rows16 / rows_mended));
    JUICE_LAUNCH_IN_CHAIN(mend_values_kernel, grid, dim3(block_threads), 0, stream, run, stage.operation_begin);
}

void mend_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    const dim3 grid(static_cast<unsigned>(stage.operation_end - stage.operation_begin), static_cast<unsigned>(run.rows16 / rows_mended));
    JUICE_LAUNCH_IN_CHAIN(mend_operand_kernel, grid, dim3(block_threads), 0, stream, run, stage.operation_begin);
}

void slow_elements(const Run& run, cudaStream_t stream) { JUICE_LAUNCH(slow_elements_kernel, blocks_for(run.operation_count * row_tiles(run)), dim3(block_threads), stream, run); }

void slow_parameter_flows(const Run& run, const PlanTotals& totals, cudaStream_t stream) {
    if (totals.node_begin == totals.node_inputs) return;
    JUICE_LAUNCH(slow_parameters_kernel, blocks_for(totals.node_inputs - totals.node_begin), dim3(block_threads), stream, run, totals.node_begin, totals.node_inputs);
}

}  // namespace juice::cuda
