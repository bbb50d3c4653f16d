// Every rejection of the format: one thing is broken in a good file, and the sentence says which.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "circuit/file.h"
#include "circuit/model_file.h"

namespace juice {

namespace {

using Json = nlohmann::json;
using Floats = std::vector<float>;
using Ints = std::vector<std::int32_t>;

struct Rejection {
    const char* name;
    std::function<void(ModelFile&)> break_it;
    const char* sentence;       // a part of it
};

void PrintTo(const Rejection& rejection, std::ostream* out) { *out << rejection.name; }

class RejectionTest : public ::testing::TestWithParam<Rejection> {};

TEST_P(RejectionTest, IsASentence) {
    ModelFile file = ModelFile::some();
    ASSERT_NO_THROW(read_circuit(file.bytes(), nullptr));
    GetParam().break_it(file);
    const std::string sentence = sentence_of(JUICE_ERROR_FORMAT, [&] { read_circuit(file.bytes(), nullptr); });
    EXPECT_NE(sentence.find(GetParam().sentence), std::string::npos) << sentence;
}

std::string name_of(const ::testing::TestParamInfo<Rejection>& info) { return info.param.name; }

constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();

const Rejection of_the_circuit[] = {
    {"UnknownField", [](ModelFile& f) { f.circuit["colour"] = 1; }, "field \"colour\" is unknown"},
    {"NoVariables", [](ModelFile& f) { f.circuit.erase("variables"); }, "no field \"variables\""},
    {"NoRoot", [](ModelFile& f) { f.circuit.erase("root"); }, "no field \"root\""},
    {"NoNodes", [](ModelFile& f) { f.circuit.erase("nodes"); }, "no field \"nodes\""},
    {"EmptyNodes", [](ModelFile& f) { f.circuit["nodes"] = Json::array(); f.tensors.clear(); }, "no node vectors"},
    {"RootPastTheEnd", [](ModelFile& f) { f.circuit["root"] = 8; }, "root is 8"},
    {"RootNegative", [](ModelFile& f) { f.circuit["root"] = -1; }, "not within 0 and 2^31 - 1"},
    {"RootFraction", [](ModelFile& f) { f.circuit["root"] = 7.5; }, "a whole number"},
    {"RootText", [](ModelFile& f) { f.circuit["root"] = "7"; }, "a number is expected"},
    {"ZeroVariables", [](ModelFile& f) { f.circuit["variables"] = 0; }, "variables is 0"},
    {"TwoBillionVariables", [](ModelFile& f) { f.circuit["variables"] = 2000000000; }, "only 8 vectors"},
    {"VariablesBeyond64Bits", [](ModelFile& f) { f.circuit["variables"] = 1e300; }, "a whole number"},
    {"RootOfLessThanAllVariables", [](ModelFile& f) { f.circuit["variables"] = 4; }, "vector 7: the root's scope lacks variable 3"},
    {"UnreachedVector", [](ModelFile& f) { f.circuit["root"] = 6; }, "vector 7: the root, vector 6, does not reach it"},
    {"FieldTwice", [](ModelFile& f) { f.change_circuit = [](std::string& text) { text.insert(1, "\"root\":7,"); }; }, "field \"root\" is there twice"},
    {"NodesTwice", [](ModelFile& f) { f.change_circuit = [](std::string& text) { text.insert(text.size() - 1, ",\"nodes\":[]"); }; },
     "\"nodes\" is there twice"},
    {"TextAfterTheCircuit", [](ModelFile& f) { f.change_circuit = [](std::string& text) { text += "{}"; }; }, "nothing may follow"},
    {"TextCutOff", [](ModelFile& f) { f.change_circuit = [](std::string& text) { text.resize(text.size() / 2); }; }, "the circuit, byte"},
    {"NoText", [](ModelFile& f) { f.change_circuit = [](std::string& text) { text.clear(); }; }, "an object is expected"},
    {"DepthBomb", [](ModelFile& f) { f.change_circuit = [](std::string& text) { text = "{\"nodes\":" + std::string(1000000, '['); }; },
     "an object is expected"},
    {"ObjectDepthBomb", [](ModelFile& f) {
        f.change_circuit = [](std::string& text) {
            text = "{\"nodes\":[";
            for (int i = 0; i < 200000; ++i) text += "{\"distribution\":";
        };
    }, "field \"distribution\" is unknown"},
};
INSTANTIATE_TEST_SUITE_P(Circuit, RejectionTest, ::testing::ValuesIn(of_the_circuit), name_of);

const Rejection of_a_vector[] = {
    {"NotAnObject", [](ModelFile& f) { f.node(1) = 7; }, "vector 1: the circuit, byte"},
    {"UnknownField", [](ModelFile& f) { f.node(1)["colour"] = "red"; }, "field \"colour\" is unknown"},
    {"NoType", [](ModelFile& f) { f.node(1).erase("type"); }, "vector 1: it has no field \"type\""},
    {"UnknownType", [](ModelFile& f) { f.node(3)["type"] = "max"; }, "vector 3: type \"max\""},
    {"NoNodeBlocks", [](ModelFile& f) { f.node(3).erase("node_blocks"); }, "no field \"node_blocks\""},
    {"NoBlockSize", [](ModelFile& f) { f.node(3).erase("block_size"); }, "no field \"block_size\""},
    {"ZeroNodeBlocks", [](ModelFile& f) { f.node(5)["node_blocks"] = 0; f.node(5).erase("parameters"); f.remove_tensor("n5"); },
     "vector 5: node_blocks and block_size must be at least 1"},
    {"ZeroBlockSize", [](ModelFile& f) { f.node(3)["block_size"] = 0; }, "vector 3: node_blocks and block_size must be at least 1"},
    {"NegativeBlockSize", [](ModelFile& f) { f.node(3)["block_size"] = -2; }, "not within 0 and"},
    {"TooManyNodes", [](ModelFile& f) { f.node(3)["node_blocks"] = 2147483647; }, "vector 3: 2147483647 blocks of 2 nodes"},
    {"BlocksBeyond32Bits", [](ModelFile& f) { f.node(3)["node_blocks"] = 4294967297; }, "not within 0 and"},
    {"NoChildrenField", [](ModelFile& f) { f.node(3).erase("children"); }, "vector 3: it has no field \"children\""},
    {"ProductWithoutChildren", [](ModelFile& f) { f.node(3)["children"] = Json::array(); f.node(3).erase("edges"); f.remove_tensor("n3.edges"); },
     "vector 3: a product has at least one child"},
    {"SumWithoutChildren", [](ModelFile& f) { f.node(7)["children"] = Json::array(); f.node(7).erase("parameters"); f.remove_tensor("n7"); },
     "vector 7: a sum has at least one child"},
    {"ChildOfItself", [](ModelFile& f) { f.node(5)["children"] = {5}; }, "vector 5: child 5 is not an earlier vector"},
    {"LaterChild", [](ModelFile& f) { f.node(4)["children"] = {6}; }, "vector 4: child 6 is not an earlier vector"},
    {"ChildPastTheEnd", [](ModelFile& f) { f.node(5)["children"] = {2147483647}; }, "vector 5: child 2147483647"},
    {"NegativeChild", [](ModelFile& f) { f.node(5)["children"] = {-1}; }, "not within 0 and"},
    {"InputWithChildren", [](ModelFile& f) { f.node(1)["children"] = {0}; }, "vector 1: type \"input\" has no field \"children\""},
    {"InputWithEdges", [](ModelFile& f) { f.node(1)["edges"] = "n3.edges"; }, "type \"input\" has no field \"edges\""},
    {"ProductWithVariables", [](ModelFile& f) { f.node(3)["variables"] = {0}; }, "type \"product\" has no field \"variables\""},
    {"SumWithDistribution", [](ModelFile& f) { f.node(5)["distribution"] = {{"type", "bernoulli"}}; }, "type \"sum\" has no field \"distribution\""},
    {"ProductWithParameters", [](ModelFile& f) { f.node(3)["parameters"] = "n5"; }, "type \"product\" has no field \"parameters\""},
    {"ProductTied", [](ModelFile& f) { f.node(3)["tied_to"] = 0; }, "type \"product\" has no field \"tied_to\""},
    {"FieldTwice", [](ModelFile& f) {
        f.change_circuit = [](std::string& text) { text.insert(text.find("\"block_size\""), "\"block_size\":2,"); };
    }, "field \"block_size\" is there twice"},
    {"Skeleton", [](ModelFile& f) { f.node(5).erase("parameters"); f.remove_tensor("n5"); }, "vector 5: it has no parameters (a skeleton)"},
};
INSTANTIATE_TEST_SUITE_P(Vector, RejectionTest, ::testing::ValuesIn(of_a_vector), name_of);

const Rejection of_an_input[] = {
    {"NoVariables", [](ModelFile& f) { f.node(1).erase("variables"); }, "vector 1: it has no field \"variables\""},
    {"TwoVariables", [](ModelFile& f) { f.node(1)["variables"] = {1, 2}; }, "an input has one variable, not 2"},
    {"NoVariable", [](ModelFile& f) { f.node(1)["variables"] = Json::array(); }, "an input has one variable, not 0"},
    {"VariablePastTheEnd", [](ModelFile& f) { f.node(1)["variables"] = {3}; }, "vector 1: variable 3 is not one of the circuit's, 0 to 2"},
    {"NoDistribution", [](ModelFile& f) { f.node(1).erase("distribution"); }, "vector 1: it has no field \"distribution\""},
    {"DistributionWithoutType", [](ModelFile& f) { f.node(1)["distribution"] = Json::object(); }, "no field \"type\""},
    {"UnknownDistribution", [](ModelFile& f) { f.node(1)["distribution"] = {{"type", "poisson"}}; }, "distribution type \"poisson\" is unknown"},
    {"UnknownDistributionField", [](ModelFile& f) { f.node(1)["distribution"]["p"] = 0.5; }, "field \"p\" is unknown"},
    {"FieldOfAnotherDistribution", [](ModelFile& f) { f.node(1)["distribution"]["trials"] = 2; }, "distribution \"bernoulli\" has no field \"trials\""},
    {"CategoricalWithoutCategories", [](ModelFile& f) { f.node(0)["distribution"].erase("categories"); }, "lacks the field \"categories\""},
    {"BinomialWithoutTrials", [](ModelFile& f) { f.node(1)["distribution"] = {{"type", "binomial"}}; }, "lacks the field \"trials\""},
    {"LogisticWithoutHigh", [](ModelFile& f) { f = ModelFile::input({{"type", "discrete_logistic"}, {"low", 0}, {"count", 2}}, 1, {1, 2}, {0, 1}); },
     "lacks the field \"high\""},
    {"ZeroCategories", [](ModelFile& f) { f.node(0)["distribution"]["categories"] = 0; }, "categories is 0"},
    {"ZeroTrials", [](ModelFile& f) { f.node(1)["distribution"] = {{"type", "binomial"}, {"trials", 0}}; }, "trials is 0"},
    {"ZeroBins", [](ModelFile& f) { f = ModelFile::input({{"type", "discrete_logistic"}, {"low", 0}, {"high", 1}, {"count", 0}}, 1, {1, 2}, {0, 1}); },
     "count is 0"},
    {"HighAtLow", [](ModelFile& f) { f = ModelFile::input({{"type", "discrete_logistic"}, {"low", 1}, {"high", 1}, {"count", 4}}, 1, {1, 2}, {0, 1}); },
     "vector 0: low is 1 and high 1"},
    {"HighUnderLow", [](ModelFile& f) { f = ModelFile::input({{"type", "discrete_logistic"}, {"low", 1}, {"high", -1}, {"count", 4}}, 1, {1, 2}, {0, 1}); },
     "with high > low"},
    {"RangeBeyondFloats", [](ModelFile& f) {
        f = ModelFile::input({{"type", "discrete_logistic"}, {"low", -1}, {"high", 2e37}, {"count", 4}}, 1, {1, 2}, {0, 1});
    }, "within 1e37 of 0"},
    {"IndicatorOfOtherCategories", [](ModelFile& f) { f = ModelFile::input({{"type", "indicator"}, {"categories", 3}}, 2, {}, {}); },
     "as many categories as nodes, not 3 for 2"},
    {"IndicatorWithParameters", [](ModelFile& f) { f = ModelFile::input({{"type", "indicator"}, {"categories", 2}}, 2, {2}, {0, 1}); },
     "an indicator has no parameters"},
    {"AnotherDomain", [](ModelFile& f) {
        f.node(1)["variables"] = {0};
    }, "vector 1: its domain of variable 0 (0 to 1) is not the one of an earlier vector (0 to 2)"},
    {"FiniteNumbersAndCategories", [](ModelFile& f) {
        f.node(1)["variables"] = {0};
        f.node(1)["distribution"] = {{"type", "gaussian"}};
        f.set("n1", {2, 2}, Floats{0, 1, 0, 1});
    }, "its domain of variable 0 (the finite numbers)"},
};
INSTANTIATE_TEST_SUITE_P(Input, RejectionTest, ::testing::ValuesIn(of_an_input), name_of);

const Rejection of_a_product[] = {
    {"OverlappingScopes", [](ModelFile& f) { f.node(3)["children"] = {0, 1, 0}; }, "vector 3: two of its children share variable 0"},
    {"AnotherBlockSize", [](ModelFile& f) { f.node(1)["block_size"] = 1; f.node(1)["node_blocks"] = 2; }, "vector 3: child 1 has block_size 1"},
    {"AnotherNumberOfBlocks", [](ModelFile& f) { f.node(3)["node_blocks"] = 2; f.node(3).erase("edges"); f.remove_tensor("n3.edges"); },
     "vector 3: child 0 has 1 blocks, and without edges"},
    {"EdgesOfTooFewChildren", [](ModelFile& f) { f.set("n3.edges", {1, 2}, Ints{0, 0}); }, "vector 3: edges have shape [1, 2]"},
    {"EdgesOfOneExtent", [](ModelFile& f) { f.set("n3.edges", {3}, Ints{0, 0, 0}); }, "vector 3: edges have shape [3]"},
    {"EdgesOfTooManyRows", [](ModelFile& f) { f.set("n3.edges", {3, 3}, Ints(9)); }, "vector 3: edges have 9 entries"},
    {"NoEdgesInEdges", [](ModelFile& f) { f.set("n3.edges", {0, 3}, Ints{}); }, "vector 3: edges have 0 entries"},
    {"BlockPastTheEnd", [](ModelFile& f) { f.set("n3.edges", {1, 3}, Ints{0, 1, 0}); }, "vector 3: edges name block 1 of child 1, which has 1"},
    {"NegativeBlock", [](ModelFile& f) { f.set("n3.edges", {1, 3}, Ints{0, 0, -1}); }, "vector 3: edges name block -1 of child 2"},
    {"NodePastTheEnd", [](ModelFile& f) { f.set("n3.edges", {2, 3}, Ints{0, 1, 0, 1, 2, 1}); }, "vector 3: edges name node 2 of child 1, which has 2"},
    {"NegativeNode", [](ModelFile& f) { f.set("n3.edges", {2, 3}, Ints{0, 1, 0, 1, std::numeric_limits<std::int32_t>::min(), 1}); },
     "edges name node -2147483648"},
};
INSTANTIATE_TEST_SUITE_P(Product, RejectionTest, ::testing::ValuesIn(of_a_product), name_of);

const Rejection of_a_sum[] = {
    {"DifferentScopes", [](ModelFile& f) { f.node(5)["children"] = {4, 1}; }, "vector 5: children 4 and 1 have different scopes"},
    {"DifferentBlockSizes", [](ModelFile& f) {
        f.node(5)["block_size"] = 1;
        f.node(5)["node_blocks"] = 2;
        f.set("n5", {4, 1, 2}, Floats{0.25f, 0.25f, 0.5f, 0, 0.25f, 0.25f, 0.25f, 0.25f});
        f.node(6)["children"] = {5, 4};
    }, "vector 6: children 5 and 4 have block_size 1 and 2"},
    {"EdgesOfThreeRows", [](ModelFile& f) { f.set("n4.edges", {3, 2}, Ints{0, 1, 0, 0, 0, 0}); }, "vector 4: edges have shape [3, 2]"},
    {"NoEdgesInEdges", [](ModelFile& f) { f.set("n4.edges", {2, 0}, Ints{}); f.node(4).erase("parameters"); f.remove_tensor("n4"); },
     "vector 4: edges have shape [2, 0]"},
    {"FewerEdgesThanBlocks", [](ModelFile& f) { f.set("n4.edges", {2, 1}, Ints{0, 0}); f.set("n4", {1, 2, 2}, Floats(4, 0.5f)); },
     "vector 4: 1 edges cannot reach its 2 blocks"},
    {"EdgesOfATieWithNone", [](ModelFile& f) { f.node(6)["edges"] = "n6.edges"; f.set("n6.edges", {2, 0}, Ints{}); }, "vector 6: edges have shape [2, 0]"},
    {"OwnBlockPastTheEnd", [](ModelFile& f) { f.set("n4.edges", {2, 2}, Ints{0, 2, 0, 0}); }, "vector 4: edge (2, 0)"},
    {"ChildBlockPastTheEnd", [](ModelFile& f) { f.set("n4.edges", {2, 2}, Ints{0, 1, 0, 1}); }, "vector 4: edge (1, 1)"},
    {"NegativeBlock", [](ModelFile& f) { f.set("n4.edges", {2, 2}, Ints{-1, 1, 0, 0}); }, "vector 4: edge (-1, 0)"},
    {"PairTwice", [](ModelFile& f) {
        f.set("n4.edges", {2, 3}, Ints{0, 1, 0, 0, 0, 0});
        f.set("n4", {3, 2, 2}, Floats(12, 0.25f));
    }, "vector 4: edge (0, 0) is there twice"},
    {"BlockWithoutEdge", [](ModelFile& f) {
        f.node(7).erase("parameters");
        f.remove_tensor("n7");
        f.node(7)["node_blocks"] = 2;
        f.node(7)["edges"] = "n7.edges";
        f.set("n7.edges", {2, 2}, Ints{0, 0, 0, 1});
    }, "vector 7: its block 1 has no edge"},
    {"MoreWeightsThanCanBeCounted", [](ModelFile& f) {
        f.strip();
        f.node(3) = {{"type", "sum"}, {"children", {1}}, {"node_blocks", 2147483647}, {"block_size", 1}};
        f.node(4) = {{"type", "sum"}, {"children", {3}}, {"node_blocks", 2147483647}, {"block_size", 1}};
    }, "vector 4: it has more weights than can be counted"},
};
INSTANTIATE_TEST_SUITE_P(Sum, RejectionTest, ::testing::ValuesIn(of_a_sum), name_of);

const Rejection of_a_tie[] = {
    {"ToItself", [](ModelFile& f) { f.node(2)["tied_to"] = 2; }, "vector 2: tied_to is 2, which is not an earlier vector"},
    {"ToALaterVector", [](ModelFile& f) { f.node(2)["tied_to"] = 4; }, "vector 2: tied_to is 4"},
    {"ToNobody", [](ModelFile& f) { f.node(2)["tied_to"] = -1; }, "not within 0 and"},
    {"OfASumToAnInput", [](ModelFile& f) { f.node(6)["tied_to"] = 0; }, "vector 6: tied_to is 0"},
    {"OfASumToAProduct", [](ModelFile& f) { f.node(6)["tied_to"] = 3; }, "vector 6: tied_to is 3"},
    {"ToATiedVector", [](ModelFile& f) {
        f.circuit["nodes"].insert(f.circuit["nodes"].begin() + 7, f.node(6));
        f.node(7)["tied_to"] = 6;
    }, "vector 7: tied_to is 6, which is itself tied"},
    {"OfAnotherShape", [](ModelFile& f) { f.node(2)["node_blocks"] = 2; }, "vector 2: its 2 x 2 nodes do not agree with the 1 x 2 of vector 0"},
    {"OverOtherChildren", [](ModelFile& f) {
        f.node(6)["children"] = {5, 5};
    }, "vector 6: its children's 2 x 2 nodes do not agree with the 1 x 2 under vector 4"},
    {"WithOtherEdges", [](ModelFile& f) {
        f.node(6)["edges"] = "n6.edges";
        f.set("n6.edges", {2, 2}, Ints{1, 0, 0, 0});
    }, "vector 6: its edges are not those of vector 4"},
    {"WithOtherParameters", [](ModelFile& f) {
        f.node(2)["parameters"] = "n2";
        f.set("n2", {2, 3}, Floats{0.5f, 0.25f, 0.25f, 0.125f, 0, 0.875f});
    }, "vector 2: its parameters are not those of vector 0"},
    {"WithTooFewParameters", [](ModelFile& f) {
        f.node(2)["parameters"] = "n2";
        f.set("n2", {1, 3}, Floats{0.5f, 0.25f, 0.25f});
    }, "vector 2: parameters have shape [1, 3]"},
    {"WithNoParametersInParameters", [](ModelFile& f) {
        f.node(2)["parameters"] = "n2";
        f.set("n2", {0, 3}, Floats{});
    }, "vector 2: parameters have shape [0, 3]"},
    {"WithAnotherDistribution", [](ModelFile& f) { f.node(2)["distribution"] = {{"type", "categorical"}, {"categories", 4}}; },
     "vector 2: its distribution is not the one of vector 0"},
};
INSTANTIATE_TEST_SUITE_P(Tie, RejectionTest, ::testing::ValuesIn(of_a_tie), name_of);

ModelFile gaussian(float mean, float deviation) { return ModelFile::input({{"type", "gaussian"}}, 2, {2, 2}, {0, 1, mean, deviation}); }
ModelFile logistic(float mean, float scale) {
    return ModelFile::input({{"type", "discrete_logistic"}, {"low", -1}, {"high", 1}, {"count", 4}}, 1, {1, 2}, {mean, scale});
}

const Rejection of_values[] = {
    {"WeightsOfAnotherShape", [](ModelFile& f) { f.tensor("n5").shape = {2, 4, 1}; },
     "vector 5: parameters have shape [2, 4, 1], and should have [E, 2, 2]"},
    {"WeightsOfTwoExtents", [](ModelFile& f) { f.tensor("n5").shape = {4, 2}; }, "vector 5: parameters have shape [4, 2]"},
    {"WeightsOfTooFewEdges", [](ModelFile& f) { f.set("n5", {1, 2, 2}, Floats(4, 0.5f)); }, "vector 5: it has 4 parameters, and its shape asks for 8"},
    {"ProbabilitiesOfAnotherShape", [](ModelFile& f) { f.tensor("n0").shape = {3, 2}; }, "vector 0: parameters have shape [3, 2], and should have [2, 3]"},
    {"BernoulliOfTwoExtents", [](ModelFile& f) { f.tensor("n1").shape = {2, 1}; }, "vector 1: parameters have shape [2, 1], and should have [2]"},
    {"WeightNaN", [](ModelFile& f) { f.set("n5", {2, 2, 2}, Floats{0.25f, 0.25f, 0.5f, 0, 0.25f, 0.25f, nan, 0.25f}); },
     "vector 5: parameters[1, 1, 0] is nan"},
    {"WeightInfinite", [](ModelFile& f) { f.set("n5", {2, 2, 2}, Floats{infinity, 0.25f, 0.5f, 0, 0.25f, 0.25f, 0.5f, 0}); },
     "vector 5: parameters[0, 0, 0] is inf"},
    {"WeightNegative", [](ModelFile& f) { f.set("n7", {2, 1, 2}, Floats{1.5f, -0.5f, 0, 0}); }, "vector 7: parameters[0, 0, 0] is 1.5"},
    {"WeightJustNegative", [](ModelFile& f) { f.set("n7", {2, 1, 2}, Floats{0.5f, -1e-30f, 0.5f, 0}); }, "vector 7: parameters[0, 0, 1] is -1e-30"},
    {"WeightAbove1", [](ModelFile& f) { f.set("n7", {2, 1, 2}, Floats{1.00005f, 0, 0, 0}); }, "vector 7: parameters[0, 0, 0] is 1.00005"},
    {"WeightsAddUpToMore", [](ModelFile& f) { f.set("n7", {2, 1, 2}, Floats{0.5f, 0.5002f, 0, 0}); }, "vector 7: the weights of node 0 add up to 1.0002"},
    {"WeightsAddUpToLess", [](ModelFile& f) { f.set("n4", {2, 2, 2}, Floats{0.5f, 0.5f, 0.25f, 0.75f, 0, 1, 0.625f, 0.3748f}); },
     "vector 4: the weights of node 3 add up to 0.9998"},
    {"WeightsAllZero", [](ModelFile& f) { f.set("n7", {2, 1, 2}, Floats(4)); }, "vector 7: the weights of node 0 add up to 0,"},
    {"CategoriesAddUpToLess", [](ModelFile& f) { f.set("n0", {2, 3}, Floats{0.5f, 0.25f, 0.25f, 0.5f, 0.25f, 0}); },
     "vector 0: the probabilities of node 1 add up to 0.75"},
    {"CategoryNegative", [](ModelFile& f) { f.set("n0", {2, 3}, Floats{0.5f, 0.25f, 0.25f, -0.5f, 0.75f, 0.75f}); }, "vector 0: parameters[1, 0] is -0.5"},
    {"BernoulliAbove1", [](ModelFile& f) { f.set("n1", {2}, Floats{0.5f, std::nextafter(1.0f, 2.0f)}); }, "vector 1: parameters[1] is 1"},
    {"BernoulliNegative", [](ModelFile& f) { f.set("n1", {2}, Floats{-0.1f, 0.5f}); }, "vector 1: parameters[0] is -0.1"},
    {"BernoulliNaN", [](ModelFile& f) { f.set("n1", {2}, Floats{nan, 0.5f}); }, "vector 1: parameters[0] is nan"},
    {"BinomialAbove1", [](ModelFile& f) { f = ModelFile::input({{"type", "binomial"}, {"trials", 3}}, 2, {2}, {0.5f, 2}); },
     "vector 0: parameters[1] is 2"},
    {"MeanInfinite", [](ModelFile& f) { f = gaussian(infinity, 1); }, "vector 0: the mean of node 1 is inf"},
    {"MeanNaN", [](ModelFile& f) { f = gaussian(nan, 1); }, "vector 0: the mean of node 1 is nan"},
    {"DeviationZero", [](ModelFile& f) { f = gaussian(0, 0); }, "vector 0: the standard deviation of node 1 is 0"},
    {"DeviationNegative", [](ModelFile& f) { f = gaussian(0, -1); }, "vector 0: the standard deviation of node 1 is -1"},
    {"DeviationInfinite", [](ModelFile& f) { f = gaussian(0, infinity); }, "vector 0: the standard deviation of node 1 is inf"},
    {"ScaleZero", [](ModelFile& f) { f = logistic(0, 0); }, "vector 0: the scale of node 0 is 0"},
    {"ScaleNaN", [](ModelFile& f) { f = logistic(0, nan); }, "vector 0: the scale of node 0 is nan"},
};
INSTANTIATE_TEST_SUITE_P(Values, RejectionTest, ::testing::ValuesIn(of_values), name_of);

TEST(WeightsTest, MayBeOffByRounding) {
    ModelFile file = ModelFile::some();
    file.set("n7", {2, 1, 2}, Floats{std::nextafter(1.0f, 2.0f), 0, 0, 0});
    EXPECT_NO_THROW(read_circuit(file.bytes(), nullptr));
    file.set("n7", {2, 1, 2}, Floats{0.5f, 0.49995f, 0, 0});
    EXPECT_NO_THROW(read_circuit(file.bytes(), nullptr));
}

}  // namespace

}  // namespace juice
