#include "circuit/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "circuit/json_reader.h"
#include "circuit/json_text.h"
#include "circuit/tensors.h"
#include "common/error.h"

namespace juice {

static_assert(std::endian::native == std::endian::little, "tensors are little-endian and used in place");

namespace {

constexpr std::uint64_t most_header = 100'000'000;
constexpr std::size_t length_bytes = 8;

struct Entry {
    std::string name;
    std::string type;
    std::vector<std::int64_t> shape;
    std::int64_t begin = 0, end = 0;
};

Entry read_entry(JsonReader& reader, const std::string& name) {
    std::optional<std::string> type;
    std::optional<std::vector<std::int64_t>> shape, offsets;
    const auto integers = [&] {
        std::vector<std::int64_t> values;
        reader.array([&] { values.push_back(reader.integer()); });
        return values;
    };
    reader.object([&](const std::string& key) {
        const bool twice = (key == "dtype" && type) || (key == "shape" && shape) || (key == "data_offsets" && offsets);
        if (twice) reader.fail_here("a tensor's field is there twice");
        if (key == "dtype") type = reader.string();
        else if (key == "shape") shape = integers();
        else if (key == "data_offsets") offsets = integers();
        else reader.fail_here("a tensor has the fields dtype, shape and data_offsets, and no others");
    });
    if (!type || !shape || !offsets || offsets->size() != 2) {
        fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" must have dtype, shape and two data_offsets", name.c_str());
    }
    return {name, std::move(*type), std::move(*shape), (*offsets)[0], (*offsets)[1]};
}

// Every tensor is as long as its shape says, and begins where the one before it ends.
void check_tiling(std::vector<Entry>& entries, std::int64_t data) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    std::int64_t at = 0;
    for (const Entry& entry : entries) {
        const char* name = entry.name.c_str();
        if (element_size(entry.type) == 0) fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" has the unknown type \"%.20s\"", name, entry.type.c_str());
        if (entry.begin < 0 || entry.end < entry.begin || entry.end > data) {
            fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" lies at %lld to %lld, which is not within the %lld bytes of data", name,
                 static_cast<long long>(entry.begin), static_cast<long long>(entry.end), static_cast<long long>(data));
        }
        if (const std::int64_t size = tensor_size(entry.type, entry.shape); size != entry.end - entry.begin) {
            fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" has %lld bytes, and type %s and shape %.200s ask for others", name,
                 static_cast<long long>(entry.end - entry.begin), entry.type.c_str(), shape_text(entry.shape).c_str());
        }
        if (entry.begin != at) {
            fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" begins at byte %lld of the data, which %s at %lld: tensors must tile it", name,
                 static_cast<long long>(entry.begin), entry.begin < at ? "overlaps a tensor that ends" : "leaves a gap after", static_cast<long long>(at));
        }
        at = entry.end;
    }
    if (at != data) {
        fail(JUICE_ERROR_FORMAT, "the file has %lld bytes of data and its tensors end at %lld: tensors must tile it", static_cast<long long>(data),
             static_cast<long long>(at));
    }
}

}  // namespace

SafeTensors read_safetensors(std::span<const std::byte> file) {
    if (file.size() < length_bytes) fail(JUICE_ERROR_FORMAT, "%zu bytes are too few: a model file begins with its header's length in 8", file.size());
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), length_bytes);
    if (length > most_header) fail(JUICE_ERROR_FORMAT, "the header's length, %llu, is above 100 MB", static_cast<unsigned long long>(length));
    if (length > file.size() - length_bytes) {
        fail(JUICE_ERROR_FORMAT, "the header's length, %llu, runs past the end of the file's %zu bytes", static_cast<unsigned long long>(length),
             file.size());
    }
    const std::span<const std::byte> data = file.subspan(length_bytes + static_cast<std::size_t>(length));
    const std::string_view header(reinterpret_cast<const char*>(file.data()) + length_bytes, static_cast<std::size_t>(length));

    SafeTensors contents;
    std::vector<Entry> entries;
    bool metadata = false;
    JsonReader reader(header, "the header");
    reader.object([&](const std::string& name) {
        if (name != "__metadata__") {
            entries.push_back(read_entry(reader, name));
            return;
        }
        if (metadata) reader.fail_here("__metadata__ is there twice");
        metadata = true;
        reader.object([&](const std::string& key) {
            if (!contents.metadata.emplace(key, reader.string()).second) reader.fail_here("a key of __metadata__ is there twice");
        });
    });
    reader.end();
    check_tiling(entries, static_cast<std::int64_t>(data.size()));
    for (Entry& entry : entries) {
        const auto bytes = data.subspan(static_cast<std::size_t>(entry.begin), static_cast<std::size_t>(entry.end - entry.begin));
        if (!contents.tensors.emplace(entry.name, Tensor{std::move(entry.type), std::move(entry.shape), bytes}).second) {
            fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" is there twice", entry.name.c_str());
        }
    }
    return contents;
}

std::string safetensors_header(const std::map<std::string, std::string>& metadata, std::span<const NamedTensor> tensors) {
    std::string text(length_bytes, '\0');
    text += "{\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
        if (text.back() != '{') text += ',';
        append_json_string(text, key);
        text += ':';
        append_json_string(text, value);
    }
    text += '}';
    std::int64_t at = 0;
    for (const NamedTensor& named : tensors) {
        text += ",\n";
        append_json_string(text, named.name);
        text += ":{\"dtype\":";
        append_json_string(text, named.tensor.type);
        text += ",\"shape\":[";
        for (const std::int64_t extent : named.tensor.shape) {
            if (text.back() != '[') text += ',';
            append_json_number(text, extent);
        }
        text += "],\"data_offsets\":[";
        append_json_number(text, at);
        text += ',';
        at += static_cast<std::int64_t>(named.tensor.bytes.size());
        append_json_number(text, at);
        text += "]}";
    }
    text += '}';
    text.append((8 - text.size() % 8) % 8, ' ');
    const std::uint64_t length = text.size() - length_bytes;
    if (length > most_header) {
        fail(JUICE_ERROR_FORMAT, "the circuit needs a header of %llu bytes, and a model file's has at most 100 MB",
             static_cast<unsigned long long>(length));
    }
    std::memcpy(text.data(), &length, length_bytes);
    return text;
}

}  // namespace juice
