#include "cpu/moments.h"

#include <cstring>

namespace juice::cpu {

void Moments::make(const PlanView& plan, std::int32_t count, bool reach, std::vector<OwnerState>& states) {
    count_ = 0;
    for (int k = 0; k < 2; ++k) {
        if (k >= count) moments_[k] = Memory();
        else if (moments_[k].size() == 0) moments_[k] = Memory(plan.totals.parameter_flows, "the optimiser");
        if (k < count) std::memset(moments_[k].data(), 0, static_cast<std::size_t>(moments_[k].size()) * sizeof(float));
    }
    if (reach && reach_.size() == 0) {
        std::int64_t nodes = 0;
        for (std::int64_t o = 0; o < plan.owner_count; ++o) nodes += plan.owners[o].panels * panel;
        reach_ = Memory(plan.totals.flows - plan.totals.parameter_flows + plan.totals.train_panels * panel + nodes, "the optimiser");
        float* next = reach_.data() + (reach_.size() - nodes);
        for (std::int64_t o = 0; o < plan.owner_count; ++o) {
            states[static_cast<std::size_t>(o)].reach = next;
            next += plan.owners[o].panels * panel;
        }
    }
    count_ = count;
}

void Moments::read(std::int32_t which, std::int64_t offset, std::int64_t count, float* destination) const {
    std::memcpy(destination, moments_[which].data() + offset, static_cast<std::size_t>(count) * sizeof(float));
}

void Moments::write(std::int32_t which, std::int64_t offset, std::int64_t count, const float* source) {
    std::memcpy(moments_[which].data() + offset, source, static_cast<std::size_t>(count) * sizeof(float));
}

void Moments::attach(Run& run, const PlanTotals& totals) const {
    for (int k = 0; k < count_; ++k) run.moments[k] = moments_[k].data();
    if (reach_.size() == 0) return;
    run.reach = reach_.data() - totals.parameter_flows;
    run.node_reach = reach_.data() + (totals.flows - totals.parameter_flows);
}

}  // namespace juice::cpu
