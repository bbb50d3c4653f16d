// Memory for what a circuit owns: on a cache line's boundary, and refused where it is more than the machine has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace juice {

// Error(JUICE_ERROR_MEMORY) where there is not so much: no over-commitment that fails later.
std::shared_ptr<float> allocate_floats(std::int64_t floats);
std::shared_ptr<std::byte> allocate_bytes(std::int64_t bytes);

// A vector's memory, kept alive from `storage`.
template <typename T>
std::span<const T> keep(std::vector<T> values, std::vector<std::shared_ptr<const void>>& storage) {
    const auto kept = std::make_shared<const std::vector<T>>(std::move(values));
    storage.push_back(kept);
    return *kept;
}

}  // namespace juice
