// Flows of whole operations: gathered from the readers, turned into gradients (flow over value), added up over rows (many_gradients.cu: of large launches); and the root's logs.
#include "cuda/coefficients.h"
#include "cuda/counters.h"
#include "cuda/gradients.h"
#include "cuda/kernels.h"

namespace juice::cuda {

namespace {

// Sums of every slot's number, by lane, in the order of the slots; the answer is right in slot 0.
__device__ float add_slots(float x) {
    JUICE_SHARED(float, parts, block_threads);
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    parts[thread] = x;
    __syncthreads();
    if (thread >= panel) return 0;
    float sum = 0;
    for (int slot = 0; slot < block_slots; ++slot) sum += parts[slot * panel + lane];
    return sum;
}

// ---- kernels ----

// A thread block has a panel for so many times 64 rows, a thread four nodes of a row. Whatever a thread reads is under way before it writes anything: a load behind a
// store waits for memory by itself.
template <int row_tiles_each>
__global__ void __launch_bounds__(block_threads, 4) gradients_kernel(const __grid_constant__ Run run, std::int32_t first) {
    begin_early();
    JUICE_SHARED(float, parts, block_threads / 32 * panel);
    const PlanTile& tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const std::int32_t o = tile.target, q = tile.panel;
    const PlanOperation& operation = run.operations[o];
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % 4 * 4;
    const std::int64_t first_row = std::int64_t{blockIdx.y} * row_tiles_each * rows_a_tile + thread / 4, first_place = q * run.stride + first_row * panel + lane;
    const bool sum = operation.kind == Operation::Sum, wide = is_wide(run, operation);
    const auto nodes = static_cast<int>(operation.nodes - q * panel) - lane;
    const std::int64_t own = operation.train_values * run.stride + first_place, mark = std::int64_t{o} * run.rows16 + first_row;
    const std::int64_t only_flow = operation.only_flow, node_flows_at = (operation.train_values + q) * row_tiles(run);
    float* product_flows = run.element_flows + operation.operand * run.stride + first_place;
    wait_for_earlier();
    float flows[row_tiles_each][4] = {}, values[row_tiles_each][4] = {};
    std::uint32_t log_row[row_tiles_each] = {};
    if (only_flow < 0) gather_flows(run, o, q, lane, first_row, flows);
#pragma unroll
    for (int t = 0; t < row_tiles_each; ++t) {
        if (first_row + t * rows_a_tile >= run.rows) continue;
        if (only_flow >= 0) put(flows[t], load4(run.element_flows + only_flow * run.stride + first_place + t * rows_a_tile * panel));
        if (!sum) continue;
        put(values[t], load4(run.values + own + t * rows_a_tile * panel));
        log_row[t] = run.log_rows[mark + t * rows_a_tile];
    }
#pragma unroll
    for (int t = 0; t < row_tiles_each; ++t) {
        constexpr std::int64_t hop = rows_a_tile * panel;
        if (nodes < 4)
#pragma unroll
            for (int i = 0; i < 4; ++i)
                if (i >= nodes) flows[t][i] = 0;
        if (first_row + t * rows_a_tile >= run.rows16) continue;
        if (!sum) {
            store4(product_flows + t * hop, make_float4(flows[t][0], flows[t][1], flows[t][2], flows[t][3]));
            continue;
        }
        keep_gradients(run, o, mark + t * rows_a_tile, own + t * hop, wide, log_row[t] != 0, values[t], flows[t]);
    }
    // The thread's rows, eight rows of a warp, then the warps, in a fixed order; all of them count as the first of their row tiles.
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        float sum = 0;
#pragma unroll
        for (int t = 0; t < row_tiles_each; ++t) sum += flows[t][i];
        for (int d = 4; d < 32; d *= 2) sum += __shfl_xor_sync(~0u, sum, d);
        if (thread % 32 < 4) parts[thread / 32 * panel + lane + i] = sum;
    }
    __syncthreads();
    const std::int64_t row_tile = std::int64_t{blockIdx.y} * row_tiles_each + thread / panel;
    if (thread >= row_tiles_each * panel || row_tile >= row_tiles(run)) return;
    float total = 0;
    for (int warp = 0; thread < panel && warp < block_threads / 32; ++warp) total += parts[warp * panel + thread];
    run.node_flows[(node_flows_at + row_tile) * panel + thread % panel] = total;
}

// A block an operation.
__global__ void coefficients_kernel(const Run run, std::int32_t first, const EmCoefficients em, const Rule* rule_at) {
    begin_early();
    find_coefficients(run, run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)], false, em, rule_at);
}

