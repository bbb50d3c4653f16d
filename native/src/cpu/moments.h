// What an optimiser remembers from update to update, laid out like the parameter flows, and room for the top-down probabilities that one of them asks for.
#pragma once

#include <vector>

#include "common/memory.h"
#include "cpu/kernels.h"
#include "plan/engine.h"

namespace juice::cpu {

class Moments {
public:
    // `count` arrays of zeros; with `reach`, the states get their nodes' probabilities.
    void make(const PlanView& plan, std::int32_t count, bool reach, std::vector<OwnerState>& states);
    std::int32_t count() const noexcept { return count_; }
    void read(std::int32_t which, std::int64_t offset, std::int64_t count, float* destination) const;
    void write(std::int32_t which, std::int64_t offset, std::int64_t count, const float* source);
    void attach(Run& run, const PlanTotals& totals) const;

private:
    Memory moments_[2];
    std::int32_t count_ = 0;
    Memory reach_;              // of elements like their flow sums, of nodes, by owner
};

}  // namespace juice::cpu
