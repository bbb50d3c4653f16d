// What the fuzzers found, and the inputs that lead them deepest, through the same targets without a fuzzer.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "../fuzz/life.h"

namespace {

namespace fs = std::filesystem;

struct Target {
    const char* name;
    void (*run)(std::span<const std::uint8_t>);
};

class FuzzCorpus : public testing::TestWithParam<Target> {};

TEST_P(FuzzCorpus, IsLivedThrough) {
    const char* const set = std::getenv("JUICE_MEMORY_LIMIT");
    const std::string before = set ? set : "";
    fuzz::prepare();
    std::vector<fs::path> inputs;
    for (const auto& entry : fs::directory_iterator(fs::path(JUICE_FUZZ_CORPUS) / GetParam().name)) inputs.push_back(entry.path());
    std::sort(inputs.begin(), inputs.end());
    EXPECT_GT(inputs.size(), 10u);
    for (const fs::path& input : inputs) {
        SCOPED_TRACE(input.string());
        std::ifstream stream(input, std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
        GetParam().run({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    }
    if (set) setenv("JUICE_MEMORY_LIMIT", before.c_str(), 1); else unsetenv("JUICE_MEMORY_LIMIT");
}

INSTANTIATE_TEST_SUITE_P(All, FuzzCorpus, testing::Values(Target{"file", fuzz::file}, Target{"json", fuzz::json}, Target{"description", fuzz::description}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
