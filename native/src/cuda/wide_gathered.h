// The steps of gathered tiles (wide_steps.h has the others'): where every panel lies is found out beforehand, by a thread each.
#pragma once

#include "cuda/wide_steps.h"

namespace juice::cuda {

inline constexpr int most_gathered = 256;
static_assert(most_gathered <= block_threads);

// Entry (block, panel of it) of a tile's list.
__device__ inline const PlanBlock& gathered_block(const Run& run, const PlanTile& tile, int entry, std::int32_t& panel_of_block) {
    const std::int32_t* list = run.maps + tile.in_panel + 2 * entry;
    panel_of_block = list[1];
    return run.blocks[list[0]];
}

struct GatheredValueSteps {
    static constexpr bool a_along = true, b_along = true;
    static constexpr Gathered a_gathered = Gathered::Panels, b_gathered = Gathered::Panels;
    const Bf16 *elements, *weights;
    const std::int64_t *a_places, *b_places;
    std::int32_t rows, nodes, next_panel = 0, panels;

    __device__ GatheredValueSteps(const Run& run, const PlanTile& tile, std::int64_t first_row) {
        JUICE_SHARED(std::int64_t, elements_at, most_gathered);
        JUICE_SHARED(std::int64_t, weights_at, most_gathered);
        const PlanOperation& operation = run.operations[tile.target];
        panels = tile.in_panels;
        if (const auto thread = static_cast<int>(threadIdx.x); thread < panels) {
            std::int32_t q;
            const PlanBlock& block = gathered_block(run, tile, thread, q);
            elements_at[thread] = (block.in_panel + q) * run.stride;
            weights_at[thread] = block.weights + (std::int64_t{q} * block.out_panels + tile.panel - block.out_panel) * panel * panel;
        }
        a_places = elements_at;
        b_places = weights_at;
        elements = run.elements16 + operand_place(run, operation, first_row);
        weights = shadow_of(run, operation);
        rows = rows_from(run, first_row);
        nodes = tile.panels * static_cast<std::int32_t>(panel);
        __syncthreads();
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (next_panel == panels) return false;
        const std::int32_t count = panels - next_panel < wide_step_panels ? panels - next_panel : wide_step_panels;
        a = {elements, 0, rows, count, a_places + next_panel};
        b = {weights, 0, nodes, count, b_places + next_panel};
        next_panel += count;
        return true;
    }
};

struct GatheredOperandSteps {
    static constexpr bool a_along = true, b_along = false;
    static constexpr Gathered a_gathered = Gathered::Panels, b_gathered = Gathered::Lines;
    const Bf16 *gradients, *weights;
    const std::int64_t *a_places, *b_places;
    std::int64_t weight_stride;             // blocks of a sum have as many nodes each
    std::int32_t rows, positions, next_panel = 0, panels;

    __device__ GatheredOperandSteps(const Run& run, const PlanTile& tile, std::int64_t first_row) {
        JUICE_SHARED(std::int64_t, gradients_at, most_gathered);
        JUICE_SHARED(std::int64_t, weights_at, most_gathered);
        const PlanOperation& operation = run.operations[tile.target];
        panels = tile.in_panels;
        weight_stride = std::int64_t{run.blocks[operation.block_begin].out_panels} * panel * panel;
        if (const auto thread = static_cast<int>(threadIdx.x); thread < panels) {
            std::int32_t p;
            const PlanBlock& block = gathered_block(run, tile, thread, p);
            gradients_at[thread] = (block.out_panel + p) * run.stride;
            weights_at[thread] = block.weights + (std::int64_t{tile.panel - block.in_panel} * block.out_panels + p) * panel * panel;
        }
        a_places = gradients_at;
        b_places = weights_at;
        gradients = run.gradients16 + value_place(run, operation, first_row);
        weights = shadow_of(run, operation);
        rows = rows_from(run, first_row);
        positions = tile.panels;
        __syncthreads();
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (next_panel == panels) return false;
        const std::int32_t count = panels - next_panel < wide_step_panels ? panels - next_panel : wide_step_panels;
        a = {gradients, 0, rows, count, a_places + next_panel};
        b = {weights, weight_stride, count * static_cast<std::int32_t>(panel), positions, b_places + next_panel};
        next_panel += count;
        return true;
    }
};

// A gathered piece of parameters: so many panels of nodes, in rows of blocks from anywhere (PlanTile's begin and end), by panels of the operand from anywhere. Its list
// has the number of each of these, and where every row of blocks has its weights for it.
struct GatheredPiece {
    const std::int32_t *list, *nodes;
    int columns, rows, height;          // panels of the operand; rows of blocks, and panels of nodes in each

    __device__ GatheredPiece(const Run& run, const PlanTile& tile)
        : list(run.maps + tile.in_panel), nodes(run.maps + tile.begin), columns(tile.in_panels), rows(tile.end - tile.begin), height(tile.panels / rows) {}
    __device__ std::int32_t operand_panel(int q) const { return list[q * (1 + rows)]; }
    __device__ std::int32_t node_panel(int p) const { return nodes[p / height] + p % height; }
    // In panels of panel · panel weights from the owner's first; negative: there are none.
    __device__ std::int32_t row_at(int q, int row) const { return list[q * (1 + rows) + 1 + row]; }
    __device__ std::int32_t panel_at(int q, int p) const {
        const std::int32_t at = row_at(q, p / height);
        return at < 0 ? at : at + p % height;
    }
};

// Half `half` of a piece's columns, of which there may be none.
template <bool gathered>
__device__ PlanTile half_piece(PlanTile tile, int half) {
    tile.in_panel += half * wide_panels * (gathered ? 1 + tile.end - tile.begin : 1);
    tile.in_panels -= half * wide_panels;
    if (tile.in_panels > wide_panels) tile.in_panels = wide_panels;
    return tile;
}

struct GatheredParameterSteps {
    static constexpr bool a_along = false, b_along = false;
    static constexpr Gathered a_gathered = Gathered::Panels, b_gathered = Gathered::Panels;
    const Run& run;
    const std::int32_t *use, *end;
    const std::int64_t *a_places, *b_places;
    std::int32_t panels, columns;
    WideRun at{};

    __device__ GatheredParameterSteps(const Run& of, const PlanTile& tile) : run(of) {
        JUICE_SHARED(std::int64_t, gradients_at, wide_panels);
        JUICE_SHARED(std::int64_t, elements_at, wide_panels);
        const PlanOwner& owner = run.owners[tile.target];
        use = run.uses + owner.use_begin;
        end = run.uses + owner.use_end;
        panels = tile.panels;
        columns = tile.in_panels;
        const GatheredPiece piece(run, tile);
        const auto thread = static_cast<int>(threadIdx.x);
        if (thread < panels) gradients_at[thread] = piece.node_panel(thread) * run.stride;
        if (thread < columns) elements_at[thread] = piece.operand_panel(thread) * run.stride;
        a_places = gradients_at;
        b_places = elements_at;
        __syncthreads();
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (at.left == 0) {
            if (use == end) return false;
            const PlanOperation& operation = run.operations[*use++];
            at = {run.gradients16 + value_place(run, operation, 0), run.elements16 + operand_place(run, operation, 0), panel, panel, run.rows16};
        }
        a = {at.a, 0, 0, panels, a_places};
        b = {at.b, 0, 0, columns, b_places};
        a.lines = b.lines = at.take(wide_step);
        return true;
    }
};

}  // namespace juice::cuda
