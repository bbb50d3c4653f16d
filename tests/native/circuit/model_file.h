// Model files in memory, taken apart so that a test can break one thing: the circuit's JSON, the metadata, the tensors, and the header as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "circuit/circuit.h"

namespace juice {

struct ModelFile {
    struct RawTensor {
        std::string name, type;
        std::vector<std::int64_t> shape;
        std::vector<std::byte> bytes;
    };

    nlohmann::json circuit;
    nlohmann::json metadata = {{"format", "juice-circuit"}, {"version", "1"}};
    std::vector<RawTensor> tensors;
    std::function<void(nlohmann::json& header)> change_header;      // last, with offsets in place
    std::function<void(std::string& circuit)> change_circuit;       // the circuit's text
    std::string tail;                                               // after the tensors

    // Three variables, eight vectors: a tied input, a wired product, a block-sparse sum, a dense one, a tied one, and a root of one node.
    static ModelFile some();
    // One input over one variable.
    static ModelFile input(nlohmann::json distribution, std::int64_t nodes, std::vector<std::int64_t> shape, const std::vector<float>& values);

    nlohmann::json& node(std::size_t id) { return circuit["nodes"][id]; }
    RawTensor& tensor(const std::string& name);
    void remove_tensor(const std::string& name);
    void strip();       // a skeleton: no tensors, and no fields that name one
    void set(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values);
    void set(const std::string& name, std::vector<std::int64_t> shape, const std::vector<std::int32_t>& values);

    std::vector<std::byte> bytes() const;
};

// Length, header and data as a file.
std::vector<std::byte> file_of(const std::string& header, std::span<const std::byte> data = {});

std::vector<std::byte> read_bytes(const std::string& path);
std::string conformance_path(int number);

// The sentence of the Error(status) that the call throws; fails the test where it throws none or another.
std::string sentence_of(juice_status status, const std::function<void()>& call);

// Everything the circuits hold is the same, to the bit.
void expect_same(const Circuit& a, const Circuit& b);

// A name in the test's own temporary folder.
std::string temporary_path(const std::string& name);

}  // namespace juice
