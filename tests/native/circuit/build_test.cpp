// The flat description and the hidden Chow-Liu tree.
#include "circuit/build.h"

#include <gtest/gtest.h>

#include "circuit/file.h"
#include "circuit/model_file.h"
#include "reference/random.h"
#include "reference/some.h"

namespace juice {

namespace {

// A circuit as the flat description that makes it. Borrows from the circuit.
struct Description {
    std::vector<juice_vector> vectors;
    juice_circuit_description description{};

    explicit Description(const Circuit& circuit) {
        for (std::int32_t id = 0; id < circuit.size(); ++id) {
            const Vector& v = circuit[id];
            juice_vector flat{};
            flat.type = static_cast<std::int32_t>(v.type);
            flat.variable = v.variable;
            flat.node_blocks = v.node_blocks;
            flat.block_size = v.block_size;
            flat.tied_to = v.tied_to;
            flat.child_count = static_cast<std::int32_t>(v.children.size());
            flat.children = v.children.data();
            if (v.tied_to < 0) flat.distribution = {static_cast<std::int32_t>(v.distribution.type), v.distribution.count, v.distribution.low, v.distribution.high};
            if (!v.edges.empty()) {
                flat.edges = v.edges.data();
                flat.edge_count = v.edge_count;
                flat.edge_rows = v.node_wiring ? v.nodes() : v.node_blocks;
            }
            if (!v.parameters.empty()) {
                flat.parameters = v.parameters.data();
                flat.parameter_count = static_cast<std::int64_t>(v.parameters.size());
            }
            vectors.push_back(flat);
        }
        description = {.size = sizeof description, .variables = circuit.variables(), .root = circuit.root(), .vector_count = circuit.size(),
                       .vectors = vectors.data(), .initialize = 0, .reserved = 0, .seed = 0};
    }
};

TEST(DescriptionTest, MakesTheSameCircuit) {
    for (int number = 0; number < 21; ++number) {
        const auto circuit = read_circuit(conformance_path(number), nullptr);
        expect_same(*circuit, *circuit_from_description(Description(*circuit).description));
    }
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto circuit = Some::circuit(seed);
        expect_same(*circuit, *circuit_from_description(Description(*circuit).description));
    }
}

TEST(DescriptionTest, CopiesWhatItPointsTo) {
    const auto circuit = read_circuit(ModelFile::some().bytes(), nullptr);
    Description flat(*circuit);
    std::vector<float> weights((*circuit)[5].parameters.begin(), (*circuit)[5].parameters.end());
    flat.vectors[5].parameters = weights.data();
    const auto copy = circuit_from_description(flat.description);
    weights.assign(weights.size(), -1);
    expect_same(*circuit, *copy);
}

TEST(DescriptionTest, DrawsWhatIsMissingWhereAsked) {
    const auto circuit = read_circuit(ModelFile::some().bytes(), nullptr);
    Description flat(*circuit);
    flat.vectors[5].parameters = nullptr;
    EXPECT_NE(sentence_of(JUICE_ERROR_FORMAT, [&] { circuit_from_description(flat.description); }).find("vector 5: it has no parameters"), std::string::npos);
    flat.description.initialize = 1;
    flat.description.seed = 11;
    expect_same(*circuit_from_description(flat.description), *circuit_from_description(flat.description));
}

TEST(DescriptionTest, RefusesPointersAndCountsThatDisagree) {
    const auto circuit = read_circuit(ModelFile::some().bytes(), nullptr);
    const auto refused = [&](const std::function<void(Description&)>& change, juice_status status, const char* part) {
        Description flat(*circuit);
        change(flat);
        const std::string sentence = sentence_of(status, [&] { circuit_from_description(flat.description); });
        EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
    };
    refused([](Description& d) { d.description.vectors = nullptr; }, JUICE_ERROR_ARGUMENT, "vectors is NULL");
    refused([](Description& d) { d.description.vector_count = -1; }, JUICE_ERROR_ARGUMENT, "vector_count is -1");
    refused([](Description& d) { d.description.vector_count = 0; }, JUICE_ERROR_FORMAT, "no node vectors");
    refused([](Description& d) { d.vectors[3].children = nullptr; }, JUICE_ERROR_ARGUMENT, "vectors[3].child_count is 3 and its children are NULL");
    refused([](Description& d) { d.vectors[3].child_count = -1; }, JUICE_ERROR_ARGUMENT, "vectors[3].child_count is -1");
    refused([](Description& d) { d.vectors[3].edge_rows = 0; }, JUICE_ERROR_ARGUMENT, "vectors[3].edges are 0 x 3");
    refused([](Description& d) { d.vectors[4].edge_count = -2; }, JUICE_ERROR_ARGUMENT, "vectors[4].edges are 2 x -2");
    refused([](Description& d) { d.vectors[4].edge_count = std::numeric_limits<std::int64_t>::max(); }, JUICE_ERROR_ARGUMENT, "vectors[4].edges");
    refused([](Description& d) { d.vectors[4].edge_count = std::numeric_limits<std::int64_t>::max() / 16; }, JUICE_ERROR_MEMORY, "bytes");
    refused([](Description& d) { d.vectors[5].parameter_count = 0; }, JUICE_ERROR_ARGUMENT, "vectors[5].parameter_count is 0");
    refused([](Description& d) { d.vectors[5].parameter_count = 7; }, JUICE_ERROR_FORMAT, "vector 5: it has 7 parameters");
    refused([](Description& d) { d.vectors[5].parameter_count = std::numeric_limits<std::int64_t>::max() / 8; }, JUICE_ERROR_MEMORY, "bytes");
    refused([](Description& d) { d.vectors[5].type = 3; }, JUICE_ERROR_FORMAT, "vector 5: type 3");
    refused([](Description& d) { d.vectors[5].tied_to = -2; }, JUICE_ERROR_FORMAT, "vector 5: tied_to is -2");
    refused([](Description& d) { d.vectors[1].distribution.type = 6; }, JUICE_ERROR_FORMAT, "vector 1: distribution type 6 is unknown");
    refused([](Description& d) { d.vectors[1].parameter_count = 1; d.vectors[1].node_blocks = std::numeric_limits<std::int64_t>::max(); }, JUICE_ERROR_FORMAT,
            "more than 2^31 - 1 nodes");
}

struct Hclt {
    std::vector<std::int32_t> parents;
    std::vector<juice_distribution> distributions;
    juice_hclt_options options{};

