// The matrix product of a wide tile on the tensor cores, bf16 in, float32 out: 64 or 128 lines by 128 columns, by eight warps. What is multiplied comes in
// steps of 64 along the sum, copied to shared memory while steps before are multiplied.
#pragma once

#include "cuda/counters.h"
#include "cuda/mma.h"
#include "cuda/numbers.h"

namespace juice::cuda {

inline constexpr int wide_columns = wide_panels * static_cast<int>(panel);
inline constexpr int wide_step = 64, wide_step_panels = wide_step / static_cast<int>(panel);
template <int fragments>
inline constexpr int wide_stages = fragments > 2 ? 2 : 3;   // in shared memory: one at work, the others on their way
inline constexpr int wide_along = wide_step + 8;            // numbers from line to line: eight lines meet all banks
inline constexpr int wide_across = wide_columns + 8;
template <int entries, bool along>
inline constexpr int wide_side = along ? entries * wide_along : wide_step * (entries + 8);      // numbers of one side
template <class Steps, int fragments>
inline constexpr int wide_bytes = wide_stages<fragments> * 2 * (wide_side<fragments * 32, Steps::a_along> + wide_side<wide_columns, Steps::b_along>);

// What of a side lies here and there: nothing, its panels, or every 16 of its lines.
enum class Gathered { None, Panels, Lines };

// One side of a step: panels of lines of 16, of which so many are there. Along: a line an entry, panels go along the sum. Across: panels an entry.
struct WideSide {
    const Bf16* base;
    std::int64_t stride;        // from panel to panel
    std::int32_t lines, panels;
    const std::int64_t* places; // of a gathered side, in shared memory: of its panels, or (lines gathered) of every 16 lines

