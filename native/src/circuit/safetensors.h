// The container: 8 bytes of header length, a JSON header, tensors that tile the rest of the file.
#pragma once

#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "circuit/circuit.h"

namespace juice {

// The bytes must outlive the contents.
struct SafeTensors {
    std::map<std::string, std::string> metadata;
    std::unordered_map<std::string, Tensor> tensors;
};

// Checks that the header is well-formed and that the tensors tile the rest; an Error(JUICE_ERROR_FORMAT) otherwise.
SafeTensors read_safetensors(std::span<const std::byte> file);

struct NamedTensor {
    std::string name;
    Tensor tensor;
};

// Length and header as they stand in the file, for these tensors in this order; padded so that the tensors' data begins at a multiple of 8.
std::string safetensors_header(const std::map<std::string, std::string>& metadata, std::span<const NamedTensor> tensors);

}  // namespace juice
