// The matrix product of one tile, 64 × 64, by 256 threads that end up with 4 × 4 entries each. What is multiplied comes as steps of 16 along the sum: a
// thread of the block fetches four floats of either side a step, while steps before are multiplied.
#pragma once

#include "cuda/mma.h"
#include "cuda/numbers.h"

namespace juice::cuda {

inline constexpr int tile_size = 64;
inline constexpr int tile_threads = 256;
inline constexpr int tile_line = tile_size + 4;             // floats from k to k: shifted, so that turning lines does not meet one bank only
inline constexpr int tile_floats = static_cast<int>(panel) * tile_line;
static_assert(tile_size == tile_panels * panel);

// Where a thread's four floats of a step lie: of 64 lines of 16 (k runs along the line), or of four panels of 16 lines (k counts lines).
struct Piece {
    int line, lane, slice;      // lane: first of four; slice: of four panels
};
__device__ inline Piece along_lines() { return {static_cast<int>(threadIdx.x) / 4, static_cast<int>(threadIdx.x) % 4 * 4, 0}; }
__device__ inline Piece across_lines() {
    return {static_cast<int>(threadIdx.x) / 4 % 16, static_cast<int>(threadIdx.x) % 4 * 4, static_cast<int>(threadIdx.x) / 64};
}
// NULL stands for zeros.
__device__ inline float4 load_piece(const float* from) { return from ? load4(from) : make_float4(0, 0, 0, 0); }

// Keeps the four floats in the shared tile, [k][entry]; k runs along their line, or counts lines.
template <bool along>
__device__ void keep_piece(float* tile, float4 x) {
    if (along) {
        const Piece piece = along_lines();
        tile[(piece.lane + 0) * tile_line + piece.line] = x.x;
        tile[(piece.lane + 1) * tile_line + piece.line] = x.y;
        tile[(piece.lane + 2) * tile_line + piece.line] = x.z;
        tile[(piece.lane + 3) * tile_line + piece.line] = x.w;
    } else {
        const Piece piece = across_lines();
        store4(tile + piece.line * tile_line + piece.slice * panel + piece.lane, x);
    }
}

// A thread's entries of the tile: rows 4 · down …, columns 4 · across ….
struct Place {
    int down, across;
};
__device__ inline Place place() { return {static_cast<int>(threadIdx.x) / 16, static_cast<int>(threadIdx.x) % 16}; }

// One step of 16 k, a thread's own entries.
template <bool maximise>
__device__ void multiply_plain(const float* a, const float* b, Place mine, float (&acc)[4][4]) {
#pragma unroll
    for (int k = 0; k < panel; ++k) {
        const float4 x = load4(a + k * tile_line + mine.down * 4), y = load4(b + k * tile_line + mine.across * 4);
        const float xs[4] = {x.x, x.y, x.z, x.w}, ys[4] = {y.x, y.y, y.z, y.w};
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
            for (int j = 0; j < 4; ++j) acc[i][j] = maximise ? fmaxf(acc[i][j], xs[i] * ys[j]) : fmaf(xs[i], ys[j], acc[i][j]);
    }
}

// ---- on the tensor cores: a pipeline of steps, copied to shared memory as they lie ----

inline constexpr int pipeline_steps = 4;                    // in shared memory: one at work, the others on their way
inline constexpr int along_line = 20, across_line = 24;     // floats from line to line: a warp's fragment meets all banks
inline constexpr int side_floats = tile_size * across_line;
static_assert(side_floats >= tile_size * along_line && pipeline_steps * 2 * side_floats >= tile_size * tile_size);

// Where entry `entry` (of 64) at k lies in a side's shared memory, and where the thread's piece goes.
template <bool along>
__device__ int side_place(int entry, int k) {
    return along ? entry * along_line + k : (entry / 16 * 16 + k) * across_line + entry % 16;
}
template <bool along>
__device__ int piece_place() {
    const Piece piece = along ? along_lines() : across_lines();
    return along ? piece.line * along_line + piece.lane : (piece.slice * 16 + piece.line) * across_line + piece.lane;
}

// A warp's part of the tile: 16 rows by four times 8 columns.
inline constexpr int warp_tiles = 4;
struct WarpPlace {
    int row, column, group, member;     // group, member: the lane's place in a fragment
};
__device__ inline WarpPlace warp_place() {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    return {warp / 2 * 16, warp % 2 * 32, lane / 4, lane % 4};
}

// One step of 16 k as three TF32 products: with x = high + low, high · high + high · low + low · high has the digits of a float32 product. Tensor cores
// cut sums off instead of rounding them, so every product starts from 0 and is added in float32; the small ones may share a sum.
template <bool a_along, bool b_along>
__device__ void multiply_tensor(const float* a, const float* b, WarpPlace mine, float (&acc)[warp_tiles][4]) {
    float small[warp_tiles][4] = {};
#pragma unroll
    for (int k = 0; k < panel; k += 8) {
        const int row = mine.row + mine.group, at = k + mine.member;
        const SplitFloat x[4] = {split(a[side_place<a_along>(row, at)]), split(a[side_place<a_along>(row + 8, at)]),
                                 split(a[side_place<a_along>(row, at + 4)]), split(a[side_place<a_along>(row + 8, at + 4)])};
        const unsigned high[4] = {x[0].high, x[1].high, x[2].high, x[3].high}, low[4] = {x[0].low, x[1].low, x[2].low, x[3].low};
#pragma unroll
        for (int n = 0; n < warp_tiles; ++n) {
            const int column = mine.column + n * 8 + mine.group;
            const SplitFloat y[2] = {split(b[side_place<b_along>(column, at)]), split(b[side_place<b_along>(column, at + 4)])};
            const unsigned high_y[2] = {y[0].high, y[1].high}, low_y[2] = {y[0].low, y[1].low};
            float large[4] = {};
            mma_tf32(large, high, high_y);
            mma_tf32(small[n], low, high_y);
            mma_tf32(small[n], high, low_y);
#pragma unroll
            for (int i = 0; i < 4; ++i) acc[n][i] += large[i];
        }
    }
#pragma unroll
    for (int n = 0; n < warp_tiles; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i) acc[n][i] += small[n][i];
}

// From the fragments' places to the threads' own, through shared memory of 64 lines.
__device__ inline void turn_fragments(const float (&from)[warp_tiles][4], WarpPlace warp, Place mine, float* tile, float (&acc)[4][4]) {
    __syncthreads();
#pragma unroll
    for (int n = 0; n < warp_tiles; ++n)
#pragma unroll
        for (int i = 0; i < 4; ++i) tile[(warp.row + warp.group + i / 2 * 8) * tile_size + warp.column + n * 8 + warp.member * 2 + i % 2] = from[n][i];
    __syncthreads();
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float4 x = load4(tile + (mine.down * 4 + i) * tile_size + mine.across * 4);
        acc[i][0] = x.x, acc[i][1] = x.y, acc[i][2] = x.z, acc[i][3] = x.w;
    }
}

