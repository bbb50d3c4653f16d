// The CPU engine's front door.
#pragma once

#include "plan/engine.h"

namespace juice {

const EngineTable& cpu_engine();

// The best instruction set of this build and machine: "avx512", "avx2" or "portable".
const char* cpu_instruction_set();

}  // namespace juice
