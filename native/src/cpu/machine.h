// What this machine can do at most, measured: the rate of a matrix product and that of a copy.
#pragma once

#include <cstdint>

namespace juice {

struct MachineRates {
    const char* instruction_set;
    int threads;
    double matrix;      // floating-point operations a second, two a multiply-add
    double copy;        // bytes a second, read and written
};

// threads: 0: all cores. instruction_set: NULL: the best there is. Takes about a second.
MachineRates measure_machine(int threads, const char* instruction_set);

// c = a · b, row-major, on the threads of the measurement; a is [m, k], b [k, n]; m a multiple of 8, n of 32, k of 16. For the tests.
void machine_product(const float* a, const float* b, float* c, std::int64_t m, std::int64_t n, std::int64_t k, int threads, const char* instruction_set);

}  // namespace juice
