// Training rows on the device: all of them, so that a batch is a list of numbers, or room for two batches, of which one is copied beside the step on
// the other.
#pragma once

#include <cstdint>

#include "cuda/memory.h"
#include "cuda/run.h"
#include "plan/engine.h"

namespace juice::cuda {

// Rows in chunks of `chunk` rows, by variable within one: code v of row r is codes[((r / chunk) · variables + v) · chunk + r % chunk], likewise for reals;
// weights are [rows]. width: bytes of a code, whose largest value means "missing" where may_miss.
struct RowStore {
    const std::uint8_t* codes;          // NULL: no variable is discrete
    const float* reals;                 // NULL: none is continuous
    const float* weights;               // NULL: all 1
    std::int64_t chunk;
    std::int32_t variables, width, may_miss;
};

class DataSet {
public:
    // Throws Error(JUICE_ERROR_MEMORY) where there is no room.
    explicit DataSet(const DataShape& shape);
    ~DataSet();
    DataSet(const DataSet&) = delete;

    const DataShape& shape() const noexcept { return shape_; }
    static std::int64_t bytes(const DataShape& shape);

    // Copies up to a chunk of rows to the chunk of that number. It returns when the rows have been read, before they have arrived.
    void write(std::int64_t chunk, const BatchView& rows);
    // The numbers of the rows in the order in which `pick` takes them; NULL: 0, 1, 2, ….
    void order(const std::int64_t* numbers, std::int64_t count, cudaStream_t stream);
    // Rows first … first + run.rows - 1 of that order become the run's batch.
    void pick(const Run& run, std::int64_t first, std::int32_t* codes, float* reals, float* weights, cudaStream_t stream);

private:
    // Pinned memory on its way to the device.
    struct Stage {
        HostArray<std::uint8_t> codes;
        HostArray<float> reals, weights;
        Event sent;
    };

    DataShape shape_;
    cudaStream_t copies_ = nullptr;
    Array<std::uint8_t> codes_;
    Array<float> reals_, weights_;
    Array<std::int64_t> order_;
    bool ordered_ = false;
    Stage stages_[2];
    std::int64_t written_ = 0;
    Event arrived_, picked_;            // all that was written; all that was picked

    RowStore store() const;
};

}  // namespace juice::cuda
