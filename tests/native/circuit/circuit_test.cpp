// What a circuit tells about itself.
#include "circuit/circuit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "circuit/file.h"
#include "circuit/model_file.h"
#include "reference/some.h"

namespace juice {

namespace {

TEST(CircuitTest, CountsItself) {
    const juice_circuit_info info = read_circuit(ModelFile::some().bytes(), nullptr)->info();
    EXPECT_EQ(info.size, static_cast<std::int32_t>(sizeof info));
    EXPECT_EQ(info.variables, 3);
    EXPECT_EQ(info.root, 7);
    EXPECT_EQ(info.roots, 1);
    EXPECT_EQ(info.vectors, 8);
    EXPECT_EQ(info.depth, 5);
    EXPECT_EQ(info.nodes, 2 + 2 + 2 + 2 + 4 + 2 + 4 + 1);
    EXPECT_EQ(info.sum_edges, 8 + 8 + 8 + 4);
    EXPECT_EQ(info.product_edges, 2 * 3);
    EXPECT_EQ(info.parameters, 6 + 2 + 8 + 8 + 4);
}

TEST(CircuitTest, CompletesTiedVectors) {
    const auto circuit = read_circuit(ModelFile::some().bytes(), nullptr);
    const Vector& input = (*circuit)[2];
    EXPECT_EQ(input.distribution, (*circuit)[0].distribution);
    EXPECT_TRUE(input.parameters.empty());
    EXPECT_EQ(circuit->owner_id(2), 0);
    const Vector& sum = (*circuit)[6];
    EXPECT_TRUE(sum.wired && sum.edges.empty());
    EXPECT_EQ(sum.edge_count, 2);
    EXPECT_EQ(sum.parameter_count(), 8);
    EXPECT_EQ(&circuit->owner(6), &(*circuit)[4]);
}

TEST(CircuitTest, KnowsScopes) {
    const auto circuit = read_circuit(ModelFile::some().bytes(), nullptr);
    EXPECT_TRUE(circuit->scope(1).contains(1));
    EXPECT_FALSE(circuit->scope(1).contains(2));
    EXPECT_EQ(circuit->scope(3).count(), 3);
    EXPECT_EQ(circuit->scope_id(3), circuit->scope_id(7));
    EXPECT_NE(circuit->scope_id(0), circuit->scope_id(2));
}

TEST(CircuitTest, OfItsOwnPartsIsTheSame) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE(seed);
        const auto circuit = Some::circuit(seed);
        expect_same(*circuit, Circuit(circuit->parts()));
    }
    for (int number = 0; number < 21; ++number) {
        const auto circuit = read_circuit(conformance_path(number), nullptr);
        expect_same(*circuit, Circuit(circuit->parts()));
    }
}

TEST(CircuitTest, SetsAndRemovesMetadataInACopy) {
    const auto circuit = read_circuit(ModelFile::some().bytes(), nullptr);
    const auto named = circuit->with_metadata("name", "a"), renamed = named->with_metadata("name", "b"), bare = renamed->with_metadata("name", std::nullopt);
    EXPECT_TRUE(circuit->parts().metadata.empty());
    EXPECT_EQ(named->parts().metadata.at("name"), "a");
    EXPECT_EQ(renamed->parts().metadata.at("name"), "b");
    expect_same(*circuit, *bare);
    EXPECT_EQ((*named)[0].parameters.data(), (*circuit)[0].parameters.data());
    for (const char* key : {"format", "version", "circuit"}) {
        EXPECT_NE(sentence_of(JUICE_ERROR_ARGUMENT, [&] { circuit->with_metadata(key, "x"); }).find("format's own"), std::string::npos);
    }
    sentence_of(JUICE_ERROR_ARGUMENT, [&] { circuit->with_metadata("name", "\xFF"); });
}

// A Bernoulli vector for each variable of 0 … count-1, one node each.
CircuitParts inputs(std::int32_t count, const float& p) {
    CircuitParts parts;
    parts.variables = count;
    for (std::int32_t v = 0; v < count; ++v) {
        Vector input{.type = NodeType::Input, .node_blocks = 1, .block_size = 1, .variable = v, .parameters = {&p, 1}};
        input.distribution.type = DistributionType::Bernoulli;
        parts.vectors.push_back(std::move(input));
    }
    return parts;
}

TEST(CircuitTest, TakesThousandsOfChildren) {
    const float p = 0.5f;
    constexpr std::int32_t count = 5000, products = 50;
    CircuitParts parts = inputs(count, p);
    Vector product{.type = NodeType::Product, .node_blocks = 1, .block_size = 1};
    for (std::int32_t v = 0; v < count; ++v) product.children.push_back(v);
    for (std::int32_t i = 0; i < products; ++i) parts.vectors.push_back(product);
    Vector sum{.type = NodeType::Sum, .node_blocks = 1, .block_size = 1};
    for (std::int32_t i = 0; i < count; ++i) sum.children.push_back(count + i % products);
    const std::vector<float> weights(count, 1.0f / count);
    sum.parameters = weights;
    parts.vectors.push_back(sum);
    parts.root = count + products;
    EXPECT_EQ(Circuit(parts).info().product_edges, std::int64_t{products} * count);
    std::swap(parts.vectors[count + 17].children[9], parts.vectors[count + 17].children[10]);
    EXPECT_NO_THROW(Circuit{parts});
    parts.vectors[count + 17].children[9] = 8;
    EXPECT_EQ(sentence_of(JUICE_ERROR_FORMAT, [&] { Circuit{parts}; }),
              "vector 5017: two of its children share variable 8, and a product's children have disjoint scopes");
}

// One bit a variable and vector would be 14 GB.
TEST(CircuitTest, TakesChainsOfAMillionVectors) {
    const float p = 0.5f, one = 1;
    constexpr std::int32_t count = 333'333;
    CircuitParts parts = inputs(count, p);
    std::int32_t below = count - 1;
    for (std::int32_t v = count - 2; v >= 0; --v) {
        parts.vectors.push_back({.type = NodeType::Product, .node_blocks = 1, .block_size = 1, .children = {v, below}});
        parts.vectors.push_back({.type = NodeType::Sum, .node_blocks = 1, .block_size = 1, .children = {static_cast<std::int32_t>(parts.vectors.size()) - 1},
                                 .parameters = {&one, 1}});
        below = static_cast<std::int32_t>(parts.vectors.size()) - 1;
    }
    parts.root = below;
    const Circuit circuit(std::move(parts));
    EXPECT_EQ(circuit.info().depth, 2 * (count - 1));
    EXPECT_EQ(circuit.scope(circuit.root()).count(), count);
}

}  // namespace

}  // namespace juice
