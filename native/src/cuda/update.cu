// EM of sums: its coefficients for the update in place, and the update from the flow buffer.
#include "cuda/em.h"
#include "cuda/kernels.h"
#include "cuda/logs.h"

namespace juice::cuda {

namespace {

constexpr int update_threads = 256;     // a node a group of 16 lanes

// Can this owner's weights be updated in place, without its flows?
__device__ bool updates_in_place(const PlanOwner& owner) { return owner.kind == OwnerKind::Sum && owner.form != Form::Edges && owner.uses == 1; }

// From the node's own flow, added up before its edges'. A flow near the end of a float's range loses edges that fall below it: then, and where flows
// go edge by edge, the update divides by what was added up instead.
__global__ void em_coefficients_kernel(const Run run, std::int32_t first, std::int32_t end, const EmCoefficients em, const Rule* rule) {
    const std::int32_t t = first + static_cast<std::int32_t>(blockIdx.x * (update_threads / panel) + threadIdx.x / panel);
    if (t >= end) return;
    const PlanTile tile = run.tiles[t];
    const PlanOwner& owner = run.owners[tile.target];
    if (!updates_in_place(owner)) return;
    const PlanOperation& operation = run.operations[owner.operation];
    const std::int64_t lane = threadIdx.x % panel, node = owner.first_node + tile.panel * panel + lane;
    const float* parts = run.node_flows + (operation.train_values + tile.panel) * row_tiles(run) * panel;
    float total = 0;
    for (std::int32_t part = 0; part < row_tiles(run); ++part) total += parts[part * panel + lane];
    if ((total > 0 && total + rule->pseudocount < 1e-28f) || run.slow_operations[owner.operation]) atomicOr(em.blocked + tile.target, 1);
    const Em mine = em_of(total, run.counts[node], *rule);
    em.keep[node] = mine.keep;
    em.gain[node] = mine.gain;
    em.share[node] = mine.share;
}

__global__ void update_sums_kernel(const Run run, std::int32_t first, const EmCoefficients em, const std::uint8_t* touched, bool in_place, const Rule* rule) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind != OwnerKind::Sum || (touched && !touched[tile.target])) return;
    if (in_place && updates_in_place(owner) && !em.blocked[tile.target]) return;
    const auto thread = static_cast<int>(threadIdx.x);
    const std::int64_t node = tile.panel * panel + thread / panel;
    if (node >= owner.nodes) return;
    float* weights = run.parameters + owner.parameters;
    const float* flows = run.flows + owner.flows;
    const PlanOperation& operation = run.operations[owner.operation];
    const int lane = thread % static_cast<int>(panel);
    float total = 0;
    for_each_edge(run, operation, node, lane, static_cast<int>(panel), [&](std::int64_t, std::int64_t w) { total += flows[w]; });
    const Em mine = em_of(lane_sum(total), run.counts[owner.first_node + node], *rule);
    for_each_edge(run, operation, node, lane, static_cast<int>(panel), [&](std::int64_t, std::int64_t w) { weights[w] = em_weight(weights[w], flows[w], mine); });
}

__global__ void rule_kernel(Rule* to, const Rule rule) {
    if (threadIdx.x == 0) *to = rule;
}

__global__ void add_kernel(float* to, const float* from, std::int64_t count) {
    const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i < count) to[i] += from[i];
}

}  // namespace

// ---- launchers ----

void em_coefficients(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const Rule* rule, cudaStream_t stream) {
    constexpr std::int32_t at_once = update_threads / panel;
    const auto tiles = totals.node_end - totals.node_begin;
    JUICE_LAUNCH(em_coefficients_kernel, dim3(static_cast<unsigned>((tiles + at_once - 1) / at_once)), dim3(update_threads), stream, run, totals.node_begin, totals.node_end, em, rule);
}

void update_sums(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const std::uint8_t* touched, bool in_place, const Rule* rule, cudaStream_t stream) {
    JUICE_LAUNCH(update_sums_kernel, dim3(static_cast<unsigned>(totals.node_end - totals.node_begin)), dim3(update_threads), stream, run, totals.node_begin, em, touched,
                 in_place, rule);
}

void set_rule(Rule* to, const Rule& rule, cudaStream_t stream) { JUICE_LAUNCH(rule_kernel, dim3(1), dim3(32), stream, to, rule); }

void add_floats(float* to, const float* from, std::int64_t count, cudaStream_t stream) {
    JUICE_LAUNCH(add_kernel, dim3(static_cast<unsigned>((count + 255) / 256)), dim3(256), stream, to, from, count);
}

}  // namespace juice::cuda
