// Mutual information of all pairs against the textbook's formula, on every path that counting takes.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "rows/some_rows.h"
#include "structure/columns.h"
#include "structure/naive.h"
#include "structure/tree.h"

namespace juice {
namespace {

using some::error_of;

juice_tree_options options() {
    juice_tree_options options{};
    options.size = sizeof options;
    options.threads = 2;
    return options;
}

// Codes that depend on each other: a variable copies the one before it (as far as it can) or is drawn anew, often as 0. The largest code turns
// up, and every code of a variable that floats would keep as it is: categories are what was seen.
naive::Codes some_codes(std::vector<std::int64_t> categories, std::int64_t rows, double missing = 0, unsigned seed = 1) {
    std::mt19937 random(seed);
    const auto chance = [&](double p) { return std::uniform_real_distribution<double>()(random) < p; };
    naive::Codes codes{rows, std::move(categories), {}, {}};
    codes.code.assign(codes.categories.size(), std::vector<std::int64_t>(static_cast<std::size_t>(rows)));
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
        for (std::size_t v = 0; v < codes.categories.size(); ++v) {
            const std::int64_t k = codes.categories[v];
            auto drawn = chance(0.3) ? 0 : static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(k));
            if (v > 0 && chance(0.5)) drawn = std::max<std::int64_t>(codes.code[v - 1][i], 0) % k;
            const auto down = k - 1 - static_cast<std::int64_t>(i);
            codes.code[v][i] = down >= 0 && (i == 0 || k <= 64) ? down : drawn;
        }
    }
    for (auto& column : codes.code)
        for (std::size_t i = 64; i < column.size(); ++i)
            if (chance(missing)) column[i] = -1;
    return codes;
}

// Missing codes are marked, and hold a value that counts would notice.
template <class T>
some::Rows<T> rows_of(const naive::Codes& codes, std::int64_t stride = 0) {
    some::Rows<T> rows(codes.rows, static_cast<std::int32_t>(codes.categories.size()), stride);
    for (std::int64_t i = 0; i < codes.rows; ++i) {
        for (std::int64_t v = 0; v < rows.variables; ++v) {
            const auto code = codes.code[static_cast<std::size_t>(v)][static_cast<std::size_t>(i)];
            rows.at(i, v) = static_cast<T>(std::max<std::int64_t>(code, 0));
            if (code < 0) rows.mark(i, v);
        }
    }
    return rows;
}

void expect_naive(const std::vector<double>& information, const naive::Codes& codes, double pseudocount) {
    const std::size_t n = codes.categories.size();
    ASSERT_EQ(information.size(), n * n);
    for (std::size_t x = 0; x < n; ++x) {
        EXPECT_NEAR(information[x * n + x], naive::entropy(codes, x, pseudocount), 1e-12) << "variable " << x;
        for (std::size_t y = x + 1; y < n; ++y) {
            EXPECT_NEAR(information[x * n + y], naive::pair_information(codes, x, y, pseudocount), 1e-12) << "variables " << x << ", " << y;
            EXPECT_EQ(information[x * n + y], information[y * n + x]);
        }
    }
}

template <class T>
class MutualInformationOf : public testing::Test {};
using Elements = testing::Types<std::uint8_t, std::uint16_t, std::int32_t, float, double>;
TYPED_TEST_SUITE(MutualInformationOf, Elements);

TYPED_TEST(MutualInformationOf, IsExact) {
    for (const double missing : {0.0, 0.2}) {
        for (const double pseudocount : {0.0, 0.1, 1.0}) {
            const auto codes = some_codes({2, 2, 3, 16, 2, 64, 7, 2, 2, 2, 2, 2, 2, 16, 16, 5, 2, 33, 2, 10}, 700, missing);
            auto rows = rows_of<TypeParam>(codes, 23);
            auto asked = options();
            asked.pseudocount = pseudocount;
            expect_naive(mutual_information(rows.view(), asked), codes, pseudocount);
            expect_naive(mutual_information(rows.source(), asked), codes, pseudocount);
        }
    }
}

TYPED_TEST(MutualInformationOf, CountsWeights) {
    auto codes = some_codes({2, 16, 3, 2, 16, 40}, 400, 0.1);
    auto rows = rows_of<TypeParam>(codes);
    std::mt19937 random(3);
    for (std::int64_t i = 0; i < 400; ++i) {
        rows.weights.push_back(static_cast<float>(random() % 8) / 3);
        codes.weights.push_back(rows.weights.back());
    }
    for (const double pseudocount : {0.0, 0.5}) {
        auto asked = options();
        asked.pseudocount = pseudocount;
        expect_naive(mutual_information(rows.view(), asked), codes, pseudocount);
    }
}

