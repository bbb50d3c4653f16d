// What the kernels and their host code are written against: CUDA itself, or its emulation on the processor (JUICE_CUDA_EMULATION). Kernels are started
// by JUICE_LAUNCH, and shared memory is declared by JUICE_SHARED, so that the emulation sees both.
#pragma once

#include <cstdint>

#if defined(JUICE_CUDA_EMULATION)
#include "cuda/emulation/cuda.h"
#else
#include <cuda_runtime.h>

#define JUICE_SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define JUICE_LAUNCH(kernel, grid, block, stream, ...)      \
    do {                                                    \
        kernel<<<grid, block, 0, stream>>>(__VA_ARGS__);    \
        ::juice::cuda::check(cudaGetLastError(), #kernel);  \
    } while (false)
#endif

namespace juice::cuda {

// The status and the sentence of an error (errors.cu).
[[noreturn]] void fail_cuda(cudaError_t error, const char* what);
[[noreturn]] void fail_allocation(cudaError_t error, std::int64_t bytes, const char* purpose);
inline void check(cudaError_t error, const char* what) {
    if (error != cudaSuccess) fail_cuda(error, what);
}

}  // namespace juice::cuda
