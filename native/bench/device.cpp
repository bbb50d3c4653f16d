// juice-device-bench: an engine's training step on a GPU, without the reading of rows, beside what the plan counts.
//   juice-device-bench [--device cuda:0] [--structure hclt] [--latents 64,256] [--batch 512|auto] [--steps 100] [--precision exact] [--kept 1,0.5,0.2,0.1,0.05]
//                      [--matrix-rate 790]
// --batch auto: batches of 64, 128 … rows up to as many as there are images, while twice as many give at least 2 % more rows a second and fit into the device's memory; the best
// is named. Structures: families.h, and "layers", of which the shares --kept of blocks are kept (layers.h). Then, of an HCLT, whole epochs of exact training, with rows that stay on the device and with rows that are copied (epochs.h).
// plan ms, engine, param.: what is done once (NOTES.md, "Compiling"). Before anything is timed, the device's log-likelihoods are held to the processor's. Times are medians over the steps after the first ten, from the end of one to the end
// of the next, which is asked for before, as training does it (forward, backward and update, alone, are waited for); the batch lies on the device throughout. The limit is the counted bytes over the copy rate measured in the same run; of fast steps, where that is more, the
// counted operations over the matrix rate (TFLOP/s; usually what a library's bf16 product reaches on an H200).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "common/error.h"
#include "common/threads.h"
#include "data.h"
#include "epochs.h"
#include "families.h"
#include "layers.h"
#include "model/engines.h"
#include "model/model.h"
#include "model/state.h"
#include "rows/rows.h"
#include "timing.h"

namespace {

using namespace juice;
using namespace juice::bench;

// Seconds of what is done once: circuit to plan; the plan's arrays and memory on the device; parameters laid out and copied.
struct Setup {
    double plan, engine, parameters;
};

struct Engine {
    Plan plan;
    const EngineTable* table;
    void* engine = nullptr;
    Setup setup;

    Engine(const Circuit& circuit, const DeviceEntry& device, std::int64_t batch, bool fast = false) : table(device.engine) {
        const double start = now();
        plan = lower(circuit, 0, edge_cost(device.schedule));
        Target target;
        target.schedule = device.schedule;
        target.threads = available_cores();
        target.batch_size = batch;
        target.fast = fast && device.fast;
        schedule(plan, target);
        const double planned = now();
        const PlanView seen = view(plan);
        const EngineOptions options{nullptr, device.index};
        check_engine(table->create(&seen, &engine_host, &options, &engine));
        const double created = now();
        write_parameters(plan, circuit, *table, engine);
        setup = {planned - start, created - planned, now() - created};
    }
    ~Engine() { table->free(engine); }
    Engine(const Engine&) = delete;
};

std::vector<double> forward(const Engine& engine, const BatchView& batch) {
    std::vector<double> logs(static_cast<std::size_t>(batch.rows));
    check_engine(engine.table->rows(engine.engine, &batch));
    check_engine(engine.table->forward(engine.engine, logs.data()));
    return logs;
}

// Bytes a sum parameter that training holds on the device: the weight, its flow, and where it is multiplied so, its bf16 copy.
double parameter_bytes(const Plan& plan) {
    double weights = 0, bytes = 0;
    for (const auto& owner : plan.owners) {
        if (owner.kind != OwnerKind::Sum) continue;
        weights += static_cast<double>(owner.parameter_count);
        bytes += 4.0 * static_cast<double>(owner.parameter_count + owner.flow_count) + (owner.shadow >= 0 ? 2.0 * static_cast<double>(owner.parameter_count) : 0);
    }
    return bytes / weights;
}

// A second: bytes copied, and floating-point operations of matrix products (0: they are no limit).
struct Rates {
    double copy, matrix;
};

// Returns the median step in seconds. bytes: the least traffic of a step; 0: as the plan counts it.
double run_case(const Family& family, const DeviceEntry& device, const std::string& what, std::int64_t rows, int steps, const Rates& rates, bool fast, double bytes = 0) {
    const auto& circuit = family.circuit;
    Batch batch;
    RowReader(family.rows, domains_of(*circuit)).read(nullptr, 0, rows, batch);
    const BatchView seen{rows, batch.stride, batch.codes.data(), nullptr, nullptr};

    const Engine engine(*circuit, device, rows, fast);
    const std::vector<double> got = forward(engine, seen), expected = forward(Engine(*circuit, processor(), rows), seen);
    double worst = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double error = std::abs(got[i] - expected[i]) / std::abs(expected[i]);
        if (!(error < (fast ? 2e-4 : 1e-5))) fail(JUICE_ERROR_INTERNAL, "row %zu has the log-likelihood %.9g on the device and %.9g on the processor", i, got[i], expected[i]);
        worst = std::max(worst, error);
    }

