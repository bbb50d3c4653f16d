// The values of parameters. Reading them once is the dearest part of opening a large file, so a row of weights is judged by its sum and its
// least entry, sixteen at a time, and looked at closely only where that is not enough to pass it.
#include <algorithm>
#include <array>
#include <cmath>

#include "circuit/check.h"
#include "circuit/node_ranges.h"
#include "circuit/tensors.h"

namespace juice {

namespace {

constexpr double tolerance = 1e-4;          // how far a node's weights may add up off 1
constexpr float rounding = 1e-6f;           // how far a weight may be above 1, as a normalised float can be

struct RowSum {
    double sum = 0;
    float least = 0;                        // 0 or below; a NaN shows in the sum
};

void add_row(RowSum& row, const float* values, std::int64_t count) {
    constexpr std::int64_t lanes = 16, block = 32 * lanes;
    while (count >= lanes) {
        const std::int64_t now = std::min(count - count % lanes, block);
        std::array<float, lanes> sum{}, least{};
        for (std::int64_t at = 0; at < now; at += lanes) {
            for (std::int64_t lane = 0; lane < lanes; ++lane) {
                const float x = values[at + lane];
                sum[static_cast<std::size_t>(lane)] += x;
                least[static_cast<std::size_t>(lane)] = x < least[static_cast<std::size_t>(lane)] ? x : least[static_cast<std::size_t>(lane)];
            }
        }
        for (const float x : sum) row.sum += double{x};
        for (const float x : least) row.least = std::min(row.least, x);
        values += now;
        count -= now;
    }
    for (std::int64_t at = 0; at < count; ++at) {
        row.sum += double{values[at]};
        row.least = std::min(row.least, values[at]);
    }
}

// "[1, 0, 3]": where in the parameters' shape the float at `offset` is.
std::string position(const Vector& v, std::int64_t offset) {
    const std::int64_t width = v.type == NodeType::Sum ? v.child_block_size : v.distribution.parameters_per_node();
    if (v.type == NodeType::Sum) return shape_text({offset / width / v.block_size, offset / width % v.block_size, offset % width});
    return width == 1 ? shape_text({offset}) : shape_text({offset / width, offset % width});
}

void check_probabilities(std::size_t id, const Vector& v, std::int64_t offset, std::int64_t count, float limit) {
    for (std::int64_t at = offset; at < offset + count; ++at) {
        if (const float p = v.parameters[static_cast<std::size_t>(at)]; !(p >= 0 && p <= limit)) {
            fail_vector(id, "parameters%s is %g, and a probability is between 0 and 1", position(v, at).c_str(), double{p});
        }
    }
}

// Sums and categorical inputs: non-negative rows that add up to 1, of which a wired sum's lie scattered.
void check_rows(std::size_t id, const Vector& v, const NodeRange& range) {
    std::vector<RowSum> rows(static_cast<std::size_t>(range.last - range.first));
    const float* values = v.parameters.data();
    over_runs(v, range, [&](std::int64_t node, std::int64_t offset, std::int64_t count) {
        add_row(rows[static_cast<std::size_t>(node - range.first)], values + offset, count);
    });
    bool close = true;      // close enough to 1 that no entry can be above it by more than rounding
    for (const RowSum& row : rows) close = close && row.least >= 0 && row.sum <= 1 + double{rounding} / 2;
    if (!close) {
        over_runs(v, range, [&](std::int64_t, std::int64_t offset, std::int64_t count) { check_probabilities(id, v, offset, count, 1 + rounding); });
    }
    for (std::size_t row = 0; row < rows.size(); ++row) {
        if (!(std::abs(rows[row].sum - 1) <= tolerance)) {
            const long long node = range.first + static_cast<long long>(row);
            fail_vector(id, "the %s of node %lld add up to %.7g, and must add up to 1 within 1e-4", v.type == NodeType::Sum ? "weights" : "probabilities",
                        node, rows[row].sum);
        }
    }
}

void check_locations(std::size_t id, const Vector& v, const NodeRange& range) {
    const char* spread = v.distribution.type == DistributionType::Gaussian ? "standard deviation" : "scale";
    for (std::int64_t node = range.first; node < range.last; ++node) {
        const auto at = static_cast<std::size_t>(2 * node);
        if (!std::isfinite(v.parameters[at])) {
            fail_vector(id, "the mean of node %lld is %g, and must be finite", static_cast<long long>(node), double{v.parameters[at]});
        }
        if (!(std::isfinite(v.parameters[at + 1]) && v.parameters[at + 1] > 0)) {
            fail_vector(id, "the %s of node %lld is %g, and must be finite and above 0", spread, static_cast<long long>(node),
                        double{v.parameters[at + 1]});
        }
    }
}

void check_range(const CircuitParts& parts, const NodeRange& range) {
    const Vector& v = parts.vectors[range.vector];
    const DistributionType type = v.distribution.type;
    if (v.type == NodeType::Sum || type == DistributionType::Categorical) {
        check_rows(range.vector, v, range);
    } else if (type == DistributionType::Bernoulli || type == DistributionType::Binomial) {
        check_probabilities(range.vector, v, range.first, range.last - range.first, 1);
    } else {
        check_locations(range.vector, v, range);
    }
}

}  // namespace

void check_parameters(const CircuitParts& parts) {
    std::vector<std::size_t> given;
    std::int64_t floats = 0;
    for (std::size_t id = 0; id < parts.vectors.size(); ++id) {
        if (parts.vectors[id].parameters.empty()) continue;
        given.push_back(id);
        floats += parts.vectors[id].parameter_count();
    }
    over_ranges(node_ranges(parts.vectors, given), floats, [&](const NodeRange& range) { check_range(parts, range); });
}

}  // namespace juice
