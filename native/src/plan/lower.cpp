// Lowering: which vectors become operations, what their operands are gathered from, and how sums' weights are cut into blocks.
#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "common/error.h"
#include "common/memory.h"
#include "plan/plan.h"
#include "plan/wiring.h"

namespace juice {

namespace {

bool is_table(const Vector& vector) {
    switch (vector.distribution.type) {
        case DistributionType::Categorical:
        case DistributionType::Bernoulli:
        case DistributionType::Indicator: return true;
        default: return false;
    }
}

// Where position p of a segment reads a source: composed along nested products. `Nodes` is the general case, the others are recognised.
struct NodeMap {
    Mapping mapping = Mapping::Identity;
    std::vector<std::int32_t> table;    // panels or nodes
};

NodeMap recognise(const std::vector<std::int32_t>& nodes, std::int64_t source_nodes) {
    NodeMap map;
    const auto count = static_cast<std::int64_t>(nodes.size());
    bool identity = count == source_nodes;
    for (std::int64_t i = 0; identity && i < count; ++i) identity = nodes[static_cast<std::size_t>(i)] == i;
    if (identity) return map;
    bool panels = count % panel == 0;
    for (std::int64_t i = 0; panels && i < count; ++i) {
        const auto here = nodes[static_cast<std::size_t>(i)];
        panels = i % panel == 0 ? here % panel == 0 : here == nodes[static_cast<std::size_t>(i - 1)] + 1;
    }
    if (panels) {
        map.mapping = Mapping::Panels;
        for (std::int64_t i = 0; i < count; i += panel) map.table.push_back(nodes[static_cast<std::size_t>(i)] / static_cast<std::int32_t>(panel));
        return map;
    }
    map.mapping = Mapping::Nodes;
    map.table = nodes;
    map.table.resize(static_cast<std::size_t>(panels_of(count) * panel), -1);
    return map;
}

class Lowering {
public:
    Lowering(const Circuit& circuit, double edge_cost) : circuit_(circuit), edge_cost_(edge_cost) {}

    Plan run(std::int64_t memory_limit) {
        const auto count = static_cast<std::size_t>(circuit_.size());
        plan_.variables = circuit_.variables();
        plan_.roots = static_cast<std::int32_t>(circuit_.roots());
        plan_.operation_of.assign(count, -1);
        plan_.owner_of.assign(count, -1);
        count_readers();
        check_extent(memory_limit);
        for (std::int32_t id = 0; id < circuit_.size(); ++id) add_owner(id);
        for (std::int32_t id = 0; id < circuit_.size(); ++id)
            if (is_operation(id)) add_operation(id);
        plan_.root = plan_.operation_of[static_cast<std::size_t>(circuit_.root())];
        collect_readers();
        place_parameters();
        return std::move(plan_);
    }

private:
    const Circuit& circuit_;
    const double edge_cost_;
    Plan plan_;
    std::vector<std::int32_t> readers_;                     // by vector
    std::vector<std::int64_t> factors_;                     // by product: factors of its flattened elements
    std::map<std::int32_t, std::vector<std::int32_t>> tied_sums_;   // by owner
    std::map<std::vector<std::int32_t>, std::int64_t> shared_maps_;

    void count_readers() {
        readers_.assign(static_cast<std::size_t>(circuit_.size()), 0);
        factors_.assign(static_cast<std::size_t>(circuit_.size()), 1);
        for (std::int32_t id = 0; id < circuit_.size(); ++id) {
            for (const auto child : circuit_[id].children) ++readers_[static_cast<std::size_t>(child)];
            if (circuit_[id].type == NodeType::Sum && circuit_[id].tied_to >= 0) tied_sums_[circuit_[id].tied_to].push_back(id);
        }
        for (std::int32_t id = 0; id < circuit_.size(); ++id) {
            if (circuit_[id].type != NodeType::Product) continue;
            std::int64_t sum = 0;
            for (const auto child : circuit_[id].children) sum += materialised(child) ? 1 : factors_[static_cast<std::size_t>(child)];
            factors_[static_cast<std::size_t>(id)] = sum;
        }
    }

