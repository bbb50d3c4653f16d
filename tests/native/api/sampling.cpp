// juice.h, section 6: sampling.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "api/some.h"

namespace {

juice_sample_options options(std::int64_t count) {
    auto made = some::sized<juice_sample_options>();
    made.element = JUICE_BYTE;
    made.count = count;
    made.seed = 7;
    made.temperature = 1;
    return made;
}

// One variable that is never 1.
some::ModelHandle never_one() {
    static const float zero = 0;
    juice_vector vector{};
    vector.type = JUICE_INPUT;
    vector.node_blocks = vector.block_size = 1;
    vector.distribution.type = JUICE_BERNOULLI;
    vector.tied_to = -1;
    vector.parameters = &zero;
    vector.parameter_count = 1;
    auto description = some::sized<juice_circuit_description>();
    description.variables = 1;
    description.vector_count = 1;
    description.vectors = &vector;
    juice_circuit* circuit = nullptr;
    EXPECT_OK(juice_circuit_create(&description, &circuit));
    const some::CircuitHandle handle(circuit);
    return some::compile(circuit);
}

}  // namespace

TEST(Sampling, DrawsWhatAReaderWorksOut) {
    constexpr int n = 20000;
    std::vector<std::uint8_t> samples(2 * n);
    const auto wanted = options(n);
    ASSERT_OK(juice_model_sample(some::model().get(), nullptr, &wanted, samples.data()));
    int first = 0, both = 0;
    for (int i = 0; i < n; ++i) {
        ASSERT_LE(samples[2 * i], 1);
        ASSERT_LE(samples[2 * i + 1], 1);
        first += samples[2 * i];
        both += samples[2 * i] & samples[2 * i + 1];
    }
    EXPECT_NEAR(0.8, static_cast<double>(first) / n, 0.015);    // five deviations
    EXPECT_NEAR(0.295, static_cast<double>(both) / n, 0.017);
}

TEST(Sampling, CompletesRowsGivenTheirEvidence) {
    constexpr int n = 20000;
    std::vector<std::uint8_t> samples(2 * n);
    const std::vector<std::uint8_t> values = {1, 9};
    auto rows = some::rows(values);
    rows.has_sentinel = 1;
    rows.sentinel = 9;
    const auto wanted = options(n);
    ASSERT_OK(juice_model_sample(some::model().get(), &rows, &wanted, samples.data()));
    int both = 0;
    for (int i = 0; i < n; ++i) {
        ASSERT_EQ(samples[2 * i], 1);
        both += samples[2 * i + 1];
    }
    EXPECT_NEAR(0.295 / 0.8, static_cast<double>(both) / n, 0.018);
}

TEST(Sampling, EveryElementTypeHoldsTheSameSamples) {
    const auto model = some::model();
    std::vector<std::uint8_t> bytes(200);
    auto wanted = options(100);
    ASSERT_OK(juice_model_sample(model.get(), nullptr, &wanted, bytes.data()));
    const auto expect_same = [&](std::int32_t element, auto zero) {
        std::vector<decltype(zero)> samples(200);
        wanted.element = element;
        ASSERT_OK(juice_model_sample(model.get(), nullptr, &wanted, samples.data()));
        for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(samples[i], static_cast<decltype(zero)>(bytes[i])) << i;
    };
    expect_same(JUICE_USHORT, std::uint16_t{});
    expect_same(JUICE_INT, std::int32_t{});
    expect_same(JUICE_FLOAT, float{});
    expect_same(JUICE_DOUBLE, double{});
}

TEST(Sampling, ACallGoesOnWhereAnotherEnded) {
    const auto model = some::model();
    std::vector<std::uint8_t> whole(200), parts(200);
    auto wanted = options(100);
    ASSERT_OK(juice_model_sample(model.get(), nullptr, &wanted, whole.data()));
    wanted.count = 37;
    ASSERT_OK(juice_model_sample(model.get(), nullptr, &wanted, parts.data()));
    wanted.first = 37;
    wanted.count = 63;
    ASSERT_OK(juice_model_sample(model.get(), nullptr, &wanted, parts.data() + 74));
    EXPECT_EQ(parts, whole);
}

TEST(Sampling, ReportsAndCanBeCancelled) {
    const auto model = some::model();
    struct Heard {
        std::int64_t calls = 0, done = 0, total = 0, stop_after = 1000;
    } heard;
    auto wanted = options(100000);
    wanted.user = &heard;
    wanted.progress = [](std::int64_t done, std::int64_t total, double, void* user) -> std::int32_t {
        auto& h = *static_cast<Heard*>(user);
        h.done = done;
        h.total = total;
        return ++h.calls >= h.stop_after ? 1 : 0;
    };
    std::vector<std::uint8_t> samples(200000);
    ASSERT_OK(juice_model_sample(model.get(), nullptr, &wanted, samples.data()));
    EXPECT_GT(heard.calls, 1);
    EXPECT_EQ(heard.done, 100000);
    EXPECT_EQ(heard.total, 100000);
    heard = {};
    heard.stop_after = 2;
    EXPECT_STATUS(JUICE_ERROR_CANCELLED, juice_model_sample(model.get(), nullptr, &wanted, samples.data()), "of 100000 samples");
    EXPECT_EQ(heard.calls, 2);
}

TEST(Sampling, AnImpossibleRowIsNamed) {
    const std::vector<std::uint8_t> values = {0, 0, 1, 0, 1};
    const auto rows = some::rows(values, 1);
    const auto wanted = options(1);
    std::vector<std::uint8_t> samples(5);
    EXPECT_ARGUMENT_ERROR(juice_model_sample(never_one().get(), &rows, &wanted, samples.data()), "row 2", "impossible");
}

TEST(Sampling, NoRowsAndNoSamplesAreNoError) {
    const auto model = some::model();
    const auto rows = some::rows({});
    auto wanted = options(3);
    EXPECT_OK(juice_model_sample(model.get(), &rows, &wanted, nullptr));
    wanted.count = 0;
    EXPECT_OK(juice_model_sample(model.get(), nullptr, &wanted, nullptr));
}

TEST(Sampling, ArgumentsAreChecked) {
    const auto model = some::model();
    std::vector<std::uint8_t> samples(200);
    const auto expect_error = [&](auto change, const char* name) {
        auto wanted = options(100);
        change(wanted);
        EXPECT_ARGUMENT_ERROR(juice_model_sample(model.get(), nullptr, &wanted, samples.data()), name);
    };
    expect_error([](auto& o) { o.size = 3; }, "options.size");
    expect_error([](auto& o) { o.element = 5; }, "options.element");
    expect_error([](auto& o) { o.count = -1; }, "options.count");
    expect_error([](auto& o) { o.first = -1; }, "options.first");
    expect_error([](auto& o) { o.root = 1; }, "options.root");
    for (const double temperature : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
        expect_error([&](auto& o) { o.temperature = temperature; }, "options.temperature");
    const std::int32_t roots[] = {-1};
    expect_error([&](auto& o) { o.roots = roots; }, "options.roots[0]");
    const auto wanted = options(100);
    EXPECT_ARGUMENT_ERROR(juice_model_sample(nullptr, nullptr, &wanted, samples.data()), "model");
    EXPECT_ARGUMENT_ERROR(juice_model_sample(model.get(), nullptr, nullptr, samples.data()), "options");
    EXPECT_ARGUMENT_ERROR(juice_model_sample(model.get(), nullptr, &wanted, nullptr), "destination", "100");
}
