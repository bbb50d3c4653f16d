// What calls borrow: no more than there may be, and where there is no room for another, one of the others.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/error.h"
#include "cuda/lender.h"

namespace juice::cuda {
namespace {

struct Thing {
    explicit Thing(int number_) : number(number_) {}
    int number;
};

TEST(Lender, LendsNoMoreThanItMayAndEachToOneAtATime) {
    Lender<Thing> lender(3);
    std::atomic<int> made{0}, out[3]{}, twice{0};
    {
        std::vector<std::jthread> callers;
        for (int t = 0; t < 8; ++t)
            callers.emplace_back([&] {
                for (int i = 0; i < 200; ++i) {
                    const auto thing = lender.borrow([&] { return std::make_unique<Thing>(made++); });
                    if (out[thing->number]++ > 0) ++twice;
                    std::this_thread::yield();
                    --out[thing->number];
                }
            });
    }
    EXPECT_LE(made, 3);
    EXPECT_EQ(twice, 0);
}

TEST(Lender, WhereThereIsNoRoomForAnotherTheCallWaitsForOneToComeBack) {
    Lender<Thing> lender(3);
    std::atomic<int> tried{0}, got{-1};
    std::jthread caller;
    {
        const auto first = lender.borrow([] { return std::make_unique<Thing>(7); });
        caller = std::jthread([&] {
            const auto second = lender.borrow([&]() -> std::unique_ptr<Thing> {
                ++tried;
                throw Error(JUICE_ERROR_MEMORY, "no room");
            });
            got = second->number;
        });
        while (tried == 0) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        EXPECT_EQ(got, -1) << "nothing has come back";
    }
    caller.join();
    EXPECT_EQ(got, 7);
    EXPECT_EQ(tried, 1) << "there is no use in trying again";
}

TEST(Lender, WhatCannotBeMadeAtAllIsSaidAndTheNextCallTriesAgain) {
    Lender<Thing> lender(2);
    const auto no_room = []() -> std::unique_ptr<Thing> { throw Error(JUICE_ERROR_MEMORY, "no room"); };
    const auto broken = []() -> std::unique_ptr<Thing> { throw std::runtime_error("broken"); };
    EXPECT_THROW(lender.borrow(no_room), Error);
    EXPECT_THROW(lender.borrow(broken), std::runtime_error);
    const auto first = lender.borrow([] { return std::make_unique<Thing>(1); });
    EXPECT_THROW(lender.borrow(broken), std::runtime_error) << "that is no want of memory";
    EXPECT_EQ(lender.borrow([] { return std::make_unique<Thing>(2); })->number, 2);
}

}  // namespace
}  // namespace juice::cuda
