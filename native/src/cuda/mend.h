// Rows with entries far below their maximum: computed again edge by edge, forward and backward, by block_threads threads. Few circuits have them.
#pragma once

#include "cuda/factors.h"
#include "cuda/logs.h"
#include "cuda/counters.h"

namespace juice::cuda {

inline constexpr int mend_rows = 32;    // looked at together

// The largest of all threads' numbers.
__device__ inline float block_max(float x) {
    JUICE_SHARED(float, tops, block_slots);
    x = lane_max(x);
    synchronize_workers();
    if (threadIdx.x % panel == 0) tops[threadIdx.x / panel] = x;
    synchronize_workers();
    for (int g = 0; g < block_slots; ++g) x = fmaxf(x, tops[g]);
    return x;
}

// Elements of a row as logs, in their place, and back.
__device__ inline void elements_to_logs(const Run& run, std::int32_t o, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    const auto thread = static_cast<int>(threadIdx.x);
    synchronize_workers();
    write_logs(run, operation, row, run.element_exponents[std::int64_t{o} * run.rows16 + row], thread % static_cast<int>(panel), thread / static_cast<int>(panel), block_slots,
               element_row(run, operation, row));
    synchronize_workers();
}
__device__ inline void logs_to_elements(const Run& run, const PlanOperation& operation, std::int64_t row) {
    float* elements = element_row(run, operation, row);
    synchronize_workers();
    for (std::int64_t p = threadIdx.x; p < operation.operand_panels * panel; p += block_threads) elements[at(run, p)] = exp2f(elements[at(run, p)]);
}

// A low entry is kept as its log while the row is mended: a negative number, which no value is.
__device__ inline void mend_row(const Run& run, std::int32_t o, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    const std::int64_t mark = std::int64_t{o} * run.rows16 + row;
    float* values = value_row(run, operation, row);
    elements_to_logs(run, o, row);
    float top = minus_infinity();
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % warp_lanes;
    for (std::int64_t first = thread - lane; first < operation.nodes; first += block_threads) {     // 32 nodes a warp, of which the low ones one by one
        const std::int64_t mine = first + lane;
        float value = mine < operation.nodes ? values[at(run, mine)] : lowest_value;
        for (unsigned low = __ballot_sync(~0u, value < lowest_value); low; low &= low - 1) {
            const int k = __ffs(static_cast<int>(low)) - 1;
            const float log = node_log(run, operation, first + k, element_row(run, operation, row));
            if (lane == k) value = log;
            top = fmaxf(top, log);
        }
        if (mine < operation.nodes && value < lowest_value) values[at(run, mine)] = value;
    }
    const bool alive = block_max(top) > minus_infinity();
    top = minus_infinity();
    for (std::int64_t node = threadIdx.x; node < operation.panels * panel; node += block_threads) {
        float& value = values[at(run, node)];
        if (!alive) value = value < 0 ? 0 : value;
        else if (node >= operation.nodes) value = minus_infinity();
        else value = value < 0 ? value : log2f(value);
        top = fmaxf(top, value);
    }
    top = block_max(top);
    if (alive) {
        const float shift = ceilf(top);
        for (std::int64_t node = threadIdx.x; node < operation.panels * panel; node += block_threads) values[at(run, node)] -= shift;
        if (threadIdx.x == 0) {
            run.exponents[mark] += static_cast<std::int32_t>(shift);
            run.log_rows[mark] = 1;
        }
    }
    logs_to_elements(run, operation, row);
}

// work(row) for the marked ones from `begin` to before `end`.
template <class Work>
__device__ void for_each_marked(const Run& run, const std::uint8_t* marks, std::int32_t o, std::int64_t begin, std::int64_t end, Work work) {
    const std::int64_t last = end < run.rows16 ? end : run.rows16;
    for (std::int64_t first = begin; first < last; first += mend_rows) {
        const std::int64_t mine = first + threadIdx.x % mend_rows;
        for (unsigned rows = __ballot_sync(~0u, mine < last && marks[std::int64_t{o} * run.rows16 + mine] != 0); rows; rows &= rows - 1)
            work(first + __ffs(static_cast<int>(rows)) - 1);
    }
}

// Visits the edges of a position to nodes from `first` to before `end`: (node, number of the weight), nodes ascending.
template <class Visit>
__device__ void for_each_edge_of_position(const Run& run, const PlanOperation& operation, std::int64_t position, std::int64_t first, std::int64_t end, Visit visit) {
    if (operation.form == Form::Edges) {
        const std::int32_t* starts = run.maps + operation.edges_by_position;
        const std::int32_t* nodes = starts + operation.operand_panels * panel + 1;
        const std::int32_t* numbers = nodes + operation.edge_count;
        for (auto e = starts[position]; e < starts[position + 1]; ++e)
            if (nodes[e] >= first && nodes[e] < end) visit(nodes[e], numbers[e]);
        return;
    }
    for (auto b = 0; b < operation.block_end - operation.block_begin; ++b) {
        const PlanBlock& block = run.blocks[run.maps[operation.block_by_in + b]];
        const std::int64_t p = position - block.in_panel * panel, out = block.out_panel * panel, nodes = block.out_panels * panel;
        if (p < 0 || p >= block.in_panels * panel) continue;
        const std::int64_t weights = block.weights + p / panel * nodes * panel + p % panel;
        for (std::int64_t node = out > first ? out : first; node < out + nodes && node < end; ++node) visit(node, weights + (node - out) * panel);
    }
}

// Element flows of a row, edge by edge: those of so many nodes at a time, a thread a position.
__device__ inline void slow_operand_row(const Run& run, std::int32_t o, std::int64_t row) {
    constexpr int together = block_threads / 2;         // less shared memory, so that more blocks fit
    JUICE_SHARED(SlowEntry, entries, together);
    const PlanOperation& operation = run.operations[o];
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    elements_to_logs(run, o, row);
    const float* logs = element_row(run, operation, row);
    float* flows = flow_row(run, operation, row);
    for (std::int64_t first = 0; first < operation.nodes; first += together) {
        const std::int64_t end = first + together < operation.nodes ? first + together : operation.nodes, mine = first + threadIdx.x;
        if (mine < end) entries[threadIdx.x] = slow_entry(run, o, mine, row);
        synchronize_workers();
        for (std::int64_t position = threadIdx.x; position < operation.operand_panels * panel; position += block_threads)
            for_each_edge_of_position(run, operation, position, first, end, [&](std::int64_t node, std::int64_t w) {
                if (const SlowEntry& entry = entries[node - first]; entry.flow != 0) flows[at(run, position)] += slow_part(entry, weights[w], logs[at(run, position)]);
            });
        synchronize_workers();
    }
    logs_to_elements(run, operation, row);
}

// ---- who comes last, of the blocks of an operation and row tile ----
//
// Not where the nodes of a sum read different children: some of them may lie far below the rest in most rows, so that a launch of its own mends them.
__device__ inline bool is_mended_apart(const PlanOperation& operation) { return operation.kind == Operation::Sum && operation.form == Form::Blocks; }

__device__ inline void mend_values_of(const Run& run, std::int32_t o, std::int64_t row_tile) {
    for_each_marked(run, run.suspects, o, row_tile * rows_a_tile, (row_tile + 1) * rows_a_tile, [&](std::int64_t row) { mend_row(run, o, row); });
}
__device__ inline void mend_operand_of(const Run& run, std::int32_t o, std::int64_t row_tile) {
    for_each_marked(run, run.slow_rows, o, row_tile * rows_a_tile, (row_tile + 1) * rows_a_tile, [&](std::int64_t row) { slow_operand_row(run, o, row); });
}
__device__ inline void values_done(const Run& run, std::int32_t o, std::int64_t row_tile, std::int32_t blocks, bool low) {
    if (is_mended_apart(run.operations[o])) return;
    if (must_finish(run.values_done + mark_of(run, o, row_tile), blocks, low)) mend_values_of(run, o, row_tile);
}
__device__ inline void operand_done(const Run& run, std::int32_t o, std::int64_t row_tile, std::int32_t blocks) {
    if (is_mended_apart(run.operations[o])) return;
    if (must_finish(run.operand_done + mark_of(run, o, row_tile), blocks, run.slow_operations[o] != 0)) mend_operand_of(run, o, row_tile);
}

}  // namespace juice::cuda
