// Anonymous values for tests: random valid circuits and plausible rows for them. The same for one seed, on every platform.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "circuit/circuit.h"
#include "reference/table.h"

namespace juice::Some {

struct CircuitOptions {
    std::int32_t min_variables = 1, max_variables = 8;
    std::vector<std::int64_t> block_sizes = {1, 2, 3, 5, 16, 32};
    std::int64_t max_blocks = 3;
    std::vector<DistributionType> distributions = {DistributionType::Categorical, DistributionType::Bernoulli, DistributionType::Binomial,
                                                   DistributionType::Gaussian, DistributionType::DiscreteLogistic, DistributionType::Indicator};
    std::int64_t max_categories = 6;
    std::int64_t max_roots = 3;
    bool any_root = true;       // a product or an input may be the root
    bool zeros = true;          // structural zeros, in some circuits
    double tie = 0.3;           // the chance that a vector is tied where an owner fits
    double share = 0.3;         // the chance that a region is used again
};

// Random decompositions: sums over products, inputs and sums, products of products, dense and block-sparse, implied, block and node wiring.
std::shared_ptr<const Circuit> circuit(std::uint64_t seed, const CircuitOptions& options = {});

// Rows drawn from the circuit's own distribution, a fifth of the entries from anywhere in the domain instead, so that some rows are unlikely
// or impossible. With missing > 0 that fraction of entries is missing, and row 0 wholly.
Table rows(const Circuit& circuit, std::int64_t count, std::uint64_t seed, double missing = 0, double wild = 0.2);
// Every row of the joint domain, which must be finite and small.
Table every_row(const Circuit& circuit);
std::vector<float> weights(std::int64_t count, std::uint64_t seed);

enum class Transition { Random, Identity, NearDiagonal };       // near-diagonal: a band, exact zeros elsewhere

struct HmmOptions {
    std::int32_t length = 10;
    std::int64_t states = 3;
    Transition transition = Transition::Random;
    std::int32_t categories = 0;        // 0: sharp Gaussians, means 5 apart, deviation 0.3
    bool tied = false;                  // otherwise every step has its own parameters
    std::uint64_t seed = 1;
};
std::shared_ptr<const Circuit> hmm(const HmmOptions& options);

// Hidden Chow-Liu tree over a random tree.
std::shared_ptr<const Circuit> hclt(std::int32_t variables, std::int32_t latents, std::int32_t categories, std::uint64_t seed);
std::shared_ptr<const Circuit> hclt(const std::vector<Distribution>& distributions, std::int32_t latents, std::uint64_t seed);

}  // namespace juice::Some
