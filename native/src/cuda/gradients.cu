// Flows of whole operations: gathered from the readers, turned into gradients (flow over value), added up over rows; and the root's logs.
#include "cuda/coefficients.h"
#include "cuda/counters.h"
#include "cuda/kernels.h"
#include "cuda/logs.h"
#include "cuda/mma.h"

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

// gradient = flow / value, relative to the elements' exponents. Entries of log rows below 2^-60 go edge by edge instead.
__device__ float gradient_of(const Run& run, std::int32_t o, std::int64_t mark, bool log_row, float value, float flow) {
    if (!log_row) return value > 0 ? flow / value : 0;
    if (flow == 0 || !(value > minus_infinity())) return 0;
    if (value >= lowest_log) return flow * exp2f(-value);
    run.slow_rows[mark] = 1;
    atomicOr(run.slow_operations + o, 1);
    atomicOr(run.slow_operations + run.operation_count, 1);
    return 0;
}

__device__ void load_to(float (&to)[4], const float* from) {
    const float4 x = load4(from);
    to[0] = x.x;
    to[1] = x.y;
    to[2] = x.z;
    to[3] = x.w;
}

// ---- kernels ----

// Four nodes of a row: its gradients are kept; what remains in flows is their part of the nodes' own flows.
__device__ void keep_gradients(const Run& run, std::int32_t o, std::int64_t row, std::int64_t place, const float (&values)[4], float (&flows)[4]) {
    const PlanOperation& operation = run.operations[o];
    if (operation.kind != Operation::Sum) return store4(run.element_flows + operation.operand * run.stride + place, make_float4(flows[0], flows[1], flows[2], flows[3]));
    const std::int64_t mark = std::int64_t{o} * run.rows16 + row, value_at = operation.train_values * run.stride + place;
    const bool wide = is_wide(run, operation), log_row = run.log_rows[mark] != 0;
    const float shift = log_row ? static_cast<float>(run.exponents[mark] - run.element_exponents[mark]) : 0;
    float gradients[4];
    Bf16 rounded[4] = {};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float value = log_row ? values[i] + shift : values[i];
        gradients[i] = gradient_of(run, o, mark, log_row, value, flows[i]);
        if (!wide) continue;
        // What the rounded gradient carries is what the products will see, and what EM must divide by.
        rounded[i] = to_bf16(gradients[i]);
        flows[i] = rounded[i] != 0 ? from_bf16(rounded[i]) * (log_row ? exp2f(value) : value) : 0;
    }
    if (wide) *reinterpret_cast<std::uint64_t*>(run.gradients16 + swapped(value_at)) = to_four(rounded);
    else store4(run.gradients + value_at, make_float4(gradients[0], gradients[1], gradients[2], gradients[3]));
}

// A thread block has a panel of an operation for so many times 64 rows, a thread four nodes of a row in each.
template <int row_tiles_each>
__global__ void __launch_bounds__(block_threads, row_tiles_each > 1 ? 3 : 4) gradients_kernel(const Run run, std::int32_t first) {
    begin_early();
    JUICE_SHARED(float, parts, row_tiles_each * block_threads / 32 * panel);
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOperation& operation = run.operations[tile.target];
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % 4 * 4;
    const std::int64_t first_row = std::int64_t{blockIdx.y} * row_tiles_each * rows_a_tile + thread / 4, first_place = tile.panel * run.stride + lane;
    const bool sum = operation.kind == Operation::Sum;
    const auto nodes = static_cast<int>(operation.nodes - tile.panel * panel) - lane;
    const float* from = operation.only_flow < 0 ? nullptr : run.element_flows + (operation.only_flow + tile.panel) * run.stride;
    const float* own = run.values + operation.train_values * run.stride;
    wait_for_earlier();
    float flows[row_tiles_each][4] = {}, values[row_tiles_each][4] = {};
#pragma unroll
    for (int t = 0; t < row_tiles_each; ++t) {
        const std::int64_t row = first_row + t * rows_a_tile;
        if (row >= run.rows) continue;
        if (sum) load_to(values[t], own + first_place + row * panel);
        if (from) load_to(flows[t], from + row * panel + lane);
        else
            for (int i = 0; i < 4; ++i) flows[t][i] = own_flow(run, tile.target, tile.panel, lane + i, row);
    }
#pragma unroll
    for (int t = 0; t < row_tiles_each; ++t) {
        const std::int64_t row = first_row + t * rows_a_tile;
#pragma unroll
        for (int i = 0; i < 4; ++i)
            if (i >= nodes) flows[t][i] = 0;
        if (row < run.rows16) keep_gradients(run, tile.target, row, first_place + row * panel, values[t], flows[t]);
        // Eight rows of a warp, then the warps, in a fixed order.
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            for (int d = 4; d < 32; d *= 2) flows[t][i] += __shfl_xor_sync(~0u, flows[t][i], d);
            if (thread % 32 < 4) parts[(t * block_threads / 32 + thread / 32) * panel + lane + i] = flows[t][i];
        }
    }
    __syncthreads();
    const std::int64_t row_tile = std::int64_t{blockIdx.y} * row_tiles_each + thread / panel;
    if (thread >= row_tiles_each * panel || row_tile >= row_tiles(run)) return;
    float total = 0;
    for (int warp = 0; warp < block_threads / 32; ++warp) total += parts[(thread / panel * block_threads / 32 + warp) * panel + thread % panel];
    run.node_flows[((operation.train_values + tile.panel) * row_tiles(run) + row_tile) * panel + thread % panel] = total;
}

// A block an operation.
__global__ void coefficients_kernel(const Run run, const EmCoefficients em, const Rule* rule) {
    const auto o = static_cast<std::int32_t>(blockIdx.x);
    if (run.operations[o].kind == Operation::Sum) find_coefficients(run, o, em, *rule);
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
    constexpr int many = 4;
    const std::int32_t tiles = stage.panel_end - stage.panel_begin, large = (row_tiles(run) + many - 1) / many;
    const auto grid = [&](std::int32_t rows) { return dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(rows)); };
    if (std::int64_t{tiles} * large >= std::int64_t{4} * run.multiprocessors)
        JUICE_LAUNCH_IN_CHAIN(gradients_kernel<many>, grid(large), dim3(block_threads), 0, stream, run, stage.panel_begin);
    else
        JUICE_LAUNCH_IN_CHAIN(gradients_kernel<1>, grid(row_tiles(run)), dim3(block_threads), 0, stream, run, stage.panel_begin);
}

void em_coefficients(const Run& run, const EmCoefficients& em, const Rule* rule, cudaStream_t stream) {
    JUICE_LAUNCH(coefficients_kernel, dim3(static_cast<unsigned>(run.operation_count)), dim3(block_threads), stream, run, em, rule);
}

void row_sums(const Run& run, const PlanTotals& totals, cudaStream_t stream) {
    JUICE_LAUNCH(row_sums_kernel, dim3(static_cast<unsigned>(totals.row_sum_end - totals.row_sum_begin)), dim3(block_threads), stream, run, totals.row_sum_begin);
}

void root_logs(const Run& run, double* logs, cudaStream_t stream) {
    const std::int64_t count = std::int64_t{run.rows} * run.roots;
    JUICE_LAUNCH(root_logs_kernel, dim3(static_cast<unsigned>((count + 127) / 128)), dim3(128), stream, run, logs);
}

}  // namespace juice::cuda
