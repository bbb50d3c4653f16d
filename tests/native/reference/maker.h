// Circuits by hand: adds vectors one after another, keeps their parameters and edges, and makes the circuit.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "circuit/circuit.h"
#include "reference/random.h"

namespace juice {

class Maker {
public:
    explicit Maker(std::int32_t variables) { parts_.variables = variables; }

    // Parameters in the file's layout; empty for an indicator.
    std::int32_t input(std::int32_t variable, const Distribution& distribution, std::int64_t node_blocks, std::int64_t block_size,
                       std::vector<float> parameters);
    std::int32_t tied_input(std::int32_t variable, std::int32_t owner);
    // `edges` empty: the implied wiring.
    std::int32_t product(std::vector<std::int32_t> children, std::int64_t node_blocks, std::vector<std::int32_t> edges = {},
                         bool node_wiring = false);
    std::int32_t sum(std::vector<std::int32_t> children, std::int64_t node_blocks, std::int64_t block_size, std::vector<float> weights,
                     std::vector<std::int32_t> edges = {});
    std::int32_t tied_sum(std::vector<std::int32_t> children, std::int32_t owner);

    const Vector& operator[](std::int32_t id) const { return parts_.vectors[static_cast<std::size_t>(id)]; }
    std::int32_t size() const { return static_cast<std::int32_t>(parts_.vectors.size()); }
    // Blocks of all children together.
    std::int64_t child_blocks(const std::vector<std::int32_t>& children) const;

    std::shared_ptr<const Circuit> make(std::int32_t root);

private:
    template <typename T>
    std::span<const T> keep(std::vector<T> values);
    std::int32_t add(Vector vector);

    CircuitParts parts_;
};

// Random weights for a sum of this wiring (edges empty: dense): every node's add up to 1. With `zeros`, some are exactly 0, never all of a
// node's. A larger `contrast` makes them more uneven.
std::vector<float> random_weights(Random& random, std::int64_t node_blocks, std::int64_t block_size, std::int64_t child_blocks,
                                  std::int64_t child_block_size, const std::vector<std::int32_t>& edges, bool zeros, double contrast);
// Random parameters for `nodes` input nodes.
std::vector<float> random_inputs(Random& random, const Distribution& distribution, std::int64_t nodes, bool zeros);

}  // namespace juice