    // The cost rule for products, in passes over the vector: recomputing costs `factors` reads for each reader; materialising costs
    // them once, a write, and a read for each reader.
    bool materialised(std::int32_t id) const {
        if (circuit_[id].type != NodeType::Product) return false;
        if (id == circuit_.root()) return true;
        const auto readers = static_cast<std::int64_t>(readers_[static_cast<std::size_t>(id)]), factors = factors_[static_cast<std::size_t>(id)];
        return readers > 1 && readers * factors > factors + 1 + readers;
    }

    bool is_operation(std::int32_t id) const {
        const Vector& vector = circuit_[id];
        switch (vector.type) {
            case NodeType::Sum: return true;
            case NodeType::Product: return materialised(id);
            case NodeType::Input: return id == circuit_.root() || !is_table(circuit_.owner(id));
        }
        return false;
    }

    // Before anything is laid out: a few bytes of a file may ask for terabytes, with one vector of 2^31 - 1 nodes. What every plan of the circuit
    // needs is its parameters and, for a row (a panel of them and one), the operand and the values of the widest operation.
    void check_extent(std::int64_t memory_limit) const {
        double parameters = 0, widest = 0;
        for (std::int32_t id = 0; id < circuit_.size(); ++id) {
            const Vector& vector = circuit_[id];
            double values = is_operation(id) ? static_cast<double>(vector.nodes()) : 0;
            if (vector.type == NodeType::Sum) {
                const double operand = static_cast<double>(vector.child_blocks) * static_cast<double>(vector.child_block_size);
                const double padding = static_cast<double>(vector.children.size()) * panel;
                if (operand + padding > INT32_MAX) fail(JUICE_ERROR_UNSUPPORTED, "vector %d is a sum over %.0f nodes: at most 2147483647 can be computed", id, operand);
                values += operand;
            }
            widest = std::max(widest, values);
            if (vector.tied_to >= 0) continue;
            if (vector.type == NodeType::Input) {
                const auto domain = static_cast<double>(vector.distribution.domain());
                parameters += (domain > 0 ? domain : 3) * static_cast<double>(panels_of(vector.nodes())) * panel;
            } else {
                parameters += static_cast<double>(vector.parameter_count());
            }
        }
        const double needs = 4 * (parameters + widest * (panel + 1));
        if (memory_limit > 0 && needs > static_cast<double>(memory_limit)) {
            fail(JUICE_ERROR_MEMORY, "memory_limit is %lld bytes: the parameters and one row of this circuit need at least %.0f",
                 static_cast<long long>(memory_limit), needs);
        }
        if (needs > static_cast<double>(std::int64_t{1} << 62)) fail(JUICE_ERROR_MEMORY, "the parameters and one row of this circuit need %g bytes", needs);
        require_memory(static_cast<std::int64_t>(needs), "the parameters and one row of this circuit");
    }

    // Room for so many numbers more in the plan's maps, and some, so that the next small ones do not move a large list. Many small ones may be a lot together, too.
    void reserve_maps(std::size_t more) {
        auto& maps = plan_.maps;
        const auto size = maps.size() + more;
        if (size <= maps.capacity()) return;
        const auto wanted = std::max(size + size / 8, 2 * maps.capacity());
        require_memory(static_cast<std::int64_t>(wanted * sizeof(std::int32_t)), "the wiring of the plan");
        maps.reserve(wanted);
    }

    void append_map(const std::vector<std::int32_t>& numbers) {
        reserve_maps(numbers.size());
        plan_.maps.insert(plan_.maps.end(), numbers.begin(), numbers.end());
    }

    std::int64_t store_map(const NodeMap& map) {
        if (map.mapping == Mapping::Identity) return 0;
        const auto [place, added] = shared_maps_.try_emplace(map.table, static_cast<std::int64_t>(plan_.maps.size()));
        if (added) append_map(map.table);
        return place->second;
    }

    // Node nodes[p] of a vector stands at position p of an operand; NULL stands for the identity.
    using Nodes = std::shared_ptr<const std::vector<std::int32_t>>;

    // The nodes of child c that stand where those of the product do.
    Nodes nodes_under(const Vector& product, std::size_t c, const Nodes& nodes) const {
        if (!nodes && product.edges.empty()) return nullptr;
        const auto count = nodes ? static_cast<std::int64_t>(nodes->size()) : product.nodes();
        require_memory(count * static_cast<std::int64_t>(sizeof(std::int32_t)), "the wiring of the plan");
        auto mapped = std::make_shared<std::vector<std::int32_t>>(static_cast<std::size_t>(count));
        for (std::size_t p = 0; p < mapped->size(); ++p)
            (*mapped)[p] = product_reads(product, circuit_[product.children[c]], c, nodes ? (*nodes)[p] : static_cast<std::int64_t>(p));
        return mapped;
    }

