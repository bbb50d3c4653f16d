// Families of circuits: their published edge counts, what they compute against plain textbook code, the laws on small ones, and bad options.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numeric>

#include "circuit/build.h"
#include "circuit/check.h"
#include "circuit/model_file.h"
#include "reference/near.h"
#include "reference/random.h"
#include "reference/reference.h"
#include "reference/some.h"

namespace juice {

namespace {

constexpr juice_distribution pixel{JUICE_CATEGORICAL, 256, 0, 0}, bit{JUICE_BERNOULLI, 0, 0, 0};

// Options of each family with the pointers that they need; a test changes what it is about.
struct Hmm {
    std::vector<juice_distribution> distributions;
    juice_hmm_options options{};
    Hmm(std::int32_t length, std::int32_t latents, juice_distribution distribution = bit)
        : distributions(static_cast<std::size_t>(length), distribution) {
        options.size = sizeof options;
        options.variables = length;
        options.distributions = distributions.data();
        options.latents = latents;
        options.homogeneous = 1;
        options.seed = 3;
    }
    std::shared_ptr<const Circuit> circuit() const { return hmm(options); }
};

struct RatSpn {
    std::vector<juice_distribution> distributions;
    juice_rat_spn_options options{};
    RatSpn(std::int32_t variables, std::int32_t latents, std::int32_t depth, std::int32_t repetitions, std::int32_t pieces, juice_distribution distribution = bit)
        : distributions(static_cast<std::size_t>(variables), distribution) {
        options.size = sizeof options;
        options.variables = variables;
        options.distributions = distributions.data();
        options.latents = latents;
        options.depth = depth;
        options.repetitions = repetitions;
        options.pieces = pieces;
        options.seed = 3;
    }
    std::shared_ptr<const Circuit> circuit() const { return rat_spn(options); }
};

struct PoonDomingos {
    std::vector<std::int32_t> shape, intervals, parents;
    std::vector<juice_distribution> distributions;
    juice_poon_domingos_options options{};
    PoonDomingos(std::vector<std::int32_t> extents, std::int32_t interval, std::int32_t latents, juice_distribution distribution = bit)
        : shape(std::move(extents)), intervals(shape.size(), interval) {
        std::size_t variables = 1;
        for (const std::int32_t extent : shape) variables *= static_cast<std::size_t>(std::max(extent, 0));
        distributions.assign(variables, distribution);
        options.size = sizeof options;
        options.axes = static_cast<std::int32_t>(shape.size());
        options.shape = shape.data();
        options.distributions = distributions.data();
        options.latents = latents;
        options.intervals = intervals.data();
        options.seed = 3;
    }
    std::shared_ptr<const Circuit> circuit() const { return poon_domingos(options); }
};

// Sum edges and product edges, ties counted each time, of wiring that has no parameters.
std::int64_t edges_of(CircuitParts parts) {
    check_structure(parts);
    std::int64_t edges = 0;
    for (const Vector& v : parts.vectors) {
        if (v.type == NodeType::Sum) edges += v.parameter_count();
        if (v.type == NodeType::Product) edges += v.nodes() * static_cast<std::int64_t>(v.children.size());
    }
    return edges;
}

void expect_laws(const std::shared_ptr<const Circuit>& circuit) {
    const Reference reference(circuit);
    const auto roots = static_cast<std::size_t>(circuit->roots());
    Table nothing{circuit->variables(), std::vector<double>(static_cast<std::size_t>(circuit->variables()), Table::missing), {}};
    EXPECT_TRUE(near(reference.log_likelihood(nothing), std::vector<double>(roots, 0.0), 1e-5)) << "everything missing";
    if (circuit->variables() > 10) return;
    std::vector<double> totals(roots);
    const std::vector<double> logs = reference.log_likelihood(Some::every_row(*circuit));
    for (std::size_t i = 0; i < logs.size(); ++i) totals[i % roots] += std::exp(logs[i]);
    EXPECT_TRUE(near(totals, std::vector<double>(roots, 1.0), 1e-5)) << "all rows together";
}

template <typename Family>
void expect_refused(Family given, const std::function<void(Family&)>& change, const char* part) {
    change(given);
    const std::string sentence = sentence_of(JUICE_ERROR_ARGUMENT, [&] { given.circuit(); });
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
}

TEST(HmmTest, HasTheEdgesOfTheBenchmark) {
    const auto edges = [](std::int32_t latents) { return static_cast<double>(edges_of(hmm_parts(Hmm(32, latents, {JUICE_CATEGORICAL, 50257, 0, 0}).options))); };
    EXPECT_NEAR(edges(512), 8.159e6, 500);
    EXPECT_NEAR(edges(1024), 32.57e6, 5000);
    EXPECT_NEAR(edges(2048), 130.15e6, 5000);
    EXPECT_NEAR(edges(4096), 520.36e6, 5000);
    EXPECT_NEAR(edges(6144), 1.1706e9, 50000);
}

TEST(HmmTest, SharesOneTransitionAndOneEmissionWhereHomogeneous) {
    Hmm model(5, 3, {JUICE_CATEGORICAL, 4, 0, 0});
    EXPECT_EQ(model.circuit()->info().parameters, 3 * 4 + 3 * 3 + 3);
    model.options.homogeneous = 0;
    EXPECT_EQ(model.circuit()->info().parameters, 5 * 3 * 4 + 4 * 3 * 3 + 3);
}

// The forward algorithm as textbooks have it: p(x_1 … x_t, state t = j) for ascending t.
double forward_algorithm(const Circuit& circuit, const Reference& reference, const double* row, std::int32_t length) {
    std::vector<std::int32_t> emission(static_cast<std::size_t>(circuit.variables()), -1), transition;     // transition[t]: from time t to t + 1
    for (std::int32_t id = circuit.size() - 2; id >= 0; --id) {
        if (circuit[id].type == NodeType::Input) emission[static_cast<std::size_t>(circuit[id].variable)] = id;
        if (circuit[id].type == NodeType::Sum) transition.push_back(id);
    }
    const std::vector<double>& first = reference.parameters(circuit.root());
    const std::size_t states = first.size();
    const auto emitted = [&](std::int32_t t, std::size_t state) {
        return std::exp(reference.input_log_density(emission[static_cast<std::size_t>(t)], static_cast<std::int64_t>(state), row[t]));
    };
    std::vector<double> alpha(states);
    for (std::size_t j = 0; j < states; ++j) alpha[j] = first[j] * emitted(0, j);
    for (std::int32_t t = 1; t < length; ++t) {
        const std::vector<double>& from = reference.parameters(transition[static_cast<std::size_t>(t) - 1]);
        std::vector<double> next(states);
        for (std::size_t i = 0; i < states; ++i)
            for (std::size_t j = 0; j < states; ++j) next[j] += alpha[i] * from[i * states + j] * emitted(t, j);
        alpha = next;
    }
    return std::log(std::accumulate(alpha.begin(), alpha.end(), 0.0));
}

TEST(HmmTest, IsTheForwardAlgorithm) {
    Random random(4);
    for (const std::int32_t homogeneous : {0, 1}) {
        for (const auto& [length, latents] : std::vector<std::pair<std::int32_t, std::int32_t>>{{1, 1}, {1, 5}, {2, 3}, {9, 4}, {6, 100}}) {
            Hmm model(length, latents, {JUICE_CATEGORICAL, 6, 0, 0});
            model.options.homogeneous = homogeneous;
            const auto circuit = model.circuit();
            const Reference reference(circuit);
            for (int repeat = 0; repeat < 5; ++repeat) {
                Table row{length, {}, {}};
                for (std::int32_t t = 0; t < length; ++t) row.values.push_back(static_cast<double>(random.below(6)));
                EXPECT_NEAR(reference.log_likelihood(row)[0], forward_algorithm(*circuit, reference, row.values.data(), length), 1e-10);
            }
        }
    }
}

TEST(HmmTest, GivesAShorterSequenceWhatAShorterModelGives) {
    const auto circuit = Hmm(8, 4, {JUICE_CATEGORICAL, 5, 0, 0}).circuit();
    const Reference reference(circuit);
    for (std::int32_t length = 1; length <= 8; ++length) {
        Table row{8, {}, {}};
        for (std::int32_t t = 0; t < 8; ++t) row.values.push_back(t < length ? static_cast<double>((3 * t + length) % 5) : Table::missing);
        EXPECT_NEAR(reference.log_likelihood(row)[0], forward_algorithm(*circuit, reference, row.values.data(), length), 1e-6) << length;
    }
}

TEST(HmmTest, TakesEveryDistributionThatLearnsAndSeveralRoots) {
    for (const juice_distribution& d : std::initializer_list<juice_distribution>{
             {JUICE_CATEGORICAL, 3, 0, 0}, bit, {JUICE_BINOMIAL, 2, 0, 0}, {JUICE_GAUSSIAN, 0, 0, 0}, {JUICE_DISCRETE_LOGISTIC, 3, 0, 3}}) {
        Hmm model(4, 3, d);
        model.options.roots = 2;
        const auto circuit = model.circuit();
        EXPECT_EQ(circuit->roots(), 2);
        if (d.type != JUICE_GAUSSIAN) expect_laws(circuit);
    }
    Hmm mixed(2, 3);
    mixed.distributions[1] = {JUICE_GAUSSIAN, 0, 0, 0};
    mixed.options.homogeneous = 0;
    EXPECT_EQ(mixed.circuit()->distribution_of(1).type, DistributionType::Gaussian);
}

TEST(HmmTest, RefusesBadOptions) {
    const auto refused = [](const std::function<void(Hmm&)>& change, const char* part) { expect_refused<Hmm>(Hmm(3, 2), change, part); };
    refused([](Hmm& m) { m.options.variables = 0; }, "variables is 0, and must be 1 to");
    refused([](Hmm& m) { m.options.latents = 0; }, "latents is 0, and must be at least 1");
    refused([](Hmm& m) { m.options.roots = -1; }, "roots is -1");
    refused([](Hmm& m) { m.options.homogeneous = 2; }, "homogeneous is 2, and must be 0 or 1");
    refused([](Hmm& m) { m.options.distributions = nullptr; }, "distributions is NULL");
    refused([](Hmm& m) { m.distributions[1].type = JUICE_INDICATOR; }, "distributions[1] is an indicator");
    refused([](Hmm& m) { m.distributions[2] = pixel; }, "distributions[2] is another than distributions[0], and a homogeneous model has one");
}

TEST(RatSpnTest, HasExactlyTheEdgesOfTheBenchmark) {
    const auto edges = [](std::int32_t latents) { return edges_of(rat_spn_parts(RatSpn(784, latents, 5, 2, 2, pixel).options)); };
    EXPECT_EQ(edges(64), 616'320);
    EXPECT_NEAR(static_cast<double>(edges(128)), 2.248e6, 500);
    EXPECT_NEAR(static_cast<double>(edges(256)), 8.56e6, 5000);
    EXPECT_NEAR(static_cast<double>(edges(512)), 33.37e6, 5000);
    EXPECT_NEAR(static_cast<double>(edges(1024)), 131.76e6, 5000);
}

// Every level of every repetition splits regions into pieces that differ by one variable at most.
TEST(RatSpnTest, SplitsEvenly) {
    for (const std::int32_t pieces : {2, 3, 5}) {
        const auto circuit = RatSpn(50, 2, 3, 4, pieces).circuit();
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            const Vector& v = (*circuit)[id];
            if (v.type != NodeType::Product || (*circuit)[v.children[0]].type == NodeType::Input) continue;
            std::int64_t least = 50, most = 0, all = 0;
            for (const std::int32_t child : v.children) {
                std::int64_t size = 0;
                for (std::int32_t variable = 0; variable < 50; ++variable) size += circuit->scope(child).contains(variable);
                least = std::min(least, size);
                most = std::max(most, size);
                all += size;
            }
            EXPECT_LE(most - least, 1);
            EXPECT_EQ(static_cast<std::int64_t>(v.children.size()), std::min<std::int64_t>(pieces, all));
        }
        EXPECT_EQ((*circuit)[circuit->root()].children.size(), 4u);
    }
}

TEST(RatSpnTest, AnotherSeedSplitsOtherwise) {
    const auto circuit = RatSpn(20, 2, 1, 1, 2).circuit();
    RatSpn other(20, 2, 1, 1, 2);
    other.options.seed = 4;
    const auto first_half = [](const Circuit& c) { return c[c[c[c.root()].children[0]].children[0]].children[0]; };
    const auto variables = [](const Circuit& c, std::int32_t id) {
        std::vector<bool> in;
        for (std::int32_t v = 0; v < c.variables(); ++v) in.push_back(c.scope(id).contains(v));
        return in;
    };
    const auto another = other.circuit();
    EXPECT_NE(variables(*circuit, first_half(*circuit)), variables(*another, first_half(*another)));
    expect_same(*circuit, *RatSpn(20, 2, 1, 1, 2).circuit());
}

TEST(RatSpnTest, IsADistributionAtAwkwardSizes) {
    for (const std::int32_t variables : {1, 2, 3, 7})
        for (const std::int32_t latents : {1, 3, 100})
            for (const std::int32_t pieces : {3, 10}) {
                RatSpn family(variables, latents, 9, 2, pieces);
                family.options.roots = pieces == 3 ? 4 : 0;
                const auto circuit = family.circuit();
                EXPECT_EQ(circuit->roots(), pieces == 3 ? 4 : 1);
                expect_laws(circuit);
            }
}

TEST(RatSpnTest, RefusesBadOptions) {
    const auto refused = [](const std::function<void(RatSpn&)>& change, const char* part) { expect_refused<RatSpn>(RatSpn(4, 2, 2, 2, 2), change, part); };
    refused([](RatSpn& r) { r.options.variables = -4; }, "variables is -4, and must be 1 to");
    refused([](RatSpn& r) { r.options.latents = 0; }, "latents is 0");
    refused([](RatSpn& r) { r.options.roots = -2; }, "roots is -2");
    refused([](RatSpn& r) { r.options.depth = 0; }, "depth is 0, and must be at least 1");
    refused([](RatSpn& r) { r.options.repetitions = 0; }, "repetitions is 0, and must be at least 1");
    refused([](RatSpn& r) { r.options.pieces = 1; }, "pieces is 1, and must be at least 2");
    refused([](RatSpn& r) { r.options.distributions = nullptr; }, "distributions is NULL");
    refused([](RatSpn& r) { r.distributions[3] = {JUICE_CATEGORICAL, 0, 0, 0}; }, "distributions[3]: categories is 0");
}

TEST(PoonDomingosTest, HasTheEdgesOfTheBenchmark) {
    const auto edges = [](std::int32_t latents, std::int32_t block) {
        PoonDomingos family({28, 28}, 4, latents, pixel);
        family.options.block_size = block;
        family.options.most_splits = 8;
        return static_cast<double>(edges_of(poon_domingos_parts(family.options)));
    };
    EXPECT_NEAR(edges(64, 0), 15.6e6, 0.015 * 15.6e6);
    EXPECT_NEAR(edges(128, 32), 56.3e6, 0.015 * 56.3e6);
    EXPECT_NEAR(edges(256, 32), 213e6, 0.015 * 213e6);
    EXPECT_NEAR(edges(512, 32), 829e6, 0.015 * 829e6);
    EXPECT_NEAR(edges(768, 256), 2.03e9, 0.015 * 2.03e9);
}

// Over a line of n cells of one variable there are n(n+1)/2 intervals, each with as many splits as it is longer than one.
TEST(PoonDomingosTest, HasEverySplitOfEveryBox) {
    PoonDomingos family({6}, 1, 4);
    const auto circuit = family.circuit();
    std::int64_t products = 0, sums = 0;
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        products += (*circuit)[id].type == NodeType::Product;
        sums += (*circuit)[id].type == NodeType::Sum;
    }
    EXPECT_EQ(products, 5 * 6 * 7 / 6);
    EXPECT_EQ(sums, 6 * 7 / 2 - 6) << "single variables are their inputs";
}

TEST(PoonDomingosTest, ASumBlockReadsAsManySplitsAsItMay) {
    PoonDomingos family({8, 8}, 1, 6);
    family.options.block_size = 2;
    family.options.most_splits = 4;
    const auto circuit = family.circuit();
    bool drawn = false;
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        const Vector& v = (*circuit)[id];
        if (v.type != NodeType::Sum || !v.wired || v.children.size() == 1) continue;
        drawn = true;
        std::vector<std::vector<std::int64_t>> read(3);
        for (std::int64_t e = 0; e < v.edge_count; ++e)
            read[static_cast<std::size_t>(v.edges[static_cast<std::size_t>(e)])].push_back(v.edges[static_cast<std::size_t>(v.edge_count + e)] / 3);
        std::vector<bool> used(v.children.size());
        for (const auto& splits : read) {
            EXPECT_EQ(splits.size(), 4u * 3u) << "four splits, each with all of its three blocks";
            for (const std::int64_t split : splits) used[static_cast<std::size_t>(split)] = true;
        }
        EXPECT_EQ(std::ranges::count(used, false), 0) << "sum " << id << " has an operand that no block reads";
        EXPECT_GT(v.children.size(), 4u);
    }
    EXPECT_TRUE(drawn);
}

