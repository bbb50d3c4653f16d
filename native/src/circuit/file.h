// .juice files (safetensors) and readable JSON.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "circuit/circuit.h"

namespace juice {

std::shared_ptr<const Circuit> read_circuit(const std::string& path, const std::uint64_t* seed);                    // memory-mapped
std::shared_ptr<const Circuit> read_circuit(std::span<const std::byte> bytes, const std::uint64_t* seed);           // copies
void write_circuit(const Circuit& circuit, const std::string& path);                                                // temporary file, flush, rename
void write_circuit(const Circuit& circuit, const std::function<void(std::span<const std::byte>)>& sink);

std::string circuit_to_json(const Circuit& circuit);
std::shared_ptr<const Circuit> circuit_from_json(std::string_view json, const std::uint64_t* seed);

}  // namespace juice
