// The order of one training pass: a thread goes on from an operation to its parent (backward: its child), whose operands it has in its cache, where
// that is ready, and otherwise claims from the plan's list. Which thread runs what never changes a bit of the result, because an operation is
// computed whole and in a fixed order.
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
        std::atomic<std::uint32_t> pass{0};     // set where it equals pass_
    };
    // Lists of operations (or owners), one an operation.
    struct List {
        std::vector<std::int32_t> starts{0}, items;
        void add(const std::vector<std::int32_t>& more);
        const std::int32_t* begin(std::int32_t o) const { return items.data() + starts[static_cast<std::size_t>(o)]; }
        const std::int32_t* end(std::int32_t o) const { return items.data() + starts[static_cast<std::size_t>(o) + 1]; }
    };
    struct Pass {
        std::unique_ptr<Flag[]> claimed, done;
        std::vector<std::int32_t> order;
        std::atomic<std::int64_t> first{0};     // all before it in the order are claimed
    };
    static constexpr std::int64_t look_at = 64;     // operations of the order

    bool is(const std::unique_ptr<Flag[]>& flags, std::int32_t o) const { return flags[static_cast<std::size_t>(o)].pass.load(std::memory_order_acquire) == pass_; }
    bool all_done(const Pass& pass, const List& list, std::int32_t operation, std::int32_t but) const;
    bool ready(const Pass& pass, std::int32_t operation, std::int32_t but) const;
    std::int32_t choose(const Pass& pass, std::int32_t last) const;
    std::int32_t claim(Pass& pass, std::int32_t last) const;
    void pause(int spins) const;
    void body(int thread, const Work& work);

    const PlanView plan_;
    List sources_, readers_;                    // operations whose values one reads, and who reads its own
    List inline_owners_;                        // input owners with one reader, by that reader
    std::vector<std::int32_t> late_owners_;     // input owners with several
    Pass forward_, backward_;
    bool values_wanted_ = false;                // the backward pass follows a forward pass of the same run
    std::uint32_t pass_ = 0;
    std::atomic<std::int64_t> next_owner_{0};
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