    // Adds the factors of a vector, through products that are no operations, in the order of their children. No recursion: products may be stacked
    // deeper than a thread's stack is.
    void add_factors(std::int32_t root) {
        struct Pending {
            std::int32_t id;
            const Vector* product;      // above it, whose child c it is and whose nodes stand where `nodes` says; NULL at the root
            std::size_t c;
            Nodes nodes;
        };
        std::vector<Pending> pending{{root, nullptr, 0, nullptr}};
        while (!pending.empty()) {
            const Pending next = std::move(pending.back());
            pending.pop_back();
            const Nodes nodes = next.product ? nodes_under(*next.product, next.c, next.nodes) : nullptr;
            const Vector& vector = circuit_[next.id];
            if (vector.type == NodeType::Product && plan_.operation_of[static_cast<std::size_t>(next.id)] < 0) {
                for (std::size_t c = vector.children.size(); c-- > 0;) pending.push_back({vector.children[c], &vector, c, nodes});
            } else {
                add_factor(next.id, nodes);
            }
        }
    }

    void add_factor(std::int32_t id, const Nodes& nodes) {
        const Vector& vector = circuit_[id];
        const NodeMap map = nodes ? recognise(*nodes, vector.nodes()) : NodeMap{};
        PlanFactor factor{};
        const auto operation = plan_.operation_of[static_cast<std::size_t>(id)];
        factor.kind = operation >= 0 ? FactorKind::Values : FactorKind::Table;
        factor.source = operation >= 0 ? operation : plan_.owner_of[static_cast<std::size_t>(id)];
        factor.variable = operation >= 0 ? -1 : vector.variable;
        factor.mapping = map.mapping;
        factor.map = store_map(map);
        plan_.factors.push_back(factor);
    }

    void add_segment(std::int32_t id, std::int32_t first_panel) {
        PlanSegment segment{};
        segment.vector = id;
        segment.nodes = static_cast<std::int32_t>(circuit_[id].nodes());
        segment.first_panel = first_panel;
        segment.panels = static_cast<std::int32_t>(panels_of(segment.nodes));
        segment.factor_begin = static_cast<std::int32_t>(plan_.factors.size());
        add_factors(id);
        segment.factor_end = static_cast<std::int32_t>(plan_.factors.size());
        plan_.segments.push_back(segment);
    }

    void add_owner(std::int32_t id) {
        const Vector& vector = circuit_[id];
        if (vector.type == NodeType::Product) return;
        if (vector.tied_to >= 0) {
            plan_.owner_of[static_cast<std::size_t>(id)] = plan_.owner_of[static_cast<std::size_t>(vector.tied_to)];
            return;
        }
        PlanOwner owner{};
        owner.vector = id;
        owner.operation = -1;
        owner.nodes = static_cast<std::int32_t>(vector.nodes());
        owner.panels = static_cast<std::int32_t>(panels_of(vector.nodes()));
        if (vector.type == NodeType::Sum) {
            owner.kind = OwnerKind::Sum;
        } else {
            owner.distribution = vector.distribution.type;
            owner.domain = vector.distribution.domain();
            owner.low = vector.distribution.low;
            owner.high = vector.distribution.high;
            // Exponents of a row are added up in 32 bits, once a variable: together they stay within half of that, and sums have the other half.
            owner.least_log = -0x1p30 / plan_.variables;
            owner.kind = is_table(vector) ? OwnerKind::Table
                         : vector.distribution.type == DistributionType::Gaussian ? OwnerKind::Gaussian : OwnerKind::LogTable;
        }
        plan_.owner_of[static_cast<std::size_t>(id)] = static_cast<std::int32_t>(plan_.owners.size());
        plan_.owners.push_back(owner);
    }

