// The oracle's six distributions: densities, modes and sufficient statistics; and the EM update, as tests/conformance/README.md states it.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "reference/reference.h"

namespace juice {

namespace {

// Bins of a discrete logistic: bin k covers low + k·w … low + (k+1)·w; the first and the last take the tails.
double bin_centre(const Distribution& d, double bin) { return d.low + (bin + 0.5) * (d.high - d.low) / d.count; }

double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

double discrete_logistic_log(const Distribution& d, double mean, double scale, double bin) {
    const double width = (d.high - d.low) / d.count;
    const double lower = (d.low + bin * width - mean) / scale, upper = (d.low + (bin + 1) * width - mean) / scale;
    if (d.count == 1) return 0;
    if (bin == 0) return -softplus(-upper);                 // log sigmoid(upper)
    if (bin == d.count - 1) return -softplus(lower);        // log (1 - sigmoid(lower))
    // sigmoid(u) - sigmoid(l) = e^u (1 - e^(l-u)) / ((1 + e^u)(1 + e^l))
    return upper + std::log(-std::expm1(lower - upper)) - softplus(upper) - softplus(lower);
}

double binomial_log(double trials, double p, double x) {
    const double choices = std::lgamma(trials + 1) - std::lgamma(x + 1) - std::lgamma(trials - x + 1);
    return choices + (x > 0 ? x * std::log(p) : 0.0) + (x < trials ? (trials - x) * std::log1p(-p) : 0.0);
}

double trials_of(const Distribution& d) { return d.type == DistributionType::Bernoulli ? 1.0 : d.count; }

constexpr double deviation_of_scale = std::numbers::pi / std::numbers::sqrt3;

// θ' over a node's n non-zero entries, each named by its position.
void update_weights(std::vector<double>& weights, const std::vector<double>& flows, const std::vector<std::size_t>& entries, const juice_rule& rule) {
    double total = 0, live = 0;
    for (const std::size_t i : entries) {
        total += flows[i];
        live += weights[i] > 0 ? 1 : 0;
    }
    if (total + rule.pseudocount == 0) return;
    for (const std::size_t i : entries)
        if (weights[i] > 0)
            weights[i] = (1.0 - rule.step_size) * weights[i] + rule.step_size * (flows[i] + rule.pseudocount / live) / (total + rule.pseudocount);
}

}  // namespace

double Reference::input_log_density(std::int32_t id, std::int64_t node, double x) const {
    const Distribution& d = (*circuit_).owner(id).distribution;
    const std::vector<double>& theta = parameters(id);
    const auto n = static_cast<std::size_t>(node);
    switch (d.type) {
        case DistributionType::Categorical: return std::log(theta[n * static_cast<std::size_t>(d.count) + static_cast<std::size_t>(x)]);
        case DistributionType::Bernoulli: return x == 1 ? std::log(theta[n]) : std::log1p(-theta[n]);
        case DistributionType::Binomial: return binomial_log(d.count, theta[n], x);
        case DistributionType::Gaussian: {
            const double z = (x - theta[2 * n]) / theta[2 * n + 1];
            return -0.5 * z * z - std::log(theta[2 * n + 1]) - 0.5 * std::log(2 * std::numbers::pi);
        }
        case DistributionType::DiscreteLogistic: return discrete_logistic_log(d, theta[2 * n], theta[2 * n + 1], x);
        case DistributionType::Indicator: return static_cast<std::int64_t>(x) == node ? 0.0 : -std::numeric_limits<double>::infinity();
    }
    return Table::missing;
}

double Reference::input_log_maximum(std::int32_t id, std::int64_t node) const {
    const Vector& owner = (*circuit_).owner(id);
    if (owner.distribution.type == DistributionType::Gaussian) return input_log_density(id, node, parameters(id)[static_cast<std::size_t>(2 * node)]);
    double best = -std::numeric_limits<double>::infinity();
    for (std::int64_t k = 0; k < owner.distribution.domain(); ++k) best = std::max(best, input_log_density(id, node, static_cast<double>(k)));
    return best;
}

void Reference::add_input_statistics(std::int32_t id, double x, const std::vector<double>& node_flows, std::vector<double>& statistics) const {
    const Distribution& d = (*circuit_).owner(id).distribution;
    const std::vector<double>& theta = parameters(id);
    for (std::size_t n = 0; n < node_flows.size(); ++n) {
        const double f = node_flows[n];
        switch (d.type) {
            case DistributionType::Categorical: statistics[n * static_cast<std::size_t>(d.count) + static_cast<std::size_t>(x)] += f; break;
            case DistributionType::Bernoulli:
            case DistributionType::Binomial:
                statistics[2 * n] += f * (trials_of(d) - x);
                statistics[2 * n + 1] += f * x;
                break;
            case DistributionType::Gaussian:
            case DistributionType::DiscreteLogistic: {
                const double delta = (d.type == DistributionType::Gaussian ? x : bin_centre(d, x)) - theta[2 * n];
                statistics[3 * n] += f;
                statistics[3 * n + 1] += f * delta;
                statistics[3 * n + 2] += f * delta * delta;
                break;
            }
            case DistributionType::Indicator: break;
        }
    }
}

void Reference::add_slopes(std::int32_t id, double x, const std::vector<double>& node_flows, std::vector<double>& slopes) const {
    const Distribution& d = (*circuit_).owner(id).distribution;
    if (d.type != DistributionType::DiscreteLogistic) return;
    for (std::size_t n = 0; n < node_flows.size(); ++n) {
        if (node_flows[n] == 0) continue;
        constexpr double step = 1e-5;
        const double mean = parameters(id)[2 * n], scale = parameters(id)[2 * n + 1];
        const auto log = [&](double m, double s) { return discrete_logistic_log(d, m, s, x); };
        slopes[2 * n] += node_flows[n] * (log(mean + step * scale, scale) - log(mean - step * scale, scale)) / (2 * step);
        slopes[2 * n + 1] += node_flows[n] * (log(mean, scale * std::exp(step)) - log(mean, scale * std::exp(-step))) / (2 * step);
    }
}

void Reference::update(const Flows& flows, const juice_rule& rule) {
    for (std::int32_t id = 0; id < circuit_->size(); ++id) {
        const Vector& vector = (*circuit_)[id];
        if (vector.tied_to >= 0) continue;
        if (vector.type == NodeType::Sum) update_sum(id, flows.parameters[static_cast<std::size_t>(id)], rule);
        if (vector.type == NodeType::Input) update_input(id, flows.parameters[static_cast<std::size_t>(id)], rule);
    }
}

void Reference::update_sum(std::int32_t id, const std::vector<double>& edge_flows, const juice_rule& rule) {
    std::vector<std::vector<std::size_t>> entries(static_cast<std::size_t>((*circuit_)[id].nodes()));
    for_each_sum_edge(*circuit_, id, [&](std::int64_t p, std::int64_t node, std::int32_t, std::int64_t) {
        entries[static_cast<std::size_t>(node)].push_back(static_cast<std::size_t>(p));
    });
    for (const std::vector<std::size_t>& of_node : entries) update_weights(parameters(id), edge_flows, of_node, rule);
}

void Reference::update_input(std::int32_t id, const std::vector<double>& statistics, const juice_rule& rule) {
    const Vector& vector = (*circuit_)[id];
    const Distribution& d = vector.distribution;
    std::vector<double>& theta = parameters(id);
    const double s = rule.step_size, alpha = rule.pseudocount;
    for (std::size_t n = 0; n < static_cast<std::size_t>(vector.nodes()); ++n) {
        switch (d.type) {
            case DistributionType::Categorical: {
                std::vector<std::size_t> entries;
                for (std::size_t k = 0; k < static_cast<std::size_t>(d.count); ++k) entries.push_back(n * static_cast<std::size_t>(d.count) + k);
                update_weights(theta, statistics, entries, rule);
                break;
            }
            case DistributionType::Bernoulli:
            case DistributionType::Binomial: {
                const double f0 = statistics[2 * n], f1 = statistics[2 * n + 1];
                if (theta[n] > 0 && theta[n] < 1 && f0 + f1 + alpha != 0)
                    theta[n] = (1 - s) * theta[n] + s * (f1 + alpha / 2) / (f0 + f1 + alpha);
                break;
            }
            case DistributionType::Gaussian:
            case DistributionType::DiscreteLogistic: {
                const bool gaussian = d.type == DistributionType::Gaussian;
                const double f = statistics[3 * n], unit = gaussian ? 1.0 : deviation_of_scale;
                if (f == 0) break;
                const double delta1 = statistics[3 * n + 1] / f, delta2 = statistics[3 * n + 2] / f, old = theta[2 * n + 1] * unit;
                const double variance = (1 - s) * old * old + s * delta2 - (s * delta1) * (s * delta1);
                theta[2 * n] += s * delta1;
                theta[2 * n + 1] = std::max<double>(std::sqrt(std::max(variance, 0.0)) / unit, gaussian ? rule.min_deviation : rule.min_scale);
                break;
            }
            case DistributionType::Indicator: break;
        }
    }
}

}  // namespace juice
