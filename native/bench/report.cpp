#include "report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace juice::bench {

void print_header(const std::vector<Machine>& machines, const std::string& data) {
    std::printf("HCLT, %s, %s. Limits of this run:\n", data.c_str(), machines.front().instruction_set.c_str());
    for (const auto& machine : machines)
        std::printf("  threads %d: matrix rate %.0f GFLOP/s (%s, product 1024; our own %.0f, %.0f %%), copy rate %.1f GB/s\n", machine.threads,
                    machine.matrix_flops * 1e-9, machine.library.c_str(), machine.own_matrix_flops * 1e-9, 100 * machine.own_matrix_flops / machine.matrix_flops,
                    machine.copy_bytes * 1e-9);
    std::printf("  limit: the arithmetic at the matrix rate or (*) the least traffic at the copy rate, whichever takes longer; caches can beat the latter\n");
    std::printf("%-13s %4s %5s %3s | %8s %8s %7s | %9s %9s | %9s %8s | %8s %7s | %9s | %7s %7s\n", "what", "H", "rows", "thr", "forward", "backward", "update", "ms",
                "99 % ms", "rows/s", "s/60k", "GFLOP/s", "of rate", "limit ms", "peak MB", "planned");
}

void print_case(const Machine& machine, const Case& result) {
    const double rate = result.flop / result.step, share = rate / machine.matrix_flops;
    const double arithmetic = result.flop / machine.matrix_flops, traffic = result.bytes / machine.copy_bytes, limit = std::max(arithmetic, traffic);
    const double rows = static_cast<double>(result.batch) / result.step;
    std::printf("%-13s %4d %5lld %3d | ", result.what, result.latents, static_cast<long long>(result.batch), result.threads);
    if (result.forward > 0) std::printf("%8.2f %8.2f %7.2f | ", result.forward * 1e3, result.backward * 1e3, result.update * 1e3);
    else std::printf("%8s %8s %7s | ", "", "", "");
    std::printf("%9.3f %9.3f | %9.0f %8.2f | %8.1f %6.0f%% | %8.3f%s | %7.0f %6.2fx\n", result.step * 1e3, result.slow * 1e3, rows, 60000 / rows, rate * 1e-9, share * 100,
                limit * 1e3, traffic > arithmetic ? "*" : " ", result.peak_memory * 1e-6, result.peak_memory / result.planned_memory);
    const nlohmann::ordered_json line = {
        {"benchmark", result.what}, {"data", result.data}, {"latents", result.latents}, {"rows", result.batch}, {"threads", result.threads},
        {"forward_ms", result.forward * 1e3}, {"backward_ms", result.backward * 1e3}, {"update_ms", result.update * 1e3}, {"ms", result.step * 1e3},
        {"p99_ms", result.slow * 1e3}, {"rows_per_second", rows}, {"seconds_per_60000_rows", 60000 / rows}, {"flop", result.flop}, {"bytes", result.bytes},
        {"flop_per_second", rate}, {"matrix_rate", machine.matrix_flops}, {"own_matrix_rate", machine.own_matrix_flops}, {"copy_rate", machine.copy_bytes},
        {"limit_ms", limit * 1e3}, {"ratio_to_limit", result.step / limit}, {"share_of_matrix_rate", share}, {"peak_bytes", result.peak_memory},
        {"planned_bytes", result.planned_memory}, {"instruction_set", machine.instruction_set}, {"matrix_library", machine.library}};
    std::fprintf(stderr, "%s\n", line.dump().c_str());
    std::fflush(stdout);
}

}  // namespace juice::bench
