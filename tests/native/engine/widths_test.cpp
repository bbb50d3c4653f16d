// Odd shapes against the oracle: widths that fill no register, sums and products of 5,000 children, a single variable.
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/maker.h"
#include "reference/some.h"

namespace juice {
namespace {

class EngineOnShapes : public OnDevice {
protected:
    // Values, flows and one update.
    void expect_agreement(const std::shared_ptr<const Circuit>& circuit, const Table& rows) const {
        Reference reference(circuit);
        const auto model = compile(circuit);
        EXPECT_TRUE(near(log_likelihood(*model, rows), reference.log_likelihood(rows), 1e-5));
        EXPECT_TRUE(near(forward(*model, rows), reference.log_likelihood(rows), 1e-5)) << "by forward";
        EXPECT_TRUE(near(max_log_value(*model, rows), reference.max_log_value(rows), 1e-5)) << "maximum";
        backward(*model);
        const Flows expected = reference.flows(rows);
        EXPECT_TRUE(near(flows(*model, *circuit), expected, 1e-4));
        const juice_rule rule = em_rule(0.5, 0.2);
        model->update(rule);
        reference.update(expected, rule);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if ((*circuit)[id].tied_to >= 0 || (*circuit)[id].type == NodeType::Product) continue;
            EXPECT_TRUE(near(parameters(*model, *circuit, id), reference.parameters(id), 1e-5)) << "parameters of vector " << id;
        }
    }

