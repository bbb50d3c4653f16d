// What flows back into tables of at most four values: a warp adds up a panel's flows in registers, by value. Shared memory and rows in the order of their
// values (tables.cu) would only cost instructions here: each value has so many rows that they come one behind the other.
#include "cuda/em.h"
#include "cuda/flows.h"
#include "cuda/tables.h"

namespace juice::cuda {

namespace {

constexpr int values = static_cast<int>(tiny_table_values), rows_a_warp = warp_lanes / 4;

// Of a lane's four nodes, by value.
struct TinyFlows {
    float4 of[values];
    __device__ void add(std::int32_t code, float4 flow) {
#pragma unroll
        for (int v = 0; v < values; ++v)
            if (code == v) of[v] = add4(of[v], flow);
    }
};

// What a reader brings in rows `first` and every `hop` from there.
__device__ void add_reader(const Run& run, const PlanReader& reader, std::int32_t q, int lane, std::int32_t first, std::int32_t hop, TinyFlows& sums) {
    constexpr int ahead = 8;            // rows whose flows are under way at once
    const std::int32_t* codes = run.codes + reader.variable * run.line;
    if (reader.mapping != Mapping::Identity) {
        for (auto row = first; row < run.rows; row += hop) sums.add(codes[row], reader_flows(run, reader, q, lane, row));
        return;
    }
    const float* flows = flow_row(run, run.operations[reader.operation], 0) + (reader.first_panel + q) * run.stride + lane;
    for (auto row = first; row < run.rows; row += ahead * hop) {
        float4 flow[ahead];
        std::int32_t code[ahead];
#pragma unroll
        for (int k = 0; k < ahead; ++k) {
            const std::int32_t mine = row + k * hop;
            const bool there = mine < run.rows;
            code[k] = there ? codes[mine] : -1;
            flow[k] = there ? load4(flows + std::int64_t{mine} * panel) : make_float4(0, 0, 0, 0);
        }
#pragma unroll
        for (int k = 0; k < ahead; ++k) sums.add(code[k], flow[k]);
    }
}

// What becomes of a node's flows.
__device__ void keep(const Run& run, const PlanOwner& owner, std::int64_t node, const float (&flows)[values], const Pass& pass, const Rule& rule) {
    if (pass.in_place && owner.distribution != DistributionType::Categorical) {         // Bernoulli
        if (node < owner.nodes) update_success(run, owner, node, flows[0], flows[1], rule);
        return;
    }
    const std::int64_t width = owner.panels * panel;
    float total = 0;
    for (int v = 0; v < values; ++v) total += flows[v];
    const Em em = pass.in_place ? em_of(total, run.counts[owner.first_node + node], rule.step, rule) : Em{};
    for (int v = 0; v < values && v < owner.domain; ++v) {
        if (pass.in_place) {
            float& weight = run.parameters[owner.parameters + v * width + node];
            weight = em_weight(weight, flows[v], em);
        } else {
            float& flow = run.flows[owner.flows + v * width + node];
            flow = pass.add ? flow + flows[v] : flows[v];
        }
    }
}

// Every tile has so many of a block's warps, of which each has a part of the rows.
__global__ void __launch_bounds__(block_threads, 3) tiny_flows_kernel(const __grid_constant__ Run run, std::int32_t begin, std::int32_t end, int parts, const Pass pass, const Rule* rule) {
    JUICE_SHARED(float, sums, block_warps * values * panel);
    const auto warp = static_cast<int>(threadIdx.x) / warp_lanes, lane = static_cast<int>(threadIdx.x) % warp_lanes, part = warp % parts;
    const std::int32_t number = begin + (static_cast<std::int32_t>(blockIdx.x) * block_warps + warp) / parts;
    const PlanTile tile = number < end ? run.tiles[number] : PlanTile{};
    const PlanOwner& owner = run.owners[tile.target];
    const bool wanted = number < end && is_tiny_table(owner) && wants_flows(owner, pass);
    if (wanted) {
        TinyFlows own{};
        for (auto r = owner.reader_begin; r < owner.reader_end; ++r)
            add_reader(run, run.readers[r], tile.panel, lane % 4 * 4, part * rows_a_warp + lane / 4, parts * rows_a_warp, own);
#pragma unroll
        for (int v = 0; v < values; ++v) {
#pragma unroll
            for (int d = 4; d < warp_lanes; d *= 2) {
                const float4 mine = own.of[v];
                own.of[v] = add4(mine, make_float4(__shfl_xor_sync(~0u, mine.x, d), __shfl_xor_sync(~0u, mine.y, d), __shfl_xor_sync(~0u, mine.z, d), __shfl_xor_sync(~0u, mine.w, d)));
            }
            if (lane < 4) store4(sums + (warp * values + v) * panel + lane * 4, own.of[v]);
        }
    }
    __syncthreads();
    if (!wanted || part > 0 || lane >= panel) return;
    float flows[values] = {};
    for (int p = 0; p < parts; ++p)
#pragma unroll
        for (int v = 0; v < values; ++v) flows[v] += sums[((warp + p) * values + v) * panel + lane];
    keep(run, owner, tile.panel * panel + lane, flows, pass, *rule);
}

}  // namespace

TinyTables::TinyTables(const PlanView& plan) {
    std::int32_t tile = plan.totals.node_inputs;
    for (std::int64_t o = 0; o < plan.owner_count; ++o) {
        const PlanOwner& owner = plan.owners[o];
        if (owner.kind == OwnerKind::Sum) continue;
        if (is_tiny_table(owner)) {
            if (begin_ == end_) begin_ = tile;
            end_ = tile + owner.panels;
        }
        tile += owner.panels;
    }
}

void TinyTables::flows(const Run& run, const Pass& pass, const Rule* rule, cudaStream_t stream) const {
    const std::int32_t begin = begin_, end = end_, tiles = end - begin;
    if (tiles == 0) return;
    int parts = 1;                      // so many that there are warps enough for the whole GPU
    while (parts < block_warps && tiles * parts < 4 * block_warps * run.multiprocessors) parts *= 2;
    JUICE_LAUNCH(tiny_flows_kernel, dim3(static_cast<unsigned>((tiles * parts + block_warps - 1) / block_warps)), dim3(block_threads), stream, run, begin, end, parts, pass, rule);
}

}  // namespace juice::cuda
