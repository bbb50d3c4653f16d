// CUDA on the processor: what the kernels use of CUDA's language and run-time library, for tests without a GPU. Every thread of a block is a fiber; they
// take turns in a shuffled order and switch at barriers and shuffles, so that a missing barrier shows as a wrong result. Shared memory comes from the
// heap, filled with NaN, so that sanitizers see overruns and reads of what was never written show. Blocks run one after the other, or a cluster's at once, also shuffled. A kernel that
// may begin early mostly does so: one block's threads go on to where they wait for the kernel before, which is only done then.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "cuda/emulation/fibers.h"
#include "cuda/emulation/runtime.h"

#define __global__
#define __device__
#define __host__
#define __noinline__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __restrict__ __restrict
#define __launch_bounds__(...)

struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(8) float2 {
    float x, y;
};
inline float2 make_float2(float x, float y) { return {x, y}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

namespace juice::cuda::emulation {

inline thread_local dim3 thread_index, block_index, block_size, grid_size;

// Runs body once a thread of every block, in clusters of so many beside each other along x.
void launch(dim3 grid, dim3 block, int cluster, void (*body)(void*), void* closure);

template <class Body>
void launch(dim3 grid, dim3 block, int cluster, Body body) {
    launch(grid, block, cluster, [](void* closure) { (*static_cast<Body*>(closure))(); }, &body);
}

// Which of its cluster's blocks the caller's is, and where another has what its own has at a place of its shared memory.
int cluster_rank();
void* place_in_cluster(const void* own, int rank);

// The shared array of one declaration (`site`) in the block at work.
void* shared_array(const void* site, std::size_t bytes);

// Bit k of the answer: lane k of `mask` says yes.
unsigned ballot(unsigned mask, bool yes);

// c += a · b by a whole warp, each lane with its fragments (cuda/mma.h).
void mma_tf32(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]);

void mma_bf16(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1);
void load_matrices(unsigned (&to)[4], const std::uint16_t* line, bool turned);

// Asynchronous copies of 16 bytes (NULL: zeros) are made when their thread waits for them, and not a moment before.
void copy_later(void* to, const void* from);
void commit_copies();
void wait_for_copies(int groups);

// Products of groups of four warps (cuda/groups.h), which read their sides when their thread waits for them, and not a moment before.
struct GroupSide {
    const std::uint16_t* base;
    int hop;
    bool along;
};
void multiply_later(float* c, int columns, const GroupSide& a, const GroupSide& b);
void commit_products();
void wait_for_products(int batches);
void expect_no_products();

// Until the kernel before is done, which has not begun where this one was launched early.
void wait_for_earlier();

// Bulk copies are made when somebody waits for their arrival, or some at once, as it happens; what is expected must come to the byte. A phase needs
// `arrivers` that arrive, of whom each that expects bytes is one.
void prepare_arrivals(std::uint64_t* arrivals, int count, int arrivers);
void expect_bytes(std::uint64_t* arrival, unsigned bytes);
void copy_bulk(void* to, const void* from, unsigned bytes, std::uint64_t* arrival);
void wait_for_arrival(std::uint64_t* arrival, unsigned parity);

// Exchanges values among the lanes of `mask`; every one of them must call.
std::uint64_t exchange(unsigned mask, std::uint64_t value, int source_lane);
int lane();

template <class T>
T shuffle(unsigned mask, T value, int source_lane) {
    static_assert(sizeof(T) <= 8);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    bits = exchange(mask, bits, source_lane);
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

}  // namespace juice::cuda::emulation

#define threadIdx (::juice::cuda::emulation::thread_index)
#define blockIdx (::juice::cuda::emulation::block_index)
#define blockDim (::juice::cuda::emulation::block_size)
#define gridDim (::juice::cuda::emulation::grid_size)

#define JUICE_SHARED(type, name, count)  \
    static const char name##_site = 0;   \
    type* const name = static_cast<type*>(::juice::cuda::emulation::shared_array(&name##_site, (count) * sizeof(type)))
#define JUICE_POOL(type, name, count) JUICE_SHARED(type, name, count)
#define JUICE_LAUNCH_WITH(kernel, grid, block, bytes, stream, ...) \
    do {                                                           \
        (void)(bytes);                                             \
        JUICE_LAUNCH(kernel, grid, block, stream, __VA_ARGS__);    \
    } while (false)
#define JUICE_LAUNCH_IN_CLUSTERS(cluster, kernel, grid, block, bytes, stream, run, ...)           \
    do {                                                                                         \
        (void)(bytes);                                                                           \
        JUICE_ENQUEUE((run).early != 0, cluster, kernel, grid, block, stream, run, __VA_ARGS__); \
    } while (false)
#define JUICE_LAUNCH(kernel, grid, block, stream, ...) JUICE_ENQUEUE(false, 1, kernel, grid, block, stream, __VA_ARGS__)
#define JUICE_ENQUEUE(early, cluster, kernel, grid, block, stream, ...)                                                                                               \
    ::juice::cuda::check(::juice::cuda::emulation::enqueue_kernel(                                                                                                    \
                             stream, [=, grid_ = dim3(grid), block_ = dim3(block)] { ::juice::cuda::emulation::launch(grid_, block_, cluster, [=] { kernel(__VA_ARGS__); }); }, early), \
                         #kernel)

inline void __syncthreads() { juice::cuda::emulation::synchronize_block(); }
inline void __syncwarp(unsigned mask = ~0u) { juice::cuda::emulation::synchronize_warp(mask); }
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask) {
    return juice::cuda::emulation::shuffle(mask, value, juice::cuda::emulation::lane() ^ lane_mask);
}
template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width) {
    return juice::cuda::emulation::shuffle(mask, value, juice::cuda::emulation::lane() / width * width + source);
}
inline unsigned __ballot_sync(unsigned mask, bool yes) { return juice::cuda::emulation::ballot(mask, yes); }
inline int __ffs(int bits) { return __builtin_ffs(bits); }
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }

// Every block runs on one thread of the processor.
inline int atomicOr(int* address, int value) {
    const int old = *address;
    *address = old | value;
    return old;
}

inline int atomicAdd(int* address, int value) {
    const int old = *address;
    *address = old + value;
    return old;
}

inline float __int_as_float(int bits) { return __builtin_bit_cast(float, bits); }
inline int __float_as_int(float value) { return __builtin_bit_cast(int, value); }

namespace juice::cuda {

inline void begin_early() {}
inline void wait_for_earlier() { emulation::wait_for_earlier(); }

}  // namespace juice::cuda
