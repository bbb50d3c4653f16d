// juice.h, section 6.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "api/some.h"

namespace {

const std::vector<std::uint8_t> four = {0, 0, 0, 1, 1, 0, 1, 1};

std::vector<double> log_likelihood(const juice_model* model, const juice_rows& rows) {
    std::vector<double> answers(static_cast<std::size_t>(rows.count), 1);
    EXPECT_OK(juice_model_log_likelihood(model, &rows, answers.data(), nullptr, nullptr));
    return answers;
}

}  // namespace

TEST(Models, AnswerWhatAReaderWorksOut) {
    const auto answers = log_likelihood(some::model().get(), some::rows(four));
    double sum = 0;
    for (const double answer : answers) sum += std::exp(answer);
    EXPECT_NEAR(1, sum, 1e-6);
    EXPECT_NEAR(std::log(0.295), answers[3], 1e-6);
}

TEST(Models, SumOutWhatIsMissing) {
    const auto model = some::model();
    auto rows = some::rows(four);
    const std::vector<std::uint8_t> mask = {1, 1, 1, 1, 0, 1, 0, 0};
    rows.missing = mask.data();
    const auto masked = log_likelihood(model.get(), rows);
    EXPECT_NEAR(0, masked[0], 1e-6);
    EXPECT_NEAR(std::log(0.8), masked[2], 1e-6);
    EXPECT_NEAR(std::log(0.295), masked[3], 1e-6);
    rows.missing = nullptr;
    rows.has_sentinel = 1;
    rows.sentinel = 0;
    EXPECT_NEAR(0, log_likelihood(model.get(), rows)[0], 1e-6);
}

TEST(Models, ReadEveryElementTypeAndACallback) {
    const auto model = some::model();
    const auto ask = [&](std::int32_t element, const void* data) {
        auto rows = some::rows(four);
        rows.element = element;
        rows.data = data;
        return log_likelihood(model.get(), rows)[3];
    };
    const std::vector<std::uint16_t> shorts(four.begin(), four.end());
    const std::vector<std::int32_t> ints(four.begin(), four.end());
    const std::vector<float> floats(four.begin(), four.end());
    const std::vector<double> doubles(four.begin(), four.end());
    EXPECT_NEAR(std::log(0.295), ask(JUICE_USHORT, shorts.data()), 1e-6);
    EXPECT_NEAR(std::log(0.295), ask(JUICE_INT, ints.data()), 1e-6);
    EXPECT_NEAR(std::log(0.295), ask(JUICE_FLOAT, floats.data()), 1e-6);
    EXPECT_NEAR(std::log(0.295), ask(JUICE_DOUBLE, doubles.data()), 1e-6);

    auto rows = some::rows(four);
    rows.data = nullptr;
    rows.fetch = [](const std::int64_t* indices, std::int64_t n, void* destination, std::uint8_t*, void*) -> std::int32_t {
        for (std::int64_t i = 0; i < n; ++i) std::copy_n(four.data() + 2 * indices[i], 2, static_cast<std::uint8_t*>(destination) + 2 * i);
        return 0;
    };
    EXPECT_NEAR(std::log(0.295), log_likelihood(model.get(), rows)[3], 1e-6);
    rows.fetch = [](const std::int64_t*, std::int64_t, void*, std::uint8_t*, void*) -> std::int32_t { return 1; };
    double answers[4];
    EXPECT_STATUS(JUICE_ERROR_CANCELLED, juice_model_log_likelihood(model.get(), &rows, answers, nullptr, nullptr));
}

TEST(Models, TheLargestValueTakesTheBetterComponent) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    std::vector<double> answers(4);
    ASSERT_OK(juice_model_max_log_value(model.get(), &rows, answers.data(), nullptr, nullptr));
    EXPECT_NEAR(std::log(0.75 * 0.36), answers[3], 1e-6);
    EXPECT_NEAR(std::log(0.25 * 0.5 * 0.8), answers[0], 1e-6);
}

TEST(Models, NoRowsAreNoAnswers) {
    const auto model = some::model();
    auto rows = some::rows({});
    EXPECT_OK(juice_model_log_likelihood(model.get(), &rows, nullptr, nullptr, nullptr));
    EXPECT_OK(juice_model_max_log_value(model.get(), &rows, nullptr, nullptr, nullptr));
}

TEST(Models, ReportProgressAndStopWhenAsked) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    std::vector<double> answers(4);
    std::int64_t last = 0;
    const auto watch = [](std::int64_t done, std::int64_t total, double, void* user) -> std::int32_t {
        EXPECT_EQ(4, total);
        *static_cast<std::int64_t*>(user) = done;
        return 0;
    };
    ASSERT_OK(juice_model_log_likelihood(model.get(), &rows, answers.data(), watch, &last));
    EXPECT_EQ(4, last);
    const auto stop = [](std::int64_t, std::int64_t, double, void*) -> std::int32_t { return 1; };
    EXPECT_STATUS(JUICE_ERROR_CANCELLED, juice_model_log_likelihood(model.get(), &rows, answers.data(), stop, nullptr));
    EXPECT_STATUS(JUICE_ERROR_CANCELLED, juice_model_max_log_value(model.get(), &rows, answers.data(), stop, nullptr));
}

