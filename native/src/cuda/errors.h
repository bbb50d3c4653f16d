// What an error of CUDA means, and devices that are lost for this process.
#pragma once

#include <cstdint>

namespace juice::cuda {

// Makes the device the calling thread's. Throws where it is lost.
void use_device(std::int32_t device);

// A kernel that faults takes all memory on its device along, and CUDA has no way back but another process. From then on everything that is asked of
// the device is an Error(JUICE_ERROR_DEVICE_LOST) that says so; freeing still works.
void check_not_lost(std::int32_t device);

}  // namespace juice::cuda
