// Memory on the device, plain arrays going there and back, and what to wait for meanwhile.
#pragma once

#include <cstdint>
#include <utility>

#include "cuda/device.h"

namespace juice::cuda {

template <class T>
class Array {
public:
    Array() = default;
    Array(std::int64_t count, const char* purpose) : count_(count) {
        if (count == 0) return;
        void* address = nullptr;
        const auto bytes = static_cast<std::size_t>(count) * sizeof(T);
        if (const cudaError_t error = cudaMalloc(&address, bytes); error != cudaSuccess) fail_allocation(error, static_cast<std::int64_t>(bytes), purpose);
        data_ = static_cast<T*>(address);
    }
    ~Array() {
        if (data_) cudaFree(data_);
    }
    Array(Array&& other) noexcept { swap(other); }
    Array& operator=(Array&& other) noexcept {
        swap(other);
        return *this;
    }

    T* data() const noexcept { return data_; }
    std::int64_t size() const noexcept { return count_; }
    void swap(Array& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(count_, other.count_);
    }

    void upload(const T* from, std::int64_t offset, std::int64_t count, cudaStream_t stream) {
        if (count > 0) check(cudaMemcpyAsync(data_ + offset, from, static_cast<std::size_t>(count) * sizeof(T), cudaMemcpyHostToDevice, stream), "copying to the device");
    }
    void download(T* to, std::int64_t offset, std::int64_t count, cudaStream_t stream) const {
        if (count > 0) check(cudaMemcpyAsync(to, data_ + offset, static_cast<std::size_t>(count) * sizeof(T), cudaMemcpyDeviceToHost, stream), "copying from the device");
    }
    void clear(cudaStream_t stream, int byte = 0) {
        if (count_ > 0) check(cudaMemsetAsync(data_, byte, static_cast<std::size_t>(count_) * sizeof(T), stream), "clearing");
    }

private:
    T* data_ = nullptr;
    std::int64_t count_ = 0;
};

// Pinned memory of the host, which copies reach beside everything else.
template <class T>
class HostArray {
public:
    HostArray() = default;
    HostArray(std::int64_t count, const char* purpose) : count_(count) {
        if (count == 0) return;
        void* address = nullptr;
        const auto bytes = static_cast<std::size_t>(count) * sizeof(T);
        if (const cudaError_t error = cudaMallocHost(&address, bytes); error != cudaSuccess) fail_allocation(error, static_cast<std::int64_t>(bytes), purpose);
        data_ = static_cast<T*>(address);
    }
    ~HostArray() {
        if (data_) cudaFreeHost(data_);
    }
    HostArray(HostArray&& other) noexcept { swap(other); }
    HostArray& operator=(HostArray&& other) noexcept {
        swap(other);
        return *this;
    }

    T* data() const noexcept { return data_; }
    std::int64_t size() const noexcept { return count_; }

private:
    T* data_ = nullptr;
    std::int64_t count_ = 0;

    void swap(HostArray& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(count_, other.count_);
    }
};

// A moment in a stream's work, for other streams and the host to wait for.
class Event {
public:
    Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "making an event"); }
    ~Event() { cudaEventDestroy(event_); }
    Event(const Event&) = delete;

    void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "recording an event"); }
    void hold(cudaStream_t stream) const { check(cudaStreamWaitEvent(stream, event_, 0), "waiting for an event"); }     // until it has happened
    void wait() const { check(cudaEventSynchronize(event_), "waiting for the device"); }                               // here

private:
    cudaEvent_t event_ = nullptr;
};

}  // namespace juice::cuda