TEST(Models, TellWhatTheyAre) {
    const auto model = some::model();
    auto info = some::sized<juice_model_info>();
    ASSERT_OK(juice_model_get_info(model.get(), &info));
    EXPECT_EQ(static_cast<std::int32_t>(sizeof info), info.size);
    EXPECT_EQ(2, info.variables);
    EXPECT_EQ(1, info.roots);
    EXPECT_EQ(4, info.vectors);
    EXPECT_EQ(1, info.threads);
    EXPECT_EQ(256, info.batch_size);
    EXPECT_GE(info.operations, 1);
    EXPECT_GE(info.parameter_bytes, 6 * 4);
    EXPECT_STREQ("cpu", info.device);
    EXPECT_STRNE("", info.instruction_set);
    for (const std::int32_t json : {0, 1}) {
        char* text = nullptr;
        ASSERT_OK(juice_model_plan(model.get(), json, &text));
        const some::Text plan(text);
        EXPECT_FALSE(std::string(text).empty());
        EXPECT_EQ(json != 0, text[0] == '{') << text;
    }
}

TEST(Models, OwnTheirParameters) {
    const auto circuit = some::circuit();
    const auto model = some::compile(circuit.get()), other = some::compile(circuit.get());
    float weights[2] = {};
    ASSERT_OK(juice_model_get_parameters(model.get(), 3, weights, 2));
    EXPECT_FLOAT_EQ(0.25f, weights[0]);
    const float changed[] = {1, 0};
    ASSERT_OK(juice_model_set_parameters(model.get(), 3, changed, 2));
    EXPECT_NEAR(std::log(0.1), log_likelihood(model.get(), some::rows(four))[3], 1e-6);
    EXPECT_NEAR(std::log(0.295), log_likelihood(other.get(), some::rows(four))[3], 1e-6);

    juice_circuit* made = nullptr;
    ASSERT_OK(juice_model_to_circuit(model.get(), &made));
    const some::CircuitHandle copy(made);
    juice_vector vector{};
    ASSERT_OK(juice_circuit_vector(copy.get(), 3, &vector));
    EXPECT_EQ(1.0f, vector.parameters[0]);
    ASSERT_OK(juice_circuit_vector(circuit.get(), 3, &vector));
    EXPECT_EQ(0.25f, vector.parameters[0]);
}

TEST(Models, OutliveTheirCircuit) {
    auto circuit = some::circuit();
    const auto model = some::compile(circuit.get());
    circuit.reset();
    EXPECT_NEAR(std::log(0.295), log_likelihood(model.get(), some::rows(four))[3], 1e-6);
}

