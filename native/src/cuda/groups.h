// One-instruction wrappers of Hopper's tensor cores (wgmma), which four warps, a group, feed from shared memory, and of the bulk copies that fill it. The
// emulation has a twin of each.
#pragma once

#include "cuda/mma.h"

namespace juice::cuda {

// One side of a product in shared memory, as panels of lines of 16 numbers, swapped (numbers.h). Along: a line an entry, 16 steps of the sum a panel. Across:
// a line a step of the sum, 16 entries a panel, `hop` numbers from panel to panel. Begins at a multiple of eight lines.
struct GroupSide {
#if defined(JUICE_CUDA_EMULATION)
    const Bf16* base;
    int hop;
    GroupSide(const Bf16* base_, int hop_) : base(base_), hop(hop_) {}
    GroupSide further(int numbers) const { return {base + numbers, hop}; }
    GroupSide kept() const { return *this; }
#else
    // The lower half of the matrix descriptor of PTX's wgmma: address within the block's own shared memory, without its rank in a cluster, and from panel to panel,
    // in 16 bytes.
    static constexpr unsigned address_bits = 0x3ffff;
    unsigned low;
    __device__ GroupSide(const Bf16* base, int hop) : low((static_cast<unsigned>(__cvta_generic_to_shared(base)) & address_bits) >> 4 | static_cast<unsigned>(hop / 8) << 16) {}
    __device__ GroupSide further(int numbers) const {
        GroupSide moved = *this;
        moved.low += static_cast<unsigned>(numbers / 8);
        return moved;
    }
    // The same for the whole warp, in a way that compilers do not work out again at every use.
    __device__ GroupSide kept() const {
        GroupSide same = *this;
        same.low = __shfl_sync(~0u, low, 0);
        return same;
    }
    // The upper half: from eight lines to the next eight, and a swizzle of 32 bytes.
    __device__ std::uint64_t descriptor() const { return std::uint64_t{3u << 30 | 16u} << 32 | low; }
#endif
};

// Before a group's first product, and after its threads have touched what it adds to.
__device__ inline void begin_products() {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#endif
}
// Products so far become one batch.
__device__ inline void commit_products() {
#if defined(JUICE_CUDA_EMULATION)
    emulation::commit_products();
#elif defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
#endif
}
// Until at most `batches` are under way.
template <int batches>
__device__ void wait_for_products() {
#if defined(JUICE_CUDA_EMULATION)
    emulation::wait_for_products(batches);
#elif defined(__CUDA_ARCH_FEAT_SM90_ALL)
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(batches) : "memory");
#endif
}

// c += a · b, (64, columns) += (64, 16) · (16, columns), by the four warps of a group, later. Lane 4 g + t of warp w holds columns 8 j + 2 t and the next of
// lines 16 w + g (c[4 j], c[4 j + 1]) and 16 w + g + 8 (c[4 j + 2], c[4 j + 3]).
template <bool a_along, bool b_along, int numbers>
__device__ void multiply_later(float (&c)[numbers], const GroupSide& a, const GroupSide& b) {
    static_assert(numbers == 16 || numbers == 32 || numbers == 64 || numbers == 128);
#if defined(JUICE_CUDA_EMULATION)
    emulation::multiply_later(c, numbers * 2, {a.base, a.hop, a_along}, {b.base, b.hop, b_along});
#elif defined(__CUDA_ARCH_FEAT_SM90_ALL)
    const std::uint64_t x = a.descriptor(), y = b.descriptor();
#define JUICE_C8(i) "+f"(c[i]), "+f"(c[i + 1]), "+f"(c[i + 2]), "+f"(c[i + 3]), "+f"(c[i + 4]), "+f"(c[i + 5]), "+f"(c[i + 6]), "+f"(c[i + 7])
    if constexpr (numbers == 16) {
        asm volatile(
            "wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 "
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15}, "
            "%16, %17, 1, 1, 1, %18, %19;"
            : JUICE_C8(0), JUICE_C8(8)
            : "l"(x), "l"(y), "n"(a_along ? 0 : 1), "n"(b_along ? 0 : 1));
    } else if constexpr (numbers == 32) {
        asm volatile(
            "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
            "%32, %33, 1, 1, 1, %34, %35;"
            : JUICE_C8(0), JUICE_C8(8), JUICE_C8(16), JUICE_C8(24)
            : "l"(x), "l"(y), "n"(a_along ? 0 : 1), "n"(b_along ? 0 : 1));
    } else if constexpr (numbers == 128) {
        asm volatile(
            "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 "
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
            "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, %80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
            "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, %112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, "
            "%128, %129, 1, 1, 1, %130, %131;"
            : JUICE_C8(0), JUICE_C8(8), JUICE_C8(16), JUICE_C8(24), JUICE_C8(32), JUICE_C8(40), JUICE_C8(48), JUICE_C8(56),
              JUICE_C8(64), JUICE_C8(72), JUICE_C8(80), JUICE_C8(88), JUICE_C8(96), JUICE_C8(104), JUICE_C8(112), JUICE_C8(120)
            : "l"(x), "l"(y), "n"(a_along ? 0 : 1), "n"(b_along ? 0 : 1));
    } else {
        asm volatile(
            "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
            "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63}, "
            "%64, %65, 1, 1, 1, %66, %67;"
            : JUICE_C8(0), JUICE_C8(8), JUICE_C8(16), JUICE_C8(24), JUICE_C8(32), JUICE_C8(40), JUICE_C8(48), JUICE_C8(56)
            : "l"(x), "l"(y), "n"(a_along ? 0 : 1), "n"(b_along ? 0 : 1));
    }
