// Scheduling for a device that launches: operations by stage, the tiles of each stage, and who reads what seen from the other end.
#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "plan/alike.h"
#include "plan/plan.h"
#include "plan/slices.h"
#include "plan/tables.h"

namespace juice {

namespace {

class Launches {
public:
    explicit Launches(Plan& plan) : plan_(plan) {}

    void run() {
        delay_stages();
        place_operands();
        list_uses();
        join_blocks();
        choose_wide();
        for (std::size_t o = 0; o < plan_.operations.size(); ++o) {
            invert_readers(plan_.operations[o].reader_begin, plan_.operations[o].reader_end, plan_.operations[o].panels);
        }
        for (const auto& owner : plan_.owners)
            if (owner.kind != OwnerKind::Sum) invert_readers(owner.reader_begin, owner.reader_end, owner.panels);
        cut_stages();
        cut_owners();
    }

private:
    static constexpr std::int32_t least_wide = 64, most_wide_panels = 512, most_listed_panels = 256;
    static constexpr std::int32_t wide_columns = 2 * wide_panels;       // of a wide sum's piece of parameters
    Plan& plan_;

    std::int32_t next_tile() const { return static_cast<std::int32_t>(plan_.tiles.size()); }
    static bool in_blocks(const PlanOperation& operation) { return operation.kind == Operation::Sum && operation.form != Form::Edges; }

    static bool is_gathered(const PlanOperation& operation) { return operation.wide && operation.form == Form::Blocks; }
    static std::int32_t width_of(const PlanOperation& operation) { return operation.wide && !is_gathered(operation) ? wide_panels : tile_panels; }

    // Every operation in the last stage that its readers allow, not the first that its children do: stages become more alike in size, and what a stage writes is
    // read soon. Where stages are so large that each fills a GPU several times, a few very large ones leave less of it idle at their ends (NOTES.md).
    void delay_stages() {
        constexpr double large = 32768;         // products of panels in a stage, on average
        double products = 0;
        for (const auto& operation : plan_.operations) products += static_cast<double>(operation.panels) * operation.operand_panels;
        if (products > large * (plan_.operations[static_cast<std::size_t>(plan_.root)].stage + 1)) return;
        for (auto o = plan_.operations.size(); o-- > 0;) {
            auto& operation = plan_.operations[o];
            if (o == static_cast<std::size_t>(plan_.root)) continue;
            auto stage = plan_.operations[static_cast<std::size_t>(plan_.root)].stage;
            for (auto r = operation.reader_begin; r < operation.reader_end; ++r)
                stage = std::min(stage, plan_.operations[static_cast<std::size_t>(plan_.readers[static_cast<std::size_t>(r)].operation)].stage);
            operation.stage = stage - 1;
        }
    }