    void add_operation(std::int32_t id) {
        const Vector& vector = circuit_[id];
        PlanOperation operation{};
        operation.vector = id;
        operation.owner = plan_.owner_of[static_cast<std::size_t>(id)];
        operation.variable = vector.variable;
        operation.nodes = static_cast<std::int32_t>(vector.nodes());
        operation.panels = static_cast<std::int32_t>(panels_of(vector.nodes()));
        operation.first_use = operation.last_use = 1;
        operation.previous_use = -1;
        operation.segment_begin = static_cast<std::int32_t>(plan_.segments.size());
        if (vector.type == NodeType::Input) {
            operation.kind = Operation::Input;
        } else if (vector.type == NodeType::Product) {
            operation.kind = Operation::Product;
            add_segment(id, 0);     // its own elements; not an operation yet, so that its factors are its children
            operation.operand_panels = operation.panels;
        } else {
            operation.kind = Operation::Sum;
            std::int32_t next = 0;
            for (const auto child : vector.children) {
                add_segment(child, next);
                next += plan_.segments.back().panels;
            }
            operation.operand_panels = next;
        }
        operation.segment_end = static_cast<std::int32_t>(plan_.segments.size());
        if (operation.kind == Operation::Sum) cut_weights(operation, vector);
        for (auto s = operation.segment_begin; s < operation.segment_end; ++s)
            for (auto f = plan_.segments[static_cast<std::size_t>(s)].factor_begin; f < plan_.segments[static_cast<std::size_t>(s)].factor_end; ++f)
                if (const auto& factor = plan_.factors[static_cast<std::size_t>(f)]; factor.kind == FactorKind::Values)
                    operation.stage = std::max(operation.stage, plan_.operations[static_cast<std::size_t>(factor.source)].stage + 1);
        plan_.operation_of[static_cast<std::size_t>(id)] = static_cast<std::int32_t>(plan_.operations.size());
        plan_.operations.push_back(operation);
    }

    // The extents of a sum's segments in nodes: tied sums share a weight layout only where these agree.
    std::vector<std::int64_t> extents(const Vector& vector) const {
        std::vector<std::int64_t> result;
        for (const auto child : vector.children) result.push_back(circuit_[child].nodes());
        return result;
    }

    Form choose_form(const Vector& owner, bool same_extents) const {
        if (!same_extents) return Form::Edges;
        const bool complete = owner.edge_count == owner.node_blocks * owner.child_blocks;
        if (complete) return Form::Dense;
        if (owner.block_size % panel == 0 && owner.child_block_size % panel == 0) return Form::Blocks;
        const double entries = static_cast<double>(owner.nodes()) * static_cast<double>(owner.child_blocks * owner.child_block_size);
        const double edges = static_cast<double>(owner.edge_count) * static_cast<double>(owner.block_size * owner.child_block_size);
        return entries <= always_dense || edges * edge_cost_ >= entries ? Form::Dense : Form::Edges;
    }

    void cut_weights(PlanOperation& operation, const Vector& vector) {
        const Vector& owner_vector = circuit_.owner(operation.vector);
        PlanOwner& owner = plan_.owners[static_cast<std::size_t>(operation.owner)];
        const bool first = owner.uses++ == 0;
        if (first) {
            owner.operation = static_cast<std::int32_t>(plan_.operations.size());
            bool same = true;
            const auto mine = extents(owner_vector);
            if (const auto tied = tied_sums_.find(operation.vector); tied != tied_sums_.end())
                for (const auto id : tied->second) same = same && extents(circuit_[id]) == mine;
            owner.form = choose_form(owner_vector, same);
        }
        operation.form = owner.form;
        operation.block_begin = static_cast<std::int32_t>(plan_.blocks.size());
        if (owner.form == Form::Edges) {
            list_edges(operation, vector, owner_vector);
            owner.parameter_count = operation.edge_count;
        } else if (!first) {    // tied sums agree in every block
            operation.block_begin = owner.block_begin;
            operation.block_end = owner.block_end;
            operation.block_by_in = plan_.operations[static_cast<std::size_t>(owner.operation)].block_by_in;
            return;
        } else if (owner.form == Form::Dense) {
            plan_.blocks.push_back({0, operation.panels, 0, operation.operand_panels, 0});
            owner.parameter_count = std::int64_t{operation.panels} * panel * operation.operand_panels * panel;
        } else {
            cut_blocks(operation, owner_vector, owner);
        }
        operation.block_end = static_cast<std::int32_t>(plan_.blocks.size());
        owner.block_begin = operation.block_begin;
        owner.block_end = operation.block_end;
        std::vector<std::int32_t> by_in(static_cast<std::size_t>(operation.block_end - operation.block_begin));
        std::iota(by_in.begin(), by_in.end(), operation.block_begin);
        std::stable_sort(by_in.begin(), by_in.end(), [&](std::int32_t a, std::int32_t b) {
            return plan_.blocks[static_cast<std::size_t>(a)].in_panel < plan_.blocks[static_cast<std::size_t>(b)].in_panel;
        });
        operation.block_by_in = static_cast<std::int32_t>(plan_.maps.size());
        append_map(by_in);
    }

