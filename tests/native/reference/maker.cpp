// Circuits by hand, and random parameters for them.
#include "reference/maker.h"

#include <algorithm>
#include <cmath>

namespace juice {

template <typename T>
std::span<const T> Maker::keep(std::vector<T> values) {
    auto kept = std::make_shared<const std::vector<T>>(std::move(values));
    parts_.storage.push_back(kept);
    return {kept->data(), kept->size()};
}

std::int32_t Maker::add(Vector vector) {
    parts_.vectors.push_back(std::move(vector));
    return size() - 1;
}

std::int64_t Maker::child_blocks(const std::vector<std::int32_t>& children) const {
    std::int64_t blocks = 0;
    for (const std::int32_t child : children) blocks += (*this)[child].node_blocks;
    return blocks;
}

std::int32_t Maker::input(std::int32_t variable, const Distribution& distribution, std::int64_t node_blocks, std::int64_t block_size,
                          std::vector<float> parameters) {
    Vector vector;
    vector.type = NodeType::Input;
    vector.node_blocks = node_blocks;
    vector.block_size = block_size;
    vector.variable = variable;
    vector.distribution = distribution;
    vector.parameters = keep(std::move(parameters));
    return add(std::move(vector));
}

std::int32_t Maker::tied_input(std::int32_t variable, std::int32_t owner) {
    Vector vector = (*this)[owner];
    vector.variable = variable;
    vector.parameters = {};
    vector.tied_to = owner;
    return add(std::move(vector));
}

std::int32_t Maker::product(std::vector<std::int32_t> children, std::int64_t node_blocks, std::vector<std::int32_t> edges, bool node_wiring) {
    Vector vector;
    vector.type = NodeType::Product;
    vector.node_blocks = node_blocks;
    vector.block_size = (*this)[children[0]].block_size;
    vector.wired = !edges.empty();
    vector.node_wiring = node_wiring;
    vector.edges = keep(std::move(edges));
    vector.children = std::move(children);
    return add(std::move(vector));
}

std::int32_t Maker::sum(std::vector<std::int32_t> children, std::int64_t node_blocks, std::int64_t block_size, std::vector<float> weights,
                        std::vector<std::int32_t> edges) {
    Vector vector;
    vector.type = NodeType::Sum;
    vector.node_blocks = node_blocks;
    vector.block_size = block_size;
    vector.child_block_size = (*this)[children[0]].block_size;
    vector.child_blocks = child_blocks(children);
    vector.wired = !edges.empty();
    vector.edge_count = vector.wired ? static_cast<std::int64_t>(edges.size() / 2) : node_blocks * vector.child_blocks;
    vector.edges = keep(std::move(edges));
    vector.parameters = keep(std::move(weights));
    vector.children = std::move(children);
    return add(std::move(vector));
}

std::int32_t Maker::tied_sum(std::vector<std::int32_t> children, std::int32_t owner) {
    Vector vector = (*this)[owner];
    vector.children = std::move(children);
    vector.wired = false;       // the owner's wiring is meant
    vector.edges = {};
    vector.parameters = {};
    vector.tied_to = owner;
    return add(std::move(vector));
}

std::shared_ptr<const Circuit> Maker::make(std::int32_t root) {
    parts_.root = root;
    return std::make_shared<const Circuit>(parts_);
}

namespace {

// Fills the entries of one distribution, given by position.
void draw_simplex(Random& random, std::vector<float>& into, const std::vector<std::size_t>& entries, bool zeros, double contrast) {
    std::vector<double> drawn;
    double total = 0;
    const std::size_t kept = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(entries.size())));
    for (std::size_t i = 0; i < entries.size(); ++i) {
        drawn.push_back(zeros && i != kept && random.chance(0.4) ? 0.0 : std::exp(contrast * random.normal()));
        total += drawn.back();
    }
    for (std::size_t i = 0; i < entries.size(); ++i) into[entries[i]] = static_cast<float>(drawn[i] / total);
}

}  // namespace

std::vector<float> random_weights(Random& random, std::int64_t node_blocks, std::int64_t block_size, std::int64_t child_blocks,
                                  std::int64_t child_block_size, const std::vector<std::int32_t>& edges, bool zeros, double contrast) {
    const std::int64_t count = edges.empty() ? node_blocks * child_blocks : static_cast<std::int64_t>(edges.size() / 2);
    std::vector<std::vector<std::size_t>> entries(static_cast<std::size_t>(node_blocks * block_size));
    for (std::int64_t e = 0; e < count; ++e) {
        const std::int64_t block = edges.empty() ? e / child_blocks : edges[static_cast<std::size_t>(e)];
        for (std::int64_t a = 0; a < block_size; ++a)
            for (std::int64_t c = 0; c < child_block_size; ++c)
                entries[static_cast<std::size_t>(block * block_size + a)].push_back(
                    static_cast<std::size_t>((e * block_size + a) * child_block_size + c));
    }
    std::vector<float> weights(static_cast<std::size_t>(count * block_size * child_block_size));
    for (const std::vector<std::size_t>& of_node : entries) draw_simplex(random, weights, of_node, zeros, contrast);
    return weights;
}

std::vector<float> random_inputs(Random& random, const Distribution& distribution, std::int64_t nodes, bool zeros) {
    const auto per_node = static_cast<std::size_t>(distribution.parameters_per_node());
    std::vector<float> parameters(static_cast<std::size_t>(nodes) * per_node);
    for (std::size_t n = 0; n < static_cast<std::size_t>(nodes); ++n) {
        float* theta = parameters.data() + n * per_node;
        switch (distribution.type) {
            case DistributionType::Categorical: {
                std::vector<std::size_t> entries;
                for (std::size_t k = 0; k < per_node; ++k) entries.push_back(n * per_node + k);
                draw_simplex(random, parameters, entries, zeros, 1.0);
                break;
            }
            case DistributionType::Bernoulli:
            case DistributionType::Binomial:
                theta[0] = static_cast<float>(random.between(0.05, 0.95));
                if (zeros && random.chance(0.1)) theta[0] = random.chance(0.5) ? 0.0f : 1.0f;
                break;
            case DistributionType::Gaussian:
                theta[0] = static_cast<float>(3 * random.normal());
                theta[1] = static_cast<float>(random.between(0.3, 2.0));
                break;
            case DistributionType::DiscreteLogistic: {
                const double range = distribution.high - distribution.low;
                theta[0] = static_cast<float>(random.between(distribution.low, distribution.high));
                theta[1] = static_cast<float>(std::max(0.02, range * random.between(0.03, 0.3)));
                break;
            }
            case DistributionType::Indicator: break;
        }
    }
    return parameters;
}

}  // namespace juice