TYPED_TEST(MutualInformationOf, ASentinelIsMissing) {
    auto codes = some_codes({4, 4, 4}, 300, 0.3);
    auto rows = rows_of<TypeParam>(codes);
    rows.missing.clear();
    for (std::int64_t i = 0; i < 300; ++i)
        for (std::int64_t v = 0; v < 3; ++v)
            if (codes.code[static_cast<std::size_t>(v)][static_cast<std::size_t>(i)] < 0) rows.at(i, v) = 99;
    auto view = rows.view();
    view.has_sentinel = 1;
    view.sentinel = 99;
    expect_naive(mutual_information(view, options()), codes, 0);
}

TEST(MutualInformation, ManyCategoriesTakeNoTable) {
    for (const double missing : {0.0, 0.1}) {
        auto codes = some_codes({129, 10000, 2, 256, 65536, 255, 128, 16}, 3000, missing);
        auto rows = rows_of<std::int32_t>(codes);
        auto asked = options();
        asked.bins = 65536;
        for (const double pseudocount : {0.0, 0.25}) {
            asked.pseudocount = pseudocount;
            const auto information = mutual_information(rows.view(), asked);
            for (std::size_t x = 0; x < 8; ++x) {
                for (std::size_t y = 0; y < 8; ++y) {
                    if (x == y || codes.categories[x] * codes.categories[y] > 3000000) continue;    // the naive table is too large
                    EXPECT_NEAR(information[x * 8 + y], naive::pair_information(codes, x, y, pseudocount), 1e-11) << x << ", " << y;
                }
            }
        }
        for (std::int64_t i = 0; i < codes.rows; ++i) {
            rows.weights.push_back(static_cast<float>(i % 4));
            codes.weights.push_back(rows.weights.back());
        }
        const auto information = mutual_information(rows.view(), asked);
        EXPECT_NEAR(information[1], naive::pair_information(codes, 0, 1, asked.pseudocount), 1e-11);
        EXPECT_NEAR(information[2 * 8 + 1], naive::pair_information(codes, 1, 2, asked.pseudocount), 1e-11);
    }
}

TEST(MutualInformation, TwoVariablesOfTenThousandCategories) {
    // Each value of x goes with two of y, drawn alike: I = log 5000.
    some::Rows<std::int32_t> rows(40000, 2);
    for (std::int64_t i = 0; i < rows.count; ++i) {
        rows.at(i, 0) = static_cast<std::int32_t>(i % 10000);
        rows.at(i, 1) = static_cast<std::int32_t>(i % 5000 * 2 + i / 10000 % 2);
    }
    auto asked = options();
    asked.bins = 10000;
    const auto information = mutual_information(rows.view(), asked);
    EXPECT_NEAR(information[0], std::log(10000.0), 1e-12);
    EXPECT_NEAR(information[1], std::log(5000.0), 1e-12);
}

TEST(MutualInformation, MoreRowsThanOneSpanHolds) {
    auto codes = some_codes({2, 16, 2, 9, 16}, 140000);
    std::fill(codes.code[2].begin() + 1, codes.code[2].end(), 0);       // nearly always the same code: the largest counts
    expect_naive(mutual_information(rows_of<std::uint8_t>(codes).view(), options()), codes, 0);
    for (auto& column : codes.code) std::fill(column.begin() + 10, column.end(), 1);
    expect_naive(mutual_information(rows_of<std::uint8_t>(codes).view(), options()), codes, 0);
    std::swap(codes.code[0], codes.code[4]);
    codes.categories = {16, 16, 2, 9, 2};
    expect_naive(mutual_information(rows_of<std::uint16_t>(codes).view(), options()), codes, 0);
}

TEST(MutualInformation, WideVariablesFallIntoSixteenBinsOfEqualWidth) {
    auto codes = some_codes({2, 256, 256, 3, 100}, 2000);
    auto rows = rows_of<std::uint8_t>(codes);
    for (std::int64_t i = 0; i < rows.count; ++i) rows.at(i, 4) = static_cast<std::uint8_t>(rows.at(i, 4) + 100);
    rows.at(1, 1) = rows.at(1, 2) = 0;
    rows.at(1, 4) = 100;
    codes.code[1][1] = codes.code[2][1] = codes.code[4][1] = 0;
    for (const std::size_t v : {1u, 2u, 4u}) {
        for (auto& code : codes.code[v]) code = code * 16 / codes.categories[v];
        codes.categories[v] = 16;
    }
    expect_naive(mutual_information(rows.view(), options()), codes, 0);
}

