// Which engine runs on which device. The processor's is built in; the CUDA engine is a plug-in, looked for when it is first asked about.
#pragma once

#include <deque>
#include <string>

#include "plan/engine.h"

namespace juice {

struct DeviceEntry {
    std::string name;                   // "cpu", "cuda:0"
    std::string description, reason;    // reason: why it is not available
    bool available = false;
    std::int64_t memory = 0;
    std::int32_t cores = 0;
    const EngineTable* engine = nullptr;
    std::int32_t index = 0;             // among its engine's devices
    Schedule schedule = Schedule::Tasks;
    double (*copy_rate)(std::int32_t index) = nullptr;      // bytes a second, measured; a GPU's
    bool fast = false;                  // has products in bf16
};

// The processor; asking for it loads nothing.
const DeviceEntry& processor();

// Every device, the processor first. Where there is no CUDA device, "cuda:0" is there and says why it is not available.
const std::deque<DeviceEntry>& device_entries();

// The device of that name (NULL or empty: the processor; "cuda" is "cuda:0"), available; otherwise an Error(JUICE_ERROR_UNSUPPORTED) says why not.
const DeviceEntry& find_device(const char* name);

// Adds a device that is none of the machine's: an engine under test.
void add_device(const DeviceEntry& device);

}  // namespace juice
