// Wide sums: the products of sums.cu with bf16 operands, by the tensor cores of whatever GPU (wide.h) or by Hopper's (wide_groups.h).
#include "cuda/coefficients.h"
#include "cuda/kernels.h"
#include "cuda/mend.h"
#include "cuda/pool.h"
#include "cuda/wide.h"
#include "cuda/wide_groups.h"

namespace juice::cuda {

namespace {

// ---- what the three products multiply (as in sums.cu) ----
//
// A step is found out by every thread while the tensor cores wait for it, so all that does not change from step to step is kept.

__device__ const Bf16* shadow_of(const Run& run, const PlanOperation& operation) { return run.weights16 + run.owners[operation.owner].shadow; }

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
        rows = static_cast<std::int32_t>(run.rows16 - first_row);
        nodes = tile.panels * static_cast<std::int32_t>(panel);
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (at.left == 0) {
            if (block == end) return false;
            at = {elements + block->in_panel * stride, weights + block->weights, stride, std::int64_t{block->out_panels} * panel * panel, block->in_panels};
            ++block;
        }
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
        rows = static_cast<std::int32_t>(run.rows16 - first_row);
        panels = tile.panels;
        panel_in_run = block == end ? 0 : tile.panel - blocks[*block].in_panel;
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (at.left == 0) {
            if (block == end) return false;
            const PlanBlock& piece = blocks[*block++];
            weight_stride = std::int64_t{piece.out_panels} * panel * panel;
            at = {gradients + piece.out_panel * stride, weights + piece.weights + panel_in_run * weight_stride, stride, panel * panel, piece.out_panels};
        }
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

// ---- the same of gathered tiles: where every panel lies is found out beforehand, by a thread each ----

inline constexpr int most_gathered = 256;
static_assert(most_gathered <= block_threads);

// Entry (block, panel of it) of a tile's list.
__device__ const PlanBlock& gathered_block(const Run& run, const PlanTile& tile, int entry, std::int32_t& panel_of_block) {
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
        rows = static_cast<std::int32_t>(run.rows16 - first_row);
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
        rows = static_cast<std::int32_t>(run.rows16 - first_row);
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

struct GatheredParameterSteps {
    static constexpr bool a_along = false, b_along = false;
    static constexpr Gathered a_gathered = Gathered::None, b_gathered = Gathered::Panels;
    const Run& run;
    const std::int32_t *use, *end;
    const std::int64_t* places;
    std::int32_t out_panel, panels, columns;
    WideRun at{};

    __device__ GatheredParameterSteps(const Run& of, const PlanTile& tile) : run(of) {
        JUICE_SHARED(std::int64_t, elements_at, wide_panels);
        const PlanOwner& owner = run.owners[tile.target];
        use = run.uses + owner.use_begin;
        end = run.uses + owner.use_end;
        out_panel = run.blocks[tile.begin].out_panel + tile.panel;
        panels = tile.panels;
        columns = tile.in_panels;
        if (const auto thread = static_cast<int>(threadIdx.x); thread < columns) {
            std::int32_t q;
            const PlanBlock& block = gathered_block(run, tile, thread, q);
            elements_at[thread] = (block.in_panel + q) * run.stride;
        }
        places = elements_at;
        __syncthreads();
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (at.left == 0) {
            if (use == end) return false;
            const PlanOperation& operation = run.operations[*use++];
            at = {run.gradients16 + value_place(run, operation, 0) + out_panel * run.stride, run.elements16 + operand_place(run, operation, 0), panel, panel, run.rows16};
        }
        a = {at.a, run.stride, 0, panels, nullptr};
        b = {at.b, 0, 0, columns, places};
        a.lines = b.lines = at.take(wide_step);
        return true;
    }
};

// ---- what becomes of the products: Place says which entries of the tile a thread has ----

// A thread's pairs of a line lie in every panel's half, one after the other: pair n stands so far behind pair 0. Of bf16 numbers the halves of some lines have
// changed places (numbers.h); tiles begin at whole eights of lines.
__device__ std::int64_t to_pair_of(int n, std::int64_t stride) { return n / 2 * stride + n % 2 * 8; }
__device__ std::int64_t to_swapped_pair_of(int line, int n, std::int64_t stride) { return n / 2 * stride + ((n % 2 * 8) ^ (line & 4) * 2); }

// Whether one of the thread's values is low.
template <class Place>
__device__ bool keep_values(const Run& run, const PlanTile& tile, std::int64_t first_row, const Place& mine, const typename Place::Sums& acc) {
    const PlanOperation& operation = run.operations[tile.target];
    float* const values = run.values + value_place(run, operation, first_row) + tile.panel * run.stride + at(run, mine.column_at(0));
    const auto columns = static_cast<int>(tile.panels * panel), nodes = static_cast<int>(operation.nodes - tile.panel * panel);
    bool any = false;
#pragma unroll
    for (int m = 0; m < Place::lines; ++m) {
        const std::int64_t row = first_row + mine.line_at(m);
        if (row >= run.rows16) continue;
        bool low = false;
#pragma unroll
        for (int n = 0; n < Place::pairs; ++n) {
            const int column = mine.column_at(n);
            if (column >= columns) continue;
            const float2 pair = mine.pair(acc, m, n);
            *reinterpret_cast<float2*>(values + mine.line_at(m) * panel + to_pair_of(n, run.stride)) = pair;
            low = low || (column < nodes && pair.x < lowest_value) || (column + 1 < nodes && pair.y < lowest_value);
        }
        if (low) run.suspects[std::int64_t{tile.target} * run.rows16 + row] = 1;
        any = any || low;
    }
    return any;
}

template <class Place>
__device__ void keep_operand_flows(const Run& run, const PlanTile& tile, std::int64_t first_row, const Place& mine, const typename Place::Sums& acc) {
    const std::int64_t place = operand_place(run, run.operations[tile.target], first_row) + tile.panel * run.stride + at(run, mine.column_at(0));
    const Bf16* const all_elements = run.elements16 + place;
    float* const flows = run.element_flows + place;
    const auto columns = static_cast<int>(tile.panels * panel);
    unsigned elements[Place::lines][Place::pairs];          // all under way before the first is needed
    const auto for_each = [&](auto work) {
#pragma unroll
        for (int m = 0; m < Place::lines; ++m) {
            if (first_row + mine.line_at(m) >= run.rows16) continue;
#pragma unroll
            for (int n = 0; n < Place::pairs; ++n)
                if (mine.column_at(n) < columns) work(m, n);
        }
    };
    for_each([&](int m, int n) { elements[m][n] = *reinterpret_cast<const unsigned*>(all_elements + mine.line_at(m) * panel + to_swapped_pair_of(mine.line_at(m), n, run.stride)); });
    for_each([&](int m, int n) {
        const float2 element = from_pair(elements[m][n]), sum = mine.pair(acc, m, n);
        *reinterpret_cast<float2*>(flows + mine.line_at(m) * panel + to_pair_of(n, run.stride)) = make_float2(sum.x * element.x, sum.y * element.y);
    });
}

// Where a tile's weights lie, from the owner's first: of its nodes, a panel of the operand after the other, or where its list says.
template <bool gathered>
struct ParameterPlaces {
    std::int64_t first, stride;
    const std::int64_t* places;

    __device__ ParameterPlaces(const Run& run, const PlanTile& tile) {
        const PlanBlock& block = run.blocks[tile.begin];
        stride = std::int64_t{block.out_panels} * panel * panel;
        first = block.weights + tile.in_panel * stride + tile.panel * panel * panel;
        if constexpr (gathered) {
            JUICE_SHARED(std::int64_t, panel_places, wide_panels);
            if (const auto thread = static_cast<int>(threadIdx.x); thread < tile.in_panels) {
                std::int32_t q;
                const PlanBlock& own = gathered_block(run, tile, thread, q);
                panel_places[thread] = own.weights + (std::int64_t{q} * own.out_panels + tile.panel) * panel * panel;
            }
            places = panel_places;
            __syncthreads();
        }
    }
    __device__ std::int64_t panel_at(int q) const {
        if constexpr (gathered) return places[q];
        else return first + q * stride;
    }
    // Where pair n of a thread's line lies, whose pair 0 is at `column`; in the bf16 copies, or elsewhere.
    template <bool swapped>
    __device__ std::int64_t at(int line, int column, int n) const {
        const int half = column % static_cast<int>(panel) + ((n % 2 * 8) ^ (swapped ? (line & 4) * 2 : 0)), q = column / static_cast<int>(panel);
        if constexpr (gathered) return places[q + n / 2] + line * panel + half;
        else return first + q * stride + line * panel + half + n / 2 * stride;
    }
};

// An edge's flow is that of the bf16 weight: so a node's add up to the flow that its gradients had with the values, whatever rounding has done to either.
template <class Place, class Places>
__device__ void keep_parameter_flows(const Run& run, const PlanTile& tile, const Places& places, const EmCoefficients& em, const Pass& pass, const Place& mine,
                                     const typename Place::Sums& acc) {
    const PlanOwner& owner = run.owners[tile.target];
    const PlanBlock& block = run.blocks[tile.begin];
    const bool in_place = updates_at_once(owner, tile.target, em, pass);
    const std::int64_t coefficients = owner.first_node + (block.out_panel + tile.panel) * panel;
    Bf16* const shadows = run.weights16 + owner.shadow;
    float* const numbers = in_place ? run.parameters + owner.parameters : run.flows + owner.flows;
    const auto lines = static_cast<int>(tile.panels * panel), columns = static_cast<int>(tile.in_panels * panel);
    constexpr int pairs = Place::pairs < 8 ? Place::pairs : 8;      // under way at once
    static_assert(Place::pairs % pairs == 0);
#pragma unroll
    for (int m = 0; m < Place::lines; ++m) {
        const int line = mine.line_at(m);
        if (line >= lines) continue;
        const Em own = in_place ? Em{em.keep[coefficients + line], em.gain[coefficients + line], em.share[coefficients + line]} : Em{};
#pragma unroll
        for (int begin = 0; begin < Place::pairs; begin += pairs) {
            unsigned rounded[pairs] = {};
            float2 old[pairs] = {};
#pragma unroll
            for (int n = 0; n < pairs; ++n) {
                const int column = mine.column_at(begin + n);
                if (column >= columns) continue;
                rounded[n] = *reinterpret_cast<const unsigned*>(shadows + places.template at<true>(line, mine.column_at(0), begin + n));
                if (in_place || pass.add) old[n] = *reinterpret_cast<const float2*>(numbers + places.template at<false>(line, mine.column_at(0), begin + n));
            }
#pragma unroll
            for (int n = 0; n < pairs; ++n) {
                const int column = mine.column_at(begin + n);
                if (column >= columns) continue;
                const float2 shadow = from_pair(rounded[n]), product = mine.pair(acc, m, begin + n), sum = make_float2(shadow.x * product.x, shadow.y * product.y);
                auto* to = reinterpret_cast<float2*>(numbers + places.template at<false>(line, mine.column_at(0), begin + n));
                if (in_place) {
                    const float2 next = make_float2(em_weight(old[n].x, sum.x, own), em_weight(old[n].y, sum.y, own));
                    *to = next;
                    *reinterpret_cast<unsigned*>(shadows + places.template at<true>(line, mine.column_at(0), begin + n)) = to_pair(next.x, next.y);
                } else {
                    *to = make_float2(old[n].x + sum.x, old[n].y + sum.y);
                }
            }
        }
    }
}

// Asks for what keep_parameter_flows will read into the second-level cache, while there is something to multiply.
template <class Places>
__device__ void ask_for_parameters(const Run& run, const PlanTile& tile, const Places& places, const EmCoefficients& em, const Pass& pass) {
    const PlanOwner& owner = run.owners[tile.target];
    const auto q = static_cast<int>(threadIdx.x) / 2;
    if (q >= tile.in_panels) return;
    const auto numbers = static_cast<unsigned>(tile.panels * panel * panel);
    if (threadIdx.x % 2 == 0) prefetch_bulk(run.weights16 + owner.shadow + places.panel_at(q), numbers * 2);
    else if (pass.add || updates_at_once(owner, tile.target, em, pass)) prefetch_bulk((pass.add ? run.flows + owner.flows : run.parameters + owner.parameters) + places.panel_at(q), numbers * 4);
}

// Multiplies by warps, 32 · fragments lines, or by groups, so many lines and columns.
template <int fragments_>
struct ByWarps {
    static constexpr int fragments = fragments_, lines = fragments * 32;
    using Place = WidePlace<fragments>;
    template <class Steps>
    static constexpr int bytes = wide_bytes<Steps, fragments>;
    template <bool in_chain, class Steps>
    __device__ static void multiply(Steps& steps, int columns, typename Place::Sums& acc) {
        multiply_wide<in_chain>(steps, columns, acc);
    }
};
template <int lines_, int columns>
struct ByGroups {
    static constexpr int lines = lines_;
    using Place = GroupPlace<lines, columns>;
    template <class Steps>
    static constexpr int bytes = group_bytes<lines, columns>;
    template <bool in_chain, class Steps>
    __device__ static void multiply(Steps& steps, int, typename Place::Sums& acc) {
        multiply_in_groups<in_chain, lines, columns>(steps, acc);
    }
};

// ---- kernels ----

// What a thread block has to do: a tile for as many rows. Blocks over the rows come one after the other, so that a tile's weights are read from memory once.
template <class By>
__host__ __device__ std::int32_t rows_of_blocks(const Run& run) {
    return (run.rows16 + By::lines - 1) / By::lines;
}
template <class By>
struct WideTask {
    PlanTile tile;
    std::int64_t first_row;

    __device__ WideTask(const Run& run, std::int32_t first) {
        const auto blocks = rows_of_blocks<By>(run), number = static_cast<std::int32_t>(blockIdx.x);
        tile = run.tiles[first + number / blocks];
        first_row = std::int64_t{number % blocks} * By::lines;
    }
    template <class Steps>
    __device__ void multiply(const Run& run, typename By::Place::Sums& acc) const {
        Steps steps(run, tile, first_row);
        By::template multiply<true>(steps, tile.panels * static_cast<int>(panel), acc);
    }
    // work(number) for the tiles of 64 rows.
    template <class Work>
    __device__ void for_each_row_tile(const Run& run, Work work) const {
        for (std::int64_t row = first_row; row < first_row + By::lines && row < run.rows16; row += rows_a_tile) work(row / rows_a_tile);
    }
};

template <class By, class Steps>
__global__ void __launch_bounds__(block_threads, 2) wide_values_kernel(const Run run, std::int32_t first) {
    begin_early();
    const WideTask<By> task(run, first);
    typename By::Place::Sums acc = {};
    task.template multiply<Steps>(run, acc);
    const bool low = keep_values(run, task.tile, task.first_row, typename By::Place(), acc);
    task.for_each_row_tile(run, [&](std::int64_t row_tile) { values_done(run, task.tile.target, row_tile, run.operations[task.tile.target].value_tiles, low); });
}

template <class By, class Steps>
__global__ void __launch_bounds__(block_threads, 2) wide_operand_kernel(const Run run, std::int32_t first) {
    begin_early();
    const WideTask<By> task(run, first);
    typename By::Place::Sums acc = {};
    task.template multiply<Steps>(run, acc);
    keep_operand_flows(run, task.tile, task.first_row, typename By::Place(), acc);
    task.for_each_row_tile(run, [&](std::int64_t row_tile) { operand_done(run, task.tile.target, row_tile, run.operations[task.tile.target].operand_tiles); });
}

template <class By, class Steps>
__global__ void __launch_bounds__(block_threads, 2) wide_parameters_kernel(const Run run, std::int32_t first, const EmCoefficients em, const Pass pass) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    typename By::Place::Sums acc = {};
    Steps steps(run, tile);
    const ParameterPlaces<Steps::b_gathered != Gathered::None> places(run, tile);
    ask_for_parameters(run, tile, places, em, pass);
    By::template multiply<false>(steps, tile.in_panels * static_cast<int>(panel), acc);
    keep_parameter_flows(run, tile, places, em, pass, typename By::Place(), acc);
}

using Warps = ByWarps<2>;           // 64 lines
using LargeWarps = ByWarps<4>;      // 128
using Groups = ByGroups<64, 128>;
using LargeGroups = ByGroups<128, 128>;
using NarrowGroups = ByGroups<128, 64>;
static_assert(Warps::lines == rows_a_tile && LargeWarps::lines == wide_columns);

// launch(By) for what multiplies best where a launch has so many tiles of at most so many panels.
template <class Launch>
void with_tiles(const Run& run, std::int32_t tiles, std::int32_t panels, Launch launch) {
    if (tiles == 0) return;
    if (!run.groups) return launch(Warps());
    const TileShape shape = tile_shape(tiles, panels, run.rows16, run.multiprocessors);
    if (shape.columns < wide_columns) launch(NarrowGroups());
    else if (shape.lines == rows_a_tile) launch(Groups());
    else launch(LargeGroups());
}

// Tiles from `begin` on, each for all rows.
template <class By, class Kernel>
void launch_over_rows(const Run& run, Kernel kernel, int bytes, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    const dim3 grid(static_cast<unsigned>((end - begin) * rows_of_blocks<By>(run)));
    JUICE_LAUNCH_IN_CHAIN(kernel, grid, dim3(block_threads), static_cast<std::size_t>(bytes), stream, run, begin);
}

}  // namespace

// ---- launchers ----

void prepare_wide_sums([[maybe_unused]] bool groups) {
#if !defined(JUICE_CUDA_EMULATION)
    const auto ask = [](auto by) {
        using By = decltype(by);
        ask_for_pool(By::template bytes<WideValueSteps>, wide_values_kernel<By, WideValueSteps>, wide_values_kernel<By, GatheredValueSteps>);
        ask_for_pool(By::template bytes<WideOperandSteps>, wide_operand_kernel<By, WideOperandSteps>, wide_operand_kernel<By, GatheredOperandSteps>);
    };
    const auto ask_for_parameters = [](auto by) {
        using By = decltype(by);
        ask_for_pool(By::template bytes<WideParameterSteps>, wide_parameters_kernel<By, WideParameterSteps>, wide_parameters_kernel<By, GatheredParameterSteps>);
    };
    ask(Warps());
    ask_for_parameters(LargeWarps());
    if (!groups) return;
    ask(NarrowGroups());
    ask(Groups());
    ask(LargeGroups());
    ask_for_parameters(Groups());
    ask_for_parameters(LargeGroups());
#endif
}

void wide_values(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    with_tiles(run, stage.value_gathered - stage.value_begin, stage.value_panels, [&](auto by) {
        using By = decltype(by);
        launch_over_rows<By>(run, wide_values_kernel<By, WideValueSteps>, By::template bytes<WideValueSteps>, stage.value_begin, stage.value_gathered, stream);
    });
    with_tiles(run, stage.value_wide - stage.value_gathered, tile_panels, [&](auto by) {
        using By = decltype(by);
        launch_over_rows<By>(run, wide_values_kernel<By, GatheredValueSteps>, By::template bytes<GatheredValueSteps>, stage.value_gathered, stage.value_wide, stream);
    });
}

void wide_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    with_tiles(run, stage.operand_gathered - stage.operand_begin, stage.operand_panels, [&](auto by) {
        using By = decltype(by);
        launch_over_rows<By>(run, wide_operand_kernel<By, WideOperandSteps>, By::template bytes<WideOperandSteps>, stage.operand_begin, stage.operand_gathered, stream);
    });
    with_tiles(run, stage.operand_wide - stage.operand_gathered, tile_panels, [&](auto by) {
        using By = decltype(by);
        launch_over_rows<By>(run, wide_operand_kernel<By, GatheredOperandSteps>, By::template bytes<GatheredOperandSteps>, stage.operand_gathered, stage.operand_wide, stream);
    });
}

void wide_parameter_flows(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    const auto launch = [&](auto kernel, int bytes, std::int32_t begin, std::int32_t end) { launch_with_pool(kernel, begin, end, bytes, stream, run, em, pass); };
    const auto launch_all = [&](auto by, auto gathered_by) {
        using By = decltype(by);
        using GatheredBy = decltype(gathered_by);
        launch(wide_parameters_kernel<By, WideParameterSteps>, By::template bytes<WideParameterSteps>, totals.parameter_begin, totals.parameter_gathered);
        launch(wide_parameters_kernel<GatheredBy, GatheredParameterSteps>, GatheredBy::template bytes<GatheredParameterSteps>, totals.parameter_gathered, totals.parameter_wide);
    };
    if (!run.groups) launch_all(LargeWarps(), LargeWarps());
    else if (totals.parameter_panels <= tile_panels) launch_all(Groups(), Groups());
    else launch_all(LargeGroups(), Groups());
}

}  // namespace juice::cuda
