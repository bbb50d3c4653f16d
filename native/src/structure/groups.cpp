// Orders, groups, lists, and the counting loop that a Chow-Liu tree's time goes into.
#include "structure/groups.h"

#include <algorithm>
#include <atomic>
#include <type_traits>

namespace juice {

namespace {

constexpr std::int32_t most_codes = 256;

// Adds a group's counts at one code of the other variable, cells[codes], to the rows of the members' tables. Members are folded away from the
// last to the first: sums over runs give a member's counts, adding the runs up leaves the counts of those before it. Destroys cells.
template <class Cell, class Count>
void add_margins(Cell* cells, const std::int32_t* alphabets, const std::int64_t* joint_at, int members, int from, std::int32_t codes, Count* joint) {
    for (int m = members - 1; m >= from; --m) {
        const std::int32_t alphabet = alphabets[m], run = codes / alphabet;
        Count* out = joint + joint_at[m];
        for (std::int32_t b = 0; b < alphabet; ++b) {
            Cell sum{};
            for (std::int32_t c = 0; c < run; ++c) sum += cells[b * run + c];
            out[b] += static_cast<Count>(sum);
        }
        for (std::int32_t b = 1; b < alphabet; ++b)
            for (std::int32_t c = 0; c < run; ++c) cells[c] += cells[b * run + c];
        codes = run;
    }
}

// Consecutive rows of images often fall into one cell; two tables in turn keep an increment from waiting for the last.
void count_span(const std::uint32_t* entry, const std::uint32_t* end, const std::uint8_t* code, std::uint16_t* even, std::uint16_t* odd) {
    const auto cell = [code](std::uint32_t e) { return (e >> 16) + code[e & 0xffff]; };
    for (; end - entry >= 4; entry += 4) {
        const std::uint32_t a = cell(entry[0]), b = cell(entry[1]), c = cell(entry[2]), d = cell(entry[3]);
        ++even[a];
        ++odd[b];
        ++even[c];
        ++odd[d];
    }
    for (; entry < end; ++entry) ++even[cell(*entry)];
}

}  // namespace

Grouping::Grouping(const Columns& columns, const std::vector<std::int32_t>& variables, bool weighted, ThreadPool& pool)
    : columns_(columns), weighted_(weighted), order_(variables), counts_(columns.column.size()), most_frequent_(columns.column.size()) {
    std::atomic<std::size_t> next{0};
    pool.run([&](int) {
        for (std::size_t i; (i = next.fetch_add(1)) < variables.size();) {
            const auto v = static_cast<std::size_t>(variables[i]);
            std::vector<std::int64_t> counts(static_cast<std::size_t>(columns.column[v].alphabet()));
            for (const std::uint8_t code : columns.column[v].narrow) ++counts[code];
            most_frequent_[v] = static_cast<std::int32_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
            counts_[v] = std::move(counts);
        }
    });
    const auto most = [&](std::int32_t variable) {
        const auto v = static_cast<std::size_t>(variable);
        return counts_[v][static_cast<std::size_t>(most_frequent_[v])];
    };
    std::stable_sort(order_.begin(), order_.end(), [&](std::int32_t a, std::int32_t b) { return most(a) > most(b); });

    const auto size = static_cast<std::int32_t>(order_.size());
    for (std::int32_t position = 0; position < size; ++position) {
        if (groups_.empty() || groups_.back().codes * at(position).alphabet() > most_codes) {
            groups_.emplace_back();
            groups_.back().first = position;
        }
        groups_.back().codes *= at(position).alphabet();
        groups_.back().end = position + 1;
    }
    next = 0;
    pool.run([&](int) {
        for (std::size_t g; (g = next.fetch_add(1)) < groups_.size();) {
            Group& group = groups_[g];
            group.code.assign(static_cast<std::size_t>(columns.rows), 0);
            std::int32_t radix = 1;
            for (std::int32_t position = group.first; position < group.end; ++position) {
                const std::uint8_t* code = at(position).narrow.data();
                for (std::size_t i = 0; i < group.code.size(); ++i) group.code[i] = static_cast<std::uint8_t>(group.code[i] + code[i] * radix);
                radix *= at(position).alphabet();
            }
        }
    });
}

void Grouping::list_rows(std::int32_t position, RowList& list) const {
    const std::vector<std::uint8_t>& code = at(position).narrow;
    const std::int32_t skipped = weighted_ ? -1 : most_frequent_[static_cast<std::size_t>(order_[static_cast<std::size_t>(position)])];
    list.entry.resize(code.size());
    list.span_begin.assign(1, 0);
    std::size_t n = 0;
    for (std::size_t begin = 0; begin < code.size(); begin += RowList::span) {
        const std::size_t end = std::min(code.size(), begin + RowList::span);
        for (std::size_t i = begin; i < end; ++i) {
            list.entry[n] = static_cast<std::uint32_t>(i - begin) | static_cast<std::uint32_t>(code[i]) << 24;
            n += code[i] != skipped;
        }
        list.span_begin.push_back(n);
    }
}

template <class Count>
void Grouping::count(std::int32_t position, const RowList& list, const Group& group, std::int32_t from, GroupTables& tables,
                     std::vector<Count>& joint) const {
    constexpr bool weighted = std::is_same_v<Count, double>;
    using Cell = std::conditional_t<weighted, double, std::uint32_t>;
    const auto variable = static_cast<std::size_t>(order_[static_cast<std::size_t>(position)]);
    const std::int32_t rows = columns_.column[variable].alphabet();
    const int members = group.end - group.first, first = from - group.first;

    // Where each member's table begins, and its next row.
    std::int32_t alphabets[8];
    std::int64_t begin[8], row_at[8], cells = 0;
    for (int m = first; m < members; ++m) {
        alphabets[m] = at(group.first + m).alphabet();
        begin[m] = cells;
        cells += std::int64_t{rows} * alphabets[m];
    }
    joint.assign(static_cast<std::size_t>(cells), Count{});

    const std::size_t table = static_cast<std::size_t>(rows) * most_codes;
    auto& [counts, weights] = tables;
    Cell line[most_codes];
    for (std::size_t s = 0; s + 1 < list.span_begin.size(); ++s) {
        const std::uint32_t* entry = list.entry.data() + list.span_begin[s];
        const std::uint32_t* end = list.entry.data() + list.span_begin[s + 1];
        const std::size_t row = s * RowList::span;
        const std::uint8_t* code = group.code.data() + row;
        if constexpr (weighted) {
            weights.assign(table, 0.0);
            for (; entry < end; ++entry) weights[(*entry >> 16) + code[*entry & 0xffff]] += columns_.weights[row + (*entry & 0xffff)];
        } else {
            counts.assign(2 * table, 0);
            count_span(entry, end, code, counts.data(), counts.data() + table);
        }
        for (std::int32_t a = 0; a < rows; ++a) {
            if (!weighted && a == most_frequent_[variable]) continue;
            const std::size_t at = static_cast<std::size_t>(a) * most_codes;
            for (std::int32_t c = 0; c < group.codes; ++c) {
                if constexpr (weighted) line[c] = weights[at + static_cast<std::size_t>(c)];
                else line[c] = Cell{counts[at + static_cast<std::size_t>(c)]} + counts[table + at + static_cast<std::size_t>(c)];
            }
            for (int m = first; m < members; ++m) row_at[m] = begin[m] + std::int64_t{a} * alphabets[m];
            add_margins(line, alphabets, row_at, members, first, group.codes, joint.data());
        }
    }

    if constexpr (!weighted) {
        for (int m = first; m < members; ++m) {
            const std::vector<std::int64_t>& all = counts_[static_cast<std::size_t>(order_[static_cast<std::size_t>(group.first + m)])];
            Count* skipped = joint.data() + begin[m] + std::int64_t{most_frequent_[variable]} * alphabets[m];
            std::copy(all.begin(), all.end(), skipped);
            for (std::int32_t a = 0; a < rows; ++a) {
                const Count* other = joint.data() + begin[m] + std::int64_t{a} * alphabets[m];
                for (std::int32_t b = 0; b < alphabets[m] && a != most_frequent_[variable]; ++b) skipped[b] -= other[b];
            }
        }
    }
}

template void Grouping::count(std::int32_t, const RowList&, const Group&, std::int32_t, GroupTables&, std::vector<std::int64_t>&) const;
template void Grouping::count(std::int32_t, const RowList&, const Group&, std::int32_t, GroupTables&, std::vector<double>&) const;

}  // namespace juice
