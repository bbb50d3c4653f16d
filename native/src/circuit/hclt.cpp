// Hidden Chow-Liu trees (Liu & Van den Broeck, "Tractable Regularization of Probabilistic Circuits", 2021).
//
// Every variable v of the tree has `latents` hidden states. Its region is the product of v's input and its children's regions; above an inner
// variable's product stands a latents × latents sum, the step to the parent's hidden state. A leaf's region is its input alone.
#include <limits>

#include "circuit/build.h"
#include "circuit/check.h"
#include "common/error.h"

namespace juice {

namespace {

// The variables, children before parents; siblings by index.
class Tree {
public:
    Tree(const std::int32_t* parents, std::int32_t variables)
        : begins_(static_cast<std::size_t>(variables) + 1), children_(static_cast<std::size_t>(variables)) {
        find_root(parents, variables);
        for (std::int32_t v = 0; v < variables; ++v) if (v != root_) ++begins_[static_cast<std::size_t>(parents[v]) + 1];
        for (std::size_t v = 1; v < begins_.size(); ++v) begins_[v] += begins_[v - 1];
        std::vector<std::int32_t> next(begins_.begin(), begins_.end() - 1);
        for (std::int32_t v = 0; v < variables; ++v) {
            if (v != root_) children_[static_cast<std::size_t>(next[static_cast<std::size_t>(parents[v])]++)] = v;
        }
        sort(variables);
    }

    std::int32_t root() const noexcept { return root_; }
    const std::vector<std::int32_t>& order() const noexcept { return order_; }
    std::span<const std::int32_t> children(std::int32_t v) const {
        const auto at = static_cast<std::size_t>(v);
        return {children_.data() + begins_[at], static_cast<std::size_t>(begins_[at + 1] - begins_[at])};
    }

private:
    void find_root(const std::int32_t* parents, std::int32_t variables) {
        for (std::int32_t v = 0; v < variables; ++v) {
            if (parents[v] < -1 || parents[v] >= variables) {
                fail(JUICE_ERROR_ARGUMENT, "parents[%d] is %d, and must be a variable, 0 to %d, or -1 at the root", v, parents[v], variables - 1);
            }
            if (parents[v] != -1) continue;
            if (root_ != -1) fail(JUICE_ERROR_ARGUMENT, "parents[%d] and parents[%d] are both -1, and a tree has one root", root_, v);
            root_ = v;
        }
        if (root_ == -1) fail(JUICE_ERROR_ARGUMENT, "none of the parents is -1, and a tree has one root");
    }

    // Depth first from the root with siblings last to first, read backwards.
    void sort(std::int32_t variables) {
        std::vector<std::int32_t> open{root_};
        std::vector<bool> reached(static_cast<std::size_t>(variables));
        while (!open.empty()) {
            const std::int32_t v = open.back();
            open.pop_back();
            order_.push_back(v);
            reached[static_cast<std::size_t>(v)] = true;
            for (const std::int32_t child : children(v)) open.push_back(child);
        }
        for (std::int32_t v = 0; v < variables; ++v) {
            if (reached[static_cast<std::size_t>(v)]) continue;
            fail(JUICE_ERROR_ARGUMENT, "parents[%d] does not lead to the root, variable %d, but into a cycle", v, root_);
        }
        order_ = {order_.rbegin(), order_.rend()};
    }

    std::int32_t root_ = -1;
    std::vector<std::int32_t> begins_, children_, order_;
};

class HcltBuilder {
public:
    explicit HcltBuilder(const juice_hclt_options& options) : options_(options), tree_(options.parents, options.variables) {}

    CircuitParts build() {
        std::vector<std::int32_t> region(static_cast<std::size_t>(options_.variables));     // the vector that stands for a variable's region
        for (const std::int32_t v : tree_.order()) {
            std::int32_t top = add_input(v);
            if (const auto children = tree_.children(v); !children.empty()) {
                Vector product{.type = NodeType::Product, .node_blocks = 1, .block_size = options_.latents, .children = {top}};
                for (const std::int32_t child : children) product.children.push_back(region[static_cast<std::size_t>(child)]);
                top = add(std::move(product));
                if (v != tree_.root()) top = add_sum(top, options_.latents);
            }
            if (v == tree_.root()) top = add_sum(top, 1);
            region[static_cast<std::size_t>(v)] = top;
        }
        parts_.variables = options_.variables;
        parts_.root = region[static_cast<std::size_t>(tree_.root())];
        return std::move(parts_);
    }

private:
    std::int32_t add(Vector vector) {
        parts_.vectors.push_back(std::move(vector));
        return static_cast<std::int32_t>(parts_.vectors.size()) - 1;
    }

    std::int32_t add_input(std::int32_t v) {
        const juice_distribution& d = options_.distributions[v];
        const Distribution distribution{static_cast<DistributionType>(d.type), d.count, d.low, d.high};
        return add({.type = NodeType::Input, .node_blocks = 1, .block_size = options_.latents, .variable = v, .distribution = distribution});
    }

    std::int32_t add_sum(std::int32_t child, std::int64_t nodes) {
        return add({.type = NodeType::Sum, .node_blocks = 1, .block_size = nodes, .children = {child}});
    }

    const juice_hclt_options& options_;
    Tree tree_;
    CircuitParts parts_;
};

void check_options(const juice_hclt_options& options) {
    constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max() / 3;     // three vectors a variable at most
    if (options.variables < 1 || options.variables > most) fail(JUICE_ERROR_ARGUMENT, "variables is %d, and must be 1 to %d", options.variables, most);
    if (options.latents < 1) fail(JUICE_ERROR_ARGUMENT, "latents is %d, and must be at least 1", options.latents);
    if (options.parents == nullptr) fail(JUICE_ERROR_ARGUMENT, "parents is NULL");
    if (options.distributions == nullptr) fail(JUICE_ERROR_ARGUMENT, "distributions is NULL");
    for (std::int32_t v = 0; v < options.variables; ++v) {
        const juice_distribution& d = options.distributions[v];
        if (d.type == JUICE_INDICATOR) fail(JUICE_ERROR_ARGUMENT, "distributions[%d] is an indicator, which has nothing to learn", v);
        const std::string fault = distribution_fault({static_cast<DistributionType>(d.type), d.count, d.low, d.high});
        if (!fault.empty()) fail(JUICE_ERROR_ARGUMENT, "distributions[%d]: %s", v, fault.c_str());
    }
}

}  // namespace

std::shared_ptr<const Circuit> hclt(const juice_hclt_options& options) {
    check_options(options);
    return std::make_shared<const Circuit>(HcltBuilder(options).build(), &options.seed);
}

}  // namespace juice
