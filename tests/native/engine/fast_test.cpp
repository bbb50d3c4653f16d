// Precision Fast: bf16 operands where a sum is large enough. Within its tolerances of the oracle, and in everything else as Exact.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "cuda/emulation/runtime.h"
#include "engine/engine.h"
#include "plan/alike.h"
#include "plan/plan.h"
#include "reference/cases.h"
#include "reference/maker.h"
#include "reference/random.h"
#include "reference/some.h"

namespace juice {
namespace {

// Edges from blocks of nodes to the blocks that they read, reads(node block, block), in the order of the nodes, or of what they read.
template <class Reads>
std::vector<std::int32_t> block_edges(std::int64_t node_blocks, std::int64_t below, Reads reads, bool by_position = false) {
    std::vector<std::int32_t> edges, in;
    for (std::int64_t k = 0; k < node_blocks * below; ++k) {
        const std::int64_t i = by_position ? k % node_blocks : k / below, j = by_position ? k / node_blocks : k % below;
        if (!reads(i, j)) continue;
        edges.push_back(static_cast<std::int32_t>(i));
        in.push_back(static_cast<std::int32_t>(j));
    }
    edges.insert(edges.end(), in.begin(), in.end());
    return edges;
}

// A product of inputs of all variables, of so many positions.
std::int32_t product_of_inputs(Maker& maker, Random& random, std::int32_t variables, const Distribution& distribution, std::int64_t width) {
    std::vector<std::int32_t> children;
    for (std::int32_t v = 0; v < variables; ++v) children.push_back(maker.input(v, distribution, 1, width, random_inputs(random, distribution, width, false)));
    return maker.product(children, 1);
}

// A sum of 64 nodes over products of so many positions each, and the root over it.
std::shared_ptr<const Circuit> sum_over(Maker& maker, Random& random, const std::vector<std::int32_t>& products, std::int64_t width) {
    constexpr std::int64_t nodes = 64;
    const std::int32_t sum = maker.sum(products, 1, nodes, random_weights(random, 1, nodes, static_cast<std::int64_t>(products.size()), width, {}, false, 1));
    return maker.make(maker.sum({sum}, 1, 1, random_weights(random, 1, 1, 1, nodes, {}, false, 1)));
}

class Fast : public OnDevice {
protected:
    // The emulated card that multiplies by tensor cores is a Hopper, so small that some launches have large tiles.
    void SetUp() override {
        OnDevice::SetUp();
        if (GetParam().device != Device::emulated || GetParam().instruction_set != "tensor") return;
        emulate_hopper(1);
    }
    static void emulate_hopper(int multiprocessors) {
        static cuda::emulation::Machine hopper;
        hopper = {12040, 12040, 1, {"Some Hopper", std::size_t{1} << 34, multiprocessors, 9, 0}};
        cuda::emulation::set_machine(&hopper);
    }
    void TearDown() override { cuda::emulation::set_machine(nullptr); }

    // Entries within 2 %, 99 of 100 of those that are not next to nothing; none far off.
    static testing::AssertionResult flows_near(const Flows& got, const Flows& expected) {
        std::vector<double> errors;
        const auto compare = [&](const std::vector<double>& a, const std::vector<double>& b) {
            for (std::size_t i = 0; i < b.size(); ++i) errors.push_back(std::abs(a[i] - b[i]) / std::max(std::abs(b[i]), 1e-3));
        };
        for (std::size_t id = 0; id < expected.nodes.size(); ++id) {
            compare(got.nodes[id], expected.nodes[id]);
            compare(got.parameters[id], expected.parameters[id]);
        }
        std::sort(errors.begin(), errors.end());
        const double most = errors[errors.size() * 99 / 100], worst = errors.back();
        if (most < 0.02 && worst < 0.2) return testing::AssertionSuccess();
        return testing::AssertionFailure() << "99 of 100 flows are within " << most << ", the worst within " << worst;
    }

    // Where many edges live, roundings even out. Where one does, nothing evens them out: 2^-9 of an operand and of a weight in every sum.
    void expect_agreement(const std::shared_ptr<const Circuit>& circuit, const Table& rows, double tolerance = 2e-4) const {
        Reference reference(circuit);
        const auto model = compile(circuit, 0, rows.rows());
        EXPECT_TRUE(near(log_likelihood(*model, rows), reference.log_likelihood(rows), tolerance));
        EXPECT_TRUE(near(forward(*model, rows), reference.log_likelihood(rows), tolerance)) << "by forward";
        EXPECT_TRUE(near(max_log_value(*model, rows), reference.max_log_value(rows), 1e-5)) << "maximum";
        backward(*model);
        const Flows expected = reference.flows(rows);
        EXPECT_TRUE(flows_near(flows(*model, *circuit), expected));
        const juice_rule rule = em_rule(0.5, 0.2);
        model->update(rule);
        expect_weights_add_up(*model, *circuit);
        if (tolerance > 2e-4) return;       // variances of one row each are all digits lost
        reference.update(expected, rule);
        EXPECT_TRUE(near(log_likelihood(*model, rows), reference.log_likelihood(rows), 1e-3)) << "after the update";
    }