TEST(PoonDomingosTest, TiesBoxesOfOneFormWhereverTheyLie) {
    PoonDomingos family({4, 6}, 2, 3, {JUICE_CATEGORICAL, 3, 0, 0});
    family.options.tied = 1;
    const auto circuit = family.circuit();
    std::int64_t owners = 0;
    for (std::int32_t id = 0; id < circuit->size(); ++id) owners += (*circuit)[id].type == NodeType::Input && (*circuit)[id].tied_to < 0;
    EXPECT_EQ(owners, 1);
    // Cells of 2 x 2: one pixel mixture, one pair mixture, and 2 · 3 forms of boxes but for the whole, whose root is its own.
    std::int64_t sums = 0;
    for (std::int32_t id = 0; id < circuit->size(); ++id) sums += (*circuit)[id].type == NodeType::Sum && (*circuit)[id].tied_to < 0;
    EXPECT_EQ(sums, 1 + 1 + 5 + 1);
    expect_laws(PoonDomingos({2, 4}, 1, 3).circuit());
}

TEST(PoonDomingosTest, ProductsHaveSumsOfTheirOwnWhereTheyDominate) {
    PoonDomingos family({5}, 1, 3);
    family.options.product_dominated = 1;
    const auto circuit = family.circuit();
    std::vector<int> readers(static_cast<std::size_t>(circuit->size()));
    std::int64_t sums = 0, products = 0;
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        sums += (*circuit)[id].type == NodeType::Sum;
        products += (*circuit)[id].type == NodeType::Product;
        if ((*circuit)[id].type != NodeType::Product) continue;
        for (const std::int32_t child : (*circuit)[id].children) ++readers[static_cast<std::size_t>(child)];
    }
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        if ((*circuit)[id].type == NodeType::Sum && id != circuit->root()) {
            EXPECT_EQ(readers[static_cast<std::size_t>(id)], 1) << id;
        }
    }
    EXPECT_EQ(products, 4 * 5 * 6 / 6);
    EXPECT_EQ(sums, 20 + 1) << "of 40 factors half are single variables";
    expect_laws(circuit);
}

