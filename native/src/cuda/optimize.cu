// Optimisers other than EM (juice.h, section 7, has the formulas): averaged flows, stochastic gradient and Adam on log-parameters.
#include <cmath>

#include "cuda/counters.h"
#include "cuda/flows.h"
#include "cuda/kernels.h"
#include "cuda/logs.h"
#include "cuda/mma.h"

namespace juice::cuda {

namespace {

constexpr int update_threads = 256;     // a node a group of 16 lanes

// How far a log-parameter moves up its gradient; what the optimiser remembers of it lies at `place` of the parameter flows.
__device__ float moved(const Run& run, std::int64_t place, float gradient, const Rule& rule) {
    float move = gradient;
    if (rule.optimizer == JUICE_ADAM) {
        float &first = run.moments[0][place], &second = run.moments[1][place];
        first = fmaf(first, rule.momentum, (1 - rule.momentum) * gradient);
        second = fmaf(second, rule.second_momentum, (1 - rule.second_momentum) * gradient * gradient);
        move = first * rule.correction / (sqrtf(second * rule.second_correction) + rule.epsilon);
    } else if (run.moments[0]) {
        float& first = run.moments[0][place];
        move = first = fmaf(first, rule.momentum, gradient);
    }
    return fminf(fmaxf(rule.step * move, -farthest_move), farthest_move);
}

__device__ float grown(float weight, float move) { return weight != 0 ? fmaxf(weight * expf(move), least_weight) : 0; }
__device__ float shared_out(float weight, float total) { return weight != 0 ? fmaxf(weight / total, least_weight) : 0; }

// 16 nodes of a sum's owner.
__device__ void climb_sum(const Run& run, const PlanTile& tile, const Rule& rule) {
    const PlanOwner& owner = run.owners[tile.target];
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    const std::int64_t node = tile.panel * panel + thread / panel;
    if (node >= owner.nodes) return;
    float* weights = run.parameters + owner.parameters;
    const float* flows = run.flows + owner.flows;
    Bf16* shadow = owner.shadow >= 0 ? run.weights16 + owner.shadow : nullptr;
    const PlanOperation& operation = run.operations[owner.operation];
    const auto each = [&](auto visit) {
        for_each_edge(run, operation, node, lane, static_cast<int>(panel), [&](std::int64_t, std::int64_t w) { visit(w); });
    };
    float flow = 0, total = 0;
    each([&](std::int64_t w) { flow += flows[w]; });
    flow = lane_sum(flow);
    each([&](std::int64_t w) {
        weights[w] = grown(weights[w], moved(run, owner.flows + w, (flows[w] - weights[w] * flow) * rule.scale, rule));
        total += weights[w];
    });
    total = lane_sum(total);
    each([&](std::int64_t w) {
        weights[w] = shared_out(weights[w], total);
        if (shadow) shadow[swapped(w)] = to_bf16(weights[w]);
    });
}

// Totals of a panel's column over the values, by lane, in a fixed order; all threads get them.
__device__ float add_column(const float* column, std::int64_t domain, std::int64_t width) {
    JUICE_SHARED(float, parts, block_threads);
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    float part = 0;
    for (std::int64_t x = thread / panel; x < domain; x += block_slots) part += column[x * width];
    __syncthreads();                    // the last totals are read
    parts[thread] = part;
    __syncthreads();
    float total = 0;
    for (int slot = 0; slot < block_slots; ++slot) total += parts[slot * panel + lane];
    return total;
}

__device__ void climb_categorical(const Run& run, const PlanOwner& owner, std::int64_t node, const Rule& rule) {
    const auto slot = static_cast<int>(threadIdx.x) / static_cast<int>(panel);
    const std::int64_t width = owner.panels * panel;
    float* table = run.parameters + owner.parameters + node;
    const float* flows = run.flows + owner.flows + node;
    const float flow = add_column(flows, owner.domain, width);
    for (std::int64_t x = slot; x < owner.domain; x += block_slots) {
        const std::int64_t at = x * width;
        table[at] = grown(table[at], moved(run, owner.flows + node + at, (flows[at] - table[at] * flow) * rule.scale, rule));
    }
    const float total = add_column(table, owner.domain, width);         // of what this thread and its fellows of the lane have written
    for (std::int64_t x = slot; x < owner.domain; x += block_slots) table[x * width] = shared_out(table[x * width], total);
}

// Success probabilities of Bernoulli and binomial nodes, as the second of two outcomes; exact 0 and 1 stay.
__device__ float climbed_success(const Run& run, const PlanOwner& owner, std::int64_t node, float success, const Rule& rule) {
    const std::int64_t width = owner.panels * panel, at = owner.flows + node;
    const float failure = 1 - success, f0 = run.flows[at], f1 = run.flows[at + width], flow = f0 + f1;
    const float up = grown(success, moved(run, at + width, (f1 - success * flow) * rule.scale, rule));
    const float down = grown(failure, moved(run, at, (f0 - failure * flow) * rule.scale, rule));
    if (success == 0 || failure == 0) return success;
    return fminf(fmaxf(up / (up + down), least_weight), 0.99999994f);
}

// Gaussians and discrete logistics: the mean in units of the deviation (scale) of before, and the log of that.
__device__ void climb_moments(const Run& run, const PlanOwner& owner, std::int64_t node, const Rule& rule) {
    const std::int64_t width = owner.panels * panel, at = owner.flows + node;
    const bool gaussian = owner.kind == OwnerKind::Gaussian;
    float* means = run.parameters + owner.parameters + (gaussian ? 0 : owner.domain * width) + node;
    float* spreads = means + width;
    const float *f = run.flows + at, old = *spreads;
    const float by_mean = gaussian ? f[width] / old : f[3 * width];
    const float by_log = gaussian ? f[2 * width] / old / old - f[0] : f[4 * width];
    const float mean = fmaf(old, moved(run, at, by_mean * rule.scale, rule), *means);
    const float spread = fmaxf(old * expf(moved(run, at + width, by_log * rule.scale, rule)), gaussian ? rule.min_deviation : rule.min_scale);
    if (!std::isfinite(mean) || !std::isfinite(spread)) return;
    *means = mean;
    *spreads = spread;
    if (gaussian) spreads[width] = static_cast<float>(-log2(static_cast<double>(spread) * 2.5066282746310002));     // √2π
}

__device__ double softplus(double x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }

// Derivatives of a discrete logistic's log-probability log(σ(b) − σ(a)) by mean / scale and by log scale: (σ'(a) − σ'(b)) / p and (a σ'(a) − b σ'(b)) / p,
// where σ'(a) / p = σ(a) / (σ(b) (1 − e^(a−b))) and σ'(b) / p = σ(−b) / (σ(−a) (1 − e^(a−b))). The outer bins take the tails.
__device__ void logistic_slopes(const PlanOwner& owner, std::int32_t x, double mean, double scale, double& by_mean, double& by_log) {
    const double bin = (owner.high - owner.low) / static_cast<double>(owner.domain), low = owner.low + bin * x;
    const double a = (low - mean) / scale, b = (low + bin - mean) / scale;
    const bool first = x == 0, last = x == owner.domain - 1;
    const double part = first || last ? 1 : -expm1(a - b);
    const double at_a = first ? 0 : exp((last ? 0 : softplus(-b)) - softplus(-a)) / part;
    const double at_b = last ? 0 : exp((first ? 0 : softplus(a)) - softplus(b)) / part;
    by_mean = at_a - at_b;
    by_log = (first ? 0 : a * at_a) - (last ? 0 : b * at_b);
}

// ---- kernels ----

// A thread block has a panel of an owner.
__global__ void climb_kernel(const Run run, std::int32_t first, const Rule* rule) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind == OwnerKind::Sum) return climb_sum(run, tile, *rule);
    const std::int64_t width = owner.panels * panel, node = tile.panel * panel + threadIdx.x;
    if (owner.distribution == DistributionType::Categorical) return climb_categorical(run, owner, tile.panel * panel + threadIdx.x % panel, *rule);
    if (threadIdx.x >= panel || node >= owner.nodes) return;
    float* p = run.parameters + owner.parameters + node;
    switch (owner.distribution) {
        case DistributionType::Bernoulli:
            p[width] = climbed_success(run, owner, node, p[width], *rule);
            p[0] = 1 - p[width];
            return;
        case DistributionType::Binomial: p[owner.domain * width] = climbed_success(run, owner, node, p[owner.domain * width], *rule); return;
        case DistributionType::Gaussian:
        case DistributionType::DiscreteLogistic: climb_moments(run, owner, node, *rule); return;
        case DistributionType::Categorical:
        case DistributionType::Indicator: return;
    }
}

