// What the ABI checks of its arguments. Each failure is one sentence that names the argument, its value and the rule.
#pragma once

#include <cmath>
#include <cstdint>

#include "common/error.h"
#include "juice/juice.h"

namespace juice::api {

inline void check_pointer(const void* pointer, const char* name) {
    if (!pointer) fail(JUICE_ERROR_ARGUMENT, "%s is NULL, but must point to something.", name);
}

// An array of `count` elements may be NULL where there are none.
inline void check_array(const void* pointer, std::int64_t count, const char* name) {
    if (!pointer && count > 0) {
        fail(JUICE_ERROR_ARGUMENT, "%s is NULL, but must point to %lld element%s.", name, static_cast<long long>(count), count == 1 ? "" : "s");
    }
}

// A struct that begins with its size. `type` is its name in juice.h.
template <typename Struct>
void check_struct(const Struct* pointer, const char* name, const char* type) {
    check_pointer(pointer, name);
    if (pointer->size != static_cast<std::int32_t>(sizeof(Struct))) {
        fail(JUICE_ERROR_ARGUMENT, "%s.size is %d, but must be sizeof(%s), which is %d.", name, pointer->size, type, static_cast<int>(sizeof(Struct)));
    }
}

inline void check_range(std::int64_t value, std::int64_t low, std::int64_t high, const char* name) {
    if (value < low || value > high) {
        fail(JUICE_ERROR_ARGUMENT, "%s is %lld, but must be in %lld … %lld.", name, static_cast<long long>(value), static_cast<long long>(low),
             static_cast<long long>(high));
    }
}

inline void check_least(std::int64_t value, std::int64_t low, const char* name) {
    if (value < low) {
        fail(JUICE_ERROR_ARGUMENT, "%s is %lld, but must be at least %lld.", name, static_cast<long long>(value), static_cast<long long>(low));
    }
}

// A number of exactly this many elements, where only that fits.
inline void check_count(std::int64_t value, std::int64_t wanted, const char* name) {
    if (value != wanted) {
        fail(JUICE_ERROR_ARGUMENT, "%s is %lld, but must be %lld.", name, static_cast<long long>(value), static_cast<long long>(wanted));
    }
}

inline void check_positive(double value, const char* name) {
    if (!(value > 0) || !std::isfinite(value)) fail(JUICE_ERROR_ARGUMENT, "%s is %g, but must be finite and above 0.", name, value);
}

inline void check_not_negative(double value, const char* name) {
    if (!(value >= 0) || !std::isfinite(value)) fail(JUICE_ERROR_ARGUMENT, "%s is %g, but must be finite and at least 0.", name, value);
}

inline void check_step_size(double value, const char* name) {
    if (!(value > 0 && value <= 1)) fail(JUICE_ERROR_ARGUMENT, "%s is %g, but must be above 0 and at most 1.", name, value);
}

// Threads: 0 is all, and nobody means more than this.
inline constexpr std::int32_t most_threads = 1024;

}  // namespace juice::api
