// juice.h, section 1, but for the layout.
#include <string>
#include <thread>

#include "api/some.h"

TEST(Version, IsTheProjectsAndTheHeaders) {
    EXPECT_EQ(JUICE_ABI_VERSION, juice_abi_version());
    EXPECT_STREQ(JUICE_PROJECT_VERSION, juice_version());
}

TEST(LastError, StaysUntilTheNextFailure) {
    EXPECT_ARGUMENT_ERROR(juice_device_count(nullptr), "count is NULL");
    std::int32_t count = 0;
    EXPECT_OK(juice_device_count(&count));
    EXPECT_NE(std::string::npos, std::string(juice_last_error()).find("count is NULL"));
    EXPECT_ARGUMENT_ERROR(juice_circuit_read(nullptr, nullptr, nullptr), "path is NULL");
}

TEST(LastError, IsTheCallingThreadsOwn) {
    EXPECT_ARGUMENT_ERROR(juice_device_count(nullptr), "count is NULL");
    std::string elsewhere = "not read";
    std::thread([&] { elsewhere = juice_last_error(); }).join();
    EXPECT_EQ("", elsewhere);
    EXPECT_STRNE("", juice_last_error());
}

TEST(LastError, CutsAnEndlessSentenceBetweenCharacters) {
    std::string path = "/";
    while (path.size() < 10000) path += "é";
    juice_circuit* circuit = nullptr;
    for (int shift = 0; shift < 2; ++shift, path += "x") {
        ASSERT_NE(JUICE_OK, juice_circuit_read((path + "/none.juice").c_str(), nullptr, &circuit));
        const std::string sentence = juice_last_error();
        ASSERT_FALSE(sentence.empty());
        EXPECT_LT(sentence.size(), 5000u);
        EXPECT_NE('\xC3', sentence.back()) << "half of an é";
    }
}

TEST(Text, NullIsFreed) { juice_text_free(nullptr); }

TEST(LogCallback, CanBeSetAndTurnedOff) {
    juice_set_log([](std::int32_t, const char*, void*) {}, nullptr, 0);
    juice_set_log(nullptr, nullptr, 0);
    EXPECT_NE(nullptr, some::model());
}
