// Mutations that know the format, so that a fuzzer gets past the container and the JSON to the circuit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fuzz {

// As LLVMFuzzerCustomMutator: changes `size` bytes of `data` in place, which has room for `room`, and returns how many there are then.
std::size_t mutate_file(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed);
std::size_t mutate_json(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed);

}  // namespace fuzz
