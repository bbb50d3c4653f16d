// The matrix product of a wide tile by Hopper's groups of four warps: 64 or 128 lines by 128 columns, or 128 by 64, by two of them. What is multiplied comes in steps of 64
// along the sum, in bulk copies, while steps before are multiplied.
#pragma once

#include "cuda/counters.h"
#include "cuda/groups.h"
#include "cuda/wide.h"

namespace juice::cuda {

inline constexpr int group_threads = 128;
static_assert(block_threads == 2 * group_threads);
template <int lines, int columns, int blocks = 2>
inline constexpr int group_stages = lines + columns < 256 && blocks == 2 ? 4 : 3;       // so many thread blocks fit into a multiprocessor
template <int lines, int columns, int blocks = 2>
inline constexpr int group_bytes = group_stages<lines, columns, blocks> * (lines + columns) * wide_step * 2;

// A thread's part of the tile. Of 128 lines a group has 64, of 64 lines it has all, and half of the columns.
template <int tile_lines_, int columns_>
struct GroupPlace {
    static constexpr int lines = 2, pairs = tile_lines_ * columns_ / (2 * group_threads * lines * 2);
    using Sums = float[pairs * 4];
    int line, column;
    __device__ explicit GroupPlace(int thread = static_cast<int>(threadIdx.x)) {
        const int group = thread / group_threads, lane = thread % 32;
        line = (tile_lines_ == 128 ? group * 64 : 0) + thread % group_threads / 32 * 16 + lane / 4;
        column = (tile_lines_ == 128 ? 0 : group * 64) + lane % 4 * 2;
    }
    __device__ int line_at(int m) const { return line + m * 8; }
    __device__ int column_at(int n) const { return column + n * 8; }
    __device__ static float2 pair(const Sums& acc, int m, int n) { return make_float2(acc[n * 4 + m * 2], acc[n * 4 + m * 2 + 1]); }
    // The same as four columns beside each other, in one of each 16: two lanes exchange half of theirs, so that a warp writes whole lines. By whole warps.
    static constexpr int fours = pairs / 2;
    __device__ int four_at(int n) const { return column - column % 8 + n * static_cast<int>(panel) + column % 4 / 2 * 8 + column % 8 / 4 * 4; }
    __device__ float4 four(const Sums& acc, int m, int n) const {
        const bool odd = column % 4 != 0;
        const float2 first = pair(acc, m, 2 * n), second = pair(acc, m, 2 * n + 1), given = odd ? first : second;
        const float2 got = make_float2(__shfl_xor_sync(~0u, given.x, 1), __shfl_xor_sync(~0u, given.y, 1));
        return make_float4(odd ? got.x : first.x, odd ? got.y : first.y, odd ? second.x : got.x, odd ? second.y : got.y);
    }
};

// One side of a step in shared memory: panels of `lines` lines (along), or of wide_step lines (across).
template <int entries, bool along, Gathered gathered>
struct GroupCopies {
    static constexpr int hop = (along ? entries : wide_step) * static_cast<int>(panel);
    static constexpr int warps = block_threads / 32;
    static constexpr int most_lines = along ? entries : wide_step, most_panels = along ? wide_step_panels : entries / static_cast<int>(panel);

