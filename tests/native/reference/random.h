// Random draws for tests: the same on every platform for one seed (the standard distributions are not).
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <random>
#include <vector>

namespace juice {

class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed * 0x9E3779B97F4A7C15ull + 1) {}

    double uniform() { return (static_cast<double>(engine_() >> 11) + 0.5) * 0x1p-53; }                     // in (0, 1)
    double between(double low, double high) { return low + (high - low) * uniform(); }
    std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n)); }
    std::int64_t integer(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }       // low … high
    bool chance(double p) { return uniform() < p; }
    double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * std::numbers::pi * uniform()); }
    template <typename T>
    const T& pick(const std::vector<T>& from) { return from[static_cast<std::size_t>(below(static_cast<std::int64_t>(from.size())))]; }
    // A position drawn in proportion to its weight.
    std::size_t weighted(const std::vector<double>& weights) {
        double total = 0;
        for (const double weight : weights) total += weight;
        double left = uniform() * total;
        std::size_t last = 0;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            if (!(weights[i] > 0)) continue;
            last = i;
            left -= weights[i];
            if (left < 0) break;
        }
        return last;
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace juice
