// Parameters for skeletons, drawn from a seed.
//
// Vector i draws from stream i of the seed, its float f from word f % 4 of draw f / 4 (Gaussians: node n from draw n), so that the outcome does
// not depend on the number of threads:
// - sum weights and categorical probabilities: (0.37 + 0.63 u)², u uniform in (0, 1), divided by their node's total. The largest is thus about 7
//   times the least: unequal enough that EM tells latents apart from the first step on, and nowhere near 0, from where it would not come back;
// - Bernoulli and binomial: uniform in (0.25, 0.75);
// - Gaussian: mean from N(0, 1), standard deviation 1;
// - discrete logistic: mean uniform in (low, high), scale (high - low) / 8.
#pragma once

#include <cstdint>

#include "circuit/circuit.h"

namespace juice {

// Draws the parameters of every untied vector without any. The parts must have passed check_structure.
void initialize_parameters(CircuitParts& parts, std::uint64_t seed);

}  // namespace juice
