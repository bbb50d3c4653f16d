// What the three products of a wide tile multiply, step by step (as in sums.cu). A step may be found out while the tensor cores wait for it, so all that
// does not change from step to step is kept.
#pragma once

#include "cuda/wide.h"

namespace juice::cuda {

__device__ inline const Bf16* shadow_of(const Run& run, const PlanOperation& operation) { return run.weights16 + run.owners[operation.owner].shadow; }

// Where the next step of a run of steps lies, and how much of the run is left: panels along the sum, or rows.
struct WideRun {
    const Bf16 *a, *b;
    std::int64_t a_hop, b_hop;          // to what is `1` further on
    std::int32_t left;

    __device__ std::int32_t take(std::int32_t most) {
        const std::int32_t count = left < most ? left : most;
        a += count * a_hop;
        b += count * b_hop;
        left -= count;
        return count;
    }
};

// Steps of a run of so many panels along the sum.
__device__ inline std::int32_t steps_of(std::int32_t panels) { return (panels + wide_step_panels - 1) / wide_step_panels; }

// Rows that are left.
__device__ inline std::int32_t rows_from(const Run& run, std::int64_t first_row) { return first_row < run.rows16 ? static_cast<std::int32_t>(run.rows16 - first_row) : 0; }

struct WideValueSteps {
    static constexpr bool a_along = true, b_along = true;
    static constexpr Gathered a_gathered = Gathered::None, b_gathered = Gathered::None;
    const PlanBlock *block, *end;
    const Bf16 *elements, *weights;     // of the tile's rows; of its nodes in the first block
    std::int64_t stride;
    std::int32_t rows, nodes;
    WideRun at{};

    __device__ WideValueSteps(const Run& run, const PlanTile& tile, std::int64_t first_row) {
        const PlanOperation& operation = run.operations[tile.target];
        block = run.blocks + tile.begin;
        end = run.blocks + tile.end;
        elements = run.elements16 + operand_place(run, operation, first_row);
        weights = shadow_of(run, operation) + (tile.panel - block->out_panel) * panel * panel;
        stride = run.stride;
        rows = rows_from(run, first_row);
        nodes = tile.panels * static_cast<std::int32_t>(panel);
    }
    // So many steps; and, while a run of them is left, on to the next.
    __device__ std::int32_t count() const {
        std::int32_t steps = 0;
        for (const PlanBlock* b = block; b != end; ++b) steps += steps_of(b->in_panels);
        return steps;
    }
    __device__ bool begin_run() {
        if (block == end) return false;
        at = {elements + block->in_panel * stride, weights + block->weights, stride, std::int64_t{block->out_panels} * panel * panel, block->in_panels};
        ++block;
        return true;
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (at.left == 0 && !begin_run()) return false;
        a = {at.a, stride, rows, 0, nullptr};
        b = {at.b, at.b_hop, nodes, 0, nullptr};
        a.panels = b.panels = at.take(wide_step_panels);
        return true;
    }
};

struct WideOperandSteps {
    static constexpr bool a_along = true, b_along = false;
    static constexpr Gathered a_gathered = Gathered::None, b_gathered = Gathered::None;
    const PlanBlock* blocks;
    const std::int32_t *block, *end;    // numbers of blocks
    const Bf16 *gradients, *weights;
    std::int64_t stride, weight_stride;
    std::int32_t rows, panels, panel_in_run;
    WideRun at{};

    __device__ WideOperandSteps(const Run& run, const PlanTile& tile, std::int64_t first_row) {
        const PlanOperation& operation = run.operations[tile.target];
        blocks = run.blocks;
        block = run.maps + operation.block_by_in + tile.begin;
        end = run.maps + operation.block_by_in + tile.end;
        gradients = run.gradients16 + value_place(run, operation, first_row);
        weights = shadow_of(run, operation);
        stride = run.stride;
        weight_stride = 0;
        rows = rows_from(run, first_row);
        panels = tile.panels;
        panel_in_run = block == end ? 0 : tile.panel - blocks[*block].in_panel;
    }
    __device__ std::int32_t count() const {
        std::int32_t steps = 0;
        for (const std::int32_t* b = block; b != end; ++b) steps += steps_of(blocks[*b].out_panels);
        return steps;
    }
    __device__ bool begin_run() {
        if (block == end) return false;
        const PlanBlock& piece = blocks[*block++];
        weight_stride = std::int64_t{piece.out_panels} * panel * panel;
        at = {gradients + piece.out_panel * stride, weights + piece.weights + panel_in_run * weight_stride, stride, panel * panel, piece.out_panels};
        return true;
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (at.left == 0 && !begin_run()) return false;
        a = {at.a, stride, rows, 0, nullptr};
        b = {at.b, weight_stride, 0, panels, nullptr};
        a.panels = at.take(wide_step_panels);
        b.lines = a.panels * static_cast<std::int32_t>(panel);
        return true;
    }
};

struct WideParameterSteps {
    static constexpr bool a_along = false, b_along = false;
    static constexpr Gathered a_gathered = Gathered::None, b_gathered = Gathered::None;
    const Run& run;
    const std::int32_t *use, *end;
    std::int64_t stride;
    std::int32_t out_panel, panels, in_panel, in_panels;
    WideRun at{};

    __device__ WideParameterSteps(const Run& of, const PlanTile& tile) : run(of) {
        const PlanOwner& owner = run.owners[tile.target];
        const PlanBlock& block = run.blocks[tile.begin];
        use = run.uses + owner.use_begin;
        end = run.uses + owner.use_end;
        stride = run.stride;
        out_panel = block.out_panel + tile.panel;
        panels = tile.panels;
        in_panel = block.in_panel + tile.in_panel;
        in_panels = tile.in_panels;
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (at.left == 0) {
            if (use == end) return false;
            const PlanOperation& operation = run.operations[*use++];
            at = {run.gradients16 + value_place(run, operation, 0) + out_panel * stride, run.elements16 + operand_place(run, operation, 0) + in_panel * stride, panel, panel, run.rows16};
        }
        a = {at.a, stride, 0, panels, nullptr};
        b = {at.b, stride, 0, in_panels, nullptr};
        a.lines = b.lines = at.take(wide_step);
        return true;
    }
};

}  // namespace juice::cuda