    juice::UpdateRule rule{};
    rule.step = rule.pseudocount = 0.1f;
    rule.min_deviation = rule.min_scale = 0.01f;
    std::vector<double> logs(static_cast<std::size_t>(rows)), step, forwards, backwards, updates;
    check_engine(engine.table->rows(engine.engine, &seen));
    const auto timed = [](std::vector<double>& times, auto work) {
        const double before = now();
        check_engine(work());
        times.push_back(now() - before);
    };
    timed(step, [&] { return engine.table->step(engine.engine, &rule, logs.data()); });
    const double first = step.front();
    // As training has them: the next one is asked for before the last one's log-likelihoods are waited for.
    check_engine(engine.table->step_later(engine.engine, &rule));
    for (int i = 0; i < steps + 10; ++i)
        timed(step, [&] {
            check_engine(engine.table->step_later(engine.engine, &rule));
            return engine.table->logs(engine.engine, logs.data());
        });
    check_engine(engine.table->logs(engine.engine, logs.data()));
    step.erase(step.begin(), step.begin() + 11);
    for (int i = 0; i < std::min(steps, 20); ++i) {
        check_engine(engine.table->rows(engine.engine, &seen));
        timed(forwards, [&] { return engine.table->forward(engine.engine, logs.data()); });
        timed(backwards, [&] { return engine.table->backward(engine.engine, nullptr, 0); });
        timed(updates, [&] { return engine.table->update(engine.engine, &rule); });
    }
    const double time = median(step), flop = engine.plan.totals.flop_per_row * static_cast<double>(rows);
    if (bytes == 0) bytes = engine.plan.totals.step_bytes;
    const double limit = std::max(bytes / rates.copy, rates.matrix > 0 ? flop / rates.matrix : 0);
    std::printf("%5s %6lld | %8.3f %8.3f %8.3f %8.3f %8.1f %7.2f | %7.2f %8.1f | %7.2f %8.1f | %6.2f | %7.1f %7.1f %7.1f | %8.2f %8.2f | %.1e\n", what.c_str(), static_cast<long long>(rows),
                median(forwards) * 1e3, median(backwards) * 1e3, median(updates) * 1e3, time * 1e3, first * 1e3, time * 60000 / static_cast<double>(rows), flop * 1e-9, flop / time * 1e-9, bytes * 1e-9, bytes / time * 1e-9,
                time / limit, engine.setup.plan * 1e3, engine.setup.engine * 1e3, engine.setup.parameters * 1e3, parameter_bytes(engine.plan), static_cast<double>(activation_bytes(engine.plan, rows)) * 1e-9, worst);
    std::fflush(stdout);
    return time;
}

// Calls run(rows) for the batches that are asked for; none: for those that --batch auto means, and names the best.
template <class Run>
void run_batches(const std::vector<std::int64_t>& batches, const std::string& what, std::int64_t most, Run run) {
    for (const auto rows : batches) run(rows);
    if (!batches.empty()) return;
    std::int64_t best = 0;
    double best_rate = 0;
    for (std::int64_t rows = 64; rows <= most; rows *= 2) {
        double rate = 0;
        try {
            rate = static_cast<double>(rows) / run(rows);
        } catch (const Error& error) {
            if (error.status() != JUICE_ERROR_MEMORY || best == 0) throw;
            break;
        }
        const bool worth = rate > best_rate * 1.02;
        if (rate > best_rate) best = rows, best_rate = rate;
        if (!worth) break;
    }
    std::printf("%5s %6lld rows a batch are best: %.2f s per 60,000 rows\n", what.c_str(), static_cast<long long>(best), 60000 / best_rate);
}

