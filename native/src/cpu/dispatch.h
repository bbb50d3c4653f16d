// Which kernels run: the best that build and machine have, or the one asked for by name.
#pragma once

#include "cpu/kernels.h"

namespace juice::cpu {

// name NULL or empty: the environment's JUICE_CPU, else the best. Throws Error(JUICE_ERROR_UNSUPPORTED) for one that is not there.
const Kernels& choose_kernels(const char* name);

}  // namespace juice::cpu
