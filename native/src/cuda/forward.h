// The forward pass of a batch: its stages from the inputs up, after the workspace has been cleared. The roots' logs are root_logs' to make.
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

inline void forward(const Run& run, const PlanView& plan, Workspace& workspace, cudaStream_t stream) {
    workspace.clear(stream);
    forward_stages(run, plan, 0, plan.stage_count, stream);
}

}  // namespace juice::cuda
