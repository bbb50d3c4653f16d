// EM of sums in place: its coefficients, from the nodes' own flows.
#pragma once

#include "cuda/em.h"
#include "cuda/kernels.h"
#include "cuda/counters.h"

namespace juice::cuda {

// Can this owner's weights be updated in place, without its flows?
__host__ __device__ inline bool updates_in_place(const PlanOwner& owner) { return owner.kind == OwnerKind::Sum && owner.form != Form::Edges; }

// Is EM applied to this owner's weights at once?
__device__ inline bool updates_at_once(const PlanOwner& owner, std::int32_t number, const EmCoefficients& em, const Pass& pass) {
    return pass.in_place && updates_in_place(owner) && !em.blocked[number];
}

// What has flowed through a sum's node.
__device__ inline float own_flow(const Run& run, const PlanOperation& operation, std::int64_t node) {
    const float* parts = run.node_flows + (operation.train_values + node / panel) * row_tiles(run) * panel + node % panel;
    float total = 0;
    for (std::int32_t part = 0; part < row_tiles(run); ++part) total += parts[part * panel];
    return total;
}

// keep(node, total) for share `share` of the nodes of sums that share their weights, of `shares` that each of the sums has. 16 threads a node, each with every 16th sum.
template <class Keep>
__device__ void add_up_uses(const Run& run, const PlanOwner& owner, std::int32_t o, int share, int shares, Keep keep) {
    JUICE_SHARED(std::int32_t, number, 1);
    JUICE_SHARED(float, parts, 2 * block_threads);
    const std::int32_t uses = owner.use_end - owner.use_begin;
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel), slot = thread / static_cast<int>(panel);
    for (std::int32_t u = thread; u < uses; u += block_threads)
        if (run.uses[owner.use_begin + u] == o) *number = u;
    __syncthreads();
    const std::int32_t mine = *number * shares + share, all = uses * shares;
    const auto end = static_cast<std::int32_t>(std::int64_t{owner.panels} * (mine + 1) / all);
    bool odd = false;
    for (auto p = static_cast<std::int32_t>(std::int64_t{owner.panels} * mine / all); p < end; ++p, odd = !odd) {
        float total = 0;
        for (std::int32_t u = slot; u < uses; u += block_slots) total += own_flow(run, run.operations[run.uses[owner.use_begin + u]], p * panel + lane);
        float* const place = parts + (odd ? block_threads : 0);         // those of the panel before may still be read
        place[thread] = total;
        __syncthreads();
        if (slot > 0) continue;
        for (int s = 1; s < block_slots; ++s) total += place[s * panel + lane];
        keep(p * panel + lane, total);
    }
}

// Once the kernel before is done, by a block, or several that share out the nodes of sums with the same weights: of a sum that is updated in place, and is wide or not; o
// is negative where there is none. From the nodes' own flows, added up
// before their edges'. A flow near the end of a float's range loses edges that fall below it: then, and where flows go edge by edge, the update divides by what was
// added up instead.
__device__ inline void find_coefficients(const Run& run, std::int32_t o, bool wide, const EmCoefficients& em, const Rule* rule_at, int share = 0, int shares = 1) {
    const PlanOperation& operation = run.operations[o < 0 ? 0 : o];
    const bool wanted = o >= 0 && operation.kind == Operation::Sum && (operation.wide != 0) == wide && updates_in_place(run.owners[operation.owner]);
    const PlanOwner& owner = run.owners[wanted ? operation.owner : 0];
    const Rule rule = wanted ? *rule_at : Rule{};
    wait_for_earlier();
    if (!wanted) return;
    const auto block = [&] {
        atomicOr(em.blocked + operation.owner, 1);
        atomicOr(em.blocked + run.owner_count, 1);
    };
    if (threadIdx.x == 0 && run.slow_operations[o]) block();
    const auto keep = [&](std::int64_t i, float total) {
        if (total > 0 && total + rule.pseudocount < 1e-28f) block();
        const Em own = em_of(total, run.counts[owner.first_node + i], rule.step, rule);
        em.keep[owner.first_node + i] = own.keep;
        em.gain[owner.first_node + i] = own.gain;
        em.share[owner.first_node + i] = own.share;
    };
    if (owner.use_end - owner.use_begin > 1) return add_up_uses(run, owner, o, share, shares, keep);
    if (share > 0) return;
    for (std::int64_t i = threadIdx.x; i < operation.panels * panel; i += block_threads) keep(i, own_flow(run, operation, i));
}

}  // namespace juice::cuda
