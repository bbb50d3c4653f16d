#include "circuit/grid.h"

#include <limits>
#include <utility>

#include "circuit/assembly.h"
#include "common/error.h"

namespace juice {

Grid::Grid(const juice_poon_domingos_options& options) {
    check_option(options.axes, 1, 64, "axes");
    if (options.shape == nullptr) fail(JUICE_ERROR_ARGUMENT, "shape is NULL");
    std::int64_t variables = 1;
    for (std::int32_t axis = 0; axis < options.axes; ++axis) {
        if (options.shape[axis] < 1) fail(JUICE_ERROR_ARGUMENT, "shape[%d] is %d, and must be at least 1", axis, options.shape[axis]);
        variables *= options.shape[axis];
        if (variables > std::numeric_limits<std::int32_t>::max() / 4) fail(JUICE_ERROR_ARGUMENT, "shape has more than 2^29 entries");
    }
    variables_ = static_cast<std::int32_t>(variables);
    add_cuts(options);
    check_size();
}

void Grid::add_cuts(const juice_poon_domingos_options& options) {
    if ((options.intervals == nullptr) == (options.split_counts == nullptr)) {
        fail(JUICE_ERROR_ARGUMENT, "intervals and split_counts are both %s, and one of the two says where to split",
             options.intervals == nullptr ? "NULL" : "given");
    }
    const std::int32_t* points = options.split_points;
    for (std::int32_t axis = 0; axis < options.axes; ++axis) {
        const std::int32_t extent = options.shape[axis];
        std::vector<std::int32_t>& cuts = cuts_.emplace_back(1, 0);
        if (options.intervals != nullptr) {
            const std::int32_t interval = options.intervals[axis];
            if (interval < 1) fail(JUICE_ERROR_ARGUMENT, "intervals[%d] is %d, and must be at least 1", axis, interval);
            for (std::int64_t at = interval; at < extent; at += interval) cuts.push_back(static_cast<std::int32_t>(at));
        } else {
            const std::int32_t count = options.split_counts[axis];
            if (count < 0) fail(JUICE_ERROR_ARGUMENT, "split_counts[%d] is %d, and must be at least 0", axis, count);
            if (count > 0 && points == nullptr) fail(JUICE_ERROR_ARGUMENT, "split_points is NULL, and split_counts[%d] is %d", axis, count);
            for (std::int32_t i = 0; i < count; ++i, ++points) {
                if (*points <= cuts.back() || *points >= extent) {
                    fail(JUICE_ERROR_ARGUMENT, "axis %d is split at %d after %d, and split points ascend between 0 and its extent, %d", axis, *points,
                         cuts.back(), extent);
                }
                cuts.push_back(*points);
            }
        }
        cuts.push_back(extent);
    }
}

// Of n cells on an axis there are n(n+1)/2 intervals, and (n-1)n(n+1)/6 splits of them.
void Grid::check_size() const {
    constexpr double most = 1 << 24;
    double regions = 1, splits = 0;
    for (const auto& cuts : cuts_) {
        const auto n = static_cast<double>(cuts.size() - 1);
        splits = splits * n * (n + 1) / 2 + regions * (n - 1) * n * (n + 1) / 6;
        regions *= n * (n + 1) / 2;
    }
    if (regions + splits > most) {
        fail(JUICE_ERROR_ARGUMENT, "the split points make %.0f regions with %.0f splits, and more than 2^24 together are too many: split less", regions,
             splits);
    }
}

Box Grid::whole() const {
    Box box;
    for (const auto& cuts : cuts_) {
        box.push_back(0);
        box.push_back(static_cast<std::int32_t>(cuts.size()) - 1);
    }
    return box;
}

std::vector<std::pair<Box, Box>> Grid::splits(const Box& box) const {
    std::vector<std::pair<Box, Box>> found;
    for (std::size_t axis = 0; axis < cuts_.size(); ++axis) {
        for (std::int32_t cut = box[2 * axis] + 1; cut < box[2 * axis + 1]; ++cut) {
            auto& [lower, upper] = found.emplace_back(box, box);
            lower[2 * axis + 1] = upper[2 * axis] = cut;
        }
    }
    return found;
}

std::vector<std::int32_t> Grid::variables(const Box& box) const {
    std::vector<std::int32_t> found{0};
    for (std::size_t axis = 0; axis < cuts_.size(); ++axis) {
        const auto& cuts = cuts_[axis];
        const std::int32_t begin = cuts[static_cast<std::size_t>(box[2 * axis])], end = cuts[static_cast<std::size_t>(box[2 * axis + 1])];
        std::vector<std::int32_t> longer;
        longer.reserve(found.size() * static_cast<std::size_t>(end - begin));
        for (const std::int32_t prefix : found)
            for (std::int32_t at = begin; at < end; ++at) longer.push_back(prefix * cuts.back() + at);
        found = std::move(longer);
    }
    return found;
}

std::vector<std::int32_t> Grid::form(const Box& box) const {
    std::vector<std::int32_t> found;
    for (std::size_t axis = 0; axis < cuts_.size(); ++axis) {
        const auto begin = static_cast<std::size_t>(box[2 * axis]), end = static_cast<std::size_t>(box[2 * axis + 1]);
        found.push_back(static_cast<std::int32_t>(end - begin));
        for (std::size_t cut = begin + 1; cut <= end; ++cut) found.push_back(cuts_[axis][cut] - cuts_[axis][begin]);
    }
    return found;
}

}  // namespace juice
