#include "common/threads.h"

#include <algorithm>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "common/condition_variable.h"

#if defined(__linux__)
#include <sched.h>
#endif

#include "common/error.h"

namespace juice {

namespace {

// Cores that a cgroup v2 quota allows; 0 where there is none.
int quota_cores() {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    std::string quota;
    long long period = 0;
    if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
    try {
        return static_cast<int>((std::stoll(quota) + period - 1) / period);
    } catch (const std::exception&) {
        return 0;
    }
}

}  // namespace

int available_cores() {
    int cores = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) cores = CPU_COUNT(&set);
#endif
    if (const int quota = quota_cores(); quota > 0) cores = std::min(cores, quota);
    return std::max(cores, 1);
}

struct ThreadPool::State {
    std::mutex mutex;
    std::condition_variable wake, finished;
    std::vector<std::thread> workers;
    const std::function<void(int)>* body = nullptr;
    std::uint64_t round = 0;
    int running = 0;
    bool stopping = false;
    std::exception_ptr error;

    void call(int index) {
        try {
            (*body)(index);
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!error) error = std::current_exception();
        }
    }

    void work(int index) {
        std::uint64_t seen = 0;
        std::unique_lock lock(mutex);
        for (;;) {
            wake.wait(lock, [&] { return stopping || round != seen; });
            if (stopping) return;
            seen = round;
            lock.unlock();
            call(index);
            lock.lock();
            if (--running == 0) finished.notify_one();
        }
    }

    void stop() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        wake.notify_all();
        for (auto& worker : workers) worker.join();
    }
};

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
    const int count = threads > 0 ? threads : available_cores();
    try {
        for (int i = 1; i < count; ++i) state_->workers.emplace_back([state = state_.get(), i] { state->work(i); });
    } catch (const std::system_error& error) {
        state_->stop();
        fail(JUICE_ERROR_MEMORY, "thread %zu of %d could not be started: %s", state_->workers.size() + 2, count, error.code().message().c_str());
    } catch (...) {
        state_->stop();
        throw;
    }
}

ThreadPool::~ThreadPool() { state_->stop(); }

int ThreadPool::size() const noexcept { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run(const std::function<void(int)>& body) {
    {
        const std::lock_guard lock(state_->mutex);
        state_->body = &body;
        state_->error = nullptr;
        state_->running = static_cast<int>(state_->workers.size());
        ++state_->round;
    }
    state_->wake.notify_all();
    state_->call(0);
    std::unique_lock lock(state_->mutex);
    state_->finished.wait(lock, [&] { return state_->running == 0; });
    if (state_->error) std::rethrow_exception(state_->error);
}

}  // namespace juice
