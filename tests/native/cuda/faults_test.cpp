// The emulated engine on a device that fails: memory that runs out is a sentence and the next call goes on; a kernel that faults loses the device for
// the process, and nothing else.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cuda/emulation/runtime.h"
#include "cuda/engine.h"
#include "engine/engine.h"
#include "engine/lost.h"
#include "model/engines.h"
#include "reference/cases.h"
#include "reference/some.h"

namespace juice {
namespace {

// A device of its own each time: what is lost stays lost.
int new_device() {
    static int last = 0;
    DeviceEntry entry;
    entry.index = ++last;
    entry.name = "emulated:" + std::to_string(last);
    entry.available = true;
    entry.engine = &cuda::cuda_engine();
    entry.schedule = Schedule::Launches;
    add_device(entry);
    return last;
}

Device device_of(int index) { return {"emulated:" + std::to_string(index), "plain", 1}; }

std::shared_ptr<const Circuit> some_circuit() { return Some::hclt(6, 3, 4, 1); }

juice_rule some_rule() { return em_rule(0.5, 0.1); }

TEST(CudaFaults, AKernelThatFaultsLosesItsDeviceForTheProcessAndNothingElse) {
    const auto circuit = some_circuit();
    const Table rows = Some::rows(*circuit, 20, 1);
    const int lost = new_device(), other = new_device();
    const auto model = compile(circuit, device_of(lost)), bystander = compile(circuit, device_of(lost)), spared = compile(circuit, device_of(other)),
               processor = compile(circuit, {"cpu", "", 1});
    const std::vector<double> before = log_likelihood(*spared, rows), on_cpu = log_likelihood(*processor, rows);
    juice_rule rule = some_rule();
    const juice_epoch_options epoch = epoch_options(rule, 4);
    model->fit_epoch(rows.view(), epoch);       // so that there is a recorded step

    cuda::emulation::fault_after(lost, 3, cudaErrorIllegalAddress);
    expect_lost([&] { model->fit_epoch(rows.view(), epoch); }, lost);

    std::vector<float> flows(static_cast<std::size_t>(model->flow_count()));
    for (const auto& whose : {model.get(), bystander.get()}) {
        expect_lost([&] { log_likelihood(*whose, rows); }, lost);
        expect_lost([&] { sample(*whose, sample_options(3, 1)); }, lost);
        expect_lost([&] { forward(*whose, rows); }, lost);
        expect_lost([&] { whose->fit_epoch(rows.view(), epoch); }, lost);
        expect_lost([&] { whose->update(rule); }, lost);
        expect_lost([&] { whose->clear_flows(); }, lost);
        expect_lost([&] { whose->export_flows(flows.data(), whose->flow_count()); }, lost);
        expect_lost([&] { whose->import_flows(flows.data(), whose->flow_count()); }, lost);
        expect_lost([&] { parameters(*whose, *circuit, 0); }, lost);
        expect_lost([&] { whose->to_circuit(); }, lost);
    }
    expect_lost([&] { compile(circuit, device_of(lost)); }, lost);
    EXPECT_EQ(log_likelihood(*spared, rows), before);
    EXPECT_EQ(log_likelihood(*compile(circuit, device_of(other)), rows), before);
    EXPECT_EQ(log_likelihood(*processor, rows), on_cpu);
}   // freeing them all is the rest of the test

TEST(CudaFaults, AFaultInAQueryIsSeenByTheQuery) {
    const int lost = new_device();
    const auto circuit = some_circuit();
    const auto model = compile(circuit, device_of(lost));
    cuda::emulation::fault_after(lost, 0, cudaErrorIllegalAddress);
    expect_lost([&] { log_likelihood(*model, Some::rows(*circuit, 20, 1)); }, lost);
    expect_lost([&] { log_likelihood(*model, Some::rows(*circuit, 20, 1)); }, lost);
}

// By the number of values: of few, and of so many that a table is large.
class CudaMemoryFaults : public testing::TestWithParam<std::int32_t> {};
INSTANTIATE_TEST_SUITE_P(Values, CudaMemoryFaults, testing::Values(4, 300));

TEST_P(CudaMemoryFaults, MemoryThatRunsOutAnywhereIsASentenceAndTheSameCallGoesThroughAfterwards) {
    const auto circuit = Some::hclt(6, 3, GetParam(), 1);
    const Table rows = Some::rows(*circuit, 20, 1);
    const int device = new_device();
    int failures = 0;
    // The calls of a model's life, each made again where memory failed it; what it answers in the end.
    const auto life = [&] {
        const auto made = [&](const std::function<void()>& call) {
            const auto [status, sentence] = outcome(call);
            if (status == JUICE_OK) return;
            ++failures;
            EXPECT_EQ(status, JUICE_ERROR_MEMORY) << sentence;
            EXPECT_EQ(sentence.find("cuda:" + std::to_string(device) + " has no "), 0u) << sentence;
            EXPECT_NE(sentence.find(" bytes left for "), std::string::npos) << sentence;
            call();
        };
        std::unique_ptr<Model> model;
        std::vector<double> answer, maximum;
        Table drawn;
        made([&] { model = compile(circuit, device_of(device)); });
        made([&] { answer = log_likelihood(*model, rows); });
        made([&] { model->fit_epoch(rows.view(), epoch_options(some_rule(), 7)); });
        made([&] { model->fit_epoch(rows.view(), epoch_options(some_rule(), 7, true)); });
        made([&] { maximum = max_log_value(*model, rows); });
        made([&] { drawn = sample(*model, sample_options(5, 1)); });
        answer = log_likelihood(*model, rows);
        answer.insert(answer.end(), maximum.begin(), maximum.end());
        answer.insert(answer.end(), drawn.values.begin(), drawn.values.end());
        return answer;
    };
    const std::vector<double> expected = life();
    ASSERT_EQ(failures, 0);
    bool over = false;
    for (int k = 0; !over; k += JUICE_SANITIZED ? 5 : 1) {
        cuda::emulation::fail_allocation_after(device, k);
        EXPECT_EQ(life(), expected) << k;
        over = cuda::emulation::allocation_is_to_fail(device);      // there were fewer
        ASSERT_LT(k, 300);
    }
    EXPECT_GT(failures, JUICE_SANITIZED ? 6 : 40);
    cuda::emulation::fail_allocation_after(device, -1);
}

TEST(CudaFaults, AnUnknownDeviceIsASentence) {
    cuda::emulation::set_machine(nullptr);
    const auto circuit = some_circuit();
    DeviceEntry entry;
    entry.index = 63;
    entry.name = "emulated:gone";
    entry.available = true;
    entry.engine = &cuda::cuda_engine();
    entry.schedule = Schedule::Launches;
    add_device(entry);
    const auto [status, sentence] = outcome([&] { compile(circuit, {"emulated:gone", "plain", 1}); });
    EXPECT_EQ(status, JUICE_ERROR_UNSUPPORTED);
    EXPECT_EQ(sentence, "choosing the device: cuda:63 does not work with this build of Juice: invalid device ordinal");
}

}  // namespace
}  // namespace juice
