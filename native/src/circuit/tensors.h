// Tensors as safetensors files name and measure them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "circuit/circuit.h"

namespace juice {

// Bytes an element: 1 to 8; 0 for a type that safetensors does not have.
std::int64_t element_size(std::string_view type) noexcept;

// Bytes of a tensor; -1 where the type is unknown, an extent negative or the size beyond 64 bits.
std::int64_t tensor_size(std::string_view type, const std::vector<std::int64_t>& shape) noexcept;

// "[2, 3]"
std::string shape_text(const std::vector<std::int64_t>& shape);

// Named `state.…`, of a known type, as many bytes as the shape says; otherwise an Error(JUICE_ERROR_FORMAT).
void check_state_tensor(const std::string& name, const Tensor& tensor);

}  // namespace juice
