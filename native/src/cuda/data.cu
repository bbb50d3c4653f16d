#include "cuda/data.h"

#include <algorithm>

#include "cuda/kernels.h"

namespace juice::cuda {

namespace {

constexpr const char* purpose = "training rows";

// Bytes of a code: one value more than the domain has where entries may be missing.
std::int32_t width_of(const DataShape& shape) {
    const std::int64_t values = shape.largest_domain + (shape.may_miss ? 1 : 0);
    return values <= 256 ? 1 : values <= 65536 ? 2 : 4;
}

std::int64_t entries(const DataShape& shape, bool wanted) { return wanted ? shape.chunks * shape.chunk * shape.variables : 0; }

// Missing, -1, becomes the largest value of the type.
template <class Code>
void narrow(const BatchView& rows, std::int64_t variables, std::int64_t chunk, std::uint8_t* to) {
    auto* const codes = reinterpret_cast<Code*>(to);
    for (std::int64_t v = 0; v < variables; ++v) {
        const std::int32_t* const line = rows.codes + v * rows.line;
        Code* const into = codes + v * chunk;
        for (std::int64_t i = 0; i < rows.rows; ++i) into[i] = static_cast<Code>(line[i]);
    }
}

}  // namespace

std::int64_t DataSet::bytes(const DataShape& shape) {
    return entries(shape, shape.largest_domain > 0) * width_of(shape) + entries(shape, shape.has_reals) * 4 + (shape.has_weights ? shape.chunks * shape.chunk * 4 : 0);
}

DataSet::DataSet(const DataShape& shape)
    : shape_(shape),
      codes_(entries(shape, shape.largest_domain > 0) * width_of(shape), purpose),
      reals_(entries(shape, shape.has_reals), purpose),
      weights_(shape.has_weights ? shape.chunks * shape.chunk : 0, purpose) {
    for (Stage& stage : stages_) {
        stage.codes = HostArray<std::uint8_t>(codes_.size() / shape.chunks, purpose);
        stage.reals = HostArray<float>(reals_.size() / shape.chunks, purpose);
        stage.weights = HostArray<float>(weights_.size() / shape.chunks, purpose);
    }
    check(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking), "making a stream");
}

DataSet::~DataSet() {
    cudaStreamSynchronize(copies_);     // what is on its way reads the pinned memory
    cudaStreamDestroy(copies_);
}

RowStore DataSet::store() const {
    return {codes_.data(), reals_.data(), weights_.data(), shape_.chunk, shape_.variables, width_of(shape_), shape_.may_miss};
}

void DataSet::write(std::int64_t chunk, const BatchView& rows) {
    Stage& stage = stages_[written_++ % 2];
    stage.sent.wait();
    picked_.hold(copies_);              // nobody reads any more what goes there
    if (codes_.size() > 0) {
        switch (width_of(shape_)) {
            case 1: narrow<std::uint8_t>(rows, shape_.variables, shape_.chunk, stage.codes.data()); break;
            case 2: narrow<std::uint16_t>(rows, shape_.variables, shape_.chunk, stage.codes.data()); break;
            default: narrow<std::int32_t>(rows, shape_.variables, shape_.chunk, stage.codes.data());
        }
        codes_.upload(stage.codes.data(), chunk * stage.codes.size(), stage.codes.size(), copies_);
    }
    if (reals_.size() > 0) {
        for (std::int64_t v = 0; v < shape_.variables; ++v)
            std::copy_n(rows.reals + v * rows.line, rows.rows, stage.reals.data() + v * shape_.chunk);
        reals_.upload(stage.reals.data(), chunk * stage.reals.size(), stage.reals.size(), copies_);
    }
    if (weights_.size() > 0) {
        std::copy_n(rows.weights, rows.rows, stage.weights.data());
        weights_.upload(stage.weights.data(), chunk * shape_.chunk, rows.rows, copies_);
    }
    stage.sent.record(copies_);
    arrived_.record(copies_);
}

void DataSet::order(const std::int64_t* numbers, std::int64_t count, cudaStream_t stream) {
    ordered_ = numbers != nullptr;
    if (!numbers) return;
    if (order_.size() < count) order_ = Array<std::int64_t>(count, purpose);
    order_.upload(numbers, 0, count, stream);
}

void DataSet::pick(const Run& run, std::int64_t first, std::int32_t* codes, float* reals, float* weights, cudaStream_t stream) {
    arrived_.hold(stream);
    pick_rows(run, store(), ordered_ ? order_.data() + first : nullptr, first, codes, reals, weights, stream);
    picked_.record(stream);
}

}  // namespace juice::cuda
