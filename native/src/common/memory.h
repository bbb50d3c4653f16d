// Large, zeroed, 64-byte aligned memory that takes physical pages only where it is touched, on huge pages where the system has them.
#pragma once

#include <cstdint>

namespace juice {

// Bytes that this process may still use without pushing anybody out: what the system calls available, swap included, and what the control group
// leaves. INT64_MAX where the system does not say.
std::int64_t available_memory();

// Throws Error(JUICE_ERROR_MEMORY) naming `purpose` and the size where less is available. The system promises more memory than it has and ends
// processes that come for it, so whoever is about to fill a lot of it asks here first. Small sizes pass unasked.
void require_memory(std::int64_t bytes, const char* purpose);

// JUICE_MEMORY_LIMIT in bytes ("512", "64M", "8G"), 0 where it is not set; Error(JUICE_ERROR_ARGUMENT) where it is no such number.
std::int64_t memory_limit_from_environment();

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
