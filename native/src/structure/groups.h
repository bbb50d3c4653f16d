// Counting pairs of variables with small alphabets. Variables are put in the order of their list: the rows where they are not at their most
// frequent code. Neighbours in that order are packed into groups of up to 256 joint codes, one byte a row; a variable is counted against a
// whole group by walking its list once, and the table's cells at the most frequent code follow from the group's margins. On images, whose
// pixels are mostly 0, that leaves a fraction of the increments that a table a pair would take.
#pragma once

#include <cstdint>
#include <vector>

#include "common/threads.h"
#include "structure/columns.h"

namespace juice {

struct Group {
    std::int32_t first = 0, end = 0;        // positions in the order
    std::int32_t codes = 1;                 // product of the members' alphabets; the first member's code counts 1
    std::vector<std::uint8_t> code;         // [rows]
};

// A variable's rows, as count_group wants them. Rows are cut into spans, so that 16 bits hold an offset and a count.
struct RowList {
    static constexpr std::int64_t span = 65535;
    std::vector<std::uint32_t> entry;       // offset in the span, and the variable's code << 24
    std::vector<std::size_t> span_begin;    // [spans + 1]
};

// Memory that counting uses again and again; one a thread.
struct GroupTables {
    std::vector<std::uint16_t> counts;
    std::vector<double> weights;
};

class Grouping {
public:
    // weighted: lists hold every row, because sums of weights cannot be subtracted exactly.
    Grouping(const Columns& columns, const std::vector<std::int32_t>& variables, bool weighted, ThreadPool& pool);

    const std::vector<std::int32_t>& order() const noexcept { return order_; }
    const std::vector<Group>& groups() const noexcept { return groups_; }
    void list_rows(std::int32_t position, RowList& list) const;

    // Joint counts of the variable at `position` (whose list is given) and each member of the group from position `from` on: joint holds, member
    // after member, [alphabet, member's alphabet]. Count: std::int64_t, or double for sums of weights.
    template <class Count>
    void count(std::int32_t position, const RowList& list, const Group& group, std::int32_t from, GroupTables& tables,
               std::vector<Count>& joint) const;

private:
    const Columns& columns_;
    bool weighted_;
    std::vector<std::int32_t> order_;                       // position → variable
    std::vector<std::vector<std::int64_t>> counts_;         // [variable][code]
    std::vector<std::int32_t> most_frequent_;               // [variable]
    std::vector<Group> groups_;

    const Column& at(std::int32_t position) const { return columns_.column[static_cast<std::size_t>(order_[static_cast<std::size_t>(position)])]; }
};

}  // namespace juice