TEST(PoonDomingosTest, IsADistributionAtAwkwardSizes) {
    for (const auto& shape : std::vector<std::vector<std::int32_t>>{{1}, {7}, {1, 1, 1}, {2, 3}, {3, 1, 3}})
        for (const std::int32_t interval : {1, 2, 100})
            for (const std::int32_t latents : {1, 3, 40})
                for (const std::int32_t tied : {0, 1}) {
                    PoonDomingos family(shape, interval, latents);
                    family.options.most_splits = interval == 1 ? 2 : 0;
                    family.options.block_size = latents == 40 ? 8 : 0;
                    family.options.tied = tied;
                    family.options.roots = latents;
                    expect_laws(family.circuit());
                }
}

TEST(PoonDomingosTest, TakesSplitPointsAndTreesOfCells) {
    PoonDomingos family({4, 3}, 0, 4);
    const std::vector<std::int32_t> counts{1, 0}, points{3};
    family.options.intervals = nullptr;
    family.options.split_counts = counts.data();
    family.options.split_points = points.data();
    // Rows 0 … 2 are one cell, a chain; row 3 another, a star.
    const std::vector<std::int32_t> parents{-1, 0, 1, 2, 3, 4, 5, 6, 7, -1, 9, 9};
    family.options.parents = parents.data();
    const auto circuit = family.circuit();
    EXPECT_EQ(circuit->info().sum_edges, 4 + 2 * 16 + 7 * 16) << "the root, a sum a cell, and one for every inner variable but the cells' roots";
    expect_laws(circuit);
}

