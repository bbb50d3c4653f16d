#include "cuda/stream.h"

#include "common/error.h"

namespace juice::cuda {

namespace {

constexpr std::size_t recordings_kept = 8;

}  // namespace

void fail_cuda(cudaError_t error, const char* what) {
    (void)cudaGetLastError();       // an error that is not fatal must not answer for a later call
    const char* text = cudaGetErrorString(error);
    switch (error) {
        case cudaErrorMemoryAllocation: fail(JUICE_ERROR_MEMORY, "%s: the device's memory is exhausted (%s)", what, text);
        case cudaErrorNoDevice:
        case cudaErrorInsufficientDriver:
        case cudaErrorNoKernelImageForDevice: fail(JUICE_ERROR_UNSUPPORTED, "%s: %s", what, text);
        default: fail(JUICE_ERROR_INTERNAL, "%s: %s; the device may be lost for this process", what, text);
    }
}

Stream::Stream(std::int32_t device) : device_(device) {
    use();
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, device), "asking the device");
    capability_ = properties.major * 10 + properties.minor;
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
}

Stream::~Stream() {
    forget();
    if (stream_) cudaStreamDestroy(stream_);
}

void Stream::use() const { check(cudaSetDevice(device_), "choosing the device"); }

void Stream::forget() {
    for (auto& [key, recording] : recordings_) cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(recording));
    recordings_.clear();
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
