// Prim's algorithm on a dense matrix, and the centre of the tree that it finds.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/error.h"
#include "structure/tree.h"

namespace juice {

namespace {

using Adjacency = std::vector<std::vector<std::int32_t>>;

struct Edge {
    double weight;
    std::int32_t low, high;

    // A total order: heavier first, then the lower end, then the higher end. Under it the maximum spanning tree is unique.
    bool beats(const Edge& other) const {
        if (weight != other.weight) return weight > other.weight;
        return low != other.low ? low < other.low : high < other.high;
    }
};

void check_weights(const double* weights, std::int64_t variables) {
    for (std::int64_t i = 0; i < variables; ++i) {
        for (std::int64_t j = i + 1; j < variables; ++j) {
            const double a = weights[i * variables + j], b = weights[j * variables + i];
            if (std::isnan(a) || std::isnan(b))
                fail(JUICE_ERROR_ARGUMENT, "weights: the one of variables %lld and %lld is NaN", static_cast<long long>(i), static_cast<long long>(j));
            if (a != b) {
                fail(JUICE_ERROR_ARGUMENT, "weights: not symmetric: %.17g from variable %lld to %lld and %.17g back", a, static_cast<long long>(i),
                     static_cast<long long>(j), b);
            }
        }
    }
}

Adjacency maximum_tree(const double* weights, std::int32_t variables) {
    Adjacency adjacent(static_cast<std::size_t>(variables));
    std::vector<Edge> best;                     // of the variables outside the tree: the edge that beats all others to the tree …
    std::vector<std::int32_t> outside;          // … and the variable
    const auto edge = [&](std::int32_t a, std::int32_t b) {
        return Edge{weights[std::int64_t{a} * variables + b], a < b ? a : b, a < b ? b : a};
    };
    for (std::int32_t v = 1; v < variables; ++v) {
        outside.push_back(v);
        best.push_back(edge(0, v));
    }
    while (!outside.empty()) {
        std::size_t next = 0;
        for (std::size_t i = 1; i < outside.size(); ++i)
            if (best[i].beats(best[next])) next = i;
        const Edge taken = best[next];
        const std::int32_t added = outside[next];
        adjacent[static_cast<std::size_t>(taken.low)].push_back(taken.high);
        adjacent[static_cast<std::size_t>(taken.high)].push_back(taken.low);
        best[next] = best.back();
        outside[next] = outside.back();
        best.pop_back();
        outside.pop_back();
        for (std::size_t i = 0; i < outside.size(); ++i)
            if (const Edge other = edge(added, outside[i]); other.beats(best[i])) best[i] = other;
    }
    return adjacent;
}

// Breadth first: distances in edges, and parents (-1 at the start).
std::pair<std::vector<std::int32_t>, std::vector<std::int32_t>> walk(const Adjacency& adjacent, std::int32_t start) {
    std::vector<std::int32_t> distance(adjacent.size(), 0), parent(adjacent.size(), -1), queue{start};
    for (std::size_t i = 0; i < queue.size(); ++i) {
        const std::int32_t v = queue[i];
        for (const std::int32_t w : adjacent[static_cast<std::size_t>(v)]) {
            if (w == parent[static_cast<std::size_t>(v)]) continue;
            parent[static_cast<std::size_t>(w)] = v;
            distance[static_cast<std::size_t>(w)] = distance[static_cast<std::size_t>(v)] + 1;
            queue.push_back(w);
        }
    }
    return {std::move(distance), std::move(parent)};
}

std::int32_t farthest(const std::vector<std::int32_t>& distance) {
    std::size_t best = 0;
    for (std::size_t v = 1; v < distance.size(); ++v)
        if (distance[v] > distance[best]) best = v;
    return static_cast<std::int32_t>(best);
}

// The variable of least eccentricity, the lowest where there are two. In a tree the farthest variable from any one is an end of a longest
// path, and the farthest from a variable is one of that path's two ends.
std::int32_t centre(const Adjacency& adjacent) {
    const std::int32_t one_end = farthest(walk(adjacent, 0).first);
    const auto from_one = walk(adjacent, one_end).first;
    const auto from_other = walk(adjacent, farthest(from_one)).first;
    const auto eccentricity = [&](std::size_t v) { return from_one[v] > from_other[v] ? from_one[v] : from_other[v]; };
    std::size_t best = 0;
    for (std::size_t v = 1; v < adjacent.size(); ++v)
        if (eccentricity(v) < eccentricity(best)) best = v;
    return static_cast<std::int32_t>(best);
}

}  // namespace

std::vector<std::int32_t> maximum_spanning_tree(const double* weights, std::int32_t variables) {
    if (variables < 1) fail(JUICE_ERROR_ARGUMENT, "variables: %d is less than 1", variables);
    if (!weights) fail(JUICE_ERROR_ARGUMENT, "weights: NULL");
    check_weights(weights, variables);
    const Adjacency adjacent = maximum_tree(weights, variables);
    return walk(adjacent, centre(adjacent)).second;
}

}  // namespace juice
