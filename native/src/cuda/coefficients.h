// EM of sums in place: its coefficients, from the nodes' own flows.
#pragma once

#include "cuda/em.h"
#include "cuda/kernels.h"
#include "cuda/counters.h"

namespace juice::cuda {

// Can this owner's weights be updated in place, without its flows?
__host__ __device__ inline bool updates_in_place(const PlanOwner& owner) { return owner.kind == OwnerKind::Sum && owner.form != Form::Edges && owner.uses == 1; }

// Is EM applied to this owner's weights at once?
__device__ inline bool updates_at_once(const PlanOwner& owner, std::int32_t number, const EmCoefficients& em, const Pass& pass) {
    return pass.in_place && updates_in_place(owner) && !em.blocked[number];
}

// Once the kernel before is done, by a block: of a sum that is updated in place; o is negative where there is none. From the nodes' own flows, added up before their edges'. A flow
// near the end of a float's range loses edges that fall below it: then, and where flows go edge by edge, the update divides by what was added up instead.
__device__ inline void find_coefficients(const Run& run, std::int32_t o, const EmCoefficients& em, const Rule* rule_at) {
    const PlanOperation& operation = run.operations[o < 0 ? 0 : o];
    const bool wanted = o >= 0 && operation.kind == Operation::Sum && updates_in_place(run.owners[operation.owner]);
    const PlanOwner& owner = run.owners[wanted ? operation.owner : 0];
    const Rule rule = wanted ? *rule_at : Rule{};
    wait_for_earlier();
    if (!wanted) return;
    const auto block = [&] {
        atomicOr(em.blocked + operation.owner, 1);
        atomicOr(em.blocked + run.owner_count, 1);
    };
    if (threadIdx.x == 0 && run.slow_operations[o]) block();
    for (std::int64_t i = threadIdx.x; i < operation.panels * panel; i += block_threads) {
        const float* parts = run.node_flows + (operation.train_values + i / panel) * row_tiles(run) * panel;
        float total = 0;
        for (std::int32_t part = 0; part < row_tiles(run); ++part) total += parts[part * panel + i % panel];
        if (total > 0 && total + rule.pseudocount < 1e-28f) block();
        const Em mine = em_of(total, run.counts[owner.first_node + i], rule.step, rule);
        em.keep[owner.first_node + i] = mine.keep;
        em.gain[owner.first_node + i] = mine.gain;
        em.share[owner.first_node + i] = mine.share;
    }
}

}  // namespace juice::cuda
