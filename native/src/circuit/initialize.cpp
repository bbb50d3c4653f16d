#include "circuit/initialize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "circuit/memory.h"
#include "circuit/node_ranges.h"
#include "common/error.h"
#include "common/memory.h"
#include "common/philox.h"

namespace juice {

namespace {

constexpr std::int64_t lanes = 16;      // draws made at once, so that the compiler can put them into vector registers

// Draws first … first+15 of a stream, as philox() makes them, as uniforms in the order of their words.
void draw_lanes(std::uint64_t seed, std::uint64_t stream, std::uint64_t first, float* out) {
    using Words = std::array<std::uint32_t, static_cast<std::size_t>(lanes)>;
    Words c0, c1, c2, c3;
    for (std::size_t lane = 0; lane < c0.size(); ++lane) {
        c0[lane] = static_cast<std::uint32_t>(first + lane);
        c1[lane] = static_cast<std::uint32_t>((first + lane) >> 32);
        c2[lane] = static_cast<std::uint32_t>(stream);
        c3[lane] = static_cast<std::uint32_t>(stream >> 32);
    }
    auto k0 = static_cast<std::uint32_t>(seed), k1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
        for (std::size_t lane = 0; lane < c0.size(); ++lane) {
            const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c0[lane], p1 = std::uint64_t{0xCD9E8D57u} * c2[lane];
            c0[lane] = static_cast<std::uint32_t>(p1 >> 32) ^ c1[lane] ^ k0;
            c1[lane] = static_cast<std::uint32_t>(p1);
            c2[lane] = static_cast<std::uint32_t>(p0 >> 32) ^ c3[lane] ^ k1;
            c3[lane] = static_cast<std::uint32_t>(p0);
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (std::size_t lane = 0; lane < c0.size(); ++lane) {
        out[4 * lane] = uniform(c0[lane]);
        out[4 * lane + 1] = uniform(c1[lane]);
        out[4 * lane + 2] = uniform(c2[lane]);
        out[4 * lane + 3] = uniform(c3[lane]);
    }
}

// Floats first … first+count-1 of a stream, uniform in (0, 1).
void draw(std::uint64_t seed, std::uint64_t stream, std::int64_t first, std::int64_t count, float* out) {
    const std::int64_t end = first + count;
    for (std::int64_t at = first; at < end;) {
        if (at % 4 == 0 && end - at >= 4 * lanes) {
            draw_lanes(seed, stream, static_cast<std::uint64_t>(at / 4), out + (at - first));
            at += 4 * lanes;
            continue;
        }
        const auto words = philox(seed, stream, static_cast<std::uint64_t>(at / 4));
        const std::int64_t stop = std::min((at / 4 + 1) * 4, end);
        for (; at < stop; ++at) out[at - first] = uniform(words[static_cast<std::size_t>(at % 4)]);
    }
}

// Uniforms to weights that are yet to be divided by their total, which is returned.
double to_weights(float* values, std::int64_t count) {
    constexpr std::int64_t block = 1024;        // floats add up in floats for so long
    double total = 0;
    for (std::int64_t begin = 0; begin < count; begin += block) {
        const std::int64_t end = std::min(begin + block, count);
        std::array<float, 8> sums{};
        for (std::int64_t at = begin; at < end; ++at) values[at] = (0.37f + 0.63f * values[at]) * (0.37f + 0.63f * values[at]);
        std::int64_t at = begin;
        for (; at + 8 <= end; at += 8) {
            for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += values[at + static_cast<std::int64_t>(lane)];
        }
        for (; at < end; ++at) sums[0] += values[at];
        for (const float sum : sums) total += double{sum};
    }
    return total;
}

void draw_rows(const Vector& v, const NodeRange& range, std::uint64_t seed, float* values) {
    std::vector<double> totals(static_cast<std::size_t>(range.last - range.first));
    over_runs(v, range, [&](std::int64_t node, std::int64_t offset, std::int64_t count) {
        draw(seed, range.vector, offset, count, values + offset);
        totals[static_cast<std::size_t>(node - range.first)] += to_weights(values + offset, count);
    });
    over_runs(v, range, [&](std::int64_t node, std::int64_t offset, std::int64_t count) {
        const auto scale = static_cast<float>(1 / totals[static_cast<std::size_t>(node - range.first)]);
        for (std::int64_t at = offset; at < offset + count; ++at) values[at] *= scale;
    });
}

void draw_locations(const Vector& v, const NodeRange& range, std::uint64_t seed, float* values) {
    const Distribution& d = v.distribution;
    for (std::int64_t node = range.first; node < range.last; ++node) {
        const auto words = philox(seed, range.vector, static_cast<std::uint64_t>(node));
        const double u = uniform(words[0]), w = uniform(words[1]);
        if (d.type == DistributionType::Gaussian) {
            values[2 * node] = static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * w));
            values[2 * node + 1] = 1;
        } else {
            constexpr double least = std::numeric_limits<float>::min();
            values[2 * node] = static_cast<float>(d.low + (d.high - d.low) * u);
            values[2 * node + 1] = static_cast<float>(std::max((d.high - d.low) / 8, least));
        }
    }
}

void draw_range(const Vector& v, const NodeRange& range, std::uint64_t seed, float* values) {
    const DistributionType type = v.distribution.type;
    if (v.type == NodeType::Sum || type == DistributionType::Categorical) {
        draw_rows(v, range, seed, values);
    } else if (type == DistributionType::Bernoulli || type == DistributionType::Binomial) {
        draw(seed, range.vector, range.first, range.last - range.first, values + range.first);
        for (std::int64_t node = range.first; node < range.last; ++node) values[node] = 0.25f + 0.5f * values[node];
    } else {
        draw_locations(v, range, seed, values);
    }
}

}  // namespace

void initialize_parameters(CircuitParts& parts, std::uint64_t seed) {
    constexpr std::int64_t line = 16;       // floats: every vector begins on a cache line
    std::vector<std::size_t> skeletons;
    std::int64_t floats = 0;
    for (std::size_t id = 0; id < parts.vectors.size(); ++id) {
        const Vector& v = parts.vectors[id];
        if (v.tied_to >= 0 || !v.parameters.empty() || v.parameter_count() == 0) continue;
        skeletons.push_back(id);
        const bool overflow = __builtin_add_overflow(floats, (v.parameter_count() + line - 1) / line * line, &floats);
        if (overflow || floats > std::numeric_limits<std::int64_t>::max() / 8) {
            fail(JUICE_ERROR_MEMORY, "the parameters of the skeleton are more than 2^63 bytes");
        }
    }
    if (skeletons.empty()) return;
    if (const std::int64_t limit = memory_limit_from_environment(); limit > 0 && floats > limit / 4) {
        fail(JUICE_ERROR_MEMORY, "JUICE_MEMORY_LIMIT is %lld bytes: the parameters to be drawn for this circuit are %lld", static_cast<long long>(limit),
             static_cast<long long>(floats * 4));
    }

    const std::shared_ptr<float> memory = allocate_floats(floats);
    parts.storage.push_back(memory);
    std::vector<float*> begins(parts.vectors.size());
    float* begin = memory.get();
    for (const std::size_t id : skeletons) {
        Vector& v = parts.vectors[id];
        begins[id] = begin;
        v.parameters = {begin, static_cast<std::size_t>(v.parameter_count())};
        begin += (v.parameter_count() + line - 1) / line * line;
    }
    over_ranges(node_ranges(parts.vectors, skeletons), floats, [&](const NodeRange& range) {
        draw_range(parts.vectors[range.vector], range, seed, begins[range.vector]);
    });
}

}  // namespace juice