    void place_operands() {
        auto& totals = plan_.totals;
        totals.operand_panels = totals.exponent_segments = 0;
        for (auto& operation : plan_.operations) {
            operation.operand = totals.operand_panels;
            totals.operand_panels += std::max(operation.operand_panels, operation.kind == Operation::Sum ? 0 : operation.panels);
            operation.segment_exponents = totals.exponent_segments;
            if (const auto segments = operation.segment_end - operation.segment_begin; segments > 1) totals.exponent_segments += segments;
        }
        for (std::size_t o = 0; o < plan_.operations.size(); ++o) {
            auto& operation = plan_.operations[o];
            operation.only_flow = -1;
            if (o == static_cast<std::size_t>(plan_.root) || operation.reader_end - operation.reader_begin != 1) continue;
            const auto& reader = plan_.readers[static_cast<std::size_t>(operation.reader_begin)];
            if (reader.mapping == Mapping::Identity) operation.only_flow = plan_.operations[static_cast<std::size_t>(reader.operation)].operand + reader.first_panel;
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

    // Blocks beside each other become one where every block of their positions goes on in the same way: their weights follow each other as they are.
    void join_blocks() {
        for (auto& owner : plan_.owners) {
            if (owner.kind != OwnerKind::Sum || owner.form != Form::Blocks) continue;
            const auto first = plan_.blocks.begin() + owner.block_begin, last = plan_.blocks.begin() + owner.block_end;
            const auto goes_on = [](const PlanBlock& a, const PlanBlock& b) {
                return a.out_panel == b.out_panel && a.in_panel + a.in_panels == b.in_panel && a.weights + std::int64_t{a.out_panels} * a.in_panels * panel * panel == b.weights;
            };
            std::vector<bool> ends(static_cast<std::size_t>(plan_.operations[static_cast<std::size_t>(owner.operation)].operand_panels) + 1, false);    // by panel: some block must
            for (auto block = first; block != last; ++block) {
                if (block == first || !goes_on(block[-1], *block)) ends[static_cast<std::size_t>(block->in_panel)] = true;
                if (block + 1 == last || !goes_on(*block, block[1])) ends[static_cast<std::size_t>(block->in_panel + block->in_panels)] = true;
            }
            auto to = first;
            for (auto block = first; block != last; ++block) {
                if (block != first && !ends[static_cast<std::size_t>(block->in_panel)]) to[-1].in_panels += block->in_panels;
                else *to++ = *block;
            }
            owner.block_end = static_cast<std::int32_t>(to - plan_.blocks.begin());
            auto& own = plan_.operations[static_cast<std::size_t>(owner.operation)];
            const auto by_in = plan_.maps.begin() + own.block_by_in;
            std::iota(by_in, by_in + (to - first), owner.block_begin);
            std::stable_sort(by_in, by_in + (to - first), [&](std::int32_t a, std::int32_t b) {
                return plan_.blocks[static_cast<std::size_t>(a)].in_panel < plan_.blocks[static_cast<std::size_t>(b)].in_panel;
            });
            for (auto u = owner.use_begin; u < owner.use_end; ++u) plan_.operations[static_cast<std::size_t>(plan_.uses[static_cast<std::size_t>(u)])].block_end = owner.block_end;
        }
    }

    // Enough nodes and positions for wide tiles, blocks of 32 and more, and an operand that a block's warps hold in registers: one segment, or
    // several that divide their lanes evenly.
    bool is_wide(const PlanOperation& operation) const {
        if (!plan_.target.fast || !in_blocks(operation)) return false;
        if (operation.nodes < least_wide || operation.operand_panels < tile_panels || operation.operand_panels > most_wide_panels) return false;
        if (operation.form == Form::Blocks && (operation.panels > most_listed_panels || operation.operand_panels > most_listed_panels)) return false;
        for (auto b = operation.block_begin; b < operation.block_end; ++b)
            if (const auto& block = plan_.blocks[static_cast<std::size_t>(b)]; block.out_panels < wide_block_panels || block.in_panels < wide_block_panels) return false;
        if (operation.segment_end - operation.segment_begin == 1) return true;
        const auto each = plan_.segments[static_cast<std::size_t>(operation.segment_begin)].panels;
        if (each != 1 && each != 2 && each != 4 && each % 8 != 0) return false;
        return std::all_of(plan_.segments.begin() + operation.segment_begin, plan_.segments.begin() + operation.segment_end, [&](const PlanSegment& segment) { return segment.panels == each; });
    }

    // All uses of an owner's weights alike.
    void choose_wide() {
        plan_.totals.shadow = 0;
        for (auto& owner : plan_.owners) {
            owner.shadow = -1;
            bool wide = owner.use_begin < owner.use_end;
            for (auto u = owner.use_begin; u < owner.use_end; ++u) wide = wide && is_wide(plan_.operations[static_cast<std::size_t>(plan_.uses[static_cast<std::size_t>(u)])]);
            for (auto u = owner.use_begin; u < owner.use_end; ++u) plan_.operations[static_cast<std::size_t>(plan_.uses[static_cast<std::size_t>(u)])].wide = wide;
            if (!wide) continue;
            owner.shadow = plan_.totals.shadow;
            plan_.totals.shadow += owner.parameter_count;
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

    // (block, panel) of what a gathered tile goes over: the list's place in maps, and its entries.
    template <class Number>
    std::pair<std::int32_t, std::int32_t> list_panels(std::int32_t begin, std::int32_t end, Number number, std::int32_t PlanBlock::*panels) {
        const auto place = plan_.maps.size();
        for (auto b = begin; b < end; ++b)
            for (std::int32_t p = 0; p < plan_.blocks[static_cast<std::size_t>(number(b))].*panels; ++p) plan_.maps.insert(plan_.maps.end(), {number(b), p});
        return {static_cast<std::int32_t>(place), static_cast<std::int32_t>((plan_.maps.size() - place) / 2)};
    }

    // Runs of a sum's blocks that share their node panels (values) or their operand panels.
    void cut_values(std::int32_t o, const PlanOperation& operation) {
        const auto width = width_of(operation);
        for (auto begin = operation.block_begin; begin < operation.block_end;) {
            const auto& first = plan_.blocks[static_cast<std::size_t>(begin)];
            auto end = begin;
            while (end < operation.block_end && plan_.blocks[static_cast<std::size_t>(end)].out_panel == first.out_panel) ++end;
            std::pair<std::int32_t, std::int32_t> list{};
            if (is_gathered(operation)) list = list_panels(begin, end, [](std::int32_t b) { return b; }, &PlanBlock::in_panels);
            for (std::int32_t p = 0; p < first.out_panels; p += width)
                plan_.tiles.push_back({o, first.out_panel + p, std::min(width, first.out_panels - p), begin, end, list.first, list.second});
            begin = end;
        }
    }

    void cut_operand(std::int32_t o, const PlanOperation& operation) {
        const auto count = operation.block_end - operation.block_begin, width = width_of(operation);
        const auto block = [&](std::int32_t b) -> const PlanBlock& {
            return plan_.blocks[static_cast<std::size_t>(plan_.maps[static_cast<std::size_t>(operation.block_by_in + b)])];
        };
        const auto by_in = [&](std::int32_t b) { return plan_.maps[static_cast<std::size_t>(operation.block_by_in + b)]; };
        const auto add = [&](std::int32_t panel_begin, std::int32_t panel_end, std::int32_t begin, std::int32_t end) {
            std::pair<std::int32_t, std::int32_t> list{};
            if (is_gathered(operation)) list = list_panels(begin, end, by_in, &PlanBlock::out_panels);
            for (auto p = panel_begin; p < panel_end; p += width) plan_.tiles.push_back({o, p, std::min(width, panel_end - p), begin, end, list.first, list.second});
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

    std::int32_t widest_tile(std::int32_t begin, std::int32_t end) const {
        std::int32_t panels = 0;
        for (auto t = begin; t < end; ++t) panels = std::max(panels, plan_.tiles[static_cast<std::size_t>(t)].panels);
        return panels;
    }

    // The most panels that a tile adds up over. number: a block's, of a place in the tile's range; panels: what of a block counts.
    template <class Number>
    std::int32_t deepest_tile(std::int32_t begin, std::int32_t end, Number number, std::int32_t PlanBlock::*panels) const {
        std::int32_t depth = 0;
        for (auto t = begin; t < end; ++t) {
            const PlanTile& tile = plan_.tiles[static_cast<std::size_t>(t)];
            std::int32_t own = 0;
            for (auto b = tile.begin; b < tile.end; ++b) own += plan_.blocks[static_cast<std::size_t>(number(tile, b))].*panels;
            depth = std::max(depth, own);
        }
        return depth;
    }

    // PlanStage::table_operands of such sums.
    template <class At>
    std::int32_t table_operands(At begin, At end) const {
        std::int32_t nodes = 0;
        for (auto o = begin; o != end; ++o) {
            const PlanSegment& segment = plan_.segments[static_cast<std::size_t>(plan_.operations[static_cast<std::size_t>(*o)].segment_begin)];
            const auto is_table = [](const PlanFactor& factor) { return factor.kind == FactorKind::Table && factor.mapping == Mapping::Identity; };
            if ((o != begin && segment.nodes != nodes) || segment.factor_end - segment.factor_begin > few_tables) return 0;
            if (!std::all_of(plan_.factors.begin() + segment.factor_begin, plan_.factors.begin() + segment.factor_end, is_table)) return 0;
            nodes = segment.nodes;
        }
        return nodes;
    }

    void cut_stages() {
        std::vector<std::vector<std::int32_t>> by_stage;
        for (std::size_t o = 0; o < plan_.operations.size(); ++o) {
            const auto stage = static_cast<std::size_t>(plan_.operations[o].stage);
            if (by_stage.size() <= stage) by_stage.resize(stage + 1);
            by_stage[stage].push_back(static_cast<std::int32_t>(o));
        }
        plan_.stages.clear();
        const auto operation = [&](std::int32_t o) -> PlanOperation& { return plan_.operations[static_cast<std::size_t>(o)]; };
        // Cuts those of a range of operations that are sums in blocks, and keeps how many tiles each has.
        const auto cut = [&](auto begin, auto end, bool gathered, std::int32_t PlanOperation::*count, void (Launches::*pieces)(std::int32_t, const PlanOperation&)) {
            for (auto o = begin; o != end; ++o) {
                if (!in_blocks(operation(*o)) || is_gathered(operation(*o)) != gathered) continue;
                const auto before = next_tile();
                (this->*pieces)(*o, operation(*o));
                operation(*o).*count = next_tile() - before;
            }
            return next_tile();
        };
        for (auto& operations : by_stage) {
            const auto wide = std::stable_partition(operations.begin(), operations.end(), [&](std::int32_t o) { return operation(o).wide != 0; });
            const auto segmented = std::stable_partition(operations.begin(), wide, [&](std::int32_t o) { return operation(o).segment_end - operation(o).segment_begin == 1; });
            const auto edges = std::stable_partition(wide, operations.end(), [&](std::int32_t o) {
                return operation(o).kind != Operation::Sum || operation(o).form != Form::Edges;
            });
            PlanStage stage{};
            stage.operation_begin = static_cast<std::int32_t>(plan_.stage_operations.size());
            stage.segmented_begin = stage.operation_begin + static_cast<std::int32_t>(segmented - operations.begin());
            stage.wide_end = stage.operation_begin + static_cast<std::int32_t>(wide - operations.begin());
            stage.edges_begin = stage.operation_begin + static_cast<std::int32_t>(edges - operations.begin());
            plan_.stage_operations.insert(plan_.stage_operations.end(), operations.begin(), operations.end());
            stage.operation_end = stage.edges_end = static_cast<std::int32_t>(plan_.stage_operations.size());
            stage.has_blocks = std::any_of(operations.begin(), operations.end(), [&](std::int32_t o) { return operation(o).kind == Operation::Sum && operation(o).form == Form::Blocks; });
            stage.only_narrow = wide != operations.end();
            for (auto o = wide; o != operations.end(); ++o) {
                const bool sum = operation(*o).kind == Operation::Sum && operation(*o).form != Form::Edges && operation(*o).segment_end - operation(*o).segment_begin == 1;
                if (sum) stage.float_operand = std::max(stage.float_operand, operation(*o).operand_panels);
                stage.only_narrow = stage.only_narrow && sum && operation(*o).nodes <= narrow_nodes;
            }
            if (segmented == wide) stage.table_operands = table_operands(operations.begin(), wide);
            stage.panel_begin = next_tile();
            for (const auto o : operations)
                for (std::int32_t p = 0; p < operation(o).panels; ++p) plan_.tiles.push_back({o, p, 1, 0, 0, 0, 0});
            // Those whose flows lie in the same place beside each other, so that it is read once.
            std::stable_sort(plan_.tiles.begin() + stage.panel_begin, plan_.tiles.end(), [&](const PlanTile& a, const PlanTile& b) {
                const auto place = [&](const PlanTile& tile) { return operation(tile.target).only_flow < 0 ? -1 : operation(tile.target).only_flow + tile.panel; };
                return place(a) < place(b);
            });
            stage.panel_end = stage.value_begin = next_tile();
            stage.value_gathered = cut(operations.begin(), wide, false, &PlanOperation::value_tiles, &Launches::cut_values);
            stage.value_wide = cut(operations.begin(), wide, true, &PlanOperation::value_tiles, &Launches::cut_values);
            stage.value_end = stage.operand_begin = cut(wide, operations.end(), false, &PlanOperation::value_tiles, &Launches::cut_values);
            stage.operand_gathered = cut(operations.begin(), wide, false, &PlanOperation::operand_tiles, &Launches::cut_operand);
            stage.operand_wide = cut(operations.begin(), wide, true, &PlanOperation::operand_tiles, &Launches::cut_operand);
            stage.operand_end = cut(wide, operations.end(), false, &PlanOperation::operand_tiles, &Launches::cut_operand);
            // After the others, of which they are made.
            stage.value_sliced_begin = next_tile();
            slice_tiles(plan_, stage.value_gathered, stage.value_wide, false);
            stage.value_sliced_end = stage.operand_sliced_begin = next_tile();
            slice_tiles(plan_, stage.operand_gathered, stage.operand_wide, true);
            stage.operand_sliced_end = next_tile();
            stage.value_panels = widest_tile(stage.value_begin, stage.value_gathered);
            stage.operand_panels = widest_tile(stage.operand_begin, stage.operand_gathered);
            stage.value_depth = deepest_tile(stage.value_begin, stage.value_gathered, [](const PlanTile&, std::int32_t b) { return b; }, &PlanBlock::in_panels);
            stage.operand_depth = deepest_tile(stage.operand_begin, stage.operand_gathered,
                                               [&](const PlanTile& tile, std::int32_t b) { return plan_.maps[static_cast<std::size_t>(operation(tile.target).block_by_in + b)]; },
                                               &PlanBlock::out_panels);
            plan_.stages.push_back(stage);
        }
    }

    void cut_parameters(std::int32_t o, const PlanOwner& owner) {
        const auto width = width_of(plan_.operations[static_cast<std::size_t>(owner.operation)]), columns = owner.nodes <= narrow_nodes ? 1 : owner.shadow < 0 ? width : wide_columns;
        for (auto b = owner.block_begin; b < owner.block_end; ++b) {
            const auto& block = plan_.blocks[static_cast<std::size_t>(b)];
            for (std::int32_t p = 0; p < block.out_panels; p += width)
                for (std::int32_t q = 0; q < block.in_panels; q += columns)
                    plan_.tiles.push_back({o, p, std::min(width, block.out_panels - p), b, b + 1, q, std::min(columns, block.in_panels - q)});
        }
    }

    // A row of an owner's blocks: its nodes begin at a panel.
    struct BlockRow {
        std::int32_t panel, begin, end;
    };

    // Rows of blocks that read much the same, as many as fill a piece's nodes (of a higher one a part), by the panels of the operand that any of them reads. Products of
    // nodes with panels that they do not read are for nothing, but a piece is read once for all of its rows, which takes longer than to multiply it.
    void gather_parameters(std::int32_t o, const PlanOwner& owner) {
        const auto block = [&](std::int32_t b) -> const PlanBlock& { return plan_.blocks[static_cast<std::size_t>(b)]; };
        const auto operand_panels = plan_.operations[static_cast<std::size_t>(owner.operation)].operand_panels, height = block(owner.block_begin).out_panels;
        std::vector<BlockRow> rows;
        std::vector<Panels> read;
        for (auto b = owner.block_begin; b < owner.block_end; ++b) {
            if (rows.empty() || rows.back().panel != block(b).out_panel) {
                rows.push_back({block(b).out_panel, b, b});
                read.emplace_back(static_cast<std::size_t>((operand_panels + 63) / 64), 0);
            }
            rows.back().end = b + 1;
            for (auto q = block(b).in_panel; q < block(b).in_panel + block(b).in_panels; ++q) read.back()[static_cast<std::size_t>(q / 64)] |= std::uint64_t{1} << q % 64;
        }
        for (const auto& group : alike(read, std::max(1, wide_panels / height), wide_columns, wide_panels)) {
            const auto count = static_cast<std::int32_t>(group.size());
            std::vector<std::int32_t> places(static_cast<std::size_t>(operand_panels * count), -1), firsts;
            for (const auto r : group) {
                const BlockRow& row = rows[static_cast<std::size_t>(r)];
                for (auto b = row.begin; b < row.end; ++b)
                    for (std::int32_t q = 0; q < block(b).in_panels; ++q)
                        places[static_cast<std::size_t>((block(b).in_panel + q) * count) + firsts.size()] = static_cast<std::int32_t>(block(b).weights / (panel * panel)) + q * height;
                firsts.push_back(row.panel);
            }
            for (std::int32_t p = 0; p < count * height; p += wide_panels) list_piece(o, firsts, std::min(wide_panels, count * height - p), places, p);
        }
    }

    // Pieces of at most so many columns: those of `places`, [panel of the operand][row of blocks], where any row has a block. In maps stand where the nodes of every row of
    // blocks begin, `further` on, and then a list a piece: each of its panels of the operand, and behind it where the weights of every row lie, as much further on: in
    // panels of weights from the owner's first; -1: nowhere.
    void list_piece(std::int32_t o, const std::vector<std::int32_t>& firsts, std::int32_t panels, const std::vector<std::int32_t>& places, std::int32_t further) {
        const auto rows = static_cast<std::int32_t>(firsts.size()), nodes = static_cast<std::int32_t>(plan_.maps.size());
        for (const auto first : firsts) plan_.maps.push_back(first + further);
        std::int32_t columns = 0;
        for (auto at = places.begin(); at != places.end(); at += rows) {
            if (std::all_of(at, at + rows, [](std::int32_t place) { return place < 0; })) continue;
            if (columns++ % wide_columns == 0) plan_.tiles.push_back({o, firsts[0] + further, panels, nodes, nodes + rows, static_cast<std::int32_t>(plan_.maps.size()), 0});
            ++plan_.tiles.back().in_panels;
            plan_.maps.push_back(static_cast<std::int32_t>((at - places.begin()) / rows));
            for (std::int32_t row = 0; row < rows; ++row) plan_.maps.push_back(at[row] < 0 ? -1 : at[row] + further);
        }
    }

    // Of tiny tables beside each other, panels whose flows begin in the same place follow each other, as those of a product's factors do: they are read at about the same time.
    void sort_tiny_tables() {
        const auto owner = [&](const PlanTile& tile) -> const PlanOwner& { return plan_.owners[static_cast<std::size_t>(tile.target)]; };
        const auto tiny = [&](const PlanTile& tile) { return owner(tile).kind == OwnerKind::Table && owner(tile).domain <= tiny_table_values; };
        const auto place = [&](const PlanTile& tile) -> std::int64_t {
            if (owner(tile).reader_begin == owner(tile).reader_end) return -1;
            const PlanReader& reader = plan_.readers[static_cast<std::size_t>(owner(tile).reader_begin)];
            return plan_.operations[static_cast<std::size_t>(reader.operation)].operand + reader.first_panel + tile.panel;
        };
        for (auto begin = plan_.tiles.begin() + plan_.totals.node_inputs; begin != plan_.tiles.end();) {
            const auto end = std::find_if_not(begin, plan_.tiles.end(), tiny);
            std::stable_sort(begin, end, [&](const PlanTile& a, const PlanTile& b) { return place(a) < place(b); });
            begin = end == plan_.tiles.end() ? end : end + 1;
        }
    }

    // What is done once a pass: pieces of weights, and panels of owners with the blocks that hold their nodes' weights.
    void cut_owners() {
        auto& totals = plan_.totals;
        const auto cut = [&](bool wide, bool gathered) {
            for (std::int32_t o = 0; o < static_cast<std::int32_t>(plan_.owners.size()); ++o) {
                const auto& owner = plan_.owners[static_cast<std::size_t>(o)];
                if (owner.kind != OwnerKind::Sum || owner.form == Form::Edges || (owner.shadow >= 0) != wide || (wide && owner.form == Form::Blocks) != gathered) continue;
                if (gathered) gather_parameters(o, owner);
                else cut_parameters(o, owner);
            }
            return next_tile();
        };
        totals.parameter_begin = next_tile();
        totals.parameter_gathered = cut(true, false);
        totals.parameter_wide = cut(true, true);
        totals.parameter_panels = widest_tile(totals.parameter_begin, totals.parameter_gathered);
        for (auto t = totals.parameter_begin; t < totals.parameter_gathered; ++t)
            totals.parameter_uses = std::max(totals.parameter_uses, plan_.owners[static_cast<std::size_t>(plan_.tiles[static_cast<std::size_t>(t)].target)].uses);
        totals.parameter_end = totals.node_begin = cut(false, false);
        for (std::size_t o = 0; o < plan_.owners.size(); ++o) {
            const auto& owner = plan_.owners[o];
            if (owner.kind != OwnerKind::Sum) continue;
            auto begin = owner.form != Form::Edges ? owner.block_begin : 0;
            const auto last = owner.form != Form::Edges ? owner.block_end : 0;
            for (std::int32_t p = 0; p < owner.panels; ++p) {
                while (begin < last && plan_.blocks[static_cast<std::size_t>(begin)].out_panel + plan_.blocks[static_cast<std::size_t>(begin)].out_panels <= p) ++begin;
                auto end = begin;
                while (end < last && plan_.blocks[static_cast<std::size_t>(end)].out_panel <= p) ++end;
                plan_.tiles.push_back({static_cast<std::int32_t>(o), p, 1, begin, end, 0, 0});
            }
        }
        totals.node_inputs = next_tile();
        for (std::size_t o = 0; o < plan_.owners.size(); ++o)
            for (std::int32_t p = 0; plan_.owners[o].kind != OwnerKind::Sum && p < plan_.owners[o].panels; ++p) plan_.tiles.push_back({static_cast<std::int32_t>(o), p, 1, 0, 0, 0, 0});
        sort_tiny_tables();
        totals.node_end = totals.row_sum_begin = next_tile();
        for (std::size_t o = 0; o < plan_.operations.size(); ++o)
            for (std::int32_t q = 0; q < plan_.operations[o].sum_panels; ++q) plan_.tiles.push_back({static_cast<std::int32_t>(o), q, 1, 0, 0, 0, 0});
        totals.row_sum_end = next_tile();
    }
};

}  // namespace

void plan_launches(Plan& plan) { Launches(plan).run(); }

}  // namespace juice
