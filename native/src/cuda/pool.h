// Launches of kernels that use the shared pool.
#pragma once

#include "cuda/counters.h"
#include "cuda/kernels.h"

namespace juice::cuda {

template <class Kernel, class... Arguments>
void launch_with_pool(Kernel kernel, std::int32_t begin, std::int32_t end, int bytes, cudaStream_t stream, const Run& run, Arguments... arguments) {
    if (begin == end) return;
    const dim3 grid(static_cast<unsigned>(end - begin));
    JUICE_LAUNCH_WITH(kernel, grid, dim3(block_threads), static_cast<std::size_t>(bytes), stream, run, begin, arguments...);
}
template <class Kernel, class... Arguments>
void launch_in_chain_with_pool(Kernel kernel, std::int32_t begin, std::int32_t end, std::int32_t rows_of_blocks, int bytes, cudaStream_t stream, const Run& run, Arguments... arguments) {
    if (begin == end) return;
    const dim3 grid(static_cast<unsigned>(end - begin), static_cast<unsigned>(rows_of_blocks));
    JUICE_LAUNCH_IN_CHAIN(kernel, grid, dim3(block_threads), static_cast<std::size_t>(bytes), stream, run, begin, arguments...);
}

#if !defined(JUICE_CUDA_EMULATION)
template <class... Kernels>
void ask_for_pool(int bytes, Kernels... kernels) {
    (check(cudaFuncSetAttribute(kernels, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes), "asking for shared memory"), ...);
}
#endif

}  // namespace juice::cuda
