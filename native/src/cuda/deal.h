// The pieces of a launch, dealt out to its thread blocks: some beforehand, and then to each the next one that nobody has, so that all are done at about the same time.
#pragma once

#include "cuda/wide_pipe.h"

namespace juice::cuda {

struct Deal {
    static constexpr int beforehand = 4;
    std::int32_t first, end;
    std::int32_t late;                  // from here on they are dealt out while others are in work
    std::int32_t* taken;                // so many of these are taken
    bool joins;                         // blocks that come later, and have late pieces alone
};

// A thread block's hand. It knows a piece's number while the three before it are fed: one of the feeders finds it out before it asks for the first step of the first of
// these, and the others read it when they begin with the third. Then they have waited for a place that workers gave back after that step, since a piece has at least as
// many places as there are.
class Hand {
public:
    // By all threads; behind the barrier everybody may ask for the first.
    __device__ explicit Hand(const Deal& deal) : deal_(deal) {
        JUICE_SHARED(std::int32_t, piece_numbers, Deal::beforehand);
        numbers_ = piece_numbers;
        if (threadIdx.x != 0) return;
        const std::int32_t own = deal.joins ? deal.late + atomicAdd(deal.taken, Deal::beforehand) : deal.first + static_cast<std::int32_t>(blockIdx.x);
        for (int i = 0; i < Deal::beforehand; ++i) numbers_[i] = own + i * (deal.joins ? 1 : static_cast<std::int32_t>(gridDim.x));
    }
    // Before `end`, or there is none. A barrier must follow.
    __device__ std::int32_t first() const { return numbers_[0]; }
    // By the feeders, when they begin with piece i of the block: the one behind it.
    __device__ std::int32_t behind(int i) {
        if (threadIdx.x == block_threads) {
            if (i > 0) numbers_[(i - 1) % Deal::beforehand] = deal_.late + drawn_;
            drawn_ = atomicAdd(deal_.taken, 1);
        }
        return numbers_[(i + 1) % Deal::beforehand];
    }

private:
    const Deal& deal_;
    std::int32_t* numbers_;
    std::int32_t drawn_ = 0;            // for the piece three behind the next
};

}  // namespace juice::cuda
