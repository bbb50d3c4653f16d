// Tables of many values, of which a batch holds few: vocabularies that the variables of a circuit share, and circuits with domains on both sides of what
// an engine may treat otherwise.
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/random.h"
#include "reference/some.h"

namespace juice {
namespace {

class Vocabularies : public OnDevice {
protected:
    static constexpr std::int32_t words = 700;

    // A third of the entries are one word, so that it occurs in many rows; one is the last word.
    static Table text(const Circuit& circuit, std::int64_t count, std::uint64_t seed) {
        Table rows = Some::rows(circuit, count, seed, 0.1);
        Random random(seed);
        for (double& value : rows.values)
            if (value == value && random.chance(1.0 / 3)) value = 5;
        rows.values.back() = words - 1;
        return rows;
    }

    // Steps in place, then one from the flow buffer.
    void expect_steps(const std::shared_ptr<const Circuit>& circuit, const Table& rows, double pseudocount, double tolerance) const {
        const auto model = compile(circuit);
        Reference reference(circuit);
        const juice_rule rule = em_rule(0.4, pseudocount);
        for (int step = 0; step < 2; ++step) {
            model->fit_epoch(rows.view(), epoch_options(rule, rows.rows()));
            reference.update(reference.flows(rows), rule);
        }
        forward(*model, rows);
        backward(*model);
        const Flows expected = reference.flows(rows);
        EXPECT_TRUE(near(flows(*model, *circuit), expected, 10 * tolerance));
        model->update(rule);
        reference.update(expected, rule);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if ((*circuit)[id].tied_to >= 0 || (*circuit)[id].type == NodeType::Product) continue;
            EXPECT_TRUE(near(parameters(*model, *circuit, id), reference.parameters(id), tolerance)) << "parameters of vector " << id;
        }
    }
};

TEST_P(Vocabularies, ShareOneTable) {
    for (const std::int64_t states : {1, 3, 40, 150}) {
        if (small() && states > 40) continue;
        for (const std::int64_t count : {1, 7, 100, 500}) {
            if (small() && count > 100) continue;
            SCOPED_TRACE(std::to_string(states) + " states, " + std::to_string(count) + " rows");
            const auto circuit = Some::hmm({.length = 6, .states = states, .categories = words, .tied = true, .seed = 5});
            expect_steps(circuit, text(*circuit, count, 3), count == 7 ? 0 : 0.1, 2e-5);
        }
    }
}

TEST_P(Vocabularies, HaveTablesOfTheirOwn) {
    const auto circuit = Some::hmm({.length = 6, .states = 20, .categories = words, .seed = 5});
    expect_steps(circuit, text(*circuit, small() ? 70 : 300, 4), 0.1, 2e-5);
}

TEST_P(Vocabularies, InCircuitsOfAnyWiring) {
    Some::CircuitOptions options;
    options.distributions = {DistributionType::Categorical, DistributionType::Indicator};
    options.max_categories = words;
    options.max_roots = 1;
    for (std::uint64_t seed = 7000; seed < 7000 + some<std::uint64_t>(30, 8); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        const auto circuit = Some::circuit(seed, options);
        expect_steps(circuit, Some::rows(*circuit, 80, seed, 0.1), 0.2, 1e-4);
    }
}

TEST_P(Vocabularies, GiveTheSameBitsAgain) {
    const auto circuit = Some::hmm({.length = 6, .states = 40, .categories = words, .tied = true, .seed = 5});
    const Table rows = text(*circuit, 100, 3);
    const auto once = compile(circuit), again = compile(circuit);
    for (const auto* model : {&once, &again})
        for (int step = 0; step < 3; ++step) (*model)->fit_epoch(rows.view(), epoch_options(em_rule(0.4, 0.1), 40));
    EXPECT_TRUE(all_parameters(*once, *circuit) == all_parameters(*again, *circuit));
}

JUICE_ON_EVERY_DEVICE(Vocabularies);

}  // namespace
}  // namespace juice
