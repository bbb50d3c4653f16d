// Expectation maximisation (conformance/README.md gives the formulas).
#pragma once

#include "cuda/numbers.h"

namespace juice::cuda {

// weight' = weight · keep + flow · gain + share on a node's non-zero entries.
struct Em {
    float keep, gain, share;
};
__device__ inline Em em_of(float total, float count, float step, const Rule& rule) {
    // Less than a normal float is no flow: its reciprocal would leave the range.
    if (!(total + rule.pseudocount >= least_weight) || count <= 0) return {1, 0, 0};
    const float gain = step / (total + rule.pseudocount);
    return {1 - step, gain, gain * rule.pseudocount / count};
}
// The step size of an owner's node. Anemone: what its flow moves, of all that it weighs.
__device__ inline float step_of(const Run& run, const PlanOwner& owner, std::int64_t node, float total, const Rule& rule) {
    if (rule.optimizer != JUICE_ANEMONE) return rule.step;
    const float moved = rule.step * (total + rule.pseudocount);
    return moved > 0 ? moved / (moved + (1 - rule.step) * rule.mass * run.owner_reach[owner.first_node + node]) : 0;
}
__device__ inline float em_weight(float weight, float flow, const Em& em) {
    return weight != 0 ? fmaxf(fmaf(weight, em.keep, fmaf(flow, em.gain, em.share)), least_weight) : 0;
}

// Success probabilities of Bernoulli and binomial nodes; exact 0 and 1 stay.
__device__ inline float em_success(float p, float failures, float successes, float step, const Rule& rule) {
    const float total = failures + successes + rule.pseudocount;
    if (!(total > 0) || p == 0 || p == 1) return p;
    const float next = (1 - step) * p + step * (successes + rule.pseudocount / 2) / total;
    return fminf(next, 1.0f);       // rounding must not take it above
}
// A Bernoulli node's table.
__device__ inline void update_success(const Run& run, const PlanOwner& owner, std::int64_t node, float failures, float successes, const Rule& rule) {
    float* failure = run.parameters + owner.parameters + node;
    float* success = failure + owner.panels * panel;
    *success = em_success(*success, failures, successes, step_of(run, owner, node, failures + successes, rule), rule);
    *failure = 1 - *success;
}

}  // namespace juice::cuda
