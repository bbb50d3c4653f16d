// Log-probability tables of the distributions whose probabilities may be far too small for a float: binomial and discrete logistic.
#include <algorithm>
#include <cmath>

#include "cpu/kernels.h"

namespace juice::cpu {

namespace {

// log of the logistic function, and of its difference over an interval, without cancellation in either tail.
double log_sigmoid(double x) { return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x)); }

// log(σ(b) − σ(a)) for a < b: σ(b) − σ(a) = σ(b) σ(−a) (1 − e^(a−b)).
double log_interval(double a, double b) {
    if (std::isinf(a)) return log_sigmoid(b);
    if (std::isinf(b)) return log_sigmoid(-a);
    return log_sigmoid(b) + log_sigmoid(-a) + std::log(-std::expm1(a - b));
}

}  // namespace

void fill_log_table(const PlanOwner& owner, float* parameters, double* logs) {
    constexpr double to_log2 = 1.4426950408889634;
    const std::int64_t width = owner.panels * panel;
    const float* first = parameters + owner.domain * width;
    const float* second = first + width;
    for (std::int64_t x = 0; x < owner.domain; ++x) {
        double top = -INFINITY;
        for (std::int64_t node = 0; node < width; ++node) {
            double log = -INFINITY;
            if (node < owner.nodes && owner.distribution == DistributionType::Binomial) {
                const double n = static_cast<double>(owner.domain - 1), k = static_cast<double>(x), p = first[node];
                log = std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
                if (x > 0) log += k * std::log(p);
                if (k < n) log += (n - k) * std::log1p(-p);
            } else if (node < owner.nodes) {
                const double bin = (owner.high - owner.low) / static_cast<double>(owner.domain), low = owner.low + bin * static_cast<double>(x);
                const double a = x == 0 ? -INFINITY : (low - first[node]) / second[node];
                const double b = x == owner.domain - 1 ? INFINITY : (low + bin - first[node]) / second[node];
                log = owner.domain == 1 ? 0 : log_interval(a, b);
            }
            logs[node] = log * to_log2;
            top = std::max(top, log * to_log2);
        }
        const bool possible = top >= owner.least_log;
        const auto exponent = possible ? static_cast<float>(std::ceil(top)) : 0.0f;       // as it will be read: a large one is rounded
        for (std::int64_t node = 0; node < width; ++node)
            parameters[x * width + node] = logs[node] >= owner.least_log ? static_cast<float>(logs[node] - static_cast<double>(exponent)) : -INFINITY;
        parameters[(owner.domain + 2) * width + x] = exponent;
    }
}

}  // namespace juice::cpu
