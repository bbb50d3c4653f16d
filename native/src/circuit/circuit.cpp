#include "circuit/circuit.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "circuit/check.h"
#include "circuit/initialize.h"
#include "circuit/memory.h"
#include "circuit/tensors.h"
#include "common/error.h"

namespace juice {

namespace {

// Bytes up to the next multiple of the widest element's 8.
std::int64_t padded(std::size_t bytes) { return static_cast<std::int64_t>((bytes + 7) / 8 * 8); }

}  // namespace

std::int64_t Distribution::domain() const noexcept {
    switch (type) {
    case DistributionType::Categorical:
    case DistributionType::DiscreteLogistic:
    case DistributionType::Indicator: return count;
    case DistributionType::Bernoulli: return 2;
    case DistributionType::Binomial: return std::int64_t{count} + 1;
    case DistributionType::Gaussian: break;
    }
    return 0;
}

std::int64_t Distribution::parameters_per_node() const noexcept {
    switch (type) {
    case DistributionType::Categorical: return count;
    case DistributionType::Bernoulli:
    case DistributionType::Binomial: return 1;
    case DistributionType::Gaussian:
    case DistributionType::DiscreteLogistic: return 2;
    case DistributionType::Indicator: break;
    }
    return 0;
}

const char* Distribution::name() const noexcept {
    switch (type) {
    case DistributionType::Categorical: return "categorical";
    case DistributionType::Bernoulli: return "bernoulli";
    case DistributionType::Binomial: return "binomial";
    case DistributionType::Gaussian: return "gaussian";
    case DistributionType::DiscreteLogistic: return "discrete_logistic";
    case DistributionType::Indicator: return "indicator";
    }
    return "unknown";
}

std::int64_t Vector::parameter_count() const noexcept {
    switch (type) {
    case NodeType::Input: return nodes() * distribution.parameters_per_node();
    case NodeType::Product: return 0;
    case NodeType::Sum: return edge_count * block_size * child_block_size;
    }
    return 0;
}

Circuit::Circuit(CircuitParts parts, const std::uint64_t* seed) : parts_(std::move(parts)) {
    Structure structure = check_structure(parts_);
    scopes_ = std::move(structure.scopes);
    scope_ids_ = std::move(structure.scope_ids);
    domains_ = std::move(structure.domains);
    if (seed == nullptr) check_complete(parts_);
    check_parameters(parts_);
    if (seed != nullptr) initialize_parameters(parts_, *seed);
}

juice_circuit_info Circuit::info() const {
    juice_circuit_info info{};
    info.size = sizeof info;
    info.variables = variables();
    info.root = root();
    info.roots = static_cast<std::int32_t>(roots());
    info.vectors = size();
    std::vector<std::int32_t> height(parts_.vectors.size());
    for (std::int32_t id = 0; id < size(); ++id) {
        const Vector& vector = (*this)[id];
        const auto children = static_cast<std::int64_t>(vector.children.size());
        info.nodes += vector.nodes();
        if (vector.type == NodeType::Sum) info.sum_edges += vector.parameter_count();
        if (vector.type == NodeType::Product) info.product_edges += vector.nodes() * children;
        if (vector.tied_to < 0) info.parameters += vector.parameter_count();
        for (const std::int32_t child : vector.children) {
            height[static_cast<std::size_t>(id)] = std::max(height[static_cast<std::size_t>(id)], height[static_cast<std::size_t>(child)] + 1);
        }
    }
    info.depth = height[static_cast<std::size_t>(root())];
    return info;
}

std::shared_ptr<const Circuit> Circuit::with_metadata(const std::string& key, const std::optional<std::string>& value) const {
    if (const std::string fault = metadata_fault(key, value.value_or("")); !fault.empty()) fail(JUICE_ERROR_ARGUMENT, "%s", fault.c_str());
    auto changed = std::make_shared<Circuit>(*this);
    if (value) {
        changed->parts_.metadata[key] = *value;
    } else {
        changed->parts_.metadata.erase(key);
    }
    return changed;
}

std::shared_ptr<const Circuit> Circuit::with_state(const std::map<std::string, Tensor>& state) const {
    std::int64_t total = 0;
    for (const auto& [name, tensor] : state) {
        try {
            check_state_tensor(name, tensor);
        } catch (const Error& error) {
            throw Error(JUICE_ERROR_ARGUMENT, error.what());
        }
        total += padded(tensor.bytes.size());
    }
    auto changed = std::make_shared<Circuit>(*this);
    changed->parts_.state.clear();
    const std::shared_ptr<std::byte> memory = allocate_bytes(total);
    std::byte* next = memory.get();
    for (const auto& [name, tensor] : state) {
        if (!tensor.bytes.empty()) std::memcpy(next, tensor.bytes.data(), tensor.bytes.size());
        changed->parts_.state.emplace(name, Tensor{tensor.type, tensor.shape, {next, tensor.bytes.size()}});
        next += padded(tensor.bytes.size());
    }
    changed->parts_.storage.push_back(memory);
    return changed;
}

std::shared_ptr<const Circuit> Circuit::wiring() const {
    auto bare = std::make_shared<Circuit>(*this);
    std::size_t count = 0;
    for (const Vector& v : parts_.vectors) count += v.edges.size();
    auto edges = std::make_shared<std::vector<std::int32_t>>();
    edges->reserve(count);      // the spans into it must stay where they are
    for (Vector& v : bare->parts_.vectors) {
        const auto begin = edges->size();
        edges->insert(edges->end(), v.edges.begin(), v.edges.end());
        v.edges = {edges->data() + begin, v.edges.size()};
        v.parameters = {};
    }
    bare->parts_.state.clear();
    bare->parts_.storage = {edges};
    return bare;
}

}  // namespace juice
