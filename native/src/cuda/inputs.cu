// What flows back into inputs that are no tables, as moments; updates of all inputs from the flow buffer, and what follows from their parameters.
#include <cmath>

#include "cuda/counters.h"
#include "cuda/em.h"
#include "cuda/flows.h"
#include "cuda/kernels.h"

namespace juice::cuda {

namespace {

// Totals over the values, by lane, in a fixed order; all threads get them.
__device__ float add_values(const float* table, std::int64_t domain, std::int64_t width) {
    JUICE_SHARED(float, parts, block_threads);
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    float part = 0;
#pragma unroll 8
    for (std::int64_t x = thread / panel; x < domain; x += block_slots) part += table[x * width + lane];
    parts[thread] = part;
    __syncthreads();
    float total = 0;
    for (int slot = 0; slot < block_slots; ++slot) total += parts[slot * panel + lane];
    return total;
}

__device__ void update_table(const Run& run, const PlanOwner& owner, std::int64_t q, const float* flows, const Rule& rule) {
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    const std::int64_t width = owner.panels * panel, node = q * panel + lane;
    float* table = run.parameters + owner.parameters + node;
    if (owner.distribution == DistributionType::Categorical) {
        const float total = add_values(flows, owner.domain, width);
        const Em em = em_of(total, run.counts[owner.first_node + node], step_of(run, owner, node, total, rule), rule);
        constexpr int ahead = 8;        // entries under way
        for (std::int64_t x = thread / panel; x < owner.domain; x += ahead * block_slots) {
            float old[ahead], more[ahead];
#pragma unroll
            for (int i = 0; i < ahead; ++i) {
                const std::int64_t at = x + i * block_slots;
                old[i] = at < owner.domain ? table[at * width] : 0;
                more[i] = at < owner.domain ? flows[at * width + lane] : 0;
            }
#pragma unroll
            for (int i = 0; i < ahead; ++i)
                if (const std::int64_t at = x + i * block_slots; at < owner.domain) table[at * width] = em_weight(old[i], more[i], em);
        }
    } else if (owner.distribution == DistributionType::Bernoulli && thread < panel && node < owner.nodes) {
        update_success(run, owner, node, flows[lane], flows[width + lane], rule);
    }
}

// Sums of f·(trials − x) and f·x, or of f, f·d and f·d² with d = x − mean: in float64, since a variance is a small difference of them.
__device__ void add_moments(const Run& run, const PlanOwner& owner, std::int64_t q, float* to, bool add) {
    JUICE_SHARED(double, parts, 3 * block_threads);
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel);
    const std::int64_t width = owner.panels * panel, node = q * panel + lane;
    const bool gaussian = owner.kind == OwnerKind::Gaussian, binomial = owner.distribution == DistributionType::Binomial;
    const double mean = binomial ? 0 : static_cast<double>(run.parameters[owner.parameters + (gaussian ? 0 : owner.domain * width) + node]);
    const double bin = owner.domain > 0 ? (owner.high - owner.low) / static_cast<double>(owner.domain) : 0;
    double sums[3] = {};
    for (auto r = owner.reader_begin; r < owner.reader_end; ++r) {
        const PlanReader& reader = run.readers[r];
        for (std::int64_t row = thread / panel; row < run.rows; row += block_slots) {
            const float real = gaussian ? run.reals[reader.variable * run.line + row] : 0;
            const std::int32_t code = gaussian ? 0 : run.codes[reader.variable * run.line + row];
            if (real != real || code < 0) continue;
            const auto flow = static_cast<double>(reader_flow(run, reader, q, lane, row));
            if (binomial) {
                sums[0] += flow * static_cast<double>(owner.domain - 1 - code);
                sums[1] += flow * static_cast<double>(code);
            } else {
                const double d = (gaussian ? static_cast<double>(real) : owner.low + (code + 0.5) * bin) - mean, first = flow * d;
                sums[0] += flow;
                sums[1] += first;
                sums[2] += first * d;
            }
        }
    }
    for (int k = 0; k < 3; ++k) parts[k * block_threads + thread] = sums[k];
    __syncthreads();
    if (thread >= 3 * panel) return;
    const int k = thread / static_cast<int>(panel);     // one moment a slot
    double total = 0;
    for (int slot = 0; slot < block_slots; ++slot) total += parts[k * block_threads + slot * panel + lane];
    float& sum = to[k * width];
    sum = static_cast<float>((add ? static_cast<double>(sum) : 0.0) + total);
}

__device__ float log2_peak(float deviation) { return static_cast<float>(-log2(static_cast<double>(deviation) * 2.5066282746310002)); }   // √2π

// A running average of moments about a mean that has moved on by so much.
__device__ void move_moments(float* moments, std::int64_t width, double by) {
    const auto f = static_cast<double>(moments[0]), first = static_cast<double>(moments[width]);
    moments[width] = static_cast<float>(first - by * f);
    moments[2 * width] = static_cast<float>(static_cast<double>(moments[2 * width]) - 2 * by * first + by * by * f);
}

__device__ void update_moments(const Run& run, const PlanOwner& owner, std::int64_t node, const float* flows, const Rule& rule) {
    const std::int64_t width = owner.panels * panel;
    const bool gaussian = owner.kind == OwnerKind::Gaussian;
    float* means = run.parameters + owner.parameters + (gaussian ? 0 : owner.domain * width) + node;
    float* spreads = means + width;
    const double unit = gaussian ? 1 : 1.8137993642342178;      // deviation of a logistic of scale 1: π / √3
    const auto least = static_cast<double>(gaussian ? rule.min_deviation : rule.min_scale);
    const auto f = static_cast<double>(flows[node]);
    if (!(f > 0)) return;
    const double first = static_cast<double>(flows[width + node]) / f, second = static_cast<double>(flows[2 * width + node]) / f;
    const double sigma = static_cast<double>(*spreads) * unit, s = static_cast<double>(step_of(run, owner, node, flows[node], rule));
    const double variance = (1 - s) * sigma * sigma + s * second - s * first * s * first;
    const double spread = sqrt(variance > 0 ? variance : 0) / unit;
    if (!std::isfinite(variance)) return;        // values so far from the mean that floats do not hold the moments: the node stays as it is
    const auto mean = static_cast<double>(*means);
    *means = static_cast<float>(mean + s * first);
    if (run.moments[0]) move_moments(run.moments[0] + owner.flows + node, width, static_cast<double>(*means) - mean);
    *spreads = static_cast<float>(spread > least ? spread : least);
    if (gaussian) spreads[width] = log2_peak(*spreads);
}

// log of the logistic function, and of its difference over an interval, without cancellation in either tail.
__device__ double log_sigmoid(double x) { return x < 0 ? x - log1p(exp(x)) : -log1p(exp(-x)); }

// log(σ(b) − σ(a)) for a < b: σ(b) − σ(a) = σ(b) σ(−a) (1 − e^(a−b)).
__device__ double log_interval(double a, double b) {
    if (a == -__builtin_inf()) return log_sigmoid(b);
    if (b == __builtin_inf()) return log_sigmoid(-a);
    return log_sigmoid(b) + log_sigmoid(-a) + log(-expm1(a - b));
}

__device__ double log2_probability(const PlanOwner& owner, const float* first, std::int64_t node, std::int64_t x) {
    const std::int64_t width = owner.panels * panel;
    double log_of = 0;
    if (owner.distribution == DistributionType::Binomial) {
        const auto n = static_cast<double>(owner.domain - 1), k = static_cast<double>(x), p = static_cast<double>(first[node]);
        log_of = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
        if (x > 0) log_of += k * log(p);
        if (k < n) log_of += (n - k) * log1p(-p);
    } else if (owner.domain > 1) {
        const double bin = (owner.high - owner.low) / static_cast<double>(owner.domain), low = owner.low + bin * static_cast<double>(x);
        const auto mean = static_cast<double>(first[node]), scale = static_cast<double>(first[width + node]);
        log_of = log_interval(x == 0 ? -__builtin_inf() : (low - mean) / scale, x == owner.domain - 1 ? __builtin_inf() : (low + bin - mean) / scale);
    }
    return log_of * 1.4426950408889634;
}

// ---- kernels ----

// A thread block has a panel of an owner.
__global__ void moment_flows_kernel(const Run run, std::int32_t first, bool add) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind == OwnerKind::LogTable || owner.kind == OwnerKind::Gaussian)
        add_moments(run, owner, tile.panel, run.flows + owner.flows + tile.panel * panel + threadIdx.x % panel, add);
}

