#include "cuda/emulation/fibers.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace juice::cuda::emulation {

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t stack_bytes = 256 * 1024;
#else
constexpr std::size_t stack_bytes = 64 * 1024;
#endif

// ---- contexts: where a fiber goes on ----

#if defined(__x86_64__)
// Saves what a function must keep, and goes on with the other stack. Some 5 ns; swapcontext asks the system for the signal mask each time.
struct Context {
    void* stack = nullptr;
};
extern "C" void juice_switch_stack(void** from, void* to);
asm(R"(
.text
.type juice_switch_stack, @function
juice_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size juice_switch_stack, .-juice_switch_stack
)");

void prepare(Context& context, char* stack, void (*entry)()) {
    auto** top = reinterpret_cast<void**>(stack + stack_bytes);
    *--top = nullptr;                                   // so that the entry finds the stack as after a call
    *--top = reinterpret_cast<void*>(entry);
    for (int i = 0; i < 6; ++i) *--top = nullptr;
    context.stack = top;
}
void go(Context& from, Context& to) { juice_switch_stack(&from.stack, to.stack); }
#else
using Context = ucontext_t;

void prepare(Context& context, char* stack, void (*entry)()) {
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = stack_bytes;
    context.uc_link = nullptr;
    makecontext(&context, entry, 0);
}
void go(Context& from, Context& to) { swapcontext(&from, &to); }
#endif

// ---- fibers ----

struct Stack {
    Stack() : memory(static_cast<char*>(mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
        if (memory == MAP_FAILED) std::abort();
    }
    ~Stack() { munmap(memory, stack_bytes); }
    Stack(const Stack&) = delete;
    char* memory;
};

struct Fiber {
    Stack stack;
    Context context{};
    void* fake_stack = nullptr;         // the address sanitizer's
};

// Threads that arrived at a barrier, in turn.
struct Barrier {
    std::vector<int> waiting;
};

class Scheduler {
public:
    void run(int blocks, int threads_a_block, std::uint64_t seed, void (*enter)(int), void (*body)(void*), void* closure) {
        const int threads = blocks * threads_a_block;
        enter_ = enter;
        body_ = body;
        closure_ = closure;
        random_ = seed * 0x9E3779B97F4A7C15u + 1;
        live_ = threads;
        threads_a_block_ = threads_a_block;
        blocks_.assign(static_cast<std::size_t>(blocks), {threads_a_block, {}, {}});
        cluster_.waiting.clear();
        warps_.assign(static_cast<std::size_t>((threads + 31) / 32) * 33, {});
        fiber_of_.assign(static_cast<std::size_t>(threads), nullptr);
        ready_.resize(static_cast<std::size_t>(threads));
        for (int t = 0; t < threads; ++t) ready_[static_cast<std::size_t>(t)] = t;
        shuffle(ready_);
        while (!ready_.empty() || some_wait_for_earlier()) {
            current_ = ready_.back();
            ready_.pop_back();
            auto& fiber = fiber_of_[static_cast<std::size_t>(current_)];
            if (!fiber) fiber = take_fiber();
            enter_(current_);
            finished_ = false;
            enter_fiber(*fiber);
            if (!finished_) continue;
            free_.push_back(fiber);
            fiber = nullptr;
            // A thread that has ended waits for nobody.
            release_if_complete(cluster_, --live_);
            release_if_complete(block().all, --block().live);
        }
        if (live_ == 0) return;
        std::fprintf(stderr, "emulated CUDA: %d threads of a block or cluster wait for what never comes\n", live_);
        std::abort();
    }

    void synchronize_block() { arrive(block().all, block().live); }
    void synchronize_cluster() { arrive(cluster_, live_); }
    void synchronize_some(int threads) { arrive(block().some, threads); }
    void synchronize_warp(unsigned mask) {
        const auto first = mask == ~0u ? 32 : __builtin_ctz(mask);
        arrive(warps_[static_cast<std::size_t>(current_ / 32 * 33 + first)], __builtin_popcount(mask));
    }
    static bool is_to_come();
    static void run_earlier();
    void synchronize_earlier() {
        if (!is_to_come()) return;
        earlier_.waiting.push_back(current_);
        sleep();
    }
    void sleep() { leave_fiber(*fiber_of_[static_cast<std::size_t>(current_)]); }
    void wake(int thread) { ready_.push_back(thread); }
    int current() const { return current_; }
    int current_block() const { return current_ / threads_a_block_; }

private:
    struct Block {
        int live;
        Barrier all, some;
    };

