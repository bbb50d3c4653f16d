// Parameters and flows in and out of a model: round trips, sums of buffers, and what one model's change does to another (nothing).
#include <algorithm>

#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/some.h"

namespace juice {
namespace {

class Transfer : public OnDevice {
protected:
    template <typename Check>
    void for_each_circuit(Check check) {
        Some::CircuitOptions options;
        options.max_roots = 1;
        for (std::uint64_t seed = 7000; seed < 7000 + some<std::uint64_t>(50, 10); ++seed) {
            SCOPED_TRACE("circuit seed " + std::to_string(seed));
            check(Some::circuit(seed, options), seed);
            if (HasFailure()) break;
        }
    }

    static std::vector<float> exported(const Model& model) {
        std::vector<float> buffer(static_cast<std::size_t>(model.flow_count()));
        model.export_flows(buffer.data(), model.flow_count());
        return buffer;
    }

    static bool has_parameters(const Circuit& circuit, std::int32_t id) {
        return circuit[id].type != NodeType::Product && circuit.owner(id).parameter_count() > 0;
    }
};

TEST_P(Transfer, AFreshModelHoldsTheCircuitsParameters) {
    for_each_circuit([&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t) {
        const auto model = compile(circuit);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if (!has_parameters(*circuit, id)) continue;
            const auto& owned = circuit->owner(id).parameters;
            EXPECT_TRUE(same(parameters(*model, *circuit, id), std::vector<float>(owned.begin(), owned.end()))) << "vector " << id;
        }
    });
}

TEST_P(Transfer, ParametersSetAreParametersGot) {
    for_each_circuit([&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed) {
        // Trained parameters, moved by hand to a fresh model, make it answer alike.
        const auto trained = compile(circuit), fresh = compile(circuit);
        const Table rows = Some::rows(*circuit, 40, seed, 0.1);
        trained->fit_epoch(rows.view(), epoch_options(em_rule(0.5, 0.1), 10));
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            if (!has_parameters(*circuit, id)) continue;
            const std::vector<float> theta = parameters(*trained, *circuit, id);
            fresh->set_parameters(id, theta.data(), static_cast<std::int64_t>(theta.size()));
            EXPECT_TRUE(same(parameters(*fresh, *circuit, id), theta)) << "vector " << id;
        }
        EXPECT_TRUE(near(log_likelihood(*fresh, rows), log_likelihood(*trained, rows), 2e-6));
        forward(*fresh, rows);
        backward(*fresh);
        forward(*trained, rows);
        backward(*trained);
        EXPECT_TRUE(near(flows(*fresh, *circuit), flows(*trained, *circuit), 1e-5));
    });
}

TEST_P(Transfer, ATrainedModelBecomesACircuit) {
    for_each_circuit([&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed) {
        const auto model = compile(circuit);
        const Table rows = Some::rows(*circuit, 40, seed, 0.1);
        model->fit_epoch(rows.view(), epoch_options(em_rule(0.5, 0.1), 10));
        const std::shared_ptr<const Circuit> trained = model->to_circuit();
        ASSERT_EQ(trained->size(), circuit->size());
        EXPECT_EQ(trained->root(), circuit->root());
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            EXPECT_EQ((*trained)[id].tied_to, (*circuit)[id].tied_to);
            EXPECT_EQ((*trained)[id].children, (*circuit)[id].children);
            EXPECT_TRUE(std::ranges::equal((*trained)[id].edges, (*circuit)[id].edges));
            const auto& theta = (*trained)[id].parameters;
            if ((*circuit)[id].tied_to >= 0 || !has_parameters(*circuit, id)) continue;
            EXPECT_TRUE(same(std::vector<float>(theta.begin(), theta.end()), parameters(*model, *circuit, id))) << "vector " << id;
        }
        const std::vector<double> before = log_likelihood(*model, rows);
        EXPECT_TRUE(near(before, Reference(trained).log_likelihood(rows), 1e-5));
        EXPECT_TRUE(near(log_likelihood(*compile(trained), rows), before, 2e-6));
    });
}

TEST_P(Transfer, ModelsOfOneCircuitDoNotShare) {
    const auto circuit = Some::hclt(8, 6, 4, 1);
    const auto one = compile(circuit), other = compile(circuit);
    const Table rows = Some::rows(*circuit, 40, 1);
    const std::vector<double> before = log_likelihood(*other, rows);
    const auto snapshot = one->to_circuit();
    const std::vector<float> first((*snapshot)[0].parameters.begin(), (*snapshot)[0].parameters.end());
    one->fit_epoch(rows.view(), epoch_options(em_rule(1.0, 0.1), 40));
    EXPECT_TRUE(same(log_likelihood(*other, rows), before));
    EXPECT_TRUE(same(Reference(circuit).log_likelihood(rows), Reference(snapshot).log_likelihood(rows))) << "a circuit changed";
    EXPECT_TRUE(std::equal(first.begin(), first.end(), (*snapshot)[0].parameters.begin()));
}

