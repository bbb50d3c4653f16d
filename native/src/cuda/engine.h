// The CUDA engine's front door.
#pragma once

#include "plan/engine.h"

namespace juice::cuda {

const EngineTable& cuda_engine();

}  // namespace juice::cuda