__global__ void update_inputs_kernel(const Run run, std::int32_t first, const std::uint8_t* touched, bool in_place, const Rule* rule) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind == OwnerKind::Sum || owner.distribution == DistributionType::Indicator || (touched && !touched[tile.target])) return;
    if (in_place && owner.kind == OwnerKind::Table) return;
    const float* flows = run.flows + owner.flows;
    const std::int64_t width = owner.panels * panel, node = tile.panel * panel + threadIdx.x;
    if (owner.kind == OwnerKind::Table) {
        update_table(run, owner, tile.panel, flows + tile.panel * panel, *rule);
    } else if (threadIdx.x < panel && node < owner.nodes) {
        float* probability = run.parameters + owner.parameters + owner.domain * width + node;
        const float total = (flows[node] + flows[width + node]) / static_cast<float>(owner.domain - 1);
        if (owner.distribution == DistributionType::Binomial)
            *probability = em_success(*probability, flows[node], flows[width + node], step_of(run, owner, node, total, *rule), *rule);
        else update_moments(run, owner, node, flows, *rule);
    }
}

__global__ void fill_kernel(const Run run, std::int32_t first_owner) {
    const PlanOwner& owner = run.owners[first_owner + static_cast<std::int32_t>(blockIdx.x)];
    if (owner.kind != OwnerKind::LogTable && owner.kind != OwnerKind::Gaussian) return;
    float* parameters = run.parameters + owner.parameters;
    const std::int64_t width = owner.panels * panel;
    if (owner.kind == OwnerKind::Gaussian) {
        for (std::int64_t node = threadIdx.x; node < owner.nodes; node += blockDim.x) parameters[2 * width + node] = log2_peak(parameters[width + node]);
        return;
    }
    const float* first = parameters + owner.domain * width;
    for (std::int64_t x = threadIdx.x; x < owner.domain; x += blockDim.x) {
        double top = -__builtin_inf();
        for (std::int64_t node = 0; node < owner.nodes; ++node) top = fmax(top, log2_probability(owner, first, node, x));
        const bool possible = top >= owner.least_log;
        const auto exponent = possible ? static_cast<float>(ceil(top)) : 0.0f;      // as it will be read: a large one is rounded
        for (std::int64_t node = 0; node < width; ++node) {
            const double log = possible && node < owner.nodes ? log2_probability(owner, first, node, x) : -__builtin_inf();
            parameters[x * width + node] = log >= owner.least_log ? static_cast<float>(log - static_cast<double>(exponent)) : minus_infinity();
        }
        parameters[(owner.domain + 2) * width + x] = exponent;
    }
}

