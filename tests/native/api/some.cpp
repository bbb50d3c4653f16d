// See some.h.
#include "api/some.h"

namespace some {

namespace {

constexpr std::array<float, 2> first = {0.5f, 0.9f}, second = {0.2f, 0.4f}, weights = {0.25f, 0.75f};
constexpr std::array<std::int32_t, 2> factors = {0, 1};
constexpr std::array<std::int32_t, 1> components = {2};

juice_vector vector(std::int32_t type, std::int64_t nodes) {
    juice_vector made{};
    made.type = type;
    made.variable = -1;
    made.node_blocks = 1;
    made.block_size = nodes;
    made.tied_to = -1;
    return made;
}

juice_vector bernoulli(std::int32_t variable, const std::array<float, 2>& probabilities) {
    juice_vector made = vector(JUICE_INPUT, 2);
    made.variable = variable;
    made.distribution.type = JUICE_BERNOULLI;
    made.parameters = probabilities.data();
    made.parameter_count = 2;
    return made;
}

}  // namespace

Description::Description() {
    vectors[0] = bernoulli(0, first);
    vectors[1] = bernoulli(1, second);
    vectors[2] = vector(JUICE_PRODUCT, 2);
    vectors[2].children = factors.data();
    vectors[2].child_count = 2;
    vectors[3] = vector(JUICE_SUM, 1);
    vectors[3].children = components.data();
    vectors[3].child_count = 1;
    vectors[3].parameters = weights.data();
    vectors[3].parameter_count = 2;
    description.variables = 2;
    description.root = 3;
    description.vector_count = 4;
    description.vectors = vectors.data();
}

CircuitHandle circuit() {
    const Description given;
    juice_circuit* made = nullptr;
    EXPECT_OK(juice_circuit_create(&given.description, &made));
    return CircuitHandle(made);
}

ModelHandle compile(const juice_circuit* circuit) {
    auto options = sized<juice_compile_options>();
    options.threads = 1;
    juice_model* made = nullptr;
    EXPECT_OK(juice_model_compile(circuit, &options, &made));
    return ModelHandle(made);
}

ModelHandle model() { return compile(circuit().get()); }

juice_rows rows(const std::vector<std::uint8_t>& values, std::int32_t variables) {
    auto made = sized<juice_rows>();
    made.element = JUICE_BYTE;
    made.data = values.data();
    made.count = static_cast<std::int64_t>(values.size()) / variables;
    made.variables = variables;
    return made;
}

juice_rule rule() {
    auto made = sized<juice_rule>();
    made.step_size = 1;
    made.min_deviation = 0.01f;
    made.min_scale = 0.01f;
    return made;
}

juice_epoch_options epoch() {
    auto made = sized<juice_epoch_options>();
    made.batch_size = 2;
    made.rule = rule();
    return made;
}

testing::AssertionResult fails(juice_status status, juice_status wanted, std::initializer_list<const char*> pieces) {
    if (status != wanted) {
        return testing::AssertionFailure() << "status " << status << " instead of " << wanted << "; the thread's last sentence: " << juice_last_error();
    }
    const std::string sentence = juice_last_error();
    for (const char* piece : pieces) {
        if (sentence.find(piece) == std::string::npos) return testing::AssertionFailure() << '"' << piece << "\" is not in \"" << sentence << '"';
    }
    return testing::AssertionSuccess();
}

testing::AssertionResult succeeds(juice_status status) {
    if (status == JUICE_OK) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "status " << status << ": " << juice_last_error();
}

}  // namespace some
