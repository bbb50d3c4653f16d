#include "machine.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include "common/memory.h"
#include "common/threads.h"
#include "cpu/cpu.h"

#if defined(JUICE_HAVE_OPENBLAS)
#include <cblas.h>
#endif

namespace juice::bench {

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

void choose_blas_kernels([[maybe_unused]] char** arguments) {
#if defined(JUICE_HAVE_OPENBLAS) && defined(__x86_64__)
    if (std::getenv("OPENBLAS_CORETYPE") || std::strcmp(cpu_instruction_set(), "avx512") != 0) return;
    const std::string name = openblas_get_corename();
    if (name == "SkylakeX" || name == "Cooperlake" || name == "SapphireRapids" || name == "Zen") return;
    setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
    execv("/proc/self/exe", arguments);
#endif
}

double matrix_rate([[maybe_unused]] int threads) {
#if defined(JUICE_HAVE_OPENBLAS)
    constexpr int n = 1024;
    std::vector<float> a(n * n, 0.5f), b(n * n, 0.25f), c(n * n);
    openblas_set_num_threads(threads);
    double best = 1e9;
    for (int k = 0; k < 15; ++k) {
        const double start = now();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1, a.data(), n, b.data(), n, 0, c.data(), n);
        best = std::min(best, now() - start);
    }
    return 2.0 * n * n * n / best;
#else
    return 0;
#endif
}

std::string matrix_library() {
#if defined(JUICE_HAVE_OPENBLAS)
    return std::string("OpenBLAS ") + openblas_get_corename();
#else
    return "none";
#endif
}

double copy_rate(int threads) {
    constexpr std::int64_t floats = std::int64_t{128} << 20;      // 512 MiB each way
    const Memory from(floats, "copy"), to(floats, "copy");
    ThreadPool pool(threads);
    double best = 1e9;
    for (int k = 0; k < 4; ++k) {       // the first touches the pages
        const double start = now();
        pool.run([&](int t) {
            const auto begin = floats * t / pool.size(), end = floats * (t + 1) / pool.size();
            std::memcpy(to.data() + begin, from.data() + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
        });
        if (k > 0) best = std::min(best, now() - start);
    }
    return 2.0 * floats * sizeof(float) / best;
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
