// Sums worked out edge by edge from the logs of a row's elements: what lies so far below its row's maximum that products of floats would lose it.
#pragma once

#include "cuda/flows.h"

namespace juice::cuda {

struct EdgeList {
    const std::int32_t *starts, *positions, *weights;
};
__device__ inline EdgeList edges_of(const Run& run, const PlanOperation& operation) {
    const std::int32_t* starts = run.maps + operation.edges;
    return {starts, starts + operation.nodes + 1, starts + operation.nodes + 1 + operation.edge_count};
}

// Visits the edges of a node: (position, number of the weight). Part `part` of `parts` of them.
template <class Visit>
__device__ void for_each_edge(const Run& run, const PlanOperation& operation, std::int64_t node, int part, int parts, Visit visit) {
    if (operation.form == Form::Edges) {
        const EdgeList edges = edges_of(run, operation);
        for (auto e = edges.starts[node] + part; e < edges.starts[node + 1]; e += parts) visit(edges.positions[e], edges.weights[e]);
        return;
    }
    for (auto b = operation.block_begin; b < operation.block_end; ++b) {
        const PlanBlock& block = run.blocks[b];
        const std::int64_t i = node - block.out_panel * panel;
        if (i < 0 || i >= block.out_panels * panel) continue;
        for (std::int64_t p = part; p < block.in_panels * panel; p += parts)
            visit(block.in_panel * panel + p, block.weights + (p / panel * block.out_panels * panel + i) * panel + p % panel);
    }
}

// log2 Σ (or max) over the node's own non-zero edges, by a warp. Weights enter as logs, too: they may span what a float spans.
__device__ inline float node_log(const Run& run, const PlanOperation& operation, std::int64_t node, const float* logs) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const auto lane = static_cast<int>(threadIdx.x) % warp_lanes;
    float top = minus_infinity();
    for_each_edge(run, operation, node, lane, warp_lanes, [&](std::int64_t position, std::int64_t w) {
        if (weights[w] != 0) top = fmaxf(top, logs[at(run, position)] + log2f(weights[w]));
    });
    top = warp_max(top);
    if (run.maximise || top == minus_infinity()) return top;
    float sum = 0;
    for_each_edge(run, operation, node, lane, warp_lanes, [&](std::int64_t position, std::int64_t w) {
        if (weights[w] != 0) sum += exp2f(logs[at(run, position)] + log2f(weights[w]) - top);
    });
    return log2f(warp_sum(sum)) + top;
}

// The flow and log of an entry whose flow goes edge by edge; a flow of 0 where it does not.
struct SlowEntry {
    float flow, log;
};
__device__ inline SlowEntry slow_entry(const Run& run, std::int32_t o, std::int64_t node, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    const std::int64_t mark = std::int64_t{o} * run.rows16 + row;
    const float log = value_row(run, operation, row)[at(run, node)] + static_cast<float>(run.exponents[mark] - run.element_exponents[mark]);
    if (!(log > minus_infinity()) || log >= lowest_log) return {0, log};
    return {own_flow(run, o, node / panel, static_cast<int>(node % panel), row), log};
}

// What an edge passes of such a flow: flow · weight · 2^(log of the element − log of the value).
__device__ inline float slow_part(const SlowEntry& entry, float weight, float element_log) {
    return entry.flow * (weight * exp2f(fminf(element_log - entry.log, 126.0f)));
}

}  // namespace juice::cuda
