// Circuits over a grid (Poon & Domingos, "Sum-Product Networks: A New Deep Architecture", 2011).
//
// A region is a box between split points. Each of its splits in two is a product, node by node, and its sum reads them all, or so many drawn for
// each sum block that no split is read by none. A region without split points is a cell: its inputs, pairs of neighbours and at last all of it are
// mixed, each block within itself; or it is a hidden tree. A cell of one variable is its input.
#include <algorithm>
#include <map>

#include "circuit/build.h"
#include "circuit/grid.h"
#include "circuit/hidden_tree.h"
#include "common/error.h"

namespace juice {

namespace {

constexpr std::uint64_t split_stream = 0x6470ull << 32;      // "pd" + the region; streams of parameters are vector ids, below 2^31
constexpr std::int32_t usual_block = 32;

Shape shape_of(const juice_poon_domingos_options& options) {
    std::int32_t size = options.block_size;
    if (size == 0) {
        for (size = std::min(usual_block, options.latents); options.latents % size != 0;) --size;
    } else if (size < 0 || options.latents % size != 0) {
        fail(JUICE_ERROR_ARGUMENT, "block_size is %d, and must divide latents, %d, or be 0", size, options.latents);
    }
    return {options.latents / size, size};
}

const juice_poon_domingos_options& checked(const juice_poon_domingos_options& options) {
    check_widths(options.latents, options.roots);
    if (options.most_splits < 0) fail(JUICE_ERROR_ARGUMENT, "most_splits is %d, and must be at least 1, or 0 for all", options.most_splits);
    check_switch(options.product_dominated, "product_dominated");
    check_switch(options.tied, "tied");
    if (options.tied == 1 && options.parents != nullptr) {
        fail(JUICE_ERROR_ARGUMENT, "tied is 1 and parents are given, and cells of different trees cannot share parameters");
    }
    return options;
}

class PoonDomingosBuilder {
public:
    explicit PoonDomingosBuilder(const juice_poon_domingos_options& options)
        : options_(checked(options)), grid_(options), latents_(shape_of(options)),
          inputs_(assembly_, options.distributions, grid_.variables(), latents_, options.tied == 1) {
        check_distributions(options.distributions, grid_.variables(), options.tied == 1 ? "tied inputs have one distribution" : nullptr);
    }

    CircuitParts build() {
        whole_ = grid_.whole();
        assembly_.sum(region(whole_).operands, {1, roots_of(options_.roots)});
        return assembly_.finish(grid_.variables());
    }

private:
    // What a region's sum reads, and how: no edges for every block.
    struct Region {
        std::vector<std::int32_t> operands, edges;
        bool single = false;            // of one variable, whose input it reads
        std::int32_t sum = -1;
    };
    // Boxes of one form, where these are tied; otherwise every box is of its own.
    struct Form {
        std::uint64_t number;
        std::int32_t owner = -1;        // the sum that the others are tied to
    };

    Form& form(const Box& box) {
        const auto key = options_.tied == 1 ? grid_.form(box) : box;
        return forms_.try_emplace(key, Form{forms_.size()}).first->second;
    }

    const Region& region(const Box& box) {
        if (const auto known = regions_.find(box); known != regions_.end()) return known->second;
        Region made;
        if (auto splits = grid_.splits(box); splits.empty()) {
            made = options_.parents != nullptr ? tree(box) : cell(box);
        } else {
            const auto count = static_cast<std::int32_t>(splits.size());
            std::vector<std::vector<std::int32_t>> read;        // by sum block: the splits that it reads
            if (options_.most_splits > 0 && count > options_.most_splits && box != whole_) read = draw(count, form(box).number);
            std::vector<std::int32_t> place(splits.size(), read.empty() ? 0 : -1);
            for (const auto& block : read) for (const std::int32_t split : block) place[static_cast<std::size_t>(split)] = 0;
            for (std::size_t split = 0; split < splits.size(); ++split) {
                if (place[split] < 0) continue;
                place[split] = static_cast<std::int32_t>(made.operands.size());
                const std::int32_t lower = sum(splits[split].first), upper = sum(splits[split].second);
                made.operands.push_back(assembly_.product({lower, upper}, latents_));
            }
            made.edges = edges(read, place);
        }
        return regions_.emplace(box, std::move(made)).first->second;
    }

    // For every sum block as many splits as it may read: dealt from one shuffled deck, round and round, so that all are read as evenly as can be.
    std::vector<std::vector<std::int32_t>> draw(std::int32_t count, std::uint64_t number) const {
        const auto deck = random_order(count, options_.seed, split_stream + number);
        std::vector<std::vector<std::int32_t>> read(static_cast<std::size_t>(latents_.blocks));
        std::size_t next = 0;
        for (auto& block : read) {
            for (std::int32_t i = 0; i < options_.most_splits; ++i, next = (next + 1) % deck.size()) block.push_back(deck[next]);
            std::sort(block.begin(), block.end());
        }
        return read;
    }

