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
        a = {at.a, stride, rows, 0};
        b = {at.b, at.b_hop, nodes, 0};
        a.panels = b.panels = at.take(wide_step_panels);
        return true;
    }
};

struct WideOperandSteps {
    static constexpr bool a_along = true, b_along = false;
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
        a = {at.a, stride, rows, 0};
        b = {at.b, weight_stride, 0, panels};
        a.panels = at.take(wide_step_panels);
        b.lines = a.panels * static_cast<std::int32_t>(panel);
        return true;
    }
};

struct WideParameterSteps {
    static constexpr bool a_along = false, b_along = false;
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
        a = {at.a, stride, 0, panels};
        b = {at.b, stride, 0, in_panels};
        a.lines = b.lines = at.take(wide_step);
        return true;
    }
};

// ---- what becomes of the products: Place says which entries of the tile a thread has ----

// Whether one of the thread's values is low.
template <class Place>
__device__ bool keep_values(const Run& run, const PlanTile& tile, std::int64_t first_row, const Place& mine, const typename Place::Sums& acc) {
    const PlanOperation& operation = run.operations[tile.target];
    const std::int64_t place = value_place(run, operation, first_row) + tile.panel * run.stride;
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
            const float2 values = mine.pair(acc, m, n);
            *reinterpret_cast<float2*>(run.values + place + mine.line_at(m) * panel + at(run, column)) = values;
            low = low || (column < nodes && values.x < lowest_value) || (column + 1 < nodes && values.y < lowest_value);
        }
        if (low) run.suspects[std::int64_t{tile.target} * run.rows16 + row] = 1;
        any = any || low;
    }
    return any;
}

template <class Place>
__device__ void keep_operand_flows(const Run& run, const PlanTile& tile, std::int64_t first_row, const Place& mine, const typename Place::Sums& acc) {
    const std::int64_t place = operand_place(run, run.operations[tile.target], first_row) + tile.panel * run.stride;
    const auto columns = static_cast<int>(tile.panels * panel);
#pragma unroll
    for (int m = 0; m < Place::lines; ++m) {
        if (first_row + mine.line_at(m) >= run.rows16) continue;
        const std::int64_t line = place + mine.line_at(m) * panel;
        unsigned elements[Place::pairs];        // all under way before the first is needed
#pragma unroll
        for (int n = 0; n < Place::pairs; ++n) {
            const int column = mine.column_at(n);
            elements[n] = column < columns ? *reinterpret_cast<const unsigned*>(run.elements16 + swapped(line + at(run, column))) : 0;
        }
#pragma unroll
        for (int n = 0; n < Place::pairs; ++n) {
            const int column = mine.column_at(n);
            if (column >= columns) continue;
            const float2 element = from_pair(elements[n]), sum = mine.pair(acc, m, n);
            *reinterpret_cast<float2*>(run.element_flows + line + at(run, column)) = make_float2(sum.x * element.x, sum.y * element.y);
        }
    }
}

// An edge's flow is that of the bf16 weight: so a node's add up to the flow that its gradients had with the values, whatever rounding has done to either.
template <class Place>
__device__ void keep_parameter_flows(const Run& run, const PlanTile& tile, const EmCoefficients& em, const Pass& pass, const Place& mine, const typename Place::Sums& acc) {
    const PlanOwner& owner = run.owners[tile.target];
    const PlanBlock& block = run.blocks[tile.begin];
    const bool in_place = updates_at_once(owner, tile.target, em, pass);
    const std::int64_t stride = std::int64_t{block.out_panels} * panel * panel;
    const std::int64_t first = block.weights + tile.in_panel * stride + tile.panel * panel * panel, coefficients = owner.first_node + (block.out_panel + tile.panel) * panel;
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
        const auto place_of = [&](int column) { return first + column / static_cast<int>(panel) * stride + line * panel + column % static_cast<int>(panel); };
#pragma unroll
        for (int begin = 0; begin < Place::pairs; begin += pairs) {
            unsigned rounded[pairs] = {};
            float2 old[pairs] = {};
#pragma unroll
            for (int n = 0; n < pairs; ++n) {
                const int column = mine.column_at(begin + n);
                if (column >= columns) continue;
                rounded[n] = *reinterpret_cast<const unsigned*>(shadows + swapped(place_of(column)));
                if (in_place || pass.add) old[n] = *reinterpret_cast<const float2*>(numbers + place_of(column));
            }
#pragma unroll
            for (int n = 0; n < pairs; ++n) {
                const int column = mine.column_at(begin + n);
                if (column >= columns) continue;
                const float2 shadow = from_pair(rounded[n]), product = mine.pair(acc, m, begin + n), sum = make_float2(shadow.x * product.x, shadow.y * product.y);
                auto* to = reinterpret_cast<float2*>(numbers + place_of(column));
                if (in_place) {
                    const float2 next = make_float2(em_weight(old[n].x, sum.x, own), em_weight(old[n].y, sum.y, own));
                    *to = next;
                    *reinterpret_cast<unsigned*>(shadows + swapped(place_of(column))) = to_pair(next.x, next.y);
                } else {
                    *to = make_float2(old[n].x + sum.x, old[n].y + sum.y);
                }
            }
        }
    }
}

// Multiplies by warps, 32 · fragments lines, or by groups, so many lines.
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
template <int lines_>
struct ByGroups {
    static constexpr int lines = lines_;
    using Place = GroupPlace<lines>;
    template <class Steps>
    static constexpr int bytes = group_bytes<lines>;
    template <bool in_chain, class Steps>
    __device__ static void multiply(Steps& steps, int, typename Place::Sums& acc) {
        multiply_in_groups<in_chain, lines>(steps, acc);
    }
};