TEST(MutualInformation, BinsSayHowManyCategoriesAreKept) {
    auto codes = some_codes({2, 8, 40}, 1000);
    codes.code[1][1] = codes.code[2][1] = 0;
    const auto rows = rows_of<std::uint8_t>(codes);
    auto asked = options();
    asked.pseudocount = 1;
    asked.bins = 40;
    expect_naive(mutual_information(rows.view(), asked), codes, 1);
    asked.bins = 8;
    for (auto& code : codes.code[2]) code = code * 8 / 40;
    codes.categories[2] = 8;
    expect_naive(mutual_information(rows.view(), asked), codes, 1);
}

// A variable and what its categories must be.
template <class T>
void expect_categories(std::vector<T> values, std::vector<std::int64_t> wanted, std::int64_t categories, std::int32_t bins, bool quantiles) {
    auto rows = some::dense<T>(1, std::move(values));
    auto asked = options();
    asked.bins = bins;
    asked.quantiles = quantiles;
    ThreadPool pool(1);
    const Columns columns = read_columns(rows.view(), asked, pool);
    ASSERT_EQ(columns.column.size(), 1u);
    EXPECT_EQ(columns.column[0].categories, categories);
    EXPECT_EQ(std::vector<std::int64_t>(columns.column[0].narrow.begin(), columns.column[0].narrow.end()), wanted);
}

TEST(Categories, WholeNumbers) {
    expect_categories<std::uint8_t>({0, 0, 0}, {0, 0, 0}, 2, 0, false);
    expect_categories<std::uint8_t>({5, 2, 63}, {5, 2, 63}, 64, 0, false);
    expect_categories<std::uint8_t>({5, 2, 64}, {3, 0, 62}, 63, 0, false);             // 63 values from the least on
    expect_categories<std::uint8_t>({0, 2, 64}, {0, 0, 15}, 16, 0, false);
    expect_categories<std::int32_t>({-3, 0, 2}, {0, 3, 5}, 6, 0, false);
    expect_categories<std::int32_t>({1000000, 1000001}, {0, 1}, 2, 0, false);
    expect_categories<std::int32_t>({std::numeric_limits<std::int32_t>::min(), -1, 0, std::numeric_limits<std::int32_t>::max()}, {0, 0, 1, 1}, 2, 2, false);
    expect_categories<std::uint16_t>({0, 100, 100, 101, 102, 65535}, {0, 0, 0, 1, 1, 2}, 3, 3, true);
}

