// Samples against exact distributions: the joint and posteriors by enumeration, Gaussians by their posterior mixtures.
#include "common/error.h"
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/completions.h"
#include "reference/maker.h"
#include "reference/some.h"

namespace juice {
namespace {

class Sampling : public OnDevice {
protected:
    static std::int64_t many() { return small() ? 500 : 4000; }

    static std::vector<double> blank(const Circuit& circuit) { return std::vector<double>(static_cast<std::size_t>(circuit.variables()), Table::missing); }

    static Some::CircuitOptions discrete() {
        Some::CircuitOptions options;
        options.max_variables = 5;
        options.max_categories = 4;
        options.distributions = {DistributionType::Categorical, DistributionType::Bernoulli, DistributionType::Binomial, DistributionType::DiscreteLogistic,
                                 DistributionType::Indicator};
        return options;
    }

    void expect_posteriors(const std::shared_ptr<const Circuit>& circuit, const Model& model, const Table& rows, std::int64_t count) const {
        const Reference reference(circuit);
        const std::vector<double> logs = reference.log_likelihood(rows);
        for (std::int64_t r = 0; r < rows.rows(); ++r)
            for (std::int32_t root = 0; root < circuit->roots(); ++root) {
                if (logs[static_cast<std::size_t>(r * circuit->roots() + root)] == -INFINITY) continue;
                SCOPED_TRACE("row " + std::to_string(r) + ", root " + std::to_string(root));
                const std::vector<double> evidence(rows.row(r), rows.row(r) + rows.variables);
                juice_sample_options options = sample_options(count, static_cast<std::uint64_t>(r));
                options.root = root;
                EXPECT_TRUE(follows(sample(model, rows.slice(r, 1), options), completions(reference, evidence, root)));
            }
    }
};

TEST_P(Sampling, FollowsTheJointDistributionOfAnyCircuit) {
    for (std::uint64_t seed = 100; seed < 100 + some<std::uint64_t>(60, 10); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        const auto circuit = Some::circuit(seed, discrete());
        const Reference reference(circuit);
        const auto model = compile(circuit);
        for (std::int32_t root = 0; root < circuit->roots(); ++root) {
            juice_sample_options options = sample_options(many(), seed);
            options.root = root;
            EXPECT_TRUE(follows(sample(*model, options), completions(reference, blank(*circuit), root))) << "root " << root;
        }
    }
}

TEST_P(Sampling, FollowsThePosteriorGivenAnyEvidence) {
    for (std::uint64_t seed = 300; seed < 300 + some<std::uint64_t>(60, 10); ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        const auto circuit = Some::circuit(seed, discrete());
        expect_posteriors(circuit, *compile(circuit), Some::rows(*circuit, 4, seed, 0.5), many() / 2);
    }
}

// A sampler that took the prior's edges would draw x1 = x0 as often as not.
TEST_P(Sampling, EvidenceReachesTheChoiceOfEdges) {
    Maker maker(2);
    const Distribution coin{DistributionType::Categorical, 2};
    maker.input(0, coin, 1, 2, {0.999f, 0.001f, 0.001f, 0.999f});
    maker.input(1, coin, 1, 2, {0.999f, 0.001f, 0.001f, 0.999f});
    maker.product({0, 1}, 1);
    const auto circuit = maker.make(maker.sum({2}, 1, 1, {0.5f, 0.5f}));
    const auto model = compile(circuit);
    const Table evidence{2, {1, Table::missing, 0, Table::missing}, {}};
    const Table samples = sample(*model, evidence, sample_options(1000, 1));
    for (std::int64_t first : {0, 1000}) {
        int agree = 0;
        for (std::int64_t r = first; r < first + 1000; ++r) agree += samples.row(r)[0] == samples.row(r)[1] ? 1 : 0;
        EXPECT_GE(agree, 985);      // expected: 998
    }
}

TEST_P(Sampling, GaussiansFollowTheirPosteriorMixture) {
    const auto circuit = Some::hmm({.length = 6, .states = 5, .seed = 3});
    const Reference reference(circuit);
    const auto model = compile(circuit);
    Table rows = Some::rows(*circuit, 4, 5, 0.5, 0.0);
    for (std::int64_t r = 0; r < rows.rows(); ++r) {
        const std::vector<double> evidence(rows.row(r), rows.row(r) + rows.variables);
        const Table samples = sample(*model, rows.slice(r, 1), sample_options(many(), 7));
        for (std::int32_t v = 0; v < rows.variables; ++v)
            if (std::isnan(evidence[static_cast<std::size_t>(v)])) {
                EXPECT_TRUE(follows(samples, v, distribution_function(reference, evidence, v))) << "row " << r;
            }
    }
}

// Log rows: the one live path lies hundreds of nats under its vectors' maxima.
TEST_P(Sampling, SharpGaussiansFollowTheOnlyPathThatLives) {
    for (const auto transition : {Some::Transition::Identity, Some::Transition::NearDiagonal})
        for (const std::int64_t states : {3, 20, 64}) {
            if (small() && states > 20) continue;
            SCOPED_TRACE(std::to_string(states) + (transition == Some::Transition::Identity ? " states, identity" : " states, near-diagonal"));
            const auto circuit = Some::hmm({.length = 9, .states = states, .transition = transition, .tied = states == 20, .seed = 3});
            const Reference reference(circuit);
            const auto model = compile(circuit);
            Table rows = Some::rows(*circuit, 6, 5, 0.4, 0.0);
            for (std::int32_t v = 0; v < rows.variables; ++v)     // a row from anywhere: every path through it is unlikely
                if (v % 3 != 1) rows.row(5)[v] = static_cast<float>(5.0 * ((v * 7) % static_cast<int>(states)) + 0.1);
                else rows.row(5)[v] = Table::missing;
            for (std::int64_t r = 1; r < rows.rows(); ++r) {
                const std::vector<double> evidence(rows.row(r), rows.row(r) + rows.variables);
                const Table samples = sample(*model, rows.slice(r, 1), sample_options(many() / 4, 7));
                for (std::int32_t v = 0; v < rows.variables; ++v)
                    if (std::isnan(evidence[static_cast<std::size_t>(v)])) {
                        EXPECT_TRUE(follows(samples, v, distribution_function(reference, evidence, v))) << "row " << r;
                    }
            }
        }
}

TEST_P(Sampling, ConformanceCasesFollowTheirPosteriors) {
    for (const std::string& name : conformance_names()) {
        SCOPED_TRACE(name);
        const ConformanceCase& known = conformance_case(name);
        const Circuit& circuit = *known.circuit;
        double joint = 1;
        for (std::int32_t v = 0; v < circuit.variables(); ++v) joint *= static_cast<double>(circuit.distribution_of(v).domain());
        if (small() && circuit.variables() > 50) continue;
        const auto model = compile(known.circuit);
        const Reference reference(known.circuit);
        const std::vector<double> logs = reference.log_likelihood(known.missing);
        for (std::int64_t r = 0; r < std::min<std::int64_t>(known.missing.rows(), some(6, 3)); ++r) {
            if (logs[static_cast<std::size_t>(r * circuit.roots())] == -INFINITY) continue;
            const Table samples = sample(*model, known.missing.slice(r, 1), sample_options(300, 1));
            for (const double log : reference.log_likelihood(circuit.variables() > 50 ? samples.slice(0, 10) : samples)) {
                ASSERT_TRUE(std::isfinite(log) || circuit.roots() > 1) << "row " << r;
            }
            if (joint > 0 && joint <= 3000) {       // 0: a variable is continuous
                EXPECT_TRUE(follows(samples, completions(reference, {known.missing.row(r), known.missing.row(r) + circuit.variables()}))) << "row " << r;
            }
        }
    }
}

TEST_P(Sampling, SingleEdgesAreChosenLikeBlocks) {
    Random random(4);
    Maker maker(2);
    const Distribution six{DistributionType::Categorical, 6};
    maker.input(0, six, 128, 1, random_inputs(random, six, 128, true));
    maker.input(1, six, 128, 1, random_inputs(random, six, 128, false));
    maker.product({0, 1}, 128);
    std::vector<std::int32_t> edges;
    for (std::int32_t i = 0; i < 64; ++i) edges.insert(edges.end(), 3, i);
    for (std::int32_t i = 0; i < 64; ++i)
        for (std::int32_t j = 0; j < 3; ++j) edges.push_back((i * 5 + j * 41) % 128);
    maker.sum({2}, 64, 1, random_weights(random, 64, 1, 128, 1, edges, true, 1), edges);
    const auto circuit = maker.make(maker.sum({3}, 1, 1, random_weights(random, 1, 1, 64, 1, {}, false, 1)));
    const auto model = compile(circuit);
    EXPECT_NE(model->plan(false).find("edges"), std::string::npos) << "the plan has no sum of single edges";
    expect_posteriors(circuit, *model, Table{2, {Table::missing, Table::missing, 2, Table::missing, Table::missing, 5}, {}}, many());
}

TEST_P(Sampling, LongVocabulariesAndWideSumsFollowTheirProbabilities) {
    Random random(6);
    Maker maker(1);
    const Distribution words{DistributionType::Categorical, 3000};
    maker.input(0, words, 1, 3, random_inputs(random, words, 3, true));
    maker.sum({0}, 1, 200, random_weights(random, 1, 200, 1, 3, {}, false, 1));
    const auto circuit = maker.make(maker.sum({1}, 1, 1, random_weights(random, 1, 1, 1, 200, {}, true, 1)));
    const auto model = compile(circuit);
    EXPECT_TRUE(follows(sample(*model, sample_options(small() ? 5000 : 100000, 2)), completions(Reference(circuit), {Table::missing})));
}

TEST_P(Sampling, WhatIsObservedStays) {
    for (std::uint64_t seed = 500; seed < 520; ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        const auto circuit = Some::circuit(seed);
        const auto model = compile(circuit);
        const Table rows = Some::rows(*circuit, 37, seed, 0.4, 0.0);
        const auto logs = log_likelihood(*model, rows);
        Table possible;
        possible.variables = rows.variables;
        for (std::int64_t r = 0; r < rows.rows(); ++r)
            if (logs[static_cast<std::size_t>(r * circuit->roots())] > -INFINITY) possible.values.insert(possible.values.end(), rows.row(r), rows.row(r) + rows.variables);
        const Table samples = sample(*model, possible, sample_options(3, seed));
        for (std::int64_t s = 0; s < samples.rows(); ++s)
            for (std::int32_t v = 0; v < samples.variables; ++v) {
                const double given = possible.row(s / 3)[v], got = samples.row(s)[v];
                EXPECT_TRUE(std::isfinite(got)) << "sample " << s << ", variable " << v;
                EXPECT_TRUE(std::isnan(given) || got == given) << "sample " << s << ", variable " << v << ": " << got << " instead of " << given;
            }
    }
}

JUICE_ON_EVERY_DEVICE(Sampling);

}  // namespace
}  // namespace juice
