// Sums in blocks: values, element flows and parameter flows as three tiled matrix products with their epilogues, in float32 or, of wide sums, in bf16.
#include "cuda/coefficients.h"
#include "cuda/kernels.h"
#include "cuda/matrix.h"
#include "cuda/mend.h"
#include "cuda/wide.h"

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

// ---- the same of wide sums ----

struct WideValueSteps {
    static constexpr bool a_along = true, b_along = true;
    const Run& run;
    const PlanOperation& operation;
    const Bf16* weights;
    std::int32_t block, end, q;
    std::int32_t panel_in_run, panels;
    std::int64_t first_row;

    __device__ bool next(WideSide& a, WideSide& b) {
        if (block == end) return false;
        const PlanBlock& piece = run.blocks[block];
        const std::int32_t count = piece.in_panels - q < wide_step_panels ? piece.in_panels - q : wide_step_panels;
        a = {element16_row(run, operation, first_row) + (piece.in_panel + q) * run.stride, run.stride, static_cast<std::int32_t>(run.rows16 - first_row), count};
        const std::int64_t stride = std::int64_t{piece.out_panels} * panel * panel;
        b = {weights + piece.weights + q * stride + panel_in_run * panel * panel, stride, panels * static_cast<std::int32_t>(panel), count};
        q += count;
        if (q == piece.in_panels) q = 0, ++block;
        return true;
    }
};

struct WideOperandSteps {
    static constexpr bool a_along = true, b_along = false;
    const Run& run;
    const PlanOperation& operation;
    const Bf16* weights;
    std::int32_t block, end, p;
    std::int32_t panel_in_run, panels;
    std::int64_t first_row;

    __device__ bool next(WideSide& a, WideSide& b) {
        if (block == end) return false;
        const PlanBlock& piece = run.blocks[run.maps[operation.block_by_in + block]];
        const std::int32_t count = piece.out_panels - p < wide_step_panels ? piece.out_panels - p : wide_step_panels;
        a = {gradient16_row(run, operation, first_row) + (piece.out_panel + p) * run.stride, run.stride, static_cast<std::int32_t>(run.rows16 - first_row), count};
        const std::int64_t stride = std::int64_t{piece.out_panels} * panel * panel;
        b = {weights + piece.weights + panel_in_run * stride + p * panel * panel, stride, count * static_cast<std::int32_t>(panel), panels};
        p += count;
        if (p == piece.out_panels) p = 0, ++block;
        return true;
    }
};

struct WideParameterSteps {
    static constexpr bool a_along = false, b_along = false;
    const Run& run;
    std::int32_t use, end;
    std::int32_t out_panel, panels, in_panel, in_panels;
    std::int64_t row;

    __device__ bool next(WideSide& a, WideSide& b) {
        if (use == end) return false;
        const PlanOperation& operation = run.operations[run.uses[use]];
        const auto left = static_cast<std::int32_t>(run.rows16 - row);
        a = {gradient16_row(run, operation, row) + out_panel * run.stride, run.stride, left, panels};
        b = {element16_row(run, operation, row) + in_panel * run.stride, run.stride, left, in_panels};
        row += wide_step;
        if (row >= run.rows16) row = 0, ++use;
        return true;
    }
};

__device__ const Bf16* shadow_of(const Run& run, const PlanOperation& operation) { return run.weights16 + run.owners[operation.owner].shadow; }

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

