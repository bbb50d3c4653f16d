#include "cpu/flow_buffer.h"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace juice::cpu {

FlowBuffer::FlowBuffer(const PlanView& plan)
    : plan_(plan), flows_(plan.totals.flows, "flows"), fresh_(static_cast<std::size_t>(plan.owner_count + plan.operation_count), 1) {}

void FlowBuffer::attach(Run& run) {
    run.flows = flows_.data();
    run.fresh = fresh_.data();
}

void FlowBuffer::expect(std::int64_t rows, ThreadPool& pool) {
    if (rows_added_ > 0 && rows_added_ + rows > rows_per_level) fold(pool);
    rows_added_ += rows;
}

void FlowBuffer::gather(ThreadPool& pool) {
    if (!folded_) return;
    fold(pool);
    std::swap(flows_, totals_);
    fresh_ = fresh_totals_;
    folded_ = false;
}

void FlowBuffer::read(std::int64_t offset, std::int64_t count, float* destination) const {
    std::memset(destination, 0, static_cast<std::size_t>(count) * sizeof(float));
    for_each_part(offset, count, [&](std::size_t part, std::int64_t from, std::int64_t floats) {
        float* to = destination + (from - offset);
        if (!fresh_[part]) std::memcpy(to, flows_.data() + from, static_cast<std::size_t>(floats) * sizeof(float));
        if (folded_ && !fresh_totals_[part])
            for (std::int64_t i = 0; i < floats; ++i) to[i] += totals_.data()[from + i];
    });
}

void FlowBuffer::write(std::int64_t offset, std::int64_t count, const float* source, bool add, ThreadPool& pool) {
    if (!add) gather(pool);     // what is overwritten must not come back from the totals
    for_each_part(offset, count, [&](std::size_t part, std::int64_t from, std::int64_t floats) {
        const auto [begin, length] = extent(part);
        if (fresh_[part]) std::memset(flows_.data() + begin, 0, static_cast<std::size_t>(length) * sizeof(float));
        fresh_[part] = 0;
        float* to = flows_.data() + from;
        const float* s = source + (from - offset);
        for (std::int64_t i = 0; i < floats; ++i) to[i] = add ? to[i] + s[i] : s[i];
    });
}

void FlowBuffer::clear() {
    std::fill(fresh_.begin(), fresh_.end(), std::uint8_t{1});
    rows_added_ = 0;
    folded_ = false;
}

// Adds the first level to the totals and leaves it fresh.
void FlowBuffer::fold(ThreadPool& pool) {
    if (totals_.size() == 0) totals_ = Memory(plan_.totals.flows, "flows");
    if (!folded_) fresh_totals_.assign(fresh_.size(), 1);
    std::atomic<std::size_t> next{0};
    pool.run([&](int) {
        for (std::size_t part; (part = next.fetch_add(1)) < fresh_.size();) {
            if (fresh_[part]) continue;
            const auto [begin, length] = extent(part);
            float* to = totals_.data() + begin;
            const float* from = flows_.data() + begin;
            for (std::int64_t i = 0; i < length; ++i) to[i] = fresh_totals_[part] ? from[i] : to[i] + from[i];
            fresh_totals_[part] = 0;
            fresh_[part] = 1;
        }
    });
    folded_ = true;
    rows_added_ = 0;
}

std::pair<std::int64_t, std::int64_t> FlowBuffer::extent(std::size_t part) const {
    const auto owners = static_cast<std::size_t>(plan_.owner_count);
    if (part < owners) return {plan_.owners[part].flows, plan_.owners[part].flow_count};
    const PlanOperation& operation = plan_.operations[part - owners];
    return {operation.sums, operation.sum_panels * panel};
}

template <class Visit>
void FlowBuffer::for_each_part(std::int64_t offset, std::int64_t count, Visit visit) const {
    for (std::size_t part = 0; part < fresh_.size(); ++part) {
        const auto [begin, length] = extent(part);
        const auto from = std::max(begin, offset), to = std::min(begin + length, offset + count);
        if (from < to) visit(part, from, to - from);
    }
}

}  // namespace juice::cpu