    __device__ const Bf16* piece(int q, int line, Gathered gathered) const {
        switch (gathered) {
            case Gathered::Panels: return base + places[q] + line * panel;
            case Gathered::Lines: return base + places[line / static_cast<int>(panel)] + q * stride + line % panel * panel;
            case Gathered::None: break;
        }
        return base + q * stride + line * panel;
    }
};

template <int line_count, int panel_count, bool along, Gathered gathered>
__device__ void fetch_side(const WideSide& side, Bf16* to) {
#pragma unroll
    for (int i = 0; i < line_count * panel_count * 2 / block_threads; ++i) {
        const int piece = i * block_threads + static_cast<int>(threadIdx.x);
        const int half = piece % 2 * 8, line = piece / 2 % line_count, q = piece / 2 / line_count;
        const bool there = line < side.lines && q < side.panels;
        // Pieces begin at whole eights of lines, so that a line's number tells whether its halves have changed places.
        copy_piece(to + line * (along ? wide_along : wide_across) + q * panel + half, there ? side.piece(q, line, gathered) + (swapped(line * panel + half) - line * panel) : nullptr);
    }
}

// A warp's part of the tile: fragments · 16 lines by 32 columns. A thread has pairs (m, n) of it: 2 · fragments lines, and two columns of each 8.
template <int fragments>
struct WidePlace {
    static constexpr int lines = fragments * 2, pairs = 4;
    using Sums = float[fragments][4][4];
    int line, column, group, member;
    __device__ WidePlace() {
        const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
        line = warp / 4 * fragments * 16;
        column = warp % 4 * 32;
        group = lane / 4;
        member = lane % 4;
    }
    __device__ int line_at(int m) const { return line + m / 2 * 16 + m % 2 * 8 + group; }
    __device__ int column_at(int n) const { return column + n * 8 + member * 2; }
    __device__ static float2 pair(const Sums& acc, int m, int n) {
        return make_float2(acc[m / 2][n][m % 2 * 2], acc[m / 2][n][m % 2 * 2 + 1]);
    }
};

template <int fragments, bool a_along, bool b_along>
__device__ void multiply_step(const Bf16* a, const Bf16* b, const WidePlace<fragments>& mine, float (&acc)[fragments][4][4]) {
    const int lane = static_cast<int>(threadIdx.x) % 32, matrix = lane / 8, line = lane % 8;
#pragma unroll
    for (int k = 0; k < wide_step; k += 16) {
        unsigned x[fragments][4], y[2][4];
#pragma unroll
        for (int n = 0; n < 2; ++n) {
            const int column = mine.column + n * 16 + matrix / 2 * 8, at = k + matrix % 2 * 8;
            if constexpr (b_along) load_matrices<false>(y[n], b + (column + line) * wide_along + at);
            else load_matrices<true>(y[n], b + (at + line) * wide_across + column);
        }
#pragma unroll
        for (int m = 0; m < fragments; ++m) {
            const int row = mine.line + m * 16 + matrix % 2 * 8, at = k + matrix / 2 * 8;
            if constexpr (a_along) load_matrices<false>(x[m], a + (row + line) * wide_along + at);
            else load_matrices<true>(x[m], a + (at + line) * wide_across + row);
        }
#pragma unroll
        for (int m = 0; m < fragments; ++m)
#pragma unroll
            for (int n = 0; n < 4; ++n) mma_bf16(acc[m][n], x[m], y[n / 2][n % 2 * 2], y[n / 2][n % 2 * 2 + 1]);
    }
}

// acc = Σ over the steps. Steps::next(a, b) describes the next step, and answers false behind the last; columns: those that are there.
// in_chain: the side of the columns may be fetched before the kernel before is done.
template <bool in_chain, int fragments, class Steps>
__device__ void multiply_wide(Steps& steps, int columns, float (&acc)[fragments][4][4]) {
    JUICE_POOL(Bf16, sides, (wide_bytes<Steps, fragments>) / 2);
    static_assert(wide_bytes<Steps, fragments> <= 92 * 1024, "a block has 99 KB, declared arrays included, on cards of compute capability 8.6, 8.9 and 12.0");
    constexpr int stages = wide_stages<fragments>;
    constexpr int lines = fragments * 32, first = wide_side<lines, Steps::a_along>, stage = first + wide_side<wide_columns, Steps::b_along>;
    const WidePlace<fragments> mine;
    const bool active = mine.column < columns;
    const auto fetch_a = [&](const WideSide& a, int place) {
        Bf16* to = sides + place * stage;
        if constexpr (Steps::a_along) fetch_side<lines, wide_step_panels, true, Steps::a_gathered>(a, to);
        else fetch_side<wide_step, lines / panel, false, Steps::a_gathered>(a, to);
    };
    const auto fetch_b = [&](const WideSide& b, int place) {
        Bf16* to = sides + place * stage + first;
        if constexpr (Steps::b_along) fetch_side<wide_columns, wide_step_panels, true, Steps::b_gathered>(b, to);
        else fetch_side<wide_step, wide_panels, false, Steps::b_gathered>(b, to);
    };
    WideSide early[stages - 1] = {}, a{}, b{};
    bool more = true;
    int fetched = 0;
#pragma unroll
    for (int i = 0; i < stages - 1; ++i) {
        more = more && steps.next(early[i], b);
        if (more) fetch_b(b, fetched++);
    }
    if constexpr (in_chain) wait_for_earlier();
#pragma unroll
    for (int i = 0; i < stages - 1; ++i) {
        if (i < fetched) fetch_a(early[i], i);
        commit_copies();        // an empty group, too: the waits below count groups
    }
    const auto fetch = [&] {
        more = more && steps.next(a, b);
        if (more) {
            fetch_a(a, fetched % stages);
            fetch_b(b, fetched % stages);
            ++fetched;
        }
        commit_copies();
    };
    for (int done = 0; done < fetched; ++done) {
        wait_for_copies<stages - 2>();
        __syncthreads();        // everybody's pieces of this step are there, and the step before has been multiplied
        fetch();
        const Bf16* step = sides + done % stages * stage;
        if (active) multiply_step<fragments, Steps::a_along, Steps::b_along>(step, step + first, mine, acc);
    }
    wait_for_copies<0>();
}

}  // namespace juice::cuda
