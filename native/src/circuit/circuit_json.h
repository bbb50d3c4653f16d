// The circuit as JSON, as the model file's `circuit` entry and the readable form share it. They differ in what stands for a tensor: a name there, the
// numbers themselves here.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "circuit/circuit.h"
#include "circuit/json_reader.h"

namespace juice {

template <typename T>
struct GivenTensor {
    std::vector<std::int64_t> shape;
    std::span<const T> values;
};

// Reads the value of an `edges` or `parameters` field. The spans must stay valid: their owner belongs into CircuitParts::storage.
class TensorSource {
public:
    virtual ~TensorSource() = default;
    virtual GivenTensor<std::int32_t> edges(JsonReader& reader) = 0;
    virtual GivenTensor<float> parameters(JsonReader& reader) = 0;
};

// Fills in variables, root and vectors. Checks fields and shapes; the rest of the rules are Circuit's to check.
void read_circuit_json(JsonReader& reader, TensorSource& tensors, CircuitParts& parts);

// Appends what stands for a vector's edges or parameters.
using TensorText = std::function<void(std::string& out, std::int32_t id)>;
void append_circuit_json(std::string& out, const Circuit& circuit, const TensorText& edges, const TensorText& parameters);

std::vector<std::int64_t> edges_shape(const Vector& vector);
std::vector<std::int64_t> parameters_shape(const Vector& vector);

}  // namespace juice
