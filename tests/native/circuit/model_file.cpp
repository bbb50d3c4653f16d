#include "circuit/model_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/error.h"

namespace juice {

namespace {

template <typename T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {bytes.begin(), bytes.end()};
}

std::vector<ModelFile::RawTensor>::iterator find(std::vector<ModelFile::RawTensor>& tensors, const std::string& name) {
    return std::ranges::find(tensors, name, &ModelFile::RawTensor::name);
}

}  // namespace

ModelFile ModelFile::some() {
    ModelFile file;
    file.circuit = nlohmann::json::parse(R"({ "variables": 3, "root": 7, "nodes": [
        { "type": "input", "variables": [0], "node_blocks": 1, "block_size": 2, "distribution": { "type": "categorical", "categories": 3 }, "parameters": "n0" },
        { "type": "input", "variables": [1], "node_blocks": 1, "block_size": 2, "distribution": { "type": "bernoulli" }, "parameters": "n1" },
        { "type": "input", "variables": [2], "node_blocks": 1, "block_size": 2, "tied_to": 0 },
        { "type": "product", "children": [0, 1, 2], "node_blocks": 1, "block_size": 2, "edges": "n3.edges" },
        { "type": "sum", "children": [3], "node_blocks": 2, "block_size": 2, "edges": "n4.edges", "parameters": "n4" },
        { "type": "sum", "children": [4], "node_blocks": 1, "block_size": 2, "parameters": "n5" },
        { "type": "sum", "children": [5], "node_blocks": 2, "block_size": 2, "tied_to": 4 },
        { "type": "sum", "children": [6], "node_blocks": 1, "block_size": 1, "parameters": "n7" } ] })");
    file.set("n0", {2, 3}, std::vector<float>{0.5f, 0.25f, 0.25f, 0, 0.125f, 0.875f});
    file.set("n1", {2}, std::vector<float>{0.25f, 1});
    file.set("n3.edges", {1, 3}, std::vector<std::int32_t>{0, 0, 0});
    file.set("n4.edges", {2, 2}, std::vector<std::int32_t>{0, 1, 0, 0});
    file.set("n4", {2, 2, 2}, std::vector<float>{0.5f, 0.5f, 0.25f, 0.75f, 0, 1, 0.625f, 0.375f});
    file.set("n5", {2, 2, 2}, std::vector<float>{0.25f, 0.25f, 0.5f, 0, 0.25f, 0.25f, 0.25f, 0.25f});
    file.set("n7", {2, 1, 2}, std::vector<float>{0.25f, 0.25f, 0.25f, 0.25f});
    return file;
}

ModelFile ModelFile::input(nlohmann::json distribution, std::int64_t nodes, std::vector<std::int64_t> shape, const std::vector<float>& values) {
    ModelFile file;
    nlohmann::json node = {{"type", "input"}, {"variables", {0}}, {"node_blocks", 1}, {"block_size", nodes}, {"distribution", std::move(distribution)}};
    if (!shape.empty()) {
        node["parameters"] = "n0";
        file.set("n0", std::move(shape), values);
    }
    file.circuit = {{"variables", 1}, {"root", 0}, {"nodes", {node}}};
    return file;
}

ModelFile::RawTensor& ModelFile::tensor(const std::string& name) { return *find(tensors, name); }

void ModelFile::remove_tensor(const std::string& name) { tensors.erase(find(tensors, name)); }

void ModelFile::strip() {
    tensors.clear();
    for (nlohmann::json& vector : circuit["nodes"]) {
        vector.erase("edges");
        vector.erase("parameters");
    }
}

void ModelFile::set(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& values) {
    RawTensor raw{name, "F32", std::move(shape), bytes_of(values)};
    if (const auto at = find(tensors, name); at != tensors.end()) *at = std::move(raw); else tensors.push_back(std::move(raw));
}

