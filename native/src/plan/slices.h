// Sliced tiles of sums over block edges (plan.h).
#pragma once

#include "plan/plan.h"

namespace juice {

// Appends the sliced tiles of the operations whose gathered ones stand from `begin` to before `end`: of their values, or by position, of their operands.
void slice_tiles(Plan& plan, std::int32_t begin, std::int32_t end, bool by_position);

}  // namespace juice