__global__ void slopes_kernel(const Run run, std::int32_t first, const Pass pass) {
    JUICE_SHARED(double, parts, 2 * block_threads);
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.distribution != DistributionType::DiscreteLogistic || owner.kind != OwnerKind::LogTable) return;
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    const std::int64_t width = owner.panels * panel, node = tile.panel * panel + lane;
    const float* p = run.parameters + owner.parameters + owner.domain * width + node;
    double by_mean = 0, by_log = 0;
    for (auto r = owner.reader_begin; r < owner.reader_end && node < owner.nodes; ++r) {
        const PlanReader& reader = run.readers[r];
        for (std::int64_t row = thread / panel; row < run.rows; row += block_slots) {
            const std::int32_t code = run.codes[reader.variable * run.line + row];
            const auto flow = code < 0 ? 0.0 : static_cast<double>(reader_flow(run, reader, tile.panel, lane, row));
            if (flow == 0) continue;
            double mean_slope, log_slope;
            logistic_slopes(owner, code, static_cast<double>(p[0]), static_cast<double>(p[width]), mean_slope, log_slope);
            by_mean += flow * mean_slope;
            by_log += flow * log_slope;
        }
    }
    parts[thread] = by_mean;
    parts[block_threads + thread] = by_log;
    __syncthreads();
    if (thread >= 2 * panel) return;
    const int k = thread / static_cast<int>(panel);     // one sum a slot
    double total = 0;
    for (int slot = 0; slot < block_slots; ++slot) total += parts[k * block_threads + slot * panel + lane];
    float& sum = run.flows[owner.flows + (3 + k) * width + node];
    sum = static_cast<float>((pass.add ? static_cast<double>(sum) : 0.0) + total);
}

