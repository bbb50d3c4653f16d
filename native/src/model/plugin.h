// Finds and loads the CUDA plug-in.
#pragma once

#include <string>
#include <vector>

#include "plan/plugin.h"

namespace juice {

struct Plugin {
    const EngineTable* engine = nullptr;    // NULL: not here, and `reason` says why
    PluginCopyRate copy_rate = nullptr;
    std::vector<PluginDevice> devices;
    std::string reason;
};

// Looks in the folder that JUICE_NATIVE_PATH names, then beside this library.
Plugin load_cuda_plugin();

}  // namespace juice
