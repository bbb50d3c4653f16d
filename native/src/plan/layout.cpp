#include "plan/layout.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "plan/wiring.h"

namespace juice {

namespace {

// Visits a sum's parameters in runs that are contiguous both in the file and in the plan: (file offset, plan offset, length).
template <class Visit>
void for_each_run(const Plan& plan, const Circuit& circuit, const PlanOwner& owner, Visit visit) {
    const Vector& sum = circuit[owner.vector];
    const auto bs = sum.block_size, k = sum.child_block_size;
    const PlanOperation& operation = plan.operations[static_cast<std::size_t>(owner.operation)];
    if (owner.form == Form::Edges) {
        visit(std::int64_t{0}, std::int64_t{0}, owner.parameter_count);
        return;
    }
    if (owner.form == Form::Blocks) {   // block edge e keeps its place; inside, panels of its positions
        for (std::int64_t e = 0; e < sum.edge_count; ++e)
            for (std::int64_t a = 0; a < bs; ++a)
                for (std::int64_t c = 0; c < k; c += panel) visit((e * bs + a) * k + c, e * bs * k + (c / panel * bs + a) * panel, panel);
        return;
    }
    // Where the children's node n stands: segments begin at whole panels.
    std::vector<std::int64_t> begins, places;
    std::int64_t begin = 0;
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s) {
        const auto& segment = plan.segments[static_cast<std::size_t>(s)];
        begins.push_back(begin);
        places.push_back(segment.first_panel * panel);
        begin += segment.nodes;
    }
    begins.push_back(begin);
    const std::int64_t width = std::int64_t{owner.panels} * panel;
    struct Piece {
        std::int64_t column, place, length;
    };
    std::vector<Piece> pieces;      // of a row of a block
    for (std::int64_t e = 0; e < sum.edge_count; ++e) {
        const std::int64_t i = sum.wired ? sum.edges[static_cast<std::size_t>(e)] : e / sum.child_blocks;
        const std::int64_t j = sum.wired ? sum.edges[static_cast<std::size_t>(sum.edge_count + e)] : e % sum.child_blocks;
        pieces.clear();
        for (std::int64_t c = 0; c < k;) {
            const auto segment = static_cast<std::size_t>(std::upper_bound(begins.begin(), begins.end(), j * k + c) - begins.begin() - 1);
            const std::int64_t position = places[segment] + j * k + c - begins[segment];
            const std::int64_t length = std::min({k - c, panel - position % panel, begins[segment + 1] - (j * k + c)});
            pieces.push_back({c, position / panel * width * panel + position % panel, length});
            c += length;
        }
        for (std::int64_t a = 0; a < bs; ++a)
            for (const Piece& piece : pieces) visit((e * bs + a) * k + piece.column, piece.place + (i * bs + a) * panel, piece.length);
    }
}

void sum_to_plan(const Plan& plan, const Circuit& circuit, const PlanOwner& owner, const float* file, float* destination) {
    // Where the plan has as many numbers as the file, runs leave nothing out.
    if (owner.parameter_count != circuit[owner.vector].parameter_count()) std::memset(destination, 0, static_cast<std::size_t>(owner.parameter_count) * sizeof(float));
    for_each_run(plan, circuit, owner, [&](std::int64_t from, std::int64_t to, std::int64_t length) {
        std::memcpy(destination + to, file + from, static_cast<std::size_t>(length) * sizeof(float));
    });
}

void sum_from_plan(const Plan& plan, const Circuit& circuit, const PlanOwner& owner, const float* source, float* file) {
    for_each_run(plan, circuit, owner, [&](std::int64_t to, std::int64_t from, std::int64_t length) {
        std::memcpy(file + to, source + from, static_cast<std::size_t>(length) * sizeof(float));
    });
}

// [nodes, columns] → [columns][width], and back.
void columns_to_plan(const PlanOwner& owner, std::int64_t columns, const float* file, float* destination) {
    const std::int64_t width = std::int64_t{owner.panels} * panel;
    for (std::int64_t first = 0; first < owner.nodes; first += panel) {     // by panel, so that writes stay within a few cache lines
        const std::int64_t there = std::min<std::int64_t>(panel, owner.nodes - first);
        for (std::int64_t c = 0; c < columns; ++c)
            for (std::int64_t i = 0; i < panel; ++i) destination[c * width + first + i] = i < there ? file[(first + i) * columns + c] : 0;
    }
}

void columns_from_plan(const PlanOwner& owner, std::int64_t columns, const float* source, float* file) {
    const std::int64_t width = std::int64_t{owner.panels} * panel;
    for (std::int64_t first = 0; first < owner.nodes; first += panel)
        for (std::int64_t c = 0; c < columns; ++c)
            for (std::int64_t i = first; i < std::min<std::int64_t>(first + panel, owner.nodes); ++i) file[i * columns + c] = source[c * width + i];
}

}  // namespace

