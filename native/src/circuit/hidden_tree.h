// Trees over variables as circuits: every variable has hidden states, and these form the tree.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "circuit/assembly.h"

namespace juice {

// A rooted tree from its parents, -1 at the root; anything else is an Error(JUICE_ERROR_ARGUMENT) that names the entry of `parents`.
class RootedTree {
public:
    // `names`: what a variable is called in an error, where the parents are those of a part of the variables; empty: its number.
    explicit RootedTree(std::span<const std::int32_t> parents, std::span<const std::int32_t> names = {});

    std::int32_t root() const noexcept { return root_; }
    // Children before parents; siblings by index.
    const std::vector<std::int32_t>& order() const noexcept { return order_; }
    std::span<const std::int32_t> children(std::int32_t v) const {
        const auto at = static_cast<std::size_t>(v);
        return {children_.data() + begins_[at], static_cast<std::size_t>(begins_[at + 1] - begins_[at])};
    }

private:
    std::int32_t name(std::int32_t v) const { return names_.empty() ? v : names_[static_cast<std::size_t>(v)]; }
    void find_root(std::span<const std::int32_t> parents);
    void sort();

    std::span<const std::int32_t> names_;
    std::int32_t root_ = -1;
    std::vector<std::int32_t> begins_, children_, order_;
};

// Adds the tree but for the root's sum; returns what that sum reads: the root's product, or the one variable's input. A variable's region is
// the product of its input and its children's regions; above an inner variable's product stands a latents × latents sum, the step to the parent's
// hidden state. A leaf's region is its input alone.
std::int32_t add_hidden_tree(Assembly& assembly, const RootedTree& tree, Shape latents, const std::function<std::int32_t(std::int32_t)>& input);

}  // namespace juice
