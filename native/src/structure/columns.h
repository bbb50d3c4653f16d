// Rows as columns of small codes, one column a variable: what counting pairs of variables starts from.
#pragma once

#include <cstdint>
#include <vector>

#include "common/threads.h"
#include "juice/juice.h"

namespace juice {

// Codes 0 … categories-1, and `categories` itself for a missing entry where there are any.
struct Column {
    std::int32_t categories = 0;
    bool missing = false;
    std::vector<std::uint8_t> narrow;       // one of the two: codes of an alphabet of up to 256 …
    std::vector<std::uint32_t> wide;        // … or of a larger one

    std::int32_t alphabet() const noexcept { return categories + (missing ? 1 : 0); }
};

struct Columns {
    std::int64_t rows = 0;
    std::vector<Column> column;
    std::vector<double> weights;            // [rows]; empty: all 1
};

// Row numbers of a subset of `limit` of `count` rows, in ascending order; every subset is as likely as any other.
std::vector<std::int64_t> sample_rows(std::int64_t count, std::int64_t limit, std::uint64_t seed);

// Reads the rows asked for and chooses every variable's categories:
// - Whole numbers (byte, ushort, int): the values 0 … largest as they are (least … largest where that is negative or saves categories), but at
//   least two categories, as long as there are at most 64, or `bins` where that is given. Otherwise 16, or `bins`, bins: of equal width over
//   least … largest, or by quantiles.
// - Floats and doubles: the different values as they are under the same limit, otherwise quantile bins.
// Quantile bins are filled in ascending order, each with whole values, so as to come nearest to its share of the rows that are left.
Columns read_columns(const juice_rows& rows, const juice_tree_options& options, ThreadPool& pool);

}  // namespace juice
