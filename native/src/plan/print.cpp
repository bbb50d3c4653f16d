// Plans explain themselves, and become views for engines.
#include <cstdio>
#include <map>
#include <string>
#include <type_traits>

#include "circuit/json_text.h"
#include "plan/engine.h"
#include "plan/plan.h"

namespace juice {

namespace {

const char* name_of(Operation kind) {
    switch (kind) {
        case Operation::Input: return "input";
        case Operation::Product: return "product";
        case Operation::Sum: return "sum";
    }
    return "";
}

const char* name_of(Form form) {
    switch (form) {
        case Form::Dense: return "dense";
        case Form::Blocks: return "blocks";
        case Form::Edges: return "edges";
    }
    return "";
}

std::int64_t factors_of(const Plan& plan, const PlanOperation& operation) {
    std::int64_t count = 0;
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s)
        count += plan.segments[static_cast<std::size_t>(s)].factor_end - plan.segments[static_cast<std::size_t>(s)].factor_begin;
    return count;
}

std::string bytes(double count) {
    const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    while (count >= 1024 && unit < 4) {
        count /= 1024;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", count, units[unit]);
    return text;
}

bool in_place(const Plan& plan) { return plan.totals.micro_batch >= plan.target.batch_size; }

}  // namespace

PlanView view(const Plan& plan) {
    return {plan.operations.data(), plan.segments.data(), plan.factors.data(), plan.readers.data(), plan.blocks.data(), plan.owners.data(),
            plan.maps.data(), plan.order.data(), plan.stages.data(), plan.stage_operations.data(), plan.uses.data(), plan.tiles.data(),
            static_cast<std::int64_t>(plan.operations.size()), static_cast<std::int64_t>(plan.segments.size()), static_cast<std::int64_t>(plan.factors.size()),
            static_cast<std::int64_t>(plan.readers.size()), static_cast<std::int64_t>(plan.blocks.size()), static_cast<std::int64_t>(plan.owners.size()),
            static_cast<std::int64_t>(plan.maps.size()), static_cast<std::int64_t>(plan.stages.size()),
            static_cast<std::int64_t>(plan.stage_operations.size()), static_cast<std::int64_t>(plan.uses.size()), static_cast<std::int64_t>(plan.tiles.size()),
            plan.variables, plan.roots, plan.root, plan.target, plan.totals};
}

std::string to_text(const Plan& plan, const Circuit& circuit) {
    const auto& totals = plan.totals;
    std::string text;
    char line[512];
    const auto add = [&](auto... arguments) {
        std::snprintf(line, sizeof line, arguments...);
        text += line;
        text += '\n';
    };
    add("plan: %zu operations in %lld stages, critical path %lld", plan.operations.size(), static_cast<long long>(totals.stages), static_cast<long long>(totals.critical_path));
    add("batch %lld rows, %lld at a time, %s update, %d threads", static_cast<long long>(plan.target.batch_size), static_cast<long long>(totals.micro_batch),
        in_place(plan) ? "in-place" : "accumulated", plan.target.threads);
    add("parameters %s, flow buffer %s (in-place training touches %s), activations %s", bytes(4.0 * static_cast<double>(totals.parameters)).c_str(),
        bytes(4.0 * static_cast<double>(totals.flows)).c_str(), bytes(4.0 * static_cast<double>(totals.in_place_flows)).c_str(),
        bytes(static_cast<double>(activation_bytes(plan, totals.micro_batch))).c_str());
    add("step of %lld rows: %.4g GFLOP in matrix products, at least %s moved", static_cast<long long>(plan.target.batch_size),
        totals.flop_per_row * static_cast<double>(plan.target.batch_size) * 1e-9, bytes(totals.step_bytes).c_str());
    std::int64_t single = 0, zeros = 0;
    for (const auto& operation : plan.operations) {
        if (operation.kind != Operation::Sum) continue;
        const Vector& sum = circuit.owner(operation.vector);
        single += operation.form == Form::Edges;
        zeros += operation.form == Form::Dense && sum.edge_count < sum.node_blocks * sum.child_blocks;
    }
    if (single + zeros > 0)
        add("%lld sums of single edges; %lld that lack edges are dense with zeros: they have 1/%g of all edges or more, or at most %g in all", static_cast<long long>(single),
            static_cast<long long>(zeros), edge_cost(plan.target.schedule), always_dense);
    // Operations of one shape in one stage share a line.
    struct Shape {
        std::int32_t stage;
        Operation kind;
        Form form;
        std::int32_t nodes, operand;
        std::int64_t factors;
        auto operator<=>(const Shape&) const = default;
    };
    std::map<Shape, std::pair<std::int64_t, std::int32_t>> shapes;
    for (const auto& operation : plan.operations) {
        auto& entry = shapes.try_emplace({operation.stage, operation.kind, operation.form, operation.nodes, operation.operand_panels, factors_of(plan, operation)}, 0, operation.vector).first->second;
        ++entry.first;
    }
    for (const auto& [shape, entry] : shapes)
        if (shape.kind == Operation::Sum)
            add("stage %d: %lld x sum %d nodes over %d positions, %s, %lld factors (vector %d%s)", shape.stage, static_cast<long long>(entry.first), shape.nodes,
                shape.operand * static_cast<int>(panel), name_of(shape.form), static_cast<long long>(shape.factors), entry.second, entry.first > 1 ? ", ..." : "");
        else
            add("stage %d: %lld x %s %d nodes (vector %d%s)", shape.stage, static_cast<long long>(entry.first), name_of(shape.kind), shape.nodes, entry.second, entry.first > 1 ? ", ..." : "");
    std::int64_t fused = 0;
    for (std::int32_t id = 0; id < circuit.size(); ++id) fused += plan.operation_of[static_cast<std::size_t>(id)] < 0;
    add("%lld of %d vectors are read where they are used and are no operation", static_cast<long long>(fused), circuit.size());
    return text;
}

std::string to_json(const Plan& plan, const Circuit&) {
    const auto& totals = plan.totals;
    std::string text = "{";
    const auto name = [&](const char* key) {
        if (text.back() != '{') text += ',';
        append_json_string(text, key);
        text += ':';
    };
    const auto number = [&](const char* key, auto value) {
        name(key);
        if constexpr (std::is_integral_v<decltype(value)>) append_json_number(text, static_cast<std::int64_t>(value)); else append_json_number(text, value);
    };
    const auto word = [&](const char* key, const char* value) {
        name(key);
        append_json_string(text, value);
    };
    number("batch_size", plan.target.batch_size);
    number("micro_batch", totals.micro_batch);
    name("in_place");
    text += in_place(plan) ? "true" : "false";
    number("threads", plan.target.threads);
    number("stages", totals.stages);
    number("critical_path", totals.critical_path);
    number("parameter_bytes", totals.parameters * 4);
    number("flow_bytes", totals.flows * 4);
    number("activation_bytes", activation_bytes(plan, totals.micro_batch));
    number("flop_per_row", totals.flop_per_row);
    number("step_bytes", totals.step_bytes);
    name("operations");
    text += '[';
    for (const auto& operation : plan.operations) {
        text += text.back() == '[' ? "{" : ",{";
        word("kind", name_of(operation.kind));
        number("vector", operation.vector);
        number("stage", operation.stage);
        number("nodes", operation.nodes);
        if (operation.kind != Operation::Input) {
            number("positions", operation.operand_panels * panel);
            number("factors", factors_of(plan, operation));
        }
        if (operation.kind == Operation::Sum) {
            word("form", name_of(operation.form));
            number("blocks", operation.block_end - operation.block_begin);
            number("edges", operation.edge_count);
        }
        text += '}';
    }
    return text + "]}";
}

}  // namespace juice
