#include "circuit/initialize.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "circuit/memory.h"
#include "circuit/node_ranges.h"
#include "common/error.h"
#include "common/philox.h"

namespace juice {

namespace {

// Floats of one stream: calls store(i, u) for floats first … first+count-1, u uniform in (0, 1).
template <typename Store>
void draw(std::uint64_t seed, std::uint64_t stream, std::int64_t first, std::int64_t count, Store&& store) {
    for (std::int64_t at = first; at < first + count;) {
        const auto words = philox(seed, stream, static_cast<std::uint64_t>(at / 4));
        const std::int64_t end = std::min((at / 4 + 1) * 4, first + count);
        for (; at < end; ++at) store(at, uniform(words[static_cast<std::size_t>(at % 4)]));
    }
}

void draw_rows(const Vector& v, const NodeRange& range, std::uint64_t seed, float* values) {
    std::vector<double> totals(static_cast<std::size_t>(range.last - range.first));
    over_runs(v, range, [&](std::int64_t node, std::int64_t offset, std::int64_t count) {
        double total = 0;
        draw(seed, range.vector, offset, count, [&](std::int64_t at, float u) {
            const float root = 0.37f + 0.63f * u;
            values[at] = root * root;
            total += double{values[at]};
        });
        totals[static_cast<std::size_t>(node - range.first)] += total;
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
            constexpr double least = std::numeric_limits<float>::min(), most = std::numeric_limits<float>::max();
            values[2 * node] = static_cast<float>(std::clamp(d.low + (d.high - d.low) * u, -most, most));
            values[2 * node + 1] = static_cast<float>(std::clamp((d.high - d.low) / 8, least, most));
        }
    }
}

void draw_range(const Vector& v, const NodeRange& range, std::uint64_t seed, float* values) {
    const DistributionType type = v.distribution.type;
    if (v.type == NodeType::Sum || type == DistributionType::Categorical) {
        draw_rows(v, range, seed, values);
    } else if (type == DistributionType::Bernoulli || type == DistributionType::Binomial) {
        draw(seed, range.vector, range.first, range.last - range.first, [&](std::int64_t at, float u) { values[at] = 0.25f + 0.5f * u; });
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
        if (__builtin_add_overflow(floats, (v.parameter_count() + line - 1) / line * line, &floats) || floats > std::numeric_limits<std::int64_t>::max() / 8) {
            fail(JUICE_ERROR_MEMORY, "the parameters of the skeleton are more than 2^63 bytes");
        }
    }
    if (skeletons.empty()) return;

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
