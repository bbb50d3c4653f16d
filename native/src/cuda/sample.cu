// Sampling: every sample walks from the root to the inputs, given the values of its evidence row. 16 lanes share a sample's sums.
#include "common/philox.h"
#include "cuda/factors.h"
#include "cuda/kernels.h"
#include "cuda/logs.h"
#include "plan/engine.h"

namespace juice::cuda {

namespace {

constexpr int samples_at_once = 8;      // of a thread block
constexpr int lanes = static_cast<int>(panel);

// [0, 1), from 53 bits.
__device__ double uniform(std::uint32_t high, std::uint32_t low) { return static_cast<double>((std::uint64_t{high} << 32 | low) >> 11) * 0x1p-53; }

// The number of the term that holds the share `share` of all terms; each_term(lane, visit) visits the lane's own (number, term) in a fixed order. -1
// where every term is 0.
template <class EachTerm>
__device__ std::int32_t choose(double share, int lane, EachTerm each_term) {
    double mine = 0;
    each_term([&](std::int32_t, double term) { mine += term; });
    double total = 0;
    for (int k = 0; k < lanes; ++k) total += lane_of(mine, k);
    double rest = share * total;
    int chosen = -1;
    for (int k = 0; k < lanes; ++k) {
        const double part = lane_of(mine, k);
        if (!(part > 0)) continue;
        if (chosen >= 0 && rest < lane_of(mine, chosen)) continue;
        if (chosen >= 0) rest -= lane_of(mine, chosen);
        chosen = k;
    }
    std::int32_t number = -1;
    if (lane == chosen) {
        double running = 0;
        bool found = false;
        each_term([&](std::int32_t at, double term) {
            if (found || !(term > 0)) return;
            number = at;
            running += term;
            found = rest < running;
        });
    }
    return chosen < 0 ? -1 : lane_of(number, chosen);
}

// log2 of one element, relative to its row's exponent.
__device__ float element_log(const Run& run, std::int32_t o, std::int64_t position, std::int64_t row) {
    const PlanOperation& operation = run.operations[o];
    auto s = operation.segment_begin;
    while (position >= (run.segments[s].first_panel + run.segments[s].panels) * panel) ++s;
    const PlanSegment& segment = run.segments[s];
    const std::int64_t place = position - segment.first_panel * panel;
    const std::int64_t shift = child_exponents(run, segment, row) - run.element_exponents[std::int64_t{o} * run.rows16 + row];
    return segment_log(run, segment, place / panel, static_cast<int>(place % panel), row) + static_cast<float>(shift);
}

// The position of the edge that a sample takes from a node.
__device__ std::int32_t choose_edge(const Run& run, std::int32_t o, std::int32_t node, std::int64_t row, int lane, double share, double power) {
    const PlanOperation& operation = run.operations[o];
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const float* elements = element_row(run, operation, row);
    if (power == 1) {
        float sum = 0;
        for_each_edge(run, operation, node, lane, lanes, [&](std::int64_t position, std::int64_t w) { sum += weights[w] * elements[at(run, position)]; });
        if (lane_sum(sum) >= lowest_value)
            return choose(share, lane, [&](auto visit) {
                for_each_edge(run, operation, node, lane, lanes, [&](std::int64_t position, std::int64_t w) {
                    visit(static_cast<std::int32_t>(position), static_cast<double>(weights[w] * elements[at(run, position)]));
                });
            });
    }
    const auto log_of = [&](std::int64_t position, std::int64_t w) {
        return weights[w] != 0 ? element_log(run, o, position, row) + log2f(weights[w]) : minus_infinity();
    };
    float top = minus_infinity();
    for_each_edge(run, operation, node, lane, lanes, [&](std::int64_t position, std::int64_t w) { top = fmaxf(top, log_of(position, w)); });
    top = lane_max(top);
    return choose(share, lane, [&](auto visit) {
        for_each_edge(run, operation, node, lane, lanes, [&](std::int64_t position, std::int64_t w) {
            const float log = log_of(position, w);
            visit(static_cast<std::int32_t>(position), log > minus_infinity() ? exp2(static_cast<double>(log - top) * power) : 0);
        });
    });
}

__device__ std::int32_t choose_value(const Run& run, const PlanOwner& owner, std::int32_t node, int lane, double share, double power) {
    const std::int64_t width = owner.panels * panel;
    const float* table = run.parameters + owner.parameters + node;
    const float* exponents = run.parameters + owner.parameters + (owner.domain + 2) * width;
    const bool logs = owner.kind == OwnerKind::LogTable;
    const auto log_of = [&](std::int64_t x) { return logs ? static_cast<double>(table[x * width]) + static_cast<double>(exponents[x]) : log2(static_cast<double>(table[x * width])); };
    double top = -__builtin_inf();
    for (std::int64_t x = lane; x < owner.domain; x += lanes) top = fmax(top, log_of(x));
    top = lane_max(top);
    return choose(share, lane, [&](auto visit) {
        for (std::int64_t x = lane; x < owner.domain; x += lanes)
            visit(static_cast<std::int32_t>(x), !logs && power == 1 ? static_cast<double>(table[x * width]) : exp2((log_of(x) - top) * power));
    });
}

// Who is met next when a sample takes position `place` of a segment. Lane 0 notes it down.
__device__ void follow(const Run& run, const PlanSegment& segment, std::int64_t place, const SampleMemory& memory, std::int64_t sample) {
    for (auto f = segment.factor_begin; f < segment.factor_end; ++f) {
        const PlanFactor& factor = run.factors[f];
        std::int64_t node = place;
        if (factor.mapping == Mapping::Panels) node = run.maps[factor.map + place / panel] * panel + place % panel;
        else if (factor.mapping == Mapping::Nodes) node = run.maps[factor.map + place];
        if (factor.kind == FactorKind::Values) {
            memory.nodes[factor.source * memory.line + sample] = static_cast<std::int32_t>(node);
        } else {
            memory.owners[factor.variable * memory.line + sample] = factor.source;
            memory.owner_nodes[factor.variable * memory.line + sample] = static_cast<std::int32_t>(node);
        }
    }
}

// ---- kernels ----

// 16 lanes a sample; parents come before what they read. `first`: the first sample, counted from the first row of the run.
__global__ void walk_kernel(const Run run, const SampleMemory memory, const SampleOptions options, std::int32_t operations, std::int64_t first, std::int64_t count,
                            std::int64_t first_row) {
    const std::int64_t sample = std::int64_t{blockIdx.x} * samples_at_once + threadIdx.x / panel;
    const auto lane = static_cast<int>(threadIdx.x) % lanes;
    if (sample >= count) return;
    const std::int64_t row = (first + sample) / options.per_row, number = options.first + first_row * options.per_row + first + sample;
    const double power = fmin(fmax(1 / options.temperature, 1e-30), 1e30);
    for (auto o = operations; o-- > 0;) {
        const PlanOperation& operation = run.operations[o];
        __syncwarp(half_warp());        // what lane 0 noted down
        const std::int32_t node = memory.nodes[o * memory.line + sample];
        if (node < 0) continue;
        const PlanSegment* segment = run.segments + operation.segment_begin;
        if (operation.kind == Operation::Input) {
            if (lane == 0) {
                memory.owners[operation.variable * memory.line + sample] = operation.owner;
                memory.owner_nodes[operation.variable * memory.line + sample] = node;
            }
        } else if (operation.kind == Operation::Product) {
            if (lane == 0) follow(run, *segment, node, memory, sample);
        } else {
            const auto words = philox(options.seed, static_cast<std::uint64_t>(number), sample_edge | static_cast<std::uint32_t>(operation.vector));
            const std::int32_t position = choose_edge(run, o, node, row, lane, uniform(words[0], words[1]), power);
            if (lane != 0 || position < 0) continue;
            while (position >= (segment->first_panel + segment->panels) * panel) ++segment;
            follow(run, *segment, position - segment->first_panel * panel, memory, sample);
        }
    }
}

// 16 lanes an entry: what is observed as it is, the others drawn.
__global__ void draw_kernel(const Run run, const SampleMemory memory, const SampleOptions options, std::int64_t first, std::int64_t count, std::int64_t first_row) {
    const std::int64_t sample = std::int64_t{blockIdx.x} * samples_at_once + threadIdx.x / panel, variable = blockIdx.y;
    const auto lane = static_cast<int>(threadIdx.x) % lanes;
    if (sample >= count) return;
    const std::int64_t row = (first + sample) / options.per_row, number = options.first + first_row * options.per_row + first + sample;
    const std::int64_t to = variable * memory.line + sample;
    if (memory.owners[to] < 0) return;
    const PlanOwner& owner = run.owners[memory.owners[to]];
    const std::int32_t node = memory.owner_nodes[to];
    const auto words = philox(options.seed, static_cast<std::uint64_t>(number), sample_value | static_cast<std::uint32_t>(variable));
    if (owner.kind == OwnerKind::Gaussian) {
        const float real = run.reals[variable * run.line + row];
        const float* mean = run.parameters + owner.parameters + node;
        const double u = 1 - uniform(words[0], words[1]);       // (0, 1]; Box and Muller
        const double normal = sqrt(-2 * log(u)) * cos(6.283185307179586 * uniform(words[2], words[3]));
        const double drawn = static_cast<double>(mean[0]) + sqrt(options.temperature) * static_cast<double>(mean[owner.panels * panel]) * normal;
        if (lane == 0) memory.reals[to] = real == real ? real : static_cast<float>(fmin(fmax(drawn, -farthest_sample), farthest_sample));
        return;
    }
    std::int32_t code = run.codes[variable * run.line + row];
    if (code < 0) code = choose_value(run, owner, node, lane, uniform(words[0], words[1]), fmin(fmax(1 / options.temperature, 1e-30), 1e30));
    if (lane == 0) memory.codes[to] = code;
}

__global__ void roots_kernel(std::int32_t* nodes, const std::int32_t* roots, const SampleOptions options, std::int64_t first, std::int64_t count) {
    const std::int64_t sample = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (sample < count) nodes[sample] = roots ? roots[(first + sample) / options.per_row] : options.root;
}

}  // namespace

// ---- launchers ----

void sample(const Run& run, const SampleMemory& memory, const SampleOptions& options, const std::int32_t* roots, std::int32_t operations, std::int32_t variables, std::int64_t first,
            std::int64_t count, std::int64_t first_row, cudaStream_t stream) {
    const auto groups = static_cast<unsigned>((count + samples_at_once - 1) / samples_at_once);
    JUICE_LAUNCH(roots_kernel, dim3(static_cast<unsigned>((count + 127) / 128)), dim3(128), stream, memory.nodes + run.root * memory.line, roots, options, first, count);
    JUICE_LAUNCH(walk_kernel, dim3(groups), dim3(samples_at_once * panel), stream, run, memory, options, operations, first, count, first_row);
    JUICE_LAUNCH(draw_kernel, dim3(groups, static_cast<unsigned>(variables)), dim3(samples_at_once * panel), stream, run, memory, options, first, count, first_row);
}

}  // namespace juice::cuda
