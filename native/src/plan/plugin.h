// What a plug-in with another engine exports, and how both sides make sure that they were built from the same sources.
#pragma once

#include <cstdint>
#include <string>

#include "plan/engine.h"

namespace juice {

struct PluginDevice {
    std::int64_t memory;                // bytes
    std::int32_t cores;                 // multiprocessors
    std::int32_t available;             // 0: `reason` says why not
    std::int32_t fast;                  // 1: has products in bf16 that have passed on such a device
    char description[128];
    char reason[256];
};

// Equal text or no deal: the version of Juice, of the table, and the sizes of what goes through it.
inline std::string plugin_version() {
    return std::string("Juice ") + JUICE_VERSION_TEXT + ", engine " + std::to_string(engine_version) + ", plan " + std::to_string(sizeof(PlanView)) + "." +
           std::to_string(sizeof(PlanOperation)) + "." + std::to_string(sizeof(PlanOwner)) + "." + std::to_string(sizeof(PlanTile)) + "." + std::to_string(sizeof(PlanStage)) + "." + std::to_string(sizeof(EngineTable)) + "." + std::to_string(sizeof(PluginDevice));
}

// juice_cuda_version: plugin_version() of the plug-in.
using PluginVersion = const char* (*)();
// juice_cuda_devices: how many devices there are, and the first `capacity` of them. None: 0, and `reason` says why.
using PluginDevices = std::int32_t (*)(PluginDevice* devices, std::int32_t capacity, char* reason, std::int32_t length);
// juice_cuda_copy_rate: bytes read and written a second by a copy of 1 GiB on the device; 0 where it cannot be measured.
using PluginCopyRate = double (*)(std::int32_t device);
// juice_cuda_engine
using PluginEngine = const EngineTable* (*)();

}  // namespace juice
