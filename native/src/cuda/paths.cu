// EM by max-product and by powers between it and sums: flows down the best paths, and parameters raised to a power.
#include "cuda/counters.h"
#include "cuda/kernels.h"
#include "cuda/mend.h"
#include "cuda/mma.h"

namespace juice::cuda {

namespace {

struct BestEdge {
    float value;
    std::int64_t position, weight;      // -1: none
};

// The better of two: the larger, then the first.
__device__ BestEdge better(const BestEdge& a, const BestEdge& b) {
    if (b.position < 0 || a.value > b.value) return a;
    if (a.position < 0 || b.value > a.value) return b;
    return a.position <= b.position ? a : b;
}

// Of all 16 lanes, on every one.
__device__ BestEdge best_of_lanes(BestEdge mine) {
    for (int d = 8; d > 0; d >>= 1) {
        const BestEdge other{__shfl_xor_sync(half_warp(), mine.value, d), __shfl_xor_sync(half_warp(), mine.position, d), __shfl_xor_sync(half_warp(), mine.weight, d)};
        mine = better(mine, other);
    }
    return mine;
}

__device__ BestEdge best_edge(const Run& run, const PlanOperation& operation, std::int64_t node, int lane, const float* elements, bool logs) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    BestEdge best{logs ? minus_infinity() : 0.0f, -1, -1};
    for_each_edge(run, operation, node, lane, static_cast<int>(panel), [&](std::int64_t position, std::int64_t w) {
        if (weights[w] == 0) return;
        const float element = elements[at(run, position)], value = logs ? element + log2f(weights[w]) : element * weights[w];
        if (value > best.value) best = {value, position, w};
    });
    return best_of_lanes(best);
}

// A half warp has a row of an operation. The numbers of the weights that were chosen are kept in the place of the gradients.
__global__ void path_flows_kernel(const Run run, std::int32_t first) {
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    const auto lane = static_cast<int>(threadIdx.x);
    const std::int64_t row = blockIdx.y;
    const PlanOperation& operation = run.operations[o];
    float* flows = flow_row(run, operation, row);
    if (operation.kind != Operation::Sum) {
        for (std::int32_t q = 0; q < operation.panels; ++q) flows[q * run.stride + lane] = own_flow(run, o, q, lane, row);
        return;
    }
    for (std::int32_t q = 0; q < operation.operand_panels; ++q) flows[q * run.stride + lane] = 0;
    __syncthreads();
    const float* elements = element_row(run, operation, row);
    bool logs = false;
    for (std::int32_t q = 0; q < operation.panels; ++q) {
        const float own = own_flow(run, o, q, lane, row);
        int chosen = -1;
        for (int k = 0; k < panel; ++k) {
            const float flow = lane_of(own, k);
            if (flow == 0) continue;
            BestEdge best{0, -1, -1};
            if (!logs) best = best_edge(run, operation, q * panel + k, lane, elements, false);
            if (best.value < lowest_value) {        // as the forward pass mends a row: in logs
                if (!logs) elements_to_logs(run, o, row);
                logs = true;
                best = best_edge(run, operation, q * panel + k, lane, elements, true);
            }
            if (lane == k) chosen = static_cast<int>(best.weight);
            if (lane == 0 && best.position >= 0) flows[at(run, best.position)] += flow;
        }
        gradient_row(run, operation, row)[q * run.stride + lane] = __int_as_float(chosen);
    }
}

// 16 threads have a panel of an owner's nodes, so that the rows of a weight are added up in one order.
__global__ void path_parameters_kernel(const Run run, std::int32_t first) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind != OwnerKind::Sum) return;
    const auto lane = static_cast<int>(threadIdx.x);
    float* flows = run.flows + owner.flows;
    for (auto use = owner.use_begin; use < owner.use_end; ++use) {
        const std::int32_t o = run.uses[use];
        const PlanOperation& operation = run.operations[o];
        for (std::int64_t row = 0; row < run.rows; ++row) {
            const int chosen = __float_as_int(gradient_row(run, operation, row)[tile.panel * run.stride + lane]);
            if (chosen >= 0) flows[chosen] += own_flow(run, o, tile.panel, lane, row);
        }
    }
}

