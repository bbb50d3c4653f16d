// Training rows that a device keeps, or that are copied a batch ahead: the same bits as rows that are handed over batch by batch.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/log.h"
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/some.h"

namespace juice {
namespace {

// Log lines at debug level while it lives.
class Lines {
public:
    Lines() { set_log([](std::int32_t, const char* message, void* user) { static_cast<Lines*>(user)->text_ += std::string(message) + "\n"; }, this, 1); }
    ~Lines() { set_log(nullptr, nullptr, 0); }
    Lines(const Lines&) = delete;
    bool say(const std::string& piece) const { return text_.find(piece) != std::string::npos; }

private:
    std::string text_;
};

// Rows in an element type of their own; missing ones by mask.
template <class T>
struct Typed {
    std::vector<T> values;
    std::vector<std::uint8_t> missing;
    juice_rows rows{};
};

template <class T>
Typed<T> typed(const Table& table, std::int32_t element, bool masked) {
    Typed<T> made;
    for (const double x : table.values) {
        made.values.push_back(std::isnan(x) && masked ? T{} : static_cast<T>(x));
        made.missing.push_back(std::isnan(x) ? 1 : 0);
    }
    made.rows = table.view();
    made.rows.element = element;
    made.rows.data = made.values.data();
    made.rows.missing = masked ? made.missing.data() : nullptr;
    return made;
}

juice_rule some_rule() { return em_rule(0.3, 0.1); }

juice_epoch_options shuffled(std::int64_t batch, std::int32_t epoch, bool full_batch = false) {
    juice_epoch_options options = epoch_options(some_rule(), batch, full_batch);
    options.shuffle = full_batch ? 0 : 1;
    options.seed = 7;
    options.epoch = epoch;
    return options;
}

// What epochs leave: their means, and all parameters.
struct Learnt {
    std::vector<double> means;
    std::vector<std::vector<float>> parameters;
    bool operator==(const Learnt&) const = default;
};

class RowsKept : public OnDevice {
protected:
    bool has_memory() const { return GetParam().device != "cpu"; }

    // Epochs on rows of that version.
    Learnt train(const std::shared_ptr<const Circuit>& circuit, juice_rows rows, std::int32_t version, std::int64_t batch, bool full_batch = false, std::int64_t limit = 0,
                 std::int32_t epochs = 3) const {
        const auto model = compile(circuit, limit, batch);
        rows.version = version;
        Learnt learnt;
        for (std::int32_t e = 0; e < epochs; ++e) learnt.means.push_back(model->fit_epoch(rows, shuffled(batch, e, full_batch)).log_likelihood);
        learnt.parameters = all_parameters(*model, *circuit);
        return learnt;
    }

