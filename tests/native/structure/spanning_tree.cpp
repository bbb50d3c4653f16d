// The maximum spanning tree and its root, against all trees there are.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "rows/some_rows.h"
#include "structure/tree.h"

namespace juice {
namespace {

using Edges = std::vector<std::pair<int, int>>;     // (low, high), sorted

Edges tree_of(std::vector<int> code) {              // Pruefer's
    const int n = static_cast<int>(code.size()) + 2;
    std::vector<int> degree(static_cast<std::size_t>(n), 1);
    for (const int v : code) ++degree[static_cast<std::size_t>(v)];
    Edges edges;
    for (const int v : code) {
        const auto leaf = static_cast<int>(std::find(degree.begin(), degree.end(), 1) - degree.begin());
        edges.emplace_back(std::min(leaf, v), std::max(leaf, v));
        --degree[static_cast<std::size_t>(leaf)];
        --degree[static_cast<std::size_t>(v)];
    }
    const auto first = std::find(degree.begin(), degree.end(), 1), second = std::find(first + 1, degree.end(), 1);
    edges.emplace_back(static_cast<int>(first - degree.begin()), static_cast<int>(second - degree.begin()));
    std::sort(edges.begin(), edges.end());
    return edges;
}

Edges edges_of(const std::vector<std::int32_t>& parents) {
    Edges edges;
    for (int v = 0; v < static_cast<int>(parents.size()); ++v) {
        const int p = parents[static_cast<std::size_t>(v)];
        if (p >= 0) edges.emplace_back(std::min(v, p), std::max(v, p));
    }
    std::sort(edges.begin(), edges.end());
    return edges;
}

int root_of(const std::vector<std::int32_t>& parents) { return static_cast<int>(std::find(parents.begin(), parents.end(), -1) - parents.begin()); }

int centre_of(const Edges& edges, int n) {
    std::vector<std::vector<int>> distance(static_cast<std::size_t>(n), std::vector<int>(static_cast<std::size_t>(n), n));
    for (std::size_t v = 0; v < distance.size(); ++v) distance[v][v] = 0;
    for (const auto& edge : edges) {
        const auto a = static_cast<std::size_t>(edge.first), b = static_cast<std::size_t>(edge.second);
        distance[a][b] = distance[b][a] = 1;
    }
    for (std::size_t k = 0; k < distance.size(); ++k)
        for (auto& row : distance)
            for (std::size_t j = 0; j < row.size(); ++j) row[j] = std::min(row[j], row[k] + distance[k][j]);
    int best = 0;
    const auto eccentricity = [&](int v) {
        const auto& row = distance[static_cast<std::size_t>(v)];
        return *std::max_element(row.begin(), row.end());
    };
    for (int v = 1; v < n; ++v)
        if (eccentricity(v) < eccentricity(best)) best = v;
    return best;
}

std::vector<double> symmetric(int n, const std::vector<double>& above) {
    std::vector<double> weights(static_cast<std::size_t>(n * n));
    std::size_t k = 0;
    for (int i = 0; i < n; ++i)
        for (int j = i + 1; j < n; ++j) weights[static_cast<std::size_t>(i * n + j)] = weights[static_cast<std::size_t>(j * n + i)] = above[k++];
    return weights;
}

TEST(SpanningTree, IsTheBestOfAllTrees) {
    std::mt19937 random(2);
    for (int round = 0; round < 300; ++round) {
        const int n = 3 + round % 4, levels = round % 3 == 0 ? 1000 : 1 + round % 4;      // few levels: many ties
        std::vector<double> above(static_cast<std::size_t>(n * (n - 1) / 2));
        for (double& w : above) w = static_cast<double>(static_cast<int>(random() % static_cast<unsigned>(levels)) - levels / 2);
        const auto weights = symmetric(n, above);

        // Edges by rank: heavier, then lower low end, then lower high end. The best tree's ranks, ascending, come first of all trees'.
        std::vector<std::pair<int, int>> ranked;
        for (int i = 0; i < n; ++i)
            for (int j = i + 1; j < n; ++j) ranked.emplace_back(i, j);
        const auto weight = [&](const std::pair<int, int>& e) { return weights[static_cast<std::size_t>(e.first * n + e.second)]; };
        std::stable_sort(ranked.begin(), ranked.end(), [&](const auto& a, const auto& b) { return weight(a) > weight(b); });
        std::vector<std::ptrdiff_t> best_ranks{n * n};
        Edges best;
        double best_sum = -std::numeric_limits<double>::infinity();
        std::vector<int> code(static_cast<std::size_t>(n - 2));
        for (int tree = 0; tree < static_cast<int>(std::lround(std::pow(n, n - 2))); ++tree) {
            for (int k = 0, rest = tree; k < n - 2; ++k, rest /= n) code[static_cast<std::size_t>(k)] = rest % n;
            const Edges edges = tree_of(code);
            std::vector<std::ptrdiff_t> ranks;
            double sum = 0;
            for (const auto& e : edges) {
                ranks.push_back(std::find(ranked.begin(), ranked.end(), e) - ranked.begin());
                sum += weight(e);
            }
            std::sort(ranks.begin(), ranks.end());
            best_sum = std::max(best_sum, sum);
            if (ranks < best_ranks) {
                best_ranks = ranks;
                best = edges;
            }
        }
        const auto parents = maximum_spanning_tree(weights.data(), n);
        EXPECT_EQ(edges_of(parents), best);
        double sum = 0;
        for (const auto& e : edges_of(parents)) sum += weight(e);
        EXPECT_EQ(sum, best_sum);
        EXPECT_EQ(root_of(parents), centre_of(best, n));
    }
}

TEST(SpanningTree, IsRootedAtItsCentre) {
    std::mt19937 random(4);
    for (int round = 0; round < 50; ++round) {
        const int n = 2 + static_cast<int>(random() % 40);
        std::vector<double> above(static_cast<std::size_t>(n * (n - 1) / 2));
        for (double& w : above) w = static_cast<double>(random());
        if (round % 2) {        // long trees: neighbours weigh more
            std::size_t k = 0;
            for (int i = 0; i < n; ++i)
                for (int j = i + 1; j < n; ++j) above[k++] /= 1.0 + 100.0 * (j - i);
        }
        const auto parents = maximum_spanning_tree(symmetric(n, above).data(), n);
        ASSERT_EQ(std::count(parents.begin(), parents.end(), -1), 1);
        EXPECT_EQ(root_of(parents), centre_of(edges_of(parents), n));
        for (int v = 0; v < n; ++v) {       // every variable reaches the root
            int steps = 0;
            for (int w = v; w >= 0; w = parents[static_cast<std::size_t>(w)]) ASSERT_LE(++steps, n);
        }
    }
}

TEST(SpanningTree, OfOneTwoAndEqualWeights) {
    const double one[] = {3}, two[] = {0, 1, 1, 0};
    EXPECT_EQ(maximum_spanning_tree(one, 1), std::vector<std::int32_t>{-1});
    EXPECT_EQ(maximum_spanning_tree(two, 2), (std::vector<std::int32_t>{-1, 0}));
    const std::vector<double> equal(49, 0.5);
    EXPECT_EQ(maximum_spanning_tree(equal.data(), 7), (std::vector<std::int32_t>{-1, 0, 0, 0, 0, 0, 0}));
}

TEST(SpanningTree, AChainOfFourIsRootedAtTheLowerMiddle) {
    const auto weights = symmetric(4, {0, 9, 0, 0, 9, 9});       // 1 - 3 - 2 - 0
    EXPECT_EQ(maximum_spanning_tree(weights.data(), 4), (std::vector<std::int32_t>{2, 3, -1, 2}));
}

TEST(SpanningTree, TakesInfinitiesAndNamesWhatIsWrong) {
    constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
    const auto forbidden = symmetric(3, {-infinity, 1, infinity});
    EXPECT_EQ(maximum_spanning_tree(forbidden.data(), 3), (std::vector<std::int32_t>{2, 2, -1}));
    const auto error = [](std::vector<double> weights, std::int32_t variables) {
        return some::error_of([&] { maximum_spanning_tree(weights.empty() ? nullptr : weights.data(), variables); });
    };
    EXPECT_EQ(error({0, nan, nan, 0}, 2), "1: weights: the one of variables 0 and 1 is NaN");
    EXPECT_EQ(error({0, 1, 2, 0}, 2), "1: weights: not symmetric: 1 from variable 0 to 1 and 2 back");
    EXPECT_EQ(error({nan, 1, 1, nan}, 2), "");
    EXPECT_EQ(error({0}, 0), "1: variables: 0 is less than 1");
    EXPECT_EQ(error({}, 2), "1: weights: NULL");
}

}  // namespace
}  // namespace juice
