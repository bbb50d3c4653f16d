#include "cpu/dispatch.h"

#include <cstdlib>
#include <cstring>

#include "common/error.h"
#include "cpu/cpu.h"

namespace juice::cpu {

namespace {

bool has_avx512() {
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

bool has_avx2() {
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

const Kernels* best() {
    if (has_avx512() && kernels_avx512()) return kernels_avx512();
    if (has_avx2() && kernels_avx2()) return kernels_avx2();
    return kernels_portable();
}

}  // namespace

const Kernels& choose_kernels(const char* name) {
    const char* source = "instruction_set";
    if (!name || !*name) {
        name = std::getenv("JUICE_CPU");
        source = "JUICE_CPU";
    }
    if (!name || !*name) return *best();
    if (std::strcmp(name, "portable") == 0) return *kernels_portable();
    const bool avx512 = std::strcmp(name, "avx512") == 0, avx2 = std::strcmp(name, "avx2") == 0;
    if (!avx512 && !avx2) fail(JUICE_ERROR_ARGUMENT, "%s is '%s': it must be avx512, avx2 or portable", source, name);
    const Kernels* kernels = avx512 ? (has_avx512() ? kernels_avx512() : nullptr) : (has_avx2() ? kernels_avx2() : nullptr);
    if (!kernels) fail(JUICE_ERROR_UNSUPPORTED, "%s is '%s': this processor does not have it", source, name);
    return *kernels;
}

}  // namespace juice::cpu

namespace juice {

const char* cpu_instruction_set() { return cpu::best()->name; }

}  // namespace juice
