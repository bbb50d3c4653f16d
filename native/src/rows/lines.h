// One line of a tile (16 entries of a variable) turned into codes or floats, four lanes at a time in the compiler's vector extensions.
// A running OR takes note of bad entries: the top bit of any of its lanes is set once one was met.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "rows/transpose.h"

namespace juice::tiles {

typedef std::int32_t Lanes __attribute__((vector_size(16), may_alias));
typedef float FloatLanes __attribute__((vector_size(16), may_alias));

struct Line {
    Lanes part[4];
};

using Bad = Line;

inline bool any(const Bad& bad) {
    const Lanes all = bad.part[0] | bad.part[1] | bad.part[2] | bad.part[3];
    return (all[0] | all[1] | all[2] | all[3]) < 0;
}

// Elements paired with `high`, their upper halves once widened.
template <class Narrow, class Wide>
void pair_up(const Narrow& low, const Narrow& high, Wide* out) {
    constexpr int n = static_cast<int>(sizeof(Narrow) / sizeof(low[0]));
    [&]<int... i>(std::integer_sequence<int, i...>) {
        const Narrow first = __builtin_shufflevector(low, high, (i / 2 + (i % 2) * n)...);
        const Narrow second = __builtin_shufflevector(low, high, (n / 2 + i / 2 + (i % 2) * n)...);
        std::memcpy(&out[0], &first, 16);
        std::memcpy(&out[1], &second, 16);
    }(std::make_integer_sequence<int, n>{});
}

inline Line widen(const std::uint8_t* x) {
    typedef std::uint8_t Bytes __attribute__((vector_size(16)));
    typedef std::uint16_t Shorts __attribute__((vector_size(16)));
    Bytes bytes;
    std::memcpy(&bytes, x, 16);
    Shorts shorts[2];
    pair_up(bytes, Bytes{}, shorts);
    Line line;
    pair_up(shorts[0], Shorts{}, line.part);
    pair_up(shorts[1], Shorts{}, line.part + 2);
    return line;
}

inline Line widen(const std::uint16_t* x) {
    typedef std::uint16_t Shorts __attribute__((vector_size(16)));
    Shorts shorts[2];
    std::memcpy(shorts, x, 32);
    Line line;
    pair_up(shorts[0], Shorts{}, line.part);
    pair_up(shorts[1], Shorts{}, line.part + 2);
    return line;
}

inline Line widen(const std::int32_t* x) {
    Line line;
    std::memcpy(&line, x, 64);
    return line;
}

// Lanes of -1 where an entry is missing: marked (any byte but 0; NULL: no marks), or equal to the sentinel. NaN is seen to further down.
template <class T, class S>
Line missing_lanes(const T* x, const std::uint8_t* marks, const S& sentinel) {
    Line gone{};
    if (marks) {
        gone = widen(marks);
        for (auto& part : gone.part) part = part != 0;
    }
    if (sentinel.active) {
        if constexpr (std::is_floating_point_v<T>) {
            for (int r = 0; r < tile_size; ++r) gone.part[r / 4][r % 4] |= -static_cast<std::int32_t>(x[r] == sentinel.value);
        } else {
            const Line line = widen(x);
            for (int p = 0; p < 4; ++p) gone.part[p] |= (line.part[p] == static_cast<std::int32_t>(sentinel.value));
        }
    }
    return gone;
}

// Codes 0 … domain-1, and -1 for missing. domain: 1 … 2^31.
template <class T>
void write_codes(const T* x, const Line& gone, std::int64_t domain, std::int32_t* out, Bad& bad) {
    const auto limit = static_cast<std::int32_t>(domain - 1);
    Line line;
    Line wrong{};
    if constexpr (std::is_same_v<T, float>) {
        for (int p = 0; p < 4; ++p) {
            FloatLanes value;
            std::memcpy(&value, x + 4 * p, 16);
            const Lanes absent = value != value;
            const Lanes inside = (value >= 0.0f) & (value < 0x1p31f);
            const auto kept = reinterpret_cast<FloatLanes>(reinterpret_cast<Lanes>(value) & inside);
            const Lanes code = __builtin_convertvector(kept, Lanes);
            wrong.part[p] = ((__builtin_convertvector(code, FloatLanes) != value) | (code > limit)) & ~absent;
            line.part[p] = code | absent;
        }
    } else if constexpr (std::is_same_v<T, double>) {
        for (int r = 0; r < tile_size; ++r) {
            const double value = x[r];
            const bool absent = value != value, inside = value >= 0 && value <= limit;
            const auto code = static_cast<std::int32_t>(inside ? value : 0.0);
            wrong.part[r / 4][r % 4] = absent || code == value ? 0 : -1;
            line.part[r / 4][r % 4] = absent ? -1 : code;
        }
    } else {
        line = widen(x);
        for (int p = 0; p < 4; ++p) wrong.part[p] = (line.part[p] < 0) | (line.part[p] > limit);
    }
    for (int p = 0; p < 4; ++p) {
        bad.part[p] |= wrong.part[p] & ~gone.part[p];
        line.part[p] |= gone.part[p];
    }
    std::memcpy(out, &line, sizeof line);
}

// Floats, and NaN for missing.
template <class T>
void write_reals(const T* x, const Line& gone, float* out, Bad& bad) {
    for (int r = 0; r < tile_size; ++r) {
        const bool missing = gone.part[r / 4][r % 4] != 0;
        bool outside = false;
        if constexpr (std::is_floating_point_v<T>) outside = std::abs(x[r]) > static_cast<T>(std::numeric_limits<float>::max());    // false for NaN
        if (outside && !missing) bad.part[r / 4][r % 4] = -1;
        out[r] = missing || outside ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(x[r]);
    }
}

}  // namespace juice::tiles
