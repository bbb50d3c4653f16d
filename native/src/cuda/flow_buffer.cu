#include "cuda/flow_buffer.h"

#include <algorithm>
#include <cstring>

#include "cuda/kernels.h"

namespace juice::cuda {

void FlowBuffer::allocate() {
    if (flows_.size() == 0) flows_ = Array<float>(plan_.totals.flows, "flows");
}

void FlowBuffer::expect(std::int64_t rows) {
    if (rows_added_ > 0 && rows_added_ + rows > rows_per_level) fold();
    rows_added_ += rows;
    ready();
    std::fill(touched_.begin(), touched_.end(), std::uint8_t{1});
}

void FlowBuffer::ready() {
    allocate();
    if (!cleared_) flows_.clear(stream_.get());
    cleared_ = true;
    empty_ = false;
}

// Adds the flows to the totals and leaves them to be cleared.
void FlowBuffer::fold() {
    if (totals_.size() == 0) totals_ = Array<float>(plan_.totals.flows, "flows");
    ready();
    if (!folded_) totals_.clear(stream_.get());
    add_floats(totals_.data(), flows_.data(), flows_.size(), stream_.get());
    folded_ = true;
    cleared_ = false;
    rows_added_ = 0;
}

void FlowBuffer::gather() {
    if (!folded_) return ready();
    fold();
    flows_.swap(totals_);
    folded_ = false;
    cleared_ = true;
}

void FlowBuffer::read(std::int64_t offset, std::int64_t count, float* destination) {
    if (empty_) {
        std::memset(destination, 0, static_cast<std::size_t>(count) * sizeof(float));
        return;
    }
    ready();
    flows_.download(destination, offset, count, stream_.get());
    std::vector<float> more(folded_ ? static_cast<std::size_t>(count) : 0);
    if (folded_) totals_.download(more.data(), offset, count, stream_.get());
    stream_.wait();
    for (std::size_t i = 0; i < more.size(); ++i) destination[i] += more[i];
}

void FlowBuffer::write(std::int64_t offset, std::int64_t count, const float* source, bool add) {
    if (add) ready();
    else gather();                      // what is overwritten must not come back from the totals
    std::vector<float> sum(source, source + count);
    if (add) {
        flows_.download(sum.data(), offset, count, stream_.get());
        stream_.wait();
        for (std::int64_t i = 0; i < count; ++i) sum[static_cast<std::size_t>(i)] += source[i];
    }
    flows_.upload(sum.data(), offset, count, stream_.get());
    stream_.wait();
    for (std::int64_t o = 0; o < plan_.owner_count; ++o)
        if (plan_.owners[o].flows < offset + count && plan_.owners[o].flows + plan_.owners[o].flow_count > offset) touched_[static_cast<std::size_t>(o)] = 1;
}

void FlowBuffer::clear() {
    empty_ = true;
    cleared_ = false;
    folded_ = false;
    rows_added_ = 0;
    std::fill(touched_.begin(), touched_.end(), std::uint8_t{0});
}

}  // namespace juice::cuda
