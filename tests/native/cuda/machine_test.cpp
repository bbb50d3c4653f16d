// What the CUDA plug-in says of the machine that it is on: cards, or one sentence why there are none.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "cuda/emulation/runtime.h"
#include "plan/plugin.h"

extern "C" std::int32_t juice_cuda_devices(juice::PluginDevice* devices, std::int32_t capacity, char* reason, std::int32_t length);

namespace juice {
namespace {

using cuda::emulation::Machine;

// A machine with cards of one kind while it lives, and what the plug-in says of it.
class OnMachine {
public:
    OnMachine(int driver, int devices, int major, int minor) {
        Machine machine{driver, 12040, devices, {}};
        std::snprintf(machine.properties.name, sizeof machine.properties.name, "Some card");
        machine.properties.totalGlobalMem = std::size_t{6} << 30;
        machine.properties.multiProcessorCount = 13;
        machine.properties.major = major;
        machine.properties.minor = minor;
        cuda::emulation::set_machine(&machine);
        char text[256] = "";
        found.resize(64);
        found.resize(static_cast<std::size_t>(juice_cuda_devices(found.data(), 64, text, sizeof text)));
        reason = text;
    }
    ~OnMachine() { cuda::emulation::set_machine(nullptr); }
    OnMachine(const OnMachine&) = delete;

    std::vector<PluginDevice> found;
    std::string reason;
};

TEST(CudaMachine, WithoutADriverThereIsNone) {
    const OnMachine machine(0, 0, 0, 0);
    EXPECT_TRUE(machine.found.empty());
    EXPECT_EQ(machine.reason, "there is no NVIDIA driver here");
}

TEST(CudaMachine, AnOldDriverIsNamedWithWhatIsNeeded) {
    const OnMachine machine(11060, 1, 8, 6);
    EXPECT_TRUE(machine.found.empty());
    EXPECT_EQ(machine.reason, "the NVIDIA driver knows CUDA 11.6, and Juice was built for 12.4");
}

TEST(CudaMachine, ADriverWithoutACardIsSaid) {
    const OnMachine machine(12060, 0, 8, 6);
    EXPECT_TRUE(machine.found.empty());
    EXPECT_EQ(machine.reason, "there is no NVIDIA device here: no CUDA-capable device is detected");
}

TEST(CudaMachine, ACardThatIsTooOldIsListedAndSaysSo) {
    const OnMachine machine(12040, 2, 7, 0);
    ASSERT_EQ(machine.found.size(), 2u);
    EXPECT_EQ(machine.found[1].available, 0);
    EXPECT_STREQ(machine.found[1].reason, "its compute capability is 7.0: Juice needs 7.5");
    EXPECT_STREQ(machine.found[1].description, "Some card, compute capability 7.0");
}

TEST(CudaMachine, ACardThatServesIsDescribed) {
    const OnMachine machine(12040, 1, 7, 5);
    ASSERT_EQ(machine.found.size(), 1u);
    EXPECT_EQ(machine.found[0].available, 1);
    EXPECT_STREQ(machine.found[0].reason, "");
    EXPECT_EQ(machine.found[0].memory, std::int64_t{6} << 30);
    EXPECT_EQ(machine.found[0].cores, 13);
}

}  // namespace
}  // namespace juice
