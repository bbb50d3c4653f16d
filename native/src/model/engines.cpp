#include "model/engines.h"

#include <algorithm>
#include <cstring>

#include "common/error.h"
#include "cpu/cpu.h"
#include "model/plugin.h"

namespace juice {

namespace {

std::deque<DeviceEntry> find_all() {
    std::deque<DeviceEntry> all{processor()};
    const Plugin plugin = load_cuda_plugin();
    for (std::size_t i = 0; i < plugin.devices.size(); ++i) {
        const PluginDevice& found = plugin.devices[i];
        all.push_back({"cuda:" + std::to_string(i), found.description, found.reason, found.available != 0, found.memory, found.cores, plugin.engine,
                       static_cast<std::int32_t>(i), Schedule::Launches, plugin.copy_rate, found.fast != 0});
    }
    if (plugin.devices.empty()) all.push_back({"cuda:0", "", plugin.reason, false, 0, 0, nullptr, 0, Schedule::Launches, nullptr, false});
    return all;
}

std::deque<DeviceEntry>& entries() {
    static std::deque<DeviceEntry> all = find_all();
    return all;
}

}  // namespace

const DeviceEntry& processor() {
    static const DeviceEntry entry = [] {
        DeviceEntry cpu;
        cpu.name = "cpu";
        cpu.available = true;
        cpu.engine = &cpu_engine();
        return cpu;
    }();
    return entry;
}

const std::deque<DeviceEntry>& device_entries() { return entries(); }

void add_device(const DeviceEntry& device) { entries().push_back(device); }

const DeviceEntry& find_device(const char* name) {
    if (!name || !*name || name == processor().name) return processor();
    const std::string wanted = std::strcmp(name, "cuda") == 0 ? "cuda:0" : name;
    const auto found = std::find_if(entries().begin(), entries().end(), [&](const DeviceEntry& entry) { return entry.name == wanted; });
    if (found == entries().end()) {
        std::string names;
        for (const auto& entry : entries()) names += (names.empty() ? "'" : ", '") + entry.name + "'";
        fail(JUICE_ERROR_UNSUPPORTED, "device is '%s': there are %s", name, names.c_str());
    }
    if (!found->available) fail(JUICE_ERROR_UNSUPPORTED, "device is '%s', which is not available: %s", name, found->reason.c_str());
    return *found;
}

}  // namespace juice
