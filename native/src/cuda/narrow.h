// Sums of at most four nodes, a circuit's root above all: a tile of 64 by 64 would be empty but for a line, and go over its steps one after the other. With the
// digits of float32, like other sums in blocks (sums.cu).
#pragma once

#include "cuda/coefficients.h"
#include "cuda/counters.h"

namespace juice::cuda {

__device__ inline bool is_narrow(const PlanOperation& operation) { return operation.nodes <= narrow_nodes; }

// A tile of values: four threads a row, of which each has four positions of every panel, once the kernel before is done. Whether one of the thread's values is low.
template <bool maximise>
__device__ bool narrow_values(const Run& run, const PlanTile& tile, std::int64_t first_row) {
    const PlanOperation& operation = run.operations[tile.target];
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % 4 * 4;
    const std::int64_t row = first_row + thread / 4;
    float sums[narrow_nodes] = {};
    const float* elements = element_row(run, operation, row) + lane;
    wait_for_earlier();
    for (auto b = tile.begin; row < run.rows16 && b < tile.end; ++b) {
        const PlanBlock& block = run.blocks[b];
        const float *x = elements + block.in_panel * run.stride, *w = weights + block.weights + lane;
#pragma unroll 4
        for (std::int32_t q = 0; q < block.in_panels; ++q, x += run.stride, w += block.out_panels * panel * panel) {
            const float4 four = load4(x);
#pragma unroll
            for (int n = 0; n < narrow_nodes; ++n) {
                const float4 weight = load4(w + n * panel);
                if constexpr (maximise) sums[n] = fmaxf(sums[n], fmaxf(fmaxf(four.x * weight.x, four.y * weight.y), fmaxf(four.z * weight.z, four.w * weight.w)));
                else sums[n] = fmaf(four.x, weight.x, fmaf(four.y, weight.y, fmaf(four.z, weight.z, fmaf(four.w, weight.w, sums[n]))));
            }
        }
    }
#pragma unroll
    for (int n = 0; n < narrow_nodes; ++n)
#pragma unroll
        for (int d = 1; d < 4; d *= 2) {
            const float other = __shfl_xor_sync(~0u, sums[n], d);
            sums[n] = maximise ? fmaxf(sums[n], other) : sums[n] + other;
        }
    if (row >= run.rows16) return false;
    store4(value_row(run, operation, row) + lane, lane == 0 ? make_float4(sums[0], sums[1], sums[2], sums[3]) : make_float4(0, 0, 0, 0));
    bool low = false;
    for (int n = 0; n < narrow_nodes; ++n) low = low || (lane == 0 && n < operation.nodes && sums[n] < lowest_value);
    if (low) run.suspects[std::int64_t{tile.target} * run.rows16 + row] = 1;
    return low;
}

// Σ_row gradients[row, node] · elements[row, position] for a tile's positions, a panel of them, over all operations that share the weights: a thread has a position and
// every 16th row. keep(position of the panel, node, sum) for all nodes of the panel, by the first threads.
template <class Keep>
__device__ void narrow_parameters(const Run& run, const PlanTile& tile, Keep keep) {
    constexpr int columns = static_cast<int>(panel), slices = block_threads / columns, ahead = 8;
    JUICE_SHARED(float4, parts, block_threads);
    const PlanOwner& owner = run.owners[tile.target];
    const PlanBlock& block = run.blocks[tile.begin];
    const auto thread = static_cast<int>(threadIdx.x), column = thread % columns, slice = thread / columns;
    const std::int64_t position = (block.in_panel + tile.in_panel) * run.stride + column;
    float4 sum = make_float4(0, 0, 0, 0);
    for (auto use = owner.use_begin; use < owner.use_end; ++use) {
        const PlanOperation& operation = run.operations[run.uses[use]];
        const float *gradients = gradient_row(run, operation, 0), *elements = element_row(run, operation, 0) + position;
        for (std::int64_t first = slice; first < run.rows16; first += ahead * slices) {
            float4 gradient[ahead];
            float element[ahead];
#pragma unroll
            for (int k = 0; k < ahead; ++k) {
                const std::int64_t row = first + k * slices;
                gradient[k] = row < run.rows16 ? load4(gradients + row * panel) : make_float4(0, 0, 0, 0);
                element[k] = row < run.rows16 ? elements[row * panel] : 0;
            }
#pragma unroll
            for (int k = 0; k < ahead; ++k) {
                sum.x = fmaf(gradient[k].x, element[k], sum.x);
                sum.y = fmaf(gradient[k].y, element[k], sum.y);
                sum.z = fmaf(gradient[k].z, element[k], sum.z);
                sum.w = fmaf(gradient[k].w, element[k], sum.w);
            }
        }
    }
    parts[thread] = sum;
    __syncthreads();
    if (slice > 0) return;
    for (int s = 1; s < slices; ++s) sum = add4(sum, parts[s * columns + column]);
    const float sums[narrow_nodes] = {sum.x, sum.y, sum.z, sum.w};
    for (int n = 0; n < panel; ++n) keep(column, n, n < narrow_nodes ? sums[n] : 0.0f);
}

}  // namespace juice::cuda
