// A model file is taken apart into header, circuit and tensors, changed in one place or two, and put together again with lengths and offsets that
// agree. One time in four it is libFuzzer's own mutation instead: of the header's text under a right length, or of anything.
#include "mutate.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t room);

namespace fuzz {

namespace {

using Json = nlohmann::ordered_json;

class Chance {
public:
    explicit Chance(unsigned seed) : engine_(seed) {}
    std::size_t below(std::size_t n) { return n == 0 ? 0 : engine_() % n; }
    bool one_in(std::size_t n) { return below(n) == 0; }
    template <typename T, std::size_t n>
    const T& of(const std::array<T, n>& choices) { return choices[below(n)]; }

private:
    std::mt19937 engine_;
};

std::int64_t other_number(Chance& chance, std::int64_t old) {
    static constexpr std::array<std::int64_t, 14> edges{0, 1, 2, 3, 15, 16, 17, 255, 256, 65536, 2147483647, 2147483648, 9223372036854775807, -1};
    switch (chance.below(4)) {
        case 0: return old > 0 ? old - 1 : 1;
        case 1: return old < 1000 ? old + 1 : old / 2;
        case 2: return static_cast<std::int64_t>(chance.below(8));
        default: return chance.of(edges);
    }
}

double other_real(Chance& chance, double old) {
    static constexpr std::array<double, 11> edges{0, 1, -1, 0.5, 1e-40, 1e-30, 3e38, 1e300, 0.25, 1e-7, 100};
    return chance.one_in(3) ? old * 0.5 : chance.of(edges);
}

// Changes one value somewhere in the tree: a number, a word of the format, an element that is dropped, doubled or moved.
void change_somewhere(Json& at, Chance& chance) {
    static constexpr std::array<const char*, 12> words{"input", "product", "sum", "categorical", "bernoulli", "binomial", "gaussian", "discrete_logistic", "indicator", "F32", "I32", "state.a"};
    if (at.is_object() || at.is_array()) {
        if (at.empty()) {
            if (at.is_array()) at.push_back(static_cast<std::int64_t>(chance.below(4)));
            return;
        }
        auto chosen = at.begin();
        std::advance(chosen, static_cast<std::ptrdiff_t>(chance.below(at.size())));
        if (at.is_array() && chance.one_in(4)) {
            if (chance.one_in(2) || at.size() > 200) at.erase(chosen);
            else at.insert(chosen, Json(*chosen));
            return;
        }
        if (at.is_object() && chance.one_in(12)) at.erase(chosen);
        else change_somewhere(*chosen, chance);
    } else if (at.is_number_integer()) {
        at = other_number(chance, at.get<std::int64_t>());
    } else if (at.is_number_float()) {
        at = other_real(chance, at.get<double>());
    } else {
        at = chance.of(words);
    }
}

// One change to the circuit that is likely to leave a circuit.
void change_circuit(Json& circuit, Chance& chance) {
    static constexpr std::array<const char*, 3> sizes{"node_blocks", "block_size", "tied_to"};
    if (!circuit.is_object() || !circuit.contains("nodes") || !circuit["nodes"].is_array() || circuit["nodes"].empty()) {
        change_somewhere(circuit, chance);
        return;
    }
    Json& nodes = circuit["nodes"];
    const std::size_t id = chance.below(nodes.size());
    Json& node = nodes[id];
    switch (node.is_object() ? chance.below(9) : 0) {
        case 0: change_somewhere(circuit, chance); break;
        case 1: node[chance.of(sizes)] = other_number(chance, 1); break;
        case 2: node.erase("parameters"); break;                                    // a skeleton
        case 3:
            node.erase("edges");
            node.erase("parameters");
            break;
        case 4:                                                                      // one size throughout, skeletons all
            for (Json& each : nodes) {
                if (!each.is_object()) continue;
                each.erase("parameters");
                if (each.contains("block_size") && each["block_size"] == node["block_size"]) each["block_size"] = Json(1 + chance.below(40));
            }
            break;
        case 5:                                                                      // a new root over the old one
            nodes.push_back(Json{{"type", chance.one_in(4) ? "product" : "sum"}, {"children", {nodes.size() - 1}}, {"node_blocks", 1 + chance.below(2)}, {"block_size", 1 + chance.below(20)}});
            circuit["root"] = nodes.size() - 1;
            break;
        case 6:                                                                      // a vector twice under its readers
            if (node.contains("children") && node["children"].is_array() && node["children"].size() < 50) {
                node["children"].push_back(chance.below(std::max<std::size_t>(id, 1)));
                node.erase("parameters");
                node.erase("edges");
            }
            break;
        case 7: node.erase("parameters"); node["tied_to"] = chance.below(std::max<std::size_t>(id, 1)); break;
        default: if (node.contains("distribution")) change_somewhere(node["distribution"], chance); else change_somewhere(node, chance); break;
    }
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::size_t give_back(std::string_view text, std::uint8_t* data, std::size_t size, std::size_t room) {
    if (text.size() > room) return LLVMFuzzerMutate(data, size, room);
    std::memcpy(data, text.data(), text.size());
    return text.size();
}

// ---- the container ----

struct Tensor {
    std::string name;
    Json entry;
    std::string bytes;
};

struct File {
    Json metadata = Json::object();
    std::vector<Tensor> tensors;
};

bool take_apart(std::string_view text, File& file) {
    std::uint64_t length = 0;
    if (text.size() < 8) return false;
    std::memcpy(&length, text.data(), 8);
    if (length > text.size() - 8) return false;
    const Json header = Json::parse(text.substr(8, length), nullptr, false);
    if (!header.is_object()) return false;
    const std::string_view data = text.substr(8 + length);
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") {
            file.metadata = entry;
            continue;
        }
        std::uint64_t begin = 0, end = 0;
        if (entry.is_object() && entry.contains("data_offsets") && entry["data_offsets"].is_array() && entry["data_offsets"].size() == 2 &&
            entry["data_offsets"][0].is_number_unsigned() && entry["data_offsets"][1].is_number_unsigned()) {
            begin = std::min<std::uint64_t>(entry["data_offsets"][0].get<std::uint64_t>(), data.size());
            end = std::clamp<std::uint64_t>(entry["data_offsets"][1].get<std::uint64_t>(), begin, data.size());
        }
        file.tensors.push_back({name, entry, std::string(data.substr(begin, end - begin))});
    }
    return true;
}

std::string put_together(const File& file) {
    Json header = Json::object();
    header["__metadata__"] = file.metadata;
    std::string data;
    for (const Tensor& tensor : file.tensors) {
        Json entry = tensor.entry;
        if (entry.is_object()) entry["data_offsets"] = {data.size(), data.size() + tensor.bytes.size()};
        header[tensor.name] = entry;
        data += tensor.bytes;
    }
    const std::string text = dump(header);
    const std::uint64_t length = text.size();
    std::string whole(8, '\0');
    std::memcpy(whole.data(), &length, 8);
    return whole + text + data;
}

// The text again under its own length.
std::size_t mutate_header(std::uint8_t* data, std::size_t size, std::size_t room) {
    std::uint64_t length = 0;
    if (size < 8) return LLVMFuzzerMutate(data, size, room);
    std::memcpy(&length, data, 8);
    length = std::min<std::uint64_t>(length, size - 8);
    const std::string rest(reinterpret_cast<const char*>(data) + 8 + length, size - 8 - length);
    if (room < 8 + rest.size() + 1) return LLVMFuzzerMutate(data, size, room);
    const std::uint64_t changed = LLVMFuzzerMutate(data + 8, length, room - 8 - rest.size());
    std::memcpy(data, &changed, 8);
    std::memcpy(data + 8 + changed, rest.data(), rest.size());
    return 8 + changed + rest.size();
}

void change_values(std::string& bytes, Chance& chance) {
    static constexpr std::array<float, 9> edges{0, 1, 0.5f, 1e-40f, 1e-30f, 3e38f, -1, 1e-5f, 0x1p-60f};
    if (bytes.size() < 4) return;
    char* at = bytes.data() + chance.below(bytes.size() / 4) * 4;
    const float value = chance.of(edges);
    const auto number = static_cast<std::int32_t>(chance.below(6));
    std::memcpy(at, chance.one_in(2) ? static_cast<const void*>(&value) : static_cast<const void*>(&number), 4);
}

// Exchanges two values: rows of weights still add up.
void exchange_values(std::string& bytes, Chance& chance) {
    const std::size_t count = bytes.size() / 4;
    if (count < 2) return;
    const std::size_t a = chance.below(count), b = a / 2 * 2 == a && a + 1 < count ? a + 1 : chance.below(count);
    std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(4 * a), bytes.begin() + static_cast<std::ptrdiff_t>(4 * a + 4), bytes.begin() + static_cast<std::ptrdiff_t>(4 * b));
}

