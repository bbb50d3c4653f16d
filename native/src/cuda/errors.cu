#include "cuda/errors.h"

#include <array>
#include <mutex>
#include <string>

#include "common/error.h"
#include "cuda/device.h"

namespace juice::cuda {

namespace {

constexpr std::int32_t most_devices = 64;       // that the plug-in tells of

thread_local std::int32_t device_in_use = 0;

struct Losses {
    std::mutex mutex;
    std::array<std::string, most_devices> why;  // empty: not lost
};
Losses& losses() {
    static Losses all;
    return all;
}

// Those after which, as CUDA has it, any further work returns the same error until the process ends.
bool is_fatal(cudaError_t error) {
    switch (error) {
        case cudaErrorECCUncorrectable:
        case cudaErrorIllegalAddress:
        case cudaErrorLaunchTimeout:
        case cudaErrorAssert:
        case cudaErrorHardwareStackError:
        case cudaErrorIllegalInstruction:
        case cudaErrorMisalignedAddress:
        case cudaErrorInvalidAddressSpace:
        case cudaErrorInvalidPc:
        case cudaErrorLaunchFailure:
        case cudaErrorExternalDevice: return true;
        default: return false;
    }
}

void lose(std::int32_t device, const char* why) {
    Losses& all = losses();
    const std::lock_guard lock(all.mutex);
    std::string& mine = all.why[static_cast<std::size_t>(device)];
    if (mine.empty()) mine = why;
}

}  // namespace

void check_not_lost(std::int32_t device) {
    Losses& all = losses();
    const std::lock_guard lock(all.mutex);
    const std::string& why = all.why[static_cast<std::size_t>(device)];
    if (!why.empty())
        fail(JUICE_ERROR_DEVICE_LOST, "cuda:%d is lost for this process, since work on it failed with '%s': models on it can only be freed, and another process is needed to use it",
             device, why.c_str());
}

void use_device(std::int32_t device) {
    check_not_lost(device);
    device_in_use = device;
    check(cudaSetDevice(device), "choosing the device");
}

void fail_cuda(cudaError_t error, const char* what) {
    (void)cudaGetLastError();       // an error that is not fatal must not answer for a later call
    const char* text = cudaGetErrorString(error);
    if (is_fatal(error)) {
        lose(device_in_use, text);
        check_not_lost(device_in_use);
    }
    switch (error) {
        case cudaErrorMemoryAllocation: fail(JUICE_ERROR_MEMORY, "%s: the memory of cuda:%d is exhausted (%s)", what, device_in_use, text);
        case cudaErrorNoDevice:
        case cudaErrorInvalidDevice:
        case cudaErrorInsufficientDriver:
        case cudaErrorNoKernelImageForDevice: fail(JUICE_ERROR_UNSUPPORTED, "%s: cuda:%d does not work with this build of Juice: %s", what, device_in_use, text);
        default: fail(JUICE_ERROR_INTERNAL, "%s: cuda:%d answers '%s'", what, device_in_use, text);
    }
}

void fail_allocation(cudaError_t error, std::int64_t bytes, const char* purpose) {
    if (error != cudaErrorMemoryAllocation) fail_cuda(error, "allocating");
    (void)cudaGetLastError();
    fail(JUICE_ERROR_MEMORY, "cuda:%d has no %lld bytes left for %s: a smaller batch or memory_limit needs less, a smaller circuit, too", device_in_use,
         static_cast<long long>(bytes), purpose);
}

}  // namespace juice::cuda
