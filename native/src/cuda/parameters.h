// The parameters on the device, and what follows from them: counts of a node's own, bf16 copies, log tables. Several threads may write at a time, each
// an owner of its own.
#pragma once

#include <cstdint>

#include "cuda/lender.h"
#include "cuda/memory.h"
#include "cuda/run.h"
#include "cuda/stream.h"
#include "plan/engine.h"

namespace juice::cuda {

class Parameters {
public:
    Parameters(const PlanView& plan, std::int32_t device);

    // Points a run at them.
    void give(Run& run) const {
        run.parameters = values_.data();
        run.weights16 = weights16_.data();
        run.counts = counts_.data();
    }
    std::int64_t nodes() const noexcept { return counts_.size(); }      // of all owners, in whole panels
    bool has_shadow() const noexcept { return weights16_.size() > 0; }

    // All of an owner's, in the plan's layout; `run` knows the plan and these parameters. Done on return.
    void write(const Run& run, std::int32_t owner, const float* source);
    void read(std::int32_t owner, float* destination, cudaStream_t stream) const {
        values_.download(destination, plan_.owners[owner].parameters, plan_.owners[owner].parameter_count, stream);
    }

private:
    // A way to the device: two pieces of pinned memory, of which one is filled while the other is copied.
    struct Way {
        Way(std::int32_t device, std::int64_t piece);

        Stream stream;
        HostArray<float> pieces[2];
        Event sent[2];
    };

    const PlanView plan_;
    const std::int32_t device_;
    std::int64_t piece_ = 1;            // floats
    Array<float> values_;
    Array<std::uint16_t> weights16_;    // of wide sums
    Array<float> counts_;
    Lender<Way> ways_;
};

}  // namespace juice::cuda
