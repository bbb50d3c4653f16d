// The readable form: the circuit with its numbers written out.
//
//   { "format": "juice-circuit", "version": "1", "metadata": { "key": "text", … },
//     "circuit": { "variables": …, "root": …, "nodes": [ … "parameters": [[0.25, 0.75], …] … ] },
//     "state": { "state.name": { "dtype": "F32", "shape": [2], "bytes": "0000803f…" }, … } }
//
// As in the model file, but for tensors: nested arrays of their shape. State, which may be of any type, is its bytes in hexadecimal.
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "circuit/circuit_json.h"
#include "circuit/file.h"
#include "circuit/json_text.h"
#include "circuit/memory.h"
#include "circuit/tensors.h"
#include "common/error.h"

namespace juice {

namespace {

// Rows of the last extent on lines of their own.
template <typename T>
const T* append_nested(std::string& out, std::span<const std::int64_t> shape, const T* values) {
    out += '[';
    for (std::int64_t at = 0; at < shape.front(); ++at) {
        if (shape.size() > 1) {
            out += at == 0 ? "\n " : ",\n ";
            values = append_nested(out, shape.subspan(1), values);
            continue;
        }
        if (at > 0) out += ", ";
        if constexpr (std::is_same_v<T, float>) append_json_number(out, *values++); else append_json_number(out, std::int64_t{*values++});
    }
    out += ']';
    return values;
}

void append_hex(std::string& out, std::span<const std::byte> bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    out += '"';
    for (const std::byte byte : bytes) {
        out += digits[std::to_integer<std::size_t>(byte) >> 4];
        out += digits[std::to_integer<std::size_t>(byte) & 15];
    }
    out += '"';
}

void append_state(std::string& out, const std::map<std::string, Tensor>& state) {
    const char* separator = "\n";
    for (const auto& [name, tensor] : state) {
        out += separator;
        append_json_string(out, name);
        out += ": {\"dtype\": ";
        append_json_string(out, tensor.type);
        out += ", \"shape\": " + shape_text(tensor.shape) + ", \"bytes\": ";
        append_hex(out, tensor.bytes);
        out += '}';
        separator = ",\n";
    }
}

// A tensor as nested arrays. The deepest is a sum's parameters, three.
template <typename T>
class NestedReader {
public:
    explicit NestedReader(JsonReader& reader) : reader_(reader) { extents_.fill(-1); }

    GivenTensor<T> read(std::vector<std::shared_ptr<const void>>& storage) {
        if (!reader_.at_array()) reader_.fail_here("an array of numbers is expected here");
        level(0);
        std::vector<std::int64_t> shape;
        for (const std::int64_t extent : extents_) {
            if (extent >= 0) shape.push_back(extent);
        }
        values_.shrink_to_fit();
        return {std::move(shape), keep(std::move(values_), storage)};
    }

private:
    void level(std::size_t depth) {
        if (!reader_.at_array()) {
            if ((leaf_ != 0 && leaf_ != depth) || (depth < extents_.size() && extents_[depth] >= 0)) fail_ragged();
            leaf_ = depth;
            values_.push_back(number());
            return;
        }
        if (depth == extents_.size() || (leaf_ != 0 && depth == leaf_)) fail_ragged();
        std::int64_t count = 0;
        reader_.array([&] {
            level(depth + 1);
            ++count;
        });
        if (extents_[depth] >= 0 && extents_[depth] != count) fail_ragged();
        extents_[depth] = count;
    }

    [[noreturn]] void fail_ragged() const { reader_.fail_here("a tensor is arrays of equal lengths, at most three deep"); }

    T number() {
        if constexpr (std::is_same_v<T, float>) {
            return reader_.real32();
        } else {
            const std::int64_t value = reader_.integer();
            if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
                reader_.fail_here("the number before this is beyond 32 bits");
            }
            return static_cast<T>(value);
        }
    }

