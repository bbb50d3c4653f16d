// Sums in blocks: values, element flows and parameter flows as three tiled matrix products with their epilogues, with the digits of float32. Wide sums in
// bf16 are in wide.cu.
#include "cuda/coefficients.h"
#include "cuda/kernels.h"
#include "cuda/matrix.h"
#include "cuda/mend.h"
#include "cuda/narrow.h"
#include "cuda/pool.h"

namespace juice::cuda {

namespace {

// ---- what the three products multiply ----

// values[row, node] = Σ_position elements[row, position] · weights[node, position]
struct ValueSteps {
    static constexpr bool a_along = true, b_along = true;
    const Run& run;
    const PlanOperation& operation;
    const float* weights;
    std::int32_t block, end, q;
    std::int32_t panel_in_run, panels;      // of the tile, counted from the blocks' first
    std::int64_t first_row;

    __device__ bool next(const float*& a, const float*& b) {
        if (block == end) return false;
        const PlanBlock& piece = run.blocks[block];
        const Piece mine = along_lines();
        const std::int64_t row = first_row + mine.line;
        a = row < run.rows16 ? element_row(run, operation, row) + (piece.in_panel + q) * run.stride + mine.lane : nullptr;
        b = mine.line < panels * panel
            ? weights + piece.weights + ((std::int64_t{q} * piece.out_panels + panel_in_run) * panel + mine.line) * panel + mine.lane : nullptr;
        if (++q == piece.in_panels) q = 0, ++block;
        return true;
    }
};

// Σ_node gradients[row, node] · weights[node, position]
struct OperandSteps {
    static constexpr bool a_along = true, b_along = false;
    const Run& run;
    const PlanOperation& operation;
    const float* weights;
    std::int32_t block, end, p;
    std::int32_t panel_in_run, panels;
    std::int64_t first_row;

    __device__ bool next(const float*& a, const float*& b) {
        if (block == end) return false;
        const PlanBlock& piece = run.blocks[run.maps[operation.block_by_in + block]];
        const Piece mine = along_lines(), other = across_lines();
        const std::int64_t row = first_row + mine.line;
        a = row < run.rows16 ? gradient_row(run, operation, row) + (piece.out_panel + p) * run.stride + mine.lane : nullptr;
        b = other.slice < panels
            ? weights + piece.weights + ((std::int64_t{panel_in_run + other.slice} * piece.out_panels + p) * panel + other.line) * panel + other.lane : nullptr;
        if (++p == piece.out_panels) p = 0, ++block;
        return true;
    }
};

// Σ_row gradients[row, node] · elements[row, position], over all operations that share the weights
struct ParameterSteps {
    static constexpr bool a_along = false, b_along = false;
    const Run& run;
    std::int32_t use, end;
    std::int32_t out_panel, panels, in_panel, in_panels;
    std::int64_t row;

