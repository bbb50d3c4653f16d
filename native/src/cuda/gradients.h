// What gradients are made of: own flows gathered from the readers, and quotients of rows that are kept as logs.
#pragma once

#include "cuda/mma.h"
#include "cuda/numbers.h"

namespace juice::cuda {

// gradient = flow / value of an entry of a log row, relative to the elements' exponents. Those below 2^-90 go edge by edge instead.
__device__ inline float log_gradient(const Run& run, std::int32_t o, std::int64_t mark, float log, float flow) {
    if (flow == 0 || !(log > minus_infinity())) return 0;
    if (log >= lowest_log) return flow * exp2f(-log);
    run.slow_rows[mark] = 1;
    atomicOr(run.slow_operations + o, 1);
    atomicOr(run.slow_operations + run.operation_count, 1);
    return 0;
}
// The same of four nodes; their values become those that the gradients are relative to.
__device__ __noinline__ inline float4 log_gradients(const Run& run, std::int32_t o, std::int64_t mark, float4& values, float4 flows) {
    const auto shift = static_cast<float>(run.exponents[mark] - run.element_exponents[mark]);
    const float4 logs = make_float4(values.x + shift, values.y + shift, values.z + shift, values.w + shift);
    values = make_float4(exp2f(logs.x), exp2f(logs.y), exp2f(logs.z), exp2f(logs.w));
    return make_float4(log_gradient(run, o, mark, logs.x, flows.x), log_gradient(run, o, mark, logs.y, flows.y), log_gradient(run, o, mark, logs.z, flows.z),
                       log_gradient(run, o, mark, logs.w, flows.w));
}

__device__ inline void put(float (&to)[4], float4 x) {
    to[0] = x.x;
    to[1] = x.y;
    to[2] = x.z;
    to[3] = x.w;
}
__device__ inline void add(float (&to)[4], float4 x) {
    to[0] += x.x;
    to[1] += x.y;
    to[2] += x.z;
    to[3] += x.w;
}

// Gradients of four nodes of a sum's row, kept at `place`, from values and flows, which become what the node flows are added up from.
__device__ inline void keep_gradients(const Run& run, std::int32_t o, std::int64_t mark, std::int64_t place, bool wide, bool logs, float (&values)[4], float (&flows)[4]) {
    float gradients[4];
    if (logs) {
        float4 linear = make_float4(values[0], values[1], values[2], values[3]);
        const float4 of_logs = log_gradients(run, o, mark, linear, make_float4(flows[0], flows[1], flows[2], flows[3]));
        put(gradients, of_logs);
        put(values, linear);
    } else {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
            const float quotient = wide ? divide_roughly(flows[i], values[i]) : flows[i] / values[i];
            gradients[i] = values[i] > 0 ? quotient : 0;
        }
    }
    if (!wide) return store4(run.gradients + place, make_float4(gradients[0], gradients[1], gradients[2], gradients[3]));
    // What the rounded gradient carries is what the products will see, and what EM must divide by.
    const unsigned first_pair = to_pair(gradients[0], gradients[1]), second_pair = to_pair(gradients[2], gradients[3]);
    *reinterpret_cast<std::uint64_t*>(run.gradients16 + swapped(place)) = to_four(first_pair, second_pair);
    const float2 lower = from_pair(first_pair), upper = from_pair(second_pair);
    const float rounded[4] = {lower.x, lower.y, upper.x, upper.y};
#pragma unroll
    for (int i = 0; i < 4; ++i) flows[i] = rounded[i] * values[i];
}

// Flows of nodes lane … lane + 3 of the root, as own_flow has them. What is behind its nodes is nobody's.
__device__ inline float4 root_flows(const Run& run, std::int64_t q, int lane, std::int64_t row) {
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

}  // namespace juice::cuda
