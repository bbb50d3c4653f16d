// juice-sparse-bench: training steps of a hidden Chow-Liu tree over binary variables with a part of its edges, held against the dense step and against
// what each circuit's own counted bytes and FLOP allow.
//   juice-sparse-bench [--latents H] [--variables N] [--batch N] [--threads N] [--seconds S] [--shares 0.1,0.2] [--blocks 0,1,32]
// Block 0 is the dense circuit. Single edges (block 1) are drawn at random, and larger blocks likewise; every node keeps one. One line a case on standard output.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "circuit/assembly.h"
#include "common/error.h"
#include "common/philox.h"
#include "machine.h"
#include "model/model.h"
#include "timing.h"

namespace {

using namespace juice;
using namespace juice::bench;

struct Options {
    std::int64_t latents = 256, variables = 64, batch = 256;
    int threads = 1;
    double seconds = 2;
    std::vector<double> shares{0.1}, blocks{0, 1, 32};
};

std::vector<double> numbers(const std::string& text) {
    std::vector<double> list;
    std::stringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) list.push_back(std::atof(part.c_str()));
    return list;
}

Options parse(int count, char** arguments) {
    Options options;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string name = arguments[i], value = arguments[i + 1];
        if (name == "--latents") options.latents = std::atoll(value.c_str());
        else if (name == "--variables") options.variables = std::atoll(value.c_str());
        else if (name == "--batch") options.batch = std::atoll(value.c_str());
        else if (name == "--threads") options.threads = std::atoi(value.c_str());
        else if (name == "--seconds") options.seconds = std::atof(value.c_str());
        else if (name == "--shares") options.shares = numbers(value);
        else if (name == "--blocks") options.blocks = numbers(value);
        else fail(JUICE_ERROR_ARGUMENT, "%s: there is no such option; see the head of bench/sparse.cpp", name.c_str());
    }
    if (count % 2 == 0) fail(JUICE_ERROR_ARGUMENT, "%s lacks its value", arguments[count - 1]);
    return options;
}

double uniform(std::uint64_t stream, std::uint64_t index) { return philox(11, stream, index)[0] * 0x1p-32; }

// About `share` of all edges between blocks, at random; block i of the sum has at least the one to block i.
std::vector<std::int32_t> some_edges(std::int64_t blocks, double share, std::uint64_t stream) {
    std::vector<std::int32_t> out, in;
    for (std::int64_t i = 0; i < blocks; ++i)
        for (std::int64_t j = 0; j < blocks; ++j)
            if (i == j || uniform(stream, static_cast<std::uint64_t>(i * blocks + j)) < share - 1.0 / static_cast<double>(blocks)) {
                out.push_back(static_cast<std::int32_t>(i));
                in.push_back(static_cast<std::int32_t>(j));
            }
    out.insert(out.end(), in.begin(), in.end());
    return out;
}

// A tree in which variable v hangs from one of the three before it. block 0: dense.
std::shared_ptr<const Circuit> tree(const Options& options, std::int64_t block, double share) {
    const Shape shape = block == 0 ? Shape{1, options.latents} : Shape{options.latents / block, block};
    Assembly assembly;
    const auto variables = static_cast<std::int32_t>(options.variables);
    std::vector<std::vector<std::int32_t>> factors(static_cast<std::size_t>(variables));
    std::int32_t top = -1;
    for (std::int32_t v = variables - 1; v >= 0; --v) {
        auto& own = factors[static_cast<std::size_t>(v)];
        own.insert(own.begin(), assembly.input(v, {DistributionType::Bernoulli, 0, 0, 0}, shape));
        top = own.size() > 1 ? assembly.product(own, shape) : own.front();
        if (v == 0) break;
        const auto parent = std::max<std::int32_t>(0, v - 1 - static_cast<std::int32_t>(3 * uniform(1, static_cast<std::uint64_t>(v))));
        const auto sum = block == 0 ? assembly.sum({top}, shape) : assembly.sum({top}, shape, some_edges(shape.blocks, share, static_cast<std::uint64_t>(100 + v)));
        factors[static_cast<std::size_t>(parent)].push_back(sum);
    }
    assembly.sum({top}, {1, 1});
    const std::uint64_t seed = 1;
    return std::make_shared<const Circuit>(assembly.finish(variables), &seed);
}

struct Measured {
    double step, limit;
    std::int64_t edges;
};

Measured measure(const Options& options, const Machine& machine, const std::shared_ptr<const Circuit>& circuit) {
    const std::int64_t edges = circuit->info().sum_edges;
    juice_compile_options compile{};
    compile.size = sizeof compile;
    compile.threads = options.threads;
    compile.batch_size = options.batch;
    Model model(circuit, compile);
    const juice_model_info info = model.info();
    std::vector<std::uint8_t> bits(static_cast<std::size_t>(options.batch * 8 * options.variables));
    for (std::size_t i = 0; i < bits.size(); ++i) bits[i] = uniform(3, i) < 0.3;
    juice_rows rows{};
    rows.size = sizeof rows;
    rows.element = JUICE_BYTE;
    rows.data = bits.data();
    rows.variables = static_cast<std::int32_t>(options.variables);
    rows.count = options.batch * 8;
    juice_epoch_options epoch{};
    epoch.size = sizeof epoch;
    epoch.batch_size = options.batch;
    epoch.rule = {sizeof(juice_rule), 0.1f, 0.1f, 0.01f, 0.01f, JUICE_EM, 0, 0, 0, 0};
    const double step = median(step_times(model, rows, epoch, now() + options.seconds));
    const double arithmetic = info.flop_per_row * static_cast<double>(options.batch) / machine.matrix_flops, traffic = info.step_bytes / machine.copy_bytes;
    return {step, std::max(arithmetic, traffic), edges};
}

}  // namespace

int main(int count, char** arguments) {
    try {
        if (count == 3 && std::strcmp(arguments[1], yardstick_option) == 0) return print_yardstick(std::atoi(arguments[2]));
        const Options options = parse(count, arguments);
        const Machine machine = measure_limits(options.threads, nullptr);
        std::printf("HCLT of %lld latents over %lld binary variables, batch %lld, %d threads, %s; matrix rate %.0f GFLOP/s, copy rate %.1f GB/s\n",
                    static_cast<long long>(options.latents), static_cast<long long>(options.variables), static_cast<long long>(options.batch), options.threads,
                    machine.instruction_set.c_str(), machine.matrix_flops * 1e-9, machine.copy_bytes * 1e-9);
        std::printf("%-18s %12s %10s %10s %8s %14s\n", "edges", "sum edges", "ms a step", "limit ms", "x limit", "dense / this");
        double dense = 0;
        const auto show = [&](const std::string& what, const Measured& measured) {
            if (dense == 0) dense = measured.step;
            std::printf("%-18s %12lld %10.2f %10.2f %8.2f %14.2f\n", what.c_str(), static_cast<long long>(measured.edges), measured.step * 1e3, measured.limit * 1e3,
                        measured.step / measured.limit, dense / measured.step);
            std::fflush(stdout);
        };
        for (const double block : options.blocks)
            for (const double share : options.shares) {
                const auto size = static_cast<std::int64_t>(block);
                char what[64] = "all";
                if (size == 1) std::snprintf(what, sizeof what, "%.3g, single", share);
                if (size > 1) std::snprintf(what, sizeof what, "%.3g, blocks of %lld", share, static_cast<long long>(size));
                show(what, measure(options, machine, tree(options, size, share)));
                if (size == 0) break;
            }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "juice-sparse-bench: %s\n", error.what());
        return 1;
    }
}