__device__ bool wide_values_tile(const Run& run, const PlanTile& tile, std::int64_t first_row) {
    const PlanOperation& operation = run.operations[tile.target];
    constexpr int fragments = 2;
    float acc[fragments][4][4] = {};
    WideValueSteps steps{run, operation, shadow_of(run, operation), tile.begin, tile.end, 0, tile.panel - run.blocks[tile.begin].out_panel, tile.panels, first_row};
    multiply_wide<true>(steps, tile.panels * static_cast<int>(panel), acc);
    const WidePlace<fragments> mine;
    bool any = false;
#pragma unroll
    for (int m = 0; m < fragments * 2; ++m) {
        const std::int64_t row = first_row + mine.line_at(m);
        if (row >= run.rows16) continue;
        bool low = false;
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            const std::int64_t column = mine.column_at(n);
            if (column >= tile.panels * panel) continue;
            const std::int64_t node = tile.panel * panel + column;
            const float2 values = mine.pair(acc, m, n);
            *reinterpret_cast<float2*>(value_row(run, operation, row) + at(run, node)) = values;
            low = low || (node < operation.nodes && values.x < lowest_value) || (node + 1 < operation.nodes && values.y < lowest_value);
        }
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

__device__ void wide_operand_tile(const Run& run, const PlanTile& tile, std::int64_t first_row) {
    const PlanOperation& operation = run.operations[tile.target];
    constexpr int fragments = 2;
    const std::int32_t first_panel = tile.begin == tile.end ? 0 : run.blocks[run.maps[operation.block_by_in + tile.begin]].in_panel;
    float acc[fragments][4][4] = {};
    WideOperandSteps steps{run, operation, shadow_of(run, operation), tile.begin, tile.end, 0, tile.panel - first_panel, tile.panels, first_row};
    multiply_wide<true>(steps, tile.panels * static_cast<int>(panel), acc);
    const WidePlace<fragments> mine;
#pragma unroll
    for (int m = 0; m < fragments * 2; ++m) {
        const std::int64_t row = first_row + mine.line_at(m);
        if (row >= run.rows16) continue;
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            const std::int64_t column = mine.column_at(n);
            if (column >= tile.panels * panel) continue;
            const std::int64_t place = at(run, tile.panel * panel + column);
            const float2 element = from_pair(*reinterpret_cast<const unsigned*>(element16_row(run, operation, row) + place));
            const float2 sum = mine.pair(acc, m, n);
            *reinterpret_cast<float2*>(flow_row(run, operation, row) + place) = make_float2(sum.x * element.x, sum.y * element.y);
        }
    }
}

// Is EM applied to this owner's weights at once?
__device__ bool updates_at_once(const PlanOwner& owner, std::int32_t number, const EmCoefficients& em, const Pass& pass) {
    return pass.in_place && updates_in_place(owner) && !em.blocked[number];
}

// What becomes of parameter flows: set in or added to the flow buffer, or (in_place) EM at once where its coefficients are at hand.
template <bool tensor>
__device__ void parameters_tile(const Run& run, const PlanTile& tile, const EmCoefficients& em, const Pass& pass) {
    const PlanOwner& owner = run.owners[tile.target];
    const PlanBlock& block = run.blocks[tile.begin];
    const Place mine = place();
    const bool active = mine.down / 4 < tile.panels && mine.across / 4 < tile.in_panels;
    float acc[4][4] = {};
    ParameterSteps steps{run, owner.use_begin, owner.use_end, block.out_panel + tile.panel, tile.panels, block.in_panel + tile.in_panel, tile.in_panels, 0};
    multiply_tile<false, tensor>(steps, active, acc);
    if (!active) return;

    const bool in_place = updates_at_once(owner, tile.target, em, pass);
    const std::int64_t q = tile.in_panel + mine.across / 4, lane = mine.across % 4 * 4;
    for (int i = 0; i < 4; ++i) {
        const std::int64_t node = tile.panel * panel + mine.down * 4 + i;
        const std::int64_t at = block.weights + (q * block.out_panels * panel + node) * panel + lane;
        float* weights = run.parameters + owner.parameters + at;
        float* flows = run.flows + owner.flows + at;
        const std::int64_t coefficient = owner.first_node + block.out_panel * panel + node;
        for (int j = 0; j < 4; ++j) {
            if (!in_place) flows[j] = pass.add ? flows[j] + weights[j] * acc[i][j] : weights[j] * acc[i][j];
            else weights[j] = em_weight(weights[j], weights[j] * acc[i][j], {em.keep[coefficient], em.gain[coefficient], em.share[coefficient]});
        }
    }
}