std::vector<double> shares(const std::string& text) {
    std::vector<double> list;
    std::stringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');) list.push_back(std::strtod(part.c_str(), nullptr));
    return list;
}

std::vector<std::int64_t> numbers(const std::string& text) {
    std::vector<std::int64_t> list;
    std::stringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');) list.push_back(std::strtoll(part.c_str(), nullptr, 10));
    return list;
}

}  // namespace

int main(int count, char** arguments) {
    std::string device = "cuda:0", structure = "hclt";
    std::vector<std::int64_t> latents{64, 256}, batches{512};
    std::vector<double> kept{1, 0.5, 0.2, 0.1, 0.05};
    double matrix_rate = 790;
    int steps = 100;
    bool fast = false;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string name = arguments[i], value = arguments[i + 1];
        if (name == "--device") device = value;
        else if (name == "--structure") structure = value;
        else if (name == "--latents") latents = numbers(value);
        else if (name == "--batch") batches = value == "auto" ? std::vector<std::int64_t>() : numbers(value);
        else if (name == "--precision") fast = value == "fast";
        else if (name == "--kept") kept = shares(value);
        else if (name == "--matrix-rate") matrix_rate = std::atof(value.c_str());
        else if (name == "--steps") steps = std::max(1, std::atoi(value.c_str()));
    }
    try {
        const DeviceEntry& found = find_device(device.c_str());
        if (!found.copy_rate) fail(JUICE_ERROR_ARGUMENT, "device is '%s': it is not a GPU, which this measures", device.c_str());
        const Rates rates{found.copy_rate(found.index), fast ? matrix_rate * 1e12 : 0};
        const Images images = load_images("");
        const auto parents = tree_of(images, available_cores());
        const std::int64_t most_rows = images.rows().count;
        std::printf("%s training step, %s, %s, %s; copy rate %.0f GB/s\n", structure.c_str(), fast ? "fast" : "exact", images.name.c_str(), found.description.c_str(), rates.copy * 1e-9);
        std::printf("%5s %6s | %8s %8s %8s %8s %8s %7s | %7s %8s | %7s %8s | %6s | %7s %7s %7s | %8s %8s | %s\n", "H", "batch", "forward", "backward", "update", "step ms", "first", "s/60k", "GFLOP", "GFLOP/s",
                    "GB", "GB/s", "x limit", "plan ms", "engine", "param.", "B/weight", "act. GB", "error");
        if (structure == "layers") {
            for (const double share : kept) {
                char what[16];
                std::snprintf(what, sizeof what, "%.3g", share);
                run_batches(batches, what, most_rows, [&](std::int64_t b) { return run_case(sparse_layers(share, b), found, what, b, steps, rates, fast, sparse_layers_bytes(share, b)); });
            }
            return 0;
        }
        for (const auto h : latents)
            run_batches(batches, std::to_string(h), most_rows, [&](std::int64_t b) {
                return run_case(family_of(structure, images, parents, static_cast<std::int32_t>(h), b), found, std::to_string(h), b, steps, rates, fast);
            });
        if (fast || structure != "hclt") return 0;
        std::printf("\nSeconds an epoch of all images, and rows a second: rows kept on the device (first epoch, others), rows copied a batch ahead\n");
        for (const auto h : latents)
            for (const auto b : batches.empty() ? std::vector<std::int64_t>{512} : batches) run_epochs(images, parents, found, static_cast<std::int32_t>(h), b);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "juice-device-bench: %s\n", error.what());
        return 1;
    }
}
