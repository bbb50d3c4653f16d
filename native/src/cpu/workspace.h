// Memory of one batch in work, and of one thread.
#pragma once

#include <memory>
#include <vector>

#include "common/memory.h"
#include "cpu/kernels.h"
#include "plan/engine.h"

namespace juice::cpu {

// Values, exponents and row kinds of every operation for up to `capacity` rows.
class Workspace {
public:
    Workspace(const PlanView& plan, std::int64_t capacity, bool training);
    // Points the run at this memory, for a batch of `rows`.
    void attach(Run& run, std::int64_t rows);
    std::int64_t capacity() const noexcept { return capacity_; }

private:
    std::int64_t capacity_;
    Memory values_;
    std::vector<std::int32_t> exponents_;
    std::vector<std::uint8_t> log_rows_;
};

class ThreadScratch {
public:
    ThreadScratch(const PlanView& plan, std::int64_t capacity);
    ThreadScratch(const ThreadScratch&) = delete;
    Scratch& get() noexcept { return scratch_; }

private:
    Scratch scratch_{};
    Memory panels_, weights_, histogram_, borrowed_;
    std::vector<std::uint8_t> marks_;
    std::vector<std::int32_t> seen_;
    std::vector<float> aligned_;            // rows, nodes, exponents, segments
    std::vector<std::uint8_t> suspects_, factors_;
    std::vector<SlowEntry> slow_;
};

}  // namespace juice::cpu
