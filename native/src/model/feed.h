// How an epoch's rows come to the engine: read and handed over batch by batch; copied to a device a batch ahead; or kept there, and picked by number.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/state.h"

namespace juice {

class Feed {
public:
    // Batches of `size` rows in the order given (NULL: as they lie), which must outlive it. Reads all rows where the engine is to keep them.
    Feed(Model::State& state, const juice_rows& rows, const std::int64_t* order, std::int64_t size);

    std::int64_t batches() const noexcept { return (rows_.count + size_ - 1) / size_; }
    std::int64_t count(std::int64_t batch) const noexcept { return std::min(size_, rows_.count - batch * size_); }
    double weight(std::int64_t batch, std::int64_t i) const { return rows_.weights ? rows_.weights[order_ ? order_[batch * size_ + i] : batch * size_ + i] : 1.0; }
    // The engine works on a batch while the next one comes.
    bool ahead() const noexcept { return way_ != Way::Read; }

    // Reads the batch, unless that has been done. With `ahead` the batch before may still be at work.
    void prepare(std::int64_t batch);
    // Rows first … first + rows - 1 of the batch prepared last become the engine's batch.
    void give(std::int64_t batch, std::int64_t first, std::int64_t rows);

private:
    enum class Way { Read, Copied, Kept };

    Model::State& state_;
    const juice_rows& rows_;
    const std::int64_t* order_;
    std::int64_t size_;
    RowReader reader_;
    Way way_ = Way::Read;
    std::int64_t chunk_ = 0;            // rows from batch to batch where they are copied
    std::int64_t prepared_ = -1;

    const std::int64_t* numbers(std::int64_t batch) const { return order_ ? order_ + batch * size_ : nullptr; }
    bool open(std::int64_t chunks, std::int64_t chunk, std::int64_t limit);
    bool keep();
};

}  // namespace juice
