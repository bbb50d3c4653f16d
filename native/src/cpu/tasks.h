// The order of one training pass: threads claim operations from the plan's list and wait for what each depends on. Which thread runs what never
// changes a bit of the result, because an operation is computed whole and in a fixed order.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "common/threads.h"
#include "plan/engine.h"

namespace juice::cpu {

class Tasks {
public:
    explicit Tasks(const PlanView& plan);

    struct Work {
        std::function<void(int thread, std::int32_t operation, std::int32_t next)> forward, backward;      // empty: skipped
        std::function<void(int thread, std::int32_t owner)> input_backward;
    };
    void run(ThreadPool& pool, const Work& work);

private:
    struct Flag {
        std::atomic<std::uint32_t> pass{0};
    };
    void wait(const Flag& flag) const;
    void body(int thread, int threads, const Work& work);

    const PlanView plan_;
    std::vector<std::int32_t> source_starts_, sources_;     // operations whose values an operation reads
    std::vector<std::int32_t> inline_starts_, inline_owners_;   // input owners with one reader, by that reader
    std::vector<std::int32_t> late_owners_;                 // input owners with several
    std::unique_ptr<Flag[]> forward_, backward_;
    std::uint32_t pass_ = 0;
    std::atomic<std::int64_t> next_forward_{0}, next_backward_{0}, next_owner_{0};
    std::atomic<bool> failed_{false};
};

// While it lives, results too small for a normal float become 0 on this thread (sums of such numbers take a hundred times as long).
class FlushToZero {
public:
    FlushToZero();
    ~FlushToZero();
    FlushToZero(const FlushToZero&) = delete;

private:
    unsigned saved_ = 0;
};

}  // namespace juice::cpu
