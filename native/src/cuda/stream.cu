#include "cuda/stream.h"

#include "cuda/errors.h"

namespace juice::cuda {

namespace {

constexpr std::size_t recordings_kept = 16;

// All properties together take a millisecond, and several threads wait for each other there.
std::int32_t ask(cudaDeviceAttr attribute, std::int32_t device) {
    int value = 0;
    check(cudaDeviceGetAttribute(&value, attribute, device), "asking the device");
    return value;
}

}  // namespace

Stream::Stream(std::int32_t device) : device_(device) {
    use();
    capability_ = ask(cudaDevAttrComputeCapabilityMajor, device) * 10 + ask(cudaDevAttrComputeCapabilityMinor, device);
    multiprocessors_ = ask(cudaDevAttrMultiProcessorCount, device);
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
    check(cudaStreamCreateWithFlags(&beside_, cudaStreamNonBlocking), "making a stream");
    marked_.emplace();
    done_.emplace();
}

Stream::~Stream() {
    forget();
    if (beside_) cudaStreamDestroy(beside_);
    if (stream_) cudaStreamDestroy(stream_);
}

void Stream::use() const { use_device(device_); }

// Only what this pass has put there: of a recording that has ended, the event may not be waited for.
void Stream::join() {
    if (apart_) done_->hold(stream_);
    apart_ = false;
}

void Stream::forget() {
    for (auto& [key, recording] : recordings_) cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(recording));
    recordings_.clear();
}

void Stream::give_up_recording() {
    apart_ = false;
    cudaGraph_t graph = nullptr;
    if (cudaStreamEndCapture(stream_, &graph) == cudaSuccess && graph) cudaGraphDestroy(graph);
    (void)cudaGetLastError();
}

bool Stream::play(std::uint64_t key) {
    for (auto& [known, recording] : recordings_) {
        if (known != key) continue;
        check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(recording), stream_), "playing a recorded step");
        return true;
    }
    return false;
}

void Stream::begin_recording() { check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "recording a step"); }

void Stream::end_recording(std::uint64_t key) {
    cudaGraph_t graph = nullptr;
    check(cudaStreamEndCapture(stream_, &graph), "recording a step");
    cudaGraphExec_t recording = nullptr;
    const cudaError_t error = cudaGraphInstantiate(&recording, graph, 0);
    cudaGraphDestroy(graph);
    check(error, "recording a step");
    if (recordings_.size() == recordings_kept) {
        cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(recordings_.front().second));
        recordings_.erase(recordings_.begin());
    }
    recordings_.emplace_back(key, recording);
    play(key);
}

}  // namespace juice::cuda
