// The oracle's optimisers in float64.
#include "reference/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "reference/cases.h"

namespace juice {

namespace {

juice_rule rule_of(std::int32_t optimizer, double step_size, double pseudocount, double momentum, double second_momentum, double epsilon) {
    juice_rule rule = em_rule(step_size, pseudocount);
    rule.optimizer = optimizer;
    rule.momentum = static_cast<float>(momentum);
    rule.second_momentum = static_cast<float>(second_momentum);
    rule.epsilon = static_cast<float>(epsilon);
    return rule;
}

bool has_parameters(const Vector& vector) {
    return vector.tied_to < 0 && (vector.type == NodeType::Sum || (vector.type == NodeType::Input && vector.distribution.type != DistributionType::Indicator));
}

bool is_table(const Vector& vector) { return vector.type == NodeType::Sum || vector.distribution.type == DistributionType::Categorical; }

// The parameters of each node of a sum or categorical.
std::vector<std::vector<std::size_t>> entries_of(const Circuit& circuit, std::int32_t id) {
    const Vector& vector = circuit[id];
    std::vector<std::vector<std::size_t>> entries(static_cast<std::size_t>(vector.nodes()));
    if (vector.type == NodeType::Sum)
        for_each_sum_edge(circuit, id, [&](std::int64_t p, std::int64_t node, std::int32_t, std::int64_t) { entries[static_cast<std::size_t>(node)].push_back(static_cast<std::size_t>(p)); });
    else
        for (std::size_t n = 0; n < entries.size(); ++n)
            for (std::int32_t k = 0; k < vector.distribution.count; ++k) entries[n].push_back(n * static_cast<std::size_t>(vector.distribution.count) + static_cast<std::size_t>(k));
    return entries;
}

}  // namespace

juice_rule anemone_rule(double step_size, double momentum, double pseudocount) { return rule_of(JUICE_ANEMONE, step_size, pseudocount, momentum, 0, 0); }
juice_rule sgd_rule(double step_size, double momentum) { return rule_of(JUICE_SGD, step_size, 0, momentum, 0, 0); }
juice_rule adam_rule(double step_size, double momentum, double second_momentum, double epsilon) {
    return rule_of(JUICE_ADAM, step_size, 0, momentum, second_momentum, epsilon);
}

void ReferenceOptimizer::update(Reference& reference, const Flows& flows, const juice_rule& rule, double mass) {
    ++updates_;
    if (rule.optimizer == JUICE_ANEMONE) anemone(reference, flows, rule, mass);
    else climb(reference, flows, rule, mass);
}

void ReferenceOptimizer::anemone(Reference& reference, const Flows& flows, const juice_rule& rule, double mass) {
    const Circuit& circuit = reference.circuit();
    const double m = static_cast<double>(rule.momentum), s = static_cast<double>(rule.step_size), a = static_cast<double>(rule.pseudocount), correct = 1 / (1 - std::pow(m, updates_));
    if (average_.parameters.empty()) {
        average_ = flows;
        for (auto& of_vector : average_.parameters) std::fill(of_vector.begin(), of_vector.end(), 0.0);
    }
    mass_ = m * mass_ + (1 - m) * mass;
    // Top-down probabilities are the flows of a row of which nothing is known.
    Table blank;
    blank.variables = circuit.variables();
    blank.add(std::vector<double>(static_cast<std::size_t>(circuit.variables()), Table::missing));
    const auto roots = static_cast<std::size_t>(circuit.roots());
    const Flows top_down = reference.flows(blank, std::vector<double>(roots, 1.0 / static_cast<double>(roots)));
    for (std::int32_t id = 0; id < circuit.size(); ++id) {
        const Vector& vector = circuit[id];
        if (!has_parameters(vector)) continue;
        std::vector<double>& average = average_.parameters[static_cast<std::size_t>(id)];
        const std::vector<double>& now = flows.parameters[static_cast<std::size_t>(id)];
        for (std::size_t i = 0; i < average.size(); ++i) average[i] = m * average[i] + (1 - m) * now[i];
        std::vector<double> reach(static_cast<std::size_t>(vector.nodes()));
        for (std::int32_t use = 0; use < circuit.size(); ++use)
            for (std::size_t n = 0; n < reach.size() && circuit.owner_id(use) == id; ++n) reach[n] += top_down.nodes[static_cast<std::size_t>(use)][n];
        std::vector<double>& theta = reference.parameters(id);
        if (is_table(vector)) {
            const auto entries = entries_of(circuit, id);
            for (std::size_t n = 0; n < entries.size(); ++n) {
                double live = 0, total = 0;
                for (const std::size_t p : entries[n]) live += theta[p] > 0 ? 1 : 0;
                std::vector<double> next;
                for (const std::size_t p : entries[n])
                    next.push_back(theta[p] > 0 ? s * (correct * average[p] + a / live) / (correct * mass_) + (1 - s) * reach[n] * theta[p] : 0);
                for (const double weight : next) total += weight;
                for (std::size_t k = 0; k < next.size() && total > 0; ++k) theta[entries[n][k]] = next[k] / total;
            }
            continue;
        }
        for (std::size_t n = 0; n < reach.size(); ++n) {
            const double rest = (1 - s) * reach[n] * correct * mass_;
            if (vector.distribution.type == DistributionType::Bernoulli || vector.distribution.type == DistributionType::Binomial) {
                const double trials = vector.distribution.type == DistributionType::Bernoulli ? 1 : vector.distribution.count;
                const double f0 = correct * average[2 * n], f1 = correct * average[2 * n + 1], flow = (f0 + f1) / trials;
                const double step = s * (flow + a) / (s * (flow + a) + rest);
                if (theta[n] > 0 && theta[n] < 1 && f0 + f1 + a > 0) theta[n] = (1 - step) * theta[n] + step * (f1 + a / 2) / (f0 + f1 + a);
                continue;
            }
            const double flow = correct * average[3 * n];
            if (!(flow > 0)) continue;
            const bool gaussian = vector.distribution.type == DistributionType::Gaussian;
            const double unit = gaussian ? 1 : std::numbers::pi / std::numbers::sqrt3, step = s * (flow + a) / (s * (flow + a) + rest);
            const double delta1 = correct * average[3 * n + 1] / flow, delta2 = correct * average[3 * n + 2] / flow, old = theta[2 * n + 1] * unit;
            const double variance = (1 - step) * old * old + step * delta2 - step * delta1 * step * delta1, by = step * delta1;
            theta[2 * n] += by;
            theta[2 * n + 1] = std::max<double>(std::sqrt(std::max(variance, 0.0)) / unit, gaussian ? rule.min_deviation : rule.min_scale);
            // The average goes on about the mean that is now.
            average[3 * n + 2] += by * by * average[3 * n] - 2 * by * average[3 * n + 1];
            average[3 * n + 1] -= by * average[3 * n];
        }
    }
}

double ReferenceOptimizer::moved(std::int32_t id, std::size_t index, double gradient, const juice_rule& rule) {
    const double m = static_cast<double>(rule.momentum), b = static_cast<double>(rule.second_momentum), s = static_cast<double>(rule.step_size);
    double &first = first_[{id, index}], &second = second_[{id, index}];
    if (rule.optimizer == JUICE_SGD) {
        first = m * first + gradient;
        return s * first;
    }
    first = m * first + (1 - m) * gradient;
    second = b * second + (1 - b) * gradient * gradient;
    return s * first / (1 - std::pow(m, updates_)) / (std::sqrt(second / (1 - std::pow(b, updates_))) + static_cast<double>(rule.epsilon));
}

void ReferenceOptimizer::climb(Reference& reference, const Flows& flows, const juice_rule& rule, double mass) {
    const Circuit& circuit = reference.circuit();
    for (std::int32_t id = 0; id < circuit.size(); ++id) {
        const Vector& vector = circuit[id];
        if (!has_parameters(vector)) continue;
        const std::vector<double>& f = flows.parameters[static_cast<std::size_t>(id)];
        std::vector<double>& theta = reference.parameters(id);
        if (is_table(vector)) {
            for (const auto& entries : entries_of(circuit, id)) {
                double flow = 0, total = 0;
                for (const std::size_t p : entries) flow += f[p];
                std::vector<double> next;
                for (const std::size_t p : entries) next.push_back(theta[p] * std::exp(moved(id, p, (f[p] - theta[p] * flow) / mass, rule)));
                for (const double weight : next) total += weight;
                for (std::size_t k = 0; k < next.size(); ++k) theta[entries[k]] = next[k] / total;
            }
            continue;
        }
        for (std::size_t n = 0; n < static_cast<std::size_t>(vector.nodes()); ++n) {
            if (vector.distribution.type == DistributionType::Bernoulli || vector.distribution.type == DistributionType::Binomial) {
                const double p = theta[n], flow = f[2 * n] + f[2 * n + 1];
                const double up = p * std::exp(moved(id, 2 * n + 1, (f[2 * n + 1] - p * flow) / mass, rule));
                const double down = (1 - p) * std::exp(moved(id, 2 * n, (f[2 * n] - (1 - p) * flow) / mass, rule));
                if (p > 0 && p < 1) theta[n] = up / (up + down);
                continue;
            }
            const bool gaussian = vector.distribution.type == DistributionType::Gaussian;
            const double old = theta[2 * n + 1];
            const double by_mean = gaussian ? f[3 * n + 1] / old : flows.slopes[static_cast<std::size_t>(id)][2 * n];
            const double by_log = gaussian ? f[3 * n + 2] / (old * old) - f[3 * n] : flows.slopes[static_cast<std::size_t>(id)][2 * n + 1];
            theta[2 * n] += old * moved(id, 2 * n, by_mean / mass, rule);
            theta[2 * n + 1] = std::max<double>(old * std::exp(moved(id, 2 * n + 1, by_log / mass, rule)), gaussian ? rule.min_deviation : rule.min_scale);
        }
    }
}

}  // namespace juice
