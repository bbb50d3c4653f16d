// Expectation maximisation (conformance/README.md gives the formulas).
#pragma once

#include "cuda/numbers.h"

namespace juice::cuda {

// weight' = weight · keep + flow · gain + share on a node's non-zero entries.
struct Em {
    float keep, gain, share;
};
__device__ inline Em em_of(float total, float count, const Rule& rule) {
    // Less than a normal float is no flow: its reciprocal would leave the range.
    if (!(total + rule.pseudocount >= least_weight) || count <= 0) return {1, 0, 0};
    const float gain = rule.step / (total + rule.pseudocount);
    return {1 - rule.step, gain, gain * rule.pseudocount / count};
}
__device__ inline float em_weight(float weight, float flow, const Em& em) {
    return weight != 0 ? fmaxf(fmaf(weight, em.keep, fmaf(flow, em.gain, em.share)), least_weight) : 0;
}

// Success probabilities of Bernoulli and binomial nodes; exact 0 and 1 stay.
__device__ inline float em_success(float p, float failures, float successes, const Rule& rule) {
    const float total = failures + successes + rule.pseudocount;
    if (!(total > 0) || p == 0 || p == 1) return p;
    const float next = (1 - rule.step) * p + rule.step * (successes + rule.pseudocount / 2) / total;
    return fminf(next, 1.0f);       // rounding must not take it above
}

}  // namespace juice::cuda
