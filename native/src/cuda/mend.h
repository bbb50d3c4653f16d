// Rows with entries far below their maximum: computed again edge by edge, forward and backward. Few circuits have them.
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
    __syncthreads();
    if (threadIdx.x % panel == 0) tops[threadIdx.x / panel] = x;
    __syncthreads();
    for (int g = 0; g < block_slots; ++g) x = fmaxf(x, tops[g]);
    return x;
}

// Elements of a row as logs, in their place, and back.
__device__ inline void elements_to_logs(const Run& run, std::int32_t o, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    const auto thread = static_cast<int>(threadIdx.x);
    const int groups = static_cast<int>(blockDim.x) / static_cast<int>(panel);
    __syncthreads();
    write_logs(run, operation, row, run.element_exponents[std::int64_t{o} * run.rows16 + row], thread % static_cast<int>(panel), thread / static_cast<int>(panel), groups,
               element_row(run, operation, row));
    __syncthreads();
}
__device__ inline void logs_to_elements(const Run& run, const PlanOperation& operation, std::int64_t row) {
    float* elements = element_row(run, operation, row);
    __syncthreads();
    for (std::int64_t p = threadIdx.x; p < operation.operand_panels * panel; p += blockDim.x) elements[at(run, p)] = exp2f(elements[at(run, p)]);
}

// A low entry is kept as its log while the row is mended: a negative number, which no value is.
__device__ inline void mend_row(const Run& run, std::int32_t o, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    const std::int64_t mark = std::int64_t{o} * run.rows16 + row;
    float* values = value_row(run, operation, row);
    elements_to_logs(run, o, row);
    float top = minus_infinity();
    for (std::int64_t node = threadIdx.x; node < operation.nodes; node += block_threads) {
        float& value = values[at(run, node)];
        if (value >= lowest_value) continue;
        value = node_log(run, operation, node, element_row(run, operation, row));
        top = fmaxf(top, value);
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

// The marked ones of 32 rows, one bit each.
__device__ inline unsigned marked_rows(const Run& run, const std::uint8_t* marks, std::int32_t o, std::int64_t first_row) {
    const std::int64_t row = first_row + threadIdx.x % mend_rows;
    return __ballot_sync(~0u, row < run.rows16 && marks[std::int64_t{o} * run.rows16 + row] != 0);
}

// work(row) for the marked ones from `begin`, a multiple of 32, to before `end`.
template <class Work>
__device__ void for_each_marked(const Run& run, const std::uint8_t* marks, std::int32_t o, std::int64_t begin, std::int64_t end, Work work) {
    for (std::int64_t first = begin; first < end; first += mend_rows)
        for (unsigned rows = marked_rows(run, marks, o, first); rows; rows &= rows - 1) work(first + __ffs(static_cast<int>(rows)) - 1);
}

// Element flows of a row, edge by edge.
__device__ inline void slow_operand_row(const Run& run, std::int32_t o, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    elements_to_logs(run, o, row);
    const float* logs = element_row(run, operation, row);
    float* flows = flow_row(run, operation, row);
    for (std::int64_t node = 0; node < operation.nodes; ++node) {
        const SlowEntry entry = slow_entry(run, o, node, row);
        if (entry.flow == 0) continue;
        for_each_edge(run, operation, node, static_cast<int>(threadIdx.x), block_threads, [&](std::int64_t position, std::int64_t w) {
            flows[at(run, position)] += slow_part(entry, weights[w], logs[at(run, position)]);
        });
        __syncthreads();        // the next node's edges go to other threads
    }
    logs_to_elements(run, operation, row);
}

// ---- who comes last, of the blocks of an operation and row tile ----

__device__ inline void values_done(const Run& run, std::int32_t o, std::int64_t row_tile, std::int32_t blocks, bool low) {
    if (!must_finish(run.values_done + mark_of(run, o, row_tile), blocks, low)) return;
    for_each_marked(run, run.suspects, o, row_tile * rows_a_tile, (row_tile + 1) * rows_a_tile, [&](std::int64_t row) { mend_row(run, o, row); });
}
__device__ inline void operand_done(const Run& run, std::int32_t o, std::int64_t row_tile, std::int32_t blocks) {
    if (!must_finish(run.operand_done + mark_of(run, o, row_tile), blocks, run.slow_operations[o] != 0)) return;
    for_each_marked(run, run.slow_rows, o, row_tile * rows_a_tile, (row_tile + 1) * rows_a_tile, [&](std::int64_t row) { slow_operand_row(run, o, row); });
}

}  // namespace juice::cuda
