// Rows for tests: doubles, NaN for missing, with a view as the ABI's juice_rows and a reader of the conformance cases' CSV files.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "juice/juice.h"

namespace juice {

struct Table {
    std::int32_t variables = 0;
    std::vector<double> values;     // [rows, variables]
    std::vector<float> weights;     // [rows]; empty: all 1

    static constexpr double missing = std::numeric_limits<double>::quiet_NaN();

    std::int64_t rows() const { return static_cast<std::int64_t>(values.size()) / variables; }
    const double* row(std::int64_t index) const { return values.data() + index * variables; }
    double* row(std::int64_t index) { return values.data() + index * variables; }
    double weight(std::int64_t index) const { return weights.empty() ? 1.0 : weights[static_cast<std::size_t>(index)]; }

    void add(const std::vector<double>& row) { values.insert(values.end(), row.begin(), row.end()); }
    Table slice(std::int64_t first, std::int64_t count) const;

    // Points into this table: it must outlive the view.
    juice_rows view() const;

    static Table read_csv(const std::string& path);
};

}  // namespace juice
