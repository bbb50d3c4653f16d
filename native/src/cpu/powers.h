// What training passes compute: sums as they are (power 1), sums of powers, for which the parameters are raised beforehand, or maxima (an infinite power).
#pragma once

#include <vector>

#include "common/memory.h"
#include "common/threads.h"
#include "cpu/kernels.h"
#include "plan/engine.h"

namespace juice::cpu {

class Powers {
public:
    void set(const PlanView& plan, float power);
    bool plain() const noexcept { return power_ == 1; }
    // Points a training run at what the power asks for; raises the parameters that the run had.
    void apply(const PlanView& plan, const Kernels& kernels, ThreadPool& pool, Run& run);
    // Turns logs of sums of powers into those of the power's root.
    void take_root(double* logs, std::int64_t count) const;

private:
    float power_ = 1;
    Memory raised_, no_offset_;
    std::vector<OwnerState> states_;        // of the raised parameters
};

}  // namespace juice::cpu
