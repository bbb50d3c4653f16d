// Making a model: plan, engine, parameters in and out.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "circuit/check.h"
#include "common/error.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/threads.h"
#include "model/engines.h"
#include "model/state.h"

namespace juice {

namespace {

thread_local char engine_error[1024] = "";     // memory that is always there

Target target_for(const juice_compile_options& options, const DeviceEntry& device) {
    if (options.threads < 0) fail(JUICE_ERROR_ARGUMENT, "threads is %d: it must be 0 (all cores) or more", options.threads);
    if (options.threads > 1024) fail(JUICE_ERROR_ARGUMENT, "threads is %d: it must be at most 1024", options.threads);
    if (options.batch_size < 0 || options.batch_size > (1 << 24))
        fail(JUICE_ERROR_ARGUMENT, "batch_size is %lld: it must be 0 (256) to 16777216", static_cast<long long>(options.batch_size));
    if (options.precision != JUICE_EXACT && options.precision != JUICE_FAST)
        fail(JUICE_ERROR_ARGUMENT, "precision is %d: it must be %d (exact) or %d (fast)", options.precision, JUICE_EXACT, JUICE_FAST);
    if (options.memory_limit < 0) fail(JUICE_ERROR_ARGUMENT, "memory_limit is %lld: it must be 0 (none) or more", static_cast<long long>(options.memory_limit));
    Target target;
    target.schedule = device.schedule;
    target.fast = options.precision == JUICE_FAST && device.fast;
    target.threads = options.threads > 0 ? options.threads : available_cores();
    target.batch_size = options.batch_size > 0 ? options.batch_size : 256;
    target.memory_limit = options.memory_limit > 0 ? options.memory_limit : memory_limit_from_environment();
    return target;
}

// The format's rules on parameters, for one vector.
void check_values(const Circuit& circuit, std::int32_t vector, std::span<const float> values) {
    CircuitParts parts;
    parts.vectors.resize(static_cast<std::size_t>(vector) + 1);     // so that the sentence names the right vector
    parts.vectors.back() = circuit[vector];
    parts.vectors.back().parameters = values;
    try {
        check_parameters(parts);
    } catch (const Error& error) {
        throw Error(JUICE_ERROR_ARGUMENT, error.what());
    }
}

}  // namespace

const HostTable engine_host = {
    [](juice_status, const char* sentence) { std::snprintf(engine_error, sizeof engine_error, "%s", sentence); },
    [](std::int32_t level, const char* message) { log(static_cast<LogLevel>(level), "%s", message); },
};

void check_engine(juice_status status) {
    if (status != JUICE_OK) throw Error(status, engine_error);
}

void write_parameters(const Plan& plan, const Circuit& circuit, const EngineTable& table, void* engine) {
    const auto owners = static_cast<std::int32_t>(plan.owners.size());
    std::atomic<std::int32_t> next{0};
    ThreadPool pool(plan.target.threads);
    pool.run([&](int) {
        Memory buffer;
        for (std::int32_t o; (o = next.fetch_add(1)) < owners;) {
            const PlanOwner& owner = plan.owners[static_cast<std::size_t>(o)];
            if (buffer.size() < owner.parameter_count) buffer = Memory(owner.parameter_count, "parameters");
            parameters_to_plan(plan, circuit, o, circuit[owner.vector].parameters.data(), buffer.data());
            check_engine(table.write_parameters(engine, o, buffer.data()));
        }
    });
}

Model::Model(std::shared_ptr<const Circuit> circuit, const juice_compile_options& options) : state_(std::make_unique<State>()) {
    State& s = *state_;
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const DeviceEntry& device = find_device(options.device);
    const auto found = Clock::now();
    s.device = device.name;
    s.device_index = device.index;
    s.circuit = std::move(circuit);
    s.domains = domains_of(*s.circuit);
    const Target target = target_for(options, device);
    s.plan = lower(*s.circuit, target.memory_limit, edge_cost(target.schedule));
    schedule(s.plan, target);
    s.micro_batch = s.plan.totals.micro_batch;
    const auto planned = Clock::now();
    s.table = device.engine;
    const PlanView plan = view(s.plan);
    const EngineOptions engine_options{options.instruction_set, device.index};
    check_engine(s.table->create(&plan, &engine_host, &engine_options, &s.engine));
    const auto created = Clock::now();

    write_parameters(s.plan, *s.circuit, *s.table, s.engine);
    const auto milliseconds = [](Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); };
    log(LogLevel::Debug, "compiled for %s: device found in %.1f ms, plan %.1f ms, engine %.1f ms, %lld parameters %.1f ms", s.device.c_str(), milliseconds(found - start),
        milliseconds(planned - found), milliseconds(created - planned), static_cast<long long>(s.plan.totals.parameters), milliseconds(Clock::now() - created));
    s.circuit = s.circuit->wiring();        // the engine has the parameters now: the circuit's own may go with its last holder
}

