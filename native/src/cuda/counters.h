// How the blocks of a launch find out who of them comes last, so that it can do what needs the work of all.
#pragma once

#include "cuda/numbers.h"

namespace juice::cuda {

inline constexpr int block_threads = 256;
inline constexpr int block_slots = block_threads / static_cast<int>(panel);     // groups of 16 lanes
inline constexpr std::int32_t rows_a_part = 16;
static_assert(block_slots == rows_a_part);

// True on every thread where it is on one; a barrier.
__device__ inline bool any_in_block(bool mine) {
#if defined(JUICE_CUDA_EMULATION)
    JUICE_SHARED(std::int32_t, any, 1);
    __syncthreads();
    if (threadIdx.x == 0) *any = 0;
    __syncthreads();
    if (mine) *any = 1;
    __syncthreads();
    return *any != 0;
#else
    return __syncthreads_or(mine) != 0;
#endif
}

// The lower half counts the blocks that are done, the upper half those that have left something over.
inline constexpr std::int32_t left_over = 1 << 16;

// Counts this block, one of so many. True on every thread of the last one if something is left over; it sees what the others wrote.
__device__ inline bool must_finish(std::int32_t* counter, std::int32_t blocks, bool leaves_something) {
    JUICE_SHARED(std::int32_t, finish, 1);
    const std::int32_t mine = any_in_block(leaves_something) ? 1 + left_over : 1;
    if (threadIdx.x == 0) {
        std::int32_t before;
#if defined(JUICE_CUDA_EMULATION)
        before = *counter;
        *counter += mine;
#else
        asm volatile("atom.acq_rel.gpu.global.add.s32 %0, [%1], %2;" : "=r"(before) : "l"(counter), "r"(mine) : "memory");
#endif
        *finish = before % left_over + 1 == blocks && before + mine >= left_over;
    }
    __syncthreads();
    return *finish != 0;
}

// Parts of 16 rows in a tile of 64.
__device__ inline std::int32_t parts_of(const Run& run, std::int64_t row_tile) {
    const std::int64_t left = (run.rows16 - row_tile * rows_a_tile) / rows_a_part;
    return static_cast<std::int32_t>(left < rows_a_tile / rows_a_part ? left : rows_a_tile / rows_a_part);
}
__device__ inline std::int64_t mark_of(const Run& run, std::int32_t o, std::int64_t row_tile) { return std::int64_t{o} * row_tiles(run) + row_tile; }

}  // namespace juice::cuda
