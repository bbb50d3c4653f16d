// The tensor-core family: chosen by the GPU alone, and as exact as the plain one. The list of engine tests runs on what is chosen by default.
#include "common/error.h"
#include "cuda/run.h"
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/some.h"

namespace juice {
namespace {

using cuda::Arithmetic;
using cuda::choose_arithmetic;

TEST(Arithmetic, IsChosenByTheGpu) {
    for (const int capability : {80, 90, 100, 103}) EXPECT_EQ(choose_arithmetic(capability, nullptr), Arithmetic::Tensor) << capability;
    for (const int capability : {75, 86, 87, 89, 120}) EXPECT_EQ(choose_arithmetic(capability, ""), Arithmetic::Plain) << capability;
    EXPECT_EQ(choose_arithmetic(90, "plain"), Arithmetic::Plain);
    EXPECT_EQ(choose_arithmetic(86, "tensor"), Arithmetic::Tensor);
    EXPECT_THROW(choose_arithmetic(75, "tensor"), Error);
    EXPECT_THROW(choose_arithmetic(90, "avx2"), Error);
}

TEST(Arithmetic, IsFastWhereTensorCoresKnowBf16) {
    EXPECT_FALSE(cuda::has_fast(75));
    for (const int capability : {80, 86, 89, 90, 100, 120}) EXPECT_TRUE(cuda::has_fast(capability)) << capability;
}

TEST(TensorCores, AgreeWithTheOracle) {
    for (const auto& [latents, rows] : {std::pair{3, 7}, std::pair{17, 20}, std::pair{JUICE_SANITIZED ? 20 : 80, 70}}) {
        SCOPED_TRACE(std::to_string(latents) + " latents");
        const auto circuit = Some::hclt(4, latents, 5, 3);
        const Table batch = Some::rows(*circuit, rows, 3, 0.1);
        devices();      // makes the emulated one known
        const auto model = compile(circuit, {Device::emulated, "tensor", 1, false}, 0, 128);
        Reference reference(circuit);
        EXPECT_TRUE(near(forward(*model, batch), reference.log_likelihood(batch), 1e-5));
        backward(*model);
        const Flows expected = reference.flows(batch);
        EXPECT_TRUE(near(flows(*model, *circuit), expected, 1e-5));
        const juice_rule rule = em_rule(0.5, 0.2);
        model->clear_flows();
        model->fit_epoch(batch.view(), epoch_options(rule, rows));
        reference.update(expected, rule);
        for (std::int32_t id = 0; id < circuit->size(); ++id)
            if ((*circuit)[id].type != NodeType::Product) {
                EXPECT_TRUE(near(parameters(*model, *circuit, id), reference.parameters(id), 1e-5)) << "parameters of vector " << id;
            }
    }
}

}  // namespace
}  // namespace juice
