// The forward pass of a batch: its stages from the inputs up, and the roots' logs.
#pragma once

#include "cuda/kernels.h"
#include "cuda/workspace.h"

namespace juice::cuda {

// Stages from `begin` to before `end`.
inline void forward_stages(const Run& run, const PlanView& plan, std::int64_t begin, std::int64_t end, cudaStream_t stream) {
    for (auto s = begin; s < end; ++s) {
        const PlanStage& stage = plan.stages[s];
        elements(run, stage, stream);
        values(run, stage, stream);
        edge_values(run, stage, stream);
    }
}

// All of them, in a workspace that is cleared before, and the roots' logs.
inline void forward(const Run& run, const PlanView& plan, Workspace& workspace, double* logs, cudaStream_t stream) {
    workspace.clear(stream);
    forward_stages(run, plan, 0, plan.stage_count, stream);
    root_logs(run, logs, stream);
}

}  // namespace juice::cuda
