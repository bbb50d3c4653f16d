// Log-likelihoods of steps on their way back to the host, so that the next step is under way before those of the last one are there.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cuda/memory.h"

namespace juice::cuda {

class Answers {
public:
    // What comes after all that the stream has been given. At most two are under way.
    void send(const Array<double>& logs, std::int64_t count, cudaStream_t stream) {
        Answer& answer = answers_[sent_++ % 2];
        if (answer.logs.size() < count) {
            answer.there.wait();        // a step that nobody asked about may still be writing
            answer.logs = HostArray<double>(count, "log-likelihoods");
        }
        logs.download(answer.logs.data(), 0, count, stream);
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