    void expect_same(const std::shared_ptr<const Circuit>& circuit, const juice_rows& rows, std::int64_t batch, bool full_batch = false) const {
        SCOPED_TRACE("batch " + std::to_string(batch) + (full_batch ? ", full batch" : ""));
        Lines lines;
        const Learnt fed = train(circuit, rows, 0, batch, full_batch);
        EXPECT_EQ(lines.say("copied to the device a batch ahead"), has_memory());
        EXPECT_FALSE(lines.say("kept on the device"));
        const Learnt kept = train(circuit, rows, 3, batch, full_batch);
        EXPECT_EQ(lines.say("kept on the device"), has_memory());
        EXPECT_TRUE(kept == fed);
        // The step in three calls hands batches over as they are: the reference of both.
        const auto model = compile(circuit, 0, batch);
        std::vector<double> logs(static_cast<std::size_t>(rows.count));
        if (full_batch) return;
        juice_epoch_options options = epoch_options(some_rule(), batch);
        const double mean = compile(circuit, 0, batch)->fit_epoch(rows, options).log_likelihood;
        double total = 0, weight = 0;
        for (std::int64_t first = 0; first < rows.count; first += batch) {
            std::vector<std::int64_t> indices;
            for (std::int64_t i = first; i < std::min(first + batch, rows.count); ++i) indices.push_back(i);
            model->forward(rows, indices.data(), static_cast<std::int64_t>(indices.size()), logs.data());
            for (std::size_t i = 0; i < indices.size(); ++i) {
                const double w = rows.weights ? rows.weights[indices[i]] : 1;
                if (std::isinf(logs[i])) continue;
                total += w * logs[i];
                weight += w;
            }
            model->backward(nullptr);
            model->update(some_rule());
        }
        EXPECT_NEAR(mean, total / weight, 1e-4 * std::abs(mean));
    }
};

TEST_P(RowsKept, GiveTheBitsOfRowsThatAreHandedOver) {
    const auto circuit = Some::hclt(9, 5, 256, 2);      // 256 values: a byte holds them all, and none is left for missing
    Table table = Some::rows(*circuit, 150, 3);
    const auto bytes = typed<std::uint8_t>(table, JUICE_BYTE, false);
    for (const std::int64_t batch : {1, 7, 100, 500}) {
        if (batch == 1 && small()) continue;
        expect_same(circuit, bytes.rows, batch);
    }
    table.weights = Some::weights(150, 4);
    const auto weighted = typed<std::uint16_t>(table, JUICE_USHORT, false);
    expect_same(circuit, weighted.rows, 64);
    expect_same(circuit, weighted.rows, 64, true);
}

TEST_P(RowsKept, HoldWhatIsMissing) {
    for (const std::int32_t categories : {3, 255, 256, 257}) {
        SCOPED_TRACE(categories);
        const auto circuit = Some::hclt(4, 3, categories, 2);
        const Table table = Some::rows(*circuit, 40, 3, 0.3);
        expect_same(circuit, typed<std::int32_t>(table, JUICE_INT, true).rows, 16);
        expect_same(circuit, table.view(), 16);         // NaN
    }
}

TEST_P(RowsKept, HoldWideDomainsAndContinuousVariables) {
    const std::vector<Distribution> wide{{DistributionType::Categorical, 70000}, {DistributionType::Categorical, 300}};
    const auto circuit = Some::hclt(wide, 2, 5);
    expect_same(circuit, Some::rows(*circuit, 40, 3, 0.2).view(), 16);
    const std::vector<Distribution> mixed{{DistributionType::Gaussian, 0}, {DistributionType::Categorical, 4}, {DistributionType::Gaussian, 0}};
    const auto real = Some::hclt(mixed, 3, 5);
    expect_same(real, Some::rows(*real, 50, 3, 0.2).view(), 16);
}

TEST_P(RowsKept, SeveralChunksOfThemCome) {
    const auto circuit = Some::hclt(3, 2, 5, 2);
    expect_same(circuit, typed<std::uint8_t>(Some::rows(*circuit, 2100, 3), JUICE_BYTE, false).rows, 512);
}

TEST_P(RowsKept, AnotherVersionIsReadAnew) {
    const auto circuit = Some::hclt(6, 3, 4, 2);
    const Table first = Some::rows(*circuit, 40, 3), second = Some::rows(*circuit, 40, 8);
    const auto run = [&](std::array<std::int32_t, 3> versions) {
        const auto model = compile(circuit);
        for (std::size_t e = 0; e < 3; ++e) {
            juice_rows rows = (e == 1 ? second : first).view();
            rows.version = versions[e];
            model->fit_epoch(rows, shuffled(16, static_cast<std::int32_t>(e)));
        }
        return all_parameters(*model, *circuit);
    };
    const auto expected = run({0, 0, 0});
    EXPECT_EQ(run({1, 2, 3}), expected);
    EXPECT_EQ(run({1, 2, 1}), expected);
    EXPECT_EQ(run({1, 0, 1}), expected);
}

TEST_P(RowsKept, RowsOfOneVersionAreReadOnce) {
    if (!has_memory()) GTEST_SKIP() << "rows are read where they are";
    const auto circuit = Some::hclt(6, 3, 4, 2);
    Table table = Some::rows(*circuit, 40, 3);
    juice_rows rows = table.view();
    rows.version = 5;
    const auto model = compile(circuit), reference = compile(circuit);
    model->fit_epoch(rows, shuffled(16, 0));
    reference->fit_epoch(rows, shuffled(16, 0));
    reference->fit_epoch(rows, shuffled(16, 1));
    for (double& x : table.values) x = 0;       // breaks the promise, to see that nobody looks
    model->fit_epoch(rows, shuffled(16, 1));
    EXPECT_EQ(all_parameters(*model, *circuit), all_parameters(*reference, *circuit));
}

TEST_P(RowsKept, AreCopiedWhereTheyDoNotFitAQuarterOfTheLimit) {
    if (!has_memory()) GTEST_SKIP() << "rows are read where they are";
    const auto circuit = Some::hclt(12, 2, 4, 2);
    const Table table = Some::rows(*circuit, 4000, 3);
    const auto bytes = typed<std::uint8_t>(table, JUICE_BYTE, false);
    const std::int64_t size = 4096 * 12, limit = 4 * size - 1;      // chunks of 1024 rows
    ASSERT_EQ(compile(circuit, limit, 16)->info().micro_batch, 16);
    Lines lines;
    const Learnt fed = train(circuit, bytes.rows, 9, 16, false, limit, 1);
    EXPECT_TRUE(lines.say("copied to the device a batch ahead"));
    EXPECT_FALSE(lines.say("kept on the device"));
    EXPECT_TRUE(fed == train(circuit, bytes.rows, 9, 16, false, limit + 1, 1));
    EXPECT_TRUE(lines.say("kept on the device"));
}

TEST_P(RowsKept, ABadValueIsNamedAndTheParametersStay) {
    const auto circuit = Some::hclt(6, 3, 4, 2);
    Table table = Some::rows(*circuit, 40, 3);
    table.row(38)[5] = 4;
    const auto model = compile(circuit);
    const auto before = all_parameters(*model, *circuit);
    juice_rows rows = table.view();
    for (const std::int32_t version : {0, 1}) {
        rows.version = version;
        try {
            model->fit_epoch(rows, epoch_options(some_rule(), 40));
            FAIL() << "the epoch accepts the row";
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), JUICE_ERROR_ARGUMENT);
            EXPECT_STREQ(error.what(), "row 38, column 5: 4 is not in 0 … 3");
        }
    }
    EXPECT_EQ(all_parameters(*model, *circuit), before);
    table.row(38)[5] = 3;               // what was half kept is not taken for whole
    rows.version = 1;
    EXPECT_EQ(model->fit_epoch(rows, epoch_options(some_rule(), 16)).rows, 40);
}

