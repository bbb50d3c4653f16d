// The oracle's values and flows: one row at a time, upwards for values, downwards for flows.
#include "reference/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace juice {

namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

double log_sum_exp(const std::vector<double>& terms) {
    const double maximum = terms.empty() ? minus_infinity : *std::max_element(terms.begin(), terms.end());
    if (maximum == minus_infinity) return minus_infinity;
    double sum = 0;
    for (const double term : terms) sum += std::exp(term - maximum);
    return maximum + std::log(sum);
}

}  // namespace

void Flows::add(const Flows& other) {
    const auto add_all = [](std::vector<std::vector<double>>& into, const std::vector<std::vector<double>>& from) {
        for (std::size_t id = 0; id < into.size(); ++id)
            for (std::size_t i = 0; i < into[id].size(); ++i) into[id][i] += from[id][i];
    };
    add_all(nodes, other.nodes);
    add_all(parameters, other.parameters);
    add_all(slopes, other.slopes);
}

Reference::Reference(std::shared_ptr<const Circuit> circuit) : circuit_(std::move(circuit)) {
    for (std::int32_t id = 0; id < circuit_->size(); ++id) {
        const Vector& vector = (*circuit_)[id];
        parameters_.emplace_back(vector.parameters.begin(), vector.parameters.end());
    }
}

Reference::Values Reference::evaluate(const double* row, bool maximum) const {
    Values values;
    for (std::int32_t id = 0; id < circuit_->size(); ++id) {
        const Vector& vector = (*circuit_)[id];
        std::vector<double> value(static_cast<std::size_t>(vector.nodes()));
        if (vector.type == NodeType::Input) {
            const double x = row[vector.variable];
            for (std::int64_t node = 0; node < vector.nodes(); ++node)
                value[static_cast<std::size_t>(node)] =
                    std::isnan(x) ? (maximum ? input_log_maximum(id, node) : 0.0) : input_log_density(id, node, x);
        } else if (vector.type == NodeType::Product) {
            for (std::int64_t node = 0; node < vector.nodes(); ++node)
                for (std::size_t c = 0; c < vector.children.size(); ++c)
                    value[static_cast<std::size_t>(node)] +=
                        values[static_cast<std::size_t>(vector.children[c])][static_cast<std::size_t>(product_child_node(vector, node, c))];
        } else {
            const std::vector<double>& weights = parameters(id);
            std::vector<std::vector<double>> terms(value.size());
            for_each_sum_edge(*circuit_, id, [&](std::int64_t p, std::int64_t node, std::int32_t child, std::int64_t child_node) {
                const double weight = weights[static_cast<std::size_t>(p)];
                if (weight > 0)
                    terms[static_cast<std::size_t>(node)].push_back(
                        std::log(weight) + values[static_cast<std::size_t>(child)][static_cast<std::size_t>(child_node)]);
            });
            const bool largest = maximum || std::isinf(power);
            for (std::size_t node = 0; node < value.size() && !largest; ++node) {
                for (double& term : terms[node]) term *= power;
                value[node] = log_sum_exp(terms[node]) / power;
            }
            for (std::size_t node = 0; node < value.size() && largest; ++node)
                value[node] = terms[node].empty() ? minus_infinity : *std::max_element(terms[node].begin(), terms[node].end());
        }
        values.push_back(std::move(value));
    }
    return values;
}

std::vector<double> Reference::log_likelihood(const Table& rows) const {
    std::vector<double> answer;
    for (std::int64_t r = 0; r < rows.rows(); ++r) {
        const Values values = evaluate(rows.row(r), false);
        const std::vector<double>& root = values[static_cast<std::size_t>(circuit_->root())];
        answer.insert(answer.end(), root.begin(), root.end());
    }
    return answer;
}

std::vector<double> Reference::max_log_value(const Table& rows) const {
    std::vector<double> answer;
    for (std::int64_t r = 0; r < rows.rows(); ++r) {
        const Values values = evaluate(rows.row(r), true);
        const std::vector<double>& root = values[static_cast<std::size_t>(circuit_->root())];
        answer.insert(answer.end(), root.begin(), root.end());
    }
    return answer;
}

std::vector<std::vector<double>> Reference::conditional(const Table& rows, std::int32_t variable) const {
    std::vector<std::vector<double>> answer;
    const std::int64_t domain = circuit_->distribution_of(variable).domain();
    for (std::int64_t r = 0; r < rows.rows(); ++r) {
        std::vector<double> row(rows.row(r), rows.row(r) + rows.variables), logs;
        for (std::int64_t k = 0; k < domain; ++k) {
            row[static_cast<std::size_t>(variable)] = static_cast<double>(k);
            logs.push_back(evaluate(row.data(), false)[static_cast<std::size_t>(circuit_->root())][0]);
        }
        const double total = log_sum_exp(logs);
        for (double& value : logs) value = std::exp(value - total);
        answer.push_back(logs);
    }
    return answer;
}

