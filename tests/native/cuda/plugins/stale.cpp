// A plug-in of an older Juice: it must not be asked anything but its version.
#include <cstdlib>

extern "C" {

__attribute__((visibility("default"))) const char* juice_cuda_version() { return "Juice 0.0.1, engine 0"; }
__attribute__((visibility("default"))) int juice_cuda_devices() { std::abort(); }
__attribute__((visibility("default"))) double juice_cuda_copy_rate() { std::abort(); }
__attribute__((visibility("default"))) const void* juice_cuda_engine() { std::abort(); }

}
