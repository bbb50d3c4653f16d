// The flow buffer: parameter flows by owner, then flow sums by operation. Each of these parts may be fresh, which reads as zeros and is cleared by whoever
// writes first.
#pragma once

#include <utility>
#include <vector>

#include "common/memory.h"
#include "common/threads.h"
#include "cpu/kernels.h"
#include "plan/engine.h"

namespace juice::cpu {

class FlowBuffer {
public:
    explicit FlowBuffer(const PlanView& plan);

    // Points the run at the buffer. What it points at changes with expect, gather and write.
    void attach(Run& run);
    // Before a backward pass of so many rows.
    void expect(std::int64_t rows, ThreadPool& pool);
    // Leaves all flows in what attach points at, for an update.
    void gather(ThreadPool& pool);
    void read(std::int64_t offset, std::int64_t count, float* destination) const;
    void write(std::int64_t offset, std::int64_t count, const float* source, bool add, ThreadPool& pool);
    void clear();

private:
    // Flows of many rows are added up in two levels, since like terms added one by one to a large float32 total all round the same way.
    static constexpr std::int64_t rows_per_level = 1024;

    void fold(ThreadPool& pool);
    std::pair<std::int64_t, std::int64_t> extent(std::size_t part) const;
    template <class Visit>
    void for_each_part(std::int64_t offset, std::int64_t count, Visit visit) const;

    const PlanView plan_;
    Memory flows_, totals_;
    std::vector<std::uint8_t> fresh_, fresh_totals_;
    std::int64_t rows_added_ = 0;       // since the last fold
    bool folded_ = false;               // totals_ holds something
};

}  // namespace juice::cpu
