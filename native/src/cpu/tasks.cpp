#include "cpu/tasks.h"

#include <chrono>
#include <stdexcept>
#include <thread>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace juice::cpu {

FlushToZero::FlushToZero() {
#if defined(__x86_64__)
    saved_ = _mm_getcsr();
    _mm_setcsr(saved_ | 0x8000u);
#endif
}

FlushToZero::~FlushToZero() {
#if defined(__x86_64__)
    _mm_setcsr(saved_);
#endif
}

Tasks::Tasks(const PlanView& plan) : plan_(plan) {
    const auto count = static_cast<std::size_t>(plan.operation_count);
    forward_ = std::make_unique<Flag[]>(count);
    backward_ = std::make_unique<Flag[]>(count);
    std::vector<std::vector<std::int32_t>> owners(count);
    for (std::int32_t o = 0; o < plan.owner_count; ++o) {
        const PlanOwner& owner = plan.owners[o];
        if (owner.kind == OwnerKind::Sum) continue;
        if (owner.reader_end - owner.reader_begin == 1) owners[static_cast<std::size_t>(plan.readers[owner.reader_begin].operation)].push_back(o);
        else late_owners_.push_back(o);
    }
    for (std::int64_t o = 0; o < plan.operation_count; ++o) {
        const PlanOperation& operation = plan.operations[o];
        source_starts_.push_back(static_cast<std::int32_t>(sources_.size()));
        for (auto s = operation.segment_begin; s < operation.segment_end; ++s)
            for (auto f = plan.segments[s].factor_begin; f < plan.segments[s].factor_end; ++f)
                if (plan.factors[f].kind == FactorKind::Values) sources_.push_back(plan.factors[f].source);
        inline_starts_.push_back(static_cast<std::int32_t>(inline_owners_.size()));
        inline_owners_.insert(inline_owners_.end(), owners[static_cast<std::size_t>(o)].begin(), owners[static_cast<std::size_t>(o)].end());
    }
    source_starts_.push_back(static_cast<std::int32_t>(sources_.size()));
    inline_starts_.push_back(static_cast<std::int32_t>(inline_owners_.size()));
}

// Spins briefly, since most waits are short, then gives the core away: on a busy machine the thread that is waited for may need it.
void Tasks::wait(const Flag& flag) const {
    for (int spins = 0; flag.pass.load(std::memory_order_acquire) != pass_; ++spins) {
        if (failed_.load(std::memory_order_relaxed)) throw std::runtime_error("another thread of this step failed");
        if (spins < 4000) {
#if defined(__x86_64__)
            _mm_pause();
#endif
        } else if (spins < 4200) {
            std::this_thread::yield();
        } else {
            std::this_thread::sleep_for(std::chrono::microseconds(50));
        }
    }
}

void Tasks::body(int thread, int threads, const Work& work) {
    const FlushToZero guard;
    const auto count = plan_.operation_count;
    // Operations take about equally long, so this thread's next is as many places on as there are threads.
    const auto next_forward = [&](std::int64_t i) { return i + threads < count ? plan_.order[i + threads] : -1; };
    const auto next_backward = [&](std::int64_t i) { return i + threads < count ? plan_.order[count - 1 - i - threads] : -1; };
    if (work.forward)
        for (std::int64_t i; (i = next_forward_.fetch_add(1)) < count;) {
            const auto o = plan_.order[i];
            for (auto s = source_starts_[static_cast<std::size_t>(o)]; s < source_starts_[static_cast<std::size_t>(o) + 1]; ++s)
                wait(forward_[static_cast<std::size_t>(sources_[static_cast<std::size_t>(s)])]);
            work.forward(thread, o, next_forward(i));
            forward_[static_cast<std::size_t>(o)].pass.store(pass_, std::memory_order_release);
        }
    if (work.backward)
        for (std::int64_t i; (i = next_backward_.fetch_add(1)) < count;) {
            const auto o = plan_.order[count - 1 - i];
            const PlanOperation& operation = plan_.operations[o];
            if (work.forward && operation.reader_begin == operation.reader_end) wait(forward_[static_cast<std::size_t>(o)]);
            for (auto r = operation.reader_begin; r < operation.reader_end; ++r) wait(backward_[static_cast<std::size_t>(plan_.readers[r].operation)]);
            if (operation.previous_use >= 0) wait(backward_[static_cast<std::size_t>(operation.previous_use)]);
            work.backward(thread, o, next_backward(i));
            for (auto w = inline_starts_[static_cast<std::size_t>(o)]; w < inline_starts_[static_cast<std::size_t>(o) + 1]; ++w)
                work.input_backward(thread, inline_owners_[static_cast<std::size_t>(w)]);
            backward_[static_cast<std::size_t>(o)].pass.store(pass_, std::memory_order_release);
        }
    if (work.backward)
        for (std::int64_t i; (i = next_owner_.fetch_add(1)) < static_cast<std::int64_t>(late_owners_.size());) {
            const auto owner = late_owners_[static_cast<std::size_t>(i)];
            for (auto r = plan_.owners[owner].reader_begin; r < plan_.owners[owner].reader_end; ++r)
                wait(backward_[static_cast<std::size_t>(plan_.readers[r].operation)]);
            work.input_backward(thread, owner);
        }
}

void Tasks::run(ThreadPool& pool, const Work& work) {
    ++pass_;
    next_forward_ = next_backward_ = next_owner_ = 0;
    failed_ = false;
    pool.run([&](int thread) {
        try {
            body(thread, pool.size(), work);
        } catch (...) {
            failed_ = true;
            throw;
        }
    });
}

}  // namespace juice::cpu
