// Scheduling: the order in which training claims operations, the place of every buffer, the micro-batch that fits, and what a step costs.
#include <algorithm>
#include <map>
#include <queue>

#include "common/error.h"
#include "plan/plan.h"

namespace juice {

namespace {

double cost_of(const Plan& plan, const PlanOperation& operation) {
    double weights = static_cast<double>(operation.edge_count) * 8;
    if (operation.kind == Operation::Sum)
        for (auto b = operation.block_begin; b < operation.block_end; ++b) {
            const auto& block = plan.blocks[static_cast<std::size_t>(b)];
            weights += static_cast<double>(block.out_panels) * static_cast<double>(block.in_panels) * panel * panel;
        }
    double gathered = 0;
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s) {
        const auto& segment = plan.segments[static_cast<std::size_t>(s)];
        gathered += static_cast<double>(segment.panels) * (segment.factor_end - segment.factor_begin + 2);
    }
    return weights + gathered * panel * 16 + 64;
}

template <class Visit>
void for_each_source(const Plan& plan, const PlanOperation& operation, Visit visit) {
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s) {
        const auto& segment = plan.segments[static_cast<std::size_t>(s)];
        for (auto f = segment.factor_begin; f < segment.factor_end; ++f)
            if (const auto& factor = plan.factors[static_cast<std::size_t>(f)]; factor.kind == FactorKind::Values) visit(factor.source);
    }
}

// List scheduling on `threads` simulated threads: the ready operation with the longest way to the root goes first. Threads later claim from
// this one list, so that whoever is free takes the next; the backward pass runs it in reverse.
void order_operations(Plan& plan) {
    const auto count = plan.operations.size();
    std::vector<double> cost(count), way(count, 0);
    for (std::size_t o = 0; o < count; ++o) cost[o] = cost_of(plan, plan.operations[o]);
    std::vector<std::int32_t> waiting(count, 0);
    for (std::size_t o = count; o-- > 0;)
        for_each_source(plan, plan.operations[o], [&](std::int32_t source) {
            const auto s = static_cast<std::size_t>(source);
            way[s] = std::max(way[s], way[o] + cost[o]);
            ++waiting[o];
        });
    double longest = 0;
    using Ready = std::pair<double, std::int32_t>;              // way to the root; lowest number first among equals
    std::priority_queue<Ready> ready;
    std::priority_queue<std::pair<double, std::int32_t>, std::vector<std::pair<double, std::int32_t>>, std::greater<>> running;    // by end
    for (std::size_t o = 0; o < count; ++o)
        if (waiting[o] == 0) ready.emplace(way[o], -static_cast<std::int32_t>(o));
    std::priority_queue<double, std::vector<double>, std::greater<>> threads;
    for (int t = 0; t < std::max(1, plan.target.threads); ++t) threads.push(0);
    plan.order.clear();
    plan.order.reserve(count);
    const auto finish = [&](std::int32_t done) {
        const auto& operation = plan.operations[static_cast<std::size_t>(done)];
        for (auto r = operation.reader_begin; r < operation.reader_end; ++r) {
            const auto reader = plan.readers[static_cast<std::size_t>(r)].operation;
            if (--waiting[static_cast<std::size_t>(reader)] == 0) ready.emplace(way[static_cast<std::size_t>(reader)], -reader);
        }
    };
    while (plan.order.size() < count) {
        double now = threads.top();
        threads.pop();
        while (!running.empty() && running.top().first <= now) {
            finish(running.top().second);
            running.pop();
        }
        while (ready.empty()) {
            now = std::max(now, running.top().first);
            finish(running.top().second);
            running.pop();
        }
        const auto next = -ready.top().second;
        ready.pop();
        plan.order.push_back(next);
        const double end = now + cost[static_cast<std::size_t>(next)];
        running.emplace(end, next);
        threads.push(end);
        longest = std::max(longest, end);
    }
}

// Uses of a tied sum's weights follow each other in the backward pass, so that their flows add up in one order.
void chain_uses(Plan& plan) {
    std::vector<std::int32_t> last(plan.owners.size(), -1);
    for (auto place = plan.order.size(); place-- > 0;) {
        const auto o = plan.order[place];
        auto& operation = plan.operations[static_cast<std::size_t>(o)];
        if (operation.kind != Operation::Sum) continue;
        auto& previous = last[static_cast<std::size_t>(operation.owner)];
        operation.previous_use = previous;
        operation.first_use = previous < 0;
        operation.last_use = 1;
        if (previous >= 0) plan.operations[static_cast<std::size_t>(previous)].last_use = 0;
        previous = o;
    }
}

