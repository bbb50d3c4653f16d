// juice.h, section 2.
#include <cstring>

#include "api/some.h"

TEST(Devices, TheFirstIsTheProcessor) {
    std::int32_t count = 0;
    ASSERT_OK(juice_device_count(&count));
    EXPECT_GE(count, 1);
    auto device = some::sized<juice_device>();
    ASSERT_OK(juice_device_get(0, &device));
    EXPECT_STREQ("cpu", device.name);
    EXPECT_EQ(1, device.available);
    EXPECT_STREQ("", device.reason);
    EXPECT_GE(device.cores, 1);
    EXPECT_GT(device.memory, 64 << 20);
    EXPECT_EQ(static_cast<std::int32_t>(sizeof device), device.size);
    const std::string description = device.description;
    EXPECT_TRUE(description.ends_with("avx512") || description.ends_with("avx2") || description.ends_with("portable")) << description;
}

TEST(Devices, RejectWhatIsNotThere) {
    std::int32_t count = 0;
    ASSERT_OK(juice_device_count(&count));
    auto device = some::sized<juice_device>();
    EXPECT_ARGUMENT_ERROR(juice_device_get(count, &device), "index is", "must be in 0");
    EXPECT_ARGUMENT_ERROR(juice_device_get(-1, &device), "index is -1");
    EXPECT_ARGUMENT_ERROR(juice_device_get(0, nullptr), "device is NULL");
    EXPECT_ARGUMENT_ERROR(juice_device_count(nullptr), "count is NULL");
    device.size = 8;
    EXPECT_ARGUMENT_ERROR(juice_device_get(0, &device), "device.size is 8", "sizeof(juice_device)");
}

TEST(Machine, IsMeasuredWithTheThreadsAskedFor) {
    auto machine = some::sized<juice_machine>();
    ASSERT_OK(juice_machine_measure(2, "portable", &machine));
    EXPECT_EQ(2, machine.threads);
    EXPECT_STREQ("portable", machine.instruction_set);
    EXPECT_GT(machine.matrix_rate, 1e7);
    EXPECT_GT(machine.copy_rate, 1e7);
    EXPECT_EQ(static_cast<std::int32_t>(sizeof machine), machine.size);
}

TEST(Machine, RejectsWhatItCannotMeasure) {
    auto machine = some::sized<juice_machine>();
    EXPECT_ARGUMENT_ERROR(juice_machine_measure(-1, nullptr, &machine), "threads is -1");
    EXPECT_ARGUMENT_ERROR(juice_machine_measure(1025, nullptr, &machine), "threads is 1025");
    EXPECT_ARGUMENT_ERROR(juice_machine_measure(1, "mmx", &machine), "'mmx'", "avx512, avx2 or portable");
    EXPECT_ARGUMENT_ERROR(juice_machine_measure(1, nullptr, nullptr), "machine is NULL");
    machine.size = 4;
    EXPECT_ARGUMENT_ERROR(juice_machine_measure(1, nullptr, &machine), "machine.size is 4");
}

TEST(Devices, ACudaDeviceIsThereOrSaysWhyNot) {
    std::int32_t count = 0;
    ASSERT_OK(juice_device_count(&count));
    ASSERT_GE(count, 2);
    auto device = some::sized<juice_device>();
    ASSERT_OK(juice_device_get(1, &device));
    EXPECT_STREQ("cuda:0", device.name);
    const std::string reason = device.reason;
    EXPECT_EQ(reason.empty(), device.available == 1);
#if defined(JUICE_HAS_CUDA)
    // The plug-in was built: it is found and loaded, and what is missing is the machine's.
    EXPECT_EQ(reason.find("libjuice_cuda.so"), std::string::npos) << reason;
#else
    EXPECT_NE(reason.find("libjuice_cuda.so"), std::string::npos) << reason;
#endif
    if (device.available) {
        EXPECT_GT(device.memory, 1 << 30);
        EXPECT_GE(device.cores, 1);
        return;
    }
    const auto circuit = some::circuit();
    auto options = some::sized<juice_compile_options>();
    for (const char* name : {"cuda", "cuda:0"}) {
        options.device = name;
        juice_model* model = nullptr;
        EXPECT_STATUS(JUICE_ERROR_UNSUPPORTED, juice_model_compile(circuit.get(), &options, &model), reason.c_str());
    }
}

TEST(Devices, AModelForADeviceThatNobodyKnowsIsRefused) {
    const auto circuit = some::circuit();
    auto options = some::sized<juice_compile_options>();
    options.device = "abacus";
    juice_model* model = nullptr;
    EXPECT_STATUS(JUICE_ERROR_UNSUPPORTED, juice_model_compile(circuit.get(), &options, &model), "'abacus'", "'cpu', 'cuda:0'");
}
