// What builders of structures share: node vectors put together one by one, the checks of common options, and draws.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "circuit/circuit.h"

namespace juice {

struct Shape {
    std::int64_t blocks = 1, size = 1;
    std::int64_t nodes() const noexcept { return blocks * size; }
};

// The parts of a circuit in the making, children first. Every function returns the new vector's id.
class Assembly {
public:
    std::int32_t input(std::int32_t variable, const Distribution& distribution, Shape shape);
    std::int32_t tied_input(std::int32_t variable, std::int32_t owner);
    std::int32_t product(std::vector<std::int32_t> children, Shape shape);      // block by block
    std::int32_t sum(std::vector<std::int32_t> children, Shape shape);          // every block to every block
    std::int32_t sum(std::vector<std::int32_t> children, Shape shape, std::vector<std::int32_t> edges);    // [2, E]
    std::int32_t tied_sum(std::vector<std::int32_t> children, std::int32_t owner);

    // The last vector is the root.
    CircuitParts finish(std::int32_t variables);

private:
    std::int32_t add(Vector vector);

    CircuitParts parts_;
};

// Inputs, one vector a variable, made when they are first asked for; where tied, all of them share the first one's parameters.
class InputVectors {
public:
    InputVectors(Assembly& assembly, const juice_distribution* distributions, std::int32_t variables, Shape shape, bool tied)
        : assembly_(assembly), distributions_(distributions), ids_(static_cast<std::size_t>(variables), -1), shape_(shape), tied_(tied) {}

    std::int32_t operator()(std::int32_t variable);

private:
    Assembly& assembly_;
    const juice_distribution* distributions_;
    std::vector<std::int32_t> ids_;
    Shape shape_;
    bool tied_;
    std::int32_t owner_ = -1;
};

// Options that every family has. Each fault is an Error(JUICE_ERROR_ARGUMENT) that names the option, its value and the rule.
void check_option(std::int64_t value, std::int64_t low, std::int64_t high, const char* name);
void check_switch(std::int32_t value, const char* name);
void check_widths(std::int32_t latents, std::int32_t roots);
void check_variables(std::int32_t variables);
// `alike`: why all must be equal, or NULL where they need not be.
void check_distributions(const juice_distribution* distributions, std::int32_t variables, const char* alike);

Distribution distribution_of(const juice_distribution& d) noexcept;

inline std::int32_t roots_of(std::int32_t roots) noexcept { return roots == 0 ? 1 : roots; }

// 0 … count - 1 in random order; (seed, stream) names it.
std::vector<std::int32_t> random_order(std::int32_t count, std::uint64_t seed, std::uint64_t stream);

}  // namespace juice