// An edge's flow is that of the bf16 weight: so a node's add up to the flow that its gradients had with the values, whatever rounding has done to either.
__device__ void wide_parameters_tile(const Run& run, const PlanTile& tile, const EmCoefficients& em, const Pass& pass) {
    const PlanOwner& owner = run.owners[tile.target];
    const PlanBlock& block = run.blocks[tile.begin];
    constexpr int fragments = 4;
    float acc[fragments][4][4] = {};
    WideParameterSteps steps{run, owner.use_begin, owner.use_end, block.out_panel + tile.panel, tile.panels, block.in_panel + tile.in_panel, tile.in_panels, 0};
    multiply_wide<false>(steps, tile.in_panels * static_cast<int>(panel), acc);
    const bool in_place = updates_at_once(owner, tile.target, em, pass);
    const WidePlace<fragments> mine;
#pragma unroll
    for (int m = 0; m < fragments * 2; ++m) {
        const std::int64_t line = mine.line_at(m), node = tile.panel * panel + line;
        if (line >= tile.panels * panel) continue;
        const std::int64_t coefficient = owner.first_node + block.out_panel * panel + node;
        const Em own = in_place ? Em{em.keep[coefficient], em.gain[coefficient], em.share[coefficient]} : Em{};
#pragma unroll
        for (int n = 0; n < 4; ++n) {
            const std::int64_t column = mine.column_at(n);
            if (column >= tile.in_panels * panel) continue;
            const std::int64_t at = block.weights + ((tile.in_panel + column / panel) * block.out_panels * panel + node) * panel + column % panel;
            auto* shadow = reinterpret_cast<unsigned*>(run.weights16 + owner.shadow + at);
            const float2 rounded = from_pair(*shadow), product = mine.pair(acc, m, n), sum = make_float2(rounded.x * product.x, rounded.y * product.y);
            if (in_place) {
                auto* weights = reinterpret_cast<float2*>(run.parameters + owner.parameters + at);
                const float2 old = *weights, next = make_float2(em_weight(old.x, sum.x, own), em_weight(old.y, sum.y, own));
                *weights = next;
                *shadow = to_pair(next.x, next.y);
            } else {
                auto* flows = reinterpret_cast<float2*>(run.flows + owner.flows + at);
                *flows = pass.add ? make_float2(flows->x + sum.x, flows->y + sum.y) : sum;
            }
        }
    }
}

// ---- kernels ----

template <bool maximise, bool tensor>
__global__ void __launch_bounds__(tile_threads) values_kernel(const Run run, std::int32_t first) {
    begin_early();
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    wait_for_earlier();
    bool low = false;
    for (std::int32_t p = 0; p < tile.panels; p += tile_panels) {       // a wide tile is several
        PlanTile piece = tile;
        piece.panel += p;
        piece.panels = tile.panels - p < tile_panels ? tile.panels - p : tile_panels;
        if (p > 0) __syncthreads();
        low = values_tile<maximise, tensor>(run, piece, std::int64_t{blockIdx.y} * rows_a_tile) || low;
    }
    values_done(run, tile.target, blockIdx.y, run.operations[tile.target].value_tiles, low);
}

__global__ void __launch_bounds__(block_threads, 2) wide_values_kernel(const Run run, std::int32_t first) {
    begin_early();
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const bool low = wide_values_tile(run, tile, std::int64_t{blockIdx.y} * rows_a_tile);
    values_done(run, tile.target, blockIdx.y, run.operations[tile.target].value_tiles, low);
}

template <bool tensor>
__global__ void __launch_bounds__(tile_threads) operand_kernel(const Run run, std::int32_t first) {
    begin_early();
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    wait_for_earlier();
    operand_tile<tensor>(run, tile, std::int64_t{blockIdx.y} * rows_a_tile);
    operand_done(run, tile.target, blockIdx.y, run.operations[tile.target].operand_tiles);
}

__global__ void __launch_bounds__(block_threads, 2) wide_operand_kernel(const Run run, std::int32_t first) {
    begin_early();
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    wide_operand_tile(run, tile, std::int64_t{blockIdx.y} * rows_a_tile);
    operand_done(run, tile.target, blockIdx.y, run.operations[tile.target].operand_tiles);
}

