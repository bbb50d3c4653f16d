// The machine's own limits, measured in the same run as what is held against them.
#pragma once

#include <string>

namespace juice::bench {

// OpenBLAS knows processors by name, and falls back to slow kernels on one younger than itself: starts the program again with a kernel named
// where the processor has AVX-512 and nobody has chosen. Returns where there is nothing to do.
void choose_blas_kernels(char** arguments);

// FLOP/s of a float32 matrix product 1024³ (best of several); 0 without OpenBLAS.
double matrix_rate(int threads);
std::string matrix_library();

// Bytes a second read and written by a copy larger than the caches.
double copy_rate(int threads);

// Largest resident memory of this process so far, bytes.
double peak_memory();

}  // namespace juice::bench
