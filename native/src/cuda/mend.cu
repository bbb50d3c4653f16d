// What is left of slow rows after the stages: their parameter flows. Kernels look at marks and end.
#include "cuda/kernels.h"
#include "cuda/mend.h"

namespace juice::cuda {

namespace {

// Elements of all slow rows, as logs for good: parameter flows are the last to read them.
__global__ void slow_elements_kernel(const Run run) {
    if (!run.slow_operations[run.operation_count]) return;
    for (auto o = static_cast<std::int32_t>(blockIdx.x); o < run.operation_count; o += static_cast<std::int32_t>(gridDim.x)) {
        if (run.operations[o].kind != Operation::Sum || !run.slow_operations[o]) continue;
        for_each_marked(run, run.slow_rows, o, 0, run.rows16, [&](std::int64_t row) { elements_to_logs(run, o, row); });
    }
}

// A thread block has a panel of an owner's nodes at a time, so that the parts of a weight's flow are added up in one order.
__device__ void slow_parameters_tile(const Run& run, const PlanTile& tile) {
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind != OwnerKind::Sum) return;
    const float* weights = run.parameters + owner.parameters;
    float* flows = run.flows + owner.flows;
    for (auto use = owner.use_begin; use < owner.use_end; ++use) {
        const std::int32_t o = run.uses[use];
        if (!run.slow_operations[o]) continue;
        const PlanOperation& operation = run.operations[o];
        for (std::int64_t row = 0; row < run.rows; ++row) {
            if (!run.slow_rows[std::int64_t{o} * run.rows16 + row]) continue;
            const float* logs = element_row(run, operation, row);
            for (std::int64_t node = tile.panel * panel; node < (tile.panel + 1) * panel && node < operation.nodes; ++node) {
                const SlowEntry entry = slow_entry(run, o, node, row);
                if (entry.flow == 0) continue;
                for_each_edge(run, operation, node, static_cast<int>(threadIdx.x), block_threads, [&](std::int64_t position, std::int64_t w) {
                    flows[w] += slow_part(entry, weights[w], logs[at(run, position)]);
                });
            }
        }
        __syncthreads();            // another use may list the edges in another order
    }
}

__global__ void slow_parameters_kernel(const Run run, std::int32_t first, std::int32_t end) {
    if (!run.slow_operations[run.operation_count]) return;
    for (auto t = first + static_cast<std::int32_t>(blockIdx.x); t < end; t += static_cast<std::int32_t>(gridDim.x)) slow_parameters_tile(run, run.tiles[t]);
}

}  // namespace

// ---- launchers ----

void slow_parameter_flows(const Run& run, const PlanTotals& totals, cudaStream_t stream) {
    const auto blocks = [](std::int32_t most) { return dim3(static_cast<unsigned>(most < few_blocks ? most : few_blocks)); };
    JUICE_LAUNCH(slow_elements_kernel, blocks(run.operation_count), dim3(block_threads), stream, run);
    JUICE_LAUNCH(slow_parameters_kernel, blocks(totals.node_end - totals.node_begin), dim3(block_threads), stream, run, totals.node_begin, totals.node_end);
}

}  // namespace juice::cuda
