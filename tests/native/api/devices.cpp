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