    JsonReader& reader_;
    std::array<std::int64_t, 3> extents_;
    std::size_t leaf_ = 0;           // depth of the numbers; 0 until one has been met
    std::vector<T> values_;
};

class TextTensors : public TensorSource {
public:
    explicit TextTensors(CircuitParts& parts) : parts_(parts) {}
    GivenTensor<std::int32_t> edges(JsonReader& reader) override { return NestedReader<std::int32_t>(reader).read(parts_.storage); }
    GivenTensor<float> parameters(JsonReader& reader) override { return NestedReader<float>(reader).read(parts_.storage); }

private:
    CircuitParts& parts_;
};

std::vector<std::byte> from_hex(JsonReader& reader) {
    const std::string text = reader.string();
    const auto digit = [&](char c) -> unsigned {
        if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
        if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
        reader.fail_here("bytes are pairs of hexadecimal digits, 0-9 and a-f");
    };
    if (text.size() % 2 != 0) reader.fail_here("bytes are pairs of hexadecimal digits, 0-9 and a-f");
    std::vector<std::byte> bytes(text.size() / 2);
    for (std::size_t at = 0; at < bytes.size(); ++at) bytes[at] = static_cast<std::byte>(digit(text[2 * at]) << 4 | digit(text[2 * at + 1]));
    return bytes;
}

void read_state(JsonReader& reader, CircuitParts& parts) {
    reader.object([&](const std::string& name) {
        Tensor tensor;
        bool type = false, shape = false, bytes = false;
        reader.object([&](const std::string& key) {
            if (key == "dtype" && !std::exchange(type, true)) tensor.type = reader.string();
            else if (key == "shape" && !std::exchange(shape, true)) reader.array([&] { tensor.shape.push_back(reader.integer()); });
            else if (key == "bytes" && !std::exchange(bytes, true)) tensor.bytes = keep(from_hex(reader), parts.storage);
            else reader.fail_here("state has the fields dtype, shape and bytes, once each, and no others");
        });
        if (!type || !shape || !bytes) reader.fail_here("state has the fields dtype, shape and bytes");
        if (!parts.state.emplace(name, std::move(tensor)).second) reader.fail_here("a name in state is there twice");
    });
}

}  // namespace

std::string circuit_to_json(const Circuit& circuit) {
    std::string out = "{\"format\": \"juice-circuit\", \"version\": \"1\",\n\"metadata\": {";
    const char* separator = "\n";
    for (const auto& [key, value] : circuit.parts().metadata) {
        out += separator;
        append_json_string(out, key);
        out += ": ";
        append_json_string(out, value);
        separator = ",\n";
    }
    out += "},\n\"circuit\": ";
    append_circuit_json(out, circuit, [&](std::string& text, std::int32_t id) { append_nested(text, edges_shape(circuit[id]), circuit[id].edges.data()); },
                        [&](std::string& text, std::int32_t id) { append_nested(text, parameters_shape(circuit[id]), circuit[id].parameters.data()); });
    if (!circuit.parts().state.empty()) {
        out += ",\n\"state\": {";
        append_state(out, circuit.parts().state);
        out += '}';
    }
    return out + "}\n";
}

std::shared_ptr<const Circuit> circuit_from_json(std::string_view json, const std::uint64_t* seed) {
    CircuitParts parts;
    TextTensors tensors(parts);
    std::optional<std::string> format, version;
    bool circuit = false, metadata = false, state = false;
    JsonReader reader(json, "the JSON text");
    reader.object([&](const std::string& key) {
        if (key == "format" && !format) {
            format = reader.string();
        } else if (key == "version" && !version) {
            version = reader.string();
        } else if (key == "circuit" && !std::exchange(circuit, true)) {
            read_circuit_json(reader, tensors, parts);
        } else if (key == "metadata" && !std::exchange(metadata, true)) {
            reader.object([&](const std::string& name) {
                if (!parts.metadata.emplace(name, reader.string()).second) reader.fail_here("a key of the metadata is there twice");
            });
        } else if (key == "state" && !std::exchange(state, true)) {
            read_state(reader, parts);
        } else {
            reader.fail_here(("field \"" + key + "\" is unknown or there twice").c_str());
        }
    });
    reader.end();
    if (format != "juice-circuit" || version != "1") {
        fail(JUICE_ERROR_FORMAT, "format must be \"juice-circuit\" and version \"1\", which are \"%.100s\" and \"%.100s\"", format.value_or("").c_str(),
             version.value_or("").c_str());
    }
    if (!circuit) fail(JUICE_ERROR_FORMAT, "the JSON text has no field \"circuit\"");
    return std::make_shared<const Circuit>(std::move(parts), seed);
}

}  // namespace juice
