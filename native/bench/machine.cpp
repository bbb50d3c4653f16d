#include "machine.h"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "cpu/machine.h"
#include "timing.h"

#if defined(JUICE_HAVE_OPENBLAS)
#include <cblas.h>
#endif

namespace juice::bench {

namespace {

#if defined(JUICE_HAVE_OPENBLAS)
// The best of OpenBLAS's kernels: name and FLOP/s.
std::pair<std::string, double> best_kernels(int threads) {
    std::pair<std::string, double> best{"none", 0};
    char path[PATH_MAX] = {};
    if (readlink("/proc/self/exe", path, sizeof path - 1) <= 0) return best;
    unsetenv("OPENBLAS_L2_SIZE");
    unsetenv("OPENBLAS_CORETYPE");      // "": what the library itself thinks best
    const std::vector<std::string> names =
#if defined(__x86_64__)
        {"", "Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids"};
#else
        {""};
#endif
    for (const auto& name : names) {
        const std::string command = (name.empty() ? "" : "OPENBLAS_CORETYPE=" + name + " ") + "'" + path + "' " + yardstick_option + " " + std::to_string(threads);
        FILE* pipe = popen(command.c_str(), "r");
        char kernels[64] = {};
        double rate = 0;
        const bool read = pipe && std::fscanf(pipe, "%63s %lf", kernels, &rate) == 2;
        if (pipe && pclose(pipe) == 0 && read && rate > best.second) best = {std::string("OpenBLAS ") + kernels, rate};     // a kernel may need more than there is
    }
    return best;
}
#endif

}  // namespace

int print_yardstick([[maybe_unused]] int threads) {
#if defined(JUICE_HAVE_OPENBLAS)
    constexpr int n = 1024;
    std::vector<float> a(n * n), b(n * n), c(n * n);
    for (int i = 0; i < n * n; ++i) {
        a[static_cast<std::size_t>(i)] = static_cast<float>(i * 7919LL % 1009) * 1e-3f;
        b[static_cast<std::size_t>(i)] = static_cast<float>(i * 104729LL % 997) * 1e-3f;
    }
    openblas_set_num_threads(threads);
    double best = 1e9;
    for (int k = 0; k < 25; ++k) {
        const double start = now();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n);
        best = std::min(best, now() - start);
    }
    std::printf("%s %.9g\n", openblas_get_corename(), 2.0 * n * n * n / best);
    return 0;
#else
    return 1;
#endif
}

Machine measure_limits(int threads, const char* instruction_set) {
    const MachineRates rates = measure_machine(threads, instruction_set);
    Machine machine{rates.threads, rates.matrix, rates.copy, rates.matrix, "own", rates.instruction_set};
#if defined(JUICE_HAVE_OPENBLAS)
    if (const auto [name, rate] = best_kernels(threads); rate > 0) {
        machine.library = name;
        machine.matrix_flops = rate;
    }
#endif
    return machine;
}

double peak_memory() {
    std::ifstream file("/proc/self/status");
    for (std::string word; file >> word;)
        if (word == "VmHWM:") {
            double kilobytes = 0;
            file >> kilobytes;
            return kilobytes * 1024;
        }
    return 0;
}

}  // namespace juice::bench
