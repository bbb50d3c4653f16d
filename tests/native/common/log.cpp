// Log lines reach the callback that is set, at its level and above, from any thread and one at a time.
#include "common/log.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace {

using Lines = std::vector<std::pair<std::int32_t, std::string>>;

void keep(std::int32_t level, const char* message, void* user) { static_cast<Lines*>(user)->emplace_back(level, message); }

// Sets a callback that fills `lines`, and takes it away again.
struct Kept {
    Lines lines;
    explicit Kept(juice::LogLevel minimum) { juice::set_log(keep, &lines, static_cast<std::int32_t>(minimum)); }
    ~Kept() { juice::set_log(nullptr, nullptr, 0); }
};

}  // namespace

TEST(Log, DeliversAtItsLevelAndAbove) {
    const Kept kept(juice::LogLevel::Information);
    juice::log(juice::LogLevel::Debug, "not wanted");
    juice::log(juice::LogLevel::Information, "%d rows", 7);
    juice::log(juice::LogLevel::Critical, "%s", "worse");
    EXPECT_EQ((Lines{{2, "7 rows"}, {5, "worse"}}), kept.lines);
}

TEST(Log, IsOffWithoutACallback) {
    Lines lines;
    juice::set_log(keep, &lines, 0);
    juice::set_log(nullptr, &lines, 0);
    juice::log(juice::LogLevel::Critical, "unheard");
    EXPECT_TRUE(lines.empty());
}

TEST(Log, CutsALongLine) {
    const Kept kept(juice::LogLevel::Trace);
    juice::log(juice::LogLevel::Error, "%s", std::string(100000, 'x').c_str());
    ASSERT_EQ(1u, kept.lines.size());
    EXPECT_EQ(2047u, kept.lines[0].second.size());
}

TEST(Log, TakesLinesFromManyThreadsWhileItIsSet) {
    Kept kept(juice::LogLevel::Trace);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([] {
            for (int i = 0; i < 500; ++i) juice::log(juice::LogLevel::Warning, "line %d", i);
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(2000u, kept.lines.size());
}

TEST(Log, ACallbackMayTurnItselfOff) {
    static int calls;
    calls = 0;
    const auto once = [](std::int32_t, const char*, void*) {
        ++calls;
        juice::set_log(nullptr, nullptr, 0);
    };
    juice::set_log(once, nullptr, 0);
    juice::log(juice::LogLevel::Error, "first");
    juice::log(juice::LogLevel::Error, "second");
    EXPECT_EQ(1, calls);
}
