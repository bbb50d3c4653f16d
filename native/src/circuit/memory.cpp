#include "circuit/memory.h"

#include <new>

#include "common/memory.h"

namespace juice {

std::shared_ptr<float> allocate_floats(std::int64_t floats) {
    constexpr std::int64_t small = 1 << 18;     // floats: below, pages of its own would be a waste
    constexpr std::align_val_t line{64};
    if (floats >= small) {
        const auto memory = std::make_shared<Memory>(floats, "the circuit's parameters and edges");
        return {memory, memory->data()};
    }
    const auto bytes = static_cast<std::size_t>(floats) * sizeof(float);
    return {static_cast<float*>(::operator new(bytes, line)), [](float* memory) { ::operator delete(memory, line); }};
}

std::shared_ptr<std::byte> allocate_bytes(std::int64_t bytes) {
    const std::shared_ptr<float> memory = allocate_floats((bytes + 3) / 4);
    return {memory, reinterpret_cast<std::byte*>(memory.get())};
}

}  // namespace juice
