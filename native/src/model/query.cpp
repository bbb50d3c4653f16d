// Queries: rows in super-batches, read on the calling thread, answered by the engine on all of them.
#include <algorithm>
#include <cmath>
#include <mutex>

#include "common/error.h"
#include "model/state.h"

namespace juice {

BatchView Model::State::view_of(const Batch& rows, std::int64_t first, std::int64_t count) const {
    return {count, rows.stride, rows.codes.data() + first, rows.reals.empty() ? nullptr : rows.reals.data() + first,
            rows.weights.empty() ? nullptr : rows.weights.data() + first};
}

void Model::State::query(const juice_rows& rows, bool maximise, double* destination, juice_progress_callback progress, void* user) const {
    check_rows(rows, plan.variables);
    // A thread's batch memory outlives the call, so that a service that asks for one row at a time allocates nothing. The call takes it along: a
    // row callback may itself ask a model.
    thread_local Batch memory;
    Batch batch_rows = std::move(memory);
    RowReader reader(rows, domains);
    const std::int64_t at_once = plan.target.query_rows * plan.target.threads * 4;
    for (std::int64_t first = 0; first < rows.count; first += at_once) {
        const auto count = std::min(at_once, rows.count - first);
        reader.read(nullptr, first, count, batch_rows);
        reader.read_ahead(nullptr, first + count, std::min(at_once, rows.count - first - count));
        const BatchView batch = view_of(batch_rows, 0, count);
        {
            const std::shared_lock lock(mutex);
            check_engine(table->query(engine, &batch, maximise, destination + first * plan.roots));
        }
        if (progress && progress(first + count, rows.count, NAN, user) != 0) fail(JUICE_ERROR_CANCELLED, "cancelled after %lld of %lld rows", static_cast<long long>(first + count), static_cast<long long>(rows.count));
    }
    memory = std::move(batch_rows);
}

void Model::log_likelihood(const juice_rows& rows, double* destination, juice_progress_callback progress, void* user) const {
    state_->query(rows, false, destination, progress, user);
}

void Model::max_log_value(const juice_rows& rows, double* destination, juice_progress_callback progress, void* user) const {
    state_->query(rows, true, destination, progress, user);
}

}  // namespace juice
