// juice-bench: the HCLT training step and queries against the machine's limits.
//   juice-bench [--data DIR] [--latents 16,64,256] [--batch 32,64,256,1024] [--threads N,…] [--seconds S] [--instruction-set NAME]
// The table goes to standard output, one JSON line a case to standard error. The whole step is measured through an epoch call, rows read and
// checked included; forward, backward and update apart through the three calls (flows accumulated, as distributed training does it). Queries of 1, 8
// and 1,000 rows run on one core.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "common/error.h"
#include "common/threads.h"
#include "data.h"
#include "machine.h"
#include "model/model.h"
#include "report.h"
#include "timing.h"

namespace {

using namespace juice;
using namespace juice::bench;

struct Options {
    std::string data, instruction_set;
    std::vector<std::int64_t> latents{16, 64, 256}, batches{32, 64, 256, 1024}, threads;
    double seconds = 2;
};

std::vector<std::int64_t> numbers(const std::string& name, const std::string& text) {
    std::vector<std::int64_t> list;
    std::stringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');) {
        char* end = nullptr;
        list.push_back(std::strtoll(part.c_str(), &end, 10));
        if (part.empty() || *end || list.back() < 1) fail(JUICE_ERROR_ARGUMENT, "%s is '%s': it must be whole numbers above 0, separated by commas", name.c_str(), text.c_str());
    }
    return list;
}

Options parse(int count, char** arguments) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string name = arguments[i];
        if (name == "--help") {
            std::puts("juice-bench [--data DIR] [--latents 16,64,256] [--batch 32,64,256,1024] [--threads N,...] [--seconds S] [--instruction-set NAME]\n"
                      "Times HCLT training steps and queries over Fashion-MNIST's Chow-Liu tree (images drawn from a seed where the files are missing).\n"
                      "Example: juice-bench --latents 64 --batch 256 --threads 1,2");
            std::exit(0);
        }
        if (i + 1 == count) fail(JUICE_ERROR_ARGUMENT, "%s: it is unknown or lacks its value; see --help", name.c_str());
        const std::string value = arguments[++i];
        if (name == "--data") options.data = value;
        else if (name == "--instruction-set") options.instruction_set = value;
        else if (name == "--latents") options.latents = numbers(name, value);
        else if (name == "--batch") options.batches = numbers(name, value);
        else if (name == "--threads") options.threads = numbers(name, value);
        else if (name == "--seconds") options.seconds = std::strtod(value.c_str(), nullptr);
        else fail(JUICE_ERROR_ARGUMENT, "%s: there is no such option; see --help", name.c_str());
    }
    if (options.threads.empty()) options.threads = available_cores() > 1 ? std::vector<std::int64_t>{1, available_cores()} : std::vector<std::int64_t>{1};
    return options;
}

std::unique_ptr<Model> make_model(const Options& options, const Images& images, const std::vector<std::int32_t>& parents, std::int32_t latents, std::int64_t batch, int threads) {
    juice_compile_options compile{};
    compile.size = sizeof compile;
    compile.threads = threads;
    compile.batch_size = batch;
    compile.instruction_set = options.instruction_set.empty() ? nullptr : options.instruction_set.c_str();
    return std::make_unique<Model>(hclt_of(images, parents, latents), compile);
}

Case case_of(const char* what, const Images& images, std::int32_t latents, std::int64_t batch, int threads) {
    Case result{};
    result.what = what;
    result.data = images.name;
    result.latents = latents;
    result.batch = batch;
    result.threads = threads;
    return result;
}

