// The exports of libjuice_cuda: a version, the devices of this machine, the engine.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

#include "cuda/device.h"
#include "cuda/engine.h"
#include "cuda/run.h"
#include "plan/plugin.h"

namespace {

constexpr int least_capability = 75;

void describe(int index, juice::PluginDevice& device) {
    cudaDeviceProp properties;
    device = {};
    if (const cudaError_t error = cudaGetDeviceProperties(&properties, index); error != cudaSuccess) {
        std::snprintf(device.reason, sizeof device.reason, "the driver does not describe it: %s", cudaGetErrorString(error));
        return;
    }
    device.memory = static_cast<std::int64_t>(properties.totalGlobalMem);
    device.cores = properties.multiProcessorCount;
    device.available = properties.major * 10 + properties.minor >= least_capability;
    device.fast = juice::cuda::has_fast(properties.major * 10 + properties.minor);
    std::snprintf(device.description, sizeof device.description, "%.90s, compute capability %d.%d", properties.name, properties.major, properties.minor);
    if (!device.available) std::snprintf(device.reason, sizeof device.reason, "its compute capability is %d.%d: Juice needs 7.5", properties.major, properties.minor);
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) const char* juice_cuda_version() {
    static const std::string version = juice::plugin_version();
    return version.c_str();
}

__attribute__((visibility("default"))) std::int32_t juice_cuda_devices(juice::PluginDevice* devices, std::int32_t capacity, char* reason, std::int32_t length) {
    int count = 0;
    if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess || count == 0) {
        int driver = 0, built = 0;
        (void)cudaGetLastError();
        cudaDriverGetVersion(&driver);
        cudaRuntimeGetVersion(&built);
        if (driver == 0) std::snprintf(reason, static_cast<std::size_t>(length), "there is no NVIDIA driver here");
        else if (error == cudaErrorInsufficientDriver)
            std::snprintf(reason, static_cast<std::size_t>(length), "the NVIDIA driver knows CUDA %d.%d, and Juice was built for %d.%d", driver / 1000, driver % 1000 / 10,
                          built / 1000, built % 1000 / 10);
        else std::snprintf(reason, static_cast<std::size_t>(length), "there is no NVIDIA device here: %s", cudaGetErrorString(error == cudaSuccess ? cudaErrorNoDevice : error));
        return 0;
    }
    for (int i = 0; i < count && i < capacity; ++i) describe(i, devices[i]);
    return count;
}

__attribute__((visibility("default"))) double juice_cuda_copy_rate(std::int32_t device) {
    constexpr std::size_t bytes = std::size_t{1} << 30;
    void *from = nullptr, *to = nullptr;
    double best = 0;
    cudaEvent_t start{}, end{};
    cudaEventCreate(&start);
    cudaEventCreate(&end);
    if (cudaSetDevice(device) == cudaSuccess && cudaMalloc(&from, bytes) == cudaSuccess && cudaMalloc(&to, bytes) == cudaSuccess)
        for (int i = 0; i < 12; ++i) {
            float milliseconds = 0;
            cudaEventRecord(start);
            cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice);
            cudaEventRecord(end);
            if (cudaEventSynchronize(end) != cudaSuccess || cudaEventElapsedTime(&milliseconds, start, end) != cudaSuccess) break;
            best = std::max(best, 2e3 * static_cast<double>(bytes) / static_cast<double>(milliseconds));
        }
    cudaFree(from);
    cudaFree(to);
    cudaEventDestroy(start);
    cudaEventDestroy(end);
    return best;
}

__attribute__((visibility("default"))) const juice::EngineTable* juice_cuda_engine() { return &juice::cuda::cuda_engine(); }

}
