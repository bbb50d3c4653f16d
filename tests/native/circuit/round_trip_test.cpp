// What is written is what is read: to the bit, through a file, memory and the readable JSON.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "circuit/file.h"
#include "circuit/model_file.h"
#include "common/error.h"
#include "reference/some.h"

namespace juice {

namespace {

std::vector<std::byte> written(const Circuit& circuit) {
    std::vector<std::byte> bytes;
    write_circuit(circuit, [&](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); });
    return bytes;
}

void expect_round_trips(const Circuit& circuit) {
    const std::vector<std::byte> bytes = written(circuit);
    expect_same(circuit, *read_circuit(bytes, nullptr));
    const std::string path = temporary_path("model.juice");
    write_circuit(circuit, path);
    EXPECT_EQ(bytes, read_bytes(path));
    expect_same(circuit, *read_circuit(path, nullptr));
    expect_same(circuit, *circuit_from_json(circuit_to_json(circuit), nullptr));
}

class ConformanceFileTest : public ::testing::TestWithParam<int> {};

TEST_P(ConformanceFileTest, RoundTrips) { expect_round_trips(*read_circuit(conformance_path(GetParam()), nullptr)); }

TEST_P(ConformanceFileTest, IsReadAlikeFromMemoryAndFromAPath) {
    expect_same(*read_circuit(conformance_path(GetParam()), nullptr), *read_circuit(read_bytes(conformance_path(GetParam())), nullptr));
}

INSTANTIATE_TEST_SUITE_P(All, ConformanceFileTest, ::testing::Range(0, 21));

TEST(RoundTripTest, HoldsForRandomCircuits) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        const auto circuit = Some::circuit(seed);
        expect_same(*circuit, *read_circuit(written(*circuit), nullptr));
        expect_same(*circuit, *circuit_from_json(circuit_to_json(*circuit), nullptr));
    }
}

TEST(RoundTripTest, KeepsMetadataOfAnyText) {
    ModelFile file = ModelFile::some();
    file.metadata["name"] = "Röhre \"a\\b\"\n\t\x01 \xF0\x9F\xA7\x83";
    file.metadata[""] = "";
    file.metadata["nul"] = std::string("a\0b", 3);
    const auto circuit = read_circuit(file.bytes(), nullptr);
    EXPECT_EQ(circuit->parts().metadata.at("name"), "Röhre \"a\\b\"\n\t\x01 \xF0\x9F\xA7\x83");
    EXPECT_EQ(circuit->parts().metadata.size(), 3u);
    expect_round_trips(*circuit);
}

TEST(RoundTripTest, KeepsStateOfEveryType) {
    ModelFile file = ModelFile::some();
    file.tensors.insert(file.tensors.begin(), {"state.byte", "U8", {3}, {std::byte{1}, std::byte{2}, std::byte{255}}});
    file.tensors.push_back({"state.wide", "I64", {1, 2}, std::vector<std::byte>(16, std::byte{7})});
    file.tensors.push_back({"state.half", "BF16", {1}, std::vector<std::byte>(2, std::byte{9})});
    file.tensors.push_back({"state.empty", "F64", {0}, {}});
    file.tensors.push_back({"state.one", "F32", {}, std::vector<std::byte>(4, std::byte{0xFF})});
    const auto circuit = read_circuit(file.bytes(), nullptr);
    EXPECT_EQ(circuit->parts().state.size(), 5u);
    expect_same(*read_circuit(ModelFile::some().bytes(), nullptr), [&] {
        CircuitParts parts = circuit->parts();
        parts.state.clear();
        return Circuit(parts);
    }());
    expect_round_trips(*circuit);
}

TEST(RoundTripTest, KeepsFloatsThatAreHardToWrite) {
    constexpr float least = std::numeric_limits<float>::denorm_min(), most = std::numeric_limits<float>::max();
    const std::vector<float> values = {0.1f, least, -0.0f, std::numeric_limits<float>::min(), most, 1.0f / 3, -most, 16777217.0f};
    expect_round_trips(*read_circuit(ModelFile::input({{"type", "gaussian"}}, 4, {4, 2}, values).bytes(), nullptr));
    const nlohmann::json bins = {{"type", "discrete_logistic"}, {"low", 0.1}, {"high", 1e37 / 3}, {"count", 2147483647}};
    expect_round_trips(*read_circuit(ModelFile::input(bins, 1, {1, 2}, {0.1f, 0.3f}).bytes(), nullptr));
}

TEST(ReadingTest, TakesDataThatIsNotAligned) {
    ModelFile file = ModelFile::some();
    const std::vector<std::byte> aligned = file.bytes();
    for (int pad = 0; pad < 4; ++pad) {
        file.metadata["pad"] = std::string(static_cast<std::size_t>(pad), ' ');
        const std::string path = temporary_path("pad.juice");
        const auto circuit = read_circuit(file.bytes(), nullptr);
        for (std::int32_t id = 0; id < circuit->size(); ++id) {
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>((*circuit)[id].parameters.data()) % alignof(float), 0u);
        }
        expect_round_trips(*circuit);
    }
}

