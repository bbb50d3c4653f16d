#include "cpu/tasks.h"

#include <algorithm>
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
    for (Pass* pass : {&forward_, &backward_}) {
        pass->claimed = std::make_unique<Flag[]>(count);
        pass->done = std::make_unique<Flag[]>(count);
    }
    std::vector<std::vector<std::int32_t>> owners(count);
    for (std::int32_t o = 0; o < plan.owner_count; ++o) {
        const PlanOwner& owner = plan.owners[o];
        if (owner.kind == OwnerKind::Sum) continue;
        if (owner.reader_end - owner.reader_begin == 1) owners[static_cast<std::size_t>(plan.readers[owner.reader_begin].operation)].push_back(o);
        else late_owners_.push_back(o);
    }
    for (std::int64_t o = 0; o < plan.operation_count; ++o) {
        const PlanOperation& operation = plan.operations[o];
        forward_.order.push_back(plan.order[o]);
        backward_.order.push_back(plan.order[plan.operation_count - 1 - o]);
        std::vector<std::int32_t> sources, readers;
        for (auto s = operation.segment_begin; s < operation.segment_end; ++s)
            for (auto f = plan.segments[s].factor_begin; f < plan.segments[s].factor_end; ++f)
                if (plan.factors[f].kind == FactorKind::Values) sources.push_back(plan.factors[f].source);
        for (auto r = operation.reader_begin; r < operation.reader_end; ++r) readers.push_back(plan.readers[r].operation);
        // What lies on the longest way goes first.
        std::stable_sort(sources.begin(), sources.end(), [&](std::int32_t a, std::int32_t b) { return plan.operations[a].stage > plan.operations[b].stage; });
        sources_.add(sources);
        readers_.add(readers);
        inline_owners_.add(owners[static_cast<std::size_t>(o)]);
    }
}

void Tasks::List::add(const std::vector<std::int32_t>& more) {
    items.insert(items.end(), more.begin(), more.end());
    starts.push_back(static_cast<std::int32_t>(items.size()));
}

bool Tasks::all_done(const Pass& pass, const List& list, std::int32_t operation, std::int32_t but) const {
    return std::all_of(list.begin(operation), list.end(operation), [&](std::int32_t o) { return o == but || is(pass.done, o); });
}

// but: counts as done.
bool Tasks::ready(const Pass& pass, std::int32_t operation, std::int32_t but) const {
    if (&pass == &forward_) return all_done(forward_, sources_, operation, but);
    const auto previous = plan_.operations[operation].previous_use;
    if (previous >= 0 && previous != but && !is(backward_.done, previous)) return false;
    if (values_wanted_ && readers_.begin(operation) == readers_.end(operation) && !is(forward_.done, operation)) return false;
    return all_done(backward_, readers_, operation, but);
}

// The operation to take after `last`: its neighbour in the tree, whose operands still lie in this core's cache, or else the first in the list.
// Returns -1 where none is ready.
std::int32_t Tasks::choose(const Pass& pass, std::int32_t last) const {
    if (last >= 0) {
        const List& neighbours = &pass == &forward_ ? readers_ : sources_;
        for (auto o = neighbours.begin(last); o != neighbours.end(last); ++o)
            if (!is(pass.claimed, *o) && ready(pass, *o, last)) return *o;
    }
    const auto count = plan_.operation_count, first = pass.first.load(std::memory_order_relaxed);
    for (auto i = first; i < std::min(count, first + look_at); ++i) {
        const auto o = pass.order[static_cast<std::size_t>(i)];
        if (!is(pass.claimed, o) && ready(pass, o, last)) return o;
    }
    return -1;
}

// A while on the spot, since most waits are short, then giving the core away: on a busy machine the thread that is waited for may need it.
void Tasks::pause(int spins) const {
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

// Claims the next operation for this thread, once there is one; -1 where all are claimed. It never waits for ever: where nothing runs, the first
// operation of the list that is not claimed has all that it needs.
std::int32_t Tasks::claim(Pass& pass, std::int32_t last) const {
    for (int spins = 0;; ++spins) {
        auto first = pass.first.load(std::memory_order_relaxed);
        while (first < plan_.operation_count && is(pass.claimed, pass.order[static_cast<std::size_t>(first)])) ++first;
        for (auto seen = pass.first.load(std::memory_order_relaxed); seen < first && !pass.first.compare_exchange_weak(seen, first, std::memory_order_relaxed);) {}
        if (first == plan_.operation_count) return -1;
        if (const auto o = choose(pass, last); o >= 0) {
            auto& claimed = pass.claimed[static_cast<std::size_t>(o)].pass;
            auto before = claimed.load(std::memory_order_relaxed);
            if (before != pass_ && claimed.compare_exchange_strong(before, pass_, std::memory_order_acq_rel)) return o;
            continue;
        }
        pause(spins);
    }
}

void Tasks::body(int thread, const Work& work) {
    const FlushToZero guard;
    const auto finish = [&](Pass& pass, std::int32_t o) { pass.done[static_cast<std::size_t>(o)].pass.store(pass_, std::memory_order_release); };
    std::int32_t last = -1;
    for (std::int32_t o; work.forward && (o = claim(forward_, last)) >= 0; last = o) {
        work.forward(thread, o, choose(forward_, o));
        finish(forward_, o);
    }
    last = -1;
    for (std::int32_t o; work.backward && (o = claim(backward_, last)) >= 0; last = o) {
        work.backward(thread, o, choose(backward_, o));
        for (auto w = inline_owners_.begin(o); w != inline_owners_.end(o); ++w) work.input_backward(thread, *w);
        finish(backward_, o);
    }
    if (!work.backward) return;
    for (std::int64_t i; (i = next_owner_.fetch_add(1)) < static_cast<std::int64_t>(late_owners_.size());) {
        const auto owner = late_owners_[static_cast<std::size_t>(i)];
        for (auto r = plan_.owners[owner].reader_begin; r < plan_.owners[owner].reader_end; ++r) {
            const auto reader = plan_.readers[r].operation;
            for (int spins = 0; !is(backward_.done, reader); ++spins) pause(spins);
        }
        work.input_backward(thread, owner);
    }
}

void Tasks::run(ThreadPool& pool, const Work& work) {
    ++pass_;
    forward_.first = backward_.first = next_owner_ = 0;
    values_wanted_ = static_cast<bool>(work.forward);
    failed_ = false;
    pool.run([&](int thread) {
        try {
            body(thread, work);
        } catch (...) {
            failed_ = true;
            throw;
        }
    });
}

}  // namespace juice::cpu