// A query of `batch` rows, other ones every time.
Case measure_query(const Options& options, const Images& images, const std::vector<std::int32_t>& parents, std::int32_t latents, std::int64_t batch) {
    const auto model = make_model(options, images, parents, latents, 256, 1);
    const juice_model_info info = model->info();
    Case result = case_of("query", images, latents, batch, 1);
    result.flop = info.flop_per_row / 3 * static_cast<double>(batch);       // a third of a training step …
    result.bytes = info.flop_per_row / 6 * sizeof(float);                   // … and every weight read once
    juice_rows rows = images.rows();
    const std::int64_t places = rows.count - batch + 1;
    rows.count = batch;
    std::vector<double> values(static_cast<std::size_t>(batch)), times;
    const double end = now() + options.seconds;
    for (std::int64_t k = 0; k < 30 || now() < end; ++k) {
        rows.data = images.pixels.data() + k * 31 % places * images.variables;
        const double start = now();
        model->log_likelihood(rows, values.data(), nullptr, nullptr);
        if (k >= 10) times.push_back(now() - start);        // the first ones warm up
    }
    result.step = median(times);
    result.slow = quantile(times, 0.99);
    result.peak_memory = peak_memory() - static_cast<double>(images.pixels.size());
    result.planned_memory = static_cast<double>(info.parameter_bytes);
    return result;
}

Case measure_training(const Options& options, const Images& images, const std::vector<std::int32_t>& parents, std::int32_t latents, std::int64_t batch, int threads) {
    const auto made = make_model(options, images, parents, latents, batch, threads);
    Model& model = *made;
    const juice_model_info info = model.info();
    const juice_rows rows = images.rows();

    Case result = case_of("training step", images, latents, batch, threads);
    result.flop = info.flop_per_row * static_cast<double>(batch);
    result.bytes = info.step_bytes;

    juice_rule rule{sizeof rule, 0.1f, 0.1f, 0.01f, 0.01f, JUICE_EM, 0, 0, 0, 0};
    juice_epoch_options epoch{};
    epoch.size = sizeof epoch;
    epoch.batch_size = batch;
    epoch.rule = rule;
    const double end = now() + options.seconds;
    juice_rows part = rows;
    part.count = std::min(rows.count / batch * batch, batch * 32);
    const std::vector<double> steps = step_times(model, part, epoch, end);
    result.step = median(steps);
    result.slow = quantile(steps, 0.99);

    std::vector<double> forward, backward, update;
    for (int k = 0; k < 3 || (k < 30 && now() < end + options.seconds / 2); ++k) {
        const double start = now();
        model.forward(rows, nullptr, batch, nullptr);
        const double middle = now();
        model.backward(nullptr);
        const double late = now();
        model.update(rule);
        forward.push_back(middle - start);
        backward.push_back(late - middle);
        update.push_back(now() - late);
    }
    result.forward = median(forward);
    result.backward = median(backward);
    result.update = median(update);
    result.peak_memory = peak_memory() - static_cast<double>(images.pixels.size());      // the rows are the program's own
    result.planned_memory = static_cast<double>(info.parameter_bytes + info.flow_bytes + info.activation_bytes);
    return result;
}

// Every case in a process of its own, so that peak memory is the case's.
template <class Measure>
void run_case(const Machine& machine, Measure measure) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        try {
            print_case(machine, measure());
            std::_Exit(std::fflush(nullptr));
        } catch (const std::exception& error) {
            std::fprintf(stderr, "juice-bench: %s\n", error.what());
            std::_Exit(1);
        }
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) fail(JUICE_ERROR_INTERNAL, "a case failed");
}

}  // namespace

int main(int count, char** arguments) {
    try {
        if (count == 3 && std::strcmp(arguments[1], yardstick_option) == 0) return print_yardstick(std::atoi(arguments[2]));
        const Options options = parse(count, arguments);
        const Images images = load_images(options.data);
        const auto parents = tree_of(images, available_cores());
        const char* set = options.instruction_set.empty() ? nullptr : options.instruction_set.c_str();
        std::vector<Machine> machines;
        for (const auto threads : options.threads) machines.push_back(measure_limits(static_cast<int>(threads), set));
        const Machine one = options.threads.front() == 1 ? machines.front() : measure_limits(1, set);      // queries run on one core
        print_header(machines, images.name);
        for (const auto latents : options.latents) {
            const auto width = static_cast<std::int32_t>(latents);
            for (const auto& machine : machines)
                for (const auto batch : options.batches) run_case(machine, [&] { return measure_training(options, images, parents, width, batch, machine.threads); });
            for (const std::int64_t batch : {1, 8, 1000}) run_case(one, [&] { return measure_query(options, images, parents, width, batch); });
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "juice-bench: %s\n", error.what());
        return 1;
    }
}
