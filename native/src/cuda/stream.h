// The order of a device's work, and a step recorded once and played again.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "cuda/device.h"
#include "cuda/memory.h"

namespace juice::cuda {

class Stream {
public:
    explicit Stream(std::int32_t device);
    ~Stream();
    Stream(const Stream&) = delete;

    cudaStream_t get() const noexcept { return stream_; }
    std::int32_t capability() const noexcept { return capability_; }        // 90: compute capability 9.0
    std::int32_t multiprocessors() const noexcept { return multiprocessors_; }
    void use() const;               // makes its device the calling thread's; throws where it is lost
    void wait() const { check(cudaStreamSynchronize(stream_), "waiting for the device"); }

    // Work that does not depend on what is asked of the stream meanwhile: beside(…) after what has been asked so far, and after what was done beside it before;
    // join() before what comes. beside_marked(…) goes beside what has been asked since mark() as well, which begins first.
    template <class Work>
    void beside(Work work) {
        mark();
        beside_marked(work);
    }
    void mark() { marked_->record(stream_); }
    template <class Work>
    void beside_marked(Work work) {
        marked_->hold(beside_);
        apart_ = true;
        work(beside_);
        done_->record(beside_);
    }
    void join();

    // Plays what `work` did when it was first called with this key; recorded work must be the same each time.
    template <class Work>
    void replay(std::uint64_t key, Work work) {
        if (play(key)) return;
        begin_recording();
        try {
            work();
        } catch (...) {
            give_up_recording();
            throw;
        }
        end_recording(key);
    }
    void forget();                  // recordings that point at memory which is going away

private:
    std::int32_t device_;
    cudaStream_t stream_ = nullptr;
    std::int32_t capability_ = 0, multiprocessors_ = 0;
    std::vector<std::pair<std::uint64_t, void*>> recordings_;

    cudaStream_t beside_ = nullptr;
    std::optional<Event> marked_, done_;    // made where the device is chosen
    bool apart_ = false;                    // something is beside that has not been joined

    bool play(std::uint64_t key);
    void begin_recording();
    void end_recording(std::uint64_t key);
    void give_up_recording();
};

}  // namespace juice::cuda
