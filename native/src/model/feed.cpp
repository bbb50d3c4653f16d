#include "model/feed.h"

#include <algorithm>
#include <limits>

#include "common/error.h"
#include "common/log.h"

namespace juice {

namespace {

constexpr std::int64_t rows_kept_at_once = 1024;    // a chunk of what an engine keeps

// Whether an entry of the rows can be missing at all.
bool may_miss(const juice_rows& rows) {
    return rows.missing || rows.has_sentinel || rows.fetch || rows.element == JUICE_FLOAT || rows.element == JUICE_DOUBLE;
}

std::int64_t padded(std::int64_t rows) { return panels_of(rows) * panel; }

}  // namespace

Feed::Feed(Model::State& state, const juice_rows& rows, const std::int64_t* order, std::int64_t size)
    : state_(state), rows_(rows), order_(order), size_(size), reader_(rows, state.domains) {
    if (!state.table->data_open) return;
    if (keep()) way_ = Way::Kept;
    else if (open(2, padded(size), std::numeric_limits<std::int64_t>::max())) {
        way_ = Way::Copied;
        chunk_ = padded(size);
    }
    log(LogLevel::Debug, "%lld rows are %s", static_cast<long long>(rows.count),
        way_ == Way::Kept ? "kept on the device" : way_ == Way::Copied ? "copied to the device a batch ahead" : "copied to the device batch by batch");
    if (way_ == Way::Read) return;
    check_engine(state.table->data_order(state.engine, way_ == Way::Kept ? order : nullptr, rows.count));
}

bool Feed::open(std::int64_t chunks, std::int64_t chunk, std::int64_t limit) {
    DataShape shape{};
    shape.chunks = chunks;
    shape.chunk = chunk;
    shape.variables = state_.plan.variables;
    for (const std::int64_t domain : state_.domains) {
        shape.largest_domain = std::max(shape.largest_domain, domain);
        shape.has_reals |= domain == 0;
    }
    shape.has_weights = rows_.weights != nullptr;
    shape.may_miss = may_miss(rows_);
    std::int32_t open = 0;
    const std::int64_t batch_rows = std::min(size_, state_.micro_batch);
    check_engine(state_.table->data_open(state_.engine, &shape, batch_rows, limit, &open));
    return open != 0;
}

// All rows, checked, once for all epochs of their version.
bool Feed::keep() {
    const Model::State::Kept now{rows_.version, rows_.count, rows_.weights != nullptr, may_miss(rows_)};
    if (rows_.version == 0) {
        state_.kept = {};
        return false;
    }
    const bool known = state_.kept == now;
    if (!known) state_.kept = {};
    const std::int64_t budget = state_.plan.target.memory_limit, chunks = (rows_.count + rows_kept_at_once - 1) / rows_kept_at_once;
    if (!open(chunks, rows_kept_at_once, budget > 0 ? budget / 4 : std::numeric_limits<std::int64_t>::max())) {
        state_.kept = {};
        return false;
    }
    if (known) return true;
    reader_.read_ahead(nullptr, 0, std::min(rows_kept_at_once, rows_.count));
    for (std::int64_t c = 0; c < chunks; ++c) {
        const std::int64_t first = c * rows_kept_at_once, count = std::min(rows_kept_at_once, rows_.count - first);
        reader_.read(nullptr, first, count, state_.batch);
        reader_.read_ahead(nullptr, first + count, std::min(rows_kept_at_once, rows_.count - first - count));
        const BatchView view = state_.view_of(state_.batch, 0, count);
        check_engine(state_.table->data_write(state_.engine, c, &view));
    }
    state_.kept = now;
    return true;
}

void Feed::prepare(std::int64_t batch) {
    if (batch == prepared_ || way_ == Way::Kept) return;
    if (prepared_ < 0) reader_.read_ahead(numbers(batch), batch * size_, count(batch));
    reader_.read(numbers(batch), batch * size_, count(batch), state_.batch);
    if (batch + 1 < batches()) reader_.read_ahead(numbers(batch + 1), (batch + 1) * size_, count(batch + 1));       // they come while this batch trains
    if (way_ == Way::Copied) {
        const BatchView view = state_.view_of(state_.batch, 0, count(batch));
        check_engine(state_.table->data_write(state_.engine, batch % 2, &view));
    }
    prepared_ = batch;
}

void Feed::give(std::int64_t batch, std::int64_t first, std::int64_t rows) {
    if (way_ == Way::Read) {
        const BatchView view = state_.view_of(state_.batch, first, rows);
        check_engine(state_.table->rows(state_.engine, &view));
        return;
    }
    check_engine(state_.table->data_pick(state_.engine, (way_ == Way::Kept ? batch * size_ : batch % 2 * chunk_) + first, rows));
}

}  // namespace juice