template <bool tensor>
__global__ void __launch_bounds__(tile_threads) parameters_kernel(const Run run, std::int32_t first, const EmCoefficients em, const Pass pass) {
    parameters_tile<tensor>(run, run.tiles[first + static_cast<std::int32_t>(blockIdx.x)], em, pass);
}

__global__ void __launch_bounds__(block_threads, 2) wide_parameters_kernel(const Run run, std::int32_t first, const EmCoefficients em, const Pass pass) {
    wide_parameters_tile(run, run.tiles[first + static_cast<std::int32_t>(blockIdx.x)], em, pass);
}

// A kernel that uses the shared pool: `bytes` of it.
template <class Kernel, class... Arguments>
void launch_with_pool(Kernel kernel, std::int32_t begin, std::int32_t end, int bytes, cudaStream_t stream, const Run& run, Arguments... arguments) {
    if (begin == end) return;
    const dim3 grid(static_cast<unsigned>(end - begin));
    JUICE_LAUNCH_WITH(kernel, grid, dim3(block_threads), static_cast<std::size_t>(bytes), stream, run, begin, arguments...);
}
template <class Kernel>
void launch_in_chain_with_pool(Kernel kernel, std::int32_t begin, std::int32_t end, int bytes, cudaStream_t stream, const Run& run) {
    if (begin == end) return;
    const dim3 grid(static_cast<unsigned>(end - begin), static_cast<unsigned>(row_tiles(run)));
    JUICE_LAUNCH_IN_CHAIN(kernel, grid, dim3(block_threads), static_cast<std::size_t>(bytes), stream, run, begin);
}

#if !defined(JUICE_CUDA_EMULATION)
template <class... Kernels>
void ask_for_pool(int bytes, Kernels... kernels) {
    (check(cudaFuncSetAttribute(kernels, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), "asking for shared memory"), ...);
}
#endif

}  // namespace

// ---- launchers ----

void prepare_sums([[maybe_unused]] bool wide) {
#if !defined(JUICE_CUDA_EMULATION)
    ask_for_pool(matrix_pool_bytes, values_kernel<true, false>, values_kernel<false, true>, values_kernel<false, false>);
    ask_for_pool(matrix_pool_bytes, operand_kernel<true>, operand_kernel<false>);
    ask_for_pool(matrix_pool_bytes, parameters_kernel<true>, parameters_kernel<false>);
    if (!wide) return;
    ask_for_pool(wide_bytes<WideValueSteps, 2>, wide_values_kernel);
    ask_for_pool(wide_bytes<WideOperandSteps, 2>, wide_operand_kernel);
    ask_for_pool(wide_bytes<WideParameterSteps, 4>, wide_parameters_kernel);
#endif
}

void values(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    const auto wide = run.wide ? stage.value_wide : stage.value_begin;
    launch_in_chain_with_pool(wide_values_kernel, stage.value_begin, wide, wide_bytes<WideValueSteps, 2>, stream, run);
    const auto kernel = run.maximise ? values_kernel<true, false> : run.arithmetic == Arithmetic::Tensor ? values_kernel<false, true> : values_kernel<false, false>;
    launch_in_chain_with_pool(kernel, wide, stage.value_end, matrix_pool_bytes, stream, run);
}

void operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    launch_in_chain_with_pool(wide_operand_kernel, stage.operand_begin, stage.operand_wide, wide_bytes<WideOperandSteps, 2>, stream, run);
    const auto kernel = run.arithmetic == Arithmetic::Tensor ? operand_kernel<true> : operand_kernel<false>;
    launch_in_chain_with_pool(kernel, stage.operand_wide, stage.operand_end, matrix_pool_bytes, stream, run);
}

void parameter_flows(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    launch_with_pool(wide_parameters_kernel, totals.parameter_begin, totals.parameter_wide, wide_bytes<WideParameterSteps, 4>, stream, run, em, pass);
    const auto kernel = run.arithmetic == Arithmetic::Tensor ? parameters_kernel<true> : parameters_kernel<false>;
    launch_with_pool(kernel, totals.parameter_wide, totals.parameter_end, matrix_pool_bytes, stream, run, em, pass);
}

}  // namespace juice::cuda
