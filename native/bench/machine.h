// The machine's own limits, measured in the same run as what is held against them.
#pragma once

#include <string>

namespace juice::bench {

struct Machine {
    int threads;                        // that the rates were measured with
    double matrix_flops, copy_bytes;    // a second: OpenBLAS's product where it is there, else our own
    double own_matrix_flops;            // our own product
    std::string library, instruction_set;
};

Machine measure_limits(int threads, const char* instruction_set);

// OpenBLAS knows processors by name, falls back to slow kernels on one younger than itself, and does as the environment says, which may have been
// set for another machine. So the program runs itself once with each of the kernels that may be the best, with this option and the number of
// threads; each prints its name and its rate, and the fastest is the yardstick.
inline constexpr const char* yardstick_option = "--yardstick";
int print_yardstick(int threads);

// Largest resident memory of this process so far, bytes.
double peak_memory();

}  // namespace juice::bench
