// Flows of whole operations: gathered from the readers, turned into gradients (flow over value), added up over rows; and the root's logs.
#include <type_traits>

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

// gradient = flow / value of an entry of a log row, relative to the elements' exponents. Those below 2^-90 go edge by edge instead.
__device__ float log_gradient(const Run& run, std::int32_t o, std::int64_t mark, float log, float flow) {
    if (flow == 0 || !(log > minus_infinity())) return 0;
    if (log >= lowest_log) return flow * exp2f(-log);
    run.slow_rows[mark] = 1;
    atomicOr(run.slow_operations + o, 1);
    atomicOr(run.slow_operations + run.operation_count, 1);
    return 0;
}
// The same of four nodes; their values become those that the gradients are relative to.
__device__ __noinline__ float4 log_gradients(const Run& run, std::int32_t o, std::int64_t mark, float4& values, float4 flows) {
    const auto shift = static_cast<float>(run.exponents[mark] - run.element_exponents[mark]);
    const float4 logs = make_float4(values.x + shift, values.y + shift, values.z + shift, values.w + shift);
    values = make_float4(exp2f(logs.x), exp2f(logs.y), exp2f(logs.z), exp2f(logs.w));
    return make_float4(log_gradient(run, o, mark, logs.x, flows.x), log_gradient(run, o, mark, logs.y, flows.y), log_gradient(run, o, mark, logs.z, flows.z),
                       log_gradient(run, o, mark, logs.w, flows.w));
}

__device__ void put(float (&to)[4], float4 x) {
    to[0] = x.x;
    to[1] = x.y;
    to[2] = x.z;
    to[3] = x.w;
}
__device__ void add(float (&to)[4], float4 x) {
    to[0] += x.x;
    to[1] += x.y;
    to[2] += x.z;
    to[3] += x.w;
}

// Flows of nodes lane … lane + 3 of the root, as own_flow has them. What is behind its nodes is nobody's.
__device__ float4 root_flows(const Run& run, std::int64_t q, int lane, std::int64_t row) {
    if (row >= run.rows) return make_float4(0, 0, 0, 0);
    const float4 value = load4(value_row(run, run.operations[run.root], row) + q * run.stride + lane);
    const float least = run.log_rows[std::int64_t{run.root} * run.rows16 + row] ? minus_infinity() : 0, weight = run.weights ? run.weights[row] : 1.0f;
    const auto flow = [&](float x, int i) {
        const std::int64_t root = q * panel + lane + i;
        return x > least && root < run.roots ? (run.root_flows ? run.root_flows[row * run.roots + root] : 1.0f) * weight : 0.0f;
    };
    return make_float4(flow(value.x, 0), flow(value.y, 1), flow(value.z, 2), flow(value.w, 3));
}

// Own flows of nodes lane … lane + 3 in so many rows, 64 apart, where they do not lie in one piece: as own_flow adds them up, a reader's places found out
// once for all of them.
template <int row_tiles_each>
__device__ void gather_flows(const Run& run, std::int32_t o, std::int64_t q, int lane, std::int64_t row, float (&flows)[row_tiles_each][4]) {
    if (o == run.root) {
#pragma unroll
        for (int t = 0; t < row_tiles_each; ++t) put(flows[t], root_flows(run, q, lane, row + t * rows_a_tile));
        return;
    }
    const auto reader_begin = run.operations[o].reader_begin, reader_end = run.operations[o].reader_end;
    for (auto r = reader_begin; r < reader_end; ++r) {
        const PlanReader& reader = run.readers[r];
        const float* from = flow_row(run, run.operations[reader.operation], row) + reader.first_panel * run.stride;
        const std::int32_t* starts = run.maps + reader.inverse;
        const std::int32_t* readers = starts + reader.inverse_keys + 1;
        if (reader.mapping == Mapping::Nodes) {
#pragma unroll
            for (int i = 0; i < 4; ++i)
                for (auto k = starts[q * panel + lane + i]; k < starts[q * panel + lane + i + 1]; ++k) {
                    const float* place = from + at(run, readers[k]);
#pragma unroll
                    for (int t = 0; t < row_tiles_each; ++t)
                        if (row + t * rows_a_tile < run.rows) flows[t][i] += place[t * rows_a_tile * panel];
                }
            continue;
        }
        const bool plain = reader.mapping == Mapping::Identity;
        const std::int32_t begin = plain ? 0 : starts[q], end = plain ? 1 : starts[q + 1];
        for (auto k = begin; k < end; ++k) {
            const float* place = from + (plain ? q : readers[k]) * run.stride + lane;
#pragma unroll
            for (int t = 0; t < row_tiles_each; ++t)
                if (row + t * rows_a_tile < run.rows) add(flows[t], load4(place + t * rows_a_tile * panel));
        }
    }
}

