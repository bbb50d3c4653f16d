// What the ABI tests share: a small circuit whose answers a reader can work out, rows for it, handles that free themselves, and failures.
#pragma once

#include <array>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "juice/juice.h"

namespace some {

struct Free {
    void operator()(juice_circuit* circuit) const noexcept { juice_circuit_free(circuit); }
    void operator()(juice_model* model) const noexcept { juice_model_free(model); }
    void operator()(char* text) const noexcept { juice_text_free(text); }
};
using CircuitHandle = std::unique_ptr<juice_circuit, Free>;
using ModelHandle = std::unique_ptr<juice_model, Free>;
using Text = std::unique_ptr<char, Free>;

// A struct of juice.h, zero but for its size.
template <typename Struct>
Struct sized() {
    Struct made{};
    made.size = static_cast<std::int32_t>(sizeof made);
    return made;
}

// A mixture 1/4 : 3/4 of two products of two Bernoulli variables, 0.5 · 0.2 and 0.9 · 0.4:
// p(1, 1) = 1/4 · 0.10 + 3/4 · 0.36 = 0.295; p(x0 = 1) = 1/4 · 0.5 + 3/4 · 0.9 = 0.8.
struct Description {
    Description();
    Description(const Description&) = delete;
    Description& operator=(const Description&) = delete;

    std::array<juice_vector, 4> vectors{};
    juice_circuit_description description = sized<juice_circuit_description>();
};

CircuitHandle circuit();
ModelHandle model();
ModelHandle compile(const juice_circuit* circuit);

// Dense rows of bytes over `variables` columns; `values` must outlive them.
juice_rows rows(const std::vector<std::uint8_t>& values, std::int32_t variables = 2);

juice_rule rule();
juice_epoch_options epoch();

// Succeeds where `status` is `wanted` and the thread's sentence holds all of `pieces`.
testing::AssertionResult fails(juice_status status, juice_status wanted, std::initializer_list<const char*> pieces);
testing::AssertionResult succeeds(juice_status status);

}  // namespace some

#define EXPECT_ARGUMENT_ERROR(call, ...) EXPECT_TRUE(some::fails(call, JUICE_ERROR_ARGUMENT, {__VA_ARGS__}))
#define EXPECT_STATUS(wanted, call, ...) EXPECT_TRUE(some::fails(call, wanted, {__VA_ARGS__}))
#define EXPECT_OK(call) EXPECT_TRUE(some::succeeds(call))
#define ASSERT_OK(call) ASSERT_TRUE(some::succeeds(call))
