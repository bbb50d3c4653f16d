// The grid of a Poon-Domingos circuit: axes with split points, and the boxes between them.
#pragma once

#include <cstdint>
#include <vector>

#include "juice/juice.h"

namespace juice {

// From one cut to another on every axis, [2 · axes]: an axis's cuts are 0, its split points and its extent.
using Box = std::vector<std::int32_t>;

class Grid {
public:
    // Throws Error(JUICE_ERROR_ARGUMENT) where shape and split points break a rule.
    explicit Grid(const juice_poon_domingos_options& options);

    std::int32_t variables() const noexcept { return variables_; }
    Box whole() const;
    // The splits of a box in two, axis by axis, from the lower end to the higher.
    std::vector<std::pair<Box, Box>> splits(const Box& box) const;
    // The variables of a box, ascending.
    std::vector<std::int32_t> variables(const Box& box) const;
    // Boxes have the same one where they have the same extents and split points, wherever they lie.
    std::vector<std::int32_t> form(const Box& box) const;

private:
    void add_cuts(const juice_poon_domingos_options& options);
    void check_size() const;

    std::vector<std::vector<std::int32_t>> cuts_;       // by axis
    std::int32_t variables_ = 1;
};

}  // namespace juice
