#include "common/memory.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
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

namespace {

#if JUICE_MMAP
// A number of the control group's; `most` where it has none ("max") or there is no group.
std::int64_t group_number(const char* name) {
    std::ifstream file(std::string("/sys/fs/cgroup/") + name);
    std::int64_t number = 0;
    return file >> number ? number : INT64_MAX;
}

// "MemAvailable:   123 kB" and the like, of /proc/meminfo, in bytes; -1 where it is not there.
std::int64_t system_available() {
    std::ifstream file("/proc/meminfo");
    std::int64_t available = -1, swap = 0;
    for (std::string line; std::getline(file, line);) {
        std::int64_t kilobytes = 0;
        if (std::sscanf(line.c_str(), "MemAvailable: %" SCNd64, &kilobytes) == 1) available = kilobytes * 1024;
        if (std::sscanf(line.c_str(), "SwapFree: %" SCNd64, &kilobytes) == 1) swap = kilobytes * 1024;
    }
    if (available >= 0) return available + swap;
    const auto pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? static_cast<std::int64_t>(pages) * size : -1;
}
#endif

}  // namespace

std::int64_t available_memory() {
#if JUICE_MMAP
    std::int64_t bytes = system_available();
    if (bytes < 0) bytes = INT64_MAX;
    if (const std::int64_t limit = group_number("memory.max"); limit != INT64_MAX) {
        // Pages of files count as used, but give way.
        std::int64_t used = group_number("memory.current"), reclaimable = 0;
        std::ifstream file("/sys/fs/cgroup/memory.stat");
        std::string key;
        for (std::int64_t value = 0; file >> key >> value;)
            if (key == "inactive_file" || key == "active_file") reclaimable += value;
        if (used == INT64_MAX) used = 0;
        bytes = std::min(bytes, std::max<std::int64_t>(limit - used + reclaimable, 0));
    }
    return bytes;
#else
    return INT64_MAX;
#endif
}

void require_memory(std::int64_t bytes, const char* purpose) {
    constexpr std::int64_t small = 1 << 20;
    if (bytes < small) return;
    if (const std::int64_t available = available_memory(); bytes > available) {
        fail(JUICE_ERROR_MEMORY, "%s: %lld bytes are more than the %lld that are available", purpose, static_cast<long long>(bytes),
             static_cast<long long>(available));
    }
}

std::int64_t memory_limit_from_environment() {
    const char* text = std::getenv("JUICE_MEMORY_LIMIT");
    if (!text || !*text) return 0;
    char* end = nullptr;
    errno = 0;
    const long long number = std::strtoll(text, &end, 10);
    std::int64_t unit = 1;
    switch (*end) {
        case 'K': case 'k': unit = 1 << 10; ++end; break;
        case 'M': case 'm': unit = 1 << 20; ++end; break;
        case 'G': case 'g': unit = 1 << 30; ++end; break;
        default: break;
    }
    if (errno != 0 || end == text || *end != 0 || number <= 0 || number > INT64_MAX / unit)
        fail(JUICE_ERROR_ARGUMENT, "JUICE_MEMORY_LIMIT is '%s': it must be a number of bytes above 0, or one with K, M or G behind it", text);
    return number * unit;
}

Memory::Memory(std::int64_t floats, const char* purpose) : floats_(floats) {
    if (floats <= 0) {
        floats_ = 0;
        return;
    }
    if (floats > INT64_MAX / 4 - 4096) fail(JUICE_ERROR_MEMORY, "%s: %lld numbers are more than can be addressed", purpose, static_cast<long long>(floats));
    const auto bytes = static_cast<std::size_t>(floats) * sizeof(float);
    require_memory(static_cast<std::int64_t>(bytes), purpose);
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
