// Large, zeroed, 64-byte aligned memory that takes physical pages only where it is touched, on huge pages where the system has them.
#pragma once

#include <cstdint>

namespace juice {

// Bytes of physical memory this process may use; 0 where unknown.
std::int64_t physical_memory();

class Memory {
public:
    Memory() = default;
    // Throws Error(JUICE_ERROR_MEMORY) naming `purpose` and the size.
    Memory(std::int64_t floats, const char* purpose);
    ~Memory();
    Memory(Memory&& other) noexcept;
    Memory& operator=(Memory&& other) noexcept;

    float* data() const noexcept { return data_; }
    std::int64_t size() const noexcept { return floats_; }

private:
    float* data_ = nullptr;
    std::int64_t floats_ = 0;
};

}  // namespace juice