// ---- kernels ----

// Thread blocks over the rows. They come one after the other, so that a tile's weights are read from memory once.
template <class By>
__host__ __device__ std::int32_t rows_of_blocks(const Run& run) {
    return (run.rows16 + By::lines - 1) / By::lines;
}

template <class By>
__global__ void __launch_bounds__(block_threads, 2) wide_values_kernel(const Run run, std::int32_t first) {
    begin_early();
    const auto blocks = rows_of_blocks<By>(run), number = static_cast<std::int32_t>(blockIdx.x);
    const PlanTile tile = run.tiles[first + number / blocks];
    const std::int64_t first_row = std::int64_t{number % blocks} * By::lines;
    typename By::Place::Sums acc = {};
    WideValueSteps steps(run, tile, first_row);
    By::template multiply<true>(steps, tile.panels * static_cast<int>(panel), acc);
    const bool low = keep_values(run, tile, first_row, typename By::Place(), acc);
    for (std::int64_t row = first_row; row < first_row + By::lines && row < run.rows16; row += rows_a_tile)
        values_done(run, tile.target, row / rows_a_tile, run.operations[tile.target].value_tiles, low);
}

template <class By>
__global__ void __launch_bounds__(block_threads, 2) wide_operand_kernel(const Run run, std::int32_t first) {
    begin_early();
    const auto blocks = rows_of_blocks<By>(run), number = static_cast<std::int32_t>(blockIdx.x);
    const PlanTile tile = run.tiles[first + number / blocks];
    const std::int64_t first_row = std::int64_t{number % blocks} * By::lines;
    typename By::Place::Sums acc = {};
    WideOperandSteps steps(run, tile, first_row);
    By::template multiply<true>(steps, tile.panels * static_cast<int>(panel), acc);
    keep_operand_flows(run, tile, first_row, typename By::Place(), acc);
    for (std::int64_t row = first_row; row < first_row + By::lines && row < run.rows16; row += rows_a_tile)
        operand_done(run, tile.target, row / rows_a_tile, run.operations[tile.target].operand_tiles);
}

template <class By>
__global__ void __launch_bounds__(block_threads, 2) wide_parameters_kernel(const Run run, std::int32_t first, const EmCoefficients em, const Pass pass) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    typename By::Place::Sums acc = {};
    WideParameterSteps steps(run, tile);
    By::template multiply<false>(steps, tile.in_panels * static_cast<int>(panel), acc);
    keep_parameter_flows(run, tile, em, pass, typename By::Place(), acc);
}

using Warps = ByWarps<2>;           // 64 lines
using LargeWarps = ByWarps<4>;      // 128
using Groups = ByGroups<64>;
using LargeGroups = ByGroups<128>;
static_assert(Warps::lines == rows_a_tile && LargeWarps::lines == wide_columns);

template <class By>
void launch_values(const Run& run, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    if (begin == end) return;
    const dim3 grid(static_cast<unsigned>((end - begin) * rows_of_blocks<By>(run)));
    JUICE_LAUNCH_IN_CHAIN(wide_values_kernel<By>, grid, dim3(block_threads), std::size_t{By::template bytes<WideValueSteps>}, stream, run, begin);
}
template <class By>
void launch_operand_flows(const Run& run, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    if (begin == end) return;
    const dim3 grid(static_cast<unsigned>((end - begin) * rows_of_blocks<By>(run)));
    JUICE_LAUNCH_IN_CHAIN(wide_operand_kernel<By>, grid, dim3(block_threads), std::size_t{By::template bytes<WideOperandSteps>}, stream, run, begin);
}

}  // namespace

// ---- launchers ----

void prepare_wide_sums([[maybe_unused]] bool groups) {
#if !defined(JUICE_CUDA_EMULATION)
    ask_for_pool(Warps::bytes<WideValueSteps>, wide_values_kernel<Warps>);
    ask_for_pool(Warps::bytes<WideOperandSteps>, wide_operand_kernel<Warps>);
    ask_for_pool(LargeWarps::bytes<WideParameterSteps>, wide_parameters_kernel<LargeWarps>);
    if (!groups) return;
    ask_for_pool(group_bytes<64>, wide_values_kernel<Groups>, wide_operand_kernel<Groups>);
    ask_for_pool(group_bytes<128>, wide_values_kernel<LargeGroups>, wide_operand_kernel<LargeGroups>);
    ask_for_pool(group_bytes<128>, wide_parameters_kernel<LargeGroups>);
#endif
}

void wide_values(const Run& run, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    if (!run.groups) launch_values<Warps>(run, begin, end, stream);
    else if (tile_lines(end - begin, run.rows16, run.multiprocessors) == 64) launch_values<Groups>(run, begin, end, stream);
    else launch_values<LargeGroups>(run, begin, end, stream);
}

void wide_operand_flows(const Run& run, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    if (!run.groups) launch_operand_flows<Warps>(run, begin, end, stream);
    else if (tile_lines(end - begin, run.rows16, run.multiprocessors) == 64) launch_operand_flows<Groups>(run, begin, end, stream);
    else launch_operand_flows<LargeGroups>(run, begin, end, stream);
}

void wide_parameter_flows(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    if (!run.groups) launch_with_pool(wide_parameters_kernel<LargeWarps>, begin, end, LargeWarps::bytes<WideParameterSteps>, stream, run, em, pass);
    else launch_with_pool(wide_parameters_kernel<LargeGroups>, begin, end, group_bytes<128>, stream, run, em, pass);
}

}  // namespace juice::cuda
