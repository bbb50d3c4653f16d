// Tiles of 16 rows by up to 16 columns turned on their side. Whole tiles go through registers: n×n elements at a time, n = 16 bytes' worth,
// by interleaving rows; plain SSE2 or NEON is enough, and no load reaches past a row's last element.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

namespace juice::tiles {

constexpr int tile_size = 16;

template <class T>
struct Tile {
    alignas(64) T column[tile_size][tile_size];     // [column][row]
};

template <class T>
struct SquareTranspose {
    static constexpr int n = 16 / static_cast<int>(sizeof(T));
    typedef T Lanes __attribute__((vector_size(16)));

    // Lanes of a and b in turn: the lower halves (offset 0) or the upper ones (offset n/2).
    template <int offset, int... i>
    static Lanes interleave(Lanes a, Lanes b, std::integer_sequence<int, i...>) {
        return __builtin_shufflevector(a, b, (offset + i / 2 + (i % 2) * n)...);
    }

    // rows[r] and to[c] are the n elements' first ones; log2(n) rounds of interleaving row k with row k + n/2.
    static void apply(const T* const* rows, std::int64_t column, T (*to)[tile_size], int to_row) {
        using Indices = std::make_integer_sequence<int, n>;
        Lanes a[n], b[n];
        for (int r = 0; r < n; ++r) std::memcpy(&a[r], rows[r] + column, 16);
        for (int round = 1; round < n; round *= 2) {
            for (int r = 0; r < n / 2; ++r) {
                b[2 * r] = interleave<0>(a[r], a[r + n / 2], Indices{});
                b[2 * r + 1] = interleave<n / 2>(a[r], a[r + n / 2], Indices{});
            }
            for (int r = 0; r < n; ++r) a[r] = b[r];
        }
        for (int c = 0; c < n; ++c) std::memcpy(&to[c][to_row], &a[c], 16);
    }
};

// tile.column[c][r] = rows[r][column + c] for c < width (1 … 16).
template <class T>
void transpose(const T* const (&rows)[tile_size], std::int64_t column, int width, Tile<T>& tile) {
    if (width < tile_size) {
        for (int r = 0; r < tile_size; ++r)
            for (int c = 0; c < width; ++c) tile.column[c][r] = rows[r][column + c];
        return;
    }
    constexpr int n = SquareTranspose<T>::n;
    for (int r = 0; r < tile_size; r += n)
        for (int c = 0; c < tile_size; c += n) SquareTranspose<T>::apply(rows + r, column + c, tile.column + c, r);
}

}  // namespace juice::tiles