    // Block sizes are multiples of a panel, so children's blocks are numbered through without padding.
    void cut_blocks(const PlanOperation&, const Vector& sum, PlanOwner& owner) {
        const auto out = static_cast<std::int32_t>(sum.block_size / panel), in = static_cast<std::int32_t>(sum.child_block_size / panel);
        const auto count = static_cast<std::size_t>(sum.edge_count);
        const auto begin = plan_.blocks.size();
        for (std::size_t e = 0; e < count; ++e)
            plan_.blocks.push_back({sum.edges[e] * out, out, sum.edges[count + e] * in, in,
                                    static_cast<std::int64_t>(e) * sum.block_size * sum.child_block_size});
        std::stable_sort(plan_.blocks.begin() + static_cast<std::ptrdiff_t>(begin), plan_.blocks.end(), [](const PlanBlock& a, const PlanBlock& b) {
            return a.out_panel != b.out_panel ? a.out_panel < b.out_panel : a.in_panel < b.in_panel;
        });
        owner.parameter_count = sum.edge_count * sum.block_size * sum.child_block_size;
    }

    // Single edges, by node and by position, straight into maps; weights stay in the file's order.
    void list_edges(PlanOperation& operation, const Vector& vector, const Vector& sum) {
        const auto bs = sum.block_size, k = sum.child_block_size;
        const auto total = sum.edge_count * bs * k, nodes = vector.nodes(), operand = operation.operand_panels * panel;
        if (total > INT32_MAX) fail(JUICE_ERROR_UNSUPPORTED, "vector %d has %lld single edges: a sum of them holds at most 2147483647", operation.vector, static_cast<long long>(total));
        std::vector<std::int32_t> position(static_cast<std::size_t>(sum.child_blocks * k));
        std::size_t next = 0;
        for (auto s = operation.segment_begin; s < operation.segment_end; ++s) {
            const auto& segment = plan_.segments[static_cast<std::size_t>(s)];
            for (std::int32_t i = 0; i < segment.nodes; ++i) position[next++] = segment.first_panel * static_cast<std::int32_t>(panel) + i;
        }
        const auto block_at = [&](std::int64_t e) -> std::pair<std::int64_t, std::int64_t> {
            if (!sum.wired) return {e / sum.child_blocks, e % sum.child_blocks};
            return {sum.edges[static_cast<std::size_t>(e)], sum.edges[static_cast<std::size_t>(sum.edge_count + e)]};
        };
        operation.edges = static_cast<std::int64_t>(plan_.maps.size());
        operation.edge_count = total;
        operation.edges_by_position = operation.edges + nodes + 1 + 2 * total;
        const auto size = static_cast<std::size_t>(nodes + 1 + operand + 1 + 4 * total);
        reserve_maps(size);
        plan_.maps.resize(plan_.maps.size() + size);
        std::int32_t *const starts = plan_.maps.data() + operation.edges, *const positions = starts + nodes + 1, *const weights = positions + total;
        for (std::int64_t e = 0; e < sum.edge_count; ++e) {
            const auto first = block_at(e).first * bs;
            for (std::int64_t a = 0; a < bs; ++a) starts[first + a + 1] += static_cast<std::int32_t>(k);
        }
        std::partial_sum(starts, starts + nodes + 1, starts);
        std::vector<std::int32_t> fill(starts, starts + nodes);
        for (std::int64_t e = 0; e < sum.edge_count; ++e) {
            const auto [i, j] = block_at(e);
            for (std::int64_t a = 0; a < bs; ++a)
                for (std::int64_t c = 0; c < k; ++c) {
                    const auto place = fill[static_cast<std::size_t>(i * bs + a)]++;
                    positions[place] = position[static_cast<std::size_t>(j * k + c)];
                    weights[place] = static_cast<std::int32_t>((e * bs + a) * k + c);
                }
        }
        // The same by position, nodes ascending.
        std::int32_t *const begins = weights + total, *const readers = begins + operand + 1, *const numbers = readers + total;
        for (std::int64_t e = 0; e < total; ++e) ++begins[positions[e] + 1];
        std::partial_sum(begins, begins + operand + 1, begins);
        fill.assign(begins, begins + operand);
        for (std::int32_t node = 0; node < nodes; ++node)
            for (auto e = starts[node]; e < starts[node + 1]; ++e) {
                const auto place = fill[static_cast<std::size_t>(positions[e])]++;
                readers[place] = node;
                numbers[place] = weights[e];
            }
    }

