// The oracle: a circuit evaluated in float64, in the log domain, one row and one edge at a time, by the definitions and nothing else.
// Slow and obvious; whatever a fast engine answers is held against this.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "circuit/circuit.h"
#include "reference/table.h"

namespace juice {

// Flows added up over rows.
struct Flows {
    std::vector<std::vector<double>> nodes;         // by vector id: [nodes], a tied vector's own
    std::vector<std::vector<double>> parameters;    // by owner id (empty elsewhere): a sum's edge flows in its parameters' layout; an input's
                                                    // statistics, [nodes, k]: categorical k = categories; Bernoulli, binomial (F0, F1);
                                                    // Gaussian, discrete logistic (sum f, sum f d, sum f d²), d = x - mean
    std::vector<std::vector<double>> slopes;        // of the oracle, by owner id: a discrete logistic's [nodes, 2]: sums of f times the derivatives of
                                                    // its log-probability by mean / scale and by log scale, by differences; empty elsewhere
    void add(const Flows& other);
};

class Reference {
public:
    explicit Reference(std::shared_ptr<const Circuit> circuit);

    // What log_likelihood and flows compute: sums of powers, or maxima (infinity), as juice_model_set_power has it.
    double power = 1;

    const Circuit& circuit() const { return *circuit_; }
    // The parameters of the vector's owner, in the file's layout.
    const std::vector<double>& parameters(std::int32_t id) const { return parameters_[static_cast<std::size_t>(circuit_->owner_id(id))]; }
    std::vector<double>& parameters(std::int32_t id) { return parameters_[static_cast<std::size_t>(circuit_->owner_id(id))]; }

    std::vector<double> log_likelihood(const Table& rows) const;        // [rows, roots]
    std::vector<double> max_log_value(const Table& rows) const;         // [rows, roots]
    // p[row][k]: P(x_variable = k | the rest of the row).
    std::vector<std::vector<double>> conditional(const Table& rows, std::int32_t variable) const;
    // root_flows: [rows, roots]; empty: all 1. A root of value 0 passes nothing on.
    Flows flows(const Table& rows, const std::vector<double>& root_flows = {}) const;

    // One step of expectation maximisation.
    void update(const Flows& flows, const juice_rule& rule);

    // log p(x) of node `node` of input vector `id`.
    double input_log_density(std::int32_t id, std::int64_t node, double x) const;

private:
    using Values = std::vector<std::vector<double>>;    // by vector id: [nodes]

    Flows zeros() const;
    Values evaluate(const double* row, bool maximum) const;
    double input_log_maximum(std::int32_t id, std::int64_t node) const;
    void add_flows(const double* row, const Values& values, Values& row_flows, Flows& flows) const;
    void add_input_statistics(std::int32_t id, double x, const std::vector<double>& node_flows, std::vector<double>& statistics) const;
    void add_slopes(std::int32_t id, double x, const std::vector<double>& node_flows, std::vector<double>& slopes) const;
    void update_input(std::int32_t id, const std::vector<double>& statistics, const juice_rule& rule);
    void update_sum(std::int32_t id, const std::vector<double>& edge_flows, const juice_rule& rule);

    std::shared_ptr<const Circuit> circuit_;
    std::vector<std::vector<double>> parameters_;
};

// The nodes below a sum: `visit(parameter, node, child, child_node)` for each single edge, in the layout's order, zeros too.
template <typename Visit>
void for_each_sum_edge(const Circuit& circuit, std::int32_t id, Visit visit) {
    const Vector& sum = circuit[id];
    const Vector& owner = circuit.owner(id);
    const std::int64_t k = owner.child_block_size;
    std::vector<std::pair<std::int32_t, std::int64_t>> blocks;      // the children's blocks, numbered through: (child, its block)
    for (const std::int32_t child : sum.children)
        for (std::int64_t block = 0; block < circuit[child].node_blocks; ++block) blocks.emplace_back(child, block);
    const auto block_count = static_cast<std::int64_t>(blocks.size());
    for (std::int64_t e = 0; e < owner.edge_count; ++e) {
        const std::int64_t i = owner.wired ? owner.edges[static_cast<std::size_t>(e)] : e / block_count;
        const std::int64_t j = owner.wired ? owner.edges[static_cast<std::size_t>(owner.edge_count + e)] : e % block_count;
        const auto [child, block] = blocks[static_cast<std::size_t>(j)];
        for (std::int64_t a = 0; a < sum.block_size; ++a)
            for (std::int64_t c = 0; c < k; ++c) visit((e * sum.block_size + a) * k + c, i * sum.block_size + a, child, block * k + c);
    }
}

// The node of child number `c` that a product's node reads.
inline std::int64_t product_child_node(const Vector& product, std::int64_t node, std::size_t c) {
    if (!product.wired) return node;
    const std::int64_t offset = node % product.block_size, line = product.node_wiring ? node : node / product.block_size;
    const std::int64_t entry = product.edges[static_cast<std::size_t>(line) * product.children.size() + c];
    return product.node_wiring ? entry : entry * product.block_size + offset;
}

}  // namespace juice