__device__ float raised(float x, float power) { return x != 0 ? fmaxf(exp2f(log2f(x) * power), least_weight) : 0; }

// A thread block has a panel of an owner; the first one of an owner's also makes its log tables.
__global__ void raise_kernel(const Run run, std::int32_t first, float power, float* to, Bf16* to16) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel), slot = thread / static_cast<int>(panel);
    const float* p = run.parameters + owner.parameters;
    float* up = to + owner.parameters;
    const std::int64_t width = owner.panels * panel, node = tile.panel * panel + (owner.kind == OwnerKind::Sum ? slot : lane);
    switch (owner.kind) {
        case OwnerKind::Sum:
            if (node >= owner.nodes) return;
            for_each_edge(run, run.operations[owner.operation], node, lane, static_cast<int>(panel), [&](std::int64_t, std::int64_t w) {
                up[w] = raised(p[w], power);
                if (owner.shadow >= 0) to16[owner.shadow + swapped(w)] = to_bf16(up[w]);
            });
            return;
        case OwnerKind::Table:
            for (std::int64_t x = slot; x < owner.domain; x += block_slots) up[x * width + node] = raised(p[x * width + node], power);
            return;
        case OwnerKind::LogTable: {
            if (slot < 2) up[(owner.domain + slot) * width + node] = p[(owner.domain + slot) * width + node];
            const float* exponents = p + (owner.domain + 2) * width;
            for (std::int64_t x = thread; tile.panel == 0 && x < owner.domain; x += block_threads) {
                const auto log_of = [&](std::int64_t i) {
                    return i < owner.nodes ? (static_cast<double>(p[x * width + i]) + static_cast<double>(exponents[x])) * static_cast<double>(power) : -__builtin_inf();
                };
                double top = -__builtin_inf();
                for (std::int64_t i = 0; i < owner.nodes; ++i) top = fmax(top, log_of(i));
                const auto exponent = top >= owner.least_log ? static_cast<float>(ceil(top)) : 0.0f;
                for (std::int64_t i = 0; i < width; ++i)
                    up[x * width + i] = log_of(i) >= owner.least_log ? static_cast<float>(log_of(i) - static_cast<double>(exponent)) : minus_infinity();
                up[(owner.domain + 2) * width + x] = exponent;
            }
            return;
        }
        case OwnerKind::Gaussian:
            if (slot > 0) return;
            up[node] = p[node];
            up[width + node] = p[width + node] / sqrtf(power);
            up[2 * width + node] = p[2 * width + node] * power;
            return;
    }
}

}  // namespace

// ---- launchers ----

void path_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    const dim3 grid(static_cast<unsigned>(stage.operation_end - stage.operation_begin), static_cast<unsigned>(run.rows16));
    JUICE_LAUNCH(path_flows_kernel, grid, dim3(static_cast<unsigned>(panel)), stream, run, stage.operation_begin);
}

void path_parameter_flows(const Run& run, const PlanTotals& totals, cudaStream_t stream) {
    JUICE_LAUNCH(path_parameters_kernel, dim3(static_cast<unsigned>(totals.node_end - totals.node_begin)), dim3(static_cast<unsigned>(panel)), stream, run, totals.node_begin);
}

void raise(const Run& run, const PlanTotals& totals, float power, float* to, std::uint16_t* to16, cudaStream_t stream) {
    JUICE_LAUNCH(raise_kernel, dim3(static_cast<unsigned>(totals.node_end - totals.node_begin)), dim3(block_threads), stream, run, totals.node_begin, power, to, to16);
}

}  // namespace juice::cuda