TEST(Categories, QuantilesHoldWholeValuesAndEqualShares) {
    expect_categories<double>({0.5, -1, 0.5, 7}, {1, 0, 1, 2}, 3, 0, false);           // few values stay as they are
    expect_categories<float>({1.5f, 1.5f}, {0, 0}, 2, 0, false);
    expect_categories<double>({0, 1, 2, 3, 4, 5, 6, 7}, {0, 0, 1, 1, 2, 2, 3, 3}, 4, 4, false);
    expect_categories<double>({7, 6, 5, 4, 3, 2, 1, 0}, {3, 3, 2, 2, 1, 1, 0, 0}, 4, 4, false);
    // A value of most rows has a bin of its own, and the rest is shared out evenly.
    expect_categories<double>({0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, {0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2}, 3, 3, false);
    expect_categories<double>({1, 2, 3, 9, 9, 9, 9, 9, 9}, {0, 0, 0, 1, 1, 1, 1, 1, 1}, 2, 2, false);
}

TEST(Categories, QuantilesOfContinuousRowsAreSixteen) {
    some::Rows<float> rows(1600, 1);
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    for (float& x : rows.values) x = normal(random);
    ThreadPool pool(1);
    const Columns columns = read_columns(rows.view(), options(), pool);
    ASSERT_EQ(columns.column[0].categories, 16);
    std::vector<int> counts(16);
    for (const auto code : columns.column[0].narrow) ++counts[code];
    EXPECT_EQ(counts, std::vector<int>(16, 100));
}

TEST(MutualInformation, OfOneVariableIsItsEntropy) {
    const auto rows = some::dense<std::uint8_t>(1, {0, 1, 1, 1});
    const auto information = mutual_information(rows.view(), options());
    ASSERT_EQ(information.size(), 1u);
    EXPECT_NEAR(information[0], -(0.25 * std::log(0.25) + 0.75 * std::log(0.75)), 1e-15);
}

TEST(MutualInformation, OfConstantsCopiesAndStrangers) {
    some::Rows<std::uint8_t> rows(64, 4);
    for (std::int64_t i = 0; i < 64; ++i) {
        rows.at(i, 0) = 9;
        rows.at(i, 1) = static_cast<std::uint8_t>(i % 8);
        rows.at(i, 2) = static_cast<std::uint8_t>(7 - i % 8);
        rows.at(i, 3) = static_cast<std::uint8_t>(i / 8);
    }
    const auto information = mutual_information(rows.view(), options());
    EXPECT_EQ(information[0], 0);
    EXPECT_EQ(information[1], 0);
    EXPECT_NEAR(information[1 * 4 + 2], std::log(8.0), 1e-15);
    EXPECT_EQ(information[1 * 4 + 3], 0);
}

TEST(MutualInformation, OfRowsThatAreAllMissingIsZero) {
    auto rows = some::dense<double>(2, std::vector<double>(10, std::numeric_limits<double>::quiet_NaN()));
    EXPECT_EQ(mutual_information(rows.view(), options()), std::vector<double>(4, 0.0));
}

TEST(MutualInformation, RelabelledVariablesTieExactly) {
    auto codes = some_codes({16, 16, 16, 16}, 5000);
    for (std::size_t i = 0; i < 5000; ++i) {
        codes.code[2][i] = (codes.code[0][i] * 5 + 3) % 16;
        codes.code[3][i] = 15 - codes.code[1][i];
    }
    const auto information = mutual_information(rows_of<std::uint8_t>(codes).view(), options());
    EXPECT_GT(information[0 * 4 + 1], 0.01);
    EXPECT_EQ(information[0 * 4 + 1], information[2 * 4 + 3]);
    EXPECT_EQ(information[0 * 4 + 1], information[0 * 4 + 3]);
    EXPECT_EQ(information[0 * 4 + 0], information[0 * 4 + 2]);
}

TEST(MutualInformation, ThreadsDoNotChangeABit) {
    auto codes = some_codes({2, 16, 2, 16, 200, 3, 2, 2, 2, 16, 64, 300, 5}, 3000, 0.05);
    auto rows = rows_of<std::uint16_t>(codes);
    auto asked = options();
    asked.bins = 512;
    for (const bool weighted : {false, true}) {
        if (weighted)
            for (std::int64_t i = 0; i < rows.count; ++i) rows.weights.push_back(static_cast<float>(i % 7) * 0.3f);
        asked.threads = 1;
        const auto wanted = mutual_information(rows.view(), asked);
        for (const int threads : {2, 3, 5}) {
            asked.threads = threads;
            EXPECT_EQ(mutual_information(rows.view(), asked), wanted);
        }
    }
}

TEST(MutualInformation, ARowLimitCountsASubset) {
    const auto codes = some_codes({3, 3, 3}, 1000, 0.1);
    auto rows = rows_of<std::uint8_t>(codes);
    auto asked = options();
    asked.row_limit = 300;
    asked.seed = 11;
    const auto chosen = sample_rows(1000, 300, 11);
    naive::Codes subset{300, codes.categories, std::vector<std::vector<std::int64_t>>(3), {}};
    for (const auto i : chosen)
        for (std::size_t v = 0; v < 3; ++v) subset.code[v].push_back(codes.code[v][static_cast<std::size_t>(i)]);
    const auto information = mutual_information(rows.view(), asked);
    expect_naive(information, subset, 0);
    EXPECT_EQ(mutual_information(rows.source(), asked), information);
    asked.seed = 12;
    EXPECT_NE(mutual_information(rows.view(), asked), information);
    asked.row_limit = 2000;
    expect_naive(mutual_information(rows.view(), asked), codes, 0);
}

TEST(SampleRows, IsASubsetInOrderAndFair) {
    std::vector<int> hits(20);
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        const auto rows = sample_rows(20, 5, seed);
        ASSERT_EQ(rows.size(), 5u);
        ASSERT_TRUE(std::is_sorted(rows.begin(), rows.end()));
        ASSERT_TRUE(std::adjacent_find(rows.begin(), rows.end()) == rows.end());
        for (const auto row : rows) ++hits.at(static_cast<std::size_t>(row));
    }
    for (const int n : hits) EXPECT_NEAR(n, 500, 100);      // five standard deviations
    EXPECT_EQ(sample_rows(3, 3, 9), (std::vector<std::int64_t>{0, 1, 2}));
}

