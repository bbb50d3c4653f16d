// The flow buffer on the device: parameter flows by owner, then flow sums by operation.
#pragma once

#include <cstdint>
#include <vector>

#include "cuda/memory.h"
#include "cuda/stream.h"
#include "plan/engine.h"

namespace juice::cuda {

class FlowBuffer {
public:
    FlowBuffer(const PlanView& plan, Stream& stream) : plan_(plan), stream_(stream), touched_(static_cast<std::size_t>(plan.owner_count), 0) {}

    // What kernels add to. It changes with allocate, gather and write.
    float* data() const noexcept { return flows_.data(); }
    void allocate();
    // Before a backward pass of so many rows, all owners of which get flows.
    void expect(std::int64_t rows);
    // Makes it something that can be added to.
    void ready();
    // Leaves all flows in data(), for an update.
    void gather();
    bool empty() const noexcept { return empty_; }
    const std::vector<std::uint8_t>& touched() const noexcept { return touched_; }     // by owner: it has got flows

    void read(std::int64_t offset, std::int64_t count, float* destination);
    void write(std::int64_t offset, std::int64_t count, const float* source, bool add);
    void clear();

private:
    // Flows of many rows are added up in two levels, since like terms added one by one to a large float32 total all round the same way.
    static constexpr std::int64_t rows_per_level = 1024;

    const PlanView plan_;
    Stream& stream_;
    Array<float> flows_, totals_;
    std::vector<std::uint8_t> touched_;
    std::int64_t rows_added_ = 0;       // since the last fold
    bool folded_ = false;               // totals_ holds something
    bool empty_ = true;                 // no flows at all
    bool cleared_ = false;              // flows_ holds flows or zeros, nothing left over

    void fold();
};

}  // namespace juice::cuda