TEST(PoonDomingosTest, RefusesBadOptions) {
    const auto refused = [](const std::function<void(PoonDomingos&)>& change, const char* part) {
        expect_refused<PoonDomingos>(PoonDomingos({4, 6}, 2, 6), change, part);
    };
    refused([](PoonDomingos& p) { p.options.axes = 0; }, "axes is 0, and must be 1 to 64");
    refused([](PoonDomingos& p) { p.options.shape = nullptr; }, "shape is NULL");
    refused([](PoonDomingos& p) { p.shape[1] = 0; }, "shape[1] is 0, and must be at least 1");
    refused([](PoonDomingos& p) { p.shape = {1 << 30, 6}; p.options.shape = p.shape.data(); }, "shape has more than 2^29 entries");
    refused([](PoonDomingos& p) { p.intervals[0] = 0; }, "intervals[0] is 0, and must be at least 1");
    refused([](PoonDomingos& p) { p.options.intervals = nullptr; }, "intervals and split_counts are both NULL");
    refused([](PoonDomingos& p) { p.options.split_counts = p.shape.data(); }, "intervals and split_counts are both given");
    const auto points = [](std::vector<std::int32_t> counts, std::vector<std::int32_t> at, const char* part) {
        PoonDomingos family({4, 6}, 2, 6);
        family.options.intervals = nullptr;
        family.options.split_counts = counts.data();
        family.options.split_points = at.empty() ? nullptr : at.data();
        const std::string sentence = sentence_of(JUICE_ERROR_ARGUMENT, [&] { family.circuit(); });
        EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
    };
    points({-1, 0}, {1}, "split_counts[0] is -1");
    points({1, 0}, {}, "split_points is NULL, and split_counts[0] is 1");
    points({0, 2}, {3, 3}, "axis 1 is split at 3 after 3, and split points ascend between 0 and its extent, 6");
    points({1, 0}, {4}, "axis 0 is split at 4 after 0");
    refused([](PoonDomingos& p) { p.options.block_size = 4; }, "block_size is 4, and must divide latents, 6, or be 0");
    refused([](PoonDomingos& p) { p.options.block_size = -6; }, "block_size is -6");
    refused([](PoonDomingos& p) { p.options.most_splits = -1; }, "most_splits is -1");
    refused([](PoonDomingos& p) { p.options.product_dominated = 2; }, "product_dominated is 2");
    refused([](PoonDomingos& p) { p.options.tied = -1; }, "tied is -1");
    refused([](PoonDomingos& p) { p.options.latents = 0; }, "latents is 0");
    refused([](PoonDomingos& p) { p.options.roots = -1; }, "roots is -1");
    refused([](PoonDomingos& p) { p.options.distributions = nullptr; }, "distributions is NULL");
    refused([](PoonDomingos& p) { p.options.tied = 1; p.distributions[5] = pixel; }, "distributions[5] is another than distributions[0], and tied inputs");
    const auto trees = [](const std::function<void(PoonDomingos&)>& change, const char* part) {
        PoonDomingos family({4}, 2, 6);
        family.parents = {-1, 0, 3, -1};
        family.options.parents = family.parents.data();
        change(family);
        const std::string sentence = sentence_of(JUICE_ERROR_ARGUMENT, [&] { family.circuit(); });
        EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
    };
    trees([](PoonDomingos& p) { p.options.tied = 1; }, "tied is 1 and parents are given");
    trees([](PoonDomingos& p) { p.parents[1] = 2; }, "parents[1] is 2, and must be a variable of the same cell, or -1 at its root");
    trees([](PoonDomingos& p) { p.parents[2] = -1; }, "parents[2] and parents[3] are both -1");
    trees([](PoonDomingos& p) { p.parents[3] = 3; }, "none of the parents is -1");
    expect_refused<PoonDomingos>(PoonDomingos({200, 200}, 1, 2), [](PoonDomingos&) {}, "too many: split less");
}