TEST(Models, RejectBadParameters) {
    const auto model = some::model();
    float weights[2] = {};
    EXPECT_ARGUMENT_ERROR(juice_model_get_parameters(nullptr, 3, weights, 2), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_get_parameters(model.get(), 4, weights, 2), "vector is 4", "0 … 3");
    EXPECT_ARGUMENT_ERROR(juice_model_get_parameters(model.get(), 3, nullptr, 2), "destination is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_get_parameters(model.get(), 3, weights, -2), "count is -2");
    EXPECT_ARGUMENT_ERROR(juice_model_get_parameters(model.get(), 3, weights, 1), "1", "2");
    EXPECT_ARGUMENT_ERROR(juice_model_set_parameters(nullptr, 3, weights, 2), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_set_parameters(model.get(), -1, weights, 2), "vector is -1");
    EXPECT_ARGUMENT_ERROR(juice_model_set_parameters(model.get(), 3, nullptr, 2), "source is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_set_parameters(model.get(), 3, weights, 3), "3", "2");
    const float outside[] = {-0.5f, 1.5f}, unknown[] = {NAN, 0.5f}, short_sum[] = {0.25f, 0.25f};
    EXPECT_ARGUMENT_ERROR(juice_model_set_parameters(model.get(), 3, outside, 2), "0.5");
    EXPECT_ARGUMENT_ERROR(juice_model_set_parameters(model.get(), 3, unknown, 2), "nan");
    EXPECT_ARGUMENT_ERROR(juice_model_set_parameters(model.get(), 3, short_sum, 2), "0.5");
    ASSERT_OK(juice_model_get_parameters(model.get(), 3, weights, 2));
    EXPECT_FLOAT_EQ(0.25f, weights[0]) << "a rejected call changes nothing";
}

TEST(Models, RejectBadCompilations) {
    const auto circuit = some::circuit();
    juice_model* made = nullptr;
    const auto options = some::sized<juice_compile_options>();
    const auto reject = [&](juice_status status, auto change, const char* piece) {
        auto changed = options;
        change(changed);
        EXPECT_STATUS(status, juice_model_compile(circuit.get(), &changed, &made), piece);
        EXPECT_EQ(nullptr, made);
    };
    EXPECT_ARGUMENT_ERROR(juice_model_compile(nullptr, &options, &made), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_compile(circuit.get(), nullptr, &made), "options is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_compile(circuit.get(), &options, nullptr), "model is NULL");
    reject(JUICE_ERROR_ARGUMENT, [](auto& changed) { changed.size = 3; }, "options.size is 3");
    reject(JUICE_ERROR_ARGUMENT, [](auto& changed) { changed.threads = -1; }, "options.threads is -1");
    reject(JUICE_ERROR_ARGUMENT, [](auto& changed) { changed.threads = 1 << 30; }, "options.threads is");
    reject(JUICE_ERROR_ARGUMENT, [](auto& changed) { changed.memory_limit = -1; }, "options.memory_limit is -1");
    reject(JUICE_ERROR_ARGUMENT, [](auto& changed) { changed.batch_size = -1; }, "options.batch_size is -1");
    reject(JUICE_ERROR_ARGUMENT, [](auto& changed) { changed.precision = 2; }, "options.precision is 2");
    reject(JUICE_ERROR_MEMORY, [](auto& changed) { changed.memory_limit = 1; }, "1");
    reject(JUICE_ERROR_UNSUPPORTED, [](auto& changed) { changed.device = "cuda:7"; }, "cuda:7");
    reject(JUICE_ERROR_ARGUMENT, [](auto& changed) { changed.instruction_set = "abacus"; }, "abacus");
}

TEST(Models, RunOnTheInstructionSetAskedFor) {
    const auto circuit = some::circuit();
    auto options = some::sized<juice_compile_options>();
    options.device = "cpu";
    options.instruction_set = "portable";
    juice_model* made = nullptr;
    ASSERT_OK(juice_model_compile(circuit.get(), &options, &made));
    const some::ModelHandle model(made);
    auto info = some::sized<juice_model_info>();
    ASSERT_OK(juice_model_get_info(model.get(), &info));
    EXPECT_STREQ("portable", info.instruction_set);
    EXPECT_NEAR(std::log(0.295), log_likelihood(model.get(), some::rows(four))[3], 1e-6);
}

TEST(Models, RejectBadQuestions) {
    const auto model = some::model();
    const auto rows = some::rows(four);
    std::vector<double> answers(4);
    auto info = some::sized<juice_model_info>();
    char* text = nullptr;
    EXPECT_ARGUMENT_ERROR(juice_model_get_info(nullptr, &info), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_get_info(model.get(), nullptr), "info is NULL");
    info.size = 0;
    EXPECT_ARGUMENT_ERROR(juice_model_get_info(model.get(), &info), "sizeof(juice_model_info)");
    EXPECT_ARGUMENT_ERROR(juice_model_plan(nullptr, 0, &text), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_plan(model.get(), 2, &text), "json is 2");
    EXPECT_ARGUMENT_ERROR(juice_model_plan(model.get(), 0, nullptr), "text is NULL");
    juice_circuit* made = nullptr;
    EXPECT_ARGUMENT_ERROR(juice_model_to_circuit(nullptr, &made), "model is NULL");
    EXPECT_ARGUMENT_ERROR(juice_model_to_circuit(model.get(), nullptr), "circuit is NULL");
    for (const auto query : {&juice_model_log_likelihood, &juice_model_max_log_value}) {
        EXPECT_ARGUMENT_ERROR(query(nullptr, &rows, answers.data(), nullptr, nullptr), "model is NULL");
        EXPECT_ARGUMENT_ERROR(query(model.get(), nullptr, answers.data(), nullptr, nullptr), "rows is NULL");
        EXPECT_ARGUMENT_ERROR(query(model.get(), &rows, nullptr, nullptr, nullptr), "is NULL", "4");
        const auto reject = [&](auto change, const char* piece) {
            auto changed = rows;
            change(changed);
            EXPECT_ARGUMENT_ERROR(query(model.get(), &changed, answers.data(), nullptr, nullptr), piece);
        };
        reject([](auto& changed) { changed.size = 0; }, "rows.size is 0");
        reject([](auto& changed) { changed.count = -1; }, "rows.count is -1");
        reject([](auto& changed) { changed.variables = 3; }, "3");
        reject([](auto& changed) { changed.element = -1; }, "-1");
        reject([](auto& changed) { changed.data = nullptr; }, "NULL");
        reject([](auto& changed) { changed.row_stride = 1; }, "1");
        const std::vector<std::uint8_t> outside = {0, 0, 0, 9, 0, 0, 0, 0};
        reject([&](auto& changed) { changed.data = outside.data(); }, "row 1, column 1: 9");
        const std::vector<float> weights = {1, -2, 1, 1};
        reject([&](auto& changed) { changed.weights = weights.data(); }, "-2");
    }
    juice_model_free(nullptr);
}
