// Faults on demand. The functions through which a program gets memory, threads and files are defined in the test executable, so that the dynamic
// linker gives them to libjuice and libstdc++ in place of the system's: what is tested is the library as it is shipped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace faults {

// Blocks and mappings that were taken and not yet given back, by any thread.
std::int64_t outstanding();

enum class Until { Once, Forever };

// While it lives, the k-th attempt (from 0) to get memory or a thread fails, or all from there on.
class NoMemory {
public:
    NoMemory(std::int64_t k, Until until);
    ~NoMemory();
    NoMemory(const NoMemory&) = delete;
    NoMemory& operator=(const NoMemory&) = delete;
    bool fired() const;
};

enum class FileCall { Open, Write, Sync, Link, Rename, Close };

inline constexpr int short_write = -1;      // as an error: the write takes a part of the bytes

// While it lives, the k-th call of a kind (from 0) fails with an error of errno.h, or all from there on. Open stands for opening a file to write
// or a folder.
class NoFile {
public:
    NoFile(FileCall call, std::int64_t k, int error, Until until = Until::Once);
    ~NoFile();
    NoFile(const NoFile&) = delete;
    NoFile& operator=(const NoFile&) = delete;
    bool fired() const;
};

}  // namespace faults