void place_training(Plan& plan) {
    std::int64_t next = 0;
    for (auto& operation : plan.operations) {
        operation.train_values = next;
        next += operation.panels;
        operation.train_flows = operation.train_values;
        if (operation.operand_panels > operation.panels) {
            operation.train_flows = next;
            next += operation.operand_panels;
        }
    }
    plan.totals.train_panels = next;
}

// Launches: gradients and flows have buffers of their own.
void place_values(Plan& plan) {
    plan.totals.value_panels = 0;
    for (auto& operation : plan.operations) {
        operation.train_values = operation.train_flows = operation.query_values = plan.totals.value_panels;
        plan.totals.value_panels += operation.panels;
    }
}

// Queries run the operations one after the other: a place is free again after the last reader.
void place_queries(Plan& plan) {
    std::vector<std::int32_t> last(plan.operations.size(), -1);
    for (std::size_t o = 0; o < plan.operations.size(); ++o) for_each_source(plan, plan.operations[o], [&](std::int32_t s) { last[static_cast<std::size_t>(s)] = static_cast<std::int32_t>(o); });
    std::vector<std::vector<std::int32_t>> ends(plan.operations.size());
    std::multimap<std::int64_t, std::int64_t> free;     // size → place
    for (std::size_t o = 0; o < plan.operations.size(); ++o)
        if (last[o] >= 0) ends[static_cast<std::size_t>(last[o])].push_back(static_cast<std::int32_t>(o));
    std::int64_t next = 0;
    for (std::size_t o = 0; o < plan.operations.size(); ++o) {
        auto& operation = plan.operations[o];
        if (const auto place = free.find(operation.panels); place != free.end()) {
            operation.query_values = place->second;
            free.erase(place);
        } else {
            operation.query_values = next;
            next += operation.panels;
        }
        for (const auto done : ends[o]) free.emplace(plan.operations[static_cast<std::size_t>(done)].panels, plan.operations[static_cast<std::size_t>(done)].query_values);
    }
    plan.totals.query_panels = next;
}

void count_scratch(Plan& plan) {
    std::int64_t in = 1, out = 1, weights = 0;
    for (const auto& operation : plan.operations) {
        in = std::max<std::int64_t>(in, operation.operand_panels);
        out = std::max<std::int64_t>(out, operation.panels);
        if (operation.kind == Operation::Sum && operation.form != Form::Edges)
            weights = std::max(weights, std::int64_t{operation.operand_panels} * panel * panel * weight_group(operation));
    }
    plan.totals.scratch_panels = in + 2 * out;
    plan.totals.scratch_weights = weights;
}

void count_costs(Plan& plan) {
    auto& totals = plan.totals;
    double flop = 0, weights = 0;
    totals.stages = 0;
    totals.in_place_flows = 0;
    for (const auto& operation : plan.operations) {
        totals.stages = std::max<std::int64_t>(totals.stages, operation.stage + 1);
        if (operation.kind != Operation::Sum) continue;
        double entries = static_cast<double>(operation.edge_count);
        for (auto b = operation.block_begin; b < operation.block_end; ++b) {
            const auto& block = plan.blocks[static_cast<std::size_t>(b)];
            // Padding is not counted: a single root node is one row of its block.
            entries += static_cast<double>(std::min<std::int64_t>(operation.nodes, block.out_panels * panel)) * static_cast<double>(block.in_panels) * panel;
        }
        flop += 6 * entries;
        if (operation.first_use) weights += entries;
    }
    const bool launches = plan.target.schedule == Schedule::Launches;
    for (const auto& owner : plan.owners) {
        const bool in_place = owner.kind == OwnerKind::Table || (owner.kind == OwnerKind::Sum && (launches ? owner.form != Form::Edges : owner.uses == 1));
        if (!in_place) totals.in_place_flows += owner.flow_count;
    }
    totals.critical_path = 2 * totals.stages;
    totals.flop_per_row = flop;
    // Least traffic: values written, read by the parent, and flows written over them and read (design: activations once each way), weights
    // read twice and written once, a table row gathered forward and backward and updated per row and reader.
    double gathered = 0;
    for (const auto& owner : plan.owners)
        if (owner.kind == OwnerKind::Table) gathered += 4.0 * static_cast<double>(owner.panels) * panel * 4 * owner.uses;
    const auto rows = static_cast<double>(plan.target.batch_size);
    totals.step_bytes = rows * (6.0 * static_cast<double>(totals.train_panels) * panel * 4 + gathered + 4.0 * plan.variables) + 12 * weights;
}

}  // namespace

