// Thread blocks of a cluster, which are at work at the same time and write to each other's shared memory: Hopper's. The emulation has a twin of each.
#pragma once

#include "cuda/device.h"

namespace juice::cuda {

// Which of its cluster's blocks this one is.
__device__ inline int cluster_rank() {
#if defined(JUICE_CUDA_EMULATION)
    return emulation::cluster_rank();
#elif __CUDA_ARCH__ >= 900
    unsigned rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return static_cast<int>(rank);
#else
    return 0;
#endif
}

// A barrier of all threads of the cluster that have not ended. Behind it they see what each wrote before it; or it only says that they all came so far.
__device__ inline void synchronize_cluster() {
#if defined(JUICE_CUDA_EMULATION)
    emulation::synchronize_cluster();
#elif __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.arrive.release;\n\tbarrier.cluster.wait.acquire;" ::: "memory");
#endif
}

__device__ inline void await_cluster() {
#if defined(JUICE_CUDA_EMULATION)
    emulation::synchronize_cluster();
#elif __CUDA_ARCH__ >= 900
    asm volatile("barrier.cluster.arrive.relaxed;\n\tbarrier.cluster.wait;" ::: "memory");
#endif
}

// Writes to where block `rank` has what this block has at `place` of its shared memory. It must have begun, and not end before a barrier behind this.
__device__ inline void store_in_cluster([[maybe_unused]] float4* place, [[maybe_unused]] int rank, [[maybe_unused]] float4 value) {
#if defined(JUICE_CUDA_EMULATION)
    *static_cast<float4*>(emulation::place_in_cluster(place, rank)) = value;
#elif __CUDA_ARCH__ >= 900
    asm volatile(
        "{\n"
        ".reg .u32 there;\n"
        "mapa.shared::cluster.u32 there, %0, %1;\n"
        "st.shared::cluster.v4.f32 [there], {%2, %3, %4, %5};\n"
        "}" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(place))),
        "r"(rank), "f"(value.x), "f"(value.y), "f"(value.z), "f"(value.w)
        : "memory");
#endif
}

}  // namespace juice::cuda
