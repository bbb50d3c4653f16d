// The kernels of the CPU engine, once per instruction set: a translation unit defines JUICE_KERNELS (the name of its accessor) and
// JUICE_KERNELS_NAME and includes this file. Nothing of the standard library is instantiated here, so that no code of one instruction set can be
// linked in another's place.
#include "cpu/kernels.h"
#include "cpu/vector.h"

namespace juice::cpu {
namespace {

#include "cpu/elements.inl"
#include "cpu/tiles.inl"
#include "cpu/ahead.inl"
#include "cpu/sums.inl"
#include "cpu/edges.inl"
#include "cpu/inputs.inl"
#include "cpu/update.inl"
#include "cpu/optimize.inl"
#include "cpu/reach.inl"
#include "cpu/paths.inl"
#include "cpu/raise.inl"
#include "cpu/sample.inl"
#include "cpu/few.inl"
#include "cpu/machine.inl"

void forward(const Run& run, std::int32_t o, std::int32_t next, Scratch& scratch) {
    const PlanOperation& operation = run.operations[o];
    std::int32_t* exponents = run.exponents + o * run.rows16;
    std::uint8_t* log_rows = run.log_rows + o * run.rows16;
    if (operation.kind == Operation::Input) {
        forward_input(run, operation, run.rows16);
        return;
    }
    float* out = values_of(run, operation);
    const FactorView* views = view_factors(run, operation, scratch);
    __builtin_memset(log_rows, 0, static_cast<std::size_t>(run.rows16));
    if (operation.kind == Operation::Product) {
        elements(run, operation, views, scratch, out, exponents);
        for (std::int64_t row = 0; row < run.rows16; ++row) mend_product_row(run, operation, views, scratch, out, row);
        return;
    }
    __builtin_memset(scratch.suspects, 0, static_cast<std::size_t>(run.rows16));
    if (operation.form == Form::Edges) {
        forward_edges(run, operation, views, scratch, out);
        return;
    }
    Ahead ahead;
    if (is_narrow(operation)) {
        look_ahead(run, o, ahead_of_strip, true, ahead);
        look_ahead(run, next, ahead_of_strip, false, ahead);
        spread(ahead, product_steps(run, operation));
        if (run.maximise) forward_narrow<true>(run, operation, views, exponents, scratch, out, ahead);
        else forward_narrow<false>(run, operation, views, exponents, scratch, out, ahead);
    } else {
        look_ahead(run, next, ahead_bytes, false, ahead);
        spread(ahead, product_steps(run, operation));
        if (run.maximise) forward_wide<true>(run, operation, views, exponents, scratch, out, ahead);
        else forward_wide<false>(run, operation, views, exponents, scratch, out, ahead);
    }
    for (std::int64_t row = 0; row < run.rows16; ++row)
        if (scratch.suspects[row]) mend_row(run, operation, views, scratch, out, row);
}

// The operation's own flow: from the root flows, or added up over its readers in their order. Rows of value 0 have none.
void gather_flow(const Run& run, std::int32_t o, float* to) {
    const PlanOperation& operation = run.operations[o];
    zero_panels(run, to, 0, operation.panels, {0, run.rows16});
    if (o == run.root) {
        const float* values = values_of(run, operation);
        for (std::int64_t row = 0; row < run.rows; ++row)
            for (std::int32_t i = 0; i < operation.nodes; ++i) {
                const std::int64_t at = i / panel * run.stride + row * panel + i % panel;
                const bool possible = run.log_rows[o * run.rows16 + row] ? values[at] > -__builtin_inff() : values[at] > 0;
                const float flow = (run.root_flows ? run.root_flows[row * run.roots + i] : 1.0f) * (run.weights ? run.weights[row] : 1.0f);
                if (possible) to[at] = flow;
            }
        return;
    }
    for (auto r = operation.reader_begin; r < operation.reader_end; ++r) {
        const PlanReader& reader = run.readers[r];
        const float* from = flows_of(run, run.operations[reader.operation]) + reader.first_panel * run.stride;
        const std::int32_t* map = run.maps + reader.map;
        if (reader.mapping == Mapping::Nodes) {
            for (std::int64_t p = 0; p < reader.panels * panel; ++p) {
                if (map[p] < 0) continue;
                const float* x = from + p / panel * run.stride + p % panel;
                float* y = to + map[p] / panel * run.stride + map[p] % panel;
                for (std::int64_t row = 0; row < run.rows16; ++row) y[row * panel] += x[row * panel];
            }
            continue;
        }
        for (std::int32_t q = 0; q < reader.panels; ++q) {
            const float* x = from + q * run.stride;
            float* y = to + (reader.mapping == Mapping::Identity ? q : map[q]) * run.stride;
            for (std::int64_t i = 0; i < run.rows16 * panel; i += panel) store(y + i, load(y + i) + load(x + i));
        }
    }
}

void backward(const Run& run, std::int32_t o, std::int32_t next, Scratch& scratch, const Rule* rule) {
    const PlanOperation& operation = run.operations[o];
    std::uint8_t& fresh_sums = run.fresh[run.owner_count + o];
    const bool set_sums = rule || fresh_sums;
    float* sums = run.flows + operation.sums;
    fresh_sums = 0;
    if (operation.kind != Operation::Sum) {
        // Its flow takes the place of its values; who reads them looks here.
        gather_flow(run, o, scratch.flow);
        float* out = flows_of(run, operation);
        for (std::int32_t q = 0; q < operation.panels; ++q)
            __builtin_memcpy(out + q * run.stride, scratch.flow + q * run.stride, static_cast<std::size_t>(run.rows16 * panel) * sizeof(float));
        add_rows(run, out, operation.panels, sums, set_sums);
        return;
    }
    const FactorView* views = view_factors(run, operation, scratch);
    const float* flow = scratch.flow;
    const PlanReader* only_reader = operation.reader_end - operation.reader_begin == 1 ? run.readers + operation.reader_begin : nullptr;
    if (only_reader && only_reader->mapping == Mapping::Identity) flow = flows_of(run, run.operations[only_reader->operation]) + only_reader->first_panel * run.stride;
    else gather_flow(run, o, scratch.flow);

    PlanOwner const& owner = run.owners[operation.owner];
    bool in_place = rule && owner.uses == 1;
    float *keep = scratch.node, *gain = keep + operation.panels * panel, *share = gain + operation.panels * panel;
    if (in_place) {
        float* totals = share + operation.panels * panel;
        if (flow == scratch.flow) add_rows(run, flow, operation.panels, totals, true);
        else totals = run.flows + run.operations[only_reader->operation].sums + only_reader->first_panel * panel;   // added up already
        // A flow near the end of a float's range loses edges that fall below it: then the update divides by what was added up instead.
        Ints lost = splat(std::int32_t{0});
        for (std::int64_t i = 0; i < operation.panels * panel; i += panel) {
            const Floats total = load(totals + i);
            lost = lost | (less(splat(0.0f), total) & less(total + splat(rule->pseudocount), splat(1e-28f)));
            store_coefficients(total, run.states[operation.owner], i, *rule, keep, gain, share);
        }
        in_place = !any(lost);
    }
    if (o == run.root) add_rows(run, flow, operation.panels, sums + operation.operand_panels * panel, set_sums);
    float* out = flows_of(run, operation);
    float* flows = run.flows + owner.flows;
    if (run.paths) {
        backward_paths(run, operation, views, flow, scratch, out, flows);
        add_rows(run, out, operation.operand_panels, sums, set_sums);
        return;
    }
    const bool set = run.fresh[operation.owner] || (rule && operation.first_use);
    Ahead ahead;
    ahead.write = rule != nullptr;
    scratch.slow_count = 0;
    if (operation.form == Form::Edges) {
        const bool done = backward_edges(run, operation, views, flow, scratch, out, flows, {in_place ? nullptr : flows, set, keep, gain, share});
        add_rows(run, out, operation.operand_panels, sums, set_sums);
        if (done) return;
    } else {
        look_ahead(run, o, ahead_bytes, true, ahead);
        spread(ahead, product_steps(run, operation));
        backward_blocks(run, operation, views, flow, scratch, out, ahead);
        if (scratch.slow_count > 0) {
            slow_edges(run, operation, views, scratch, out, nullptr);
            add_rows(run, out, operation.operand_panels, scratch.totals, true);
        }
        for (std::int64_t i = 0; i < operation.operand_panels * panel; i += panel) store(sums + i, set_sums ? load(scratch.totals + i) : load(sums + i) + load(scratch.totals + i));
        ahead = {};
        ahead.write = rule != nullptr;
        look_ahead(run, next, ahead_bytes, false, ahead);
        spread(ahead, product_steps(run, operation));
        if (in_place && scratch.slow_count == 0) {
            parameter_blocks(run, operation, scratch, {nullptr, false, keep, gain, share}, ahead);
            return;
        }
        parameter_blocks(run, operation, scratch, {flows, set, nullptr, nullptr, nullptr}, ahead);
        if (scratch.slow_count > 0) slow_edges(run, operation, views, scratch, nullptr, flows);
    }
    run.fresh[operation.owner] = 0;
    if (rule && operation.last_use) update(run, operation.owner, scratch, *rule);
}

void input_backward(const Run& run, std::int32_t o, Scratch& scratch, const Rule* rule) {
    if (run.owners[o].distribution == DistributionType::Indicator && rule) return;
    if (rule && update_lazily(run, o, scratch, *rule)) return;
    if (rule) run.fresh[o] = 1;
    accumulate_input(run, o, scratch);
    if (rule) update(run, o, scratch, *rule);
}

void root_values(const Run& run, double* destination) {
    const PlanOperation& operation = run.operations[run.root];
    const float* values = values_of(run, operation);
    const std::int32_t* exponents = run.exponents + run.root * run.rows16;
    const std::uint8_t* log_rows = run.log_rows + run.root * run.rows16;
    for (std::int64_t row = 0; row < run.rows; ++row)
        for (std::int32_t i = 0; i < operation.nodes; ++i) {
            const double value = values[i / panel * run.stride + row * panel + i % panel];
            const double log = log_rows[row] ? value : value > 0 ? __builtin_log2(value) : -__builtin_inf();
            destination[row * run.roots + i] = (log + exponents[row]) * 0.69314718055994530942;
        }
}

constexpr Kernels table = {JUICE_KERNELS_NAME, forward, forward_few, backward, input_backward, update, raise, reach, owner_reach, settle_owner, choose, draw, root_values, pack_columns, multiply_packed};

}  // namespace

const Kernels* JUICE_KERNELS() { return &table; }

}  // namespace juice::cpu
