#include "cpu/powers.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "cpu/tasks.h"

namespace juice::cpu {

void Powers::set(const PlanView& plan, float power) {
    power_ = power;
    if (power == 1 || std::isinf(power)) {
        raised_ = Memory();
        no_offset_ = Memory();
    } else if (raised_.size() == 0) {
        std::int64_t widest = 0;
        for (std::int64_t o = 0; o < plan.owner_count; ++o) widest = std::max<std::int64_t>(widest, plan.owners[o].panels * panel);
        no_offset_ = Memory(widest, "raised parameters");
        raised_ = Memory(plan.totals.parameters, "raised parameters");
    }
}

void Powers::apply(const PlanView& plan, const Kernels& kernels, ThreadPool& pool, Run& run) {
    if (power_ == 1) return;
    if (std::isinf(power_)) {
        run.maximise = run.paths = 1;
        return;
    }
    std::atomic<std::int32_t> next{0};
    pool.run([&](int) {
        const FlushToZero guard;
        for (std::int32_t o; (o = next.fetch_add(1)) < plan.owner_count;) kernels.raise(run, o, power_, raised_.data() + plan.owners[o].parameters);
    });
    states_.assign(run.states, run.states + plan.owner_count);
    for (OwnerState& state : states_) {
        state.lazy = 0;
        state.scale = 1;
        state.offset = no_offset_.data();
    }
    run.parameters = raised_.data();
    run.states = states_.data();
}

void Powers::take_root(double* logs, std::int64_t count) const {
    if (power_ == 1 || std::isinf(power_)) return;
    for (std::int64_t i = 0; i < count; ++i) logs[i] /= static_cast<double>(power_);
}

}  // namespace juice::cpu
