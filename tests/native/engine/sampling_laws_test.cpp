// What holds for samples beyond their distribution: the same bits however they are asked for, temperature, impossible rows, size, memory.
#include <unistd.h>

#include <cmath>
#include <fstream>

#include "common/error.h"
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/completions.h"
#include "reference/maker.h"
#include "reference/some.h"

namespace juice {
namespace {

class SamplingLaws : public OnDevice {
protected:
    std::unique_ptr<Model> with_threads(const std::shared_ptr<const Circuit>& circuit, int threads) const {
        Device device = GetParam();
        device.threads = threads;
        return juice::compile(circuit, device);
    }

    static std::shared_ptr<const Circuit> mixed_hclt(std::int32_t variables) {
        std::vector<Distribution> distributions;
        for (std::int32_t v = 0; v < variables; ++v)
            switch (v % 5) {
                case 0: distributions.push_back({DistributionType::Categorical, 37}); break;
                case 1: distributions.push_back({DistributionType::Bernoulli}); break;
                case 2: distributions.push_back({DistributionType::Binomial, 6}); break;
                case 3: distributions.push_back({DistributionType::Gaussian}); break;
                default: distributions.push_back({DistributionType::DiscreteLogistic, 20, -1.0, 1.0}); break;
            }
        return Some::hclt(distributions, 20, 7);
    }