std::int64_t activation_bytes(const Plan& plan, std::int64_t rows) {
    if (plan.target.schedule == Schedule::Launches) {
        // Values and gradients, elements and their flows; two exponents and three marks a row of every operation; the batch, also by value, its root flows and logs; rows of
        // large tables' readers, 16 bytes each.
        const std::int64_t padded = panels_of(rows) * panel;
        const auto& totals = plan.totals;
        const auto floats = 2 * (totals.value_panels + totals.operand_panels) * panel + totals.exponent_segments + 4 * plan.variables + 4 * std::max(1, plan.roots);
        const auto halves = totals.shadow > 0 ? (totals.value_panels + totals.operand_panels) * panel : 0;      // operands and gradients of wide sums
        std::int64_t readers = 0;
        for (const auto& owner : plan.owners)
            if (owner.kind == OwnerKind::Table && owner.domain > small_table_values) readers += owner.reader_end - owner.reader_begin;
        return padded * (4 * floats + 2 * halves + 16 * readers + static_cast<std::int64_t>(plan.operations.size()) * 11);
    }
    const std::int64_t padded = (rows + panel - 1) / panel * panel + 1;
    const auto& totals = plan.totals;
    const std::int64_t offsets = static_cast<std::int64_t>(plan.operations.size()) * padded * 5;
    return (totals.train_panels + totals.scratch_panels * plan.target.threads) * padded * panel * 4 + offsets + totals.scratch_weights * 4 * plan.target.threads;
}

namespace {

// Parameters and flows; those of many rows are added up in two levels.
std::int64_t fixed_bytes(const Plan& plan) { return (plan.totals.parameters + 2 * plan.totals.flows) * 4 + plan.totals.shadow * 2; }

// At most so many rows that fit beside `fixed` bytes: halves, in whole tiles of 16 rows, since a smaller batch is padded to that.
std::int64_t fitting_rows(const Plan& plan, std::int64_t fixed, std::int64_t rows) {
    while (rows > panel && fixed + activation_bytes(plan, rows) > plan.target.memory_limit) rows = (rows / 2 + panel - 1) / panel * panel;
    return rows;
}

}  // namespace

std::int64_t optimizer_micro_batch(const Plan& plan, std::int64_t moments, bool reach) {
    const auto& totals = plan.totals;
    if (plan.target.memory_limit == 0) return totals.micro_batch;
    auto fixed = fixed_bytes(plan) + moments * totals.parameter_flows * 4;
    if (reach) {
        fixed += (totals.flows - totals.parameter_flows + totals.train_panels * panel) * 4;
        for (const PlanOwner& owner : plan.owners) fixed += owner.panels * panel * 4;
        if (plan.target.schedule == Schedule::Launches) fixed += activation_bytes(plan, 1);
    }
    if (const auto needs = fixed + activation_bytes(plan, 1); needs > plan.target.memory_limit)
        fail(JUICE_ERROR_MEMORY, "memory_limit is %lld bytes: the parameters, flows, what the optimiser remembers and one row of this circuit need at least %lld",
             static_cast<long long>(plan.target.memory_limit), static_cast<long long>(needs));
    return fitting_rows(plan, fixed, totals.micro_batch);
}

void schedule(Plan& plan, const Target& target) {
    plan.target = target;
    order_operations(plan);
    chain_uses(plan);
    place_training(plan);
    place_queries(plan);
    count_scratch(plan);
    if (target.schedule == Schedule::Launches) {
        place_values(plan);
        plan_launches(plan);
    }
    count_costs(plan);
    auto& totals = plan.totals;
    totals.micro_batch = target.batch_size;
    if (target.memory_limit > 0) {
        const auto fixed = fixed_bytes(plan);
        const auto needs = fixed + activation_bytes(plan, 1);
        if (needs > target.memory_limit)
            fail(JUICE_ERROR_MEMORY, "memory_limit is %lld bytes: the parameters, flows and one row of this circuit need at least %lld",
                 static_cast<long long>(target.memory_limit), static_cast<long long>(needs));
        totals.micro_batch = fitting_rows(plan, fixed, totals.micro_batch);
        plan.target.query_rows = std::min(target.query_rows, (totals.micro_batch + panel - 1) / panel * panel);
    }
}

}  // namespace juice