    __device__ bool next(const float*& a, const float*& b) {
        if (use == end) return false;
        const PlanOperation& operation = run.operations[run.uses[use]];
        const Piece mine = across_lines();
        a = mine.slice < panels ? gradient_row(run, operation, row + mine.line) + (out_panel + mine.slice) * run.stride + mine.lane : nullptr;
        b = mine.slice < in_panels ? element_row(run, operation, row + mine.line) + (in_panel + mine.slice) * run.stride + mine.lane : nullptr;
        row += panel;
        if (row == run.rows16) row = 0, ++use;
        return true;
    }
};

__device__ const float* weights_of(const Run& run, const PlanOperation& operation) { return run.parameters + run.owners[operation.owner].parameters; }

// ---- tiles ----

// Whether one of the thread's values is low.
template <bool maximise, bool tensor>
__device__ bool values_tile(const Run& run, const PlanTile& tile, std::int64_t first_row) {
    const PlanOperation& operation = run.operations[tile.target];
    const Place mine = place();
    const bool active = first_row + mine.down * 4 < run.rows16 && mine.across / 4 < tile.panels;
    float acc[4][4] = {};
    ValueSteps steps{run, operation, weights_of(run, operation), tile.begin, tile.end, 0, tile.panel - run.blocks[tile.begin].out_panel, tile.panels, first_row};
    multiply_tile<maximise, tensor>(steps, active, acc);
    bool any = false;
    if (!active) return any;

    // Epilogue: a row of four nodes at a time; a live node far below its row's maximum is computed again edge by edge.
    const std::int64_t q = tile.panel + mine.across / 4, lane = mine.across % 4 * 4, node = q * panel + lane;
    for (int i = 0; i < 4; ++i) {
        const std::int64_t row = first_row + mine.down * 4 + i;
        store4(value_row(run, operation, row) + q * run.stride + lane, make_float4(acc[i][0], acc[i][1], acc[i][2], acc[i][3]));
        bool low = false;
        for (int j = 0; j < 4; ++j) low = low || (node + j < operation.nodes && acc[i][j] < lowest_value);
        if (low) run.suspects[std::int64_t{tile.target} * run.rows16 + row] = 1;
        any = any || low;
    }
    return any;
}

template <bool tensor>
__device__ void operand_tile(const Run& run, const PlanTile& tile, std::int64_t first_row) {
    const PlanOperation& operation = run.operations[tile.target];
    const Place mine = place();
    const bool active = first_row + mine.down * 4 < run.rows16 && mine.across / 4 < tile.panels;
    const std::int32_t first_panel = tile.begin == tile.end ? 0 : run.blocks[run.maps[operation.block_by_in + tile.begin]].in_panel;
    float acc[4][4] = {};
    OperandSteps steps{run, operation, weights_of(run, operation), tile.begin, tile.end, 0, tile.panel - first_panel, tile.panels, first_row};
    multiply_tile<false, tensor>(steps, active, acc);
    if (!active) return;

    // Epilogue: flow of an element = element · Σ.
    const std::int64_t q = tile.panel + mine.across / 4, lane = mine.across % 4 * 4;
    for (int i = 0; i < 4; ++i) {
        const std::int64_t row = first_row + mine.down * 4 + i;
        const float4 x = load4(element_row(run, operation, row) + q * run.stride + lane);
        store4(flow_row(run, operation, row) + q * run.stride + lane, make_float4(acc[i][0] * x.x, acc[i][1] * x.y, acc[i][2] * x.z, acc[i][3] * x.w));
    }
}

// What becomes of parameter flows: set in or added to the flow buffer, or (in_place) EM at once where its coefficients are at hand.
template <bool tensor>
__device__ void parameters_tile(const Run& run, const PlanTile& tile, const EmCoefficients& em, const Pass& pass) {
    const PlanOwner& owner = run.owners[tile.target];
    const PlanBlock& block = run.blocks[tile.begin];
    const bool in_place = updates_at_once(owner, tile.target, em, pass);
    const std::int64_t coefficients = owner.first_node + block.out_panel * panel;
    if (is_narrow(run.operations[owner.operation]))
        return narrow_parameters(run, tile, [&](int column, int node, float sum) {
            const std::int64_t at = block.weights + (std::int64_t{tile.in_panel} * block.out_panels * panel + node) * panel + column;
            float& weight = run.parameters[owner.parameters + at];
            if (in_place) {
                weight = em_weight(weight, weight * sum, {em.keep[coefficients + node], em.gain[coefficients + node], em.share[coefficients + node]});
                return;
            }
            float& flow = run.flows[owner.flows + at];
            flow = pass.add ? flow + weight * sum : weight * sum;
        });
    const Place mine = place();
    const bool active = mine.down / 4 < tile.panels && mine.across / 4 < tile.in_panels;
    float acc[4][4] = {};
    ParameterSteps steps{run, owner.use_begin, owner.use_end, block.out_panel + tile.panel, tile.panels, block.in_panel + tile.in_panel, tile.in_panels, 0};
    multiply_tile<false, tensor>(steps, active, acc);
    if (!active) return;

    const std::int64_t q = tile.in_panel + mine.across / 4, lane = mine.across % 4 * 4;
    for (int i = 0; i < 4; ++i) {
        const std::int64_t node = tile.panel * panel + mine.down * 4 + i;
        const std::int64_t at = block.weights + (q * block.out_panels * panel + node) * panel + lane;
        float* weights = run.parameters + owner.parameters + at;
        float* flows = run.flows + owner.flows + at;
        const std::int64_t coefficient = coefficients + node;
        for (int j = 0; j < 4; ++j) {
            if (!in_place) flows[j] = pass.add ? flows[j] + weights[j] * acc[i][j] : weights[j] * acc[i][j];
            else weights[j] = em_weight(weights[j], weights[j] * acc[i][j], {em.keep[coefficient], em.gain[coefficient], em.share[coefficient]});
        }
    }
}

// ---- kernels ----

template <bool maximise, bool tensor>
__global__ void __launch_bounds__(tile_threads, 3) values_kernel(const Run run, std::int32_t first) {
    begin_early();
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const bool narrow = is_narrow(run.operations[tile.target]);
    bool low = narrow && narrow_values<maximise, 1>(run, tile, std::int64_t{blockIdx.y} * rows_a_tile);
    if (!narrow) wait_for_earlier();
    for (std::int32_t p = 0; !narrow && p < tile.panels; p += tile_panels) {       // a wide tile is several
        PlanTile piece = tile;
        piece.panel += p;
        piece.panels = tile.panels - p < tile_panels ? tile.panels - p : tile_panels;
        if (p > 0) __syncthreads();
        low = values_tile<maximise, tensor>(run, piece, std::int64_t{blockIdx.y} * rows_a_tile) || low;
    }
    values_done(run, tile.target, blockIdx.y, run.operations[tile.target].value_tiles, low);
}

// Of narrow sums, so many blocks a row tile.
template <bool maximise>
__global__ void __launch_bounds__(block_threads) narrow_values_kernel(const Run run, std::int32_t first) {
    begin_early();
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const bool low = narrow_values<maximise, narrow_slices>(run, tile, std::int64_t{blockIdx.y} * (rows_a_tile / narrow_slices));
    values_done(run, tile.target, blockIdx.y / narrow_slices, run.operations[tile.target].value_tiles * narrow_slices, low);
}

template <bool tensor>
__global__ void __launch_bounds__(tile_threads) operand_kernel(const Run run, std::int32_t first) {
    begin_early();
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const bool narrow = is_narrow(run.operations[tile.target]);
    if (narrow) narrow_operand_flows(run, tile, std::int64_t{blockIdx.y} * rows_a_tile);
    else wait_for_earlier();
    if (!narrow) operand_tile<tensor>(run, tile, std::int64_t{blockIdx.y} * rows_a_tile);
    operand_done(run, tile.target, blockIdx.y, run.operations[tile.target].operand_tiles);
}

template <bool tensor>
__global__ void __launch_bounds__(tile_threads) parameters_kernel(const Run run, std::int32_t first, const EmCoefficients em, const Pass pass) {
    parameters_tile<tensor>(run, run.tiles[first + static_cast<std::int32_t>(blockIdx.x)], em, pass);
}

}  // namespace

// ---- launchers ----

void prepare_sums() {
#if !defined(JUICE_CUDA_EMULATION)
    ask_for_pool(matrix_pool_bytes, values_kernel<true, false>, values_kernel<false, true>, values_kernel<false, false>);
    ask_for_pool(matrix_pool_bytes, operand_kernel<true>, operand_kernel<false>);
    ask_for_pool(matrix_pool_bytes, parameters_kernel<true>, parameters_kernel<false>);
#endif
}

void values(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    const auto wide = run.wide ? stage.value_wide : stage.value_begin;
    if (run.wide) wide_values(run, stage, stream);
    const auto kernel = run.maximise ? values_kernel<true, false> : run.arithmetic == Arithmetic::Tensor ? values_kernel<false, true> : values_kernel<false, false>;
    if (stage.only_narrow && std::int64_t{stage.value_end - wide} * row_tiles(run) * narrow_slices <= run.multiprocessors)
        launch_in_chain_with_pool(run.maximise ? narrow_values_kernel<true> : narrow_values_kernel<false>, wide, stage.value_end, row_tiles(run) * narrow_slices, narrow_pool_bytes, stream, run);
    else
        launch_in_chain_with_pool(kernel, wide, stage.value_end, row_tiles(run), matrix_pool_bytes, stream, run);
    if (stage.has_blocks) mend_values(run, stage, stream);
}

void operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    wide_operand_flows(run, stage, stream);
    const auto kernel = run.arithmetic == Arithmetic::Tensor ? operand_kernel<true> : operand_kernel<false>;
    launch_in_chain_with_pool(kernel, stage.operand_wide, stage.operand_end, row_tiles(run), matrix_pool_bytes, stream, run);
    if (stage.has_blocks) mend_operand_flows(run, stage, stream);
}

void parameter_flows(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    const auto kernel = run.arithmetic == Arithmetic::Tensor ? parameters_kernel<true> : parameters_kernel<false>;
    launch_with_pool(kernel, totals.parameter_wide, totals.parameter_end, matrix_pool_bytes, stream, run, em, pass);
}

}  // namespace juice::cuda
