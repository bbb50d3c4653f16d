#include "circuit/memory.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "common/error.h"

namespace juice {

namespace {

constexpr std::int64_t line = 64, huge_page = 2 << 20;

// What this process could use at most: the machine's memory or its cgroup's.
std::int64_t machine_memory() {
    std::int64_t memory = std::numeric_limits<std::int64_t>::max();
#if defined(__linux__)
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
    if (pages > 0 && page > 0) memory = std::int64_t{pages} * page;
    std::ifstream file("/sys/fs/cgroup/memory.max");
    if (std::int64_t limit = 0; file >> limit && limit > 0) memory = std::min(memory, limit);
#endif
    return memory;
}

}  // namespace

std::shared_ptr<std::byte> allocate_bytes(std::int64_t bytes) {
    static const std::int64_t memory = machine_memory();
    if (bytes < 0 || bytes > memory) {
        fail(JUICE_ERROR_MEMORY, "the circuit needs %lld bytes, and the machine has %lld", static_cast<long long>(bytes), static_cast<long long>(memory));
    }
    const std::int64_t alignment = bytes >= 2 * huge_page ? huge_page : line;
    const std::int64_t size = (std::max<std::int64_t>(bytes, 1) + alignment - 1) / alignment * alignment;
    void* memory_block = std::aligned_alloc(static_cast<std::size_t>(alignment), static_cast<std::size_t>(size));
    if (memory_block == nullptr) fail(JUICE_ERROR_MEMORY, "%lld bytes of memory could not be had", static_cast<long long>(bytes));
#if defined(__linux__)
    if (alignment == huge_page) madvise(memory_block, static_cast<std::size_t>(size), MADV_HUGEPAGE);   // a wish: first touch is then much faster
#endif
    return {static_cast<std::byte*>(memory_block), [](std::byte* block) { std::free(block); }};
}

}  // namespace juice
