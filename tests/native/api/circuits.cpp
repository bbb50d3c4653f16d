// juice.h, section 3: circuits from a description, and what they tell.
#include <string>

#include "api/some.h"

TEST(Circuits, TellTheirShape) {
    const auto circuit = some::circuit();
    auto info = some::sized<juice_circuit_info>();
    ASSERT_OK(juice_circuit_get_info(circuit.get(), &info));
    EXPECT_EQ(static_cast<std::int32_t>(sizeof info), info.size);
    EXPECT_EQ(2, info.variables);
    EXPECT_EQ(3, info.root);
    EXPECT_EQ(1, info.roots);
    EXPECT_EQ(4, info.vectors);
    EXPECT_EQ(2, info.depth);
    EXPECT_EQ(7, info.nodes);
    EXPECT_EQ(2, info.sum_edges);
    EXPECT_EQ(4, info.product_edges);
    EXPECT_EQ(6, info.parameters);
}

TEST(Circuits, TellTheirVectors) {
    const auto circuit = some::circuit();
    juice_vector vector{};
    ASSERT_OK(juice_circuit_vector(circuit.get(), 1, &vector));
    EXPECT_EQ(JUICE_INPUT, vector.type);
    EXPECT_EQ(1, vector.variable);
    EXPECT_EQ(JUICE_BERNOULLI, vector.distribution.type);
    EXPECT_EQ(-1, vector.tied_to);
    EXPECT_EQ(0, vector.child_count);
    ASSERT_EQ(2, vector.parameter_count);
    EXPECT_EQ(0.4f, vector.parameters[1]);

    ASSERT_OK(juice_circuit_vector(circuit.get(), 2, &vector));
    EXPECT_EQ(JUICE_PRODUCT, vector.type);
    EXPECT_EQ(-1, vector.variable);
    EXPECT_EQ(1, vector.node_blocks);
    EXPECT_EQ(2, vector.block_size);
    ASSERT_EQ(2, vector.child_count);
    EXPECT_EQ(0, vector.children[0]);
    EXPECT_EQ(1, vector.children[1]);
    EXPECT_EQ(nullptr, vector.edges);
    EXPECT_EQ(0, vector.edge_rows);
    EXPECT_EQ(nullptr, vector.parameters);
    EXPECT_EQ(0, vector.parameter_count);

    ASSERT_OK(juice_circuit_vector(circuit.get(), 3, &vector));
    EXPECT_EQ(JUICE_SUM, vector.type);
    EXPECT_EQ(nullptr, vector.edges);
    EXPECT_EQ(1, vector.edge_count);
    ASSERT_EQ(2, vector.parameter_count);
    EXPECT_EQ(0.25f, vector.parameters[0]);
}

TEST(Circuits, ShowTheOwnersEdgesAndParametersOfTies) {
    some::Description given;
    const std::int32_t edges[] = {0, 0};
    given.vectors[1].tied_to = 0;
    given.vectors[1].parameters = nullptr;
    given.vectors[1].parameter_count = 0;
    given.vectors[3].edges = edges;
    given.vectors[3].edge_count = 1;
    juice_circuit* made = nullptr;
    ASSERT_OK(juice_circuit_create(&given.description, &made));
    const some::CircuitHandle circuit(made);
    juice_vector vector{};
    ASSERT_OK(juice_circuit_vector(circuit.get(), 1, &vector));
    EXPECT_EQ(0, vector.tied_to);
    EXPECT_EQ(JUICE_BERNOULLI, vector.distribution.type);
    ASSERT_EQ(2, vector.parameter_count);
    EXPECT_EQ(0.9f, vector.parameters[1]);
    ASSERT_OK(juice_circuit_vector(circuit.get(), 3, &vector));
    ASSERT_NE(nullptr, vector.edges);
    EXPECT_EQ(1, vector.edge_count);
    EXPECT_EQ(0, vector.edges[0]);
}

TEST(Circuits, ShowProductWiring) {
    for (const std::int64_t rows : {1, 2}) {
        some::Description given;
        const std::int32_t blocks[] = {0, 0}, nodes[] = {1, 0, 0, 1};
        given.vectors[2].edges = rows == 1 ? blocks : nodes;
        given.vectors[2].edge_rows = rows;
        juice_circuit* made = nullptr;
        ASSERT_OK(juice_circuit_create(&given.description, &made));
        const some::CircuitHandle circuit(made);
        juice_vector vector{};
        ASSERT_OK(juice_circuit_vector(circuit.get(), 2, &vector));
        EXPECT_EQ(rows, vector.edge_rows);
        ASSERT_NE(nullptr, vector.edges);
        EXPECT_EQ(rows == 1 ? 0 : 1, vector.edges[0]);
    }
}

