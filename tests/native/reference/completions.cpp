#include "reference/completions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace juice {

namespace {

// Wilson and Hilferty's approximation to the chi-square quantile that is passed once in a million.
double chi_square_limit(double freedom) {
    const double spread = 2 / (9 * freedom);
    return freedom * std::pow(1 - spread + 4.75 * std::sqrt(spread), 3);
}

}  // namespace

std::map<std::vector<double>, double> completions(const Reference& reference, const std::vector<double>& evidence, std::int64_t root) {
    const Circuit& circuit = reference.circuit();
    Table rows;
    rows.variables = circuit.variables();
    std::vector<double> row = evidence;
    for (std::size_t v = 0; v < row.size(); ++v)
        if (std::isnan(evidence[v])) row[v] = 0;
    for (bool more = true; more;) {
        rows.add(row);
        more = false;
        for (std::size_t v = 0; v < row.size() && !more; ++v) {
            if (!std::isnan(evidence[v])) continue;
            more = row[v] + 1 < static_cast<double>(circuit.distribution_of(static_cast<std::int32_t>(v)).domain());
            row[v] = more ? row[v] + 1 : 0;
        }
    }
    const std::vector<double> logs = reference.log_likelihood(rows), all = reference.log_likelihood({circuit.variables(), evidence, {}});
    std::map<std::vector<double>, double> expected;
    for (std::int64_t r = 0; r < rows.rows(); ++r) {
        const double log = logs[static_cast<std::size_t>(r * circuit.roots() + root)] - all[static_cast<std::size_t>(root)];
        if (log > -INFINITY) expected[{rows.row(r), rows.row(r) + rows.variables}] = std::exp(log);
    }
    return expected;
}

testing::AssertionResult follows(const Table& samples, const std::map<std::vector<double>, double>& expected) {
    std::map<std::vector<double>, double> counts;
    for (std::int64_t r = 0; r < samples.rows(); ++r) {
        std::vector<double> row(samples.row(r), samples.row(r) + samples.variables);
        if (!expected.contains(row)) return testing::AssertionFailure() << "sample " << r << " is impossible: " << testing::PrintToString(row);
        ++counts[std::move(row)];
    }
    const auto n = static_cast<double>(samples.rows());
    double statistic = 0, cells = 0, rare = 0, rare_count = 0, sum = 0;
    for (const auto& [row, probability] : expected) {
        sum += probability;
        const auto found = counts.find(row);
        const double count = found == counts.end() ? 0 : found->second;
        if (probability * n < 8) {
            rare += probability * n;
            rare_count += count;
            continue;
        }
        statistic += (count - probability * n) * (count - probability * n) / (probability * n);
        ++cells;
    }
    if (std::abs(sum - 1) > 1e-4) return testing::AssertionFailure() << "the expected probabilities add up to " << sum;
    if (rare > 0) {     // few events are no chi-square: one more unit of room
        statistic += std::max(0.0, (rare_count - rare) * (rare_count - rare) / std::max(rare, 8.0));
        ++cells;
    }
    if (cells < 2) return testing::AssertionSuccess();
    const double limit = chi_square_limit(cells - 1);
    if (statistic <= limit) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "chi-square of " << samples.rows() << " samples is " << statistic << " over " << cells << " cells; at most " << limit
                                       << " is likely";
}

std::function<double(double)> distribution_function(const Reference& reference, const std::vector<double>& evidence, std::int32_t variable) {
    const Circuit& circuit = reference.circuit();
    const Flows flows = reference.flows({circuit.variables(), evidence, {}});
    struct Part {
        double weight, mean, deviation;
    };
    std::vector<Part> parts;
    for (std::int32_t id = 0; id < circuit.size(); ++id) {
        if (circuit[id].type != NodeType::Input || circuit[id].variable != variable) continue;
        const std::vector<double>& theta = reference.parameters(id);
        for (std::size_t i = 0; i < flows.nodes[static_cast<std::size_t>(id)].size(); ++i)
            if (const double flow = flows.nodes[static_cast<std::size_t>(id)][i]; flow > 0) parts.push_back({flow, theta[2 * i], theta[2 * i + 1]});
    }
    return [parts](double x) {
        double sum = 0;
        for (const Part& part : parts) sum += part.weight * 0.5 * std::erfc((part.mean - x) / (part.deviation * std::numbers::sqrt2));
        return sum;
    };
}

testing::AssertionResult follows(const Table& samples, std::int32_t variable, const std::function<double(double)>& expected) {
    std::vector<double> values;
    for (std::int64_t r = 0; r < samples.rows(); ++r) values.push_back(samples.row(r)[variable]);
    std::sort(values.begin(), values.end());
    const auto n = static_cast<double>(values.size());
    double distance = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i])) return testing::AssertionFailure() << "a sample of variable " << variable << " is " << values[i];
        const double p = expected(values[i]);
        distance = std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
    }
    const double limit = 2.7 / std::sqrt(n);     // 2 exp(-2 · 2.7²) is 9e-7
    if (distance <= limit) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "the distribution of " << values.size() << " samples of variable " << variable << " is off by " << distance
                                       << "; at most " << limit << " is likely";
}

}  // namespace juice
