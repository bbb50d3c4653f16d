// RowReader: every element type, layout and way of being missing, against the entries as they were written; and every sentence it fails with.
#include "rows/rows.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "rows/some_rows.h"

namespace juice {
namespace {

using some::error_of;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <class T>
class RowReaderOf : public testing::Test {
protected:
    std::mt19937 random{7};

    some::Rows<T> codes(std::int64_t count, std::int32_t variables, int domain, std::int64_t stride = 0) {
        some::Rows<T> rows(count, variables, stride);
        for (T& x : rows.values) x = static_cast<T>(random() % static_cast<unsigned>(domain));
        return rows;
    }
    std::vector<std::int64_t> draw(std::int64_t n, std::int64_t count) {
        std::vector<std::int64_t> indices(static_cast<std::size_t>(n));
        for (auto& i : indices) i = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(count));
        return indices;
    }
};

using Elements = testing::Types<std::uint8_t, std::uint16_t, std::int32_t, float, double>;
TYPED_TEST_SUITE(RowReaderOf, Elements);

// Checks every lane of every line. wanted(i, v): the code of batch row i, or -1.
template <class Wanted>
void expect_codes(const Batch& batch, std::int32_t variables, std::int64_t n, Wanted wanted) {
    ASSERT_EQ(batch.rows, n);
    ASSERT_EQ(batch.stride, (n + 15) / 16 * 16);
    ASSERT_EQ(batch.codes.size(), static_cast<std::size_t>(variables * batch.stride));
    for (std::int32_t v = 0; v < variables; ++v)
        for (std::int64_t i = 0; i < batch.stride; ++i) ASSERT_EQ(batch.code_line(v)[i], i < n ? wanted(i, v) : -1) << "variable " << v << ", lane " << i;
}

TYPED_TEST(RowReaderOf, TransposesAnyShape) {
    for (const std::int32_t variables : {1, 5, 15, 16, 17, 33, 100}) {
        for (const std::int64_t n : {1, 7, 16, 100, 500}) {
            for (const std::int64_t stride : {0, variables + 3}) {
                auto rows = this->codes(521, variables, 200, stride);
                RowReader reader(rows.view(), Domains(static_cast<std::size_t>(variables), 200));
                EXPECT_EQ(reader.count(), 521);
                Batch batch;
                const auto indices = this->draw(n, 521);
                reader.read(indices.data(), 0, n, batch);
                expect_codes(batch, variables, n, [&](auto i, auto v) { return static_cast<std::int32_t>(rows.at(indices[static_cast<std::size_t>(i)], v)); });
                EXPECT_TRUE(batch.reals.empty());
                EXPECT_TRUE(batch.weights.empty());
                reader.read(nullptr, 521 - n, n, batch);
                expect_codes(batch, variables, n, [&](auto i, auto v) { return static_cast<std::int32_t>(rows.at(521 - n + i, v)); });
            }
        }
    }
}

TYPED_TEST(RowReaderOf, ASelectionSaysWhereARowLies) {
    auto rows = this->codes(90, 21, 200, 24);
    const auto places = this->draw(300, 90);        // more rows than there are places: some lie at the same one
    std::vector<std::uint8_t> missing(300 * 21);
    std::vector<float> weights(300);
    missing[250 * 21 + 3] = 1;                      // marks and weights are the row's, not the place's
    weights[250] = 2;
    juice_rows view = rows.view();
    view.selection = places.data();
    view.count = 300;
    view.data_count = 90;
    view.missing = missing.data();
    view.weights = weights.data();
    RowReader reader(view, Domains(21, 200));
    EXPECT_EQ(reader.count(), 300);
    Batch batch;
    const auto wanted = [&](std::int64_t row, std::int64_t v) {
        return row == 250 && v == 3 ? -1 : static_cast<std::int32_t>(rows.at(places[static_cast<std::size_t>(row)], v));
    };
    reader.read(nullptr, 200, 100, batch);
    expect_codes(batch, 21, 100, [&](auto i, auto v) { return wanted(200 + i, v); });
    EXPECT_EQ(batch.weights[50], 2);
    const auto indices = this->draw(77, 300);
    reader.read(indices.data(), 0, 77, batch);
    expect_codes(batch, 21, 77, [&](auto i, auto v) { return wanted(indices[static_cast<std::size_t>(i)], v); });
}

TYPED_TEST(RowReaderOf, MaskAndSentinelAreMissingWhateverTheValue) {
    auto rows = this->codes(90, 35, 90);
    std::vector<std::uint8_t> gone(rows.values.size());
    for (std::size_t k = 0; k < rows.values.size(); ++k) {
        const auto i = static_cast<std::int64_t>(k / 35), v = static_cast<std::int64_t>(k % 35);
        switch (this->random() % 5) {
            case 0: rows.mark(i, v); rows.at(i, v) = 99; gone[k] = 1; break;       // outside the domain, and not looked at
            case 1: rows.at(i, v) = 77; break;
            default: break;
        }
        if (rows.at(i, v) == 77) gone[k] = 1;
    }
    auto view = rows.view();
    view.has_sentinel = 1;
    view.sentinel = 77;
    RowReader reader(view, Domains(35, 90));
    Batch batch;
    const auto indices = this->draw(75, 90);
    reader.read(indices.data(), 0, 75, batch);
    expect_codes(batch, 35, 75, [&](auto i, auto v) {
        const auto at = indices[static_cast<std::size_t>(i)] * 35 + v;
        return gone[static_cast<std::size_t>(at)] ? -1 : static_cast<std::int32_t>(rows.values[static_cast<std::size_t>(at)]);
    });
}

TYPED_TEST(RowReaderOf, ContinuousVariablesAreFloats) {
    auto rows = this->codes(40, 19, 100);
    rows.mark(3, 4);
    Domains domains(19, 0);
    domains[7] = 100;
    RowReader reader(rows.view(), domains);
    Batch batch;
    reader.read(nullptr, 0, 40, batch);
    ASSERT_EQ(batch.reals.size(), 19u * 48);
    for (std::int32_t v = 0; v < 19; ++v) {
        for (std::int64_t i = 0; i < 48; ++i) {
            const bool missing = i >= 40 || (i == 3 && v == 4);
            if (v == 7) ASSERT_EQ(batch.code_line(v)[i], missing ? -1 : static_cast<std::int32_t>(rows.at(i, v)));
            else if (missing) ASSERT_TRUE(std::isnan(batch.real_line(v)[i]));
            else ASSERT_EQ(batch.real_line(v)[i], static_cast<float>(rows.at(i, v)));
        }
    }
}

TYPED_TEST(RowReaderOf, ACallbackIsASourceLikeAnyOther) {
    auto rows = this->codes(300, 21, 150);
    for (std::int64_t i = 0; i < 300; i += 3) rows.mark(i, i % 21);
    const auto indices = this->draw(111, 300);
    Batch wanted, batch;
    RowReader(rows.view(), Domains(21, 150)).read(indices.data(), 0, 111, wanted);
    RowReader fetching(rows.source(), Domains(21, 150));
    fetching.read(indices.data(), 0, 111, batch);
    EXPECT_EQ(batch.codes, wanted.codes);
    RowReader(rows.view(), Domains(21, 150)).read(nullptr, 17, 40, wanted);
    fetching.read(nullptr, 17, 40, batch);
    EXPECT_EQ(batch.codes, wanted.codes);
}

TYPED_TEST(RowReaderOf, NamesTheFirstBadEntryOfTheBatch) {
    for (const bool callback : {false, true}) {
        auto rows = this->codes(60, 40, 100);
        rows.at(33, 39) = 100;
        rows.at(17, 3) = 120;
        const auto view = callback ? rows.source() : rows.view();
        RowReader reader(view, Domains(40, 100));
        Batch batch;
        EXPECT_EQ(error_of([&] { reader.read(nullptr, 0, 60, batch); }), "1: row 17, column 3: 120 is not in 0 … 99");
        EXPECT_EQ(error_of([&] { reader.read(nullptr, 20, 40, batch); }), "1: row 33, column 39: 100 is not in 0 … 99");
        const std::int64_t indices[] = {5, 33, 17};
        EXPECT_EQ(error_of([&] { reader.read(indices, 0, 3, batch); }), "1: row 33, column 39: 100 is not in 0 … 99");
        EXPECT_EQ(error_of([&] { reader.read(indices, 0, 1, batch); }), "");
    }
}

TEST(RowReader, DomainsArePerVariable) {
    auto rows = some::dense<std::uint8_t>(3, {0, 1, 2, 1, 2, 3});
    Batch batch;
    RowReader(rows.view(), {2, 3, 4}).read(nullptr, 0, 2, batch);
    EXPECT_EQ(error_of([&] { RowReader(rows.view(), {2, 2, 4}).read(nullptr, 0, 2, batch); }), "1: row 1, column 1: 2 is not in 0 … 1");
    auto large = some::dense<std::int32_t>(1, {2147483647});
    RowReader(large.view(), {2147483648}).read(nullptr, 0, 1, batch);
    EXPECT_EQ(batch.codes[0], 2147483647);
    EXPECT_EQ(error_of([&] { RowReader(large.view(), {2147483647}).read(nullptr, 0, 1, batch); }), "1: row 0, column 0: 2147483647 is not in 0 … 2147483646");
}

TEST(RowReader, NegativeCodesAreErrors) {
    Batch batch;
    auto ints = some::dense<std::int32_t>(2, {0, 1, 2, -1});
    EXPECT_EQ(error_of([&] { RowReader(ints.view(), {3, 3}).read(nullptr, 0, 2, batch); }), "1: row 1, column 1: -1 is not in 0 … 2");
    ints.at(1, 1) = std::numeric_limits<std::int32_t>::min();
    EXPECT_EQ(error_of([&] { RowReader(ints.view(), {3, 3}).read(nullptr, 0, 2, batch); }), "1: row 1, column 1: -2147483648 is not in 0 … 2");
    auto floats = some::dense<float>(1, {-1.0f});
    EXPECT_EQ(error_of([&] { RowReader(floats.view(), {3}).read(nullptr, 0, 1, batch); }), "1: row 0, column 0: -1 is not in 0 … 2");
}

template <class T>
class RealRowReaderOf : public testing::Test {};
using RealElements = testing::Types<float, double>;
TYPED_TEST_SUITE(RealRowReaderOf, RealElements);

TYPED_TEST(RealRowReaderOf, NaNIsMissing) {
    auto rows = some::dense<TypeParam>(2, {static_cast<TypeParam>(nan), 1, 2, static_cast<TypeParam>(nan)});
    Batch batch;
    RowReader(rows.view(), {3, 0}).read(nullptr, 0, 2, batch);
    EXPECT_EQ(batch.code_line(0)[0], -1);
    EXPECT_EQ(batch.code_line(0)[1], 2);
    EXPECT_EQ(batch.real_line(1)[0], 1);
    EXPECT_TRUE(std::isnan(batch.real_line(1)[1]));
}

TYPED_TEST(RealRowReaderOf, FractionsAndInfinitiesAreErrors) {
    const auto read = [](double x, std::int64_t domain) {
        some::Rows<TypeParam> rows(20, 18);
        rows.at(11, 17) = static_cast<TypeParam>(x);
        Domains domains(18, 256);
        domains[17] = domain;
        return error_of([&] {
            Batch batch;
            RowReader(rows.view(), domains).read(nullptr, 0, 20, batch);
        });
    };
    EXPECT_EQ(read(255, 256), "");
    EXPECT_EQ(read(-0.0, 256), "");
    EXPECT_EQ(read(0.5, 256), "1: row 11, column 17: 0.5 is not a whole number in 0 … 255");
    EXPECT_EQ(read(-0.25, 2), "1: row 11, column 17: -0.25 is not a whole number in 0 … 1");
    EXPECT_EQ(read(256, 256), "1: row 11, column 17: 256 is not in 0 … 255");
    EXPECT_EQ(read(infinity, 256), "1: row 11, column 17: inf is not in 0 … 255");
    EXPECT_EQ(read(4294967296.0, 2147483648), "1: row 11, column 17: 4294967296 is not in 0 … 2147483647");
    EXPECT_EQ(read(2147483648.0, 2147483648), "1: row 11, column 17: 2147483648 is not in 0 … 2147483647");
    EXPECT_EQ(read(16777216, 16777216), "1: row 11, column 17: 16777216 is not in 0 … 16777215");
    EXPECT_EQ(read(-3.25, 0), "");
    EXPECT_EQ(read(-infinity, 0), "1: row 11, column 17: -inf is not a finite number of single precision");
}

TEST(RowReader, DoublesBeyondSinglePrecisionAreErrors) {
    auto rows = some::dense<double>(1, {1e300});
    Batch batch;
    EXPECT_EQ(error_of([&] { RowReader(rows.view(), {0}).read(nullptr, 0, 1, batch); }),
              "1: row 0, column 0: 1e+300 is not a finite number of single precision");
}

TEST(RowReader, ASentinelIsComparedInTheElementsType) {
    auto floats = some::dense<float>(1, {-99.9f, 1});
    auto view = floats.view();
    view.has_sentinel = 1;
    view.sentinel = -99.9;
    Batch batch;
    RowReader(view, {0}).read(nullptr, 0, 2, batch);
    EXPECT_TRUE(std::isnan(batch.reals[0]));
    EXPECT_EQ(batch.reals[1], 1);

    auto bytes = some::dense<std::uint8_t>(1, {255, 0});
    view = bytes.view();
    view.has_sentinel = 1;
    for (const double elsewhere : {-1.0, 511.0, 254.5, 1e300, nan}) {      // casts of some of these would be 255 or 0
        view.sentinel = elsewhere;
        RowReader(view, {256}).read(nullptr, 0, 2, batch);
        EXPECT_EQ(batch.codes[0], 255);
        EXPECT_EQ(batch.codes[1], 0);
    }
    auto ints = some::dense<std::int32_t>(1, {-1, 5});
    view = ints.view();
    view.has_sentinel = 1;
    view.sentinel = -1;
    RowReader(view, {6}).read(nullptr, 0, 2, batch);
    EXPECT_EQ(batch.codes[0], -1);
    EXPECT_EQ(batch.codes[1], 5);
}

TEST(RowReader, GathersWeights) {
    auto rows = some::dense<std::uint8_t>(1, {0, 1, 2, 3});
    rows.weights = {0.5f, 0, 2, 7};
    RowReader reader(rows.view(), {4});
    Batch batch;
    const std::int64_t indices[] = {3, 3, 1};
    reader.read(indices, 0, 3, batch);
    EXPECT_EQ(batch.weights, (std::vector<float>{7, 7, 0}));
    reader.read(nullptr, 2, 2, batch);
    EXPECT_EQ(batch.weights, (std::vector<float>{2, 7}));
}

TEST(RowReader, ASourcesOwnMaskIsAddedToTheCallbacks) {
    auto rows = some::dense<std::uint8_t>(2, {0, 1, 2, 3, 4, 5});
    rows.mark(2, 0);
    auto source = rows.source();
    const std::uint8_t own[] = {0, 0, 0, 1, 0, 0};
    source.missing = own;
    Batch batch;
    const std::int64_t indices[] = {1, 2};
    RowReader(source, {6, 6}).read(indices, 0, 2, batch);
    EXPECT_EQ(batch.code_line(0)[0], 2);
    EXPECT_EQ(batch.code_line(1)[0], -1);
    EXPECT_EQ(batch.code_line(0)[1], -1);
    EXPECT_EQ(batch.code_line(1)[1], 5);
}

TEST(RowReader, ACallbackMayCancel) {
    auto rows = some::dense<std::uint8_t>(1, {0});
    auto source = rows.source();
    source.fetch = [](const std::int64_t*, std::int64_t, void*, std::uint8_t*, void*) -> std::int32_t { return 1; };
    Batch batch;
    EXPECT_EQ(error_of([&] { RowReader(source, {2}).read(nullptr, 0, 1, batch); }), "2: rows.fetch: the callback asked to stop");
}

TEST(RowReader, RowsOutsideTheSourceAreErrors) {
    some::Rows<std::uint8_t> rows(5, 2);
    RowReader reader(rows.view(), {2, 2});
    Batch batch;
    const std::int64_t high[] = {0, 5}, low[] = {-1};
    EXPECT_EQ(error_of([&] { reader.read(high, 0, 2, batch); }), "1: indices: entry 1 is 5, which is not in 0 … 4");
    EXPECT_EQ(error_of([&] { reader.read(low, 0, 1, batch); }), "1: indices: entry 0 is -1, which is not in 0 … 4");
    EXPECT_EQ(error_of([&] { reader.read(nullptr, 3, 3, batch); }), "1: rows: 3 rows from row 3 on are wanted, and there are 5");
    EXPECT_EQ(error_of([&] { reader.read(nullptr, -1, 1, batch); }), "1: rows: 1 rows from row -1 on are wanted, and there are 5");
    EXPECT_EQ(error_of([&] { reader.read(nullptr, 0, -1, batch); }), "1: n: -1 is negative");
    reader.read(nullptr, 5, 0, batch);
    EXPECT_EQ(batch.rows, 0);
    EXPECT_TRUE(batch.codes.empty());
}

TEST(RowReader, ABatchKeepsItsMemory) {
    some::Rows<std::uint8_t> rows(500, 20);
    RowReader reader(rows.view(), Domains(20, 2));
    Batch batch;
    reader.read(nullptr, 0, 500, batch);
    const auto* before = batch.codes.data();
    reader.read(nullptr, 0, 7, batch);
    reader.read(nullptr, 0, 500, batch);
    EXPECT_EQ(batch.codes.data(), before);
}

// One change to good rows each, and the sentence that it meets.
TEST(CheckRows, NamesWhatIsWrong) {
    some::Rows<std::int32_t> rows(4, 3);
    const auto with = [&](auto change) {
        juice_rows view = rows.view();
        change(view);
        return error_of([&] { check_rows(view, 3); });
    };
    EXPECT_EQ(with([](auto&) {}), "");
    EXPECT_EQ(with([](auto& r) { r.size = 8; }), "1: rows.size: 8 is not the size of juice_rows, " + std::to_string(sizeof(juice_rows)));
    EXPECT_EQ(with([](auto& r) { r.element = 5; }), "1: rows.element: 5 is none of JUICE_BYTE (0) … JUICE_DOUBLE (4)");
    EXPECT_EQ(with([](auto& r) { r.element = -1; }), "1: rows.element: -1 is none of JUICE_BYTE (0) … JUICE_DOUBLE (4)");
    EXPECT_EQ(with([](auto& r) { r.count = -4; }), "1: rows.count: -4 is negative");
    EXPECT_EQ(with([](auto& r) { r.variables = 0; }), "1: rows.variables: 0 is less than 1");
    EXPECT_EQ(with([](auto& r) { r.variables = 2; }), "1: rows.variables: the rows have 2 columns, the circuit has 3 variables");
    EXPECT_EQ(with([](auto& r) { r.row_stride = 2; }), "1: rows.row_stride: 2 is less than the 3 columns of a row");
    EXPECT_EQ(with([](auto& r) { r.row_stride = -3; }), "1: rows.row_stride: -3 is less than the 3 columns of a row");
    EXPECT_EQ(with([](auto& r) { r.has_sentinel = 2; }), "1: rows.has_sentinel: 2 is neither 0 nor 1");
    static constexpr std::int64_t places[] = {0, 2, -1, 3, 0, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_EQ(with([](auto& r) { r.selection = places; r.count = 2; r.data_count = 2; }), "1: rows.selection: entry 1 is 2, and data_count is 2");
    EXPECT_EQ(with([](auto& r) { r.selection = places; r.count = 3; r.data_count = 4; }), "1: rows.selection: entry 2 is -1, and data_count is 4");
    EXPECT_EQ(with([](auto& r) { r.selection = places; r.count = 1; r.data_count = -4; }), "1: rows.data_count: -4 is negative");
    EXPECT_EQ(with([](auto& r) { r.data = nullptr; }), "1: rows.data: NULL, and there is no fetch callback");
    EXPECT_EQ(with([&](auto& r) { r.fetch = rows.source().fetch; }), "1: rows: both data and fetch are given; a source has one of them");
    EXPECT_EQ(with([](auto& r) { r.data = static_cast<const char*>(r.data) + 2; }), "1: rows.data: the address is not a multiple of the element's 4 bytes");
    EXPECT_EQ(with([](auto& r) { r.data = nullptr, r.count = 0; }), "");
}

TEST(CheckRows, WeightsAreFiniteAndNotNegative) {
    some::Rows<std::int32_t> rows(3, 1);
    const auto with = [&](float weight) {
        rows.weights = {1, weight, 1};
        return error_of([&] { check_rows(rows.view(), 1); });
    };
    EXPECT_EQ(with(0), "");
    EXPECT_EQ(with(-0.5f), "1: rows.weights: row 1 has weight -0.5; weights are finite and at least 0");
    EXPECT_EQ(with(static_cast<float>(nan)), "1: rows.weights: row 1 has weight nan; weights are finite and at least 0");
    EXPECT_EQ(with(static_cast<float>(infinity)), "1: rows.weights: row 1 has weight inf; weights are finite and at least 0");
}

}  // namespace
}  // namespace juice
