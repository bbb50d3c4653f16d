// Random circuits: a region (a set of variables) is made by sums over random decompositions of it.
#include <algorithm>
#include <map>

#include "reference/maker.h"
#include "reference/some.h"

namespace juice::Some {

namespace {

using Variables = std::vector<std::int32_t>;

class Generator {
public:
    Generator(std::uint64_t seed, const CircuitOptions& options)
        : random_(seed), options_(options),
          sizes_{random_.pick(options.block_sizes), random_.pick(options.block_sizes)},     // two a circuit keep large ones from multiplying
          variables_(static_cast<std::int32_t>(random_.integer(options.min_variables, most_variables()))),
          maker_(variables_) {}

    std::shared_ptr<const Circuit> generate() {
        for (std::int32_t v = 0; v < variables_; ++v) domains_.push_back(random_distribution());
        zeros_ = options_.zeros && random_.chance(0.4);
        contrast_ = random_.chance(0.2) ? 4.0 : 1.0;
        Variables all;
        for (std::int32_t v = 0; v < variables_; ++v) all.push_back(v);

        if (options_.any_root && random_.chance(0.2)) {
            const std::int64_t roots = random_.integer(1, options_.max_roots), k = random_.chance(0.5) ? 1 : roots;
            if (all.size() > 1) return maker_.make(product(all, k, roots / k));
            if (domains_[0].type != DistributionType::Indicator) return maker_.make(input(0, k, roots / k));
        }
        const std::int64_t roots = options_.max_roots > 1 && random_.chance(0.3) ? random_.integer(2, options_.max_roots) : 1;
        const bool in_blocks = random_.chance(0.5);
        return maker_.make(sum(all, in_blocks ? 1 : roots, in_blocks ? roots : 1, 0));
    }

private:
    // Wide blocks only in small circuits: the oracle is slow.
    std::int32_t most_variables() const {
        const bool wide = std::max(sizes_[0], sizes_[1]) >= 16;
        return std::max(options_.min_variables, wide ? std::min(options_.max_variables, 4) : options_.max_variables);
    }

    Distribution random_distribution() {
        Distribution d;
        d.type = random_.pick(options_.distributions);
        switch (d.type) {
            case DistributionType::Categorical:
            case DistributionType::Indicator: d.count = static_cast<std::int32_t>(random_.integer(1, options_.max_categories)); break;
            case DistributionType::Binomial: d.count = static_cast<std::int32_t>(random_.integer(1, options_.max_categories)); break;
            case DistributionType::DiscreteLogistic:
                d.count = static_cast<std::int32_t>(random_.integer(1, options_.max_categories));
                d.low = random_.between(-2, 0);
                d.high = random_.between(0.5, 4);
                break;
            case DistributionType::Bernoulli:
            case DistributionType::Gaussian: break;
        }
        return d;
    }

    // Another distribution with the variable's domain, now and then.
    Distribution distribution_for(std::int32_t variable, std::int64_t block_size) {
        Distribution d = domains_[static_cast<std::size_t>(variable)];
        const std::int64_t domain = d.domain();
        if (d.type != DistributionType::Indicator && !random_.chance(0.2)) return d;
        if (domain == 0) return d;
        if (d.type == DistributionType::Indicator && domain % block_size == 0 && !random_.chance(0.3)) return d;
        Distribution other;
        other.type = domain >= 2 && random_.chance(0.3) ? DistributionType::Binomial : DistributionType::Categorical;
        other.count = static_cast<std::int32_t>(other.type == DistributionType::Binomial ? domain - 1 : domain);
        return other;
    }

    std::int64_t some_blocks(std::int64_t block_size) { return block_size >= 16 ? random_.integer(1, 2) : random_.integer(1, options_.max_blocks); }

    // `node_blocks` 0: any number.
    std::int32_t input(std::int32_t variable, std::int64_t block_size, std::int64_t node_blocks = 0) {
        const Distribution d = distribution_for(variable, block_size);
        const std::int64_t some = node_blocks > 0 ? node_blocks : some_blocks(block_size);
        const std::int64_t blocks = d.type == DistributionType::Indicator ? d.count / block_size : some;
        if (random_.chance(options_.tie))
            for (std::int32_t id = 0; id < maker_.size(); ++id)
                if (const Vector& v = maker_[id]; v.type == NodeType::Input && v.tied_to < 0 && v.distribution == d && v.block_size == block_size)
                    return maker_.tied_input(variable, id);
        return maker_.input(variable, d, blocks, block_size, random_inputs(random_, d, blocks * block_size, zeros_));
    }

    // A vector over a region, of this block size.
    std::int32_t region(const Variables& scope, std::int64_t block_size, int stacked) {
        std::vector<std::int32_t>& known = regions_[{scope, block_size}];
        if (!known.empty() && random_.chance(options_.share)) return random_.pick(known);
        std::int32_t id;
        if (scope.size() == 1 && (stacked > 1 || random_.chance(0.6))) id = input(scope[0], block_size);
        else if (scope.size() > 1 && random_.chance(0.15)) id = product(scope, block_size);
        else id = sum(scope, some_blocks(block_size), block_size, stacked);
        regions_[{scope, block_size}].push_back(id);
        return id;
    }

