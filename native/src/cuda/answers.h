// Log-likelihoods of steps on their way back to the host, so that the next step is under way before those of the last one are there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "cuda/memory.h"

namespace juice::cuda {

// They lie in pinned memory, where kernels put them: a copy would stand between a step and the next one.
class Answers {
public:
    // For so many at a time, at least as many as before. The stream has been waited for; recordings point at what there was.
    void make_room(std::int64_t count) {
        for (Answer& answer : answers_) {
            HostArray<double> larger(count, "log-likelihoods");
            std::copy_n(answer.logs.data(), answer.count, larger.data());
            answer.logs = std::move(larger);
        }
    }
    // Where the next ones go: one of two places.
    std::int32_t place() const noexcept { return static_cast<std::int32_t>(sent_ % 2); }
    double* next() noexcept { return answers_[sent_ % 2].logs.data(); }
    // What the stream has been given puts the next ones there, so many. At most two are under way.
    void send(std::int64_t count, cudaStream_t stream) {
        Answer& answer = answers_[sent_++ % 2];
        answer.there.record(stream);
        answer.count = count;
    }
    // The oldest that has not been received.
    void receive(double* to) {
        const Answer& answer = answers_[received_++ % 2];
        answer.there.wait();
        std::copy_n(answer.logs.data(), answer.count, to);
    }
    void forget() noexcept { received_ = sent_; }

private:
    struct Answer {
        HostArray<double> logs;
        std::int64_t count = 0;
        Event there;
    };
    Answer answers_[2];
    std::int64_t sent_ = 0, received_ = 0;
};

}  // namespace juice::cuda
