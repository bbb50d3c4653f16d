// Skeletons: what a seed draws.
#include "circuit/initialize.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "circuit/file.h"
#include "circuit/model_file.h"
#include "common/philox.h"

namespace juice {

namespace {

ModelFile skeleton() {
    ModelFile file = ModelFile::some();
    file.node(4).erase("edges");        // dense, and tied to from vector 6
    file.strip();
    return file;
}

std::shared_ptr<const Circuit> drawn(const ModelFile& file, std::uint64_t seed) { return read_circuit(file.bytes(), &seed); }

double draw(std::uint64_t seed, std::int32_t vector, std::int64_t at) {
    return uniform(philox(seed, static_cast<std::uint64_t>(vector), static_cast<std::uint64_t>(at / 4))[static_cast<std::size_t>(at % 4)]);
}

double weight(std::uint64_t seed, std::int32_t vector, std::int64_t at) { return std::pow(0.37 + 0.63 * draw(seed, vector, at), 2); }

TEST(InitializeTest, NeedsASeed) {
    const std::string sentence = sentence_of(JUICE_ERROR_FORMAT, [] { read_circuit(skeleton().bytes(), nullptr); });
    EXPECT_EQ(sentence, "vector 0: it has no parameters (a skeleton), and there is no seed to draw them from");
    EXPECT_NO_THROW(drawn(skeleton(), 1));
}

TEST(InitializeTest, DrawsTheSameForOneSeedAndOthersForAnother) {
    expect_same(*drawn(skeleton(), 7), *drawn(skeleton(), 7));
    const auto a = drawn(skeleton(), 7), b = drawn(skeleton(), 8);
    for (const std::int32_t id : {0, 1, 4, 5, 7}) EXPECT_NE((*a)[id].parameters[0], (*b)[id].parameters[0]) << id;
    EXPECT_TRUE((*a)[2].parameters.empty() && (*a)[6].parameters.empty());
}

TEST(InitializeTest, KeepsWhatIsGiven) {
    ModelFile file = ModelFile::some();
    const auto whole = drawn(file, 7);
    file.node(5).erase("parameters");
    file.remove_tensor("n5");
    const auto part = drawn(file, 7);
    for (const std::int32_t id : {0, 1, 4, 7}) EXPECT_TRUE(std::ranges::equal((*whole)[id].parameters, (*part)[id].parameters)) << id;
    EXPECT_FALSE(std::ranges::equal((*whole)[5].parameters, (*part)[5].parameters));
}

// Large enough for several threads and pieces; recomputed here draw by draw.
TEST(InitializeTest, DrawsSumsByTheRecipeWhateverTheThreads) {
    ModelFile file = ModelFile::input({{"type", "categorical"}, {"categories", 7}}, 1500, {}, {});
    file.circuit["nodes"].push_back({{"type", "sum"}, {"children", {0}}, {"node_blocks", 2}, {"block_size", 1001}});
    file.circuit["nodes"].push_back({{"type", "sum"}, {"children", {1, 1}}, {"node_blocks", 1}, {"block_size", 1}});
    file.circuit["root"] = 2;
    const auto circuit = drawn(file, 99);
    for (const std::int64_t node : {0, 1, 999, 1499}) {
        double total = 0;
        for (std::int64_t c = 0; c < 7; ++c) total += weight(99, 0, node * 7 + c);
        for (std::int64_t c = 0; c < 7; ++c) {
            EXPECT_NEAR((*circuit)[0].parameters[static_cast<std::size_t>(node * 7 + c)] / (weight(99, 0, node * 7 + c) / total), 1, 1e-6);
        }
    }
    for (const std::int64_t node : {0, 1, 1000, 1001, 2001}) {
        double total = 0;
        for (std::int64_t c = 0; c < 1500; ++c) total += weight(99, 1, node * 1500 + c);
        for (std::int64_t c = 0; c < 1500; ++c) {
            EXPECT_NEAR((*circuit)[1].parameters[static_cast<std::size_t>(node * 1500 + c)] / (weight(99, 1, node * 1500 + c) / total), 1, 1e-5);
        }
    }
    double total = 0;       // the root's weights lie in four edges' rows
    for (std::int64_t at = 0; at < 4004; ++at) total += weight(99, 2, at);
    for (std::int64_t at = 0; at < 4004; ++at) EXPECT_NEAR((*circuit)[2].parameters[static_cast<std::size_t>(at)] / (weight(99, 2, at) / total), 1, 1e-5);
}

TEST(InitializeTest, DrawsSparseSumsByTheRecipe) {
    ModelFile file = ModelFile::some();
    file.node(4).erase("parameters");
    file.remove_tensor("n4");
    const auto circuit = drawn(file, 5);
    const std::span<const float> p = (*circuit)[4].parameters;
    for (std::int64_t row = 0; row < 4; ++row) {
        const double a = weight(5, 4, 2 * row), b = weight(5, 4, 2 * row + 1);
        EXPECT_NEAR(p[static_cast<std::size_t>(2 * row)], a / (a + b), 1e-6);
        EXPECT_NEAR(p[static_cast<std::size_t>(2 * row + 1)], b / (a + b), 1e-6);
    }
}

TEST(InitializeTest, DrawsInputsByTheRecipe) {
    for (const nlohmann::json& distribution : {nlohmann::json{{"type", "bernoulli"}}, nlohmann::json{{"type", "binomial"}, {"trials", 5}}}) {
        const auto circuit = drawn(ModelFile::input(distribution, 10, {}, {}), 3);
        for (std::int64_t at = 0; at < 10; ++at) EXPECT_NEAR((*circuit)[0].parameters[static_cast<std::size_t>(at)], 0.25 + 0.5 * draw(3, 0, at), 1e-6);
    }
    const auto gaussian = drawn(ModelFile::input({{"type", "gaussian"}}, 500, {}, {}), 3);
    for (std::size_t node = 0; node < 500; ++node) {
        const double u = draw(3, 0, static_cast<std::int64_t>(4 * node)), w = draw(3, 0, static_cast<std::int64_t>(4 * node + 1));
        EXPECT_NEAR((*gaussian)[0].parameters[2 * node], std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * w), 1e-5);
        EXPECT_EQ((*gaussian)[0].parameters[2 * node + 1], 1);
    }
    const auto logistic = drawn(ModelFile::input({{"type", "discrete_logistic"}, {"low", -1}, {"high", 3}, {"count", 16}}, 10, {}, {}), 3);
    for (std::size_t node = 0; node < 10; ++node) {
        EXPECT_NEAR((*logistic)[0].parameters[2 * node], -1 + 4 * draw(3, 0, static_cast<std::int64_t>(4 * node)), 1e-5);
        EXPECT_EQ((*logistic)[0].parameters[2 * node + 1], 0.5f);
    }
}

TEST(InitializeTest, SurvivesTheEndsOfFloats) {
    for (const double width : {1e37, 1e-300}) {
        const auto circuit = drawn(ModelFile::input({{"type", "discrete_logistic"}, {"low", 0}, {"high", width}, {"count", 2}}, 4, {}, {}), 3);
        EXPECT_NO_THROW(Circuit(circuit->parts())) << width;
    }
}

TEST(InitializeTest, RefusesMoreThanTheMachineHas) {
    const std::uint64_t seed = 1;
    for (const auto& [nodes, part] : {std::pair{1000, "are available"}, std::pair{2147483647, "more than 2^63 bytes"}}) {
        const ModelFile file = ModelFile::input({{"type", "categorical"}, {"categories", 2147483647}}, nodes, {}, {});
        const std::string sentence = sentence_of(JUICE_ERROR_MEMORY, [&] { read_circuit(file.bytes(), &seed); });
        EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
    }
}

}  // namespace

}  // namespace juice