    Hclt(std::vector<std::int32_t> tree, std::int32_t latents)
        : parents(std::move(tree)), distributions(parents.size(), {.type = JUICE_CATEGORICAL, .count = 4, .low = 0, .high = 0}) {
        options = {.size = sizeof options, .variables = static_cast<std::int32_t>(parents.size()), .parents = parents.data(),
                   .distributions = distributions.data(), .latents = latents, .roots = 0, .seed = 5,
                   .tied_inputs = 0, .reserved = 0};
    }
};

TEST(HcltTest, IsTheTree) {
    //      1
    //     / \        leaves 0, 3 and 4 are their inputs; 2 is inner: product, then a 6 x 6 sum
    //    0   2
    //       / \      the root's product goes into a sum of one node
    //      3   4
    const auto circuit = hclt(Hclt({1, -1, 1, 2, 2}, 6).options);
    ASSERT_EQ(circuit->size(), 5 + 2 + 2);
    const auto expect = [&](std::int32_t id, NodeType type, std::int32_t variable, std::int64_t block_size, std::vector<std::int32_t> children) {
        const Vector& v = (*circuit)[id];
        EXPECT_EQ(v.type, type) << id;
        EXPECT_EQ(v.variable, variable) << id;
        EXPECT_EQ(v.node_blocks, 1) << id;
        EXPECT_EQ(v.block_size, block_size) << id;
        EXPECT_EQ(v.children, children) << id;
    };
    expect(0, NodeType::Input, 0, 6, {});
    expect(1, NodeType::Input, 3, 6, {});
    expect(2, NodeType::Input, 4, 6, {});
    expect(3, NodeType::Input, 2, 6, {});
    expect(4, NodeType::Product, -1, 6, {3, 1, 2});
    expect(5, NodeType::Sum, -1, 6, {4});
    expect(6, NodeType::Input, 1, 6, {});
    expect(7, NodeType::Product, -1, 6, {6, 0, 5});
    expect(8, NodeType::Sum, -1, 1, {7});
}

TEST(HcltTest, OfOneVariableIsAMixtureOfItsInputs) {
    const auto circuit = hclt(Hclt({-1}, 3).options);
    ASSERT_EQ(circuit->size(), 2);
    EXPECT_EQ((*circuit)[1].type, NodeType::Sum);
    EXPECT_EQ((*circuit)[1].nodes(), 1);
    EXPECT_EQ((*circuit)[1].child_block_size, 3);
}

TEST(HcltTest, HasAsManyEdgesAsItsInnerVariablesAskFor) {
    Random random(1);
    for (const std::int32_t variables : {1, 2, 3, 50, 784}) {
        std::vector<std::int32_t> parents(static_cast<std::size_t>(variables), -1);
        for (std::int32_t v = 1; v < variables; ++v) parents[static_cast<std::size_t>(v)] = static_cast<std::int32_t>(random.below(v));
        std::int64_t inner = 0;
        for (std::int32_t v = 0; v < variables; ++v) inner += std::ranges::find(parents, v) != parents.end();
        const std::int64_t h = 16, without_root = std::max<std::int64_t>(inner - 1, 0);
        const juice_circuit_info info = hclt(Hclt(parents, 16).options)->info();
        EXPECT_EQ(info.sum_edges, without_root * h * h + h);
        EXPECT_EQ(info.product_edges, inner == 0 ? 0 : h * (inner + variables - 1));
        EXPECT_EQ(info.parameters, info.sum_edges + variables * h * 4);
        EXPECT_EQ(info.roots, 1);
    }
}

TEST(HcltTest, TakesEveryDistributionThatLearns) {
    Hclt tree({-1, 0, 0, 0, 0}, 3);
    tree.distributions = {{JUICE_CATEGORICAL, 4, 0, 0}, {JUICE_BERNOULLI, 0, 0, 0}, {JUICE_BINOMIAL, 3, 0, 0},
                          {JUICE_GAUSSIAN, 0, 0, 0}, {JUICE_DISCRETE_LOGISTIC, 8, 0, 8}};
    tree.options.distributions = tree.distributions.data();
    const auto circuit = hclt(tree.options);
    for (std::int32_t v = 0; v < 5; ++v) {
        EXPECT_EQ(static_cast<std::int32_t>(circuit->distribution_of(v).type), tree.distributions[static_cast<std::size_t>(v)].type);
    }
}

TEST(HcltTest, IsTheSameForOneSeed) {
    Hclt tree({1, -1, 1, 2}, 8);
    expect_same(*hclt(tree.options), *hclt(tree.options));
    const auto before = hclt(tree.options);
    tree.options.seed = 6;
    EXPECT_NE((*before)[0].parameters[0], (*hclt(tree.options))[0].parameters[0]);
}

TEST(HcltTest, TakesAChainOfAHundredThousandVariables) {
    std::vector<std::int32_t> parents(100'000);
    for (std::size_t v = 0; v < parents.size(); ++v) parents[v] = static_cast<std::int32_t>(v) - 1;
    EXPECT_EQ(hclt(Hclt(std::move(parents), 2).options)->info().depth, 2 * 99'999);
}

TEST(HcltTest, RefusesWhatIsNoTree) {
    const auto refused = [](std::vector<std::int32_t> parents, const char* part) {
        const std::string sentence = sentence_of(JUICE_ERROR_ARGUMENT, [&] { hclt(Hclt(std::move(parents), 2).options); });
        EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
    };
    refused({1, 0}, "none of the parents is -1");
    refused({-1, -1}, "parents[0] and parents[1] are both -1");
    refused({-1, 2, 1}, "parents[1] does not lead to the root, variable 0, but into a cycle");
    refused({-1, 1}, "parents[1] does not lead to the root");
    refused({-1, 2}, "parents[1] is 2, and must be a variable, 0 to 1, or -1 at the root");
    refused({-1, -2}, "parents[1] is -2");
}

TEST(HcltTest, RefusesBadOptions) {
    const auto refused = [](const std::function<void(Hclt&)>& change, juice_status status, const char* part) {
        Hclt tree({-1, 0}, 2);
        change(tree);
        const std::string sentence = sentence_of(status, [&] { hclt(tree.options); });
        EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
    };
    refused([](Hclt& t) { t.options.variables = 0; }, JUICE_ERROR_ARGUMENT, "variables is 0");
    refused([](Hclt& t) { t.options.latents = 0; }, JUICE_ERROR_ARGUMENT, "latents is 0");
    refused([](Hclt& t) { t.options.latents = 2147483647; }, JUICE_ERROR_MEMORY, "bytes are more than the");
    refused([](Hclt& t) { t.options.parents = nullptr; }, JUICE_ERROR_ARGUMENT, "parents is NULL");
    refused([](Hclt& t) { t.options.distributions = nullptr; }, JUICE_ERROR_ARGUMENT, "distributions is NULL");
    refused([](Hclt& t) { t.distributions[1].type = JUICE_INDICATOR; }, JUICE_ERROR_ARGUMENT, "distributions[1] is an indicator");
    refused([](Hclt& t) { t.distributions[1].type = -1; }, JUICE_ERROR_ARGUMENT, "distributions[1]: distribution type -1");
    refused([](Hclt& t) { t.distributions[1].count = 0; }, JUICE_ERROR_ARGUMENT, "distributions[1]: categories is 0");
    refused([](Hclt& t) { t.distributions[1] = {JUICE_DISCRETE_LOGISTIC, 2, 1, 0}; }, JUICE_ERROR_ARGUMENT, "distributions[1]: low is 1 and high 0");
}

}  // namespace

}  // namespace juice
