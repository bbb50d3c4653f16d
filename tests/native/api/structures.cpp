// juice.h, section 5.
#include <cmath>

#include "api/some.h"

namespace {

// Variable 1 is variable 0; variable 2 has nothing to do with them.
const std::vector<std::uint8_t> copies = {0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1};

struct Hclt {
    std::vector<std::int32_t> parents = {-1, 0, 0};
    std::vector<juice_distribution> distributions = std::vector<juice_distribution>(3, juice_distribution{JUICE_CATEGORICAL, 2, 0, 0});
    juice_hclt_options options = some::sized<juice_hclt_options>();
    Hclt() {
        options.variables = 3;
        options.parents = parents.data();
        options.distributions = distributions.data();
        options.latents = 4;
        options.seed = 1;
    }
};

template <typename Options>
Options family(const std::vector<juice_distribution>& distributions) {
    auto options = some::sized<Options>();
    options.distributions = distributions.data();
    options.latents = 4;
    options.seed = 1;
    return options;
}

template <typename Options>
juice_circuit_info info_of(juice_status (*build)(const Options*, juice_circuit**) noexcept, const Options& options) {
    juice_circuit* made = nullptr;
    auto info = some::sized<juice_circuit_info>();
    EXPECT_OK(build(&options, &made));
    const some::CircuitHandle circuit(made);
    EXPECT_OK(juice_circuit_get_info(circuit.get(), &info));
    return info;
}

template <typename Options>
void expect_refused(juice_status (*build)(const Options*, juice_circuit**) noexcept, Options options, const char* type) {
    juice_circuit* made = nullptr;
    EXPECT_ARGUMENT_ERROR(build(nullptr, &made), "options is NULL");
    EXPECT_ARGUMENT_ERROR(build(&options, nullptr), "circuit is NULL");
    options.latents = 0;
    EXPECT_ARGUMENT_ERROR(build(&options, &made), "latents is 0, and must be at least 1");
    options.latents = 4;
    options.distributions = nullptr;
    EXPECT_ARGUMENT_ERROR(build(&options, &made), "distributions is NULL");
    options.size -= 4;
    EXPECT_ARGUMENT_ERROR(build(&options, &made), type);
    EXPECT_EQ(nullptr, made);
}

}  // namespace

TEST(Structures, MutualInformationIsExact) {
    const auto rows = some::rows(copies, 3);
    const auto options = some::sized<juice_tree_options>();
    std::vector<double> information(9, -1);
    ASSERT_OK(juice_mutual_information(&rows, &options, information.data()));
    const double bit = std::log(2.0);
    const std::vector<double> wanted = {bit, bit, 0, bit, bit, 0, 0, 0, bit};
    for (int i = 0; i < 9; ++i) EXPECT_NEAR(wanted[i], information[i], 1e-12) << i;
}

TEST(Structures, TheTreeIsRootedAtItsCentre) {
    const auto rows = some::rows(copies, 3);
    const auto options = some::sized<juice_tree_options>();
    std::vector<std::int32_t> parents(3, -9);
    ASSERT_OK(juice_chow_liu_tree(&rows, &options, parents.data()));
    EXPECT_EQ((std::vector<std::int32_t>{-1, 0, 0}), parents);

    const std::vector<double> chain = {0, 1, 0, 1, 0, 2, 0, 2, 0};
    ASSERT_OK(juice_maximum_spanning_tree(chain.data(), 3, parents.data()));
    EXPECT_EQ((std::vector<std::int32_t>{1, -1, 1}), parents);
}

TEST(Structures, AnHcltHasTheRightShape) {
    const Hclt given;
    juice_circuit* made = nullptr;
    ASSERT_OK(juice_circuit_hclt(&given.options, &made));
    const some::CircuitHandle circuit(made);
    auto info = some::sized<juice_circuit_info>();
    ASSERT_OK(juice_circuit_get_info(circuit.get(), &info));
    EXPECT_EQ(3, info.variables);
    EXPECT_EQ(1, info.roots);
    EXPECT_EQ(4, info.sum_edges) << "both other variables are leaves: the root is the only sum";
}

TEST(Structures, RejectBadTreeArguments) {
    const auto rows = some::rows(copies, 3);
    const auto options = some::sized<juice_tree_options>();
    std::vector<double> information(9);
    std::vector<std::int32_t> parents(3);
    EXPECT_ARGUMENT_ERROR(juice_mutual_information(nullptr, &options, information.data()), "rows is NULL");
    EXPECT_ARGUMENT_ERROR(juice_mutual_information(&rows, nullptr, information.data()), "options is NULL");
    EXPECT_ARGUMENT_ERROR(juice_mutual_information(&rows, &options, nullptr), "information is NULL");
    EXPECT_ARGUMENT_ERROR(juice_chow_liu_tree(nullptr, &options, parents.data()), "rows is NULL");
    EXPECT_ARGUMENT_ERROR(juice_chow_liu_tree(&rows, nullptr, parents.data()), "options is NULL");
    EXPECT_ARGUMENT_ERROR(juice_chow_liu_tree(&rows, &options, nullptr), "parents is NULL");
    EXPECT_ARGUMENT_ERROR(juice_maximum_spanning_tree(nullptr, 3, parents.data()), "weights is NULL");
    EXPECT_ARGUMENT_ERROR(juice_maximum_spanning_tree(information.data(), 0, parents.data()), "variables is 0");
    EXPECT_ARGUMENT_ERROR(juice_maximum_spanning_tree(information.data(), 3, nullptr), "parents is NULL");
    const auto reject = [&](auto change, const char* piece) {
        auto changed = options;
        change(changed);
        EXPECT_ARGUMENT_ERROR(juice_mutual_information(&rows, &changed, information.data()), piece);
        EXPECT_ARGUMENT_ERROR(juice_chow_liu_tree(&rows, &changed, parents.data()), piece);
    };
    reject([](auto& changed) { changed.size += 8; }, "sizeof(juice_tree_options)");
    reject([](auto& changed) { changed.bins = -1; }, "options.bins is -1");
    reject([](auto& changed) { changed.quantiles = 2; }, "options.quantiles is 2");
    reject([](auto& changed) { changed.threads = -1; }, "options.threads is -1");
    reject([](auto& changed) { changed.row_limit = -1; }, "options.row_limit is -1");
    reject([](auto& changed) { changed.pseudocount = -0.5; }, "options.pseudocount is -0.5");
    reject([](auto& changed) { changed.pseudocount = std::nan(""); }, "options.pseudocount is nan");
}

