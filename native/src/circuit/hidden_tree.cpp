#include "circuit/hidden_tree.h"

#include <utility>

#include "common/error.h"

namespace juice {

RootedTree::RootedTree(std::span<const std::int32_t> parents, std::span<const std::int32_t> names)
    : names_(names), begins_(parents.size() + 1), children_(parents.size()) {
    find_root(parents);
    const auto variables = static_cast<std::int32_t>(parents.size());
    const auto parent = [&](std::int32_t v) { return static_cast<std::size_t>(parents[static_cast<std::size_t>(v)]); };
    for (std::int32_t v = 0; v < variables; ++v) if (v != root_) ++begins_[parent(v) + 1];
    for (std::size_t v = 1; v < begins_.size(); ++v) begins_[v] += begins_[v - 1];
    std::vector<std::int32_t> next(begins_.begin(), begins_.end() - 1);
    for (std::int32_t v = 0; v < variables; ++v) if (v != root_) children_[static_cast<std::size_t>(next[parent(v)]++)] = v;
    sort();
}

void RootedTree::find_root(std::span<const std::int32_t> parents) {
    const auto variables = static_cast<std::int32_t>(parents.size());
    for (std::int32_t v = 0; v < variables; ++v) {
        const std::int32_t parent = parents[static_cast<std::size_t>(v)];
        if (parent < -1 || parent >= variables) {
            fail(JUICE_ERROR_ARGUMENT, "parents[%d] is %d, and must be a variable, 0 to %d, or -1 at the root", v, parent, variables - 1);
        }
        if (parent != -1) continue;
        if (root_ != -1) fail(JUICE_ERROR_ARGUMENT, "parents[%d] and parents[%d] are both -1, and a tree has one root", name(root_), name(v));
        root_ = v;
    }
    if (root_ == -1) fail(JUICE_ERROR_ARGUMENT, "none of the parents is -1, and a tree has one root");
}

// Depth first from the root with siblings last to first, read backwards.
void RootedTree::sort() {
    const auto variables = static_cast<std::int32_t>(children_.size());
    std::vector<std::int32_t> open{root_};
    std::vector<bool> reached(children_.size());
    while (!open.empty()) {
        const std::int32_t v = open.back();
        open.pop_back();
        order_.push_back(v);
        reached[static_cast<std::size_t>(v)] = true;
        for (const std::int32_t child : children(v)) open.push_back(child);
    }
    for (std::int32_t v = 0; v < variables; ++v) {
        if (reached[static_cast<std::size_t>(v)]) continue;
        fail(JUICE_ERROR_ARGUMENT, "parents[%d] does not lead to the root, variable %d, but into a cycle", name(v), name(root_));
    }
    order_ = {order_.rbegin(), order_.rend()};
}

std::int32_t add_hidden_tree(Assembly& assembly, const RootedTree& tree, Shape latents, const std::function<std::int32_t(std::int32_t)>& input) {
    std::vector<std::int32_t> region(tree.order().size());      // the vector that stands for a variable's region
    for (const std::int32_t v : tree.order()) {
        std::int32_t top = input(v);
        if (const auto children = tree.children(v); !children.empty()) {
            std::vector<std::int32_t> factors{top};
            for (const std::int32_t child : children) factors.push_back(region[static_cast<std::size_t>(child)]);
            top = assembly.product(std::move(factors), latents);
            if (v != tree.root()) top = assembly.sum({top}, latents);
        }
        region[static_cast<std::size_t>(v)] = top;
    }
    return region[static_cast<std::size_t>(tree.root())];
}

}  // namespace juice
