// Whole epochs on a GPU: rows that stay there against rows that are copied a batch ahead.
#pragma once

#include <cstdint>
#include <vector>

#include "data.h"
#include "model/engines.h"

namespace juice::bench {

// Prints a line; throws where the two do not give the same bits.
void run_epochs(const Images& images, const std::vector<std::int32_t>& parents, const DeviceEntry& device, std::int32_t latents, std::int64_t batch);

}  // namespace juice::bench
