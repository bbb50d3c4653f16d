// Top-down probabilities: how often a sample of the circuit passes a node, by which Anemone weighs its steps. Every root is as likely as the others.
#include "cuda/counters.h"
#include "cuda/kernels.h"
#include "cuda/logs.h"

namespace juice::cuda {

namespace {

// What one reader's elements pass to node (q, lane) of their source.
__device__ float reader_reach(const Run& run, const PlanReader& reader, std::int64_t q, int lane) {
    const float* from = run.reach + run.operations[reader.operation].sums + reader.first_panel * panel;
    if (reader.mapping == Mapping::Identity) return from[q * panel + lane];
    const bool by_panel = reader.mapping == Mapping::Panels;
    const std::int64_t keys = reader.inverse_keys, key = by_panel ? q : q * panel + lane;
    const std::int32_t* starts = run.maps + reader.inverse;
    const std::int32_t* readers = starts + keys + 1;
    float sum = 0;
    for (auto k = starts[key]; k < starts[key + 1]; ++k) sum += from[by_panel ? readers[k] * panel + lane : readers[k]];
    return sum;
}

// ---- kernels ----

// A block of 16 threads has a panel of an operation.
__global__ void node_reach_kernel(const Run run, std::int32_t first) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOperation& operation = run.operations[tile.target];
    const auto lane = static_cast<int>(threadIdx.x);
    const std::int64_t node = tile.panel * panel + lane;
    float own = 0;
    if (node < operation.nodes) {
        if (tile.target == run.root) own = 1 / static_cast<float>(run.roots);
        for (auto r = operation.reader_begin; tile.target != run.root && r < operation.reader_end; ++r) own += reader_reach(run, run.readers[r], tile.panel, lane);
    }
    run.node_reach[operation.train_values * panel + node] = own;
    if (operation.kind != Operation::Sum) run.reach[operation.sums + node] = own;
}

// A block has a panel of a sum's operand: slots share out the nodes that read it.
__global__ void element_reach_kernel(const Run run, std::int32_t first) {
    JUICE_SHARED(float, parts, block_threads);
    const PlanOperation& operation = run.operations[run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)]];
    const auto q = static_cast<std::int32_t>(blockIdx.y);
    if (operation.kind != Operation::Sum || q >= operation.operand_panels) return;
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel), slot = thread / static_cast<int>(panel);
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const float* own = run.node_reach + operation.train_values * panel;
    float sum = 0;
    if (operation.form == Form::Edges) {
        const std::int64_t position = q * panel + lane;
        const std::int32_t* starts = run.maps + operation.edges_by_position;
        const std::int32_t* nodes = starts + operation.operand_panels * panel + 1;
        const std::int32_t* numbers = nodes + operation.edge_count;
        for (auto e = starts[position] + slot; e < starts[position + 1]; e += block_slots) sum += weights[numbers[e]] * own[nodes[e]];
    } else {
        for (auto b = operation.block_begin; b < operation.block_end; ++b) {
            const PlanBlock& block = run.blocks[run.maps[operation.block_by_in + (b - operation.block_begin)]];
            if (q < block.in_panel || q >= block.in_panel + block.in_panels) continue;
            const std::int64_t nodes = block.out_panels * panel;
            const float* w = weights + block.weights + (q - block.in_panel) * nodes * panel + lane;
            for (std::int64_t i = slot; i < nodes; i += block_slots) sum += own[block.out_panel * panel + i] * w[i * panel];
        }
    }
    parts[thread] = sum;
    __syncthreads();
    if (thread >= panel) return;
    float total = 0;
    for (int s = 0; s < block_slots; ++s) total += parts[s * panel + lane];
    run.reach[operation.sums + q * panel + lane] = total;
}

// A block of 16 threads has a panel of an owner: all its uses together.
__global__ void owner_reach_kernel(const Run run, std::int32_t first) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    const auto lane = static_cast<int>(threadIdx.x);
    float sum = 0;
    if (owner.kind == OwnerKind::Sum)
        for (auto use = owner.use_begin; use < owner.use_end; ++use) sum += run.node_reach[(run.operations[run.uses[use]].train_values + tile.panel) * panel + lane];
    else
        for (auto r = owner.reader_begin; r < owner.reader_end; ++r) sum += reader_reach(run, run.readers[r], tile.panel, lane);
    run.owner_reach[owner.first_node + tile.panel * panel + lane] = tile.panel * panel + lane < owner.nodes ? sum : 0;
}

}  // namespace

// ---- launchers ----

void stage_reach(const Run& run, const PlanStage& stage, std::int32_t widest, cudaStream_t stream) {
    JUICE_LAUNCH(node_reach_kernel, dim3(static_cast<unsigned>(stage.panel_end - stage.panel_begin)), dim3(static_cast<unsigned>(panel)), stream, run, stage.panel_begin);
    if (widest == 0) return;
    JUICE_LAUNCH(element_reach_kernel, dim3(static_cast<unsigned>(stage.operation_end - stage.operation_begin), static_cast<unsigned>(widest)), dim3(block_threads), stream, run,
                 stage.operation_begin);
}

void owner_reach(const Run& run, const PlanTotals& totals, cudaStream_t stream) {
    JUICE_LAUNCH(owner_reach_kernel, dim3(static_cast<unsigned>(totals.node_end - totals.node_begin)), dim3(static_cast<unsigned>(panel)), stream, run, totals.node_begin);
}

}  // namespace juice::cuda