void ModelFile::set(const std::string& name, std::vector<std::int64_t> shape, const std::vector<std::int32_t>& values) {
    RawTensor raw{name, "I32", std::move(shape), bytes_of(values)};
    if (const auto at = find(tensors, name); at != tensors.end()) *at = std::move(raw); else tensors.push_back(std::move(raw));
}

std::vector<std::byte> ModelFile::bytes() const {
    std::string text = circuit.dump();
    if (change_circuit) change_circuit(text);
    nlohmann::json header;
    header["__metadata__"] = metadata;
    if (!metadata.contains("circuit")) header["__metadata__"]["circuit"] = text;
    std::vector<std::byte> data;
    for (const RawTensor& raw : tensors) {
        header[raw.name] = {{"dtype", raw.type}, {"shape", raw.shape}, {"data_offsets", {data.size(), data.size() + raw.bytes.size()}}};
        data.insert(data.end(), raw.bytes.begin(), raw.bytes.end());
    }
    if (change_header) change_header(header);
    for (const char c : tail) data.push_back(static_cast<std::byte>(c));
    return file_of(header.dump(), data);
}

std::vector<std::byte> file_of(const std::string& header, std::span<const std::byte> data) {
    std::vector<std::byte> bytes(8 + header.size());
    const std::uint64_t length = header.size();
    std::memcpy(bytes.data(), &length, 8);
    std::memcpy(bytes.data() + 8, header.data(), header.size());
    bytes.insert(bytes.end(), data.begin(), data.end());
    return bytes;
}

std::vector<std::byte> read_bytes(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    std::vector<std::byte> bytes(text.size());
    std::ranges::transform(text, bytes.begin(), [](char c) { return static_cast<std::byte>(c); });
    return bytes;
}

std::string conformance_path(int number) {
    const std::string digits = std::to_string(number);
    return std::string(JUICE_CONFORMANCE "/case").append(2 - digits.size(), '0').append(digits).append(".juice");
}

std::string sentence_of(juice_status status, const std::function<void()>& call) {
    try {
        call();
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), status) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

void expect_same(const Circuit& a, const Circuit& b) {
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(a.variables(), b.variables());
    EXPECT_EQ(a.root(), b.root());
    EXPECT_EQ(a.parts().metadata, b.parts().metadata);
    const auto same_bytes = [](auto x, auto y) { return x.size() == y.size() && std::ranges::equal(std::as_bytes(x), std::as_bytes(y)); };
    for (std::int32_t id = 0; id < a.size(); ++id) {
        const Vector &x = a[id], &y = b[id];
        const bool same_shape = x.type == y.type && x.node_blocks == y.node_blocks && x.block_size == y.block_size && x.variable == y.variable &&
                                x.distribution == y.distribution && x.tied_to == y.tied_to && x.children == y.children && x.wired == y.wired &&
                                x.node_wiring == y.node_wiring && x.edge_count == y.edge_count && x.child_blocks == y.child_blocks;
        EXPECT_TRUE(same_shape) << "vector " << id;
        EXPECT_TRUE(same_bytes(x.edges, y.edges)) << "vector " << id;
        EXPECT_TRUE(same_bytes(x.parameters, y.parameters)) << "vector " << id;
    }
    ASSERT_EQ(a.parts().state.size(), b.parts().state.size());
    for (const auto& [name, tensor] : a.parts().state) {
        ASSERT_TRUE(b.parts().state.contains(name)) << name;
        const Tensor& other = b.parts().state.at(name);
        EXPECT_TRUE(tensor.type == other.type && tensor.shape == other.shape && same_bytes(tensor.bytes, other.bytes)) << name;
    }
}

std::string temporary_path(const std::string& name) {
    const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string folder = std::string(test->test_suite_name()) + "." + test->name();
    std::ranges::replace(folder, '/', '_');
    const std::filesystem::path path = std::filesystem::path(::testing::TempDir()) / "juice" / folder;
    std::filesystem::create_directories(path);
    return path / name;
}

}  // namespace juice