#undef JUICE_C8
#endif
}

// Σ over the warp's lanes, for all of them.
__device__ inline unsigned total_in_warp(unsigned x) {
#if !defined(JUICE_CUDA_EMULATION) && __CUDA_ARCH__ >= 900
    return __reduce_add_sync(~0u, x);
#else
    for (int d = 1; d < 32; d *= 2) x += __shfl_xor_sync(~0u, x, d);
    return x;
#endif
}

// A place in shared memory that compilers keep, where they would work it out again at every use.
template <class T>
__device__ T* kept_place(T* place) {
#if !defined(JUICE_CUDA_EMULATION)
    asm volatile("" : "+l"(place));
#endif
    return place;
}
// The same in global memory.
template <class T>
__device__ T* kept_global(T* place) {
#if !defined(JUICE_CUDA_EMULATION)
    asm volatile("" : "+l"(place));
    __builtin_assume(__isGlobal(place));
#endif
    return place;
}
__device__ inline std::uint32_t load_shared(const std::uint32_t* place) {
#if defined(JUICE_CUDA_EMULATION)
    return *place;
#else
    std::uint32_t word;
    asm volatile("ld.shared.u32 %0, [%1];" : "=r"(word) : "r"(static_cast<unsigned>(__cvta_generic_to_shared(place))) : "memory");
    return word;
#endif
}

// ---- bulk copies, and the arrivals that count their bytes ----

using Arrival = std::uint64_t;      // in shared memory

// By one thread, before a barrier of the block. A phase needs `arrivers` that arrive, of whom each that expects bytes is one.
__device__ inline void prepare_arrivals(Arrival* arrivals, int count, int arrivers = 1) {
#if defined(JUICE_CUDA_EMULATION)
    emulation::prepare_arrivals(arrivals, count, arrivers);
#elif __CUDA_ARCH__ >= 900
    for (int i = 0; i < count; ++i) asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(arrivals + i))), "r"(arrivers) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
#endif
}
// By one thread, who arrives: this arrival's next phase also needs so many bytes to come.
__device__ inline void expect_bytes(Arrival* arrival, unsigned bytes) {
#if defined(JUICE_CUDA_EMULATION)
    emulation::expect_bytes(arrival, bytes);
#elif __CUDA_ARCH__ >= 900
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(arrival))), "r"(bytes) : "memory");
#endif
}
// By one thread, who expects nothing.
__device__ inline void arrive(Arrival* arrival) {
#if defined(JUICE_CUDA_EMULATION)
    emulation::expect_bytes(arrival, 0);
#elif __CUDA_ARCH__ >= 900
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(arrival))) : "memory");
#endif
}
// A multiple of 16 bytes.
__device__ inline void copy_bulk(void* to, const void* from, unsigned bytes, Arrival* arrival) {
#if defined(JUICE_CUDA_EMULATION)
    emulation::copy_bulk(to, from, bytes, arrival);
#elif __CUDA_ARCH__ >= 900
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(to))),
                 "l"(__cvta_generic_to_global(from)), "r"(bytes), "r"(static_cast<unsigned>(__cvta_generic_to_shared(arrival)))
                 : "memory");
#endif
}
// Into the second-level cache, in the background; nothing on older GPUs. A multiple of 16 bytes.
__device__ inline void prefetch_bulk([[maybe_unused]] const void* from, [[maybe_unused]] unsigned bytes) {
#if !defined(JUICE_CUDA_EMULATION) && __CUDA_ARCH__ >= 900
    asm volatile("cp.async.bulk.prefetch.L2.global [%0], %1;" ::"l"(__cvta_generic_to_global(from)), "r"(bytes) : "memory");
#endif
}
// Until the phase of that parity (0 first, then 1, 0, …) is complete.
__device__ inline void wait_for_arrival(Arrival* arrival, unsigned parity) {
#if defined(JUICE_CUDA_EMULATION)
    emulation::wait_for_arrival(arrival, parity);
#elif __CUDA_ARCH__ >= 900
    asm volatile(
        "{\n"
        ".reg .pred there;\n"
        "again:\n"
        "mbarrier.try_wait.parity.shared::cta.b64 there, [%0], %1;\n"
        "@!there bra again;\n"
        "}" ::"r"(static_cast<unsigned>(__cvta_generic_to_shared(arrival))), "r"(parity)
        : "memory");
#endif
}

}  // namespace juice::cuda
