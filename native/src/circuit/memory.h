// Memory for what a circuit owns: aligned for vector instructions, left uninitialised, and refused where it is more than the machine has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace juice {

// Bytes on a cache line's boundary. More than the machine's memory is an Error(JUICE_ERROR_MEMORY), not an over-commitment to fail later.
std::shared_ptr<std::byte> allocate_bytes(std::int64_t bytes);

inline std::shared_ptr<float> allocate_floats(std::int64_t floats) {
    const std::shared_ptr<std::byte> bytes = allocate_bytes(floats * static_cast<std::int64_t>(sizeof(float)));
    return {bytes, reinterpret_cast<float*>(bytes.get())};
}

// A vector's memory, kept alive from `storage`.
template <typename T>
std::span<const T> keep(std::vector<T> values, std::vector<std::shared_ptr<const void>>& storage) {
    const auto kept = std::make_shared<const std::vector<T>>(std::move(values));
    storage.push_back(kept);
    return *kept;
}

}  // namespace juice