Model::~Model() = default;

std::int32_t Model::State::owner_of(std::int32_t vector, const char* what) const {
    if (vector < 0 || vector >= circuit->size()) fail(JUICE_ERROR_ARGUMENT, "vector is %d: the circuit has vectors 0 to %d", vector, circuit->size() - 1);
    const auto owner = plan.owner_of[static_cast<std::size_t>(vector)];
    if (owner < 0) fail(JUICE_ERROR_ARGUMENT, "vector is %d, a product: it has no %s", vector, what);
    return owner;
}

void Model::State::check_count(std::int64_t count, std::int64_t expected, std::int32_t vector, const char* what) const {
    if (count != expected)
        fail(JUICE_ERROR_ARGUMENT, "count is %lld: vector %d has %lld %s", static_cast<long long>(count), vector, static_cast<long long>(expected), what);
}

juice_model_info Model::info() const {
    const State& s = *state_;
    const auto& totals = s.plan.totals;
    juice_model_info info{};
    info.size = sizeof info;
    info.variables = s.plan.variables;
    info.roots = s.plan.roots;
    info.vectors = s.circuit->size();
    info.threads = s.plan.target.threads;
    info.in_place = totals.micro_batch >= s.plan.target.batch_size;
    info.operations = static_cast<std::int64_t>(s.plan.operations.size());
    info.stages = totals.stages;
    info.critical_path = totals.critical_path;
    info.batch_size = s.plan.target.batch_size;
    info.micro_batch = totals.micro_batch;
    info.parameter_bytes = totals.parameters * 4;
    info.flow_bytes = totals.flows * 4;
    info.activation_bytes = activation_bytes(s.plan, totals.micro_batch);
    info.flop_per_row = totals.flop_per_row;
    info.step_bytes = totals.step_bytes;
    std::strncpy(info.device, s.device.c_str(), sizeof info.device - 1);
    std::strncpy(info.instruction_set, s.table->instruction_set(s.engine), sizeof info.instruction_set - 1);
    return info;
}

std::string Model::plan(bool json) const { return json ? to_json(state_->plan, *state_->circuit) : to_text(state_->plan, *state_->circuit); }

void Model::get_parameters(std::int32_t vector, float* destination, std::int64_t count) const {
    const State& s = *state_;
    const auto o = s.owner_of(vector, "parameters");
    const PlanOwner& owner = s.plan.owners[static_cast<std::size_t>(o)];
    s.check_count(count, (*s.circuit)[owner.vector].parameter_count(), vector, "parameters");
    std::vector<float> buffer(static_cast<std::size_t>(owner.parameter_count));
    {
        const std::shared_lock lock(s.mutex);
        check_engine(s.table->read_parameters(s.engine, o, buffer.data()));
    }
    parameters_from_plan(s.plan, *s.circuit, o, buffer.data(), destination);
}

void Model::set_parameters(std::int32_t vector, const float* source, std::int64_t count) {
    State& s = *state_;
    const auto o = s.owner_of(vector, "parameters");
    const PlanOwner& owner = s.plan.owners[static_cast<std::size_t>(o)];
    s.check_count(count, (*s.circuit)[owner.vector].parameter_count(), vector, "parameters");
    check_values(*s.circuit, owner.vector, {source, static_cast<std::size_t>(count)});
    std::vector<float> buffer(static_cast<std::size_t>(owner.parameter_count));
    parameters_to_plan(s.plan, *s.circuit, o, source, buffer.data());
    const std::unique_lock lock(s.mutex);
    check_engine(s.table->write_parameters(s.engine, o, buffer.data()));
    s.has_values = false;
}

std::shared_ptr<const Circuit> Model::to_circuit() const {
    const State& s = *state_;
    std::int64_t total = 0;
    for (const auto& owner : s.plan.owners) total += (*s.circuit)[owner.vector].parameter_count();
    auto storage = std::make_shared<std::vector<float>>(static_cast<std::size_t>(total));
    CircuitParts parts = s.circuit->parts();
    const std::shared_lock lock(s.mutex);
    std::size_t next = 0;
    std::vector<float> buffer;
    for (std::int32_t o = 0; o < static_cast<std::int32_t>(s.plan.owners.size()); ++o) {
        const PlanOwner& owner = s.plan.owners[static_cast<std::size_t>(o)];
        const auto count = static_cast<std::size_t>((*s.circuit)[owner.vector].parameter_count());
        buffer.resize(static_cast<std::size_t>(owner.parameter_count));
        check_engine(s.table->read_parameters(s.engine, o, buffer.data()));
        parameters_from_plan(s.plan, *s.circuit, o, buffer.data(), storage->data() + next);
        parts.vectors[static_cast<std::size_t>(owner.vector)].parameters = {storage->data() + next, count};
        next += count;
    }
    parts.storage.push_back(storage);
    return std::make_shared<const Circuit>(std::move(parts));
}

}  // namespace juice