TEST(Circuits, TellScopes) {
    const auto circuit = some::circuit();
    const auto in_scope = [&](std::int32_t id, std::int32_t variable) {
        std::int32_t answer = -1;
        EXPECT_OK(juice_circuit_in_scope(circuit.get(), id, variable, &answer));
        return answer;
    };
    EXPECT_EQ(1, in_scope(0, 0));
    EXPECT_EQ(0, in_scope(0, 1));
    EXPECT_EQ(1, in_scope(2, 1));
    EXPECT_EQ(1, in_scope(3, 0));
}

TEST(Circuits, KeepMetadataInNewCircuits) {
    const auto circuit = some::circuit();
    juice_circuit* made = nullptr;
    ASSERT_OK(juice_circuit_with_metadata(circuit.get(), "data", "coins", &made));
    const some::CircuitHandle changed(made);
    std::int32_t before = -1, after = -1;
    ASSERT_OK(juice_circuit_metadata_count(circuit.get(), &before));
    ASSERT_OK(juice_circuit_metadata_count(changed.get(), &after));
    EXPECT_EQ(0, before);
    ASSERT_EQ(1, after);
    const char *key = nullptr, *value = nullptr;
    ASSERT_OK(juice_circuit_metadata(changed.get(), 0, &key, &value));
    EXPECT_STREQ("data", key);
    EXPECT_STREQ("coins", value);
    ASSERT_OK(juice_circuit_with_metadata(changed.get(), "data", nullptr, &made));
    const some::CircuitHandle removed(made);
    ASSERT_OK(juice_circuit_metadata_count(removed.get(), &after));
    EXPECT_EQ(0, after);
    EXPECT_ARGUMENT_ERROR(juice_circuit_metadata(changed.get(), 1, &key, &value), "index is 1");
    EXPECT_ARGUMENT_ERROR(juice_circuit_metadata(circuit.get(), 0, &key, &value), "index is 0", "no metadata");
    EXPECT_ARGUMENT_ERROR(juice_circuit_with_metadata(circuit.get(), "format", "mine", &made), "format");
    EXPECT_ARGUMENT_ERROR(juice_circuit_with_metadata(circuit.get(), nullptr, "x", &made), "key is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_with_metadata(nullptr, "data", "x", &made), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_with_metadata(circuit.get(), "data", "x", nullptr), "changed is NULL");
}

TEST(Circuits, DrawParametersFromASeedWhereAsked) {
    some::Description given;
    given.vectors[3].parameters = nullptr;
    given.vectors[3].parameter_count = 0;
    juice_circuit* made = nullptr;
    EXPECT_STATUS(JUICE_ERROR_FORMAT, juice_circuit_create(&given.description, &made), "3");
    given.description.initialize = 1;
    given.description.seed = 7;
    ASSERT_OK(juice_circuit_create(&given.description, &made));
    const some::CircuitHandle circuit(made);
    juice_vector vector{};
    ASSERT_OK(juice_circuit_vector(circuit.get(), 3, &vector));
    ASSERT_EQ(2, vector.parameter_count);
    EXPECT_NEAR(1, vector.parameters[0] + vector.parameters[1], 1e-6);
}

TEST(Circuits, CarryStateThatIsCopiedAndReplacedAsAWhole) {
    const auto circuit = some::circuit();
    std::int32_t count = -1;
    ASSERT_OK(juice_circuit_state_count(circuit.get(), &count));
    EXPECT_EQ(0, count);
    std::vector<std::int64_t> epochs{3, 10};
    std::vector<std::uint8_t> bytes{1, 2, 3};
    const std::int64_t two[] = {2}, three[] = {3}, none[] = {0};
    const juice_tensor given[] = {{"state.epochs", "I64", two, epochs.data(), 16, 1, 0}, {"state.bytes", "U8", three, bytes.data(), 3, 1, 0},
                                  {"state.empty", "F32", none, nullptr, 0, 1, 0}};
    juice_circuit* made = nullptr;
    ASSERT_OK(juice_circuit_with_state(circuit.get(), given, 3, &made));
    const some::CircuitHandle changed(made);
    epochs.assign(2, 0);
    bytes.assign(3, 0);
    ASSERT_OK(juice_circuit_state_count(changed.get(), &count));
    ASSERT_EQ(3, count);
    juice_tensor tensor{};
    ASSERT_OK(juice_circuit_state(changed.get(), 0, &tensor));
    EXPECT_STREQ("state.bytes", tensor.name);
    EXPECT_STREQ("U8", tensor.type);
    EXPECT_EQ(3, tensor.bytes);
    EXPECT_EQ(3, static_cast<const std::uint8_t*>(tensor.data)[2]);
    ASSERT_OK(juice_circuit_state(changed.get(), 1, &tensor));
    EXPECT_STREQ("state.empty", tensor.name);
    ASSERT_OK(juice_circuit_state(changed.get(), 2, &tensor));
    EXPECT_STREQ("state.epochs", tensor.name);
    ASSERT_EQ(1, tensor.rank);
    EXPECT_EQ(2, tensor.shape[0]);
    EXPECT_EQ(10, static_cast<const std::int64_t*>(tensor.data)[1]);

    ASSERT_OK(juice_circuit_with_state(changed.get(), given + 1, 1, &made));
    const some::CircuitHandle fewer(made);
    ASSERT_OK(juice_circuit_state_count(fewer.get(), &count));
    EXPECT_EQ(1, count);
    ASSERT_OK(juice_circuit_state_count(circuit.get(), &count));
    EXPECT_EQ(0, count) << "the first one is as it was";
}

TEST(Circuits, RejectBadState) {
    const auto circuit = some::circuit();
    juice_circuit* made = nullptr;
    const std::int64_t two[] = {2};
    const double data[] = {1, 2};
    const juice_tensor good{"state.a", "F64", two, data, 16, 1, 0};
    const auto refuses = [&](auto change, const char* sentence) {
        juice_tensor tensor = good;
        change(tensor);
        EXPECT_ARGUMENT_ERROR(juice_circuit_with_state(circuit.get(), &tensor, 1, &made), sentence);
    };
    refuses([](juice_tensor& t) { t.name = "n0"; }, "state.");
    refuses([](juice_tensor& t) { t.name = nullptr; }, "name is NULL");
    refuses([](juice_tensor& t) { t.name = "state.\xff"; }, "UTF-8");
    refuses([](juice_tensor& t) { t.type = "F63"; }, "F63");
    refuses([](juice_tensor& t) { t.type = nullptr; }, "type is NULL");
    refuses([](juice_tensor& t) { t.bytes = 8; }, "8 bytes");
    refuses([](juice_tensor& t) { t.bytes = -1; }, "bytes is -1");
    refuses([](juice_tensor& t) { t.data = nullptr; }, "data is NULL");
    refuses([](juice_tensor& t) { t.shape = nullptr; }, "shape is NULL");
    refuses([](juice_tensor& t) { t.rank = -1; }, "rank is -1");
    const juice_tensor twice[] = {good, good};
    EXPECT_ARGUMENT_ERROR(juice_circuit_with_state(circuit.get(), twice, 2, &made), "state.a", "twice");
    EXPECT_ARGUMENT_ERROR(juice_circuit_with_state(circuit.get(), &good, -1, &made), "count is -1");
    EXPECT_ARGUMENT_ERROR(juice_circuit_with_state(circuit.get(), nullptr, 1, &made), "tensors is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_with_state(nullptr, &good, 1, &made), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_with_state(circuit.get(), &good, 1, nullptr), "changed is NULL");
    EXPECT_EQ(nullptr, made);

    std::int32_t count = 0;
    juice_tensor tensor{};
    EXPECT_ARGUMENT_ERROR(juice_circuit_state_count(nullptr, &count), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_state_count(circuit.get(), nullptr), "count is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_state(circuit.get(), 0, &tensor), "no state");
    ASSERT_OK(juice_circuit_with_state(circuit.get(), &good, 1, &made));
    const some::CircuitHandle changed(made);
    EXPECT_ARGUMENT_ERROR(juice_circuit_state(changed.get(), 1, &tensor), "index is 1");
    EXPECT_ARGUMENT_ERROR(juice_circuit_state(changed.get(), -1, &tensor), "index is -1");
    EXPECT_ARGUMENT_ERROR(juice_circuit_state(changed.get(), 0, nullptr), "tensor is NULL");
}

TEST(Circuits, RejectBadDescriptions) {
    juice_circuit* made = nullptr;
    some::Description given;
    juice_circuit_description changed = given.description;
    EXPECT_ARGUMENT_ERROR(juice_circuit_create(nullptr, &made), "description is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_create(&changed, nullptr), "circuit is NULL");
    changed.size = 0;
    EXPECT_ARGUMENT_ERROR(juice_circuit_create(&changed, &made), "description.size is 0", "sizeof(juice_circuit_description)");
    changed = given.description;
    changed.vector_count = -1;
    EXPECT_ARGUMENT_ERROR(juice_circuit_create(&changed, &made), "vector_count is -1");
    changed = given.description;
    changed.vectors = nullptr;
    EXPECT_ARGUMENT_ERROR(juice_circuit_create(&changed, &made), "vectors is NULL");
    changed = given.description;
    changed.initialize = 2;
    EXPECT_ARGUMENT_ERROR(juice_circuit_create(&changed, &made), "initialize is 2");
    changed = given.description;
    changed.root = 9;
    EXPECT_STATUS(JUICE_ERROR_FORMAT, juice_circuit_create(&changed, &made), "9");
    changed = given.description;
    changed.vector_count = 0;
    EXPECT_NE(JUICE_OK, juice_circuit_create(&changed, &made));
    EXPECT_EQ(nullptr, made);
}

TEST(Circuits, SurviveHostileVectors) {
    const auto reject = [](auto change) {
        some::Description given;
        change(given.vectors);
        juice_circuit* made = nullptr;
        EXPECT_NE(JUICE_OK, juice_circuit_create(&given.description, &made));
        EXPECT_STRNE("", juice_last_error());
        EXPECT_EQ(nullptr, made);
    };
    reject([](auto& vectors) { vectors[2].child_count = -1; });
    reject([](auto& vectors) { vectors[2].children = nullptr; });
    reject([](auto& vectors) { vectors[3].parameter_count = -2; });
    reject([](auto& vectors) { vectors[3].parameter_count = 1; });
    reject([](auto& vectors) { vectors[0].type = 3; });
    reject([](auto& vectors) { vectors[0].distribution.type = 6; });
    reject([](auto& vectors) { vectors[0].tied_to = 3; });
    reject([](auto& vectors) { vectors[0].variable = 2; });
    reject([](auto& vectors) { vectors[0].node_blocks = INT64_MAX / 2; vectors[0].block_size = INT64_MAX / 2; });
    reject([](auto& vectors) { vectors[3].node_blocks = INT64_MAX; });
    reject([](auto& vectors) { static const std::int32_t edges[] = {0, 0}; vectors[3].edges = edges; vectors[3].edge_count = -1; });
    reject([](auto& vectors) { static const std::int32_t edges[] = {0, 5}; vectors[3].edges = edges; vectors[3].edge_count = 1; });
    reject([](auto& vectors) { static const std::int32_t edges[] = {0, 0}; vectors[2].edges = edges; vectors[2].edge_rows = -1; });
}

TEST(Circuits, RejectBadQuestions) {
    const auto circuit = some::circuit();
    auto info = some::sized<juice_circuit_info>();
    juice_vector vector{};
    std::int32_t answer = 0;
    const char* text = nullptr;
    EXPECT_ARGUMENT_ERROR(juice_circuit_get_info(nullptr, &info), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_get_info(circuit.get(), nullptr), "info is NULL");
    info.size = 4;
    EXPECT_ARGUMENT_ERROR(juice_circuit_get_info(circuit.get(), &info), "info.size is 4", "sizeof(juice_circuit_info)");
    EXPECT_ARGUMENT_ERROR(juice_circuit_vector(nullptr, 0, &vector), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_vector(circuit.get(), 4, &vector), "id is 4", "0 … 3");
    EXPECT_ARGUMENT_ERROR(juice_circuit_vector(circuit.get(), -1, &vector), "id is -1");
    EXPECT_ARGUMENT_ERROR(juice_circuit_vector(circuit.get(), 0, nullptr), "vector is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_in_scope(nullptr, 0, 0, &answer), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_in_scope(circuit.get(), 4, 0, &answer), "id is 4");
    EXPECT_ARGUMENT_ERROR(juice_circuit_in_scope(circuit.get(), 0, 2, &answer), "variable is 2", "0 … 1");
    EXPECT_ARGUMENT_ERROR(juice_circuit_in_scope(circuit.get(), 0, -1, &answer), "variable is -1");
    EXPECT_ARGUMENT_ERROR(juice_circuit_in_scope(circuit.get(), 0, 0, nullptr), "in_scope is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_metadata_count(nullptr, &answer), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_metadata_count(circuit.get(), nullptr), "count is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_metadata(nullptr, 0, &text, &text), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_metadata(circuit.get(), 0, nullptr, &text), "key is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_metadata(circuit.get(), 0, &text, nullptr), "value is NULL");
    juice_circuit_free(nullptr);
}