// Drops the tensors that no vector names any more.
void drop_unused(File& file, const std::string& circuit) {
    std::erase_if(file.tensors, [&](const Tensor& tensor) { return !tensor.name.starts_with("state.") && circuit.find('"' + tensor.name + '"') == std::string::npos; });
}

void change_file(File& file, Chance& chance) {
    const bool circuit = file.metadata.is_object() && file.metadata.contains("circuit") && file.metadata["circuit"].is_string();
    const std::size_t kind = chance.below(10);
    if (circuit && kind < 6) {
        Json parsed = Json::parse(file.metadata["circuit"].get<std::string>(), nullptr, false);
        for (std::size_t changes = 1 + chance.below(3); changes > 0; --changes) change_circuit(parsed, chance);
        const std::string text = dump(parsed);
        if (!chance.one_in(8)) drop_unused(file, text);
        file.metadata["circuit"] = text;
    } else if (kind == 6 && !file.tensors.empty()) {
        Tensor& tensor = file.tensors[chance.below(file.tensors.size())];
        change_somewhere(tensor.entry, chance);
    } else if (kind == 7 && !file.tensors.empty()) {
        std::swap(file.tensors[chance.below(file.tensors.size())], file.tensors[chance.below(file.tensors.size())]);
        if (chance.one_in(3)) file.tensors.push_back({"state.x", Json{{"dtype", "U8"}, {"shape", {3}}}, "abc"});
    } else if (!file.tensors.empty()) {
        std::string& bytes = file.tensors[chance.below(file.tensors.size())].bytes;
        if (kind == 8) change_values(bytes, chance); else exchange_values(bytes, chance);
    } else {
        change_somewhere(file.metadata, chance);
    }
}

}  // namespace

std::size_t mutate_file(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    Chance chance(seed);
    if (chance.one_in(8)) return LLVMFuzzerMutate(data, size, room);
    if (chance.one_in(8)) return mutate_header(data, size, room);
    File file;
    if (!take_apart({reinterpret_cast<const char*>(data), size}, file)) return LLVMFuzzerMutate(data, size, room);
    change_file(file, chance);
    return give_back(put_together(file), data, size, room);
}

std::size_t mutate_json(std::uint8_t* data, std::size_t size, std::size_t room, unsigned seed) {
    Chance chance(seed);
    if (chance.one_in(4)) return LLVMFuzzerMutate(data, size, room);
    Json whole = Json::parse(std::string_view(reinterpret_cast<const char*>(data), size), nullptr, false);
    if (!whole.is_object()) return LLVMFuzzerMutate(data, size, room);
    if (whole.contains("circuit") && !chance.one_in(4)) {
        for (std::size_t changes = 1 + chance.below(3); changes > 0; --changes) change_circuit(whole["circuit"], chance);
    } else {
        change_somewhere(whole, chance);
    }
    return give_back(dump(whole), data, size, room);
}

}  // namespace fuzz
