#include "circuit/assembly.h"

#include <limits>
#include <memory>
#include <numeric>
#include <string>

#include "circuit/check.h"
#include "common/error.h"
#include "common/philox.h"

namespace juice {

std::int32_t Assembly::add(Vector vector) {
    parts_.vectors.push_back(std::move(vector));
    return static_cast<std::int32_t>(parts_.vectors.size()) - 1;
}

std::int32_t Assembly::input(std::int32_t variable, const Distribution& distribution, Shape shape) {
    return add({.type = NodeType::Input, .node_blocks = shape.blocks, .block_size = shape.size, .variable = variable, .distribution = distribution});
}

std::int32_t Assembly::tied_input(std::int32_t variable, std::int32_t owner) {
    const Vector& shared = parts_.vectors[static_cast<std::size_t>(owner)];
    return add({.type = NodeType::Input, .node_blocks = shared.node_blocks, .block_size = shared.block_size, .variable = variable,
                .distribution = shared.distribution, .tied_to = owner});
}

std::int32_t Assembly::product(std::vector<std::int32_t> children, Shape shape) {
    return add({.type = NodeType::Product, .node_blocks = shape.blocks, .block_size = shape.size, .children = std::move(children)});
}

std::int32_t Assembly::sum(std::vector<std::int32_t> children, Shape shape) {
    return add({.type = NodeType::Sum, .node_blocks = shape.blocks, .block_size = shape.size, .children = std::move(children)});
}

std::int32_t Assembly::sum(std::vector<std::int32_t> children, Shape shape, std::vector<std::int32_t> edges) {
    const auto kept = std::make_shared<const std::vector<std::int32_t>>(std::move(edges));
    parts_.storage.push_back(kept);
    return add({.type = NodeType::Sum, .node_blocks = shape.blocks, .block_size = shape.size, .children = std::move(children), .wired = true,
                .edges = *kept});
}

std::int32_t Assembly::tied_sum(std::vector<std::int32_t> children, std::int32_t owner) {
    const Vector& shared = parts_.vectors[static_cast<std::size_t>(owner)];
    return add({.type = NodeType::Sum, .node_blocks = shared.node_blocks, .block_size = shared.block_size, .tied_to = owner,
                .children = std::move(children)});
}

CircuitParts Assembly::finish(std::int32_t variables) {
    parts_.variables = variables;
    parts_.root = static_cast<std::int32_t>(parts_.vectors.size()) - 1;
    return std::move(parts_);
}

std::int32_t InputVectors::operator()(std::int32_t variable) {
    std::int32_t& id = ids_[static_cast<std::size_t>(variable)];
    if (id >= 0) return id;
    id = tied_ && owner_ >= 0 ? assembly_.tied_input(variable, owner_) : assembly_.input(variable, distribution_of(distributions_[variable]), shape_);
    if (owner_ < 0) owner_ = id;
    return id;
}

void check_option(std::int64_t value, std::int64_t low, std::int64_t high, const char* name) {
    if (value >= low && value <= high) return;
    if (high == std::numeric_limits<std::int32_t>::max()) {
        fail(JUICE_ERROR_ARGUMENT, "%s is %lld, and must be at least %lld", name, static_cast<long long>(value), static_cast<long long>(low));
    }
    fail(JUICE_ERROR_ARGUMENT, "%s is %lld, and must be %lld to %lld", name, static_cast<long long>(value), static_cast<long long>(low),
         static_cast<long long>(high));
}

void check_switch(std::int32_t value, const char* name) {
    if (value != 0 && value != 1) fail(JUICE_ERROR_ARGUMENT, "%s is %d, and must be 0 or 1", name, value);
}

void check_widths(std::int32_t latents, std::int32_t roots) {
    if (latents < 1) fail(JUICE_ERROR_ARGUMENT, "latents is %d, and must be at least 1", latents);
    if (roots < 0) fail(JUICE_ERROR_ARGUMENT, "roots is %d, and must be at least 1, or 0 for one", roots);
}

void check_variables(std::int32_t variables) {
    constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max() / 4;     // a few vectors a variable
    check_option(variables, 1, most, "variables");
}

void check_distributions(const juice_distribution* distributions, std::int32_t variables, const char* alike) {
    if (distributions == nullptr) fail(JUICE_ERROR_ARGUMENT, "distributions is NULL");
    for (std::int32_t v = 0; v < variables; ++v) {
        const juice_distribution& d = distributions[v];
        if (d.type == JUICE_INDICATOR) fail(JUICE_ERROR_ARGUMENT, "distributions[%d] is an indicator, which has nothing to learn", v);
        const std::string fault = distribution_fault(distribution_of(d));
        if (!fault.empty()) fail(JUICE_ERROR_ARGUMENT, "distributions[%d]: %s", v, fault.c_str());
        if (alike != nullptr && distribution_of(d) != distribution_of(distributions[0])) {
            fail(JUICE_ERROR_ARGUMENT, "distributions[%d] is another than distributions[0], and %s", v, alike);
        }
    }
}

Distribution distribution_of(const juice_distribution& d) noexcept { return {static_cast<DistributionType>(d.type), d.count, d.low, d.high}; }

std::vector<std::int32_t> random_order(std::int32_t count, std::uint64_t seed, std::uint64_t stream) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    for (std::int32_t i = 0; i + 1 < count; ++i) {      // Fisher and Yates
        const auto words = philox(seed, stream, static_cast<std::uint64_t>(i));
        const auto left = static_cast<std::uint64_t>(count - i);
        const std::uint64_t below = (words[1] * left + (words[0] * left >> 32)) >> 32;     // the 64 bits as a fraction of 2^64, times `left`
        std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(i) + static_cast<std::size_t>(below)]);
    }
    return order;
}

}  // namespace juice
