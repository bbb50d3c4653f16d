// The loading of the CUDA plug-in: what is not there, is none, or is of another version is declined with a reason.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "model/plugin.h"

namespace juice {
namespace {

// JUICE_NATIVE_PATH while it lives.
class NativePath {
public:
    explicit NativePath(const std::string& path) {
        if (const char* old = std::getenv("JUICE_NATIVE_PATH")) old_ = old;
        setenv("JUICE_NATIVE_PATH", path.c_str(), 1);
    }
    ~NativePath() { setenv("JUICE_NATIVE_PATH", old_.c_str(), 1); }
    NativePath(const NativePath&) = delete;

private:
    std::string old_;
};

void expect_declined(const std::string& folder, const std::string& piece) {
    const NativePath path(std::string(JUICE_PLUGINS) + folder);
    const Plugin plugin = load_cuda_plugin();
    EXPECT_EQ(plugin.engine, nullptr);
    EXPECT_TRUE(plugin.devices.empty());
    EXPECT_NE(plugin.reason.find(piece), std::string::npos) << plugin.reason;
}

TEST(CudaPlugin, IsDeclinedWhereItIsNot) { expect_declined("/nowhere", "libjuice_cuda.so is not in '"); }
TEST(CudaPlugin, IsDeclinedWhereItIsSomethingElse) { expect_declined("/stranger", "is not a plug-in of Juice"); }
TEST(CudaPlugin, IsDeclinedWhereItIsOfAnotherVersion) { expect_declined("/stale", "is of another version: Juice 0.0.1, engine 0 instead of Juice"); }

}  // namespace
}  // namespace juice
