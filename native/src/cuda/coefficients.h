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

// The nodes of an owner whose coefficients a sum's block finds: sums that share weights share them out.
struct OwnNodes {
    std::int64_t begin, end;

    __device__ OwnNodes(const Run& run, const PlanOwner& owner, std::int32_t o) : begin(0), end(owner.panels * panel) {
        const std::int32_t uses = owner.use_end - owner.use_begin;
        if (uses == 1) return;
        JUICE_SHARED(std::int32_t, number, 1);
        for (auto u = static_cast<std::int32_t>(threadIdx.x); u < uses; u += block_threads)
            if (run.uses[owner.use_begin + u] == o) *number = u;
        __syncthreads();
        begin = owner.panels * panel * *number / uses;
        end = owner.panels * panel * (*number + 1) / uses;
    }
};

// Once the kernel before is done, by a block: of a sum that is updated in place, and is wide or not; o is negative where there is none. From the nodes' own flows, added up
// before their edges'. A flow near the end of a float's range loses edges that fall below it: then, and where flows go edge by edge, the update divides by what was
// added up instead.
__device__ inline void find_coefficients(const Run& run, std::int32_t o, bool wide, const EmCoefficients& em, const Rule* rule_at) {
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
    const OwnNodes mine(run, owner, o);
    const std::int32_t row_parts = row_tiles(run);
    for (std::int64_t i = mine.begin + threadIdx.x; i < mine.end; i += block_threads) {
        float total = 0;
#pragma unroll 4
        for (auto use = owner.use_begin; use < owner.use_end; ++use) {
            const float* parts = run.node_flows + (run.operations[run.uses[use]].train_values + i / panel) * row_parts * panel + i % panel;
            for (std::int32_t part = 0; part < row_parts; ++part) total += parts[part * panel];
        }
        if (total > 0 && total + rule.pseudocount < 1e-28f) block();
        const Em own = em_of(total, run.counts[owner.first_node + i], rule.step, rule);
        em.keep[owner.first_node + i] = own.keep;
        em.gain[owner.first_node + i] = own.gain;
        em.share[owner.first_node + i] = own.share;
    }
}

}  // namespace juice::cuda