Flows Reference::zeros() const {
    Flows flows;
    for (std::int32_t id = 0; id < circuit_->size(); ++id) {
        const Vector& vector = (*circuit_)[id];
        flows.nodes.emplace_back(static_cast<std::size_t>(vector.nodes()));
        std::size_t count = 0;
        if (vector.tied_to < 0 && vector.type == NodeType::Sum) count = vector.parameters.size();
        if (vector.tied_to < 0 && vector.type == NodeType::Input) {
            std::int64_t per_node = 0;
            switch (vector.distribution.type) {
                case DistributionType::Categorical: per_node = vector.distribution.count; break;
                case DistributionType::Bernoulli:
                case DistributionType::Binomial: per_node = 2; break;
                case DistributionType::Gaussian:
                case DistributionType::DiscreteLogistic: per_node = 3; break;
                case DistributionType::Indicator: break;
            }
            count = static_cast<std::size_t>(vector.nodes() * per_node);
        }
        flows.parameters.emplace_back(count);
        const bool slopes = vector.tied_to < 0 && vector.type == NodeType::Input && vector.distribution.type == DistributionType::DiscreteLogistic;
        flows.slopes.emplace_back(static_cast<std::size_t>(slopes ? 2 * vector.nodes() : 0));
    }
    return flows;
}

Flows Reference::flows(const Table& rows, const std::vector<double>& root_flows) const {
    Flows flows = zeros();
    const auto root = static_cast<std::size_t>(circuit_->root());
    const auto roots = static_cast<std::size_t>(circuit_->roots());
    for (std::int64_t r = 0; r < rows.rows(); ++r) {
        const Values values = evaluate(rows.row(r), false);
        Values row_flows;
        for (const std::vector<double>& value : values) row_flows.emplace_back(value.size());
        for (std::size_t i = 0; i < roots; ++i) {
            const double given = root_flows.empty() ? 1.0 : root_flows[static_cast<std::size_t>(r) * roots + i];
            if (values[root][i] > minus_infinity) row_flows[root][i] = given * rows.weight(r);
        }
        add_flows(rows.row(r), values, row_flows, flows);
    }
    return flows;
}

void Reference::add_flows(const double* row, const Values& values, Values& row_flows, Flows& flows) const {
    for (std::int32_t id = circuit_->size() - 1; id >= 0; --id) {
        const Vector& vector = (*circuit_)[id];
        const std::vector<double>& value = values[static_cast<std::size_t>(id)];
        const std::vector<double>& flow = row_flows[static_cast<std::size_t>(id)];
        for (std::size_t node = 0; node < flow.size(); ++node) flows.nodes[static_cast<std::size_t>(id)][node] += flow[node];
        std::vector<double>& statistics = flows.parameters[static_cast<std::size_t>(circuit_->owner_id(id))];
        if (vector.type == NodeType::Input) {
            if (std::isnan(row[vector.variable])) continue;
            add_input_statistics(id, row[vector.variable], flow, statistics);
            add_slopes(id, row[vector.variable], flow, flows.slopes[static_cast<std::size_t>(circuit_->owner_id(id))]);
        } else if (vector.type == NodeType::Product) {
            for (std::int64_t node = 0; node < vector.nodes(); ++node)
                for (std::size_t c = 0; c < vector.children.size(); ++c)
                    row_flows[static_cast<std::size_t>(vector.children[c])][static_cast<std::size_t>(product_child_node(vector, node, c))] +=
                        flow[static_cast<std::size_t>(node)];
        } else {
            const std::vector<double>& weights = parameters(id);
            std::vector<std::int64_t> taken(flow.size(), -1);      // infinite power: the first of a node's largest edges
            std::vector<double> largest(flow.size(), minus_infinity);
            if (std::isinf(power))
                for_each_sum_edge(*circuit_, id, [&](std::int64_t p, std::int64_t node, std::int32_t child, std::int64_t child_node) {
                    const auto n = static_cast<std::size_t>(node);
                    if (!(weights[static_cast<std::size_t>(p)] > 0)) return;
                    const double log = std::log(weights[static_cast<std::size_t>(p)]) + values[static_cast<std::size_t>(child)][static_cast<std::size_t>(child_node)];
                    if (log > largest[n]) largest[n] = log, taken[n] = p;
                });
            for_each_sum_edge(*circuit_, id, [&](std::int64_t p, std::int64_t node, std::int32_t child, std::int64_t child_node) {
                const double weight = weights[static_cast<std::size_t>(p)], above = value[static_cast<std::size_t>(node)];
                if (!(weight > 0) || above == minus_infinity) return;
                const double below = values[static_cast<std::size_t>(child)][static_cast<std::size_t>(child_node)];
                const double share = std::isinf(power) ? (taken[static_cast<std::size_t>(node)] == p ? 1.0 : 0.0) : std::exp(power * (std::log(weight) + below - above));
                const double edge = flow[static_cast<std::size_t>(node)] * share;
                statistics[static_cast<std::size_t>(p)] += edge;
                row_flows[static_cast<std::size_t>(child)][static_cast<std::size_t>(child_node)] += edge;
            });
        }
    }
}

}  // namespace juice
