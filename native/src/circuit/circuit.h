// A circuit as immutable data: node vectors in the order of the model file (children first), wiring and parameters.
// Everything is validated when a Circuit is made; whoever holds one may rely on every rule of the format.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "circuit/scope.h"
#include "juice/juice.h"

namespace juice {

enum class NodeType : std::int32_t { Input = JUICE_INPUT, Product = JUICE_PRODUCT, Sum = JUICE_SUM };

enum class DistributionType : std::int32_t {
    Categorical = JUICE_CATEGORICAL, Bernoulli = JUICE_BERNOULLI, Binomial = JUICE_BINOMIAL,
    Gaussian = JUICE_GAUSSIAN, DiscreteLogistic = JUICE_DISCRETE_LOGISTIC, Indicator = JUICE_INDICATOR,
};

struct Distribution {
    DistributionType type = DistributionType::Categorical;
    std::int32_t count = 0;     // categories, trials or bins
    double low = 0, high = 0;   // discrete logistic

    bool operator==(const Distribution&) const = default;
    // Number of values of x (0 … domain()-1); 0 for a Gaussian, whose domain is the finite numbers.
    std::int64_t domain() const noexcept;
    // Floats a node: the second extent of `parameters` (1 for Bernoulli and binomial, 0 for indicator).
    std::int64_t parameters_per_node() const noexcept;
    const char* name() const noexcept;  // as in the file: "categorical", …
};

// One node vector. Node i is offset i % block_size of block i / block_size. Spans point into memory that the circuit keeps alive.
struct Vector {
    NodeType type = NodeType::Input;
    std::int64_t node_blocks = 0, block_size = 0;
    std::int32_t variable = -1;                 // input
    Distribution distribution{};                // input
    std::int32_t tied_to = -1;                  // owner, or -1; a tied vector's edges and parameters are empty: look at the owner's
    std::vector<std::int32_t> children{};

    bool wired = false;                         // edges were given (an owner's for a tied sum); otherwise the implied wiring
    bool node_wiring = false;                   // product whose edges are [nodes, children]
    std::span<const std::int32_t> edges{};      // product: [node_blocks or nodes, children]; sum: [2, E]
    std::int64_t edge_count = 0;                // sum: E, the block edges, also for implied wiring
    std::int64_t child_block_size = 0;          // sum: k, common to its children
    std::int64_t child_blocks = 0;              // sum: blocks of all children together
    std::span<const float> parameters{};        // in the file's layout

    std::int64_t nodes() const noexcept { return node_blocks * block_size; }
    std::int64_t parameter_count() const noexcept;  // floats that the layout asks for: E·block_size·k, or nodes · parameters_per_node
};

// A tensor of a file that the circuit itself does not use: training state.
struct Tensor {
    std::string type;                           // as in the file: "F32", "I64", …
    std::vector<std::int64_t> shape;
    std::span<const std::byte> bytes;
};

// What a circuit is made from, before validation. The caller fills in of each vector: type, node_blocks, block_size, children, an input's
// variable and distribution, tied_to; `wired` and `edges` where wiring is given; `parameters` where there are any. The rest (node_wiring,
// edge_count, child_block_size, child_blocks, a tied input's distribution) is worked out by Circuit. A tied vector may repeat what is its owner's:
// it is compared and dropped.
struct CircuitParts {
    std::int32_t variables = 0;
    std::int32_t root = -1;
    std::vector<Vector> vectors;
    std::map<std::string, std::string> metadata;                // without format, version, circuit
    std::vector<std::shared_ptr<const void>> storage;           // whatever the spans point into
    std::map<std::string, Tensor> state;                        // the tensors named `state.…`, by their full names
};

class Circuit {
public:
    // Validates; throws Error(JUICE_ERROR_FORMAT) with one sentence that names the vector and the rule. Vectors without parameters are drawn
    // from *seed where one is given (see initialize.h), and an error otherwise.
    explicit Circuit(CircuitParts parts, const std::uint64_t* seed = nullptr);

    std::int32_t variables() const noexcept { return parts_.variables; }
    std::int32_t root() const noexcept { return parts_.root; }
    std::int32_t size() const noexcept { return static_cast<std::int32_t>(parts_.vectors.size()); }
    const Vector& operator[](std::int32_t id) const { return parts_.vectors[static_cast<std::size_t>(id)]; }
    const Vector& owner(std::int32_t id) const { return (*this)[owner_id(id)]; }
    std::int32_t owner_id(std::int32_t id) const { return (*this)[id].tied_to < 0 ? id : (*this)[id].tied_to; }
    const Scope& scope(std::int32_t id) const { return scopes_[static_cast<std::size_t>(scope_id(id))]; }
    // Vectors have the same scope where these are equal.
    std::int32_t scope_id(std::int32_t id) const { return scope_ids_[static_cast<std::size_t>(id)]; }
    // The distribution that all inputs over this variable agree to be a domain for (the first one met).
    const Distribution& distribution_of(std::int32_t variable) const { return domains_[static_cast<std::size_t>(variable)]; }
    std::int64_t roots() const { return (*this)[root()].nodes(); }
    const CircuitParts& parts() const noexcept { return parts_; }
    juice_circuit_info info() const;
    // The same circuit, sharing everything, with one metadata entry set or (no value) removed; Error(JUICE_ERROR_ARGUMENT) where the key is
    // the format's own or the text not UTF-8.
    std::shared_ptr<const Circuit> with_metadata(const std::string& key, const std::optional<std::string>& value) const;
    // The same circuit, sharing everything, with these tensors (copies) for its state; Error(JUICE_ERROR_ARGUMENT) where one breaks a rule.
    std::shared_ptr<const Circuit> with_state(const std::map<std::string, Tensor>& state) const;
    // The same circuit without parameters and training state, and with edges of its own: it keeps no other memory alive.
    std::shared_ptr<const Circuit> wiring() const;

private:
    CircuitParts parts_;
    std::vector<Scope> scopes_;                 // distinct
    std::vector<std::int32_t> scope_ids_;       // by vector
    std::vector<Distribution> domains_;
};

}  // namespace juice
