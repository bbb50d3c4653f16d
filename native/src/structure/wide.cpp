// Counting pairs of variables with many categories.
#include "structure/wide.h"

namespace juice {

SortedRows::SortedRows(const Column& column) {
    const auto sort = [&](const auto& codes) {
        begin.assign(static_cast<std::size_t>(column.categories) + 2, 0);
        for (const auto code : codes) ++begin[std::size_t{code} + 1];
        if (column.missing) begin.pop_back();
        for (std::size_t c = 1; c < begin.size(); ++c) begin[c] += begin[c - 1];
        begin.resize(static_cast<std::size_t>(column.categories) + 1);
        row.resize(begin.back());
        std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
        for (std::size_t i = 0; i < codes.size(); ++i)
            if (codes[i] < next.size()) row[next[codes[i]]++] = static_cast<std::uint32_t>(i);
    };
    if (column.narrow.empty()) sort(column.wide);
    else sort(column.narrow);
}

template <bool weighted>
double WidePairs<weighted>::operator()(const SortedRows& sorted, const Column& other) {
    return other.narrow.empty() ? count(sorted, other, other.wide.data()) : count(sorted, other, other.narrow.data());
}

template <bool weighted>
template <class Code>
double WidePairs<weighted>::count(const SortedRows& sorted, const Column& other, const Code* code) {
    const auto rows = static_cast<std::int64_t>(sorted.begin.size()) - 1;
    const std::int64_t columns = other.categories;
    histogram_.assign(static_cast<std::size_t>(other.alphabet()), Count{});
    other_margin_.assign(histogram_.size(), Count{});

    typename Information<weighted>::Table table(information_, rows, columns);
    std::int64_t filled = 0;
    for (std::int64_t a = 0; a < rows; ++a) {
        const std::uint32_t* first = sorted.row.data() + sorted.begin[static_cast<std::size_t>(a)];
        const std::uint32_t* last = sorted.row.data() + sorted.begin[static_cast<std::size_t>(a) + 1];
        for (const std::uint32_t* row = first; row < last; ++row) {
            if constexpr (weighted) histogram_[code[*row]] += columns_.weights[*row];
            else ++histogram_[code[*row]];
        }
        Count margin{};
        for (const std::uint32_t* row = first; row < last; ++row) {
            const Code b = code[*row];
            Count& cell = histogram_[b];
            if (cell > 0 && std::int64_t{b} < columns) {
                table.add_cell(cell);
                margin += cell;
                other_margin_[b] += cell;
                ++filled;
            }
            cell = Count{};
        }
        table.add_row(margin);
    }
    for (std::int64_t b = 0; b < columns; ++b) table.add_column(other_margin_[static_cast<std::size_t>(b)]);
    table.add_empty_cells(rows * columns - filled);
    return table.value();
}

template class WidePairs<false>;
template class WidePairs<true>;

}  // namespace juice
