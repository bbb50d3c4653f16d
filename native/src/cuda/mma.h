// One-instruction wrappers of the tensor cores, and what a float needs to get there. The emulation has a twin of each.
#pragma once

#include "cuda/device.h"

namespace juice::cuda {

// A float as two numbers for the tensor cores, which see 10 bits behind the point and cut off the rest. high is rounded there, so that low, exactly what
// is left, may have either sign: cutting it off leans to neither side.
struct SplitFloat {
    unsigned high, low;
};
__device__ inline SplitFloat split(float x) {
    const unsigned high = (static_cast<unsigned>(__float_as_int(x)) + 0x1000u) & ~0x1fffu;
    return {high, static_cast<unsigned>(__float_as_int(x - __int_as_float(static_cast<int>(high))))};
}

// c += a · b, (16, 8) += (16, 8) · (8, 8), by the 32 lanes of a warp. Lane 4 g + t holds a at rows g and g + 8 of columns t, then t + 4; b at rows t and
// t + 4 of column g; c at columns 2 t and 2 t + 1 of row g, then g + 8.
__device__ inline void mma_tf32(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if defined(JUICE_CUDA_EMULATION)
    emulation::mma_tf32(c, a, b);
#elif __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

// ---- bf16: a float's upper half ----

using Bf16 = std::uint16_t;

__device__ inline Bf16 to_bf16(float x) {           // to the nearest, ties to even
    const auto bits = static_cast<unsigned>(__float_as_int(x));
    return static_cast<Bf16>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
__device__ inline float from_bf16(Bf16 x) { return __int_as_float(static_cast<int>(static_cast<unsigned>(x) << 16)); }
// Two of them, the first in the lower half.
__device__ inline float2 from_pair(unsigned pair) { return make_float2(__int_as_float(static_cast<int>(pair << 16)), __int_as_float(static_cast<int>(pair & 0xffff0000u))); }
__device__ inline unsigned to_pair(float x, float y) {
#if __CUDA_ARCH__ >= 800
    unsigned pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(y), "f"(x));
    return pair;
#else
    return to_bf16(x) | static_cast<unsigned>(to_bf16(y)) << 16;
#endif
}
__device__ inline std::uint64_t to_four(unsigned first, unsigned second) { return first | std::uint64_t{second} << 32; }
__device__ inline std::uint64_t to_four(const Bf16 (&x)[4]) {
    return x[0] | static_cast<std::uint64_t>(x[1]) << 16 | static_cast<std::uint64_t>(x[2]) << 32 | static_cast<std::uint64_t>(x[3]) << 48;
}
__device__ inline float4 from_four(std::uint64_t four) {
    const float2 low = from_pair(static_cast<unsigned>(four)), high = from_pair(static_cast<unsigned>(four >> 32));
    return make_float4(low.x, low.y, high.x, high.y);
}
__device__ inline float4 from_four(const Bf16* four) { return from_four(*reinterpret_cast<const std::uint64_t*>(four)); }

// c += a · b, (16, 8) += (16, 16) · (16, 8). Lane 4 g + t holds pairs along k: a at columns 2 t of rows g and g + 8, then at columns 2 t + 8; b at rows
// 2 t and 2 t + 8 of column g; c as above.
__device__ inline void mma_bf16(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
#if defined(JUICE_CUDA_EMULATION)
    emulation::mma_bf16(c, a, b0, b1);
#elif __CUDA_ARCH__ >= 800
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#endif
}

// Four matrices of 8 × 8, of which lanes 8 j to 8 j + 7 give matrix j's lines of 16 bytes. Lane 4 g + t gets columns 2 t and 2 t + 1 of line g of each;
// turned: lines 2 t and 2 t + 1 of column g.
template <bool turned>
__device__ void load_matrices(unsigned (&to)[4], const Bf16* line) {
#if defined(JUICE_CUDA_EMULATION)
    emulation::load_matrices(to, line, turned);
#elif __CUDA_ARCH__ >= 750
    const auto place = static_cast<unsigned>(__cvta_generic_to_shared(line));
    if constexpr (turned)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(place) : "memory");
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(place) : "memory");
#endif
}

// ---- copies to shared memory that go on while other work is done ----

// 16 bytes; NULL: zeros.
__device__ inline void copy_piece(void* to, const void* from) {
#if defined(JUICE_CUDA_EMULATION)
    emulation::copy_later(to, from);
#elif __CUDA_ARCH__ >= 800
    const auto place = static_cast<unsigned>(__cvta_generic_to_shared(to));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(place), "l"(from ? from : to), "r"(from ? 16 : 0) : "memory");
#else
    *static_cast<float4*>(to) = from ? *static_cast<const float4*>(from) : make_float4(0, 0, 0, 0);
#endif
}
// Copies so far become one group.
__device__ inline void commit_copies() {
#if defined(JUICE_CUDA_EMULATION)
    emulation::commit_copies();
#elif __CUDA_ARCH__ >= 800
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}
// Until at most `groups` of the thread's groups are under way.
template <int groups>
__device__ void wait_for_copies() {
#if defined(JUICE_CUDA_EMULATION)
    emulation::wait_for_copies(groups);
#elif __CUDA_ARCH__ >= 800
    asm volatile("cp.async.wait_group %0;" ::"n"(groups) : "memory");
#endif
}

}  // namespace juice::cuda
