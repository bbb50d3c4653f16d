// How the blocks of a launch find out who of them comes last, so that it can do what needs the work of all.
#pragma once

#include "cuda/numbers.h"

namespace juice::cuda {

inline constexpr int block_threads = 256;
inline constexpr int block_slots = block_threads / static_cast<int>(panel);     // groups of 16 lanes
inline constexpr int block_warps = block_threads / warp_lanes;
inline constexpr std::int32_t rows_a_part = 16;
static_assert(block_slots == rows_a_part);

// A barrier of the first block_threads threads: a block may have more, which do something else.
__device__ inline void synchronize_workers() {
#if defined(JUICE_CUDA_EMULATION)
    emulation::synchronize_some(block_threads);
#else
    asm volatile("bar.sync 1, %0;" ::"n"(block_threads) : "memory");
#endif
}

// True on every thread where it is on one; such a barrier.
__device__ inline bool any_in_block(bool mine) {
#if defined(JUICE_CUDA_EMULATION)
    JUICE_SHARED(std::int32_t, any, 1);
    synchronize_workers();
    if (threadIdx.x == 0) *any = 0;
    synchronize_workers();
    if (mine) *any = 1;
    synchronize_workers();
    return *any != 0;
#else
    int any;
    asm volatile(
        "{\n"
        ".reg .pred mine, any;\n"
        "setp.ne.s32 mine, %1, 0;\n"
        "bar.red.or.pred any, 1, %2, mine;\n"
        "selp.s32 %0, 1, 0, any;\n"
        "}"
        : "=r"(any)
        : "r"(static_cast<int>(mine)), "n"(block_threads)
        : "memory");
    return any != 0;
#endif
}

// The lower half counts the blocks that are done, the upper half those that have left something over.
inline constexpr std::int32_t left_over = 1 << 16;

// By one thread, after a barrier of the block: counts tiles that it is done with, of so many in all. True if they were the last and something is left over;
// after another barrier the block sees what the others wrote.
__device__ inline bool count_tiles(std::int32_t* counter, std::int32_t tiles, std::int32_t all, bool leaves_something) {
    const std::int32_t mine = leaves_something ? tiles + left_over : tiles;
    std::int32_t before;
#if defined(JUICE_CUDA_EMULATION)
    before = *counter;
    *counter += mine;
#else
    asm volatile("atom.acq_rel.gpu.global.add.s32 %0, [%1], %2;" : "=r"(before) : "l"(counter), "r"(mine) : "memory");
#endif
    return before % left_over + tiles == all && before + mine >= left_over;
}

// Counts this block, one of so many. True on every thread of the last one if something is left over; it sees what the others wrote.
__device__ inline bool must_finish(std::int32_t* counter, std::int32_t blocks, bool leaves_something) {
    JUICE_SHARED(std::int32_t, finish, 1);
    const bool any = any_in_block(leaves_something);
    if (threadIdx.x == 0) *finish = count_tiles(counter, 1, blocks, any);
    synchronize_workers();
    return *finish != 0;
}

// Parts of 16 rows in a tile of 64.
__device__ inline std::int32_t parts_of(const Run& run, std::int64_t row_tile) {
    const std::int64_t left = (run.rows16 - row_tile * rows_a_tile) / rows_a_part;
    return static_cast<std::int32_t>(left < rows_a_tile / rows_a_part ? left : rows_a_tile / rows_a_part);
}
__device__ inline std::int64_t mark_of(const Run& run, std::int32_t o, std::int64_t row_tile) { return std::int64_t{o} * row_tiles(run) + row_tile; }

}  // namespace juice::cuda
