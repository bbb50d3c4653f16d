// Scheduling for a device that launches: operations by stage, the tiles of each stage, and who reads what seen from the other end.
#include <algorithm>

#include "plan/plan.h"

namespace juice {

namespace {

class Launches {
public:
    explicit Launches(Plan& plan) : plan_(plan) {}

    void run() {
        place_operands();
        list_uses();
        for (std::size_t o = 0; o < plan_.operations.size(); ++o) {
            if (plan_.operations[o].form == Form::Edges && plan_.operations[o].kind == Operation::Sum) turn_edges(plan_.operations[o]);
            invert_readers(plan_.operations[o].reader_begin, plan_.operations[o].reader_end, plan_.operations[o].panels);
        }
        for (const auto& owner : plan_.owners)
            if (owner.kind != OwnerKind::Sum) invert_readers(owner.reader_begin, owner.reader_end, owner.panels);
        cut_stages();
        cut_owners();
    }

private:
    Plan& plan_;

    std::int32_t next_tile() const { return static_cast<std::int32_t>(plan_.tiles.size()); }
    static bool in_blocks(const PlanOperation& operation) { return operation.kind == Operation::Sum && operation.form != Form::Edges; }

    void place_operands() {
        auto& totals = plan_.totals;
        totals.operand_panels = totals.exponent_segments = 0;
        for (auto& operation : plan_.operations) {
            operation.operand = totals.operand_panels;
            totals.operand_panels += std::max(operation.operand_panels, operation.kind == Operation::Sum ? 0 : operation.panels);
            operation.segment_exponents = totals.exponent_segments;
            if (const auto segments = operation.segment_end - operation.segment_begin; segments > 1) totals.exponent_segments += segments;
        }
        std::int64_t node = 0;
        for (auto& owner : plan_.owners) {
            owner.first_node = node;
            node += owner.panels * panel;
        }
    }

    // The last stage first, as the backward pass goes.
    void list_uses() {
        std::vector<std::vector<std::int32_t>> uses(plan_.owners.size());
        for (auto o = static_cast<std::int32_t>(plan_.operations.size()); o-- > 0;)
            if (const auto& operation = plan_.operations[static_cast<std::size_t>(o)]; operation.kind == Operation::Sum)
                uses[static_cast<std::size_t>(operation.owner)].push_back(o);
        for (std::size_t o = 0; o < uses.size(); ++o) {
            std::stable_sort(uses[o].begin(), uses[o].end(), [&](std::int32_t a, std::int32_t b) {
                return plan_.operations[static_cast<std::size_t>(a)].stage > plan_.operations[static_cast<std::size_t>(b)].stage;
            });
            plan_.owners[o].use_begin = static_cast<std::int32_t>(plan_.uses.size());
            plan_.uses.insert(plan_.uses.end(), uses[o].begin(), uses[o].end());
            plan_.owners[o].use_end = static_cast<std::int32_t>(plan_.uses.size());
        }
    }

    // Starts by key, then the values of each key in their order, appended to maps.
    std::int64_t append_by_key(std::int64_t keys, const std::vector<std::pair<std::int32_t, std::int32_t>>& pairs) {
        const auto place = static_cast<std::int64_t>(plan_.maps.size());
        std::vector<std::int32_t> starts(static_cast<std::size_t>(keys) + 1, 0), values(pairs.size());
        for (const auto& [key, value] : pairs) ++starts[static_cast<std::size_t>(key) + 1];
        for (std::size_t k = 0; k < static_cast<std::size_t>(keys); ++k) starts[k + 1] += starts[k];
        std::vector<std::int32_t> next = starts;
        for (const auto& [key, value] : pairs) values[static_cast<std::size_t>(next[static_cast<std::size_t>(key)]++)] = value;
        plan_.maps.insert(plan_.maps.end(), starts.begin(), starts.end());
        plan_.maps.insert(plan_.maps.end(), values.begin(), values.end());
        return place;
    }

