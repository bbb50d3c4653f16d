// The threads of one block, or of a cluster of blocks, as fibers on one thread of the processor, and the barriers at which they switch.
#pragma once

#include <cstdint>
#include <functional>

namespace juice::cuda::emulation {

// All threads of the block that still run; of the cluster.
void synchronize_block();
void synchronize_cluster();
// So many threads of the block, always the same ones.
void synchronize_some(int threads);
// The lanes of `mask` in the caller's warp.
void synchronize_warp(unsigned mask);
// The caller sleeps until another thread wakes it.
void sleep_thread();
void wake_thread(int thread);

// Does work, a kernel's launch, before what comes earlier: that is done once all threads of a block that can go on have asked for it, or behind everything.
void run_before_earlier(std::function<void()> earlier, const std::function<void()>& work);
// Until what comes earlier is done.
void synchronize_earlier();

// Runs body(closure) once for every thread of a cluster of so many blocks, one block's behind the other's, in an order drawn from `seed`; `enter` is told the
// thread's number each time that it gets its turn. Ends the process where threads wait for what never comes.
void run_threads(int blocks, int threads_a_block, std::uint64_t seed, void (*enter)(int thread), void (*body)(void*), void* closure);

// The thread that has its turn, and its block.
int current_thread();
int current_block();

}  // namespace juice::cuda::emulation
