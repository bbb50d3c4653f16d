// What every test of an engine needs: the list of devices that the tests run on, a model on one of them, and its answers as vectors.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "circuit/circuit.h"
#include "model/model.h"
#include "reference/near.h"
#include "reference/reference.h"
#include "reference/table.h"

// Sanitizers slow everything down tenfold: tests with a size to choose take the small one. The build says where the library has them.
#if !defined(JUICE_SANITIZED)
#define JUICE_SANITIZED 0
#endif

namespace juice {

struct Device {
    static constexpr const char* emulated = "emulated";     // the CUDA engine on the processor, at a hundredth of its speed
    std::string device, instruction_set;
    int threads = 1;
    bool fast = false;              // precision
    std::string name() const;       // "cpu_avx512_2"
};
inline void PrintTo(const Device& device, std::ostream* out) { *out << device.name(); }

// Every device that an engine test runs on. One that this machine lacks is skipped by OnDevice, with the reason.
std::vector<Device> devices();

std::unique_ptr<Model> compile(const std::shared_ptr<const Circuit>& circuit, const Device& device, std::int64_t memory_limit = 0,
                               std::int64_t batch_size = 0);

// Answers of a model.
std::vector<double> log_likelihood(const Model& model, const Table& rows);
std::vector<double> max_log_value(const Model& model, const Table& rows);
juice_sample_options sample_options(std::int64_t count, std::uint64_t seed);
Table sample(const Model& model, const juice_sample_options& options);                          // unconditional
Table sample(const Model& model, const Table& evidence, const juice_sample_options& options);   // options.count a row
std::vector<double> forward(Model& model, const Table& rows);                          // all rows
void backward(Model& model, const std::vector<double>& root_flows = {});               // empty: 1
std::vector<float> parameters(const Model& model, const Circuit& circuit, std::int32_t vector);
std::vector<std::vector<float>> all_parameters(const Model& model, const Circuit& circuit);     // by id; empty for products and tied vectors
std::vector<float> parameter_flows(const Model& model, const Circuit& circuit, std::int32_t vector);
std::vector<float> node_flows(const Model& model, const Circuit& circuit, std::int32_t vector);
// Nodes and parameters, as the reference gives them.
Flows flows(const Model& model, const Circuit& circuit);

juice_epoch_options epoch_options(const juice_rule& rule, std::int64_t batch_size, bool full_batch = false);

// Floats of an untied vector's parameter flows.
std::int64_t flow_count(const Vector& owner);

// Flows within `tolerance` relative to max(1, flow, scale); the message names the vector.
testing::AssertionResult near(const Flows& got, const Flows& expected, double tolerance, const Flows* scale = nullptr);

// A test that runs on every device of the list.
class OnDevice : public testing::TestWithParam<Device> {
protected:
    void SetUp() override;
    // Whether a test with a size to choose takes the small one.
    static bool small() { return JUICE_SANITIZED != 0 || GetParam().device == Device::emulated; }
    // The number of circuits, steps or rows: all of them, few where the device is slow, a handful where it is slow under a sanitizer.
    template <typename Count = int>
    static Count some(Count all, Count few) {
        if (!small()) return all;
        if (GetParam().device != Device::emulated) return few;
        return JUICE_SANITIZED ? (few + 4) / 5 : (3 * few + 4) / 5;
    }
    std::unique_ptr<Model> compile(const std::shared_ptr<const Circuit>& circuit, std::int64_t memory_limit = 0, std::int64_t batch_size = 0) const {
        return juice::compile(circuit, GetParam(), memory_limit, batch_size);
    }
};

#define JUICE_ON_EVERY_DEVICE(suite) \
    INSTANTIATE_TEST_SUITE_P(Devices, suite, testing::ValuesIn(juice::devices()), [](const auto& test) { return test.param.name(); })

}  // namespace juice
