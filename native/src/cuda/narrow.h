// Sums of at most four nodes, a circuit's root above all: a tile of 64 by 64 would be empty but for a line, and go over its steps one after the other. With the
// digits of float32, like other sums in blocks (sums.cu).
#pragma once

#include "cuda/coefficients.h"
#include "cuda/counters.h"
#include "cuda/matrix.h"

namespace juice::cuda {

constexpr int narrow_panels_kept = 64;  // of weights
constexpr int narrow_pool_bytes = narrow_panels_kept * narrow_nodes * static_cast<int>(panel) * 4;
constexpr int narrow_slices = 4;        // of few narrow sums alone: their blocks have fewer rows, and more threads a row

__device__ inline bool is_narrow(const PlanOperation& operation) { return operation.nodes <= narrow_nodes; }

// A tile of values, of rows_a_tile / slices rows: four threads a row and slice, of which each has four positions of every panel, or of one in so many eights of them. Weights are in
// shared memory before the kernel before is done, so many panels at a time, and elements of eight panels are under way at once. Whether one of the thread's values is low.
template <bool maximise, int slices>
__device__ bool narrow_values(const Run& run, const PlanTile& tile, std::int64_t first_row) {
    constexpr int panels_kept = narrow_panels_kept, ahead = 8, fours = narrow_nodes * static_cast<int>(panel) / 4;
    JUICE_POOL(float4, kept, panels_kept * fours);
    const PlanOperation& operation = run.operations[tile.target];
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % 4 * 4, slice = thread / 4 % slices;
    const std::int64_t row = first_row + thread / (4 * slices);
    const std::int32_t nodes = operation.nodes;
    const float* elements = element_row(run, operation, row) + lane;
    float sums[narrow_nodes] = {};
    bool waited = false;
    for (auto b = tile.begin; b < tile.end; ++b) {
        const PlanBlock& block = run.blocks[b];
        const std::int64_t hop = block.out_panels * panel * panel;
        for (std::int32_t first = 0; first < block.in_panels; first += panels_kept) {
            const std::int32_t count = block.in_panels - first < panels_kept ? block.in_panels - first : panels_kept;
            if (waited) __syncthreads();        // the last ones are done with
            for (int i = thread; i < count * fours; i += block_threads) kept[i] = load4(weights + block.weights + (first + i / fours) * hop + i % fours * 4);
            __syncthreads();
            if (!waited) wait_for_earlier();
            waited = true;
            const float* x = elements + (block.in_panel + first + slice * ahead) * run.stride;
            for (std::int32_t q = slice * ahead; q < count; q += slices * ahead, x += slices * ahead * run.stride) {
                float4 four[ahead];
#pragma unroll
                for (int k = 0; k < ahead; ++k) four[k] = row < run.rows16 && q + k < count ? load4(x + k * run.stride) : make_float4(0, 0, 0, 0);
#pragma unroll
                for (int k = 0; k < ahead; ++k) {
                    if (q + k >= count) break;
#pragma unroll
                    for (int n = 0; n < narrow_nodes; ++n) {
                        if (n >= nodes) break;
                        const float4 weight = kept[(q + k) * fours + n * 4 + lane / 4];
                        if constexpr (maximise) sums[n] = fmaxf(sums[n], fmaxf(fmaxf(four[k].x * weight.x, four[k].y * weight.y), fmaxf(four[k].z * weight.z, four[k].w * weight.w)));
                        else sums[n] = fmaf(four[k].x, weight.x, fmaf(four[k].y, weight.y, fmaf(four[k].z, weight.z, fmaf(four[k].w, weight.w, sums[n]))));
                    }
                }
            }
        }
    }
    if (!waited) wait_for_earlier();
#pragma unroll
    for (int n = 0; n < narrow_nodes; ++n)
#pragma unroll
        for (int d = 1; d < 4 * slices; d *= 2) {
            const float other = __shfl_xor_sync(~0u, sums[n], d);
            sums[n] = maximise ? fmaxf(sums[n], other) : sums[n] + other;
        }
    if (row >= run.rows16) return false;
    if (slice == 0) store4(value_row(run, operation, row) + lane, lane == 0 ? make_float4(sums[0], sums[1], sums[2], sums[3]) : make_float4(0, 0, 0, 0));
    bool low = false;
    for (int n = 0; n < narrow_nodes; ++n) low = low || (slice == 0 && lane == 0 && n < operation.nodes && sums[n] < lowest_value);
    if (low) run.suspects[std::int64_t{tile.target} * run.rows16 + row] = 1;
    return low;
}

// A tile of operand flows, element · Σ_node gradients[row, node] · weights[node, position]: four threads a row, of which each has four positions of every panel. The nodes
// are one panel, so that at most a block reads a position.
__device__ inline void narrow_operand_flows(const Run& run, const PlanTile& tile, std::int64_t first_row) {
    const PlanOperation& operation = run.operations[tile.target];
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % 4 * 4;
    const std::int64_t row = first_row + thread / 4, place = operand_place(run, operation, row) + tile.panel * run.stride + lane;
    const bool any = tile.begin < tile.end;
    const PlanBlock& block = run.blocks[any ? run.maps[operation.block_by_in + tile.begin] : 0];
    const std::int64_t hop = block.out_panels * panel * panel;
    const float* weights = run.parameters + run.owners[operation.owner].parameters + block.weights + (tile.panel - block.in_panel) * hop + lane;
    const auto weight_of = [&](int q, int n) { return any && q < tile.panels ? load4(weights + q * hop + n * panel) : make_float4(0, 0, 0, 0); };
    float4 sums[tile_panels], elements[tile_panels];
#pragma unroll
    for (int q = 0; q < tile_panels; ++q) sums[q] = weight_of(q, 0);
    wait_for_earlier();
    if (row >= run.rows16) return;
    const float4 own = load4(gradient_row(run, operation, row));
    const float gradients[narrow_nodes] = {own.x, own.y, own.z, own.w};
#pragma unroll
    for (int q = 0; q < tile_panels; ++q) elements[q] = q < tile.panels ? load4(run.elements + place + q * run.stride) : make_float4(0, 0, 0, 0);
#pragma unroll
    for (int q = 0; q < tile_panels; ++q) {
        float4 sum = make_float4(sums[q].x * gradients[0], sums[q].y * gradients[0], sums[q].z * gradients[0], sums[q].w * gradients[0]);
#pragma unroll
        for (int n = 1; n < narrow_nodes; ++n) {
            if (n >= operation.nodes) break;
            const float4 weight = weight_of(q, n);
            sum = make_float4(fmaf(gradients[n], weight.x, sum.x), fmaf(gradients[n], weight.y, sum.y), fmaf(gradients[n], weight.z, sum.z), fmaf(gradients[n], weight.w, sum.w));
        }
        if (q < tile.panels)
            store4(run.element_flows + place + q * run.stride, make_float4(sum.x * elements[q].x, sum.y * elements[q].y, sum.z * elements[q].z, sum.w * elements[q].w));
    }
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