    static std::vector<std::int32_t> count_up(std::int32_t n) {
        std::vector<std::int32_t> ids;
        for (std::int32_t id = 0; id < n; ++id) ids.push_back(id);
        return ids;
    }
};

TEST_P(EngineOnShapes, LatentsOfAnyNumber) {
    for (const std::int32_t latents : {1, 3, 16, 17, 64, 100}) {
        if (small() && latents > 17) continue;
        SCOPED_TRACE(std::to_string(latents) + " latents");
        const auto circuit = Some::hclt(6, latents, 5, static_cast<std::uint64_t>(latents));
        expect_agreement(circuit, Some::rows(*circuit, 20, 3, 0.1));
    }
}

TEST_P(EngineOnShapes, HiddenMarkovModelsOfAnyNumberOfStates) {
    for (const std::int64_t states : {1, 3, 16, 17, 64, 100}) {
        if (small() && states > 17) continue;
        SCOPED_TRACE(std::to_string(states) + " states");
        const auto circuit = Some::hmm({.length = 7, .states = states, .categories = 9, .tied = states % 2 == 0, .seed = 5});
        expect_agreement(circuit, Some::rows(*circuit, 20, 3, 0.1));
    }
}

TEST_P(EngineOnShapes, SumNodeOverManyChildren) {
    Random random(1);
    const std::int32_t children = small() ? 600 : 5000;
    Maker maker(1);
    for (std::int32_t c = 0; c < children; ++c)
        maker.input(0, {DistributionType::Categorical, 7}, 1, 1, random_inputs(random, {DistributionType::Categorical, 7}, 1, false));
    const auto circuit = maker.make(maker.sum(count_up(children), 1, 1, random_weights(random, 1, 1, children, 1, {}, false, 1.0)));
    expect_agreement(circuit, Some::rows(*circuit, 30, 2, 0.1));
}

TEST_P(EngineOnShapes, SumNodeOverManyBlocks) {
    Random random(2);
    const std::int64_t blocks = small() ? 100 : 1250;
    Maker maker(2);
    for (std::int32_t v = 0; v < 2; ++v)
        maker.input(v, {DistributionType::Bernoulli}, blocks, 4, random_inputs(random, {DistributionType::Bernoulli}, blocks * 4, false));
    const std::int32_t product = maker.product({0, 1}, blocks);
    const auto circuit = maker.make(maker.sum({product}, 1, 3, random_weights(random, 1, 3, blocks, 4, {}, false, 1.0)));
    Reference reference(circuit);
    const Table rows = Some::rows(*circuit, 30, 2, 0.1);
    const auto model = compile(circuit);
    EXPECT_TRUE(near(log_likelihood(*model, rows), reference.log_likelihood(rows), 1e-5));
    forward(*model, rows);
    const std::vector<double> root_flows(static_cast<std::size_t>(rows.rows() * 3), 0.5);
    backward(*model, root_flows);
    EXPECT_TRUE(near(flows(*model, *circuit), reference.flows(rows, root_flows), 1e-4));
}

TEST_P(EngineOnShapes, ProductOfManyVariables) {
    Random random(3);
    const std::int32_t variables = small() ? 600 : 5000;
    Maker maker(variables);
    for (std::int32_t v = 0; v < variables; ++v)
        maker.input(v, {DistributionType::Categorical, 3}, 1, 3, random_inputs(random, {DistributionType::Categorical, 3}, 3, false));
    const std::int32_t product = maker.product(count_up(variables), 1);
    const auto circuit = maker.make(maker.sum({product}, 1, 1, random_weights(random, 1, 1, 1, 3, {}, false, 1.0)));
    expect_agreement(circuit, Some::rows(*circuit, 5, 2, 0.1));
}

TEST_P(EngineOnShapes, ProductAsRootOverManyVariables) {
    Random random(4);
    const std::int32_t variables = small() ? 600 : 5000;
    Maker maker(variables);
    for (std::int32_t v = 0; v < variables; ++v) maker.input(v, {DistributionType::Bernoulli}, 1, 1, {static_cast<float>(random.between(0.1, 0.9))});
    const auto circuit = maker.make(maker.product(count_up(variables), 1));
    expect_agreement(circuit, Some::rows(*circuit, 5, 2, 0.1));
}

TEST_P(EngineOnShapes, OneVariableOfEachDistribution) {
    Random random(5);
    for (const Distribution& d : {Distribution{DistributionType::Categorical, 5}, Distribution{DistributionType::Bernoulli},
                                  Distribution{DistributionType::Binomial, 9}, Distribution{DistributionType::Gaussian},
                                  Distribution{DistributionType::DiscreteLogistic, 12, -1.0, 2.0}, Distribution{DistributionType::Indicator, 4}}) {
        SCOPED_TRACE(d.name());
        Maker alone(1);
        const std::int64_t nodes = d.type == DistributionType::Indicator ? 4 : 1;
        alone.input(0, d, 1, nodes, random_inputs(random, d, nodes, false));
        if (nodes == 1) expect_agreement(alone.make(0), Some::rows(*alone.make(0), 20, 2, 0.1));

        Maker mixed(1);
        mixed.input(0, d, 1, 4, random_inputs(random, d, 4, false));
        const auto mixture = mixed.make(mixed.sum({0}, 1, 1, random_weights(random, 1, 1, 1, 4, {}, false, 1.0)));
        expect_agreement(mixture, Some::rows(*mixture, 60, 2, 0.1));
    }
}

TEST_P(EngineOnShapes, BlockSparseSumsOverWideBlocks) {
    for (const std::int64_t width : {16, 32, 48}) {
        if (small() && width > 16) continue;
        SCOPED_TRACE("blocks of " + std::to_string(width));
        Random random(static_cast<std::uint64_t>(width));
        const Distribution die{DistributionType::Categorical, 6};
        Maker maker(3);
        const auto input = [&](std::int32_t v, std::int64_t blocks) {
            return maker.input(v, die, blocks, width, random_inputs(random, die, blocks * width, false));
        };
        // Five blocks over seven, of two products of which one is wired block by block; then three over those five.
        const std::int32_t x = input(0, 4), y = input(1, 4), z = input(2, 2);
        const std::int32_t straight = maker.product({x, y}, 4), wired = maker.product({x, y}, 3, {3, 0, 1, 1, 0, 2});
        const std::vector<std::int32_t> edges{0, 0, 0, 1, 2, 2, 2, 3, 3, 4, 4, 4, 4, 1, 3, 6, 0, 2, 4, 5, 6, 5, 0, 1, 2, 3};
        const std::int32_t sum = maker.sum({straight, wired}, 5, width, random_weights(random, 5, width, 7, width, edges, true, 1.0), edges);
        const std::int32_t product = maker.product({sum, z}, 3, {4, 0, 0, 1, 2, 1});
        const std::vector<std::int32_t> few{1, 0, 1, 0, 1, 2, 0, 0};
        const std::int32_t top = maker.sum({product}, 2, 8, random_weights(random, 2, 8, 3, width, few, false, 1.0), few);
        const auto circuit = maker.make(maker.sum({top}, 1, 1, random_weights(random, 1, 1, 2, 8, {}, false, 1.0)));
        expect_agreement(circuit, Some::rows(*circuit, 25, 2, 0.1));
    }
}

TEST_P(EngineOnShapes, ManyCategories) {
    Random random(6);
    const Distribution tokens{DistributionType::Categorical, small() ? 2000 : 30000};
    Maker maker(2);
    const std::int32_t owner = maker.input(0, tokens, 1, 5, random_inputs(random, tokens, 5, false));
    const std::int32_t product = maker.product({owner, maker.tied_input(1, owner)}, 1);
    const auto circuit = maker.make(maker.sum({product}, 1, 1, random_weights(random, 1, 1, 1, 5, {}, false, 1.0)));
    expect_agreement(circuit, Some::rows(*circuit, 10, 2, 0.1));
}

JUICE_ON_EVERY_DEVICE(EngineOnShapes);

}  // namespace
}  // namespace juice
