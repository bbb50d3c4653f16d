#include "cpu/workspace.h"

#include <algorithm>

namespace juice::cpu {

namespace {

std::int64_t padded(std::int64_t rows) { return (rows + panel - 1) / panel * panel; }

}  // namespace

Workspace::Workspace(const PlanView& plan, std::int64_t capacity, bool training)
    : capacity_(padded(capacity)),
      values_((training ? plan.totals.train_panels : plan.totals.query_panels) * (capacity_ + 1) * panel, "activations"),
      // 64-byte loads of 16 rows at a time: operations times a multiple of 16, plus room to align.
      exponents_(static_cast<std::size_t>(plan.operation_count * capacity_ + panel)),
      log_rows_(static_cast<std::size_t>(plan.operation_count * capacity_)) {}

void Workspace::attach(Run& run, std::int64_t rows) {
    run.rows = rows;
    run.rows16 = padded(rows);
    run.stride = (run.rows16 + 1) * panel;
    run.values = values_.data();
    const auto address = reinterpret_cast<std::uintptr_t>(exponents_.data());
    run.exponents = exponents_.data() + (64 - address % 64) % 64 / sizeof(std::int32_t);
    run.log_rows = log_rows_.data();
}

ThreadScratch::ThreadScratch(const PlanView& plan, std::int64_t capacity) {
    const auto rows = padded(capacity);
    std::int64_t in = 1, out = 1, width = 1, factors = 1, segments = 1;
    for (std::int64_t o = 0; o < plan.operation_count; ++o) {
        const auto& operation = plan.operations[o];
        in = std::max<std::int64_t>(in, operation.operand_panels);
        out = std::max<std::int64_t>(out, operation.panels);
        segments = std::max<std::int64_t>(segments, operation.segment_end - operation.segment_begin);
        std::int64_t count = 0;
        for (auto s = operation.segment_begin; s < operation.segment_end; ++s) count += plan.segments[s].factor_end - plan.segments[s].factor_begin;
        factors = std::max(factors, count);
    }
    std::int64_t histogram = 0, domain = 1;
    for (std::int64_t o = 0; o < plan.owner_count; ++o) {
        const PlanOwner& owner = plan.owners[o];
        width = std::max<std::int64_t>(width, owner.panels);
        if (owner.kind != OwnerKind::Table || owner.domain * owner.panels * panel > histogram_limit) continue;
        histogram = std::max(histogram, owner.domain * owner.panels * panel);
        domain = std::max(domain, owner.domain);
    }
    width = std::max(width, out);
    const auto stride = (rows + 1) * panel;
    panels_ = Memory((in + 2 * out) * stride, "scratch");
    weights_ = Memory(plan.totals.scratch_weights, "scratch");
    factors_.resize(static_cast<std::size_t>(factors * factor_view_bytes));
    // One block for the small aligned arrays.
    const std::int64_t small = (2 * in + out) * panel + 4 * width * panel + rows + segments * 32 + 4 * panel;
    aligned_.resize(static_cast<std::size_t>(small));
    suspects_.resize(static_cast<std::size_t>(rows));
    const auto address = reinterpret_cast<std::uintptr_t>(aligned_.data());
    float* next = aligned_.data() + (64 - address % 64) % 64 / sizeof(float);
    const auto take = [&next](std::int64_t floats) {
        float* taken = next;
        next += floats;
        return taken;
    };
    scratch_.elements = panels_.data();
    scratch_.gradient = scratch_.elements + in * stride;
    scratch_.flow = scratch_.gradient + out * stride;
    scratch_.weights = weights_.data();
    scratch_.row = take((in + out) * panel);
    scratch_.totals = take(in * panel);
    scratch_.node = take(4 * width * panel);
    scratch_.exponents = reinterpret_cast<std::int32_t*>(take(rows));
    scratch_.segments = reinterpret_cast<std::int32_t*>(take(segments * 32));
    histogram_ = Memory(histogram, "scratch");
    marks_.resize(static_cast<std::size_t>(domain));
    seen_.resize(static_cast<std::size_t>(domain) + 1);      // one behind the last is written to, never read
    scratch_.histogram = histogram_.data();
    scratch_.marks = marks_.data();
    scratch_.seen = seen_.data();
    scratch_.suspects = suspects_.data();
    scratch_.factors = factors_.data();
    scratch_.owner = this;
    scratch_.more_slow = [](Scratch& scratch) {
        auto& slow = static_cast<ThreadScratch*>(scratch.owner)->slow_;
        slow.resize(std::max<std::size_t>(1024, slow.size() * 2));
        scratch.slow = slow.data();
        scratch.slow_capacity = static_cast<std::int64_t>(slow.size());
    };
    scratch_.borrow = [](Scratch& scratch, std::int64_t floats) {
        auto& memory = static_cast<ThreadScratch*>(scratch.owner)->borrowed_;
        if (memory.size() < floats) memory = Memory(floats, "scratch");
        return memory.data();
    };
}

}  // namespace juice::cpu
