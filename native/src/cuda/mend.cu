// Rows with entries far below their maximum: computed again edge by edge, forward and backward. Few circuits have them; their kernels look at marks and
// end.
#include "cuda/factors.h"
#include "cuda/kernels.h"
#include "cuda/logs.h"

namespace juice::cuda {

namespace {

constexpr int mend_threads = 128, mend_groups = mend_threads / static_cast<int>(panel);
constexpr int mend_rows = 32;           // of a thread block, one after the other

// The largest of all threads' numbers.
__device__ float block_max(float x) {
    JUICE_SHARED(float, tops, mend_groups);
    x = lane_max(x);
    __syncthreads();
    if (threadIdx.x % panel == 0) tops[threadIdx.x / panel] = x;
    __syncthreads();
    for (int g = 0; g < mend_groups; ++g) x = fmaxf(x, tops[g]);
    return x;
}

// Elements of a row as logs, in their place, and back.
__device__ void elements_to_logs(const Run& run, std::int32_t o, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    const auto thread = static_cast<int>(threadIdx.x);
    const int groups = static_cast<int>(blockDim.x) / static_cast<int>(panel);
    __syncthreads();
    write_logs(run, operation, row, run.element_exponents[std::int64_t{o} * run.rows16 + row], thread % static_cast<int>(panel), thread / static_cast<int>(panel), groups,
               element_row(run, operation, row));
    __syncthreads();
}
__device__ void logs_to_elements(const Run& run, const PlanOperation& operation, std::int64_t row) {
    float* elements = element_row(run, operation, row);
    __syncthreads();
    for (std::int64_t p = threadIdx.x; p < operation.operand_panels * panel; p += blockDim.x) elements[at(run, p)] = exp2f(elements[at(run, p)]);
}

// A low entry is kept as its log while the row is mended: a negative number, which no value is.
__device__ void mend_row(const Run& run, std::int32_t o, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    const std::int64_t mark = std::int64_t{o} * run.rows16 + row;
    float* values = value_row(run, operation, row);
    elements_to_logs(run, o, row);
    float top = minus_infinity();
    for (std::int64_t node = threadIdx.x; node < operation.nodes; node += mend_threads) {
        float& value = values[at(run, node)];
        if (value >= lowest_value) continue;
        value = node_log(run, operation, node, element_row(run, operation, row));
        top = fmaxf(top, value);
    }
    const bool alive = block_max(top) > minus_infinity();
    top = minus_infinity();
    for (std::int64_t node = threadIdx.x; node < operation.panels * panel; node += mend_threads) {
        float& value = values[at(run, node)];
        if (!alive) value = value < 0 ? 0 : value;
        else if (node >= operation.nodes) value = minus_infinity();
        else value = value < 0 ? value : log2f(value);
        top = fmaxf(top, value);
    }
    top = block_max(top);
    if (alive) {
        const float shift = ceilf(top);
        for (std::int64_t node = threadIdx.x; node < operation.panels * panel; node += mend_threads) values[at(run, node)] -= shift;
        if (threadIdx.x == 0) {
            run.exponents[mark] += static_cast<std::int32_t>(shift);
            run.log_rows[mark] = 1;
        }
    }
    logs_to_elements(run, operation, row);
}

// The marked ones of a thread block's rows, one bit each.
__device__ unsigned marked_rows(const Run& run, const std::uint8_t* marks, std::int32_t o) {
    const std::int64_t row = std::int64_t{blockIdx.y} * mend_rows + threadIdx.x % mend_rows;
    return __ballot_sync(~0u, row < run.rows16 && marks[std::int64_t{o} * run.rows16 + row] != 0);
}

// ---- kernels ----

__global__ void mend_kernel(const Run run, std::int32_t first) {
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    if (run.operations[o].kind != Operation::Sum) return;
    for (unsigned rows = marked_rows(run, run.suspects, o); rows; rows &= rows - 1) mend_row(run, o, std::int64_t{blockIdx.y} * mend_rows + __ffs(static_cast<int>(rows)) - 1);
}

__global__ void slow_operand_kernel(const Run run, std::int32_t first) {
    const std::int32_t o = run.stage_operations[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOperation& operation = run.operations[o];
    if (operation.kind != Operation::Sum || !run.slow_operations[o]) return;
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    for (unsigned rows = marked_rows(run, run.slow_rows, o); rows; rows &= rows - 1) {
        const std::int64_t row = std::int64_t{blockIdx.y} * mend_rows + __ffs(static_cast<int>(rows)) - 1;
        elements_to_logs(run, o, row);
        const float* logs = element_row(run, operation, row);
        float* flows = flow_row(run, operation, row);
        for (std::int64_t node = 0; node < operation.nodes; ++node) {
            const SlowEntry entry = slow_entry(run, o, node, row);
            if (entry.flow == 0) continue;
            for_each_edge(run, operation, node, static_cast<int>(threadIdx.x), mend_threads, [&](std::int64_t position, std::int64_t w) {
                flows[at(run, position)] += slow_part(entry, weights[w], logs[at(run, position)]);
            });
            __syncthreads();        // the next node's edges go to other threads
        }
        logs_to_elements(run, operation, row);
    }
}

// Elements of all slow rows, as logs for good: parameter flows are the last to read them.
__global__ void slow_elements_kernel(const Run run) {
    const auto o = static_cast<std::int32_t>(blockIdx.x);
    if (run.operations[o].kind != Operation::Sum || !run.slow_operations[o]) return;
    for (unsigned rows = marked_rows(run, run.slow_rows, o); rows; rows &= rows - 1)
        elements_to_logs(run, o, std::int64_t{blockIdx.y} * mend_rows + __ffs(static_cast<int>(rows)) - 1);
}

// A thread block has a panel of an owner's nodes, so that the parts of a weight's flow are added up in one order.
__global__ void slow_parameters_kernel(const Run run, std::int32_t first) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind != OwnerKind::Sum) return;
    const float* weights = run.parameters + owner.parameters;
    float* flows = run.flows + owner.flows;
    for (auto use = owner.use_begin; use < owner.use_end; ++use) {
        const std::int32_t o = run.uses[use];
        if (!run.slow_operations[o]) continue;
        const PlanOperation& operation = run.operations[o];
        for (std::int64_t row = 0; row < run.rows; ++row) {
            if (!run.slow_rows[std::int64_t{o} * run.rows16 + row]) continue;
            const float* logs = element_row(run, operation, row);
            for (std::int64_t node = tile.panel * panel; node < (tile.panel + 1) * panel && node < operation.nodes; ++node) {
                const SlowEntry entry = slow_entry(run, o, node, row);
                if (entry.flow == 0) continue;
                for_each_edge(run, operation, node, static_cast<int>(threadIdx.x), mend_threads, [&](std::int64_t position, std::int64_t w) {
                    flows[w] += slow_part(entry, weights[w], logs[at(run, position)]);
                });
            }
        }
        __syncthreads();            // another use may list the edges in another order
    }
}

dim3 operations_by_rows(std::int64_t operations, const Run& run) {
    return dim3(static_cast<unsigned>(operations), static_cast<unsigned>((run.rows16 + mend_rows - 1) / mend_rows));
}

}  // namespace

// ---- launchers ----

void mend(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    JUICE_LAUNCH(mend_kernel, operations_by_rows(stage.operation_end - stage.operation_begin, run), dim3(mend_threads), stream, run, stage.operation_begin);
}

void slow_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) {
    JUICE_LAUNCH(slow_operand_kernel, operations_by_rows(stage.operation_end - stage.operation_begin, run), dim3(mend_threads), stream, run, stage.operation_begin);
}

void slow_parameter_flows(const Run& run, const PlanTotals& totals, std::int64_t operations, cudaStream_t stream) {
    JUICE_LAUNCH(slow_elements_kernel, operations_by_rows(operations, run), dim3(mend_threads), stream, run);
    JUICE_LAUNCH(slow_parameters_kernel, dim3(static_cast<unsigned>(totals.node_end - totals.node_begin)), dim3(mend_threads), stream, run, totals.node_begin);
}

}  // namespace juice::cuda