    std::vector<std::int32_t> edges(const std::vector<std::vector<std::int32_t>>& read, const std::vector<std::int32_t>& place) const {
        std::vector<std::int32_t> own, theirs;
        const auto blocks = static_cast<std::int32_t>(latents_.blocks);
        for (std::size_t i = 0; i < read.size(); ++i) {
            for (const std::int32_t split : read[i]) {
                for (std::int32_t j = 0; j < blocks; ++j) {
                    own.push_back(static_cast<std::int32_t>(i));
                    theirs.push_back(place[static_cast<std::size_t>(split)] * blocks + j);
                }
            }
        }
        own.insert(own.end(), theirs.begin(), theirs.end());
        return own;
    }

    // The sum of a region; where products dominate, another one for every product that asks. A mixture of one variable's inputs would be another
    // input: a single variable has none.
    std::int32_t sum(const Box& box) {
        const Region& read = region(box);
        if (read.single) return read.operands[0];
        if (read.sum >= 0 && options_.product_dominated == 0) return read.sum;
        Form& shared = form(box);
        const std::int32_t made = options_.tied == 1 && shared.owner >= 0 ? assembly_.tied_sum(read.operands, shared.owner)
                                  : read.edges.empty()                   ? assembly_.sum(read.operands, latents_)
                                                                         : assembly_.sum(read.operands, latents_, read.edges);
        if (shared.owner < 0) shared.owner = made;
        regions_.at(box).sum = made;
        return made;
    }

    Region cell(const Box& box) {
        std::vector<std::int32_t> parts = grid_.variables(box);
        for (std::int32_t& part : parts) part = inputs_(part);
        if (parts.size() == 1) return {std::move(parts), {}, true};
        for (std::int32_t& part : parts) part = mix(part, input_owner_);
        const std::size_t step = parts.size() > 2 ? 2 : 1;
        std::vector<std::int32_t> factors;
        for (std::size_t i = 0; i < parts.size(); i += step) {
            const bool pair = step == 2 && i + 1 < parts.size();
            factors.push_back(pair ? mix(assembly_.product({parts[i], parts[i + 1]}, latents_), pair_owner_) : parts[i]);
        }
        return {{assembly_.product(std::move(factors), latents_)}, diagonal()};
    }

    // Every block within itself.
    std::int32_t mix(std::int32_t part, std::int32_t& owner) {
        const std::int32_t made = options_.tied == 1 && owner >= 0 ? assembly_.tied_sum({part}, owner) : assembly_.sum({part}, latents_, diagonal());
        if (owner < 0) owner = made;
        return made;
    }

    std::vector<std::int32_t> diagonal() const {
        std::vector<std::int32_t> edges;
        for (int row = 0; row < 2; ++row)
            for (std::int32_t block = 0; block < latents_.blocks; ++block) edges.push_back(block);
        return edges;
    }

    Region tree(const Box& box) {
        const std::vector<std::int32_t> variables = grid_.variables(box);
        std::vector<std::int32_t> parents;
        for (const std::int32_t v : variables) {
            const std::int32_t parent = options_.parents[v];
            const auto place = std::lower_bound(variables.begin(), variables.end(), parent);
            if (parent != -1 && (place == variables.end() || *place != parent)) {
                fail(JUICE_ERROR_ARGUMENT, "parents[%d] is %d, and must be a variable of the same cell, or -1 at its root", v, parent);
            }
            parents.push_back(parent == -1 ? -1 : static_cast<std::int32_t>(place - variables.begin()));
        }
        const auto input = [&](std::int32_t v) { return inputs_(variables[static_cast<std::size_t>(v)]); };
        return {{add_hidden_tree(assembly_, RootedTree(parents, variables), latents_, input)}, {}, variables.size() == 1};
    }

    const juice_poon_domingos_options& options_;
    Grid grid_;
    Shape latents_;
    Assembly assembly_;
    InputVectors inputs_;
    Box whole_;
    std::map<Box, Region> regions_;
    std::map<std::vector<std::int32_t>, Form> forms_;
    std::int32_t input_owner_ = -1, pair_owner_ = -1;
};

}  // namespace

CircuitParts poon_domingos_parts(const juice_poon_domingos_options& options) { return PoonDomingosBuilder(options).build(); }

std::shared_ptr<const Circuit> poon_domingos(const juice_poon_domingos_options& options) {
    return std::make_shared<const Circuit>(poon_domingos_parts(options), &options.seed);
}

}  // namespace juice
