// Mutual information from a table of counts, in sums that do not depend on the order of the table's cells, so that variables which merely
// exchange roles or categories tie exactly.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace juice {

// f(x) = x log x; f(0) = 0.
inline double x_log_x(double x) { return x > 0 ? x * std::log(x) : 0; }

// With M the table's sum (pseudocounts included): I = log M + (sum f(cell) - sum f(row) - sum f(column)) / M.
// For counts the sums are fixed-point integers; for weights doubles.
template <bool weighted>
class Information;

template <>
class Information<false> {
public:
    using Count = std::int64_t;
    using Sum = std::int64_t;

    Information(std::int64_t rows, std::int64_t most_categories, double pseudocount) : pseudocount_(pseudocount) {
        const double cells = static_cast<double>(most_categories) * static_cast<double>(most_categories);
        const double mass = static_cast<double>(rows) + pseudocount * cells;
        scale_ = std::floor(61 - std::log2(mass * std::log(mass + 3) + cells));
        cell_.resize(static_cast<std::size_t>(std::min<std::int64_t>(rows, 65536)) + 1);
        for (std::size_t n = 0; n < cell_.size(); ++n) cell_[n] = fixed(static_cast<double>(n) + pseudocount);
    }

    double pseudocount() const noexcept { return pseudocount_; }
    Sum cell(Count n) const { return n < static_cast<Count>(cell_.size()) ? cell_[static_cast<std::size_t>(n)] : fixed(static_cast<double>(n) + pseudocount_); }
    Sum margin(Count n, std::int64_t other_categories) const {
        return fixed(static_cast<double>(n) + pseudocount_ * static_cast<double>(other_categories));
    }
    double value(Sum sum, double mass) const { return mass > 0 ? std::log(mass) + std::ldexp(static_cast<double>(sum), -static_cast<int>(scale_)) / mass : 0; }

private:
    Sum fixed(double x) const { return std::llround(std::ldexp(x_log_x(x), static_cast<int>(scale_))); }

    double pseudocount_, scale_;
    std::vector<Sum> cell_;
};

template <>
class Information<true> {
public:
    using Count = double;
    using Sum = double;

    Information(std::int64_t, std::int64_t, double pseudocount) : pseudocount_(pseudocount) {}

    double pseudocount() const noexcept { return pseudocount_; }
    Sum cell(Count n) const { return x_log_x(n + pseudocount_); }
    Sum margin(Count n, std::int64_t other_categories) const { return x_log_x(n + pseudocount_ * static_cast<double>(other_categories)); }
    double value(Sum sum, double mass) const { return mass > 0 ? std::log(mass) + sum / mass : 0; }

private:
    double pseudocount_;
};

}  // namespace juice