TEST_P(RowsKept, ACancelledEpochLeavesNothingUnderWay) {
    if (!has_memory()) GTEST_SKIP() << "a step is waited for";
    const auto circuit = Some::hclt(6, 3, 4, 2);
    const Table table = Some::rows(*circuit, 64, 3);
    for (const std::int32_t version : {0, 1}) {
        juice_rows rows = table.view();
        rows.version = version;
        const auto model = compile(circuit), reference = compile(circuit);
        juice_epoch_options options = shuffled(8, 0);
        options.progress = [](std::int64_t done, std::int64_t, double, void*) -> std::int32_t { return done >= 24 ? 1 : 0; };
        try {
            model->fit_epoch(rows, options);
            FAIL() << "the epoch goes on";
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), JUICE_ERROR_CANCELLED);
            EXPECT_STREQ(error.what(), "cancelled after 24 of 64 rows");
        }
        for (std::int32_t id = 0; id < circuit->size(); ++id)
            if (const auto values = parameters(*model, *circuit, id); !values.empty() && (*circuit)[id].tied_to < 0)
                reference->set_parameters(id, values.data(), static_cast<std::int64_t>(values.size()));
        EXPECT_EQ(model->fit_epoch(rows, shuffled(8, 1)).log_likelihood, reference->fit_epoch(rows, shuffled(8, 1)).log_likelihood);
        EXPECT_EQ(all_parameters(*model, *circuit), all_parameters(*reference, *circuit));
    }
}

JUICE_ON_EVERY_DEVICE(RowsKept);

}  // namespace
}  // namespace juice