    __device__ static int panels(const WideSide& side) { return side.panels < most_panels ? side.panels : most_panels; }
    __device__ static unsigned panel_bytes(const WideSide& side) { return static_cast<unsigned>(side.lines < most_lines ? side.lines : most_lines) * panel * 2; }
    __device__ static unsigned bytes(const WideSide& side) { return static_cast<unsigned>(panels(side)) * panel_bytes(side); }
    // A copy a panel and warp, from warp `first` on: a warp asks for its copies one by one, whoever of its lanes does it.
    __device__ static void copy(const WideSide& side, Bf16* to, int first, Arrival* arrival) {
        static_assert(most_panels <= warps);
        const int mine = (static_cast<int>(threadIdx.x) / 32 + warps - first) % warps;
        if (threadIdx.x % 32 != 0) return;
        if constexpr (gathered == Gathered::Lines) {
            for (int i = mine; i < panels(side) * wide_step_panels; i += warps) {
                const int q = i / wide_step_panels, line = i % wide_step_panels * static_cast<int>(panel);
                if (line < side.lines) copy_bulk(to + q * hop + line * panel, side.piece(q, line, gathered), static_cast<unsigned>(panel * panel * 2), arrival);
            }
        } else if (mine < panels(side)) {
            copy_bulk(to + mine * hop, side.piece(mine, 0, gathered), panel_bytes(side), arrival);
        }
    }
    // Numbers to step k of 16, and to an entry.
    static constexpr int to_step = along ? hop : static_cast<int>(panel * panel), to_entry = along ? static_cast<int>(panel) : hop / static_cast<int>(panel);
};

// acc += a step's products, which go over so many 16s, as a batch that is under way.
template <class Steps, int lines, int columns>
__device__ void multiply_step_later(typename GroupPlace<lines, columns>::Sums& acc, const GroupSide& x, const GroupSide& y, int length) {
    using A = GroupCopies<lines, Steps::a_along, Steps::a_gathered>;
    using B = GroupCopies<columns, Steps::b_along, Steps::b_gathered>;
    const auto multiply = [&](int k) { multiply_later<Steps::a_along, Steps::b_along>(acc, x.further(k * A::to_step), y.further(k * B::to_step)); };
    begin_products();
    if (length == wide_step_panels) {
#pragma unroll
        for (int k = 0; k < wide_step_panels; ++k) multiply(k);
    } else {
        for (int k = 0; k < length; ++k) multiply(k);
    }
    commit_products();
}

// acc = Σ over the steps, as multiply_wide has it. Entries that are not there are neither copied nor cleared: what comes out for them means nothing.
template <bool in_chain, int lines, int columns, int blocks, class Steps>
__device__ void multiply_in_groups(Steps& steps, typename GroupPlace<lines, columns>::Sums& acc) {
    constexpr int stages = group_stages<lines, columns, blocks>, stage_size = (lines + columns) * wide_step;
    JUICE_POOL(Bf16, sides, stages * stage_size);
    JUICE_SHARED(Arrival, arrivals, stages);
    using A = GroupCopies<lines, Steps::a_along, Steps::a_gathered>;
    using B = GroupCopies<columns, Steps::b_along, Steps::b_gathered>;
    constexpr int b_warp = A::most_panels % A::warps;       // the warps that side A leaves free go first
    const auto thread = static_cast<int>(threadIdx.x);
    const int group = thread / group_threads, a_entry = lines == 128 ? group * 64 : 0, b_entry = lines == 128 ? 0 : group * 64;
    if (thread == 0) prepare_arrivals(arrivals, stages);
    __syncthreads();

    WideSide first[stages] = {}, a{}, b{};
    unsigned lengths = 0;               // of the stages in 16s along the sum, four bits each
    const auto keep_length = [&](int place) {
        const int length = Steps::a_along ? A::panels(a) : static_cast<int>(A::panel_bytes(a) / (panel * panel * 2));
        lengths = (lengths & ~(15u << place * 4)) | static_cast<unsigned>(length) << place * 4;
    };
    bool more = true;
    int fetched = 0;
#pragma unroll
    for (int i = 0; i < stages; ++i) {
        more = more && steps.next(a, b);
        if (!more) continue;
        first[i] = a;
        keep_length(i);
        ++fetched;
        if (thread == 0) expect_bytes(arrivals + i, A::bytes(a) + B::bytes(b));
        B::copy(b, sides + i * stage_size + lines * wide_step, b_warp, arrivals + i);
    }
    if constexpr (in_chain) wait_for_earlier();
#pragma unroll
    for (int i = 0; i < stages; ++i)
        if (i < fetched) A::copy(first[i], sides + i * stage_size, 0, arrivals + i);
    __syncthreads();

    const GroupSide a_side = GroupSide(sides, A::hop).further(a_entry * A::to_entry), b_side = GroupSide(sides + lines * wide_step, B::hop).further(b_entry * B::to_entry);
    int place = 0;
    unsigned parity = 0;
    for (int done = 0; done < fetched; ++done) {
        wait_for_arrival(arrivals + place, parity);
        multiply_step_later<Steps, lines, columns>(acc, a_side.further(place * stage_size), b_side.further(place * stage_size), static_cast<int>(lengths >> place * 4 & 15u));
        wait_for_products<1>();
        if (done > 0 && more) {
            __syncthreads();            // both groups are done with the step before: its place is free
            more = steps.next(a, b);
            if (more) {
                const int free = place == 0 ? stages - 1 : place - 1;
                keep_length(free);
                ++fetched;
                if (thread == 0) expect_bytes(arrivals + free, A::bytes(a) + B::bytes(b));
                A::copy(a, sides + free * stage_size, 0, arrivals + free);
                B::copy(b, sides + free * stage_size + lines * wide_step, b_warp, arrivals + free);
            }
        }
        if (++place == stages) place = 0, parity ^= 1;
    }
    wait_for_products<0>();
}

}  // namespace juice::cuda
