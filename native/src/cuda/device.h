// What the kernels and their host code are written against: CUDA itself, or its emulation on the processor (JUICE_CUDA_EMULATION). Kernels are started
// by JUICE_LAUNCH, and shared memory is declared by JUICE_SHARED, so that the emulation sees both. JUICE_POOL is the large part of it, whose bytes are
// given at the launch: one array of a task at a time lies there.
#pragma once

#include <cstdint>

#if defined(JUICE_CUDA_EMULATION)
#include "cuda/emulation/cuda.h"
#else
#include <cuda_runtime.h>

#include <utility>

namespace juice::cuda {

extern __shared__ __align__(256) float4 shared_pool[];       // a swizzle's pattern repeats after 256 bytes

// Kernels that are launched in a chain: each may begin while the one before is still at work, to find out what it has to do, and then waits for it. All of
// a chain call begin_early first and wait_for_earlier before they touch anything but the plan, the batch and the parameters that a pass reads.
__device__ inline void begin_early() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}
__device__ inline void wait_for_earlier() {
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

}  // namespace juice::cuda

#define JUICE_SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define JUICE_POOL(type, name, count) type* const name = reinterpret_cast<type*>(::juice::cuda::shared_pool)
#define JUICE_LAUNCH(kernel, grid, block, stream, ...) JUICE_LAUNCH_WITH(kernel, grid, block, 0, stream, __VA_ARGS__)
// In a chain, in clusters of so many thread blocks (cluster.h): compute capability 9.0.
#define JUICE_LAUNCH_IN_CLUSTERS(cluster, kernel, grid, block, bytes, stream, run, ...) \
    ::juice::cuda::launch_in_chain((run).early != 0, cluster, kernel, grid, block, bytes, stream, run, __VA_ARGS__)
#define JUICE_LAUNCH_WITH(kernel, grid, block, bytes, stream, ...)  \
    do {                                                            \
        kernel<<<grid, block, bytes, stream>>>(__VA_ARGS__);        \
        ::juice::cuda::check(cudaGetLastError(), #kernel);          \
    } while (false)
#endif

// A block a cluster.
#define JUICE_LAUNCH_IN_CHAIN(kernel, grid, block, bytes, stream, run, ...) JUICE_LAUNCH_IN_CLUSTERS(1, kernel, grid, block, bytes, stream, run, __VA_ARGS__)

namespace juice::cuda {

// The status and the sentence of an error (errors.cu).
[[noreturn]] void fail_cuda(cudaError_t error, const char* what);
[[noreturn]] void fail_allocation(cudaError_t error, std::int64_t bytes, const char* purpose);
inline void check(cudaError_t error, const char* what) {
    if (error != cudaSuccess) fail_cuda(error, what);
}

#if !defined(JUICE_CUDA_EMULATION)
template <class... Parameters, class... Arguments>
void launch_in_chain(bool early, unsigned cluster, void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t bytes, cudaStream_t stream, Arguments&&... arguments) {
    cudaLaunchAttribute attributes[2]{};
    unsigned count = 0;
    if (early) {
        attributes[count].id = cudaLaunchAttributeProgrammaticStreamSerialization;
        attributes[count++].val.programmaticStreamSerializationAllowed = 1;
    }
    if (cluster > 1) {
        attributes[count].id = cudaLaunchAttributeClusterDimension;
        attributes[count++].val.clusterDim = {cluster, 1, 1};
    }
    cudaLaunchConfig_t config{};
    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = bytes;
    config.stream = stream;
    config.attrs = attributes;
    config.numAttrs = count;
    check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), "launching");
}
#endif

}  // namespace juice::cuda
