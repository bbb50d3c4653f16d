#include "circuit/file.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>
#include <utility>

#include "circuit/check.h"
#include "circuit/circuit_json.h"
#include "circuit/json_text.h"
#include "circuit/memory.h"
#include "circuit/os_file.h"
#include "circuit/safetensors.h"
#include "circuit/tensors.h"
#include "common/error.h"

namespace juice {

namespace {

// Tensors by name, in the file's own memory where their alignment allows.
class FileTensors : public TensorSource {
public:
    FileTensors(const SafeTensors& contents, CircuitParts& parts) : contents_(contents), parts_(parts) {}

    GivenTensor<std::int32_t> edges(JsonReader& reader) override { return take<std::int32_t>(reader.string(), "I32"); }
    GivenTensor<float> parameters(JsonReader& reader) override { return take<float>(reader.string(), "F32"); }

    // What the circuit does not use is state, or has no place in the file.
    void take_state() {
        for (const auto& [name, tensor] : contents_.tensors) {
            if (used_.contains(name)) continue;
            if (!name.starts_with("state.")) fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" is used by no vector", name.c_str());
            parts_.state.emplace(name, tensor);
        }
    }

private:
    template <typename T>
    GivenTensor<T> take(const std::string& name, const char* type) {
        const auto found = contents_.tensors.find(name);
        if (found == contents_.tensors.end()) fail(JUICE_ERROR_FORMAT, "there is no tensor \"%.100s\"", name.c_str());
        const Tensor& tensor = found->second;
        if (tensor.type != type) {
            fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" has type %s, and %s is needed", name.c_str(), tensor.type.c_str(), type);
        }
        used_.insert(found->first);
        return {tensor.shape, values<T>(tensor)};
    }

    template <typename T>
    std::span<const T> values(const Tensor& tensor) {
        const std::size_t count = tensor.bytes.size() / sizeof(T);
        if (count == 0) return {};
        if (reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % alignof(T) == 0) return {reinterpret_cast<const T*>(tensor.bytes.data()), count};
        std::vector<T> copy(count);
        std::memcpy(copy.data(), tensor.bytes.data(), tensor.bytes.size());
        return keep(std::move(copy), parts_.storage);
    }

    const SafeTensors& contents_;
    CircuitParts& parts_;
    std::unordered_set<std::string_view> used_;
};

std::string take_entry(std::map<std::string, std::string>& metadata, const char* key) {
    auto entry = metadata.extract(key);
    if (!entry) fail(JUICE_ERROR_FORMAT, "__metadata__ has no \"%s\": this is not a model file", key);
    return std::move(entry.mapped());
}

std::shared_ptr<const Circuit> read_kept(std::span<const std::byte> file, std::shared_ptr<const void> keeper, const std::uint64_t* seed) {
    SafeTensors contents = read_safetensors(file);
    if (const std::string format = take_entry(contents.metadata, "format"); format != "juice-circuit") {
        fail(JUICE_ERROR_FORMAT, "format is \"%.100s\", and a model file's is juice-circuit", format.c_str());
    }
    if (const std::string version = take_entry(contents.metadata, "version"); version != "1") {
        fail(JUICE_ERROR_FORMAT, "version is \"%.100s\", and this reader knows version 1", version.c_str());
    }
    const std::string text = take_entry(contents.metadata, "circuit");
    CircuitParts parts;
    parts.storage.push_back(std::move(keeper));
    FileTensors tensors(contents, parts);
    JsonReader reader(text, "the circuit");
    read_circuit_json(reader, tensors, parts);
    reader.end();
    tensors.take_state();
    parts.metadata = std::move(contents.metadata);
    return std::make_shared<const Circuit>(std::move(parts), seed);
}

std::string parameters_name(std::int32_t id) { return std::string("n").append(std::to_string(id)); }
std::string edges_name(std::int32_t id) { return parameters_name(id) + ".edges"; }

std::vector<NamedTensor> tensors_of(const Circuit& circuit) {
    std::vector<NamedTensor> tensors;
    for (std::int32_t id = 0; id < circuit.size(); ++id) {
        const Vector& v = circuit[id];
        if (!v.edges.empty()) tensors.push_back({edges_name(id), {"I32", edges_shape(v), std::as_bytes(v.edges)}});
        if (!v.parameters.empty()) tensors.push_back({parameters_name(id), {"F32", parameters_shape(v), std::as_bytes(v.parameters)}});
    }
    for (const auto& [name, tensor] : circuit.parts().state) tensors.push_back({name, tensor});
    // Wide elements first keeps every tensor aligned to its own.
    std::ranges::stable_sort(tensors, std::ranges::greater{}, [](const NamedTensor& named) { return element_size(named.tensor.type); });
    return tensors;
}

}  // namespace

std::shared_ptr<const Circuit> read_circuit(const std::string& path, const std::uint64_t* seed) {
    MappedFile file = map_file(path);
    try {
        return read_kept(file.bytes, std::move(file.keeper), seed);
    } catch (const Error& error) {
        throw Error(error.status(), path + ": " + error.what());
    }
}

std::shared_ptr<const Circuit> read_circuit(std::span<const std::byte> bytes, const std::uint64_t* seed) {
    const auto size = static_cast<std::int64_t>(bytes.size());
    const std::shared_ptr<std::byte> copy = allocate_bytes(size);
    if (size > 0) std::memcpy(copy.get(), bytes.data(), bytes.size());
    return read_kept({copy.get(), bytes.size()}, copy, seed);
}

void write_circuit(const Circuit& circuit, const std::function<void(std::span<const std::byte>)>& sink) {
    constexpr std::size_t piece = 8 << 20;      // a sink may count in 32 bits, or wish to stop half-way
    std::string text;
    append_circuit_json(text, circuit, [](std::string& out, std::int32_t id) { append_json_string(out, edges_name(id)); },
                        [](std::string& out, std::int32_t id) { append_json_string(out, parameters_name(id)); });
    std::map<std::string, std::string> metadata = circuit.parts().metadata;
    metadata.emplace("format", "juice-circuit");
    metadata.emplace("version", "1");
    metadata.emplace("circuit", std::move(text));
    const std::vector<NamedTensor> tensors = tensors_of(circuit);
    const std::string header = safetensors_header(metadata, tensors);
    const auto pass = [&](std::span<const std::byte> bytes) {
        for (; !bytes.empty(); bytes = bytes.subspan(std::min(piece, bytes.size()))) sink(bytes.first(std::min(piece, bytes.size())));
    };
    pass(std::as_bytes(std::span(header)));
    for (const NamedTensor& named : tensors) pass(named.tensor.bytes);
}

void write_circuit(const Circuit& circuit, const std::string& path) {
    FileWriter writer(path);
    write_circuit(circuit, [&](std::span<const std::byte> bytes) { writer.write(bytes); });
    writer.commit();
}

}  // namespace juice