struct Calls {
    std::thread::id thread = std::this_thread::get_id();
    std::int64_t n = 0, done = -1, total = -1;
    bool elsewhere = false, backwards = false;
    std::int32_t answer = 0;

    static std::int32_t note(std::int64_t done, std::int64_t total, double, void* user) {
        auto& self = *static_cast<Calls*>(user);
        ++self.n;
        self.elsewhere |= std::this_thread::get_id() != self.thread;
        self.backwards |= done < self.done;
        self.done = done;
        self.total = total;
        return self.answer;
    }
};

TEST(MutualInformation, ReportsPairsToTheCallingThread) {
    const auto rows = rows_of<std::uint16_t>(some_codes({2, 200, 16, 2, 2, 2, 300, 16, 5, 2}, 20000));
    Calls calls;
    auto asked = options();
    asked.threads = 3;
    asked.bins = 512;
    asked.progress = Calls::note;
    asked.user = &calls;
    mutual_information(rows.view(), asked);
    EXPECT_GE(calls.n, 1);
    EXPECT_EQ(calls.done, 45);
    EXPECT_EQ(calls.total, 45);
    EXPECT_FALSE(calls.elsewhere);
    EXPECT_FALSE(calls.backwards);
    calls.answer = 1;
    calls.n = 0;
    EXPECT_EQ(error_of([&] { mutual_information(rows.view(), asked); }), "2: the progress callback asked to stop");
    EXPECT_EQ(calls.n, 1);
}

TEST(MutualInformation, NamesWhatIsWrong) {
    auto rows = some::dense<float>(2, {0, 1, 2, 3, 4, 5});
    const auto with = [&](auto change) {
        auto asked = options();
        auto view = rows.view();
        change(asked, view);
        return error_of([&] { mutual_information(view, asked); });
    };
    EXPECT_EQ(with([](auto&, auto&) {}), "");
    EXPECT_EQ(with([](auto& o, auto&) { o.size = 4; }),
              "1: options.size: 4 is not the size of juice_tree_options, " + std::to_string(sizeof(juice_tree_options)));
    EXPECT_EQ(with([](auto& o, auto&) { o.bins = 1; }), "1: options.bins: 1 is neither 0 nor in 2 … 65536");
    EXPECT_EQ(with([](auto& o, auto&) { o.bins = 70000; }), "1: options.bins: 70000 is neither 0 nor in 2 … 65536");
    EXPECT_EQ(with([](auto& o, auto&) { o.quantiles = 2; }), "1: options.quantiles: 2 is neither 0 nor 1");
    EXPECT_EQ(with([](auto& o, auto&) { o.threads = -1; }), "1: options.threads: -1 is negative");
    EXPECT_EQ(with([](auto& o, auto&) { o.row_limit = -1; }), "1: options.row_limit: -1 is negative");
    EXPECT_EQ(with([](auto& o, auto&) { o.pseudocount = -0.5; }), "1: options.pseudocount: -0.5 is not a finite number of at least 0");
    EXPECT_EQ(with([](auto& o, auto&) { o.pseudocount = std::numeric_limits<double>::quiet_NaN(); }),
              "1: options.pseudocount: nan is not a finite number of at least 0");
    EXPECT_EQ(with([](auto&, auto& r) { r.count = 0; }), "1: rows.count: 0; mutual information wants at least one row");
    EXPECT_EQ(with([](auto&, auto& r) { r.element = 9; }), "1: rows.element: 9 is none of JUICE_BYTE (0) … JUICE_DOUBLE (4)");
    rows.at(2, 1) = std::numeric_limits<float>::infinity();
    EXPECT_EQ(with([](auto&, auto&) {}), "1: row 2, column 1: inf is not a finite number");
    EXPECT_EQ(with([&](auto&, auto& r) { r = rows.source(); }), "1: row 2, column 1: inf is not a finite number");
    rows.mark(2, 1);
    EXPECT_EQ(with([](auto&, auto&) {}), "");
}

}  // namespace
}  // namespace juice
