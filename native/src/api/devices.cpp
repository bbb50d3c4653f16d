// juice.h, section 2: the devices of this machine. Device 0 is the processor; asking about others loads their plug-in.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>

#if !defined(_WIN32)
#include <unistd.h>
#endif

#include "api/arguments.h"
#include "api/guard.h"
#include "common/threads.h"
#include "cpu/cpu.h"
#include "cpu/machine.h"
#include "model/engines.h"

namespace juice::api {

namespace {

std::string processor_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("model name")) continue;
        const auto colon = line.find(": ");
        if (colon != std::string::npos) return line.substr(colon + 2);
    }
    return "unnamed processor";
}

// Physical memory, or what the control group leaves of it; 0 where the system does not say.
std::int64_t memory_bytes() {
#if defined(_SC_PHYS_PAGES)
    std::int64_t bytes = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
    std::int64_t limit = 0;
    if (std::ifstream file("/sys/fs/cgroup/memory.max"); file >> limit && limit > 0) bytes = std::min(bytes, limit);
    return bytes;
#else
    return 0;
#endif
}

juice_device processor() {
    juice_device found{};
    found.size = static_cast<std::int32_t>(sizeof found);
    found.available = 1;
    found.memory = memory_bytes();
    found.cores = juice::available_cores();
    std::snprintf(found.name, sizeof found.name, "cpu");
    std::snprintf(found.description, sizeof found.description, "%s, %s", processor_name().c_str(), juice::cpu_instruction_set());
    return found;
}

juice_device device_of(const DeviceEntry& entry) {
    juice_device found{};
    found.size = static_cast<std::int32_t>(sizeof found);
    found.available = entry.available ? 1 : 0;
    found.memory = entry.memory;
    found.cores = entry.cores;
    std::snprintf(found.name, sizeof found.name, "%s", entry.name.c_str());
    std::snprintf(found.description, sizeof found.description, "%s", entry.description.c_str());
    std::snprintf(found.reason, sizeof found.reason, "%s", entry.reason.c_str());
    return found;
}

}  // namespace

}  // namespace juice::api

using namespace juice::api;

juice_status juice_device_count(std::int32_t* count) noexcept {
    return guard([&] {
        check_pointer(count, "count");
        *count = static_cast<std::int32_t>(juice::device_entries().size());
    });
}

juice_status juice_device_get(std::int32_t index, juice_device* device) noexcept {
    return guard([&] {
        check_struct(device, "device", "juice_device");
        if (index == 0) {
            *device = processor();
            return;
        }
        const auto& entries = juice::device_entries();
        check_range(index, 0, static_cast<std::int32_t>(entries.size()) - 1, "index");
        *device = device_of(entries[static_cast<std::size_t>(index)]);
    });
}

juice_status juice_machine_measure(std::int32_t threads, const char* instruction_set, juice_machine* machine) noexcept {
    return guard([&] {
        check_struct(machine, "machine", "juice_machine");
        check_range(threads, 0, 1024, "threads");
        const juice::MachineRates rates = juice::measure_machine(threads, instruction_set);
        juice_machine found{};
        found.size = static_cast<std::int32_t>(sizeof found);
        found.threads = rates.threads;
        found.matrix_rate = rates.matrix;
        found.copy_rate = rates.copy;
        std::snprintf(found.instruction_set, sizeof found.instruction_set, "%s", rates.instruction_set);
        *machine = found;
    });
}