    void invert_readers(std::int32_t begin, std::int32_t end, std::int32_t panels) {
        for (auto r = begin; r < end; ++r) {
            auto& reader = plan_.readers[static_cast<std::size_t>(r)];
            if (reader.mapping == Mapping::Identity) continue;
            const bool by_panel = reader.mapping == Mapping::Panels;
            std::vector<std::pair<std::int32_t, std::int32_t>> pairs;
            for (std::int32_t p = 0; p < (by_panel ? reader.panels : reader.panels * panel); ++p)
                if (const auto source = plan_.maps[static_cast<std::size_t>(reader.map + p)]; source >= 0) pairs.emplace_back(source, p);
            reader.inverse_keys = by_panel ? panels : panels * static_cast<std::int32_t>(panel);
            reader.inverse = append_by_key(reader.inverse_keys, pairs);
        }
    }

    void turn_edges(PlanOperation& operation) {
        const auto starts = static_cast<std::size_t>(operation.edges), count = static_cast<std::size_t>(operation.edge_count);
        const auto positions = starts + static_cast<std::size_t>(operation.nodes) + 1, weights = positions + count;
        std::vector<std::pair<std::int32_t, std::int32_t>> by_node, by_weight;
        for (std::int32_t i = 0; i < operation.nodes; ++i)
            for (auto e = plan_.maps[starts + static_cast<std::size_t>(i)]; e < plan_.maps[starts + static_cast<std::size_t>(i) + 1]; ++e) {
                const auto position = plan_.maps[positions + static_cast<std::size_t>(e)];
                by_node.emplace_back(position, i);
                by_weight.emplace_back(position, plan_.maps[weights + static_cast<std::size_t>(e)]);
            }
        const std::int64_t keys = operation.operand_panels * panel;
        operation.edges_by_position = append_by_key(keys, by_node);
        const auto second = append_by_key(keys, by_weight);     // the same starts again: only the values are kept
        plan_.maps.erase(plan_.maps.begin() + static_cast<std::ptrdiff_t>(second), plan_.maps.begin() + static_cast<std::ptrdiff_t>(second + keys + 1));
    }

    // Runs of a sum's blocks that share their node panels (values) or their operand panels.
    void cut_values(std::int32_t o, const PlanOperation& operation) {
        for (auto begin = operation.block_begin; begin < operation.block_end;) {
            const auto& first = plan_.blocks[static_cast<std::size_t>(begin)];
            auto end = begin;
            while (end < operation.block_end && plan_.blocks[static_cast<std::size_t>(end)].out_panel == first.out_panel) ++end;
            for (std::int32_t p = 0; p < first.out_panels; p += tile_panels)
                plan_.tiles.push_back({o, first.out_panel + p, std::min(tile_panels, first.out_panels - p), begin, end, 0, 0});
            begin = end;
        }
    }

    void cut_operand(std::int32_t o, const PlanOperation& operation) {
        const auto count = operation.block_end - operation.block_begin;
        const auto block = [&](std::int32_t b) -> const PlanBlock& {
            return plan_.blocks[static_cast<std::size_t>(plan_.maps[static_cast<std::size_t>(operation.block_by_in + b)])];
        };
        const auto add = [&](std::int32_t panel_begin, std::int32_t panel_end, std::int32_t begin, std::int32_t end) {
            for (auto p = panel_begin; p < panel_end; p += tile_panels) plan_.tiles.push_back({o, p, std::min(tile_panels, panel_end - p), begin, end, 0, 0});
        };
        std::int32_t covered = 0;
        for (std::int32_t begin = 0; begin < count;) {
            const auto& first = block(begin);
            auto end = begin;
            while (end < count && block(end).in_panel == first.in_panel) ++end;
            add(covered, first.in_panel, 0, 0);         // positions without edges: no flow
            covered = first.in_panel + first.in_panels;
            add(first.in_panel, covered, begin, end);
            begin = end;
        }
        add(covered, operation.operand_panels, 0, 0);
    }