    // A mixture over one to three children that share the region and one block size.
    std::int32_t sum(const Variables& scope, std::int64_t node_blocks, std::int64_t block_size, int stacked) {
        const std::int64_t k = random_.pick(sizes_);
        std::vector<std::int32_t> children;
        for (std::int64_t c = random_.chance(0.6) ? 1 : random_.integer(2, 3); c > 0; --c) {
            const bool over_product = scope.size() > 1 && (stacked > 1 || random_.chance(0.75));
            const std::int32_t child = over_product ? product(scope, k) : region(scope, k, stacked + 1);
            if (std::find(children.begin(), children.end(), child) == children.end()) children.push_back(child);
        }
        const std::int64_t below = maker_.child_blocks(children);
        if (random_.chance(options_.tie))
            for (std::int32_t id = 0; id < maker_.size(); ++id)
                if (const Vector& v = maker_[id]; v.type == NodeType::Sum && v.tied_to < 0 && v.node_blocks == node_blocks &&
                                                  v.block_size == block_size && v.child_blocks == below && v.child_block_size == k)
                    return maker_.tied_sum(children, id);
        const std::vector<std::int32_t> edges = random_.chance(0.5) ? std::vector<std::int32_t>{} : sparse_edges(node_blocks, below);
        std::vector<float> weights = random_weights(random_, node_blocks, block_size, below, k, edges, zeros_, contrast_);
        return maker_.sum(children, node_blocks, block_size, std::move(weights), edges);
    }

    template <typename T>
    void shuffle(std::vector<T>& items) {
        for (auto i = static_cast<std::int64_t>(items.size()); i > 1; --i)
            std::swap(items[static_cast<std::size_t>(i - 1)], items[static_cast<std::size_t>(random_.below(i))]);
    }

    // Each pair at most once, each sum block at least once, in no order.
    std::vector<std::int32_t> sparse_edges(std::int64_t node_blocks, std::int64_t child_blocks) {
        std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
        for (std::int64_t i = 0; i < node_blocks; ++i) {
            const std::int64_t sure = random_.below(child_blocks);
            for (std::int64_t j = 0; j < child_blocks; ++j)
                if (j == sure || random_.chance(0.5)) pairs.emplace_back(static_cast<std::int32_t>(i), static_cast<std::int32_t>(j));
        }
        if (random_.chance(0.5)) shuffle(pairs);
        std::vector<std::int32_t> edges;
        for (const auto& pair : pairs) edges.push_back(pair.first);
        for (const auto& pair : pairs) edges.push_back(pair.second);
        return edges;
    }

    std::int32_t product(const Variables& scope, std::int64_t block_size, std::int64_t node_blocks = 0) {
        Variables shuffled = scope;
        shuffle(shuffled);
        const auto few = static_cast<std::size_t>(random_.integer(2, 3));
        const std::size_t parts = random_.chance(0.1) ? scope.size() : std::min(scope.size(), few);
        std::vector<Variables> split(parts);
        for (std::size_t i = 0; i < shuffled.size(); ++i)
            split[i < parts ? i : static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(parts)))].push_back(shuffled[i]);
        std::vector<std::int32_t> children;
        for (Variables& part : split) {
            std::sort(part.begin(), part.end());
            children.push_back(region(part, block_size, 0));
        }
        const bool alike = std::all_of(children.begin(), children.end(),
                                       [&](std::int32_t child) { return maker_[child].node_blocks == maker_[children[0]].node_blocks; });
        const std::int64_t implied = maker_[children[0]].node_blocks;
        if (alike && (node_blocks == 0 || node_blocks == implied) && random_.chance(0.6)) return maker_.product(children, implied);
        const std::int64_t blocks = node_blocks > 0 ? node_blocks : some_blocks(block_size);
        const bool node_wiring = block_size > 1 && random_.chance(0.3);
        std::vector<std::int32_t> edges;
        for (std::int64_t line = 0; line < (node_wiring ? blocks * block_size : blocks); ++line)
            for (const std::int32_t child : children)
                edges.push_back(static_cast<std::int32_t>(random_.below(node_wiring ? maker_[child].nodes() : maker_[child].node_blocks)));
        return maker_.product(children, blocks, edges, node_wiring);
    }

    Random random_;
    CircuitOptions options_;
    std::vector<std::int64_t> sizes_;
    std::int32_t variables_;
    Maker maker_;
    std::vector<Distribution> domains_;
    std::map<std::pair<Variables, std::int64_t>, std::vector<std::int32_t>> regions_;
    bool zeros_ = false;
    double contrast_ = 1;
};

}  // namespace

std::shared_ptr<const Circuit> circuit(std::uint64_t seed, const CircuitOptions& options) { return Generator(seed, options).generate(); }

}  // namespace juice::Some
