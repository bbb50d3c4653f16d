#include "engine/lost.h"

#include <gtest/gtest.h>

#include "common/error.h"

namespace juice {

std::pair<juice_status, std::string> outcome(const std::function<void()>& work) {
    try {
        work();
        return {JUICE_OK, ""};
    } catch (const Error& error) {
        return {error.status(), error.what()};
    }
}

void expect_lost(const std::function<void()>& work, int device) {
    const auto [status, sentence] = outcome(work);
    EXPECT_EQ(status, JUICE_ERROR_DEVICE_LOST) << sentence;
    EXPECT_EQ(sentence, "cuda:" + std::to_string(device) + " is lost for this process, since work on it failed with 'an illegal memory access was encountered': "
                        "models on it can only be freed, and another process is needed to use it");
}

}  // namespace juice
