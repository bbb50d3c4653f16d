// Sums over single edges: truly sparse wiring.
#include "cuda/kernels.h"
#include "cuda/mend.h"

namespace juice::cuda {

namespace {

// 16 rows of an operation, a row a group of 16 lanes.
__global__ void edge_values_kernel(const Run run, std::int32_t first) {
    begin_early();
    wait_for_earlier();
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    const std::int64_t row = std::int64_t{blockIdx.y} * rows_a_part + thread / panel;
    const PlanOperation& operation = run.operations[o];
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const float* elements = element_row(run, operation, row);
    const EdgeList edges = edges_of(run, operation);
    bool low = false;
    for (std::int64_t q = 0; q < operation.panels; ++q) {
        const std::int64_t node = q * panel + lane;
        float sum = 0;
        if (node < operation.nodes) {
            for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) {
                const float term = weights[edges.weights[e]] * elements[at(run, edges.positions[e])];
                sum = run.maximise ? fmaxf(sum, term) : sum + term;
            }
            low = low || sum < lowest_value;
        }
        value_row(run, operation, row)[q * run.stride + lane] = sum;
    }
    if (low) run.suspects[std::int64_t{o} * run.rows16 + row] = 1;
    values_done(run, o, blockIdx.y / (rows_a_tile / rows_a_part), parts_of(run, blockIdx.y / (rows_a_tile / rows_a_part)), low);
}

__global__ void edge_operand_kernel(const Run run, std::int32_t first) {
    begin_early();
    wait_for_earlier();
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    const std::int64_t row = std::int64_t{blockIdx.y} * rows_a_part + thread / panel;
    const PlanOperation& operation = run.operations[o];
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const float* gradients = gradient_row(run, operation, row);
    const std::int64_t positions = operation.operand_panels * panel;
    const std::int32_t* starts = run.maps + operation.edges_by_position;
    const std::int32_t* nodes = starts + positions + 1;
    const std::int32_t* numbers = nodes + operation.edge_count;
    for (std::int64_t position = lane; position < positions; position += panel) {
        float sum = 0;
        for (auto e = starts[position]; e < starts[position + 1]; ++e) sum += weights[numbers[e]] * gradients[at(run, nodes[e])];
        flow_row(run, operation, row)[at(run, position)] = sum * element_row(run, operation, row)[at(run, position)];
    }
    operand_done(run, o, blockIdx.y / (rows_a_tile / rows_a_part), parts_of(run, blockIdx.y / (rows_a_tile / rows_a_part)));
}

// A thread block has a panel of an owner's nodes; 16 lanes add up an edge's rows.
__global__ void edge_parameters_kernel(const Run run, std::int32_t first, const Pass pass) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind != OwnerKind::Sum || owner.form != Form::Edges) return;
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    const float* weights = run.parameters + owner.parameters;
    float* flows = run.flows + owner.flows;
    for (auto use = owner.use_begin; use < owner.use_end; ++use) {
        const PlanOperation& operation = run.operations[run.uses[use]];
        const EdgeList edges = edges_of(run, operation);
        for (std::int64_t node = tile.panel * panel; node < (tile.panel + 1) * panel && node < operation.nodes; ++node)
            for (auto e = edges.starts[node] + thread / static_cast<int>(panel); e < edges.starts[node + 1]; e += block_slots) {
                float total = 0;
                for (std::int64_t row = lane; row < run.rows; row += panel)
                    total += gradient_row(run, operation, row)[at(run, node)] * element_row(run, operation, row)[at(run, edges.positions[e])];
                total = lane_sum(total) * weights[edges.weights[e]];
                if (lane == 0) flows[edges.weights[e]] = (pass.add || use > owner.use_begin ? flows[edges.weights[e]] : 0.0f) + total;
            }
        __syncthreads();            // another use may list the edges in another order
    }
}

dim3 edges_by_rows(const PlanStage& stage, const Run& run) {
    return dim3(static_cast<unsigned>(stage.edges_end - stage.edges_begin), static_cast<unsigned>(run.rows16 / rows_a_part));
}

}  // namespace

// ---- launchers ----

void edge_values(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    if (stage.edges_begin == stage.edges_end) return;
    JUICE_LAUNCH_IN_CHAIN(edge_values_kernel, edges_by_rows(stage, run), dim3(block_threads), 0, stream, run, stage.edges_begin);
}

void edge_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    if (stage.edges_begin == stage.edges_end) return;
    JUICE_LAUNCH_IN_CHAIN(edge_operand_kernel, edges_by_rows(stage, run), dim3(block_threads), 0, stream, run, stage.edges_begin);
}

void edge_parameter_flows(const Run& run, const PlanTotals& totals, const Pass& pass, cudaStream_t stream) {
    JUICE_LAUNCH(edge_parameters_kernel, dim3(static_cast<unsigned>(totals.node_inputs - totals.node_begin)), dim3(block_threads), stream, run, totals.node_begin, pass);
}

}  // namespace juice::cuda
