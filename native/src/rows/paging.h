// Rows in a mapped file that may be larger than memory: their pages are asked for before they are read, all at once instead of fault by fault,
// and given back some way behind, so that the process holds a bounded part of the file however long it goes on.
#pragma once

#include <cstdint>

#include "juice/juice.h"

namespace juice {

class Paging {
public:
    // Does nothing where the rows are not mapped.
    explicit Paging(const juice_rows& rows);
    ~Paging();
    Paging(const Paging&) = delete;
    Paging& operator=(const Paging&) = delete;

    // Rows indices[0 … n-1] (first … first+n-1 where indices is NULL) are read soon: the system begins to fetch what it does not have.
    void ahead(const std::int64_t* indices, std::int64_t first, std::int64_t n);
    // So many rows have been read, in their order or not. Now and then the pages behind are unmapped; they stay in the system's cache as long as it
    // has room.
    void behind(std::int64_t n, bool in_order);

private:
    void ask(std::uintptr_t begin, std::uintptr_t end) const;

    juice_rows rows_;
    std::uintptr_t begin_ = 0, end_ = 0;        // the data, from a page's beginning to a page's end; equal: not mapped
    std::uintptr_t page_ = 1;
    std::int64_t row_bytes_ = 0, held_ = 0;
};

}  // namespace juice
