// juice.h, section 3: files, streams and JSON.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "api/some.h"

namespace {

// A folder of this test's own, gone when the test is.
struct Folder {
    std::filesystem::path path;
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "juice-api-XXXXXX").string();
        EXPECT_NE(nullptr, mkdtemp(name.data()));
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
};

std::string bytes_of(const juice_circuit* circuit) {
    std::string bytes;
    const auto append = [](const void* piece, std::int64_t length, void* user) -> std::int32_t {
        static_cast<std::string*>(user)->append(static_cast<const char*>(piece), static_cast<std::size_t>(length));
        return 0;
    };
    EXPECT_OK(juice_circuit_write_stream(circuit, append, &bytes));
    return bytes;
}

some::CircuitHandle from_bytes(const std::string& bytes) {
    juice_circuit* made = nullptr;
    EXPECT_OK(juice_circuit_read_memory(bytes.data(), static_cast<std::int64_t>(bytes.size()), nullptr, &made));
    return some::CircuitHandle(made);
}

}  // namespace

TEST(Files, GoOutAndComeBack) {
    const Folder folder;
    const std::string path = folder.path / "small.juice";
    const auto circuit = some::circuit();
    ASSERT_OK(juice_circuit_write(circuit.get(), path.c_str()));
    std::ifstream file(path, std::ios::binary);
    const std::string written{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(bytes_of(circuit.get()), written);
    juice_circuit* made = nullptr;
    ASSERT_OK(juice_circuit_read(path.c_str(), nullptr, &made));
    const some::CircuitHandle read(made);
    EXPECT_EQ(written, bytes_of(read.get()));
    EXPECT_EQ(1, std::distance(std::filesystem::directory_iterator(folder.path), {})) << "a temporary file was left";
}

TEST(Files, StreamsGoOutAndComeBack) {
    const std::string bytes = bytes_of(some::circuit().get());
    EXPECT_EQ(bytes, bytes_of(from_bytes(bytes).get()));
}

TEST(Files, JsonGoesOutAndComesBack) {
    const auto circuit = some::circuit();
    char* made = nullptr;
    ASSERT_OK(juice_circuit_to_json(circuit.get(), &made));
    const some::Text json(made);
    juice_circuit* back = nullptr;
    ASSERT_OK(juice_circuit_from_json(json.get(), static_cast<std::int64_t>(std::string(json.get()).size()), nullptr, &back));
    EXPECT_EQ(bytes_of(circuit.get()), bytes_of(some::CircuitHandle(back).get()));
}

TEST(Files, KeepState) {
    const std::int64_t shape[] = {2, 1};
    const double data[] = {0.1, -2};
    const juice_tensor given{"state.score", "F64", shape, data, sizeof data, 2, 0};
    juice_circuit* made = nullptr;
    ASSERT_OK(juice_circuit_with_state(some::circuit().get(), &given, 1, &made));
    const some::CircuitHandle circuit(made);
    const auto read = from_bytes(bytes_of(circuit.get()));
    juice_tensor tensor{};
    ASSERT_OK(juice_circuit_state(read.get(), 0, &tensor));
    EXPECT_STREQ("state.score", tensor.name);
    EXPECT_STREQ("F64", tensor.type);
    ASSERT_EQ(2, tensor.rank);
    EXPECT_EQ(1, tensor.shape[1]);
    ASSERT_EQ(static_cast<std::int64_t>(sizeof data), tensor.bytes);
    EXPECT_EQ(0, std::memcmp(data, tensor.data, sizeof data));
    EXPECT_EQ(bytes_of(circuit.get()), bytes_of(read.get()));
}

TEST(Files, ASinkEndsTheWriting) {
    int calls = 0;
    const auto stop = [](const void*, std::int64_t, void* user) -> std::int32_t { return ++*static_cast<int*>(user); };
    EXPECT_STATUS(JUICE_ERROR_CANCELLED, juice_circuit_write_stream(some::circuit().get(), stop, &calls), "sink");
    EXPECT_EQ(1, calls);
}

TEST(Files, ThatCannotBeReadOrWrittenAreFileErrors) {
    const Folder folder;
    const auto circuit = some::circuit();
    juice_circuit* made = nullptr;
    const std::string nowhere = folder.path / "none" / "some.juice";
    EXPECT_STATUS(JUICE_ERROR_FILE, juice_circuit_read(nowhere.c_str(), nullptr, &made), nowhere.c_str());
    EXPECT_STATUS(JUICE_ERROR_FILE, juice_circuit_write(circuit.get(), nowhere.c_str()), nowhere.c_str());
    EXPECT_STATUS(JUICE_ERROR_FILE, juice_circuit_read("", nullptr, &made));
    EXPECT_EQ(nullptr, made);
}

TEST(Files, ThatAreNoCircuitsAreFormatErrors) {
    juice_circuit* made = nullptr;
    const std::string bytes = bytes_of(some::circuit().get());
    for (const std::size_t length : {std::size_t{1}, std::size_t{8}, bytes.size() / 2, bytes.size() - 1}) {
        EXPECT_STATUS(JUICE_ERROR_FORMAT, juice_circuit_read_memory(bytes.data(), static_cast<std::int64_t>(length), nullptr, &made));
    }
    EXPECT_STATUS(JUICE_ERROR_FORMAT, juice_circuit_read_memory(nullptr, 0, nullptr, &made));
    EXPECT_STATUS(JUICE_ERROR_FORMAT, juice_circuit_from_json("{", 1, nullptr, &made));
    EXPECT_STATUS(JUICE_ERROR_FORMAT, juice_circuit_from_json(nullptr, 0, nullptr, &made));
    EXPECT_EQ(nullptr, made);
}

TEST(Files, RejectBadArguments) {
    const auto circuit = some::circuit();
    juice_circuit* made = nullptr;
    char* json = nullptr;
    const auto sink = [](const void*, std::int64_t, void*) -> std::int32_t { return 0; };
    EXPECT_ARGUMENT_ERROR(juice_circuit_read(nullptr, nullptr, &made), "path is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_read("some.juice", nullptr, nullptr), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_read_memory(nullptr, 8, nullptr, &made), "bytes is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_read_memory("x", -1, nullptr, &made), "length is -1");
    EXPECT_ARGUMENT_ERROR(juice_circuit_read_memory("x", 1, nullptr, nullptr), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_write(nullptr, "some.juice"), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_write(circuit.get(), nullptr), "path is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_write_stream(nullptr, sink, nullptr), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_write_stream(circuit.get(), nullptr, nullptr), "sink is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_to_json(nullptr, &json), "circuit is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_to_json(circuit.get(), nullptr), "json is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_from_json(nullptr, 3, nullptr, &made), "json is NULL");
    EXPECT_ARGUMENT_ERROR(juice_circuit_from_json("{}", -1, nullptr, &made), "length is -1");
    EXPECT_ARGUMENT_ERROR(juice_circuit_from_json("{}", 2, nullptr, nullptr), "circuit is NULL");
}
