// Models on a device, and their answers as vectors.
#include "engine/engine.h"

#include <algorithm>

#include "common/error.h"
#include "cuda/engine.h"
#include "model/engines.h"

namespace juice {

std::string Device::name() const {
    std::string text = device + (instruction_set.empty() ? "" : "_" + instruction_set) + "_" + std::to_string(threads) + (fast ? "_fast" : "");
    std::replace(text.begin(), text.end(), ':', '_');
    return text;
}

std::vector<Device> devices() {
    static const bool added = [] {
        DeviceEntry emulated;
        emulated.name = Device::emulated;
        emulated.available = true;
        emulated.engine = &cuda::cuda_engine();
        emulated.schedule = Schedule::Launches;
        emulated.fast = true;
        add_device(emulated);
        return true;
    }();
    (void)added;
    std::vector<Device> all{{Device::emulated, "plain", 1, false}, {"cuda:0", "plain", 1, false}, {"cuda:0", "", 1, false}};
    for (const char* instruction_set : {"avx512", "avx2", "portable"})
        for (const int threads : {1, 2}) all.push_back({"cpu", instruction_set, threads, false});
    // Sanitizers are slow and find the same in every other combination.
    if (JUICE_SANITIZED) std::erase_if(all, [](const Device& d) { return d.device == "cpu" && (d.threads == 1) != (d.instruction_set == "avx2"); });
    return all;
}

std::unique_ptr<Model> compile(const std::shared_ptr<const Circuit>& circuit, const Device& device, std::int64_t memory_limit,
                               std::int64_t batch_size) {
    juice_compile_options options{};
    options.size = sizeof options;
    options.threads = device.threads;
    options.device = device.device.c_str();
    options.instruction_set = device.instruction_set.empty() ? nullptr : device.instruction_set.c_str();
    options.memory_limit = memory_limit;
    options.batch_size = batch_size;
    options.precision = device.fast ? JUICE_FAST : JUICE_EXACT;
    return std::make_unique<Model>(circuit, options);
}

void OnDevice::SetUp() {
    static const std::shared_ptr<const Circuit> probe = [] {
        CircuitParts parts;
        parts.variables = 1;
        parts.root = 0;
        auto half = std::make_shared<const std::vector<float>>(1, 0.5f);
        Vector coin;
        coin.node_blocks = coin.block_size = 1;
        coin.variable = 0;
        coin.distribution.type = DistributionType::Bernoulli;
        coin.parameters = *half;
        parts.vectors.push_back(coin);
        parts.storage.push_back(half);
        return std::make_shared<const Circuit>(parts);
    }();
    try {
        compile(probe);
    } catch (const Error& error) {
        if (error.status() != JUICE_ERROR_UNSUPPORTED) throw;
        GTEST_SKIP() << error.what();
    }
}

std::vector<double> log_likelihood(const Model& model, const Table& rows) {
    std::vector<double> answer(static_cast<std::size_t>(rows.rows() * model.info().roots));
    model.log_likelihood(rows.view(), answer.data(), nullptr, nullptr);
    return answer;
}

std::vector<double> max_log_value(const Model& model, const Table& rows) {
    std::vector<double> answer(static_cast<std::size_t>(rows.rows() * model.info().roots));
    model.max_log_value(rows.view(), answer.data(), nullptr, nullptr);
    return answer;
}

juice_sample_options sample_options(std::int64_t count, std::uint64_t seed) {
    juice_sample_options options{};
    options.size = sizeof options;
    options.element = JUICE_DOUBLE;
    options.count = count;
    options.seed = seed;
    options.temperature = 1;
    return options;
}

Table sample(const Model& model, const juice_sample_options& options) {
    Table samples;
    samples.variables = model.info().variables;
    samples.values.resize(static_cast<std::size_t>(options.count * samples.variables));
    model.sample(nullptr, options, samples.values.data());
    return samples;
}

Table sample(const Model& model, const Table& evidence, const juice_sample_options& options) {
    Table samples;
    samples.variables = evidence.variables;
    samples.values.resize(static_cast<std::size_t>(evidence.rows() * options.count * samples.variables));
    const juice_rows rows = evidence.view();
    model.sample(&rows, options, samples.values.data());
    return samples;
}

std::vector<double> forward(Model& model, const Table& rows) {
    std::vector<double> answer(static_cast<std::size_t>(rows.rows() * model.info().roots));
    model.forward(rows.view(), nullptr, rows.rows(), answer.data());
    return answer;
}

void backward(Model& model, const std::vector<double>& root_flows) {
    const std::vector<float> given(root_flows.begin(), root_flows.end());
    model.backward(given.empty() ? nullptr : given.data());
}

std::vector<float> parameters(const Model& model, const Circuit& circuit, std::int32_t vector) {
    std::vector<float> values(static_cast<std::size_t>(circuit.owner(vector).parameter_count()));
    if (!values.empty()) model.get_parameters(vector, values.data(), static_cast<std::int64_t>(values.size()));
    return values;
}

std::vector<std::vector<float>> all_parameters(const Model& model, const Circuit& circuit) {
    std::vector<std::vector<float>> all;
    for (std::int32_t id = 0; id < circuit.size(); ++id)
        all.push_back(circuit[id].tied_to < 0 && circuit[id].type != NodeType::Product ? parameters(model, circuit, id) : std::vector<float>{});
    return all;
}

std::int64_t flow_count(const Vector& owner) {
    if (owner.type == NodeType::Product) return 0;
    if (owner.type == NodeType::Sum) return owner.parameter_count();
    switch (owner.distribution.type) {
        case DistributionType::Categorical: return owner.nodes() * owner.distribution.count;
        case DistributionType::Bernoulli:
        case DistributionType::Binomial: return owner.nodes() * 2;
        case DistributionType::Gaussian:
        case DistributionType::DiscreteLogistic: return owner.nodes() * 3;
        case DistributionType::Indicator: break;
    }
    return 0;
}

std::vector<float> parameter_flows(const Model& model, const Circuit& circuit, std::int32_t vector) {
    std::vector<float> values(static_cast<std::size_t>(flow_count(circuit.owner(vector))));
    if (!values.empty()) model.get_flows(vector, values.data(), static_cast<std::int64_t>(values.size()));
    return values;
}

std::vector<float> node_flows(const Model& model, const Circuit& circuit, std::int32_t vector) {
    std::vector<float> values(static_cast<std::size_t>(circuit[vector].nodes()));
    model.get_node_flows(vector, values.data(), static_cast<std::int64_t>(values.size()));
    return values;
}

Flows flows(const Model& model, const Circuit& circuit) {
    Flows all;
    for (std::int32_t id = 0; id < circuit.size(); ++id) {
        const std::vector<float> nodes = node_flows(model, circuit, id);
        all.nodes.emplace_back(nodes.begin(), nodes.end());
        std::vector<float> own;
        if (circuit[id].tied_to < 0) own = parameter_flows(model, circuit, id);
        all.parameters.emplace_back(own.begin(), own.end());
    }
    return all;
}

juice_epoch_options epoch_options(const juice_rule& rule, std::int64_t batch_size, bool full_batch) {
    juice_epoch_options options{};
    options.size = sizeof options;
    options.full_batch = full_batch ? 1 : 0;
    options.batch_size = batch_size;
    options.rule = rule;
    return options;
}

testing::AssertionResult near(const Flows& got, const Flows& expected, double tolerance, const Flows* scale) {
    for (std::size_t id = 0; id < expected.nodes.size(); ++id) {
        const auto compare = [&](const std::vector<std::vector<double>> Flows::*part) {
            return near((got.*part)[id], (expected.*part)[id], tolerance, scale ? (scale->*part)[id] : std::vector<double>{});
        };
        if (const auto parameters = compare(&Flows::parameters); !parameters)
            return testing::AssertionFailure() << "parameter flows of vector " << id << ": " << parameters.message();
        if (const auto nodes = compare(&Flows::nodes); !nodes)
            return testing::AssertionFailure() << "node flows of vector " << id << ": " << nodes.message();
    }
    return testing::AssertionSuccess();
}

}  // namespace juice