    static void expect_weights_add_up(const Model& model, const Circuit& circuit) {
        for (std::int32_t id = 0; id < circuit.size(); ++id) {
            if (circuit[id].type != NodeType::Sum || circuit[id].tied_to >= 0) continue;
            const std::vector<float> weights = parameters(model, circuit, id);
            std::vector<double> totals(static_cast<std::size_t>(circuit[id].nodes()), 0);
            for_each_sum_edge(circuit, id, [&](std::int64_t w, std::int64_t node, std::int32_t, std::int64_t) {
                totals[static_cast<std::size_t>(node)] += weights[static_cast<std::size_t>(w)];
            });
            EXPECT_TRUE(near(totals, std::vector<double>(totals.size(), 1), 1e-5)) << "weights of vector " << id;
        }
    }

    // A mini-batch's update, at once and by forward, backward and update.
    static void expect_step_as_three_calls(const std::shared_ptr<const Circuit>& circuit, const Device& device, const Table& rows) {
        const auto one = juice::compile(circuit, device, 0, rows.rows()), three = juice::compile(circuit, device, 0, rows.rows());
        one->fit_epoch(rows.view(), epoch_options(em_rule(0.5, 0.2), rows.rows()));
        forward(*three, rows);
        backward(*three);
        three->update(em_rule(0.5, 0.2));
        for (std::int32_t id = 0; id < circuit->size(); ++id)
            if ((*circuit)[id].type != NodeType::Product) {
                EXPECT_TRUE(near(parameters(*one, *circuit, id), parameters(*three, *circuit, id), 1e-5)) << "vector " << id;
            }
    }
};

TEST_P(Fast, AgreesWithTheOracle) {
    for (const auto& [latents, rows] : {std::pair{64, 20}, std::pair{100, 70}, std::pair{272, 130}}) {
        if (small() && latents > 100) continue;
        SCOPED_TRACE(std::to_string(latents) + " latents");
        const auto circuit = Some::hclt(4, latents, 5, 3);
        expect_agreement(circuit, Some::rows(*circuit, rows, 3, 0.1));
    }
}

// Operands of up to 8, 32, 64, 256 and 512 panels, each by a kernel of its own, with 64 panels by another way, since all factors are tables; of more factors than are
// multiplied without scaling.
TEST_P(Fast, OperandsOfEveryWidthAgreeWithTheOracle) {
    for (const std::int64_t width : {90, 300, 600, 1024, 1040, 4200}) {
        if (JUICE_SANITIZED && width > 4000) continue;
        SCOPED_TRACE(std::to_string(width) + " positions");
        constexpr std::int32_t variables = 6;
        Random random(static_cast<std::uint64_t>(width));
        Maker maker(variables);
        const std::int32_t product = product_of_inputs(maker, random, variables, {DistributionType::Categorical, 50, 0, 0}, width);
        const auto circuit = sum_over(maker, random, {product}, width);
        expect_agreement(circuit, Some::rows(*circuit, small() ? 20 : 200, 3, 0.1));
    }
}

// The same of several segments: of up to 32, 64, 128, 256 and 512 panels in all.
TEST_P(Fast, OperandsOfSeveralSegmentsAgreeWithTheOracle) {
    for (const std::int64_t width : {64, 384, 768, 1536, 2176}) {
        if (JUICE_SANITIZED && width > 1000) continue;
        SCOPED_TRACE("two segments of " + std::to_string(width) + " positions");
        constexpr std::int32_t variables = 3;
        Random random(static_cast<std::uint64_t>(width));
        Maker maker(variables);
        std::vector<std::int32_t> products;
        for (int s = 0; s < 2; ++s) products.push_back(product_of_inputs(maker, random, variables, {DistributionType::Categorical, 20, 0, 0}, width));
        const auto circuit = sum_over(maker, random, products, width);
        expect_agreement(circuit, Some::rows(*circuit, small() ? 20 : 200, 3, 0.1));
    }
}

// Some rows' products fall below a float's range before they are scaled, and are worked out in logs.
TEST_P(Fast, RowsOfTablesFarBelowOneAgreeWithTheOracle) {
    for (const std::int64_t width : {300, 1024}) {
        SCOPED_TRACE(std::to_string(width) + " positions");
        constexpr std::int32_t variables = 4;
        Random random(static_cast<std::uint64_t>(width));
        const Distribution bit{DistributionType::Categorical, 2, 0, 0};
        Maker maker(variables);
        std::vector<std::int32_t> children;
        for (std::int32_t v = 0; v < variables; ++v) {
            std::vector<float> low;
            for (std::int64_t i = 0; i < width; ++i) low.insert(low.end(), {0x1p-40f * static_cast<float>(1 + (i + v) % 7), 1.0f});
            children.push_back(maker.input(v, bit, 1, width, low));
        }
        const auto circuit = sum_over(maker, random, {maker.product(children, 1)}, width);
        Table rows;
        rows.variables = variables;
        for (int r = 0; r < 40; ++r)
            for (std::int32_t v = 0; v < variables; ++v) rows.values.push_back(r >> v & 1);
        EXPECT_TRUE(near(log_likelihood(*compile(circuit), rows), Reference(circuit).log_likelihood(rows), 2e-4));
    }
}

// Sums 2^-160 of their largest element, in all nodes: a third of the positions is much likelier and has no weights, a third has nearly all weights and is
// impossible; every position for every node, or blocks of them.
TEST_P(Fast, SumsFarBelowTheirElementsAgreeWithTheOracle) {
    constexpr std::int64_t block = 32, node_blocks = 3, below = 6;
    const Distribution bit{DistributionType::Categorical, 2, 0, 0};
    for (const bool blocks : {false, true}) {
        SCOPED_TRACE(blocks ? "blocks" : "dense");
        Random random(9);
        const auto small_part = [&] { return static_cast<float>(random.between(0.5, 1)) * 0x1p-80f; };
        Maker maker(2);
        std::vector<float> low;
        for (std::int64_t j = 0; j < below * block; ++j) {
            const float zero = j < 2 * block ? 0.5f : j < 4 * block ? small_part() : 0.0f;
            low.insert(low.end(), {zero, 1 - zero});
        }
        const std::vector<std::int32_t> inputs{maker.input(0, bit, below, block, low), maker.input(1, bit, below, block, random_inputs(random, bit, below * block, false))};
        const std::vector<std::int32_t> edges = block_edges(node_blocks, below, [&](std::int64_t i, std::int64_t j) { return !blocks || j < 2 || (i + j) % 2 == 0; });
        std::vector<float> weights;
        for (std::size_t e = 0; e < edges.size() / 2; ++e)
            for (std::int64_t k = 0; k < block * block; ++k) {
                const std::int32_t j = edges[edges.size() / 2 + e];
                weights.push_back(j < 2 ? 0.0f : j < 4 ? small_part() : 1.0f / (block * (blocks ? 1 : 2)));
            }
        const std::int32_t sum = maker.sum({maker.product(inputs, below)}, node_blocks, block, weights, edges);
        const auto circuit = maker.make(maker.sum({sum}, 1, 1, random_weights(random, 1, 1, node_blocks, block, {}, false, 1)));
        const Table rows = Some::rows(*circuit, 40, 3, 0.1);
        const auto model = compile(circuit);        // of few positions: roundings even out less than elsewhere
        EXPECT_TRUE(near(log_likelihood(*model, rows), Reference(circuit).log_likelihood(rows), 1e-3));
        EXPECT_TRUE(near(forward(*model, rows), Reference(circuit).log_likelihood(rows), 1e-3)) << "by forward";
    }
}

// Long enough for tiles that are taken one after the other: small ones, and large ones, two of the plan's or the odd one at the end.
TEST_P(Fast, LongSumsAgreeWithTheOracle) {
    if (GetParam().instruction_set == "plain") GTEST_SKIP() << "no groups of warps: long sums go the way of short ones";
    for (const auto& [latents, rows] : {std::pair{528, 10}, std::pair{528, 130}}) {
        SCOPED_TRACE("latents " + std::to_string(latents) + ", rows " + std::to_string(rows));
        const auto circuit = Some::hclt(3, latents, 5, 3);
        expect_agreement(circuit, Some::rows(*circuit, rows, 5, 0.2));
    }
}

// A sum of few nodes over 132 panels of two children, so that the steps of one belong to both halves; and one of 129 panels of nodes over few positions.
TEST_P(Fast, FewLongSumsInHalvesAgreeWithTheOracle) {
    if (GetParam().instruction_set == "plain") GTEST_SKIP() << "no groups of warps: long sums go the way of short ones";
    if (GetParam().device == Device::emulated) emulate_hopper(8);
    constexpr std::int64_t few = 144, many = 2064, block = 16, first = 82, second = 50;
    Random random(7);
    const Distribution die{DistributionType::Categorical, 50, 0, 0};
    Maker maker(6);
    const auto input = [&](std::int32_t v, std::int64_t blocks, std::int64_t size) { return maker.input(v, die, blocks, size, random_inputs(random, die, blocks * size, false)); };
    const std::vector<std::int32_t> children{maker.product({input(0, first, block), input(1, first, block)}, first), maker.product({input(0, second, block), input(1, second, block)}, second)};
    const std::int32_t short_sum = maker.sum(children, 1, few, random_weights(random, 1, few, first + second, block, {}, false, 1));
    const std::int32_t middle = maker.product({short_sum, input(2, 1, few), input(3, 1, few)}, 1);
    const std::int32_t tall_sum = maker.sum({middle}, 1, many, random_weights(random, 1, many, 1, few, {}, false, 1));
    const std::int32_t top = maker.product({tall_sum, input(4, 1, many), input(5, 1, many)}, 1);
    const auto circuit = maker.make(maker.sum({top}, 1, 1, random_weights(random, 1, 1, 1, many, {}, false, 1)));
    expect_agreement(circuit, Some::rows(*circuit, 7, 5, 0.1));
    if (small()) return;
    expect_agreement(circuit, Some::rows(*circuit, 130, 5, 0.1));
    // A batch for which sums are not halved adds them up in another order.
    const Table rows = Some::rows(*circuit, 300, 6, 0.1);
    const std::vector<double> whole = forward(*compile(circuit, 0, rows.rows()), rows);
    EXPECT_TRUE(near(forward(*compile(circuit, 0, 7), rows.slice(0, 7)), std::vector<double>(whole.begin(), whole.begin() + 7), 1e-6));
}

// The same, of which only nodes 64 to 127 lie 2^-160 below their elements, and only they are open.
TEST_P(Fast, LowNodesOfOneHalfAgreeWithTheOracle) {
    if (GetParam().device == Device::emulated && GetParam().instruction_set == "tensor") emulate_hopper(8);
    constexpr std::int64_t nodes = 144, positions = 2064;
    const Distribution bit{DistributionType::Categorical, 2, 0, 0};
    Random random(8);
    const auto small_part = [&] { return static_cast<float>(random.between(0.5, 1)) * 0x1p-80f; };
    const auto is_low = [](std::int64_t i) { return i >= 64 && i < 128; };
    std::vector<float> elements, weights, gate;
    for (std::int64_t j = 0; j < positions; ++j) {          // likely, hardly possible, impossible
        const float zero = j % 3 == 0 ? 0.5f : j % 3 == 1 ? small_part() : 0.0f;
        elements.insert(elements.end(), {zero, 1 - zero});
    }
    for (std::int64_t i = 0; i < nodes; ++i) {
        const auto own = random_weights(random, 1, 1, 1, positions / 3, {}, false, 1);
        for (std::int64_t j = 0; j < positions; ++j) weights.push_back(j % 3 == (is_low(i) ? 2 : 0) ? own[static_cast<std::size_t>(j / 3)] : is_low(i) && j % 3 == 1 ? small_part() : 0.0f);
        if (is_low(i)) gate.insert(gate.end(), {0.5f, 0.5f});
        else gate.insert(gate.end(), {0.0f, 1.0f});
    }
    Maker maker(2);
    const std::int32_t sum = maker.sum({maker.input(0, bit, 1, positions, elements)}, 1, nodes, weights), open = maker.input(1, bit, 1, nodes, gate);
    const auto circuit = maker.make(maker.sum({maker.product({sum, open}, 1)}, 1, 1, random_weights(random, 1, 1, 1, nodes, {}, false, 1)));
    for (const int count : {70, 140}) {         // tiles of 64 rows, and of 128
        Table rows;
        rows.variables = 2;
        for (int r = 0; r < count; ++r) rows.values.insert(rows.values.end(), {r % 5 == 0 ? 1.0 : 0.0, 0.0});
        EXPECT_TRUE(near(log_likelihood(*compile(circuit), rows), Reference(circuit).log_likelihood(rows), 1e-3)) << count << " rows";
    }
}

// A root's row by all warps of a block, where the launch is small and where it is not, and by half a warp.
TEST_P(Fast, RootsOverManyPositionsAgreeWithTheOracle) {
    if (GetParam().device == Device::emulated && GetParam().instruction_set == "tensor") emulate_hopper(8);
    const Distribution die{DistributionType::Categorical, 50, 0, 0};
    for (const std::int64_t positions : {1040, 4112, 8208}) {
        SCOPED_TRACE(std::to_string(positions) + " positions");
        Random random(static_cast<std::uint64_t>(positions));
        Maker maker(3);
        const std::int32_t product = product_of_inputs(maker, random, 3, die, positions);
        const auto circuit = maker.make(maker.sum({product}, 1, 1, random_weights(random, 1, 1, 1, positions, {}, false, 1)));
        for (const std::int64_t rows : {7, 40})
            if (rows == 7 || !small()) expect_agreement(circuit, Some::rows(*circuit, rows, 4, 0.1));
    }
}

// Rows of blocks that read different ones, in slices of one and two panels, over steps of one and two; the first block of positions is nobody's.
TEST_P(Fast, SumsOverBlocksHereAndThereAgreeWithTheOracle) {
    struct Case {
        std::int64_t blocks, block;
        int kept;           // of a dozen
        std::int64_t rows;
    };
    for (const Case& c : {Case{10, 32, 5, 70}, Case{7, 48, 7, 20}, Case{5, 80, 6, 7}, Case{20, 32, 1, 130}}) {
        if (small() && c.block * c.blocks > 350) continue;
        SCOPED_TRACE(std::to_string(c.blocks) + " blocks of " + std::to_string(c.block));
        constexpr std::int32_t variables = 4;
        Random random(static_cast<std::uint64_t>(c.blocks * c.block));
        const Distribution die{DistributionType::Categorical, 5, 0, 0};
        Maker maker(variables);
        std::vector<std::int32_t> inputs;
        for (std::int32_t v = 0; v < variables; ++v) inputs.push_back(maker.input(v, die, c.blocks, c.block, random_inputs(random, die, c.blocks * c.block, false)));
        const auto reads = [&](std::int64_t i, std::int64_t j) { return j > 0 && (j == std::max<std::int64_t>(i, 1) || (7 * i + 5 * j) % 12 < c.kept); };
        const std::vector<std::int32_t> edges = block_edges(c.blocks, c.blocks, reads);
        const auto sum = [&](std::int32_t child) { return maker.sum({child}, c.blocks, c.block, random_weights(random, c.blocks, c.block, c.blocks, c.block, edges, false, 1), edges); };
        const std::int32_t left = sum(maker.product({inputs[0], inputs[1]}, c.blocks)), right = sum(maker.product({inputs[2], inputs[3]}, c.blocks));
        const std::int32_t top = maker.product({left, right}, c.blocks);
        const auto circuit = maker.make(maker.sum({top}, 1, 1, random_weights(random, 1, 1, c.blocks, c.block, {}, false, 1)));
        expect_agreement(circuit, Some::rows(*circuit, c.rows, 3, 0.1));
    }
}

// A sum over three children of so many nodes each, in blocks: side by side, so that they become one, and scattered. One child is a product of more factors than
// are multiplied without scaling, one is wired node by node, one is a sum of few nodes that another child reads, too.
struct BlocksCase {
    std::int64_t width, node_blocks;
    int kept;                       // of each dozen of blocks; 0: dense
    std::int64_t block = 32;        // nodes; of others than 32, blocks stand in the order of their positions

