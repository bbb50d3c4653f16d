// Rows as engines want them. A juice_rows (memory or callback, five element types, NaN, mask or sentinel for missing) is read a few rows at a
// time, checked against the circuit's domains, and transposed into a Batch: one contiguous line per variable.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "circuit/circuit.h"
#include "juice/juice.h"
#include "rows/paging.h"

namespace juice {

// A batch by variable: line v holds the batch's values of variable v. Discrete variables are codes 0 … domain-1 with -1 for missing,
// continuous ones (Gaussian) floats with NaN for missing. Lines are padded to a multiple of 16 rows; the padding holds "missing".
struct Batch {
    std::int64_t rows = 0, stride = 0;          // stride: rows rounded up to a multiple of 16
    std::vector<std::int32_t> codes;            // [variables, stride]; lines of continuous variables unused
    std::vector<float> reals;                   // [variables, stride]; empty where no variable is continuous
    std::vector<float> weights;                 // [rows]; empty: all 1

    const std::int32_t* code_line(std::int32_t variable) const { return codes.data() + variable * stride; }
    const float* real_line(std::int32_t variable) const { return reals.data() + variable * stride; }
};

// What the reader must know of a circuit: a domain per variable (0: continuous).
using Domains = std::vector<std::int64_t>;
Domains domains_of(const Circuit& circuit);

// Checks a juice_rows itself (sizes, pointers, element type, weights finite and >= 0 …). Throws Error(JUICE_ERROR_ARGUMENT).
void check_rows(const juice_rows& rows, std::int32_t variables);

// Reads rows `indices` (or first … first+n-1 where indices is NULL) into `batch`, reusing its memory. A value outside its variable's domain is
// an Error(JUICE_ERROR_ARGUMENT) that names row, column, value and domain: "row 17, column 3: 300 is not in 0 … 255". A non-finite
// value that is not NaN, or a fraction where a code is wanted, likewise; the first such entry in the order of the batch is the one named.
class RowReader {
public:
    RowReader(const juice_rows& rows, Domains domains);
    void read(const std::int64_t* indices, std::int64_t first, std::int64_t n, Batch& batch);
    // These rows are read next: where they lie in a mapped file, the system begins to fetch them. Numbers as in read, which checks them.
    void read_ahead(const std::int64_t* indices, std::int64_t first, std::int64_t n) { paging_.ahead(indices, first, n); }
    std::int64_t count() const noexcept { return rows_.count; }
    // An entry of the batch read last, as the source gave it.
    double entry(std::int64_t row, std::int64_t variable) const;

private:
    juice_rows rows_;
    Domains domains_;
    Paging paging_;
    bool any_continuous_ = false;
    const std::int64_t* indices_ = nullptr;     // of the batch read last
    std::int64_t first_ = 0, n_ = 0;
    std::vector<std::int64_t> wanted_;          // for a callback source: row numbers asked for, their values and marks
    std::vector<unsigned char> fetched_;
    std::vector<unsigned char> fetched_missing_;
};

}  // namespace juice
