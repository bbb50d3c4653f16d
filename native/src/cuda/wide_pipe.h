// The matrix product of wide tiles one after the other by groups of warps (wide_groups.h), by one thread block that has a multiprocessor for itself: four more
// warps ask for copies, and are ahead by as many steps as shared memory holds, also while a tile's sums are written.
#pragma once

#include "cuda/wide_groups.h"

namespace juice::cuda {

inline constexpr int feeders = 4;                                           // warps that ask for copies, behind those that multiply
inline constexpr int pipe_threads = block_threads + feeders * warp_lanes;

// The piece of a side, or of what comes behind, that a thread of the feeders asks for; rotation: which feeder has the first.
__device__ inline int fed_piece(int rotation = 0) {
    const auto thread = static_cast<int>(threadIdx.x);
    return thread % warp_lanes * feeders + (thread / warp_lanes + rotation) % feeders;
}
// Bytes of a feeder's share of so many pieces, whose first is `first`.
__device__ inline unsigned share_bytes(int pieces, int first, unsigned each) { return first < pieces ? static_cast<unsigned>((pieces - first + feeders - 1) / feeders) * each : 0; }

// A thread block a multiprocessor, or a task where there are fewer.
inline dim3 pipe_blocks(const Run& run, std::int32_t tasks) { return dim3(static_cast<unsigned>(tasks < run.multiprocessors ? tasks : run.multiprocessors)); }

// So many places in shared memory, which feeders fill and workers use in turn; each of them goes round for itself.
template <int stages, int workers = block_threads>
class Places {
public:
    __device__ static bool feeds() { return threadIdx.x >= workers; }

    // By the workers: until what comes next is there, and all that the feeders wrote before it; and when it is done with.
    __device__ void wait() { wait_for_arrival(there_ + place_, parity_); }
    __device__ void release() {
        leave(place_);
        advance();
    }

protected:
    Arrival *there_, *free_;
    int place_ = 0;
    unsigned parity_ = 0;

    // filling: warps that fill a place together. A barrier must follow.
    __device__ explicit Places(int filling) {
        JUICE_SHARED(Arrival, arrivals, 2 * stages);
        there_ = arrivals;
        free_ = arrivals + stages;
        if (threadIdx.x == 0) {
            prepare_arrivals(there_, stages, filling);
            prepare_arrivals(free_, stages, workers / warp_lanes);
        }
    }
    __device__ void advance() {
        if (++place_ == stages) place_ = 0, parity_ ^= 1;
    }
    // At once on the first lap.
    __device__ void wait_for_place() {
        wait_for_arrival(free_ + place_, parity_ ^ 1);
        __syncwarp();
    }
    __device__ void leave(int place) {
        __syncwarp();
        if (threadIdx.x % warp_lanes == 0) arrive(free_ + place);
    }
};

// Copies of one side of a step, piece by piece; every feeder has its share.
template <class Copies, Gathered gathered>
struct FedSide {
    static_assert(gathered != Gathered::Lines);
    const WideSide& side;
    int mine;

    __device__ FedSide(const WideSide& side_, int rotation) : side(side_), mine(fed_piece(rotation)) {}
    // share_bytes, written out: called, it makes ptxas write the small kernel of operand flows a sixth longer.
    __device__ unsigned bytes() const {
        const int panels = Copies::panels(side), first = mine % feeders;
        return first < panels ? static_cast<unsigned>((panels - first + feeders - 1) / feeders) * Copies::panel_bytes(side) : 0;
    }
    __device__ void copy(Bf16* to, Arrival* arrival) const {
        if (mine < Copies::panels(side) && side.lines > 0) copy_bulk(to + mine * Copies::hop, side.piece(mine, 0, gathered), Copies::panel_bytes(side), arrival);
    }
};

// What is read of a tile once it has been multiplied comes behind its last step, each part in the place of a step; of a part a thread of the feeders has its
// fed_piece, or nothing, and fed_bytes are its warp's. parts: at least 1.
struct NothingBehind {
    static constexpr int parts = 1;
    __device__ static unsigned fed_bytes(int) { return 0; }
    __device__ static bool has(int) { return false; }
    template <class Copy>
    __device__ static void copy(int, Copy) {}
};

// narrows: of a tile without more than half of the columns, half are multiplied.
template <int lines, int columns, int stages, bool narrows = false>
class WidePipe : public Places<stages> {
    using Ring = Places<stages>;
    using Ring::advance, Ring::leave, Ring::wait_for_place, Ring::there_, Ring::place_, Ring::parity_;

public:
    using Sums = typename GroupPlace<lines, columns>::Sums;
    static constexpr int stage_size = (lines + columns) * wide_step, bytes = stages * stage_size * 2, a_rotation = 2;       // fed_piece's, of side A

    __device__ WidePipe() : Ring(feeders) {
        JUICE_POOL(Bf16, pool, stages * stage_size);
        JUICE_SHARED(std::int32_t, step_lengths, stages);
        sides_ = pool;
        lengths_ = step_lengths;
        __syncthreads();
    }

