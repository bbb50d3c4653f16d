// Pairs with a variable of many categories: rows sorted by one variable's code, and for each of its codes a histogram of the other variable over
// just these rows, cleared by walking them again. Memory and time do not depend on the number of joint cells.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "structure/columns.h"
#include "structure/information.h"

namespace juice {

// Row numbers by ascending code; rows where the variable is missing are left out.
struct SortedRows {
    std::vector<std::uint32_t> row;
    std::vector<std::size_t> begin;         // [categories + 1]

    explicit SortedRows(const Column& column);
};

template <bool weighted>
class WidePairs {
public:
    WidePairs(const Columns& columns, const Information<weighted>& information) : columns_(columns), information_(information) {}

    // Mutual information of the sorted variable and another one.
    double operator()(const SortedRows& sorted, const Column& other);

private:
    using Count = typename Information<weighted>::Count;

    const Columns& columns_;
    const Information<weighted>& information_;
    std::vector<Count> histogram_, other_margin_;

    template <class Code>
    double count(const SortedRows& sorted, const Column& other, const Code* code);
};

}  // namespace juice