TEST(ReadingTest, TakesTiesThatRepeatTheOwners) {
    ModelFile file = ModelFile::some();
    const auto plain = read_circuit(file.bytes(), nullptr);
    file.node(2)["distribution"] = file.node(0)["distribution"];
    file.node(2)["parameters"] = "n0";
    file.node(6)["edges"] = "n6.edges";
    file.node(6)["parameters"] = "n6";
    file.set("n6.edges", {2, 2}, std::vector<std::int32_t>{0, 1, 0, 0});
    file.tensors.push_back(file.tensor("n4"));
    file.tensors.back().name = "n6";
    expect_same(*plain, *read_circuit(file.bytes(), nullptr));
}

TEST(ReadingTest, TakesEdgesOfADenseOwnerWrittenOutInATie) {
    ModelFile file = ModelFile::some();
    file.node(4).erase("edges");
    file.remove_tensor("n4.edges");
    const auto plain = read_circuit(file.bytes(), nullptr);
    file.node(6)["edges"] = "n6.edges";
    file.set("n6.edges", {2, 2}, std::vector<std::int32_t>{0, 1, 0, 0});
    expect_same(*plain, *read_circuit(file.bytes(), nullptr));
    file.set("n6.edges", {2, 2}, std::vector<std::int32_t>{1, 0, 0, 0});
    sentence_of(JUICE_ERROR_FORMAT, [&] { read_circuit(file.bytes(), nullptr); });
}

TEST(ReadingTest, TakesTheExampleOfTheFormat) {
    constexpr const char* text = R"({ "variables": 3, "root": 7,
  "nodes": [
    { "type": "input", "variables": [2], "node_blocks": 1, "block_size": 2,
      "distribution": { "type": "categorical", "categories": 4 } },
    { "type": "sum", "children": [0], "node_blocks": 1, "block_size": 2 },
    { "type": "input", "variables": [1], "node_blocks": 1, "block_size": 2, "tied_to": 0 },
    { "type": "product", "children": [2, 1], "node_blocks": 1, "block_size": 2 },
    { "type": "sum", "children": [3], "node_blocks": 1, "block_size": 2, "tied_to": 1 },
    { "type": "input", "variables": [0], "node_blocks": 1, "block_size": 2, "tied_to": 0 },
    { "type": "product", "children": [5, 4], "node_blocks": 1, "block_size": 2 },
    { "type": "sum", "children": [6], "node_blocks": 1, "block_size": 1 } ] })";
    ModelFile file;
    file.circuit = nlohmann::json::parse(text);
    const std::uint64_t seed = 3;
    const auto circuit = read_circuit(file.bytes(), &seed);
    EXPECT_EQ(circuit->info().parameters, 8 + 4 + 2);
    EXPECT_EQ(circuit->info().depth, 5);
    expect_round_trips(*circuit);
}

TEST(ReadingTest, NamesTheFile) {
    const std::string path = temporary_path("broken.juice");
    ModelFile file = ModelFile::some();
    file.node(3)["type"] = "max";
    const std::vector<std::byte> bytes = file.bytes();
    write_circuit(*read_circuit(ModelFile::some().bytes(), nullptr), path);
    std::FILE* stream = std::fopen(path.c_str(), "wb");
    ASSERT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), stream), bytes.size());
    std::fclose(stream);
    const std::string sentence = sentence_of(JUICE_ERROR_FORMAT, [&] { read_circuit(path, nullptr); });
    EXPECT_TRUE(sentence.starts_with(path + ": vector 3: ")) << sentence;
}

TEST(WritingTest, AlignsTheDataAndOrdersItByElementSize) {
    ModelFile file = ModelFile::some();
    file.tensors.push_back({"state.byte", "U8", {3}, std::vector<std::byte>(3)});
    file.tensors.push_back({"state.wide", "F64", {2}, std::vector<std::byte>(16)});
    const std::vector<std::byte> bytes = written(*read_circuit(file.bytes(), nullptr));
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    EXPECT_EQ((8 + length) % 8, 0u);
    const auto header = nlohmann::json::parse(reinterpret_cast<const char*>(bytes.data()) + 8, reinterpret_cast<const char*>(bytes.data()) + 8 + length);
    EXPECT_EQ(header["state.wide"]["data_offsets"][0], 0);
    EXPECT_EQ(header["state.byte"]["data_offsets"][1], bytes.size() - 8 - length);
    EXPECT_EQ(header["n0"]["data_offsets"][0], 16);
}

TEST(WritingTest, GoesInPiecesThatASinkCanStop) {
    const auto circuit = read_circuit(conformance_path(0), nullptr);
    int pieces = 0;
    const auto stop = [&](std::span<const std::byte>) {
        if (++pieces == 3) throw Error(JUICE_ERROR_CANCELLED, "enough");
    };
    EXPECT_EQ(sentence_of(JUICE_ERROR_CANCELLED, [&] { write_circuit(*circuit, stop); }), "enough");
    EXPECT_EQ(pieces, 3);
}

}  // namespace

}  // namespace juice