__global__ void average_kernel(const Run run, std::int64_t count, const Rule* rule) {
    const std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (i >= count) return;
    const float average = fmaf(run.moments[0][i], rule->momentum, (1 - rule->momentum) * run.flows[i]);
    run.moments[0][i] = average;
    run.flows[i] = average * rule->correction;
}

dim3 panels_of_owners(const PlanTotals& totals) { return dim3(static_cast<unsigned>(totals.node_end - totals.node_begin)); }

}  // namespace

// ---- launchers ----

void climb(const Run& run, const PlanTotals& totals, const Rule* rule, cudaStream_t stream) {
    JUICE_LAUNCH(climb_kernel, panels_of_owners(totals), dim3(update_threads), stream, run, totals.node_begin, rule);
}

void slope_flows(const Run& run, const PlanTotals& totals, const Pass& pass, cudaStream_t stream) {
    JUICE_LAUNCH(slopes_kernel, panels_of_owners(totals), dim3(block_threads), stream, run, totals.node_begin, pass);
}

void average_flows(const Run& run, const PlanTotals& totals, const Rule* rule, cudaStream_t stream) {
    const std::int64_t count = totals.parameter_flows;
    JUICE_LAUNCH(average_kernel, dim3(static_cast<unsigned>((count + 255) / 256)), dim3(256), stream, run, count, rule);
}

}  // namespace juice::cuda
