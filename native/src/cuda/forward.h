// The forward pass of a batch: its stages from the inputs up, and the roots' logs.
#pragma once

#include "cuda/kernels.h"
#include "cuda/workspace.h"

namespace juice::cuda {

inline void forward(const Run& run, const PlanView& plan, Workspace& workspace, cudaStream_t stream) {
    workspace.clear(stream);
    for (std::int64_t s = 0; s < plan.stage_count; ++s) {
        const PlanStage& stage = plan.stages[s];
        elements(run, stage, stream);
        values(run, stage, stream);
        edge_values(run, stage, stream);
    }
    root_logs(run, workspace.logs(), stream);
}

}  // namespace juice::cuda
