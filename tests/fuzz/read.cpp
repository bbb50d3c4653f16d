// The targets that read: a model file, and the readable form. Skeletons are drawn from a seed, so that they are circuits, too.
#include "life.h"

namespace fuzz {

namespace {

constexpr std::uint64_t seed = 1;

}  // namespace

void file(std::span<const std::uint8_t> bytes) {
    juice_circuit* circuit = nullptr;
    const juice_status status = juice_circuit_read_memory(bytes.data(), static_cast<std::int64_t>(bytes.size()), &seed, &circuit);
    if (status == JUICE_OK) live(circuit); else require_refusal(status);
}

void json(std::span<const std::uint8_t> bytes) {
    juice_circuit* circuit = nullptr;
    const juice_status status = juice_circuit_from_json(reinterpret_cast<const char*>(bytes.data()), static_cast<std::int64_t>(bytes.size()), &seed, &circuit);
    if (status == JUICE_OK) live(circuit); else require_refusal(status);
}

}  // namespace fuzz
