// A small pool of threads: run(f) calls f(0) … f(size-1) at the same time, f(0) on the calling thread, and returns when all are done.
// The first exception is rethrown to the caller. One run at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace juice {

// The cores this process may use (affinity and cgroup limits counted in).
int available_cores();

class ThreadPool {
public:
    explicit ThreadPool(int threads = 0);       // 0: available_cores()
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int size() const noexcept;
    void run(const std::function<void(int)>& body);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace juice
