// Memory: a limit makes micro-batches, not errors, until the parameters themselves do not fit; and steps leave nothing behind.
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "common/error.h"
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/random.h"
#include "reference/some.h"

namespace juice {
namespace {

class Memory : public OnDevice {
protected:
    void expect_memory_error(const std::shared_ptr<const Circuit>& circuit, std::int64_t limit) const {
        try {
            compile(circuit, limit);
            ADD_FAILURE() << "a limit of " << limit << " bytes was enough";
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), JUICE_ERROR_MEMORY);
            EXPECT_GT(std::string(error.what()).size(), 20u) << error.what();
            EXPECT_NE(std::string(error.what()).find_first_of("0123456789"), std::string::npos) << error.what();
        }
    }

    static void expect_same_training(const std::shared_ptr<const Circuit>& circuit, Model& limited, Model& free, const Table& rows) {
        EXPECT_TRUE(near(log_likelihood(limited, rows), log_likelihood(free, rows), 1e-6));
        EXPECT_TRUE(near(forward(limited, rows), forward(free, rows), 1e-6));
        backward(limited);
        backward(free);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            EXPECT_TRUE(near(parameter_flows(limited, *circuit, id), parameter_flows(free, *circuit, id), 5e-6)) << "flows of vector " << id;
            EXPECT_TRUE(near(node_flows(limited, *circuit, id), node_flows(free, *circuit, id), 5e-6)) << "node flows of vector " << id;
        }
        limited.update(em_rule(0.6, 0.1));
        free.update(em_rule(0.6, 0.1));
        limited.fit_epoch(rows.view(), epoch_options(em_rule(0.4, 0.1), rows.rows()));
        free.fit_epoch(rows.view(), epoch_options(em_rule(0.4, 0.1), rows.rows()));
        limited.fit_epoch(rows.view(), epoch_options(em_rule(0.3, 0.1), rows.rows(), true));
        free.fit_epoch(rows.view(), epoch_options(em_rule(0.3, 0.1), rows.rows(), true));
        const auto got = all_parameters(limited, *circuit), expected = all_parameters(free, *circuit);
        for (std::size_t id = 0; id < got.size(); ++id) EXPECT_TRUE(near(got[id], expected[id], 5e-6)) << "parameters of vector " << id;
    }
};

TEST_P(Memory, ALimitMakesMicroBatches) {
    const auto circuit = Some::hclt(60, 20, 6, 1);
    const Table rows = Some::rows(*circuit, 512, 1, 0.1);
    const auto free = compile(circuit, 0, 512);
    const juice_model_info unlimited = free->info();
    ASSERT_GE(unlimited.micro_batch, 512);
    const std::int64_t limit = unlimited.parameter_bytes + unlimited.flow_bytes + unlimited.activation_bytes / 4;
    const auto limited = compile(circuit, limit, 512);
    EXPECT_LT(limited->info().micro_batch, 512);
    EXPECT_GE(limited->info().micro_batch, 1);
    EXPECT_LE(limited->info().parameter_bytes + limited->info().activation_bytes, limit);
    expect_same_training(circuit, *limited, *free, rows);
}

TEST_P(Memory, RootFlowsAndWeightsFollowTheirRowsIntoMicroBatches) {
    Some::CircuitOptions options;
    options.min_variables = 5;
    options.block_sizes = {5, 16};
    for (std::uint64_t seed = 6000; seed < 6006; ++seed) {
        SCOPED_TRACE("circuit seed " + std::to_string(seed));
        const auto circuit = Some::circuit(seed, options);
        const auto free = compile(circuit, 0, 300);
        const juice_model_info info = free->info();
        const auto limited = compile(circuit, info.parameter_bytes + info.flow_bytes + info.activation_bytes / 3, 300);
        EXPECT_LT(limited->info().micro_batch, 300);
        Table rows = Some::rows(*circuit, 300, seed, 0.1);
        rows.weights = Some::weights(300, seed);
        Random random(seed);
        std::vector<double> root_flows;
        for (std::int64_t i = 0; i < 300 * circuit->roots(); ++i) root_flows.push_back(static_cast<float>(random.between(-1, 1)));
        for (Model* model : {free.get(), limited.get()}) {
            forward(*model, rows);
            backward(*model, root_flows);
        }
        EXPECT_TRUE(near(flows(*limited, *circuit), Reference(circuit).flows(rows, root_flows), 1e-4));
        EXPECT_TRUE(near(flows(*limited, *circuit), flows(*free, *circuit), 1e-5));
    }
}

TEST_P(Memory, ALimitBelowTheParametersIsAnError) {
    const auto circuit = Some::hclt(60, 20, 6, 1);
    expect_memory_error(circuit, compile(circuit)->info().parameter_bytes / 2);
    expect_memory_error(circuit, 1);
}

TEST_P(Memory, TheEnvironmentSetsALimit) {
    const auto circuit = Some::hclt(60, 20, 6, 1);
    const juice_model_info info = compile(circuit, 0, 512)->info();
    ASSERT_EQ(setenv("JUICE_MEMORY_LIMIT", std::to_string(info.parameter_bytes + info.flow_bytes + info.activation_bytes / 4).c_str(), 1), 0);
    EXPECT_LT(compile(circuit, 0, 512)->info().micro_batch, 512);
    EXPECT_GE(compile(circuit, std::int64_t{1} << 40, 512)->info().micro_batch, 512) << "an option goes before the environment";
    ASSERT_EQ(setenv("JUICE_MEMORY_LIMIT", "1000", 1), 0);
    expect_memory_error(circuit, 0);
    ASSERT_EQ(unsetenv("JUICE_MEMORY_LIMIT"), 0);
    EXPECT_GE(compile(circuit, 0, 512)->info().micro_batch, 512);
}

std::int64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::int64_t size = 0, resident = 0;
    file >> size >> resident;
    return resident * sysconf(_SC_PAGESIZE);
}

TEST_P(Memory, StepsLeaveNothingBehind) {
    if (JUICE_SANITIZED) GTEST_SKIP() << "a sanitizer keeps freed memory";
    const auto circuit = Some::hclt(30, 8, 6, 1);
    const auto model = compile(circuit);
    const Table rows = Some::rows(*circuit, 64, 1, 0.1);
    const auto steps = [&](int count) {
        for (int step = 0; step < count; ++step) {
            model->fit_epoch(rows.view(), epoch_options(em_rule(0.1, 0.1), 64));
            forward(*model, rows);
            backward(*model);
            model->update(em_rule(0.1, 0.1));
            log_likelihood(*model, rows);
        }
    };
    steps(some(50, 10));
    const std::int64_t before = resident_bytes();
    steps(some(1000, 100));
    EXPECT_LT(resident_bytes() - before, 1 << 20);
}

TEST_P(Memory, CompilingLeavesNothingBehind) {
    if (JUICE_SANITIZED) GTEST_SKIP() << "a sanitizer keeps freed memory";
    const auto circuit = Some::hclt(30, 8, 6, 1);
    const Table rows = Some::rows(*circuit, 64, 1, 0.1);
    const auto compilations = [&](int count) {
        for (int i = 0; i < count; ++i) {
            const auto model = compile(circuit);
            model->fit_epoch(rows.view(), epoch_options(em_rule(0.1, 0.1), 64));
            log_likelihood(*model, rows);
        }
    };
    compilations(10);
    const std::int64_t before = resident_bytes();
    compilations(some(100, 30));
    EXPECT_LT(resident_bytes() - before, 4 << 20);
}

JUICE_ON_EVERY_DEVICE(Memory);

}  // namespace
}  // namespace juice
