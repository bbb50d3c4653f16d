#include "cuda/parameters.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "cuda/counters.h"
#include "cuda/kernels.h"
#include "cuda/logs.h"
#include "cuda/mma.h"

namespace juice::cuda {

namespace {

constexpr int most_ways = 8;        // each fills pinned memory, sends and waits in turn; more give nothing
constexpr std::int64_t largest_piece = std::int64_t{1} << 18;      // floats: 1 MiB. Making pinned memory takes 0.4 ms a MiB
constexpr const char* purpose = "parameters";
constexpr double far_from_one = 1e-5;

std::int64_t nodes_of_owners(const PlanView& plan) {
    std::int64_t nodes = 0;
    for (std::int64_t o = 0; o < plan.owner_count; ++o) nodes += plan.owners[o].panels * panel;
    return nodes;
}

// What was written of a panel of an owner. Below the normal range a float keeps few digits, but it is no structural zero. counts: non-zero parameters by
// node, of sums and tables.
__global__ void written_kernel(const Run run, std::int32_t o, float* counts) {
    JUICE_SHARED(float, parts, block_threads);
    const PlanOwner& owner = run.owners[o];
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel), slot = thread / static_cast<int>(panel);
    const std::int64_t q = blockIdx.x, width = owner.panels * panel;
    float* parameters = run.parameters + owner.parameters;
    const auto take = [&](float& parameter) {
        if (parameter == 0) return 0.0f;
        if (parameter < least_weight) parameter = least_weight;
        return 1.0f;
    };
    float count = 0;
    if (owner.kind == OwnerKind::Sum) {             // a node a slot
        const std::int64_t node = q * panel + slot;
        if (node < owner.nodes)
            for_each_edge(run, run.operations[owner.operation], node, lane, static_cast<int>(panel), [&](std::int64_t, std::int64_t w) { count += take(parameters[w]); });
        count = lane_sum(count);
        if (lane == 0) counts[owner.first_node + node] = count;
        return;
    }
    if (owner.kind == OwnerKind::Table)             // a node a lane
        for (std::int64_t x = slot; x < owner.domain; x += block_slots) count += take(parameters[x * width + q * panel + lane]);
    parts[thread] = count;
    __syncthreads();
    if (slot > 0) return;
    for (int s = 1; s < block_slots; ++s) count += parts[s * panel + lane];
    counts[owner.first_node + q * panel + lane] = count;
}

// Small steps may take what should add up to 1 further from it than rounding does: what a large weight gains in a step is less than its last digit, and
// what the small ones lose is not. Then they are divided by what they add up to.
__device__ bool is_far_from_one(double total) { return total > 0 && fabs(total - 1) > far_from_one; }
__device__ float scaled(float weight, float factor) { return weight != 0 ? fmaxf(weight * factor, least_weight) : 0; }

__global__ void settle_kernel(const Run run, std::int32_t first) {
    JUICE_SHARED(double, parts, block_threads);
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    const bool sum = owner.kind == OwnerKind::Sum;
    if (!sum && (owner.kind != OwnerKind::Table || owner.distribution != DistributionType::Categorical)) return;
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel), slot = thread / static_cast<int>(panel);
    const std::int64_t width = owner.panels * panel, node = tile.panel * panel + slot;
    float* parameters = run.parameters + owner.parameters;
    float* table = parameters + tile.panel * panel + lane;
    // A sum's node is a slot's, a table's a lane's.
    const auto for_each = [&](auto visit) {
        if (!sum)
            for (std::int64_t x = slot; x < owner.domain; x += block_slots) visit(table[x * width], std::int64_t{0});
        else if (node < owner.nodes)
            for_each_edge(run, run.operations[owner.operation], node, lane, static_cast<int>(panel), [&](std::int64_t, std::int64_t w) { visit(parameters[w], w); });
    };
    double part = 0;
    for_each([&](const float& weight, std::int64_t) { part += static_cast<double>(weight); });
    parts[thread] = part;
    __syncthreads();
    double total = 0;
    for (int i = 0; i < static_cast<int>(panel); ++i) total += sum ? parts[slot * panel + i] : parts[i * panel + lane];
    if (!is_far_from_one(total)) return;
    const auto factor = static_cast<float>(1 / total);
    Bf16* shadow = sum && owner.shadow >= 0 ? run.weights16 + owner.shadow : nullptr;
    for_each([&](float& weight, std::int64_t w) {
        weight = scaled(weight, factor);
        if (shadow) shadow[swapped(w)] = to_bf16(weight);
    });
}

}  // namespace

void settle_weights(const Run& run, const PlanTotals& totals, cudaStream_t stream) {
    JUICE_LAUNCH(settle_kernel, dim3(static_cast<unsigned>(totals.node_end - totals.node_begin)), dim3(block_threads), stream, run, totals.node_begin);
}

Parameters::Way::Way(std::int32_t device, std::int64_t piece) : stream(device), pieces{HostArray<float>(piece, purpose), HostArray<float>(piece, purpose)} {}

Parameters::Parameters(const PlanView& plan, std::int32_t device)
    : plan_(plan),
      device_(device),
      values_(plan.totals.parameters, purpose),
      weights16_(plan.totals.shadow, purpose),
      counts_(nodes_of_owners(plan), purpose),
      ways_(most_ways) {
    for (std::int64_t o = 0; o < plan.owner_count; ++o) piece_ = std::max(piece_, std::min(largest_piece, plan.owners[o].parameter_count));
}

void Parameters::write(const Run& run, std::int32_t o, const float* source) {
    const PlanOwner& owner = plan_.owners[o];
    const auto way = ways_.borrow([&] { return std::make_unique<Way>(device_, piece_); });
    const cudaStream_t stream = way->stream.get();
    for (std::int64_t first = 0, i = 0; first < owner.parameter_count; first += piece_, ++i) {
        const std::int64_t count = std::min(piece_, owner.parameter_count - first);
        float* const pinned = way->pieces[i % 2].data();
        way->sent[i % 2].wait();
        std::copy_n(source + first, count, pinned);
        values_.upload(pinned, owner.parameters + first, count, stream);
        way->sent[i % 2].record(stream);
    }
    float* const counts = counts_.data();
    JUICE_LAUNCH(written_kernel, dim3(static_cast<unsigned>(owner.panels)), dim3(block_threads), stream, run, o, counts);
    if (owner.shadow >= 0) shadow_weights(run, owner, stream);
    if (owner.kind == OwnerKind::LogTable || owner.kind == OwnerKind::Gaussian) fill_tables(run, o, 1, stream);
    way->stream.wait();
}

}  // namespace juice::cuda