void parameters_to_plan(const Plan& plan, const Circuit& circuit, std::int32_t o, const float* file, float* destination) {
    const PlanOwner& owner = plan.owners[static_cast<std::size_t>(o)];
    const std::int64_t width = std::int64_t{owner.panels} * panel;
    if (owner.kind == OwnerKind::Sum) {
        sum_to_plan(plan, circuit, owner, file, destination);
        return;
    }
    switch (owner.distribution) {
        case DistributionType::Categorical: columns_to_plan(owner, owner.domain, file, destination); return;
        case DistributionType::Bernoulli:
            std::fill(destination, destination + 2 * width, 0.0f);
            for (std::int32_t i = 0; i < owner.nodes; ++i) {
                destination[i] = 1 - file[i];
                destination[width + i] = file[i];
            }
            return;
        case DistributionType::Indicator:
            std::fill(destination, destination + owner.domain * width, 0.0f);
            for (std::int32_t i = 0; i < owner.nodes; ++i) destination[i * width + i] = 1;
            return;
        case DistributionType::Binomial:
        case DistributionType::DiscreteLogistic: {
            const std::int64_t columns = owner.distribution == DistributionType::Binomial ? 1 : 2;
            std::fill(destination, destination + owner.parameter_count, 0.0f);      // the engine fills in the table
            columns_to_plan(owner, columns, file, destination + owner.domain * width);
            return;
        }
        case DistributionType::Gaussian:
            columns_to_plan(owner, 2, file, destination);
            for (std::int64_t i = 0; i < width; ++i) {
                float& deviation = destination[width + i];
                if (i >= owner.nodes) deviation = 1;
                destination[2 * width + i] = i < owner.nodes ? static_cast<float>(-std::log2(static_cast<double>(deviation) * 2.5066282746310002)) : -INFINITY;
            }
            return;
    }
}

void parameters_from_plan(const Plan& plan, const Circuit& circuit, std::int32_t o, const float* source, float* file) {
    const PlanOwner& owner = plan.owners[static_cast<std::size_t>(o)];
    const std::int64_t width = std::int64_t{owner.panels} * panel;
    if (owner.kind == OwnerKind::Sum) {
        sum_from_plan(plan, circuit, owner, source, file);
        return;
    }
    switch (owner.distribution) {
        case DistributionType::Categorical: columns_from_plan(owner, owner.domain, source, file); return;
        case DistributionType::Bernoulli: std::copy_n(source + width, owner.nodes, file); return;
        case DistributionType::Indicator: return;
        case DistributionType::Binomial: std::copy_n(source + owner.domain * width, owner.nodes, file); return;
        case DistributionType::DiscreteLogistic: columns_from_plan(owner, 2, source + owner.domain * width, file); return;
        case DistributionType::Gaussian: columns_from_plan(owner, 2, source, file); return;
    }
}

std::int64_t flow_size(const Plan& plan, const Circuit& circuit, std::int32_t o) {
    const PlanOwner& owner = plan.owners[static_cast<std::size_t>(o)];
    if (owner.kind == OwnerKind::Sum) return circuit[owner.vector].parameter_count();
    return owner.nodes * (owner.kind == OwnerKind::Table ? owner.domain : owner.distribution == DistributionType::Binomial ? 2 : 3);
}

void flows_to_plan(const Plan& plan, const Circuit& circuit, std::int32_t o, const float* file, float* destination) {
    const PlanOwner& owner = plan.owners[static_cast<std::size_t>(o)];
    if (owner.kind == OwnerKind::Sum) {
        sum_to_plan(plan, circuit, owner, file, destination);
    } else if (owner.kind == OwnerKind::Table) {
        columns_to_plan(owner, owner.domain, file, destination);
    } else if (owner.distribution == DistributionType::Binomial) {
        std::fill(destination, destination + owner.flow_count, 0.0f);
        columns_to_plan(owner, 2, file, destination);
    } else {
        std::fill(destination, destination + owner.flow_count, 0.0f);
        columns_to_plan(owner, 3, file, destination);
    }
}

void flows_from_plan(const Plan& plan, const Circuit& circuit, std::int32_t o, const float* source, float* file) {
    const PlanOwner& owner = plan.owners[static_cast<std::size_t>(o)];
    if (owner.kind == OwnerKind::Sum) {
        sum_from_plan(plan, circuit, owner, source, file);
    } else if (owner.kind == OwnerKind::Table) {
        columns_from_plan(owner, owner.domain, source, file);
    } else if (owner.distribution == DistributionType::Binomial) {
        columns_from_plan(owner, 2, source, file);
    } else {
        columns_from_plan(owner, 3, source, file);
    }
}

void node_flows(const Plan& plan, const Circuit& circuit, std::int32_t vector,
                const std::function<void(std::int64_t, std::int64_t, float*)>& read, double* total) {
    const auto nodes = circuit[vector].nodes();
    std::vector<float> sums;
    const auto add = [&](std::int64_t offset) {
        sums.resize(static_cast<std::size_t>(nodes));
        read(offset, nodes, sums.data());
        for (std::int64_t i = 0; i < nodes; ++i) total[i] += sums[static_cast<std::size_t>(i)];
    };
    if (const auto o = plan.operation_of[static_cast<std::size_t>(vector)]; o >= 0) {
        const PlanOperation& operation = plan.operations[static_cast<std::size_t>(o)];
        if (operation.kind != Operation::Sum) {
            add(operation.sums);
            return;
        }
        if (o == plan.root) {
            add(operation.sums + std::int64_t{operation.operand_panels} * panel);
            return;
        }
    }
    for (std::int32_t parent = vector + 1; parent < circuit.size(); ++parent) {
        const Vector& reader = circuit[parent];
        for (std::size_t c = 0; c < reader.children.size(); ++c) {
            if (reader.children[c] != vector) continue;
            if (reader.type == NodeType::Sum) {
                const PlanOperation& operation = plan.operations[static_cast<std::size_t>(plan.operation_of[static_cast<std::size_t>(parent)])];
                add(operation.sums + std::int64_t{plan.segments[static_cast<std::size_t>(operation.segment_begin) + c].first_panel} * panel);
            } else {
                std::vector<double> flows(static_cast<std::size_t>(reader.nodes()), 0.0);
                node_flows(plan, circuit, parent, read, flows.data());
                for (std::int64_t i = 0; i < reader.nodes(); ++i) total[product_reads(reader, circuit[vector], c, i)] += flows[static_cast<std::size_t>(i)];
            }
        }
    }
}

}  // namespace juice