TEST(Structures, RejectBadRows) {
    const auto options = some::sized<juice_tree_options>();
    std::vector<double> information(9);
    const auto reject = [&](auto change, const char* piece) {
        auto rows = some::rows(copies, 3);
        change(rows);
        EXPECT_ARGUMENT_ERROR(juice_mutual_information(&rows, &options, information.data()), piece);
    };
    reject([](auto& rows) { rows.size = 1; }, "rows.size is 1");
    reject([](auto& rows) { rows.element = 9; }, "9");
    reject([](auto& rows) { rows.count = -1; }, "-1");
    reject([](auto& rows) { rows.variables = 0; }, "0");
    reject([](auto& rows) { rows.data = nullptr; }, "NULL");
    reject([](auto& rows) { rows.row_stride = 2; }, "2");
}

TEST(Structures, RejectBadHclts) {
    juice_circuit* made = nullptr;
    const auto reject = [&](auto change, const char* piece) {
        Hclt given;
        change(given);
        EXPECT_ARGUMENT_ERROR(juice_circuit_hclt(&given.options, &made), piece);
        EXPECT_EQ(nullptr, made);
    };
    const Hclt right;
    EXPECT_ARGUMENT_ERROR(juice_circuit_hclt(nullptr, &made), "options is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_hclt(&right.options, nullptr), "circuit is NULL");
    reject([](Hclt& given) { given.options.size = 0; }, "sizeof(juice_hclt_options)");
    reject([](Hclt& given) { given.options.variables = 0; }, "options.variables is 0");
    reject([](Hclt& given) { given.options.parents = nullptr; }, "parents is NULL");
    reject([](Hclt& given) { given.options.distributions = nullptr; }, "distributions is NULL");
    reject([](Hclt& given) { given.options.latents = 0; }, "options.latents is 0");
    reject([](Hclt& given) { given.parents[1] = 3; }, "3");
    reject([](Hclt& given) { given.parents[1] = -2; }, "-2");
    reject([](Hclt& given) { given.parents[1] = -1; }, "parents");
    reject([](Hclt& given) { given.parents[0] = 1; }, "parents");
    reject([](Hclt& given) { given.parents = {-1, 2, 1}; given.options.parents = given.parents.data(); }, "parents");
    reject([](Hclt& given) { given.distributions[2].type = 17; }, "17");
    reject([](Hclt& given) { given.distributions[2].count = 0; }, "0");
}

TEST(Structures, AnHmmHasATransitionBetweenTimes) {
    const std::vector<juice_distribution> distributions(5, juice_distribution{JUICE_CATEGORICAL, 3, 0, 0});
    auto options = family<juice_hmm_options>(distributions);
    options.variables = 5;
    options.homogeneous = 1;
    options.roots = 2;
    const juice_circuit_info info = info_of(juice_circuit_hmm, options);
    EXPECT_EQ(5, info.variables);
    EXPECT_EQ(2, info.roots);
    EXPECT_EQ(4 * 4 * 4 + 2 * 4, info.sum_edges);
    EXPECT_EQ(4 * 3 + 4 * 4 + 2 * 4, info.parameters) << "ties are stored once";
    expect_refused(juice_circuit_hmm, options, "sizeof(juice_hmm_options)");
}

TEST(Structures, ARatSpnHasASumForEveryRegionButTheWhole) {
    const std::vector<juice_distribution> distributions(8, juice_distribution{JUICE_BERNOULLI, 0, 0, 0});
    auto options = family<juice_rat_spn_options>(distributions);
    options.variables = 8;
    options.depth = 2;
    options.repetitions = 3;
    options.pieces = 2;
    const juice_circuit_info info = info_of(juice_circuit_rat_spn, options);
    EXPECT_EQ(3 * (2 + 4) * 4 * 4 + 3 * 4, info.sum_edges);
    EXPECT_EQ(3 * (8 + 4 + 2) * 4, info.product_edges);
    expect_refused(juice_circuit_rat_spn, options, "sizeof(juice_rat_spn_options)");
}

TEST(Structures, APoonDomingosCircuitHasAProductForEverySplit) {
    const std::vector<juice_distribution> distributions(4, juice_distribution{JUICE_BERNOULLI, 0, 0, 0});
    const std::vector<std::int32_t> shape = {2, 2}, intervals = {1, 1};
    auto options = family<juice_poon_domingos_options>(distributions);
    options.axes = 2;
    options.shape = shape.data();
    options.intervals = intervals.data();
    const juice_circuit_info info = info_of(juice_circuit_poon_domingos, options);
    EXPECT_EQ(2 * (4 + 2) * 4, info.product_edges) << "four halves split once, the whole twice";
    EXPECT_EQ(4 * 4 * 4 + 2 * 4, info.sum_edges) << "four halves and the root";
    expect_refused(juice_circuit_poon_domingos, options, "sizeof(juice_poon_domingos_options)");
}