// ---- kernels ----

// What a block finds out about a panel once, for all of its warps. Places count numbers to the panel's first row.
struct GradientPanel {
    std::int64_t number;        // of the panel, among all values
    std::int64_t values;        // its values and gradients
    std::int64_t flows;         // its flows as they lie in the operand flows, or -1
    std::int64_t product;       // of a product: where its flows go
    std::int32_t operation, panel;
    std::int32_t nodes;         // from its first on
    bool sum, wide;
    bool plain;                 // a wide sum's whole panel, whose flows lie in one piece

    __device__ void find(const Run& run, const PlanTile& tile) {
        const PlanOperation& own = run.operations[tile.target];
        operation = tile.target;
        panel = tile.panel;
        number = own.train_values + panel;
        values = number * run.stride;
        flows = own.only_flow < 0 ? -1 : (own.only_flow + panel) * run.stride;
        product = (own.operand + panel) * run.stride;
        nodes = static_cast<std::int32_t>(own.nodes - panel * juice::panel);
        sum = own.kind == Operation::Sum;
        wide = is_wide(run, own);
        plain = sum && wide && flows >= 0 && nodes >= juice::panel;
    }
};
constexpr std::int32_t most_gradient_panels = 8;

// A thread block has so many panels for so many times 64 rows, one panel after the other, a thread four nodes of a row in each. Whatever a thread reads is under way before it
// writes anything: a load behind a store waits for memory by itself. Panels whose flows lie in the same place follow each other (plan/launches.cpp), and what was
// read for one is kept for the next. Warps wait for each other at the beginning and at the end only.
template <int row_tiles_each>
__global__ void __launch_bounds__(block_threads, 4) gradients_kernel(const __grid_constant__ Run run, std::int32_t first, std::int32_t end, std::int32_t each) {
    begin_early();
    JUICE_SHARED(GradientPanel, panels, most_gradient_panels);
    JUICE_SHARED(float, parts, most_gradient_panels * block_warps * panel);         // sums over a warp's rows
    constexpr std::int64_t hop = rows_a_tile * panel;
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % 4 * 4;
    const std::int64_t first_row = std::int64_t{blockIdx.y} * row_tiles_each * rows_a_tile + thread / 4, place = first_row * panel + lane;
    const std::int32_t first_tile = first + static_cast<std::int32_t>(blockIdx.x) * each, count = end - first_tile < each ? end - first_tile : each;
    if (thread < count) panels[thread].find(run, run.tiles[first_tile + thread]);
    __syncthreads();
    wait_for_earlier();
    float kept_flows[row_tiles_each][4] = {};
    const bool whole = (std::int64_t{blockIdx.y} + 1) * row_tiles_each * rows_a_tile <= run.rows;
    for (std::int32_t number = 0; number < count; ++number) {
        const GradientPanel& own = panels[number];
        float flows[row_tiles_each][4];
        const bool kept = number > 0 && own.flows == panels[number - 1].flows;
        const auto work = [&](auto is_plain) {
            constexpr bool plain = decltype(is_plain)::value;
            const std::int32_t o = own.operation, nodes = own.nodes - lane;
            const std::int64_t values_at = own.values + place, flows_at = own.flows, mark = std::int64_t{o} * run.rows16 + first_row;
            const bool gathered = !plain && flows_at < 0, sum = plain || own.sum, wide = plain || own.wide;
            float values[row_tiles_each][4] = {};
            std::uint32_t log_row[row_tiles_each] = {};
#pragma unroll
            for (int t = 0; t < row_tiles_each; ++t)
#pragma unroll
                for (int i = 0; i < 4; ++i) flows[t][i] = 0;
            if (gathered) gather_flows(run, o, own.panel, lane, first_row, flows);
#pragma unroll
            for (int t = 0; t < row_tiles_each; ++t) {
                if (!plain && first_row + t * rows_a_tile >= run.rows) continue;
                if (!gathered && !kept) put(kept_flows[t], load4(run.element_flows + flows_at + place + t * hop));
                if (!sum) continue;
                put(values[t], load4(run.values + values_at + t * hop));
                log_row[t] = run.log_rows[mark + t * rows_a_tile];
            }
#pragma unroll
            for (int t = 0; t < row_tiles_each; ++t) {
                if (!gathered)
#pragma unroll
                    for (int i = 0; i < 4; ++i) flows[t][i] = kept_flows[t][i];
                if (!plain && nodes < 4)
#pragma unroll
                    for (int i = 0; i < 4; ++i)
                        if (i >= nodes) flows[t][i] = 0;
                if (!plain && first_row + t * rows_a_tile >= run.rows16) continue;
                if (!sum) {
                    store4(run.element_flows + own.product + place + t * hop, make_float4(flows[t][0], flows[t][1], flows[t][2], flows[t][3]));
                    continue;
                }
                float gradients[4];
                if (log_row[t] != 0) {
                    float4 linear = make_float4(values[t][0], values[t][1], values[t][2], values[t][3]);
                    const float4 of_logs = log_gradients(run, o, mark + t * rows_a_tile, linear, make_float4(flows[t][0], flows[t][1], flows[t][2], flows[t][3]));
                    put(gradients, of_logs);
                    put(values[t], linear);
                } else if (wide) {
#pragma unroll
                    for (int i = 0; i < 4; ++i) {
                        const float quotient = divide_roughly(flows[t][i], values[t][i]);
                        gradients[i] = values[t][i] > 0 ? quotient : 0;
                    }
                } else {
#pragma unroll
                    for (int i = 0; i < 4; ++i) gradients[i] = values[t][i] > 0 ? flows[t][i] / values[t][i] : 0;
                }
                if (!wide) {
                    store4(run.gradients + values_at + t * hop, make_float4(gradients[0], gradients[1], gradients[2], gradients[3]));
                    continue;
                }
                // What the rounded gradient carries is what the products will see, and what EM must divide by.
                const unsigned first_pair = to_pair(gradients[0], gradients[1]), second_pair = to_pair(gradients[2], gradients[3]);
                *reinterpret_cast<std::uint64_t*>(run.gradients16 + swapped(values_at + t * hop)) = to_four(first_pair, second_pair);
                const float2 lower = from_pair(first_pair), upper = from_pair(second_pair);
                const float rounded[4] = {lower.x, lower.y, upper.x, upper.y};
#pragma unroll
                for (int i = 0; i < 4; ++i) flows[t][i] = rounded[i] * values[t][i];
            }
        };
        if (whole && own.plain) work(std::true_type());
        else work(std::false_type());
        // The thread's rows, then eight rows of a warp, in a fixed order.
        float sums[4] = {};
#pragma unroll
        for (int i = 0; i < 4; ++i) {
#pragma unroll
            for (int t = 0; t < row_tiles_each; ++t) sums[i] += flows[t][i];
            for (int d = 4; d < warp_lanes; d *= 2) sums[i] += __shfl_xor_sync(~0u, sums[i], d);
        }
        if (thread % warp_lanes < 4) store4(parts + (number * block_warps + thread / warp_lanes) * panel + lane, make_float4(sums[0], sums[1], sums[2], sums[3]));
    }
    // Then the warps, for every panel; all rows count as the first of their row tiles.
    __syncthreads();
    const int number = thread / (row_tiles_each * static_cast<int>(panel)), within = thread % (row_tiles_each * static_cast<int>(panel));
    const std::int64_t row_tile = std::int64_t{blockIdx.y} * row_tiles_each + within / panel;
    if (number >= count || row_tile >= row_tiles(run)) return;
    float total = 0;
    for (int warp = 0; within < panel && warp < block_warps; ++warp) total += parts[(number * block_warps + warp) * panel + within];
    run.node_flows[(panels[number].number * row_tiles(run) + row_tile) * panel + within % panel] = total;
}

// A block an operation.
__global__ void coefficients_kernel(const Run run, std::int32_t first, const EmCoefficients em, const Rule* rule_at) {
    begin_early();
    find_coefficients(run, run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)], em, rule_at);
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
    constexpr int many = 2;
    const std::int32_t tiles = stage.panel_end - stage.panel_begin, large = (row_tiles(run) + many - 1) / many;
    const auto launch = [&](auto kernel, std::int32_t rows, std::int32_t each) {
        const dim3 grid(static_cast<unsigned>((tiles + each - 1) / each), static_cast<unsigned>(rows));
        JUICE_LAUNCH_IN_CHAIN(kernel, grid, dim3(block_threads), 0, stream, run, stage.panel_begin, stage.panel_end, each);
    };
    std::int32_t each = 1;
    static_assert(most_gradient_panels * many * panel <= block_threads);
    while (each < most_gradient_panels && std::int64_t{tiles} * large >= std::int64_t{2} * each * 6 * run.multiprocessors) each *= 2;
    if (std::int64_t{tiles} * large >= std::int64_t{2} * run.multiprocessors) launch(gradients_kernel<many>, large, each);
    else launch(gradients_kernel<1>, row_tiles(run), 1);
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
