#include "report.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace juice::bench {

void print_header(const Machine& machine, const std::string& data) {
    std::printf("HCLT training step, %s, %s; matrix rate %.0f GFLOP/s (%s, sgemm 1024), copy rate %.1f GB/s\n", data.c_str(), machine.instruction_set.c_str(),
                machine.matrix_flops * 1e-9, machine.library.c_str(), machine.copy_bytes * 1e-9);
    std::printf("%5s %6s %4s | %9s %9s %9s %9s | %10s %9s | %8s %8s %7s | %9s %7s\n", "H", "batch", "thr", "forward", "backward", "update", "step ms", "rows/s",
                "s/60k", "GFLOP/s", "of rate", "limit", "peak MB", "planned");
}

void print_case(const Machine& machine, const Case& result) {
    const double rate = result.flop / result.step, share = machine.matrix_flops > 0 ? rate / machine.matrix_flops : 0;
    // No step is faster than its arithmetic at the matrix rate or its traffic at the copy rate.
    const double limit = std::max(machine.matrix_flops > 0 ? result.flop / machine.matrix_flops : 0, result.bytes / machine.copy_bytes);
    const double rows = static_cast<double>(result.batch) / result.step;
    std::printf("%5d %6lld %4d | %9.2f %9.2f %9.2f %9.2f | %10.0f %9.2f | %8.1f %7.0f%% %7.2f | %9.0f %6.2fx\n", result.latents, static_cast<long long>(result.batch),
                result.threads, result.forward * 1e3, result.backward * 1e3, result.update * 1e3, result.step * 1e3, rows, 60000 / rows, rate * 1e-9, share * 100,
                limit * 1e3, result.peak_memory * 1e-6, result.peak_memory / result.planned_memory);
    const nlohmann::ordered_json line = {
        {"benchmark", "hclt_step"}, {"data", result.data}, {"latents", result.latents}, {"batch", result.batch}, {"threads", result.threads},
        {"forward_ms", result.forward * 1e3}, {"backward_ms", result.backward * 1e3}, {"update_ms", result.update * 1e3}, {"step_ms", result.step * 1e3},
        {"rows_per_second", rows}, {"seconds_per_60000_rows", 60000 / rows}, {"flop", result.flop}, {"bytes", result.bytes}, {"flop_per_second", rate},
        {"matrix_rate", machine.matrix_flops}, {"copy_rate", machine.copy_bytes}, {"limit_ms", limit * 1e3}, {"ratio_to_limit", result.step / limit},
        {"share_of_matrix_rate", share}, {"peak_bytes", result.peak_memory}, {"planned_bytes", result.planned_memory},
        {"instruction_set", machine.instruction_set}, {"matrix_library", machine.library}};
    std::fprintf(stderr, "%s\n", line.dump().c_str());
    std::fflush(stdout);
}

}  // namespace juice::bench