    static Table rows_of(const Table& samples, std::int64_t first, std::int64_t count) { return samples.slice(first, count); }
};

TEST_P(SamplingLaws, TheSameBitsOnAnyNumberOfThreadsAndInAnyParts) {
    if (GetParam().threads != 1) GTEST_SKIP() << "compared in the test of one thread";
    const auto circuit = mixed_hclt(small() ? 20 : 60);
    const auto one = with_threads(circuit, 1), three = with_threads(circuit, 3);
    const Table whole = sample(*one, sample_options(5000, 3));
    EXPECT_TRUE(same(sample(*three, sample_options(5000, 3)).values, whole.values)) << "threads";
    EXPECT_FALSE(sample(*one, sample_options(5000, 4)).values == whole.values) << "the seed does not matter";
    for (const std::int64_t count : {1, 7, 100, 500}) {
        juice_sample_options options = sample_options(count, 3);
        options.first = 1234;
        EXPECT_TRUE(same(sample(*one, options).values, rows_of(whole, 1234, count).values)) << count << " samples from number 1234 on";
    }
}

TEST_P(SamplingLaws, ARowsNeighboursDoNotMatter) {
    const auto circuit = mixed_hclt(30);
    const auto model = compile(circuit), other = with_threads(circuit, 3);
    const Table evidence = Some::rows(*circuit, 300, 1, 0.4, 0.0);
    for (const std::int64_t per_row : {1, 3, 700}) {
        const Table some_rows = per_row > 100 ? evidence.slice(0, 3) : evidence;
        const Table whole = sample(*model, some_rows, sample_options(per_row, 9));
        EXPECT_TRUE(same(sample(*other, some_rows, sample_options(per_row, 9)).values, whole.values)) << "threads, " << per_row << " a row";
        for (const std::int64_t r : {std::int64_t{0}, some_rows.rows() / 2, some_rows.rows() - 1}) {
            juice_sample_options options = sample_options(per_row, 9);
            options.first = r * per_row;
            EXPECT_TRUE(same(sample(*model, some_rows.slice(r, 1), options).values, rows_of(whole, r * per_row, per_row).values)) << "row " << r << ", " << per_row << " a row";
        }
    }
}

TEST_P(SamplingLaws, AMemoryLimitChangesNothing) {
    const auto circuit = mixed_hclt(40);
    const auto free = compile(circuit);
    const juice_model_info info = free->info();
    const auto limited = compile(circuit, info.parameter_bytes + 2 * info.flow_bytes + info.activation_bytes / 6);
    ASSERT_LT(limited->info().micro_batch, info.micro_batch);
    const Table evidence = Some::rows(*circuit, 200, 1, 0.4, 0.0);
    EXPECT_TRUE(same(sample(*limited, evidence, sample_options(2, 5)).values, sample(*free, evidence, sample_options(2, 5)).values));
}

TEST_P(SamplingLaws, EveryRowMayHaveItsOwnRoot) {
    const auto circuit = conformance_case("case15").circuit;
    const auto model = compile(circuit);
    ASSERT_EQ(circuit->roots(), 3);
    Table blank{circuit->variables(), std::vector<double>(static_cast<std::size_t>(90 * circuit->variables()), Table::missing), {}};
    std::vector<std::int32_t> roots;
    for (std::int32_t r = 0; r < 90; ++r) roots.push_back(r * r % 3);
    juice_sample_options options = sample_options(2, 8);
    options.roots = roots.data();
    const Table mixed = sample(*model, blank, options);
    options.roots = nullptr;
    for (options.root = 0; options.root < 3; ++options.root) {
        const Table all = sample(*model, blank, options);
        for (std::int64_t s = 0; s < 180; ++s) {
            if (roots[static_cast<std::size_t>(s / 2)] != options.root) continue;
            EXPECT_TRUE(same(mixed.slice(s, 1).values, all.slice(s, 1).values)) << "sample " << s;
        }
    }
}

// p(k) of a choice at a temperature.
std::vector<double> tempered(std::vector<double> weights, double temperature) {
    double sum = 0;
    for (double& w : weights) sum += w = w > 0 ? std::pow(w, 1 / temperature) : 0;
    for (double& w : weights) w /= sum;
    return weights;
}

TEST_P(SamplingLaws, TemperatureSharpensOrFlattensEveryChoice) {
    Maker maker(3);
    const std::vector<float> category = {0.7f, 0.2f, 0.1f, 0, 0.1f, 0.3f, 0.2f, 0.4f, 0, 0, 0.5f, 0.5f}, success = {0.2f, 0.5f, 0.9f}, logistic = {-0.3f, 0.2f, 0.4f, 0.1f, 0, 0.5f};
    maker.input(0, {DistributionType::Categorical, 4}, 1, 3, category);
    maker.input(1, {DistributionType::Binomial, 3}, 1, 3, success);
    maker.input(2, {DistributionType::DiscreteLogistic, 3, -1.0, 1.0}, 1, 3, logistic);
    maker.product({0, 1, 2}, 1);
    const auto circuit = maker.make(maker.sum({3}, 1, 1, {0.6f, 0.3f, 0.1f}));
    const Reference reference(circuit);
    const auto model = compile(circuit);
    const auto values = [&](std::int32_t id, std::int64_t node, double temperature) {
        std::vector<double> p;
        for (std::int64_t k = 0; k < (*circuit)[id].distribution.domain(); ++k) p.push_back(std::exp(reference.input_log_density(id, node, static_cast<double>(k))));
        return tempered(p, temperature);
    };
    for (const double temperature : {0.3, 0.8, 1.0, 2.5, 1000.0})
        for (const double observed : {Table::missing, 2.0}) {     // of variable 0
            SCOPED_TRACE("temperature " + std::to_string(temperature) + ", variable 0 is " + std::to_string(observed));
            std::vector<double> edges = {0.6, 0.3, 0.1};
            for (std::int64_t i = 0; i < 3 && !std::isnan(observed); ++i) edges[static_cast<std::size_t>(i)] *= std::exp(reference.input_log_density(0, i, observed));
            edges = tempered(edges, temperature);
            std::map<std::vector<double>, double> expected;
            for (std::int64_t i = 0; i < 3; ++i) {
                const std::vector<double> a = std::isnan(observed) ? values(0, i, temperature) : std::vector<double>{0, 0, 1, 0};
                const std::vector<double> b = values(1, i, temperature), c = values(2, i, temperature);
                for (std::size_t x = 0; x < 4; ++x)
                    for (std::size_t y = 0; y < 4; ++y)
                        for (std::size_t z = 0; z < 3; ++z)
                            if (const double p = edges[static_cast<std::size_t>(i)] * a[x] * b[y] * c[z]; p > 0) expected[{double(x), double(y), double(z)}] += p;
            }
            juice_sample_options options = sample_options(20000, 1);
            options.temperature = temperature;
            EXPECT_TRUE(follows(sample(*model, Table{3, {observed, Table::missing, Table::missing}, {}}, options), expected));
        }
}

TEST_P(SamplingLaws, TemperatureScalesAGaussiansDeviation) {
    Maker maker(1);
    const auto circuit = maker.make(maker.input(0, {DistributionType::Gaussian}, 1, 1, {3, 2}));
    const auto model = compile(circuit);
    for (const double temperature : {0.25, 1.0, 9.0}) {
        juice_sample_options options = sample_options(20000, 1);
        options.temperature = temperature;
        EXPECT_TRUE(follows(sample(*model, options), 0, [&](double x) { return 0.5 * std::erfc((3 - x) / (2 * std::sqrt(2 * temperature))); })) << temperature;
    }
}

TEST_P(SamplingLaws, ExtremeTemperaturesStayWithinWhatIsPossible) {
    const auto circuit = conformance_case("case12").circuit;
    const auto model = compile(circuit);
    for (const double temperature : {1e-300, 1e-6, 1e6, 1e300}) {
        juice_sample_options options = sample_options(500, 1);
        options.temperature = temperature;
        const std::vector<double> logs = Reference(circuit).log_likelihood(sample(*model, options));
        for (const double log : logs) ASSERT_TRUE(std::isfinite(log)) << temperature;
    }
}

TEST_P(SamplingLaws, TheFirstImpossibleRowIsNamed) {
    Maker maker(2);
    const Distribution coin{DistributionType::Categorical, 2};
    maker.input(0, coin, 1, 2, {1, 0, 0, 1});
    maker.input(1, coin, 1, 2, {1, 0, 0, 1});
    maker.product({0, 1}, 1);
    const auto circuit = maker.make(maker.sum({2}, 1, 1, {0.5f, 0.5f}));
    const auto model = compile(circuit);
    for (const std::int64_t bad : {0, 37, 1023, 2999}) {
        Table rows;
        rows.variables = 2;
        for (std::int64_t r = 0; r < 3000; ++r) rows.add({static_cast<double>(r % 2), r >= bad && r % 3 == bad % 3 ? static_cast<double>(1 - r % 2) : Table::missing});
        try {
            sample(*model, rows, sample_options(1, 1));
            ADD_FAILURE() << "row " << bad << " was sampled";
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), JUICE_ERROR_ARGUMENT);
            EXPECT_NE(std::string(error.what()).find("row " + std::to_string(bad) + " is impossible"), std::string::npos) << error.what();
        }
    }
}

