// Mutual information from a table of counts. With M the table's sum, f(x) = x log x, and pseudocounts included everywhere,
//     I = log M + (sum f(cell) - sum f(row) - sum f(column)) / M.
// Counts are summed up in fixed point, so that the order of cells does not matter and variables which merely exchange roles or categories tie
// exactly; weights in doubles.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace juice {

inline double x_log_x(double x) { return x > 0 ? x * std::log(x) : 0; }

template <bool weighted>
class Information {
public:
    using Count = std::conditional_t<weighted, double, std::int64_t>;

    Information(std::int64_t rows, double pseudocount) : rows_(static_cast<double>(rows)), pseudocount_(pseudocount) {
        if constexpr (!weighted) {
            cell_.resize(static_cast<std::size_t>(std::min<std::int64_t>(rows, 65536)) + 1);
            for (std::size_t n = 0; n < cell_.size(); ++n) cell_[n] = x_log_x(static_cast<double>(n) + pseudocount);
        }
    }

    // The sums of one table with this many rows and columns. Without cells and columns, value() is the entropy of the rows.
    class Table {
    public:
        Table(const Information& information, std::int64_t rows, std::int64_t columns)
            : information_(information), rows_(static_cast<double>(rows)), columns_(static_cast<double>(columns)) {
            if constexpr (!weighted) {
                // Room for the largest sum, which is f(M), and for cells of a small pseudocount, whose f is negative.
                const double most = information.rows_ + information.pseudocount_ * rows_ * columns_;
                scale_ = std::exp2(std::floor(61 - std::log2(most * std::log(most + 3) + rows_ * columns_ * std::abs(x_log_x(information.pseudocount_)))));
            }
        }

        void add_cell(Count n) { sum_ += fixed(information_.cell(n)); }
        void add_empty_cells(std::int64_t cells) { sum_ += fixed(static_cast<double>(cells) * x_log_x(information_.pseudocount_)); }
        void add_row(Count n) {
            sum_ -= fixed(x_log_x(static_cast<double>(n) + information_.pseudocount_ * columns_));
            total_ += n;
        }
        void add_column(Count n) { sum_ -= fixed(x_log_x(static_cast<double>(n) + information_.pseudocount_ * rows_)); }

        double value() const {
            const double mass = static_cast<double>(total_) + information_.pseudocount_ * rows_ * columns_;
            return mass > 0 ? std::max(std::log(mass) + static_cast<double>(sum_) / scale_ / mass, 0.0) : 0;
        }

    private:
        const Information& information_;
        double rows_, columns_, scale_ = 1;
        Count total_{}, sum_{};

        Count fixed(double y) const { return static_cast<Count>(y * scale_); }
    };

private:
    double rows_, pseudocount_;
    std::vector<double> cell_;      // f of the smaller counts

    double cell(Count n) const {
        if constexpr (!weighted)
            if (n < static_cast<Count>(cell_.size())) return cell_[static_cast<std::size_t>(n)];
        return x_log_x(static_cast<double>(n) + pseudocount_);
    }
};

}  // namespace juice
