// The flow that an operation or an input's table gets back from its readers.
#pragma once

#include "cuda/numbers.h"

namespace juice::cuda {

// What one reader passes to node (q, lane) of its source in one row.
__device__ inline float reader_flow(const Run& run, const PlanReader& reader, std::int64_t q, int lane, std::int64_t row) {
    const float* from = flow_row(run, run.operations[reader.operation], row) + reader.first_panel * run.stride;
    if (reader.mapping == Mapping::Identity) return from[q * run.stride + lane];
    // By the inverse wiring: several positions may read one node.
    const bool by_panel = reader.mapping == Mapping::Panels;
    const std::int64_t keys = reader.inverse_keys, key = by_panel ? q : q * panel + lane;
    const std::int32_t* starts = run.maps + reader.inverse;
    const std::int32_t* readers = starts + keys + 1;
    float flow = 0;
    for (auto k = starts[key]; k < starts[key + 1]; ++k) flow += by_panel ? from[readers[k] * run.stride + lane] : from[at(run, readers[k])];
    return flow;
}

// The same of nodes lane … lane + 3.
__device__ inline float4 reader_flows(const Run& run, const PlanReader& reader, std::int64_t q, int lane, std::int64_t row) {
    if (reader.mapping == Mapping::Nodes)
        return make_float4(reader_flow(run, reader, q, lane, row), reader_flow(run, reader, q, lane + 1, row), reader_flow(run, reader, q, lane + 2, row),
                           reader_flow(run, reader, q, lane + 3, row));
    const float* from = flow_row(run, run.operations[reader.operation], row) + reader.first_panel * run.stride + lane;
    if (reader.mapping == Mapping::Identity) return load4(from + q * run.stride);
    const std::int32_t* starts = run.maps + reader.inverse;
    const std::int32_t* readers = starts + reader.inverse_keys + 1;
    float4 flow = make_float4(0, 0, 0, 0);
    for (auto k = starts[q]; k < starts[q + 1]; ++k) flow = add4(flow, load4(from + readers[k] * run.stride));
    return flow;
}

// The operation's own flow: from the root flows, or added up over its readers in their order. Rows of value 0 have none.
__device__ inline float own_flow(const Run& run, std::int32_t o, std::int64_t q, int lane, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    if (q * panel + lane >= operation.nodes || row >= run.rows) return 0;
    float flow = 0;
    if (o == run.root) {
        const float value = value_row(run, operation, row)[q * run.stride + lane];
        const bool possible = run.log_rows[std::int64_t{o} * run.rows16 + row] ? value > minus_infinity() : value > 0;
        if (!possible) return 0;
        return (run.root_flows ? run.root_flows[row * run.roots + q * panel + lane] : 1.0f) * (run.weights ? run.weights[row] : 1.0f);
    }
    for (auto r = operation.reader_begin; r < operation.reader_end; ++r) flow += reader_flow(run, run.readers[r], q, lane, row);
    return flow;
}

}  // namespace juice::cuda
