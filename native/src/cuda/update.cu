// EM of sums from the flow buffer.
#include "cuda/coefficients.h"
#include "cuda/kernels.h"
#include "cuda/logs.h"
#include "cuda/mma.h"

namespace juice::cuda {

namespace {

constexpr int update_threads = 256;     // a node a group of 16 lanes

// 16 nodes of an owner.
__device__ void update_sum_tile(const Run& run, const PlanTile& tile, const Rule& rule) {
    const PlanOwner& owner = run.owners[tile.target];
    const auto thread = static_cast<int>(threadIdx.x);
    const std::int64_t node = tile.panel * panel + thread / panel;
    if (node >= owner.nodes) return;
    float* weights = run.parameters + owner.parameters;
    const float* flows = run.flows + owner.flows;
    Bf16* shadow = owner.shadow >= 0 ? run.weights16 + owner.shadow : nullptr;
    const PlanOperation& operation = run.operations[owner.operation];
    const int lane = thread % static_cast<int>(panel);
    float total = 0;
    for_each_edge(run, operation, node, lane, static_cast<int>(panel), [&](std::int64_t, std::int64_t w) { total += flows[w]; });
    total = lane_sum(total);
    const Em mine = em_of(total, run.counts[owner.first_node + node], step_of(run, owner, node, total, rule), rule);
    for_each_edge(run, operation, node, lane, static_cast<int>(panel), [&](std::int64_t, std::int64_t w) {
        weights[w] = em_weight(weights[w], flows[w], mine);
        if (shadow) shadow[swapped(w)] = to_bf16(weights[w]);
    });
}

__global__ void update_sums_kernel(const Run run, std::int32_t first, std::int32_t end, const EmCoefficients em, const std::uint8_t* touched, Rest rest, const Rule* rule) {
    if (rest == Rest::Blocked && !em.blocked[run.owner_count]) return;
    for (auto t = first + static_cast<std::int32_t>(blockIdx.x); t < end; t += static_cast<std::int32_t>(gridDim.x)) {
        const PlanTile tile = run.tiles[t];
        const PlanOwner& owner = run.owners[tile.target];
        if (owner.kind != OwnerKind::Sum || (touched && !touched[tile.target])) continue;
        if (rest != Rest::All && updates_in_place(owner) && !em.blocked[tile.target]) continue;
        update_sum_tile(run, tile, *rule);
    }
}

__global__ void rule_kernel(Rule* to, const Rule rule) {
    if (threadIdx.x == 0) *to = rule;
}

__global__ void shadow_kernel(const float* weights, Bf16* shadow, std::int64_t count) {
    const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i < count) shadow[swapped(i)] = to_bf16(weights[i]);
}

__global__ void clear_kernel(float4* to, std::int64_t count) {
    begin_early();
    const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i < count) to[i] = make_float4(0, 0, 0, 0);
}

__global__ void add_kernel(float* to, const float* from, std::int64_t count) {
    const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i < count) to[i] += from[i];
}

}  // namespace

// ---- launchers ----

void update_sums(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const std::uint8_t* touched, Rest rest, const Rule* rule, cudaStream_t stream) {
    const auto tiles = totals.node_inputs - totals.node_begin, blocks = rest == Rest::Blocked && tiles > few_blocks ? few_blocks : tiles;
    if (tiles == 0) return;
    JUICE_LAUNCH(update_sums_kernel, dim3(static_cast<unsigned>(blocks)), dim3(update_threads), stream, run, totals.node_begin, totals.node_inputs, em, touched, rest, rule);
}

void shadow_weights(const Run& run, const PlanOwner& owner, cudaStream_t stream) {
    JUICE_LAUNCH(shadow_kernel, dim3(static_cast<unsigned>((owner.parameter_count + 255) / 256)), dim3(256), stream, run.parameters + owner.parameters,
                 run.weights16 + owner.shadow, owner.parameter_count);
}

void set_rule(Rule* to, const Rule& rule, cudaStream_t stream) { JUICE_LAUNCH(rule_kernel, dim3(1), dim3(32), stream, to, rule); }

void clear_bytes(void* to, std::int64_t count, cudaStream_t stream) {
    const std::int64_t pieces = count / static_cast<std::int64_t>(sizeof(float4));
    if (pieces > 0) JUICE_LAUNCH(clear_kernel, dim3(static_cast<unsigned>((pieces + 255) / 256)), dim3(256), stream, static_cast<float4*>(to), pieces);
}

void add_floats(float* to, const float* from, std::int64_t count, cudaStream_t stream) {
    JUICE_LAUNCH(add_kernel, dim3(static_cast<unsigned>((count + 255) / 256)), dim3(256), stream, to, from, count);
}

}  // namespace juice::cuda