    void collect_readers() {
        std::vector<std::vector<PlanReader>> of_operation(plan_.operations.size()), of_owner(plan_.owners.size());
        for (std::size_t o = 0; o < plan_.operations.size(); ++o) {
            const auto& operation = plan_.operations[o];
            for (auto s = operation.segment_begin; s < operation.segment_end; ++s) {
                const auto& segment = plan_.segments[static_cast<std::size_t>(s)];
                for (auto f = segment.factor_begin; f < segment.factor_end; ++f) {
                    const auto& factor = plan_.factors[static_cast<std::size_t>(f)];
                    const PlanReader reader{static_cast<std::int32_t>(o), segment.first_panel, segment.panels, segment.nodes, factor.variable, factor.mapping, factor.map, -1, 0};
                    (factor.kind == FactorKind::Values ? of_operation : of_owner)[static_cast<std::size_t>(factor.source)].push_back(reader);
                }
            }
            if (operation.kind == Operation::Input)
                of_owner[static_cast<std::size_t>(operation.owner)].push_back({static_cast<std::int32_t>(o), 0, operation.panels, operation.nodes, operation.variable, Mapping::Identity, 0, -1, 0});
        }
        const auto append = [&](std::vector<PlanReader>& list, std::int32_t& begin, std::int32_t& end) {
            begin = static_cast<std::int32_t>(plan_.readers.size());
            plan_.readers.insert(plan_.readers.end(), list.begin(), list.end());
            end = static_cast<std::int32_t>(plan_.readers.size());
        };
        for (std::size_t o = 0; o < of_operation.size(); ++o) append(of_operation[o], plan_.operations[o].reader_begin, plan_.operations[o].reader_end);
        for (std::size_t o = 0; o < of_owner.size(); ++o) {
            append(of_owner[o], plan_.owners[o].reader_begin, plan_.owners[o].reader_end);
            if (plan_.owners[o].kind != OwnerKind::Sum) plan_.owners[o].uses = static_cast<std::int32_t>(of_owner[o].size());
        }
    }

    void place_parameters() {
        auto& totals = plan_.totals;
        for (auto& owner : plan_.owners) {
            const auto width = std::int64_t{owner.panels} * panel;
            switch (owner.kind) {
                case OwnerKind::Sum: owner.flow_count = owner.parameter_count; break;
                case OwnerKind::Table: owner.parameter_count = owner.flow_count = owner.domain * width; break;
                case OwnerKind::LogTable:
                    owner.parameter_count = (owner.domain + 2) * width + owner.domain;
                    owner.flow_count = (owner.distribution == DistributionType::DiscreteLogistic ? 5 : 3) * width;
                    break;
                case OwnerKind::Gaussian: owner.parameter_count = owner.flow_count = 3 * width; break;
            }
            const auto align = [](std::int64_t floats) { return (floats + panel - 1) / panel * panel; };
            owner.parameters = totals.parameters;
            totals.parameters += align(owner.parameter_count);
            owner.flows = totals.parameter_flows;
            totals.parameter_flows += align(owner.flow_count);
        }
        totals.flows = totals.parameter_flows;
        for (auto& operation : plan_.operations) {
            operation.sums = totals.flows;
            operation.sum_panels = operation.kind == Operation::Input ? operation.panels : operation.operand_panels;
            if (operation.kind == Operation::Sum && operation.vector == circuit_.root()) operation.sum_panels += operation.panels;
            totals.flows += operation.sum_panels * panel;
        }
    }
};

}  // namespace

Plan lower(const Circuit& circuit, std::int64_t memory_limit, double edge_cost) { return Lowering(circuit, edge_cost).run(memory_limit); }

}  // namespace juice
