#include "faults/interpose.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

extern "C" void* __libc_malloc(std::size_t bytes);
// Under the address sanitizer its malloc stands behind ours.
extern "C" [[gnu::weak]] void* __interceptor_malloc(std::size_t bytes);

namespace faults {

namespace {

// Plain atomics: they are there before any constructor has run.
std::atomic<std::int64_t> taken{0};
std::atomic<bool> memory_armed{false}, memory_forever{false}, memory_fired{false};
std::atomic<std::int64_t> memory_left{0};
std::atomic<bool> file_armed{false}, file_forever{false}, file_fired{false};
std::atomic<int> file_call{0}, file_error{0};
std::atomic<std::int64_t> file_left{0};

bool strikes(std::atomic<bool>& armed, std::atomic<bool>& forever, std::atomic<bool>& fired, std::atomic<std::int64_t>& left) {
    if (!armed.load(std::memory_order_relaxed)) return false;
    const std::int64_t before = left.fetch_sub(1);
    if (before > 0 || (before < 0 && !forever.load())) return false;
    fired = true;
    return true;
}

bool no_memory() { return strikes(memory_armed, memory_forever, memory_fired, memory_left); }

// The error that this call is to fail with; 0 for none.
int no_file(FileCall call) {
    if (file_call.load() != static_cast<int>(call) || !strikes(file_armed, file_forever, file_fired, file_left)) return 0;
    return file_error.load();
}

template <typename Function>
Function* behind(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

void* real_malloc(std::size_t bytes) { return __interceptor_malloc ? __interceptor_malloc(bytes) : __libc_malloc(bytes); }

void* take(std::size_t bytes, std::size_t alignment) {
    if (no_memory()) return nullptr;
    void* memory = nullptr;
    if (alignment > alignof(std::max_align_t)) {
        if (posix_memalign(&memory, alignment, std::max<std::size_t>(bytes, 1)) != 0) return nullptr;
    } else {
        memory = real_malloc(std::max<std::size_t>(bytes, 1));
    }
    if (memory) ++taken;
    return memory;
}

void* take_or_throw(std::size_t bytes, std::size_t alignment) {
    void* memory = take(bytes, alignment);
    if (!memory) throw std::bad_alloc();
    return memory;
}

void give(void* memory) noexcept {
    if (memory) --taken;
    std::free(memory);
}

}  // namespace

std::int64_t outstanding() { return taken; }

NoMemory::NoMemory(std::int64_t k, Until until) {
    memory_fired = false;
    memory_forever = until == Until::Forever;
    memory_left = k;
    memory_armed = true;
}

NoMemory::~NoMemory() { memory_armed = false; }

bool NoMemory::fired() const { return memory_fired; }

NoFile::NoFile(FileCall call, std::int64_t k, int error, Until until) {
    file_fired = false;
    file_forever = until == Until::Forever;
    file_call = static_cast<int>(call);
    file_error = error;
    file_left = k;
    file_armed = true;
}

NoFile::~NoFile() { file_armed = false; }

bool NoFile::fired() const { return file_fired; }

}  // namespace faults

// ---- Memory -----------------------------------------------------------------------------------------------------------------------

void* operator new(std::size_t bytes) { return faults::take_or_throw(bytes, 0); }
void* operator new[](std::size_t bytes) { return faults::take_or_throw(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) { return faults::take_or_throw(bytes, static_cast<std::size_t>(alignment)); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) { return faults::take_or_throw(bytes, static_cast<std::size_t>(alignment)); }
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return faults::take(bytes, 0); }
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept { return faults::take(bytes, 0); }
void operator delete(void* memory) noexcept { faults::give(memory); }
void operator delete[](void* memory) noexcept { faults::give(memory); }
void operator delete(void* memory, std::size_t) noexcept { faults::give(memory); }
void operator delete[](void* memory, std::size_t) noexcept { faults::give(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { faults::give(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { faults::give(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { faults::give(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { faults::give(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { faults::give(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { faults::give(memory); }

#pragma GCC visibility push(default)     // for the dynamic linker to see
extern "C" {

// What is taken here is given back by the system's own free, which is not counted.
void* malloc(std::size_t bytes) {
    if (faults::no_memory()) {
        errno = ENOMEM;
        return nullptr;
    }
    return faults::real_malloc(bytes);
}

void* mmap(void* address, std::size_t bytes, int protection, int flags, int file, off_t offset) noexcept {
    static auto* const real = faults::behind<void*(void*, std::size_t, int, int, int, off_t)>("mmap");
    if (faults::no_memory()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void* memory = real(address, bytes, protection, flags, file, offset);
    if (memory != MAP_FAILED) ++faults::taken;
    return memory;
}

int munmap(void* address, std::size_t bytes) noexcept {
    static auto* const real = faults::behind<int(void*, std::size_t)>("munmap");
    --faults::taken;
    return real(address, bytes);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument) noexcept {
    static auto* const real = faults::behind<int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
    return faults::no_memory() ? EAGAIN : real(thread, attributes, body, argument);
}

// ---- Files ------------------------------------------------------------------------------------------------------------------------

int open(const char* path, int flags, ...) {
    static auto* const real = faults::behind<int(const char*, int, ...)>("open");
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    const bool counts = (flags & (O_WRONLY | O_RDWR | O_DIRECTORY)) != 0;
    if (const int error = counts ? faults::no_file(faults::FileCall::Open) : 0) {
        errno = error;
        return -1;
    }
    return real(path, flags, mode);
}

ssize_t write(int file, const void* bytes, std::size_t count) {
    static auto* const real = faults::behind<ssize_t(int, const void*, std::size_t)>("write");
    const int error = faults::no_file(faults::FileCall::Write);
    if (error == faults::short_write) return real(file, bytes, std::max<std::size_t>(count / 3, 1));
    if (error != 0) {
        errno = error;
        return -1;
    }
    return real(file, bytes, count);
}

int fsync(int file) {
    static auto* const real = faults::behind<int(int)>("fsync");
    if (const int error = faults::no_file(faults::FileCall::Sync)) {
        errno = error;
        return -1;
    }
    return real(file);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
    static auto* const real = faults::behind<int(int, const char*, int, const char*, int)>("linkat");
    if (const int error = faults::no_file(faults::FileCall::Link)) {
        errno = error;
        return -1;
    }
    return real(from_folder, from, to_folder, to, flags);
}

int rename(const char* from, const char* to) noexcept {
    static auto* const real = faults::behind<int(const char*, const char*)>("rename");
    if (const int error = faults::no_file(faults::FileCall::Rename)) {
        errno = error;
        return -1;
    }
    return real(from, to);
}

// As the system does it: the descriptor is gone, whatever close says.
int close(int file) {
    static auto* const real = faults::behind<int(int)>("close");
    const int error = faults::no_file(faults::FileCall::Close);
    const int result = real(file);
    if (error == 0) return result;
    errno = error;
    return -1;
}

}  // extern "C"
#pragma GCC visibility pop
