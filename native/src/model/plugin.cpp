#include "model/plugin.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace juice {

#if defined(_WIN32)

Plugin load_cuda_plugin() { return {nullptr, nullptr, {}, "this build of Juice has no CUDA engine on Windows"}; }

#else

namespace {

constexpr const char* file_name = "libjuice_cuda.so";

// The folder of the library or program that this code is part of.
std::filesystem::path own_folder() {
    Dl_info info{};
    if (dladdr(reinterpret_cast<void*>(&load_cuda_plugin), &info) == 0 || !info.dli_fname) return {};
    std::error_code ignored;
    return std::filesystem::absolute(info.dli_fname, ignored).parent_path();
}

template <class Function>
Function symbol(void* library, const char* name) { return reinterpret_cast<Function>(dlsym(library, name)); }

// The library stays loaded: engines hold on to it.
Plugin open(const std::filesystem::path& path) {
    Plugin plugin;
    void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char* error = dlerror();
        plugin.reason = "'" + path.string() + "' cannot be loaded: " + (error ? error : "no reason given");
        return plugin;
    }
    const auto version = symbol<PluginVersion>(library, "juice_cuda_version");
    const auto devices = symbol<PluginDevices>(library, "juice_cuda_devices");
    const auto engine = symbol<PluginEngine>(library, "juice_cuda_engine");
    plugin.copy_rate = symbol<PluginCopyRate>(library, "juice_cuda_copy_rate");
    if (!version || !devices || !engine || !plugin.copy_rate) {
        plugin.reason = "'" + path.string() + "' is not a plug-in of Juice";
        return plugin;
    }
    if (version() != plugin_version()) {
        plugin.reason = "'" + path.string() + "' is of another version: " + version() + " instead of " + plugin_version();
        return plugin;
    }
    char reason[256] = "";
    plugin.devices.resize(64);
    const auto count = devices(plugin.devices.data(), static_cast<std::int32_t>(plugin.devices.size()), reason, sizeof reason);
    plugin.devices.resize(static_cast<std::size_t>(std::min(count, static_cast<std::int32_t>(plugin.devices.size()))));
    plugin.reason = reason;
    if (count > 0) plugin.engine = engine();
    return plugin;
}

}  // namespace

Plugin load_cuda_plugin() {
    std::vector<std::filesystem::path> folders;
    if (const char* named = std::getenv("JUICE_NATIVE_PATH"); named && *named) folders.emplace_back(named);
    if (const auto own = own_folder(); !own.empty()) folders.push_back(own);
    std::string places;
    for (const auto& folder : folders) {
        std::error_code ignored;
        if (std::filesystem::exists(folder / file_name, ignored)) return open(folder / file_name);
        places += (places.empty() ? "'" : ", '") + folder.string() + "'";
    }
    return {nullptr, nullptr, {}, std::string(file_name) + " is not in " + (places.empty() ? "any known folder" : places) +
                                      ": the package Juice.Native.Cuda has it"};
}

#endif

}  // namespace juice