TEST(HcltTest, TiesInputsAndHasSeveralRoots) {
    const std::vector<std::int32_t> parents{-1, 0, 0, 1};
    std::vector<juice_distribution> distributions(4, {JUICE_CATEGORICAL, 3, 0, 0});
    juice_hclt_options options{};
    options.size = sizeof options;
    options.variables = 4;
    options.parents = parents.data();
    options.distributions = distributions.data();
    options.latents = 5;
    options.roots = 3;
    options.tied_inputs = 1;
    const auto circuit = hclt(options);
    EXPECT_EQ(circuit->roots(), 3);
    EXPECT_EQ(circuit->info().parameters, 5 * 3 + 5 * 5 + 3 * 5);
    expect_laws(circuit);
    distributions[2].count = 4;
    EXPECT_NE(sentence_of(JUICE_ERROR_ARGUMENT, [&] { hclt(options); }).find("distributions[2] is another than distributions[0]"), std::string::npos);
    options.tied_inputs = 3;
    EXPECT_NE(sentence_of(JUICE_ERROR_ARGUMENT, [&] { hclt(options); }).find("tied_inputs is 3"), std::string::npos);
    options.tied_inputs = 0;
    options.roots = -1;
    EXPECT_NE(sentence_of(JUICE_ERROR_ARGUMENT, [&] { hclt(options); }).find("roots is -1"), std::string::npos);
}

}  // namespace

}  // namespace juice
