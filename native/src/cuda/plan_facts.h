// What a pass asks of a plan again and again, found out once.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cuda/coefficients.h"
#include "cuda/run.h"
#include "cuda/tables.h"

namespace juice::cuda {

struct PlanFacts {
    bool has_log_tables = false, has_edges = false;
    bool has_moments = false;                   // inputs that are no tables
    bool has_slopes = false;                    // discrete logistics
    bool any_wide = false;                      // sums
    bool sums_in_place = true;                  // a step may leave nothing of them to the flow buffer
    std::int32_t widest_table = 0;              // in panels, of the tables of few values; 0: there are none
    std::int32_t widest_elements = 0;           // of an operation, in panels
    std::int32_t widest_operand = 0, widest_segmented = 0;      // of wide sums over one segment, and over several
    std::int64_t small_stages = 0;              // from here on, stages leave most of the GPU to what goes on beside them
    std::int64_t last_floats = 0;               // of the stages backwards, the last that has sums that are not wide

    PlanFacts(const PlanView& plan, std::int32_t multiprocessors) : any_wide(plan.totals.parameter_begin < plan.totals.parameter_wide) {
        for (std::int64_t o = 0; o < plan.owner_count; ++o) {
            const PlanOwner& owner = plan.owners[o];
            has_log_tables = has_log_tables || owner.kind == OwnerKind::LogTable;
            if (owner.kind == OwnerKind::Sum) sums_in_place = sums_in_place && updates_in_place(owner);
            else if (is_small_table(owner)) widest_table = std::max(widest_table, owner.panels);
            else has_moments = has_moments || owner.kind != OwnerKind::Table;
            has_edges = has_edges || (owner.kind == OwnerKind::Sum && owner.form == Form::Edges);
            has_slopes = has_slopes || owner.distribution == DistributionType::DiscreteLogistic;
        }
        for (std::int64_t o = 0; o < plan.operation_count; ++o) {
            const PlanOperation& operation = plan.operations[o];
            widest_elements = std::max(widest_elements, operation.operand_panels);
            if (!operation.wide) continue;
            auto& widest = operation.segment_end - operation.segment_begin == 1 ? widest_operand : widest_segmented;
            widest = std::max(widest, operation.operand_panels);
        }
        last_floats = plan.stage_count - 1;
        for (std::int64_t s = plan.stage_count; s-- > 0;)
            if (const PlanStage& stage = plan.stages[s]; stage.value_wide < stage.value_end || stage.edges_begin < stage.edges_end) last_floats = s;
        small_stages = plan.stage_count - 1;
        while (small_stages > 0 && plan.stages[small_stages - 1].panel_end - plan.stages[small_stages - 1].panel_begin <= multiprocessors) --small_stages;
    }
};

}  // namespace juice::cuda
