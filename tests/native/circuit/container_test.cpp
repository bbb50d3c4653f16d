// The container: headers and tensors that are not what a model file may hold.
#include <gtest/gtest.h>

#include <cstring>

#include "circuit/file.h"
#include "circuit/model_file.h"

namespace juice {

namespace {

using Json = nlohmann::json;

std::string refused(std::span<const std::byte> bytes) {
    return sentence_of(JUICE_ERROR_FORMAT, [&] { read_circuit(bytes, nullptr); });
}

void expect_refused(std::span<const std::byte> bytes, const char* part) {
    const std::string sentence = refused(bytes);
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
}

void expect_header_refused(const std::function<void(Json&)>& change, const char* part) {
    ModelFile file = ModelFile::some();
    file.change_header = change;
    expect_refused(file.bytes(), part);
}

void expect_text_refused(const std::string& header, const char* part) { expect_refused(file_of(header), part); }

TEST(ContainerTest, RefusesEveryTruncation) {
    const std::vector<std::byte> bytes = ModelFile::some().bytes();
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));   // its own memory: a sanitizer sees overruns
        EXPECT_FALSE(refused(cut).empty()) << length;
    }
}

TEST(ContainerTest, RefusesHeaderLengthsBeyondTheFile) {
    std::vector<std::byte> bytes = ModelFile::some().bytes();
    for (const std::uint64_t length : {std::uint64_t{bytes.size() - 7}, std::uint64_t{100'000'000}}) {
        std::memcpy(bytes.data(), &length, 8);
        expect_refused(bytes, "runs past the end");
    }
    for (const std::uint64_t length : {std::uint64_t{100'000'001}, std::uint64_t{1} << 40, ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
        std::memcpy(bytes.data(), &length, 8);
        expect_refused(bytes, "above 100 MB");
    }
}

TEST(ContainerTest, RefusesHeadersThatAreNotJson) {
    expect_text_refused("", "an object is expected");
    expect_text_refused("[]", "an object is expected");
    expect_text_refused("{", "a string is expected");
    expect_text_refused("{\"a\"}", "':' is expected");
    expect_text_refused("{} x", "nothing may follow");
    expect_text_refused("{\"__metadata__\":{\"a\":\"\x01\"}}", "control character");
    expect_text_refused("{\"__metadata__\":{\"a\":\"\xC0\x80\"}}", "not UTF-8");
    expect_text_refused("{\"__metadata__\":{\"a\":\"\\ud800\"}}", "surrogate");
    expect_text_refused("{\"__metadata__\":{\"a\":\"\\x\"}}", "no such escape");
    expect_text_refused(std::string(1'000'000, '{'), "a string is expected");
    expect_text_refused("{\"a\":" + std::string(1'000'000, '['), "an object is expected");
}

TEST(ContainerTest, RefusesMetadataThatIsNotAModels) {
    ModelFile file = ModelFile::some();
    file.metadata["format"] = "another";
    expect_refused(file.bytes(), "format is \"another\"");
    file = ModelFile::some();
    file.metadata["version"] = "2";
    expect_refused(file.bytes(), "version is \"2\"");
    file = ModelFile::some();
    file.metadata.erase("version");
    expect_refused(file.bytes(), "__metadata__ has no \"version\"");
    file = ModelFile::some();
    file.metadata["epoch"] = 7;
    expect_refused(file.bytes(), "a string is expected");
    expect_text_refused("{}", "__metadata__ has no \"format\"");
    expect_header_refused([](Json& header) { header["__metadata__"].erase("circuit"); }, "__metadata__ has no \"circuit\"");
}

TEST(ContainerTest, RefusesKeysThatAreThereTwice) {
    expect_text_refused("{\"__metadata__\":{\"a\":\"1\",\"a\":\"1\"}}", "is there twice");
    expect_text_refused("{\"__metadata__\":{},\"__metadata__\":{}}", "is there twice");
    const std::string empty = "{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
    expect_text_refused("{\"a\":" + empty + ",\"a\":" + empty + "}", "tensor \"a\" is there twice");
    expect_text_refused("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", "is there twice");
}

TEST(ContainerTest, RefusesTensorsThatAreNotDescribed) {
    expect_header_refused([](Json& header) { header["n0"].erase("dtype"); }, "tensor \"n0\" must have dtype");
    expect_header_refused([](Json& header) { header["n0"].erase("shape"); }, "tensor \"n0\" must have dtype");
    expect_header_refused([](Json& header) { header["n0"]["data_offsets"] = {0}; }, "two data_offsets");
    expect_header_refused([](Json& header) { header["n0"]["colour"] = 1; }, "no others");
    expect_header_refused([](Json& header) { header["n0"] = "F32"; }, "an object is expected");
    expect_header_refused([](Json& header) { header["n0"]["shape"] = "2"; }, "an array is expected");
    expect_header_refused([](Json& header) { header["n0"]["shape"] = {2.5, 3}; }, "a whole number");
}

TEST(ContainerTest, RefusesTensorsOfTheWrongSize) {
    expect_header_refused([](Json& header) { header["n0"]["shape"] = {2, 2}; }, "tensor \"n0\" has 24 bytes");
    expect_header_refused([](Json& header) { header["n0"]["shape"] = {-2, -3}; }, "tensor \"n0\" has 24 bytes");
    expect_header_refused([](Json& header) { header["n0"]["shape"] = {std::int64_t{1} << 62, 4}; }, "tensor \"n0\" has 24 bytes");
    expect_header_refused([](Json& header) { header["n0"]["shape"] = {std::int64_t{1} << 62, 16, 6}; }, "tensor \"n0\" has 24 bytes");
    expect_header_refused([](Json& header) { header["n0"]["dtype"] = "F64"; }, "tensor \"n0\" has 24 bytes");
    expect_header_refused([](Json& header) { header["n0"]["dtype"] = "F31"; }, "unknown type \"F31\"");
}

TEST(ContainerTest, RefusesTensorsOutsideTheData) {
    expect_header_refused([](Json& header) { header["n0"]["data_offsets"] = {-24, 0}; }, "not within");
    expect_header_refused([](Json& header) { header["n0"]["data_offsets"] = {24, 0}; }, "not within");
    expect_header_refused([](Json& header) { header["n7"]["data_offsets"] = {1'000'000, 1'000'016}; }, "not within");
    expect_header_refused([](Json& header) { header["n7"]["data_offsets"] = {std::int64_t{-9'000'000'000'000'000'000}, std::int64_t{9'000'000'000'000'000'000}}; },
                          "not within");
}

TEST(ContainerTest, RefusesOverlapsAndGaps) {
    expect_header_refused([](Json& header) { header["n1"]["data_offsets"] = {20, 28}; }, "tensor \"n1\" begins at byte 20 of the data, which overlaps");
    expect_header_refused([](Json& header) { header["n5"]["data_offsets"] = header["n4"]["data_offsets"]; }, "overlaps");
    expect_header_refused([](Json& header) { header.erase("n1"); }, "leaves a gap after");
    expect_header_refused([](Json& header) { header.erase("n0"); }, "leaves a gap after");
    expect_header_refused([](Json& header) { header.erase("n7"); }, "tensors must tile it");
    ModelFile file = ModelFile::some();
    file.tail = "more";
    expect_refused(file.bytes(), "tensors must tile it");
}

TEST(ContainerTest, RefusesMisnamedUnusedAndWronglyTypedTensors) {
    ModelFile file = ModelFile::some();
    file.tensor("n5").name = "m5";
    expect_refused(file.bytes(), "vector 5: there is no tensor \"n5\"");
    file = ModelFile::some();
    file.set("n8", {1}, std::vector<float>{1});
    expect_refused(file.bytes(), "tensor \"n8\" is used by no vector");
    file = ModelFile::some();
    file.tensor("n5").type = "I32";
    expect_refused(file.bytes(), "tensor \"n5\" has type I32, and F32 is needed");
    file = ModelFile::some();
    file.tensor("n4.edges").type = "F32";
    expect_refused(file.bytes(), "tensor \"n4.edges\" has type F32, and I32 is needed");
    file = ModelFile::some();
    file.tensor("n4.edges").type = "I64";
    file.tensor("n4.edges").shape = {2, 1};
    expect_refused(file.bytes(), "I32 is needed");
    file = ModelFile::some();
    file.node(5)["parameters"] = {0.5, 0.5};
    expect_refused(file.bytes(), "a string is expected");
}

}  // namespace

}  // namespace juice
