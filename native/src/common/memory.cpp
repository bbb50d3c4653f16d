#include "common/memory.h"

#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

#include "common/error.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#define JUICE_MMAP 1
#else
#include <cstring>
#include <malloc.h>
#endif

namespace juice {

std::int64_t physical_memory() {
#if JUICE_MMAP
    const auto pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    std::int64_t bytes = pages > 0 && size > 0 ? static_cast<std::int64_t>(pages) * size : 0;
    std::ifstream file("/sys/fs/cgroup/memory.max");
    std::int64_t limit = 0;
    if (file >> limit && limit > 0 && (bytes == 0 || limit < bytes)) bytes = limit;
    return bytes;
#else
    return 0;
#endif
}

Memory::Memory(std::int64_t floats, const char* purpose) : floats_(floats) {
    if (floats <= 0) {
        floats_ = 0;
        return;
    }
    const auto bytes = static_cast<std::size_t>(floats) * sizeof(float);
    const auto limit = physical_memory();
    if (floats > INT64_MAX / 4 - 4096 || (limit > 0 && static_cast<std::int64_t>(bytes) > limit))
        fail(JUICE_ERROR_MEMORY, "%s: %lld bytes are more than the machine's %lld", purpose, static_cast<long long>(floats) * 4, static_cast<long long>(limit));
#if JUICE_MMAP
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) fail(JUICE_ERROR_MEMORY, "%s: %zu bytes could not be allocated", purpose, bytes);
#if defined(MADV_HUGEPAGE)
    if (bytes >= (std::size_t{4} << 20)) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
#else
    void* memory = _aligned_malloc(bytes, 64);
    if (!memory) fail(JUICE_ERROR_MEMORY, "%s: %zu bytes could not be allocated", purpose, bytes);
    std::memset(memory, 0, bytes);
#endif
    data_ = static_cast<float*>(memory);
}

Memory::~Memory() {
    if (!data_) return;
#if JUICE_MMAP
    munmap(data_, static_cast<std::size_t>(floats_) * sizeof(float));
#else
    _aligned_free(data_);
#endif
}

Memory::Memory(Memory&& other) noexcept : data_(std::exchange(other.data_, nullptr)), floats_(std::exchange(other.floats_, 0)) {}

Memory& Memory::operator=(Memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(floats_, other.floats_);
    return *this;
}

}  // namespace juice