    void (*enter_)(int) = nullptr;
    void (*body_)(void*) = nullptr;
    void* closure_ = nullptr;
    std::uint64_t random_ = 0;
    int live_ = 0, current_ = 0, threads_a_block_ = 1;
    bool finished_ = false;
    Barrier cluster_, earlier_;
    std::vector<Block> blocks_;
    std::vector<Barrier> warps_;                        // [warps][33]: by first lane of the mask, and the whole warp
    std::vector<Fiber*> fiber_of_, free_;
    std::vector<std::unique_ptr<Fiber>> fibers_;
    std::vector<int> ready_;
    Context main_{};
    void* main_fake_stack_ = nullptr;
    const void* main_bottom_ = nullptr;
    std::size_t main_size_ = 0;

    Block& block() { return blocks_[static_cast<std::size_t>(current_block())]; }

    void shuffle(std::vector<int>& list) {
        for (std::size_t i = list.size(); i > 1; --i) {
            random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
            std::swap(list[i - 1], list[random_ % i]);
        }
    }

    // Nobody can go on but those who wait for what comes earlier: then it is done.
    bool some_wait_for_earlier() {
        if (earlier_.waiting.empty()) return false;
        run_earlier();
        release_if_complete(earlier_, static_cast<int>(earlier_.waiting.size()));
        return true;
    }
    void arrive(Barrier& barrier, int expected) {
        barrier.waiting.push_back(current_);
        release_if_complete(barrier, expected);
        sleep();
    }

    void release_if_complete(Barrier& barrier, int expected) {
        if (expected == 0 || static_cast<int>(barrier.waiting.size()) != expected) return;
        shuffle(barrier.waiting);
        ready_.insert(ready_.end(), barrier.waiting.begin(), barrier.waiting.end());
        barrier.waiting.clear();
    }

    Fiber* take_fiber() {
        if (free_.empty()) {
            fibers_.push_back(std::make_unique<Fiber>());
            prepare(fibers_.back()->context, fibers_.back()->stack.memory, entry);
            return fibers_.back().get();
        }
        Fiber* fiber = free_.back();
        free_.pop_back();
        return fiber;
    }

    // A fiber runs one thread after the other; between two it is free.
    static void entry();
    void loop() {
        arrived(nullptr);
        for (;;) {
            Fiber& fiber = *fiber_of_[static_cast<std::size_t>(current_)];
            body_(closure_);
            finished_ = true;
            leave_fiber(fiber);
        }
    }

    void enter_fiber(Fiber& fiber) {
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_start_switch_fiber(&main_fake_stack_, fiber.stack.memory, stack_bytes);
#endif
        go(main_, fiber.context);
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_finish_switch_fiber(main_fake_stack_, nullptr, nullptr);
#endif
    }

    void leave_fiber(Fiber& fiber) {
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_start_switch_fiber(&fiber.fake_stack, main_bottom_, main_size_);
#endif
        go(fiber.context, main_);
        arrived(fiber.fake_stack);
    }

    void arrived([[maybe_unused]] void* fake_stack) {
#if defined(__SANITIZE_ADDRESS__)
        __sanitizer_finish_switch_fiber(fake_stack, &main_bottom_, &main_size_);
#endif
    }
};

// Kernels at work, each launched before the one that comes before it has been done, which is then launched from within.
struct Levels {
    struct Level {
        Scheduler scheduler;
        std::function<void()> earlier;
    };
    std::vector<std::unique_ptr<Level>> all;
    std::size_t depth = 0;

    Level& now() {
        if (all.size() <= depth) all.push_back(std::make_unique<Level>());
        return *all[depth];
    }
};
Levels& levels() {
    thread_local Levels one;
    return one;
}
Scheduler& scheduler() { return levels().now().scheduler; }

void Scheduler::entry() { scheduler().loop(); }
bool Scheduler::is_to_come() { return static_cast<bool>(levels().now().earlier); }
void Scheduler::run_earlier() {
    const auto earlier = std::exchange(levels().now().earlier, nullptr);
    if (!earlier) return;
    ++levels().depth;
    earlier();
    --levels().depth;
}

}  // namespace

void synchronize_block() { scheduler().synchronize_block(); }
void synchronize_cluster() { scheduler().synchronize_cluster(); }
void synchronize_warp(unsigned mask) { scheduler().synchronize_warp(mask); }
void synchronize_some(int threads) { scheduler().synchronize_some(threads); }
void sleep_thread() { scheduler().sleep(); }
void wake_thread(int thread) { scheduler().wake(thread); }
int current_thread() { return scheduler().current(); }
int current_block() { return scheduler().current_block(); }
void synchronize_earlier() { scheduler().synchronize_earlier(); }

void run_before_earlier(std::function<void()> earlier, const std::function<void()>& work) {
    levels().now().earlier = std::move(earlier);
    work();
    Scheduler::run_earlier();
}

void run_threads(int blocks, int threads_a_block, std::uint64_t seed, void (*enter)(int), void (*body)(void*), void* closure) {
    scheduler().run(blocks, threads_a_block, seed, enter, body, closure);
}

}  // namespace juice::cuda::emulation
