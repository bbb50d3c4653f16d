// Log-likelihoods, largest values and samples: calls that only read the parameters, several at a time, each with a stream and a workspace of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cuda/lender.h"
#include "cuda/memory.h"
#include "cuda/run.h"
#include "cuda/stream.h"
#include "cuda/workspace.h"
#include "plan/engine.h"

namespace juice::cuda {

class Queries {
public:
    // At most so many at a time; others wait. Each takes device memory, and a few fill the device.
    static constexpr int most = 4;

    Queries(const PlanView& plan, std::int32_t device);

    // `run` knows the plan and the parameters; what `after` has been asked for comes first. All of it is done on return.
    void query(Run run, Stream& after, const BatchView& batch, bool maximise, double* destination);
    // Returns the first impossible row, or -1.
    std::int64_t sample(Run run, Stream& after, const BatchView& batch, const SampleOptions& options, const SampleView& samples);

private:
    struct Place {
        Place(const PlanView& plan, std::int32_t device, std::int64_t rows) : stream(device), workspace(plan, rows, false) {}

        Stream stream;
        Workspace workspace;
        Array<float> best;              // of max-product
        Event before;
    };

    const PlanView plan_;
    const std::int32_t device_;
    std::int64_t nodes_ = 0;                        // of all owners, in whole panels
    std::vector<std::uint8_t> continuous_;          // by variable
    Lender<Place> places_{most};

    Lender<Place>::Loan borrow(Stream& after);
};

}  // namespace juice::cuda
