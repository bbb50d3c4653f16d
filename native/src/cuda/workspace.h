// Device memory of one batch in work.
#pragma once

#include "cuda/data.h"
#include "cuda/memory.h"
#include "cuda/run.h"
#include "plan/engine.h"

namespace juice::cuda {

class Workspace {
public:
    // For up to `rows` rows; without `training` nothing of the backward pass.
    Workspace(const PlanView& plan, std::int64_t rows, bool training);
    std::int64_t capacity() const noexcept { return capacity_; }

    // Copies rows first … first + rows - 1 of a batch to the device and points the run at this memory.
    void load(Run& run, const PlanView& plan, const BatchView& batch, std::int64_t first, std::int64_t rows, cudaStream_t stream);
    // The same with rows out of a data set.
    void pick(Run& run, DataSet& data, std::int64_t first, std::int64_t rows, cudaStream_t stream);
    void load_root_flows(Run& run, const float* root_flows, cudaStream_t stream);
    double* logs() noexcept { return logs_.data(); }
    void download_logs(double* to, std::int64_t count, cudaStream_t stream) { logs_.download(to, 0, count, stream); }

    // What a forward pass starts from, and a first backward pass behind it; what another backward pass starts from.
    void clear(cudaStream_t stream);
    void clear_backward(cudaStream_t stream);
    std::int32_t* blocked() noexcept { return reinterpret_cast<std::int32_t*>(marks_.data() + blocked_); }      // EmCoefficients

private:
    std::int64_t capacity_;
    Array<float> values_, gradients_, elements_, element_flows_, node_flows_;
    Array<std::uint16_t> elements16_, gradients16_;
    Array<std::int32_t> exponents_, element_exponents_, segment_exponents_;
    Array<std::uint8_t> log_rows_;
    // What is 0 before a pass, so that one launch clears it: values_done, suspects, operand_done, slow_rows, slow_operations, blocked owners, dealt.
    std::int64_t operations_, tiles_, backward_marks_, blocked_, dealt_;
    Array<std::uint8_t> marks_;
    Array<std::int32_t> codes_;
    Array<RowOfValue> rows_by_value_;
    Array<float> reals_, weights_, root_flows_;
    Array<double> logs_;

    void place(Run& run, std::int64_t rows, bool weighted);
};

}  // namespace juice::cuda