    void cut_stages() {
        std::vector<std::vector<std::int32_t>> by_stage;
        for (std::size_t o = 0; o < plan_.operations.size(); ++o) {
            const auto stage = static_cast<std::size_t>(plan_.operations[o].stage);
            if (by_stage.size() <= stage) by_stage.resize(stage + 1);
            by_stage[stage].push_back(static_cast<std::int32_t>(o));
        }
        plan_.stages.clear();
        for (auto& operations : by_stage) {
            const auto operation = [&](std::int32_t o) -> const PlanOperation& { return plan_.operations[static_cast<std::size_t>(o)]; };
            const auto edges = std::stable_partition(operations.begin(), operations.end(), [&](std::int32_t o) {
                return operation(o).kind != Operation::Sum || operation(o).form != Form::Edges;
            });
            PlanStage stage{};
            stage.operation_begin = static_cast<std::int32_t>(plan_.stage_operations.size());
            stage.edges_begin = stage.operation_begin + static_cast<std::int32_t>(edges - operations.begin());
            plan_.stage_operations.insert(plan_.stage_operations.end(), operations.begin(), operations.end());
            stage.operation_end = stage.edges_end = static_cast<std::int32_t>(plan_.stage_operations.size());
            stage.panel_begin = next_tile();
            for (const auto o : operations)
                for (std::int32_t p = 0; p < operation(o).panels; ++p) plan_.tiles.push_back({o, p, 1, 0, 0, 0, 0});
            stage.panel_end = stage.value_begin = next_tile();
            for (const auto o : operations)
                if (in_blocks(operation(o))) cut_values(o, operation(o));
            stage.value_end = stage.operand_begin = next_tile();
            for (const auto o : operations)
                if (in_blocks(operation(o))) cut_operand(o, operation(o));
            stage.operand_end = next_tile();
            plan_.stages.push_back(stage);
        }
    }

    // What is done once a pass: pieces of weights, and panels of owners with the blocks that hold their nodes' weights.
    void cut_owners() {
        auto& totals = plan_.totals;
        totals.parameter_begin = next_tile();
        for (std::size_t o = 0; o < plan_.owners.size(); ++o) {
            const auto& owner = plan_.owners[o];
            if (owner.kind != OwnerKind::Sum || owner.form == Form::Edges) continue;
            for (auto b = owner.block_begin; b < owner.block_end; ++b) {
                const auto& block = plan_.blocks[static_cast<std::size_t>(b)];
                for (std::int32_t p = 0; p < block.out_panels; p += tile_panels)
                    for (std::int32_t q = 0; q < block.in_panels; q += tile_panels)
                        plan_.tiles.push_back({static_cast<std::int32_t>(o), p, std::min(tile_panels, block.out_panels - p), b, b + 1, q, std::min(tile_panels, block.in_panels - q)});
            }
        }
        totals.parameter_end = totals.node_begin = next_tile();
        for (std::size_t o = 0; o < plan_.owners.size(); ++o) {
            const auto& owner = plan_.owners[o];
            auto begin = owner.kind == OwnerKind::Sum && owner.form != Form::Edges ? owner.block_begin : 0;
            const auto last = owner.kind == OwnerKind::Sum && owner.form != Form::Edges ? owner.block_end : 0;
            for (std::int32_t p = 0; p < owner.panels; ++p) {
                while (begin < last && plan_.blocks[static_cast<std::size_t>(begin)].out_panel + plan_.blocks[static_cast<std::size_t>(begin)].out_panels <= p) ++begin;
                auto end = begin;
                while (end < last && plan_.blocks[static_cast<std::size_t>(end)].out_panel <= p) ++end;
                plan_.tiles.push_back({static_cast<std::int32_t>(o), p, 1, begin, end, 0, 0});
            }
        }
        totals.node_end = totals.row_sum_begin = next_tile();
        for (std::size_t o = 0; o < plan_.operations.size(); ++o)
            for (std::int32_t q = 0; q < plan_.operations[o].sum_panels; ++q) plan_.tiles.push_back({static_cast<std::int32_t>(o), q, 1, 0, 0, 0, 0});
        totals.row_sum_end = next_tile();
    }
};

}  // namespace

void plan_launches(Plan& plan) { Launches(plan).run(); }

}  // namespace juice
