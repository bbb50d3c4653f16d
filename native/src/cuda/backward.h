// The backward pass of a batch: its stages from the root down, then what is there for all operations at once, and what goes on beside them.
#pragma once

#include "cuda/kernels.h"
#include "cuda/large_tables.h"
#include "cuda/plan_facts.h"
#include "cuda/stream.h"
#include "cuda/tables.h"

namespace juice::cuda {

// What a pass is given: the update's coefficients and rule, on the device, and where the roots' logs go (NULL: nowhere).
struct Given {
    EmCoefficients em;
    const Rule* rule;
    double* logs;
};

class Backward {
public:
    Backward(const PlanView& plan, const PlanFacts& facts, Stream& stream) : plan_(plan), facts_(facts), stream_(stream), tiny_tables_(plan), large_tables_(plan, stream.get()) {}
    void make_room(std::int64_t rows) { large_tables_.make_room(rows); }

    // A batch's rows by value, beside what is asked of the stream from here on: nothing before the flows of tables needs them, and those of tiny ones do without.
    void sort(const Run& run) {
        if (facts_.widest_table == 0 && !large_tables_.any()) return;
        stream_.beside([&](cudaStream_t beside) {
            sort_rows(run, plan_.variables, beside);
            large_tables_.sort(run, beside);
        });
    }

    // Everything sort has put beside the stream is joined.
    void go(const Run& run, const Pass& pass, const Given& given) {
        if (run.paths) go_along_paths(run, pass, given);
        else go_along_flows(run, pass, given);
    }

private:
    const PlanView plan_;
    const PlanFacts& facts_;
    Stream& stream_;
    TinyTables tiny_tables_;
    LargeTables large_tables_;

    const PlanStage& root_stage() const { return plan_.stages[plan_.stage_count - 1]; }

    void go_along_paths(const Run& run, const Pass& pass, const Given& given) {
        gradients(run, root_stage(), stream_.get());        // the root's own flows
        for (std::int64_t s = plan_.stage_count; s-- > 0;) path_flows(run, plan_.stages[s], stream_.get());
        stream_.beside([&](cudaStream_t beside) { input_flows(run, pass, given, beside); });
        path_parameter_flows(run, plan_.totals, stream_.get());
        if (run.slopes) slope_flows(run, plan_.totals, pass, stream_.get());
        stream_.join();
    }

    void go_along_flows(const Run& run, const Pass& pass, const Given& given) {
        const PlanStage& last_floats = plan_.stages[facts_.last_floats];
        for (std::int64_t s = plan_.stage_count; s-- > 0;) {
            const PlanStage& stage = plan_.stages[s];
            gradients(run, stage, stream_.get());
            operand_flows(run, stage, stream_.get());
            edge_operand_flows(run, stage, stream_.get());
            if (&stage == &root_stage() && given.logs) stream_.beside([&](cudaStream_t beside) { root_logs(run, given.logs, beside); });
            if (&stage == &last_floats && facts_.any_wide) stream_.beside([&](cudaStream_t beside) { flows_of_floats(run, pass, given, beside); });
        }
        if (!facts_.any_wide) flows_of_floats(run, pass, given, stream_.get());
        stream_.join();
        // Between products of floats, which read the elements, and tables, which slow rows' logs are worked out from, and which change now.
        // It waits for two streams: early only where it is recorded, since a graph's edges name both.
        Run recorded = run;
        if (!pass.in_place) recorded.early = 0;
        slow_elements(recorded, pass.in_place && facts_.any_wide ? root_stage().operation_end : 0, given.em, given.rule, stream_.get());
        // Where there are many products, tables have some multiprocessors from the start, which then join these; else they take what products leave. Asked for first, they
        // would take all.
        stream_.mark();
        wide_parameter_flows(run, plan_.totals, given.em, pass, stream_.get());
        stream_.beside_marked([&](cudaStream_t beside) {
            input_flows(run, pass, given, beside);
            late_parameter_flows(run, plan_.totals, given.em, pass, beside);
        });
        if (any_late_parameter_flows(run, plan_.totals)) stream_.join();
        slow_parameter_flows(run, plan_.totals, stream_.get());
        if (pass.in_place) update_sums(run, plan_.totals, given.em, nullptr, facts_.sums_in_place ? Rest::Blocked : Rest::NotInPlace, given.rule, stream_.get());
        stream_.join();
        if (run.slopes) slope_flows(run, plan_.totals, pass, stream_.get());
    }

    // Parameter flows of sums that are not wide, and their coefficients, which nobody needs before.
    void flows_of_floats(const Run& run, const Pass& pass, const Given& given, cudaStream_t stream) const {
        if (pass.in_place) em_coefficients(run, plan_.stages[facts_.last_floats].operation_begin, root_stage().operation_end, given.em, given.rule, stream);
        parameter_flows(run, plan_.totals, given.em, pass, stream);
        if (facts_.has_edges) edge_parameter_flows(run, plan_.totals, pass, stream);
    }

    void input_flows(const Run& run, const Pass& pass, const Given& given, cudaStream_t stream) const {
        if (facts_.widest_table > 0) table_flows(run, plan_.totals, pass, given.rule, stream);
        tiny_tables_.flows(run, pass, given.rule, stream);
        large_tables_.flows(run, pass, given.rule, stream);
        if (facts_.has_moments) moment_flows(run, plan_.totals, pass.add, stream);
    }
};

}  // namespace juice::cuda