    std::shared_ptr<const Circuit> circuit() const {
        constexpr std::int32_t variables = 6;
        Random random(static_cast<std::uint64_t>(width + kept));
        const Distribution die{DistributionType::Categorical, 50, 0, 0};
        const std::int64_t child_size = std::min<std::int64_t>(width, 32), child_blocks = width / child_size;
        Maker maker(variables);
        std::vector<std::int32_t> inputs, turned;
        for (std::int32_t v = 0; v < variables; ++v) inputs.push_back(maker.input(v, die, child_blocks, child_size, random_inputs(random, die, width, false)));
        for (std::int64_t i = 0; i < width; ++i) turned.insert(turned.end(), {static_cast<std::int32_t>(i), static_cast<std::int32_t>(width - 1 - i)});
        const std::int32_t half = maker.product({inputs[0], inputs[1], inputs[2]}, child_blocks);
        const std::int32_t sum = maker.sum({half}, child_blocks, child_size, random_weights(random, child_blocks, child_size, child_blocks, child_size, {}, false, 1));
        const std::int32_t rest = maker.product({inputs[3], inputs[4], inputs[5]}, child_blocks);
        const std::vector<std::int32_t> children{maker.product(inputs, child_blocks), maker.product({sum, rest}, child_blocks, turned, true), maker.product({sum, rest}, child_blocks)};
        std::vector<std::int32_t> edges;
        const std::int64_t below = 3 * child_blocks;
        if (kept > 0) edges = block_edges(node_blocks, below, [&](std::int64_t i, std::int64_t j) { return j == i || (7 * i + 5 * j) % 12 < kept; }, block != 32);
        const std::int32_t top = maker.sum(children, node_blocks, block, random_weights(random, node_blocks, block, below, child_size, edges, false, 1), edges);
        return maker.make(maker.sum({top}, 1, 1, random_weights(random, 1, 1, node_blocks, block, {}, false, 1)));
    }
    std::string name() const {
        return std::to_string(node_blocks) + " blocks of " + std::to_string(block) + " nodes, " + std::to_string(width) + " nodes a child, " + std::to_string(kept) + " kept";
    }
};

TEST_P(Fast, BlocksOverSeveralChildrenAgreeWithTheOracle) {
    for (const BlocksCase& c : {BlocksCase{16, 2, 0}, BlocksCase{32, 3, 5}, BlocksCase{64, 2, 6}, BlocksCase{32, 5, 6, 48}, BlocksCase{64, 2, 5, 160}, BlocksCase{64, 6, 3}, BlocksCase{128, 4, 12},
                                BlocksCase{128, 2, 0}, BlocksCase{256, 9, 4}}) {
        if (small() && c.width > 64) continue;
        SCOPED_TRACE(c.name());
        const auto circuit = c.circuit();
        expect_agreement(circuit, Some::rows(*circuit, small() ? 20 : 200, 3, 0.1));
    }
}

TEST_P(Fast, BlocksAreUpdatedInPlaceAsByThreeCalls) {
    for (const BlocksCase& c : {BlocksCase{64, 6, 4}, BlocksCase{64, 3, 6, 48}, BlocksCase{64, 2, 5, 160}, BlocksCase{128, 5, 3}, BlocksCase{256, 9, 4}}) {
        if (small() && c.width > 128) continue;
        SCOPED_TRACE(c.name());
        const auto circuit = c.circuit();
        expect_step_as_three_calls(circuit, GetParam(), Some::rows(*circuit, 30, 6, 0.1));
    }
}

TEST_P(Fast, TiedSumsAgreeWithTheOracle) {
    const auto circuit = Some::hmm({.length = 5, .states = 80, .categories = 9, .tied = true, .seed = 5});
    expect_agreement(circuit, Some::rows(*circuit, small() ? 20 : 200, 3, 0.1));
}

// Sharp Gaussians: most values lie far below their row's maximum, and are worked out edge by edge.
TEST_P(Fast, FollowsStructuralZeros) {
    for (const auto transition : {Some::Transition::Identity, Some::Transition::NearDiagonal}) {
        const auto circuit = Some::hmm({.length = 6, .states = 64, .transition = transition, .seed = 9});
        expect_agreement(circuit, Some::rows(*circuit, 12, 9, 0.05, 0.0), 6 * 0x1p-8);
    }
}

TEST_P(Fast, WeightsAddUpAfterEveryMiniBatch) {
    const auto circuit = Some::hclt(5, small() ? 64 : 200, 7, 4);
    const Table rows = Some::rows(*circuit, small() ? 48 : 300, 5, 0.1);
    const auto model = compile(circuit, 0, rows.rows() / 3);
    const std::vector<double> before = log_likelihood(*model, rows);
    for (int epoch = 0; epoch < some(6, 2); ++epoch) model->fit_epoch(rows.view(), epoch_options(em_rule(0.5, 0.1), rows.rows() / 3));
    expect_weights_add_up(*model, *circuit);
    double gained = 0;
    const std::vector<double> after = log_likelihood(*model, rows);
    for (std::size_t r = 0; r < after.size(); ++r) gained += after[r] - before[r];
    EXPECT_GT(gained, 0);
}

TEST_P(Fast, MiniBatchUpdatesAsThreeCalls) {
    const auto circuit = Some::hclt(4, 64, 5, 3);
    expect_step_as_three_calls(circuit, GetParam(), Some::rows(*circuit, 30, 6, 0.1));
}

// Pieces of parameters enough that some thread blocks join the others behind the tables (late_blocks).
TEST_P(Fast, ManyPiecesUpdateAsThreeCalls) {
    if (GetParam().instruction_set == "plain") GTEST_SKIP() << "no groups of warps: all blocks begin together";
    static const cuda::emulation::Machine four{12040, 12040, 1, {"Some Hopper", std::size_t{1} << 34, 4, 9, 0}};
    if (GetParam().device == Device::emulated) cuda::emulation::set_machine(&four);
    const auto circuit = Some::hclt(130, 128, 3, 3);
    expect_step_as_three_calls(circuit, GetParam(), Some::rows(*circuit, 10, 6, 0.1));
    if (!small()) expect_step_as_three_calls(circuit, GetParam(), Some::rows(*circuit, 7, 6, 0.1));        // recordings hurry by turns
}

// Weights that several sums have, with and without rows whose flows go edge by edge.
TEST_P(Fast, TiedSumsAreUpdatedInPlaceAsByThreeCalls) {
    for (const auto transition : {Some::Transition::Random, Some::Transition::NearDiagonal}) {
        const auto circuit = transition == Some::Transition::Random ? Some::hmm({.length = 5, .states = 80, .categories = 9, .tied = true, .seed = 5})
                                                                   : Some::hmm({.length = 6, .states = 64, .transition = transition, .tied = true, .seed = 9});
        for (const bool fast : {true, false}) {
            SCOPED_TRACE(fast ? "fast" : "exact");
            Device device = GetParam();
            device.fast = device.fast && fast;
            expect_step_as_three_calls(circuit, device, Some::rows(*circuit, small() ? 20 : 200, 9, 0.05, 0.0));
        }
    }
}

// A sum's flow goes to nodes 2^-100 of the others, edge by edge, by logs that are worked out from a table which the same step changes; with and without bf16.
TEST_P(Fast, StepsThatGoEdgeByEdgeUpdateAsThreeCalls) {
    constexpr std::int64_t nodes = 70;
    const Distribution bit{DistributionType::Categorical, 2, 0, 0};
    Random random(4);
    std::vector<float> low, gate;
    for (std::int64_t i = 0; i < nodes; ++i) {
        if (i % 2 == 0) low.insert(low.end(), {1.0f, 0.0f}), gate.insert(gate.end(), {0.0f, 1.0f});
        else low.insert(low.end(), {i % 4 == 1 ? 0x1p-100f : 0x1p-104f, 1.0f}), gate.insert(gate.end(), {0.5f, 0.5f});
    }
    std::vector<float> weights(static_cast<std::size_t>(nodes * nodes), 0.0f);     // odd nodes over odd positions alone
    for (std::int64_t i = 0; i < nodes; ++i)
        for (std::int64_t j = i % 2; j < nodes; j += 2) weights[static_cast<std::size_t>(i * nodes + j)] = 2.0f / nodes;
    Maker maker(2);
    const std::int32_t sum = maker.sum({maker.input(0, bit, 1, nodes, low)}, 1, nodes, weights), open = maker.input(1, bit, 1, nodes, gate);
    const auto circuit = maker.make(maker.sum({maker.product({sum, open}, 1)}, 1, 1, random_weights(random, 1, 1, 1, nodes, {}, false, 1)));
    Table rows;
    rows.variables = 2;
    rows.values.assign(2 * 20, 0.0);
    for (const bool fast : {true, false}) {
        SCOPED_TRACE(fast ? "fast" : "exact");
        Device device = GetParam();
        device.fast = device.fast && fast;
        expect_step_as_three_calls(circuit, device, rows);
    }
}

// Enough tiles for every multiprocessor of a large card, where large launches go other ways than small ones: against the same device with the digits of float32.
TEST_P(Fast, LargeLaunchesAgreeWithExactOnes) {
    if (small()) GTEST_SKIP() << "for cards with many multiprocessors";
    constexpr std::int32_t variables = 40;
    constexpr std::int64_t blocks = 16, block = 32;
    Random random(40);
    const Distribution bit{DistributionType::Categorical, 2, 0, 0};
    for (const int kept : {2, 6}) {         // of each dozen of blocks
        SCOPED_TRACE(std::to_string(kept) + " kept");
        Maker maker(variables);
        std::vector<std::int32_t> sums;
        for (std::int32_t v = 0; v < variables; ++v) {
            const std::vector<std::int32_t> edges = block_edges(blocks, blocks, [&](std::int64_t i, std::int64_t j) { return j == i || (7 * i + 5 * j + v) % 12 < kept; });
            const std::int32_t input = maker.input(v, bit, blocks, block, random_inputs(random, bit, blocks * block, false));
            sums.push_back(maker.sum({input}, blocks, block, random_weights(random, blocks, block, blocks, block, edges, false, 1), edges));
        }
        const auto circuit = maker.make(maker.sum({maker.product(sums, blocks)}, 1, 1, random_weights(random, 1, 1, blocks, block, {}, false, 1)));
        const Table rows = Some::rows(*circuit, 300, 3, 0.1);
        Device exact = GetParam();
        exact.fast = false;
        const auto model = compile(circuit, 0, rows.rows()), other = juice::compile(circuit, exact, 0, rows.rows());
        EXPECT_TRUE(near(forward(*model, rows), forward(*other, rows), 2e-4));
        backward(*model);
        backward(*other);
        EXPECT_TRUE(flows_near(flows(*model, *circuit), flows(*other, *circuit)));
    }
}

TEST_P(Fast, RowsDoNotDependOnTheirNeighbours) {
    const auto circuit = Some::hclt(4, 80, 5, 3);
    const Table rows = Some::rows(*circuit, 40, 8, 0.1);
    const auto model = compile(circuit);
    const std::vector<double> all = log_likelihood(*model, rows);
    for (const std::int64_t r : {0, 17, 39}) {
        Table one;
        one.variables = rows.variables;
        one.values.assign(rows.row(r), rows.row(r) + rows.variables);
        EXPECT_EQ(log_likelihood(*model, one)[0], all[static_cast<std::size_t>(r)]) << "row " << r;
    }
}

TEST_P(Fast, IsExactWhereSumsAreSmall) {
    const auto circuit = Some::hclt(6, 17, 5, 3);
    const Table rows = Some::rows(*circuit, 20, 3, 0.1);
    Device exact = GetParam();
    exact.fast = false;
    EXPECT_TRUE(same(log_likelihood(*compile(circuit), rows), log_likelihood(*juice::compile(circuit, exact), rows)));
}

TEST_P(Fast, SamplesAsExact) {
    const auto circuit = Some::hclt(5, 70, 5, 3);
    Device exact = GetParam();
    exact.fast = false;
    const juice_sample_options options = sample_options(50, 3);
    EXPECT_EQ(sample(*compile(circuit), options).values, sample(*juice::compile(circuit, exact), options).values);
}

TEST(FastTiles, RowsThatReadTheSameGoTogether) {
    std::vector<Panels> rows;
    for (const std::uint64_t r : {0b1, 0b110, 0b1000, 0b1001, 0b111, 0b10}) rows.push_back({r, r << 60});
    const std::vector<std::vector<std::int32_t>> expected{{0, 2, 3}, {1, 4, 5}};
    auto groups = alike(rows, 3, 16, 8);
    std::sort(groups.begin(), groups.end());
    EXPECT_EQ(groups, expected);
}

// Every panel of weights is in one gathered piece, for its nodes and its positions, and a piece has as many rows of blocks as it has room for.
TEST(FastTiles, OfParametersHaveEveryWeightOnce) {
    for (const auto& [c, expected] : {std::pair{BlocksCase{64, 6, 4}, 2}, std::pair{BlocksCase{64, 3, 6, 48}, 2}, std::pair{BlocksCase{64, 2, 5, 160}, 4}, std::pair{BlocksCase{256, 9, 4}, 5}}) {
        SCOPED_TRACE(c.name());
        Plan plan = lower(*c.circuit(), 0, edge_cost(Schedule::Launches));
        Target target;
        target.schedule = Schedule::Launches;
        target.fast = 1;
        schedule(plan, target);
        std::map<std::array<std::int64_t, 4>, int> missing;         // owner, place, panel of the nodes and of the operand
        for (std::int64_t o = 0; o < static_cast<std::int64_t>(plan.owners.size()); ++o) {
            const PlanOwner& owner = plan.owners[static_cast<std::size_t>(o)];
            if (owner.shadow < 0 || owner.form != Form::Blocks) continue;
            for (auto b = owner.block_begin; b < owner.block_end; ++b) {
                const PlanBlock& block = plan.blocks[static_cast<std::size_t>(b)];
                for (std::int32_t i = 0; i < block.out_panels * block.in_panels; ++i)
                    ++missing[{o, block.weights / (panel * panel) + i, block.out_panel + i % block.out_panels, block.in_panel + i / block.out_panels}];
            }
        }
        EXPECT_FALSE(missing.empty());
        EXPECT_EQ(plan.totals.parameter_wide - plan.totals.parameter_gathered, expected);
        for (auto t = plan.totals.parameter_gathered; t < plan.totals.parameter_wide; ++t) {
            const PlanTile& tile = plan.tiles[static_cast<std::size_t>(t)];
            EXPECT_LE(tile.panels, wide_panels);
            EXPECT_LE(tile.in_panels, 2 * wide_panels);
            const std::int32_t rows = tile.end - tile.begin, height = tile.panels / rows;
            const std::int32_t* list = plan.maps.data() + tile.in_panel;
            for (std::int32_t q = 0; q < tile.in_panels; ++q, list += 1 + rows)
                for (std::int32_t p = 0; p < tile.panels; ++p)
                    if (const std::int32_t place = list[1 + p / height]; place >= 0) --missing[{tile.target, place + p % height, plan.maps[static_cast<std::size_t>(tile.begin + p / height)] + p % height, list[0]}];
        }
        for (const auto& [entry, count] : missing) EXPECT_EQ(count, 0) << "panel " << entry[1] << " of owner " << entry[0];
    }
}

std::vector<Device> fast_devices() {
    (void)devices();        // makes the emulated one known
    return {{Device::emulated, "plain", 1, true}, {Device::emulated, "tensor", 1, true}, {"cuda:0", "plain", 1, true}, {"cuda:0", "", 1, true}, {"cpu", "", 1, true}};
}

INSTANTIATE_TEST_SUITE_P(Devices, Fast, testing::ValuesIn(fast_devices()), [](const auto& test) { return test.param.name(); });

}  // namespace
}  // namespace juice
