// Wide sums: the products of sums.cu with bf16 operands, by the tensor cores of whatever GPU (wide.h) or by Hopper's (wide_groups.h).
#include "cuda/mend.h"
#include "cuda/pool.h"
#include "cuda/wide_gathered.h"
#include "cuda/wide_groups.h"
#include "cuda/wide_pipe.h"
#include "cuda/wide_results.h"

namespace juice::cuda {

namespace {

// Multiplies by warps, 32 · fragments lines, or by groups, so many lines and columns.
template <int fragments_>
struct ByWarps {
    static constexpr int blocks = 2;
    static constexpr int fragments = fragments_, lines = fragments * 32;
    using Place = WidePlace<fragments>;
    template <class Steps>
    static constexpr int bytes = wide_bytes<Steps, fragments>;
    template <bool in_chain, class Steps>
    __device__ static void multiply(Steps& steps, int columns, typename Place::Sums& acc) {
        multiply_wide<in_chain>(steps, columns, acc);
    }
};
template <int lines_, int columns, int blocks_ = 2>
struct ByGroups {
    static constexpr int lines = lines_, blocks = blocks_;      // thread blocks a multiprocessor
    using Place = GroupPlace<lines, columns>;
    template <class Steps>
    static constexpr int bytes = group_bytes<lines, columns, blocks>;
    template <bool in_chain, class Steps>
    __device__ static void multiply(Steps& steps, int, typename Place::Sums& acc) {
        multiply_in_groups<in_chain, lines, columns, blocks>(steps, acc);
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
__global__ void __launch_bounds__(block_threads, By::blocks) wide_values_kernel(const Run run, std::int32_t first) {
    begin_early();
    const WideTask<By> task(run, first);
    typename By::Place::Sums acc = {};
    task.template multiply<Steps>(run, acc);
    const bool low = keep_values(run, task.tile, task.first_row, typename By::Place(), acc);
    task.for_each_row_tile(run, [&](std::int64_t row_tile) { values_done(run, task.tile.target, row_tile, run.operations[task.tile.target].value_tiles, low); });
}

template <class By, class Steps>
__global__ void __launch_bounds__(block_threads, By::blocks) wide_operand_kernel(const Run run, std::int32_t first) {
    begin_early();
    const WideTask<By> task(run, first);
    typename By::Place::Sums acc = {};
    task.template multiply<Steps>(run, acc);
    keep_operand_flows(run, task.tile, task.first_row, typename By::Place(), acc);
    task.for_each_row_tile(run, [&](std::int64_t row_tile) { operand_done(run, task.tile.target, row_tile, run.operations[task.tile.target].operand_tiles); });
}

template <class By, class Steps>
__global__ void __launch_bounds__(block_threads, By::blocks) wide_parameters_kernel(const Run run, std::int32_t first, const EmCoefficients em, const Pass pass) {
    constexpr bool gathered = Steps::b_gathered != Gathered::None;
    const auto number = static_cast<std::int32_t>(blockIdx.x);
    const PlanTile tile = half_piece<gathered>(run.tiles[first + number / 2], number % 2);
    if (tile.in_panels <= 0) return;
    typename By::Place::Sums acc = {};
    Steps steps(run, tile);
    const ParameterPlaces<gathered> places(run, tile);
    ask_for_parameters(run, tile, places, em, pass);
    By::template multiply<false>(steps, tile.in_panels * static_cast<int>(panel), acc);
    keep_parameter_flows(run, tile, places, em, pass, typename By::Place(), acc);
}

using Warps = ByWarps<2>;           // 64 lines
using LargeWarps = ByWarps<4>;      // 128
using Groups = ByGroups<64, 128>;
using CrowdedGroups = ByGroups<64, 128, 3>;
using LargeGroups = ByGroups<128, 128>;
using NarrowGroups = ByGroups<128, 64>;
static_assert(Warps::lines == rows_a_tile && LargeWarps::lines == wide_columns);

// launch(By) for what multiplies best where a launch has so many tiles of at most so many panels, over at most `depth` panels, or piped(shape).
template <Product product, class Launch, class Piped>
void with_tiles(const Run& run, std::int32_t tiles, std::int32_t panels, std::int32_t depth, Launch launch, Piped piped) {
    if (tiles == 0) return;
    if (!run.groups) return launch(Warps());
    const TileShape shape = tile_shape(product, tiles, panels, run.rows16, run.multiprocessors, depth);
    if (shape.piped) return piped(shape);
    if constexpr (product == Product::OperandFlows)
        if (shape.blocks == CrowdedGroups::blocks) return launch(CrowdedGroups());
    if (shape.columns < wide_columns) launch(NarrowGroups());
    else if (shape.lines == rows_a_tile) launch(Groups());
    else launch(LargeGroups());
}

bool slices(const Run& run, std::int32_t tiles) { return run.groups && slices_blocks(tiles, run.rows16, run.multiprocessors); }

std::int32_t pieces(const PlanTotals& totals) { return totals.parameter_gathered - totals.parameter_begin; }
bool pipes(const Run& run, const PlanTotals& totals) { return run.groups && totals.parameter_panels > tile_panels && pipes_parameters(pieces(totals), std::int64_t{totals.parameter_uses} * run.rows16, run.multiprocessors); }

// Pieces of parameters from `begin` to before `end`, two halves each.
template <class By, class Steps>
void launch_halves(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    launch_with_pool(wide_parameters_kernel<By, Steps>, begin, begin + 2 * (end - begin), By::template bytes<Steps>, stream, run, em, pass);
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
        ask_for_pool(By::template bytes<WideParameterSteps>, wide_parameters_kernel<By, WideParameterSteps>);
    };
    ask(Warps());
    ask_for_parameters(LargeWarps());
    ask_for_pool(LargeWarps::bytes<GatheredParameterSteps>, wide_parameters_kernel<LargeWarps, GatheredParameterSteps>);
    if (!groups) return;
    ask(NarrowGroups());
    ask(Groups());
    ask_for_pool(CrowdedGroups::bytes<WideOperandSteps>, wide_operand_kernel<CrowdedGroups, WideOperandSteps>, wide_operand_kernel<CrowdedGroups, GatheredOperandSteps>);
    ask(LargeGroups());
    ask_for_parameters(Groups());
    ask_for_parameters(LargeGroups());
    prepare_piped_sums();
    prepare_halved_sums();
    prepare_piped_parameters();
    prepare_sliced_sums();
#endif
}

void wide_values(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    with_tiles<Product::Values>(run, stage.value_gathered - stage.value_begin, stage.value_panels, stage.value_depth, [&](auto by) {
        using By = decltype(by);
        launch_over_rows<By>(run, wide_values_kernel<By, WideValueSteps>, By::template bytes<WideValueSteps>, stage.value_begin, stage.value_gathered, stream);
    }, [&](const TileShape& shape) {
        if (shape.halved) halved_values(run, shape, stage.value_begin, stage.value_gathered, stream);
        else piped_values(run, shape, stage.value_begin, stage.value_gathered, stream);
    });
    if (slices(run, stage.value_sliced_end - stage.value_sliced_begin)) return sliced_values(run, stage, stream);
    with_tiles<Product::Values>(run, stage.value_wide - stage.value_gathered, tile_panels, 0, [&](auto by) {
        using By = decltype(by);
        launch_over_rows<By>(run, wide_values_kernel<By, GatheredValueSteps>, By::template bytes<GatheredValueSteps>, stage.value_gathered, stage.value_wide, stream);
    }, [](const TileShape&) {});
}

void wide_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    with_tiles<Product::OperandFlows>(run, stage.operand_gathered - stage.operand_begin, stage.operand_panels, stage.operand_depth, [&](auto by) {
        using By = decltype(by);
        launch_over_rows<By>(run, wide_operand_kernel<By, WideOperandSteps>, By::template bytes<WideOperandSteps>, stage.operand_begin, stage.operand_gathered, stream);
    }, [&](const TileShape& shape) {
        if (shape.halved) halved_operand_flows(run, shape, stage.operand_begin, stage.operand_gathered, stream);
        else piped_operand_flows(run, shape, stage.operand_begin, stage.operand_gathered, stream);
    });
    if (slices(run, stage.operand_sliced_end - stage.operand_sliced_begin)) return sliced_operand_flows(run, stage, stream);
    with_tiles<Product::OperandFlows>(run, stage.operand_wide - stage.operand_gathered, tile_panels, 0, [&](auto by) {
        using By = decltype(by);
        launch_over_rows<By>(run, wide_operand_kernel<By, GatheredOperandSteps>, By::template bytes<GatheredOperandSteps>, stage.operand_gathered, stage.operand_wide, stream);
    }, [](const TileShape&) {});
}

void wide_parameter_flows(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    const auto launch = [&](auto by) {
        using By = decltype(by);
        launch_halves<By, WideParameterSteps>(run, totals.parameter_begin, totals.parameter_gathered, em, pass, stream);
    };
    if (!run.groups) {
        launch(LargeWarps());
        return launch_halves<LargeWarps, GatheredParameterSteps>(run, totals.parameter_gathered, totals.parameter_wide, em, pass, stream);
    }
    if (totals.parameter_panels <= tile_panels) launch(Groups());
    else if (pipes(run, totals)) piped_parameter_flows(run, totals.parameter_begin, totals.parameter_gathered, em, pass, stream);
    else launch(LargeGroups());
    piped_gathered_parameter_flows(run, totals.parameter_gathered, totals.parameter_wide, em, pass, stream);
}

bool any_late_parameter_flows(const Run& run, const PlanTotals& totals) { return pipes(run, totals) && late_blocks(pieces(totals), run.multiprocessors) > 0; }

void late_parameter_flows(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    if (any_late_parameter_flows(run, totals)) late_piped_parameter_flows(run, totals.parameter_begin, totals.parameter_gathered, em, pass, stream);
}

}  // namespace juice::cuda