template <class Steps>
__device__ void multiply_on_tensor_cores(Steps& steps, float (&acc)[4][4]) {
    JUICE_POOL(float, sides, pipeline_steps * 2 * side_floats);
    const WarpPlace warp = warp_place();
    const int to_a = piece_place<Steps::a_along>(), to_b = side_floats + piece_place<Steps::b_along>();
    float fragments[warp_tiles][4] = {};
    bool more = true;
    int fetched = 0;
    const auto fetch = [&] {
        const float *a = nullptr, *b = nullptr;
        more = more && steps.next(a, b);
        if (more) {
            float* step = sides + fetched % pipeline_steps * 2 * side_floats;
            copy_piece(step + to_a, a);
            copy_piece(step + to_b, b);
            ++fetched;
        }
        commit_copies();        // an empty group, too: the waits below count groups
    };
    for (int i = 0; i + 1 < pipeline_steps; ++i) fetch();
    for (int done = 0; done < fetched; ++done) {
        wait_for_copies<pipeline_steps - 2>();
        __syncthreads();        // everybody's pieces of this step are there, and the step before has been multiplied
        const float* step = sides + done % pipeline_steps * 2 * side_floats;
        fetch();
        multiply_tensor<Steps::a_along, Steps::b_along>(step, step + side_floats, warp, fragments);
    }
    wait_for_copies<0>();
    turn_fragments(fragments, warp, place(), sides, acc);
}

// acc[i][j] = Σ_k (or max_k) a[k][i] · b[k][j], k in the order of the steps. Steps::next(a, b) points at the thread's floats of the next step, or at
// none for zeros; it answers the same for all threads.
template <bool maximise, class Steps>
__device__ void multiply_in_threads(Steps& steps, bool active, float (&acc)[4][4]) {
    JUICE_POOL(float, tiles, 4 * tile_floats);          // two of either side
    const Place mine = place();
    const float *a = nullptr, *b = nullptr;
    bool more = steps.next(a, b);
    float4 x = load_piece(a), y = load_piece(b);
    for (int buffer = 0; more; buffer ^= 1) {
        float* as = tiles + buffer * tile_floats;
        float* bs = tiles + (2 + buffer) * tile_floats;
        keep_piece<Steps::a_along>(as, x);
        keep_piece<Steps::b_along>(bs, y);
        __syncthreads();
        more = steps.next(a, b);
        if (more) x = load_piece(a), y = load_piece(b);
        if (active) multiply_plain<maximise>(as, bs, mine, acc);
    }
}

inline constexpr int matrix_pool_bytes = pipeline_steps * 2 * side_floats * 4;

template <bool maximise, bool tensor, class Steps>
__device__ void multiply_tile(Steps& steps, bool active, float (&acc)[4][4]) {
    if constexpr (tensor) multiply_on_tensor_cores(steps, acc);
    else multiply_in_threads<maximise>(steps, active, acc);
}

}  // namespace juice::cuda