TEST_P(Transfer, FlowsExportedAreFlowsImported) {
    for_each_circuit([&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed) {
        const auto source = compile(circuit), target = compile(circuit);
        const Table rows = Some::rows(*circuit, 40, seed, 0.1);
        forward(*source, rows);
        backward(*source);
        ASSERT_EQ(source->flow_count(), target->flow_count());
        const std::vector<float> buffer = exported(*source);
        target->import_flows(buffer.data(), target->flow_count());
        EXPECT_TRUE(same(exported(*target), buffer));
        const Flows got = flows(*target, *circuit), expected = flows(*source, *circuit);
        for (std::size_t id = 0; id < got.parameters.size(); ++id) EXPECT_TRUE(same(got.parameters[id], expected.parameters[id])) << "vector " << id;
        source->update(em_rule(0.7, 0.2));
        target->update(em_rule(0.7, 0.2));
        EXPECT_TRUE(all_parameters(*target, *circuit) == all_parameters(*source, *circuit));
        EXPECT_TRUE(same(exported(*source), std::vector<float>(buffer.size()))) << "an update clears the flows";
    });
}

TEST_P(Transfer, FlowsOfTwoHalvesAddUpToTheWhole) {
    for_each_circuit([&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed) {
        const Table rows = Some::rows(*circuit, 64, seed, 0.1);
        const auto whole = compile(circuit), left = compile(circuit), right = compile(circuit);
        forward(*whole, rows);
        backward(*whole);
        forward(*left, rows.slice(0, 30));
        backward(*left);
        forward(*right, rows.slice(30, 34));
        backward(*right);
        const std::vector<float> buffer = exported(*right);
        left->add_flows(buffer.data(), left->flow_count());
        for (std::int32_t id = 0; id < circuit->size(); ++id)
            EXPECT_TRUE(near(parameter_flows(*left, *circuit, id), parameter_flows(*whole, *circuit, id), 5e-6)) << "flows of vector " << id;
        whole->update(em_rule(0.7, 0.2));
        left->update(em_rule(0.7, 0.2));
        const auto got = all_parameters(*left, *circuit), expected = all_parameters(*whole, *circuit);
        for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(near(got[id], expected[id], 1e-5)) << "parameters of vector " << id;
    });
}

TEST_P(Transfer, FlowsAddUpUntilTheyAreCleared) {
    const auto circuit = Some::hclt(8, 6, 4, 1);
    const auto model = compile(circuit);
    const Reference reference(circuit);
    const Table rows = Some::rows(*circuit, 40, 1);
    Flows expected = reference.flows(rows);
    expected.add(reference.flows(rows.slice(0, 10)));
    forward(*model, rows);
    backward(*model);
    forward(*model, rows.slice(0, 10));
    backward(*model);
    for (std::int32_t id = 0; id < circuit->size(); ++id)
        EXPECT_TRUE(near(parameter_flows(*model, *circuit, id), expected.parameters[static_cast<std::size_t>(id)], 1e-4)) << "vector " << id;
    model->clear_flows();
    EXPECT_TRUE(same(exported(*model), std::vector<float>(static_cast<std::size_t>(model->flow_count()))));
}

TEST_P(Transfer, FlowsOfAVectorCanBeSet) {
    for_each_circuit([&](const std::shared_ptr<const Circuit>& circuit, std::uint64_t seed) {
        const auto source = compile(circuit), target = compile(circuit);
        const Table rows = Some::rows(*circuit, 40, seed, 0.1);
        forward(*source, rows);
        backward(*source);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            const std::vector<float> values = parameter_flows(*source, *circuit, id);
            if (values.empty()) continue;
            target->set_flows(id, values.data(), static_cast<std::int64_t>(values.size()));
            EXPECT_TRUE(near(parameter_flows(*target, *circuit, id), values, 1e-6)) << "vector " << id;
        }
        source->update(em_rule(0.7, 0.2));
        target->update(em_rule(0.7, 0.2));
        const auto got = all_parameters(*target, *circuit), expected = all_parameters(*source, *circuit);
        for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(near(got[id], expected[id], 1e-5)) << "parameters of vector " << id;
    });
}

// Flows of more rows than are added up in one go, some of them replaced between a batch's forward and its backward pass.
TEST_P(Transfer, FlowsSetBeforeABackwardPassStay) {
    const auto circuit = Some::hclt(6, 4, 3, 1);
    const auto model = compile(circuit), alone = compile(circuit);
    const Table many = Some::rows(*circuit, 700, 1), few = Some::rows(*circuit, 10, 2);
    for (int pass = 0; pass < 2; ++pass) {
        forward(*model, many);
        backward(*model);
    }
    forward(*alone, few);
    backward(*alone);
    forward(*model, few);
    for (std::int32_t id = 0; id < circuit->size(); ++id)
        if (const std::vector<float> values = parameter_flows(*model, *circuit, id); !values.empty()) {
            const std::vector<float> ones(values.size(), 1.0f);
            model->set_flows(id, ones.data(), static_cast<std::int64_t>(ones.size()));
        }
    backward(*model);
    for (std::int32_t id = 0; id < circuit->size(); ++id) {
        std::vector<float> expected = parameter_flows(*alone, *circuit, id);
        for (float& flow : expected) flow += 1;
        EXPECT_TRUE(near(parameter_flows(*model, *circuit, id), expected, 1e-5)) << "vector " << id;
    }
}

JUICE_ON_EVERY_DEVICE(Transfer);

}  // namespace
}  // namespace juice
