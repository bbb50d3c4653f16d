// Small device functions: powers of two, reductions over the 16 lanes of a panel's row, places of values.
#pragma once

#include "cuda/device.h"
#include "cuda/run.h"

namespace juice::cuda {

// 2^120: every product starts this high, so that it may fall as far below 1.
inline constexpr float lift = 0x1p120f;
inline constexpr int lift_exponent = 120;
inline constexpr int factors_at_once = 4;       // then the row is scaled again
// A smaller sum is computed again edge by edge: what elements below a float's range would have added to this one is below its last digit, were they 4096.
inline constexpr float lowest_value = 0x1p-90f, lowest_log = -90.0f;

__device__ inline float minus_infinity() { return -__builtin_inff(); }

__device__ inline int exponent_field(float x) { return __float_as_int(x) >> 23; }
__device__ inline float power_of_two(int field) { return __int_as_float(field << 23); }     // 2^(field - 127)

// The mask of a thread's half warp: the 16 lanes of one row.
__device__ inline unsigned half_warp() { return 0xffffu << (threadIdx.x & 16u); }

// What lane k of the 16 has.
template <class T>
__device__ T lane_of(T x, int k) {
    return __shfl_sync(half_warp(), x, k, static_cast<int>(panel));
}

__device__ inline float lane_max(float x) {
    for (int d = 8; d > 0; d >>= 1) x = fmaxf(x, __shfl_xor_sync(half_warp(), x, d));
    return x;
}
__device__ inline double lane_max(double x) {
    for (int d = 8; d > 0; d >>= 1) x = fmax(x, __shfl_xor_sync(half_warp(), x, d));
    return x;
}
// In the same order on every lane, so that all have the same bits.
__device__ inline float lane_sum(float x) {
    for (int d = 8; d > 0; d >>= 1) x += __shfl_xor_sync(half_warp(), x, d);
    return x;
}
// The same of a whole warp.
inline constexpr int warp_lanes = 32;
__device__ inline float warp_max(float x) {
    for (int d = warp_lanes / 2; d > 0; d >>= 1) x = fmaxf(x, __shfl_xor_sync(~0u, x, d));
    return x;
}
__device__ inline float warp_sum(float x) {
    for (int d = warp_lanes / 2; d > 0; d >>= 1) x += __shfl_xor_sync(~0u, x, d);
    return x;
}

__device__ inline float4 load4(const float* from) { return *reinterpret_cast<const float4*>(from); }
__device__ inline void store4(float* to, float4 value) { *reinterpret_cast<float4*>(to) = value; }
__device__ inline float4 add4(float4 a, float4 b) { return make_float4(a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w); }

// x / y but for the last bit or two, where y is a normal float below 2^126.
__device__ inline float divide_roughly(float x, float y) {
#if defined(JUICE_CUDA_EMULATION)
    return x / y;
#else
    float reciprocal;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(y));
    return x * reciprocal;
#endif
}

// A row of panel 0; panel q is q · stride further on.
__device__ inline float* value_row(const Run& run, const PlanOperation& operation, std::int64_t row) {
    return run.values + operation.train_values * run.stride + row * panel;
}
__device__ inline float* gradient_row(const Run& run, const PlanOperation& operation, std::int64_t row) {
    return run.gradients + operation.train_values * run.stride + row * panel;
}
__device__ inline float* element_row(const Run& run, const PlanOperation& operation, std::int64_t row) {
    return run.elements + operation.operand * run.stride + row * panel;
}
__device__ inline float* flow_row(const Run& run, const PlanOperation& operation, std::int64_t row) {
    return run.element_flows + operation.operand * run.stride + row * panel;
}

// Where a row's elements and their flows lie in their buffers, and its values and gradients: of panel 0, of wide sums' bf16, too.
__device__ inline std::int64_t operand_place(const Run& run, const PlanOperation& operation, std::int64_t row) { return operation.operand * run.stride + row * panel; }
__device__ inline std::int64_t value_place(const Run& run, const PlanOperation& operation, std::int64_t row) { return operation.train_values * run.stride + row * panel; }
// How a kept bf16 number's place follows from that of its float: the two halves of a line of 16 change places where bit 2 of the line's number is set. That
// is what tensor cores and ldmatrix read without two lines meeting in a bank, and as it lies so everywhere, copies need not rearrange it.
__host__ __device__ inline std::int64_t swapped(std::int64_t place) { return place ^ (place >> 3 & 8); }
__device__ inline bool is_wide(const Run& run, const PlanOperation& operation) { return run.wide && operation.wide; }

// A position's or node's place within such rows.
__device__ inline std::int64_t at(const Run& run, std::int64_t node) { return node / panel * run.stride + node % panel; }

}  // namespace juice::cuda