// A panel of element flows (products and inputs: own flows) over all rows; behind a root sum's operand stand its own flows.
__global__ void row_sums_kernel(const Run run, std::int32_t first) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOperation& operation = run.operations[tile.target];
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    const std::int64_t own = operation.kind == Operation::Sum ? tile.panel - operation.operand_panels : -1;
    float total = 0;
    if (own >= 0) {
        const float* parts = run.node_flows + (operation.train_values + own) * row_tiles(run) * panel;
        for (int part = thread / static_cast<int>(panel); part < row_tiles(run); part += block_slots) total += parts[part * panel + lane];
    } else {
        for (std::int64_t row = thread / panel; row < run.rows; row += block_slots) total += flow_row(run, operation, row)[tile.panel * run.stride + lane];
    }
    total = add_slots(total);
    if (thread < panel) run.flows[operation.sums + tile.panel * panel + lane] += total;
}

__global__ void root_logs_kernel(const Run run, double* logs) {
    const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i >= std::int64_t{run.rows} * run.roots) return;
    const std::int64_t row = i / run.roots, mark = std::int64_t{run.root} * run.rows16 + row;
    const double value = static_cast<double>(value_row(run, run.operations[run.root], row)[at(run, i % run.roots)]);
    const double log = run.log_rows[mark] ? value : value > 0 ? log2(value) : -__builtin_inf();
    logs[i] = (log + run.exponents[mark]) * 0.69314718055994530942;
}

}  // namespace

// ---- launchers ----

void gradients(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    // Where there is enough to do for the whole GPU, a block that stays longer has found out once what it has to do.
    if (const std::int32_t each = gradient_panels(run, stage); each > 1) return many_gradients(run, stage, each, stream);
    constexpr int many = 2;
    const std::int32_t tiles = stage.panel_end - stage.panel_begin, large = (row_tiles(run) + many - 1) / many;
    const auto launch = [&](auto kernel, std::int32_t rows) {
        JUICE_LAUNCH_IN_CHAIN(kernel, dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(rows)), dim3(block_threads), 0, stream, run, stage.panel_begin);
    };
    if (std::int64_t{tiles} * large >= std::int64_t{2} * run.multiprocessors) launch(gradients_kernel<many>, large);
    else launch(gradients_kernel<1>, row_tiles(run));
}

void em_coefficients(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Rule* rule, cudaStream_t stream) {
    if (begin == end) return;
    JUICE_LAUNCH_IN_CHAIN(coefficients_kernel, dim3(static_cast<unsigned>(end - begin)), dim3(block_threads), 0, stream, run, begin, em, rule);
}

void row_sums(const Run& run, const PlanTotals& totals, cudaStream_t stream) {
    JUICE_LAUNCH(row_sums_kernel, dim3(static_cast<unsigned>(totals.row_sum_end - totals.row_sum_begin)), dim3(block_threads), stream, run, totals.row_sum_begin);
}

void root_logs(const Run& run, double* logs, cudaStream_t stream) {
    const std::int64_t count = std::int64_t{run.rows} * run.roots;
    JUICE_LAUNCH(root_logs_kernel, dim3(static_cast<unsigned>((count + 127) / 128)), dim3(128), stream, run, logs);
}

}  // namespace juice::cuda
