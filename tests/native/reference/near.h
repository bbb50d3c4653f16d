// Arrays of numbers compared: one line for the worst entry instead of a thousand failures.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace juice {

// |got - expected| <= tolerance · max(1, |expected|, scale[i]) for every entry; infinities and equal entries match exactly, NaN never does.
template <typename A, typename B>
testing::AssertionResult near(const std::vector<A>& got, const std::vector<B>& expected, double tolerance, const std::vector<double>& scale = {}) {
    if (got.size() != expected.size()) return testing::AssertionFailure() << got.size() << " entries instead of " << expected.size();
    std::size_t wrong = 0, worst = 0;
    double worst_ratio = -1;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double g = static_cast<double>(got[i]), e = static_cast<double>(expected[i]);
        if (g == e) continue;
        const double unit = std::max({1.0, std::abs(e), scale.empty() ? 0.0 : scale[i]});
        double ratio = std::isfinite(g) && std::isfinite(e) ? std::abs(g - e) / (tolerance * unit) : INFINITY;
        if (ratio <= 1) continue;
        ++wrong;
        if (ratio > worst_ratio) worst_ratio = ratio, worst = i;
    }
    if (wrong == 0) return testing::AssertionSuccess();
    return testing::AssertionFailure() << wrong << " of " << got.size() << " entries are off; the worst is entry " << worst << ": " << got[worst]
                                       << " instead of " << expected[worst] << ", " << worst_ratio << " times the tolerance";
}

// Bit for bit.
template <typename T>
testing::AssertionResult same(const std::vector<T>& got, const std::vector<T>& expected) {
    if (got.size() != expected.size()) return testing::AssertionFailure() << got.size() << " entries instead of " << expected.size();
    for (std::size_t i = 0; i < got.size(); ++i)
        if (!(got[i] == expected[i])) return testing::AssertionFailure() << "entry " << i << " is " << got[i] << " instead of " << expected[i];
    return testing::AssertionSuccess();
}

}  // namespace juice