    // By the feeders: asks for a tile's steps, and for what comes behind them. first: the first tile, whose side B may be fetched before the kernel before is done.
    template <class Steps, class Behind>
    __device__ void feed(const Steps& steps, const Behind& behind, bool first) {
        feed_steps(steps, first);
        feed_behind(behind, [](int) {});
    }
    template <class Steps>
    __device__ void feed_steps(Steps steps, bool first) {
        WideSide a{}, b{};
        int ahead = 0;                      // steps whose side B has been asked for
        if (first) {
            for (Steps early = steps; ahead < stages && early.next(a, b); ++ahead, advance()) {
                expect<Steps>(a, b);
                B<Steps>(b, 0).copy(side_b(), there_ + place_);
            }
            place_ = 0;
            parity_ = 0;
            wait_for_earlier();
        }
        for (int step = 0; steps.next(a, b); ++step, advance()) {
            wait_for_place();
            if (step >= ahead) {
                expect<Steps>(a, b);
                B<Steps>(b, 0).copy(side_b(), there_ + place_);
            }
            A<Steps>(a, a_rotation).copy(sides_ + place_ * stage_size, there_ + place_);
        }
    }
    // between(part): what the feeders do besides, before they ask for that part.
    template <class Behind, class Between>
    __device__ void feed_behind(const Behind& behind, Between between) {
#pragma unroll
        for (int part = 0; part < Behind::parts; ++part, advance()) {
            between(part);
            wait_for_place();
            arrive_with(0, behind.fed_bytes(part));
            if (behind.has(part)) behind.copy(part, [&](int at, const void* from, unsigned bytes) { copy_bulk(sides_ + place_ * stage_size + at, from, bytes, there_ + place_); });
        }
    }

    // By the others: acc += Σ over a tile's steps. Then every part of what comes behind them is to be released.
    template <class Steps>
    __device__ void multiply(Sums& acc) {
        using CopiesA = GroupCopies<lines, Steps::a_along, Steps::a_gathered>;
        using CopiesB = GroupCopies<columns, Steps::b_along, Steps::b_gathered>;
        const int group = static_cast<int>(threadIdx.x) / group_threads, a_entry = lines == 128 ? group * 64 : 0, b_entry = lines == 128 ? 0 : group * 64;
        const GroupSide a_side = GroupSide(sides_, CopiesA::hop).further(a_entry * CopiesA::to_entry);
        const GroupSide b_side = GroupSide(sides_ + lines * wide_step, CopiesB::hop).further(b_entry * CopiesB::to_entry);
        int before = -1;
        for (;; advance()) {
            this->wait();
            const int length = lengths_[place_];
            if (length == 0) break;
            const GroupSide x = a_side.further(place_ * stage_size), y = b_side.further(place_ * stage_size);
            if constexpr (narrows) {
                if (length < 0) multiply_step_later<Steps, lines, columns / 2>(reinterpret_cast<typename GroupPlace<lines, columns / 2>::Sums&>(acc), x, y, -length);
                else multiply_step_later<Steps, lines, columns>(acc, x, y, length);
            } else {
                multiply_step_later<Steps, lines, columns>(acc, x, y, length);
            }
            wait_for_products<1>();
            if (before >= 0) leave(before);         // the step before has been multiplied
            before = place_;
        }
        wait_for_products<0>();
        if (before >= 0) leave(before);
    }
    // All places, once the last part has been released and no other thread is behind.
    __device__ float4* room() const { return reinterpret_cast<float4*>(sides_); }
    // The next part of what came behind them, until it is released.
    __device__ const Bf16* behind() {
        this->wait();
        return sides_ + place_ * stage_size;
    }

private:
    template <class Steps>
    using A = FedSide<GroupCopies<lines, Steps::a_along, Steps::a_gathered>, Steps::a_gathered>;
    template <class Steps>
    using B = FedSide<GroupCopies<columns, Steps::b_along, Steps::b_gathered>, Steps::b_gathered>;

    Bf16* sides_;
    // Of the steps in 16s along the sum; 0: no step; negative: of the first half of the columns. Written before an arrival and read after it, which racecheck does not see.
    std::int32_t* lengths_;

    __device__ Bf16* side_b() const { return sides_ + place_ * stage_size + lines * wide_step; }
    __device__ void arrive_with(int length, unsigned bytes) {
        if (threadIdx.x % warp_lanes != 0) return;
        if (threadIdx.x == block_threads) lengths_[place_] = length;
        expect_bytes(there_ + place_, bytes);
    }
    template <class Steps>
    __device__ void expect(const WideSide& a, const WideSide& b) {
        using Copies = GroupCopies<lines, Steps::a_along, Steps::a_gathered>;
        const int length = Steps::a_along ? Copies::panels(a) : static_cast<int>(Copies::panel_bytes(a) / (panel * panel * 2));
        arrive_with(narrows && b.panels * static_cast<int>(panel) <= columns / 2 ? -length : length, A<Steps>(a, a_rotation).bytes() + B<Steps>(b, 0).bytes());
    }
};

}  // namespace juice::cuda
