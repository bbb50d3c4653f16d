// Tables of so few values that each of them has a large share of a batch's rows.
#pragma once

#include <cstdint>

namespace juice {

inline constexpr std::int64_t tiny_table_values = 4;

}  // namespace juice
