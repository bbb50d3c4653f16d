// Rows that read much the same, side by side: what a group reads is read once for all of its rows.
#pragma once

#include <cstdint>
#include <vector>

namespace juice {

using Panels = std::vector<std::uint64_t>;      // a bit a panel

// Groups of so many rows, of which the last may have fewer, that together read few panels, pieces of at most `wide` panels, each of which costs as much as `height`
// panels more. A group's rows are in their order.
std::vector<std::vector<std::int32_t>> alike(const std::vector<Panels>& rows, std::int32_t each, std::int32_t wide, std::int32_t height);

}  // namespace juice