__global__ void best_kernel(const Run run, std::int32_t first, float* best) {
    const PlanTile tile = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
    const PlanOwner& owner = run.owners[tile.target];
    if (owner.kind != OwnerKind::Table && owner.kind != OwnerKind::LogTable) return;
    const bool logs = owner.kind == OwnerKind::LogTable;
    const std::int64_t width = owner.panels * panel, node = tile.panel * panel + threadIdx.x;
    const float* p = run.parameters + owner.parameters;
    float largest = logs ? minus_infinity() : 0.0f;
    for (std::int64_t x = 0; x < owner.domain; ++x) largest = fmaxf(largest, logs ? p[x * width + node] + p[(owner.domain + 2) * width + x] : p[x * width + node]);
    best[owner.first_node + node] = largest;
}

}  // namespace

// ---- launchers ----

void moment_flows(const Run& run, const PlanTotals& totals, bool add, cudaStream_t stream) {
    JUICE_LAUNCH(moment_flows_kernel, dim3(static_cast<unsigned>(totals.node_end - totals.node_inputs)), dim3(block_threads), stream, run, totals.node_inputs, add);
}

void update_inputs(const Run& run, const PlanTotals& totals, const std::uint8_t* touched, bool in_place, const Rule* rule, cudaStream_t stream) {
    JUICE_LAUNCH(update_inputs_kernel, dim3(static_cast<unsigned>(totals.node_end - totals.node_inputs)), dim3(block_threads), stream, run, totals.node_inputs, touched,
                 in_place, rule);
}

void fill_tables(const Run& run, std::int32_t first, std::int32_t count, cudaStream_t stream) {
    JUICE_LAUNCH(fill_kernel, dim3(static_cast<unsigned>(count)), dim3(128), stream, run, first);
}

void best_values(const Run& run, const PlanTotals& totals, float* best, cudaStream_t stream) {
    JUICE_LAUNCH(best_kernel, dim3(static_cast<unsigned>(totals.node_end - totals.node_inputs)), dim3(static_cast<unsigned>(panel)), stream, run, totals.node_inputs, best);
}

}  // namespace juice::cuda
