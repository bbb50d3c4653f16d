// Tables of probabilities of many values (a vocabulary), of which a batch holds few: their flows are found while the table goes by once.
#pragma once

#include <cstdint>

#include "cuda/kernels.h"
#include "cuda/memory.h"

namespace juice::cuda {

// A row of a reader in which a value occurs.
struct RowOfReader {
    std::int64_t place;         // where its flows of panel 0 lie; below 0: −1 − the reader, which has them wired
    std::int32_t row, code;
};

// A table, and where its part of the arrays begins.
struct LargeTable {
    std::int32_t owner, splits;         // splits: parts in which its flows are added up
    std::int64_t rows;                  // in readers: times run.line, in rows_of_readers
    std::int64_t starts;                // [domain + 1]: the values' first rows
    std::int64_t totals;                // [splits][panels · 16]
};

// A piece of a table: some values of up to 8 panels.
struct LargePiece {
    std::int32_t table, first_panel;
    std::int64_t first_value;
};

struct LargeTablesOnDevice {
    const LargeTable* tables;
    const LargePiece* pieces;
    RowOfReader* rows;
    std::int32_t *starts, *frequent, *frequent_counts;      // frequent: the tables' lists, of so many values each
    float* totals;
};

class LargeTables {
public:
    LargeTables(const PlanView& plan, cudaStream_t stream);
    void make_room(std::int64_t rows);          // batches of up to so many; nothing may be under way

    bool any() const { return tables_ > 0; }
    // After sort_rows: every table's rows by value.
    void sort(const Run& run, cudaStream_t stream) const;
    // Adds up the flows of the values that occur, and updates the tables or fills the flow buffer.
    void flows(const Run& run, const Pass& pass, const Rule* rule, cudaStream_t stream) const;

private:
    std::int32_t tables_ = 0, pieces_ = 0, most_readers_ = 0, most_panels_ = 0, most_splits_ = 0;
    std::int64_t readers_ = 0, most_values_ = 0;
    bool wired_ = false;                        // some reader does not read nodes in their order
    Array<LargeTable> table_array_;
    Array<LargePiece> piece_array_;
    Array<RowOfReader> rows_;
    Array<std::int32_t> starts_, frequent_, frequent_counts_;
    Array<float> totals_;

    LargeTablesOnDevice on_device() const { return {table_array_.data(), piece_array_.data(), rows_.data(), starts_.data(), frequent_.data(), frequent_counts_.data(), totals_.data()}; }
};

}  // namespace juice::cuda
