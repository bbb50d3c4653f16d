// A graphics card on which a kernel has faulted: lost for its process, which goes on with the processor. (All calls, on the emulated one: cuda/faults_test.cpp.)
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

#include "engine/engine.h"
#include "engine/lost.h"
#include "reference/cases.h"
#include "reference/some.h"

namespace juice {
namespace {

class LostCard : public OnDevice {};
INSTANTIATE_TEST_SUITE_P(Devices, LostCard, testing::Values(Device{"cuda:0", "", 1, false}), [](const auto& info) { return info.param.name(); });

// Has a kernel beside Juice's, in the context that CUDA's programs of a process share, write where there is no memory.
void fault() {
    constexpr const char* kernel = ".version 6.3\n.target sm_75\n.address_size 64\n.visible .entry fault() { .reg .u64 where; mov.u64 where, 16; st.global.u64 [where], where; ret; }\n";
    void* const driver = dlopen("libcuda.so.1", RTLD_NOW);
    ASSERT_NE(driver, nullptr) << dlerror();
    const auto call = [driver](const char* name, auto... arguments) {
        const auto function = reinterpret_cast<int (*)(decltype(arguments)...)>(dlsym(driver, name));
        ASSERT_NE(function, nullptr) << name;
        ASSERT_EQ(function(arguments...), 0) << name;
    };
    void *context = nullptr, *module = nullptr, *function = nullptr;
    call("cuInit", 0u);
    call("cuDevicePrimaryCtxRetain", &context, 0);
    call("cuCtxSetCurrent", context);
    call("cuModuleLoadData", &module, kernel);
    call("cuModuleGetFunction", &function, module, "fault");
    const unsigned one = 1, none = 0;
    void *const stream = nullptr, *const arguments = nullptr;
    call("cuLaunchKernel", function, one, one, one, one, one, one, none, stream, arguments, arguments);
}

TEST_P(LostCard, IsLostForTheProcessAndNothingElse) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    const auto in_a_process = [] {
        const auto circuit = Some::hclt(6, 3, 4, 1);
        const Table rows = Some::rows(*circuit, 20, 1);
        const auto processor = juice::compile(circuit, {"cpu", "", 1});
        const std::vector<double> on_cpu = log_likelihood(*processor, rows);
        {
            const auto model = juice::compile(circuit, GetParam()), bystander = juice::compile(circuit, GetParam());
            const juice_epoch_options epoch = epoch_options(em_rule(0.5, 0.1), 4);
            model->fit_epoch(rows.view(), epoch);
            fault();
            expect_lost([&] { model->fit_epoch(rows.view(), epoch); }, 0);
            expect_lost([&] { model->to_circuit(); }, 0);
            expect_lost([&] { log_likelihood(*bystander, rows); }, 0);
            expect_lost([&] { juice::compile(circuit, GetParam()); }, 0);
        }   // freeing is silent
        EXPECT_EQ(log_likelihood(*processor, rows), on_cpu);
        std::exit(HasFailure() ? 1 : 0);
    };
    EXPECT_EXIT(in_a_process(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace juice