TEST_P(SamplingLaws, ATrainedModelIsSampledWithTheParametersItHasNow) {
    const auto circuit = Some::hclt({{DistributionType::Categorical, 3}, {DistributionType::Categorical, 4}, {DistributionType::Bernoulli}}, 5, 3);
    const auto model = compile(circuit);
    const Table rows = Some::rows(*Some::hclt(3, 5, 2, 99), 600, 2, 0.0, 0.0);
    for (int epoch = 0; epoch < 3; ++epoch) model->fit_epoch(rows.view(), epoch_options(em_rule(0.1, 0.1), 50));    // tables decay lazily
    const Reference trained(model->to_circuit());
    const std::vector<double> blank(3, Table::missing);
    EXPECT_TRUE(follows(sample(*model, sample_options(20000, 1)), completions(trained, blank)));
    EXPECT_FALSE(follows(sample(*model, sample_options(20000, 1)), completions(Reference(circuit), blank))) << "training changed nothing";
}

// A wide circuit and rows drawn from it by the slow, obvious sampler, made once for all devices.
struct Drawn {
    std::shared_ptr<const Circuit> circuit;
    Table rows, more;
    Drawn(std::shared_ptr<const Circuit> made, std::int64_t count)
        : circuit(std::move(made)), rows(Some::rows(*circuit, count, 2, 0, 0.0)), more(Some::rows(*circuit, count, 3, 0, 0.0)) {}
};

// A circuit's samples are as likely as those of a sampler that knows nothing of this one.
TEST_P(SamplingLaws, SamplesOfManyVariablesAreAsLikelyAsTheyShouldBe) {
    constexpr std::int64_t count = JUICE_SANITIZED ? 100 : 500;
    static const Drawn four_hundred(conformance_case("case20").circuit, count);
    static const Drawn wide(JUICE_SANITIZED ? four_hundred.circuit : Some::hclt(784, 9, 256, 5), count);
    for (const Drawn* drawn : {&four_hundred, &wide}) {
        if (GetParam().device == Device::emulated && drawn == &wide) continue;
        const auto& circuit = drawn->circuit;
        const std::int32_t variables = circuit->variables();
        const auto model = compile(circuit);
        const auto mean_and_variance = [&](const Table& rows) {
            const std::vector<double> logs = log_likelihood(*model, rows);
            double mean = 0, variance = 0;
            for (const double log : logs) mean += log / static_cast<double>(logs.size());
            for (const double log : logs) variance += (log - mean) * (log - mean) / static_cast<double>(logs.size());
            return std::pair(mean, variance);
        };
        const auto [got, variance] = mean_and_variance(sample(*model, sample_options(count, 1)));
        const auto [expected, other] = mean_and_variance(drawn->rows);
        EXPECT_NEAR(got, expected, 5 * std::sqrt((variance + other) / static_cast<double>(count))) << variables << " variables";
        // Half of a row given the other half: a sample of the joint again.
        Table halves = drawn->more;
        for (std::int64_t r = 0; r < count; ++r)
            for (std::int32_t v = 0; v < circuit->variables(); ++v)
                if ((r + v) % 2 == 0) halves.row(r)[v] = Table::missing;
        const auto [completed, third] = mean_and_variance(sample(*model, halves, sample_options(1, 1)));
        EXPECT_NEAR(completed, expected, 5 * std::sqrt((third + other) / static_cast<double>(count))) << variables << " variables, half given";
    }
}

std::int64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::int64_t pages = 0, resident = 0;
    file >> pages >> resident;
    return resident * sysconf(_SC_PAGESIZE);
}

TEST_P(SamplingLaws, AThousandCallsLeaveNothingBehind) {
    const auto circuit = mixed_hclt(20);
    const auto model = compile(circuit);
    const Table evidence = Some::rows(*circuit, 5, 1, 0.4, 0.0);
    const auto call = [&] {
        sample(*model, sample_options(20, 1));
        sample(*model, evidence, sample_options(3, 1));
    };
    for (int i = 0; i < 50; ++i) call();
    const std::int64_t before = resident_bytes();
    for (int i = 0; i < some(1000, 100); ++i) call();
    EXPECT_LT(resident_bytes() - before, 4 << 20);
}

JUICE_ON_EVERY_DEVICE(SamplingLaws);

}  // namespace
}  // namespace juice
