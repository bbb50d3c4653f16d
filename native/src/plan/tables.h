// What a GPU's kernels take for few: values of a table, of which each has a large share of a batch's rows; tables that an element is a product of.
#pragma once

#include <cstdint>

namespace juice {

inline constexpr std::int64_t tiny_table_values = 4;
inline constexpr std::int32_t few_tables = 32;

}  // namespace juice
