// Random tensorised sum-product networks (Peharz et al., "Random Sum-Product Networks: A Simple and Effective Approach to Probabilistic Deep
// Learning", 2020), with products node by node in place of the outer product, as in later implementations.
#include <algorithm>
#include <limits>

#include "circuit/assembly.h"
#include "circuit/build.h"

namespace juice {

namespace {

constexpr std::uint64_t split_stream = 0x746c7073ull << 32;     // "spl" + the repetition; streams of parameters are vector ids, below 2^31

void check_options(const juice_rat_spn_options& options) {
    constexpr std::int64_t any = std::numeric_limits<std::int32_t>::max();
    check_variables(options.variables);
    check_widths(options.latents, options.roots);
    check_option(options.depth, 1, any, "depth");
    check_option(options.repetitions, 1, any, "repetitions");
    check_option(options.pieces, 2, any, "pieces");
    check_distributions(options.distributions, options.variables, nullptr);
}

class RatSpnBuilder {
public:
    explicit RatSpnBuilder(const juice_rat_spn_options& options)
        : options_(options), latents_{1, options.latents}, inputs_(assembly_, options.distributions, options.variables, latents_, false) {}

    CircuitParts build() {
        std::vector<std::int32_t> wholes;       // the product over all variables, by repetition
        for (std::int32_t r = 0; r < options_.repetitions; ++r) {
            order_ = random_order(options_.variables, options_.seed, split_stream + static_cast<std::uint64_t>(r));
            wholes.push_back(region(0, options_.variables, 0));
        }
        assembly_.sum(std::move(wholes), {1, roots_of(options_.roots)});
        return assembly_.finish(options_.variables);
    }

private:
    // The product of the variables order_[begin … end).
    std::int32_t region(std::int32_t begin, std::int32_t end, std::int32_t depth) {
        std::vector<std::int32_t> children;
        if (depth == options_.depth || end - begin == 1) {
            std::sort(order_.begin() + begin, order_.begin() + end);
            for (std::int32_t i = begin; i < end; ++i) children.push_back(inputs_(order_[static_cast<std::size_t>(i)]));
        } else {
            const std::int32_t pieces = std::min(options_.pieces, end - begin), size = (end - begin) / pieces, longer = (end - begin) % pieces;
            for (std::int32_t p = 0, at = begin; p < pieces; ++p) {
                const std::int32_t next = at + size + (p < longer);
                children.push_back(part(at, next, depth + 1));
                at = next;
            }
        }
        return assembly_.product(std::move(children), latents_);
    }

    // A mixture of one variable's inputs would be another input: a single variable has no sum.
    std::int32_t part(std::int32_t begin, std::int32_t end, std::int32_t depth) {
        if (end - begin == 1) return inputs_(order_[static_cast<std::size_t>(begin)]);
        return assembly_.sum({region(begin, end, depth)}, latents_);
    }

    const juice_rat_spn_options& options_;
    Assembly assembly_;
    Shape latents_;
    InputVectors inputs_;
    std::vector<std::int32_t> order_;
};

}  // namespace

CircuitParts rat_spn_parts(const juice_rat_spn_options& options) {
    check_options(options);
    return RatSpnBuilder(options).build();
}

std::shared_ptr<const Circuit> rat_spn(const juice_rat_spn_options& options) {
    return std::make_shared<const Circuit>(rat_spn_parts(options), &options.seed);
}

}  // namespace juice
