// The readable JSON, where it is not what circuit_to_json writes; and the reader of JSON under it.
#include <gtest/gtest.h>

#include "circuit/file.h"
#include "circuit/json_reader.h"
#include "circuit/json_text.h"
#include "circuit/model_file.h"

namespace juice {

namespace {

std::string model(const std::string& parameters) {
    return "{\"format\": \"juice-circuit\", \"version\": \"1\", \"circuit\": {\"variables\": 1, \"root\": 0, \"nodes\": [{\"type\": \"input\", "
           "\"variables\": [0], \"node_blocks\": 1, \"block_size\": 2, \"distribution\": {\"type\": \"gaussian\"}, \"parameters\": " + parameters + "}]}}";
}

void expect_refused(const std::string& json, const char* part) {
    const std::string sentence = sentence_of(JUICE_ERROR_FORMAT, [&] { circuit_from_json(json, nullptr); });
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
}

TEST(JsonTest, TakesNestedArrays) {
    const auto circuit = circuit_from_json(model("[[1, 2e0], [0.5, 1]]"), nullptr);
    EXPECT_EQ((*circuit)[0].parameters[1], 2);
    EXPECT_EQ((*circuit)[0].parameters[2], 0.5f);
}

TEST(JsonTest, RefusesArraysOfOtherShapes) {
    expect_refused(model("1"), "an array of numbers is expected");
    expect_refused(model("[]"), "parameters have shape [0]");
    expect_refused(model("[[], []]"), "parameters have shape [2, 0]");
    expect_refused(model("[1, 2, 3, 4]"), "parameters have shape [4]");
    expect_refused(model("[[1, 2], [3]]"), "equal lengths");
    expect_refused(model("[[1, 2], 3]"), "equal lengths");
    expect_refused(model("[3, [1, 2]]"), "equal lengths");
    expect_refused(model("[[], 3]"), "equal lengths");
    expect_refused(model("[[[[1]]]]"), "at most three deep");
    expect_refused(model(std::string(1'000'000, '[')), "at most three deep");
    expect_refused(model("[[1, 1e39], [0, 1]]"), "beyond 32-bit");
    expect_refused(model("[[1, 1], [null, 1]]"), "a number is expected");
    expect_refused(model("\"n0\""), "an array of numbers is expected");
}

TEST(JsonTest, RefusesOtherTexts) {
    expect_refused("", "an object is expected");
    expect_refused("{}", "format must be \"juice-circuit\"");
    expect_refused("{\"format\": \"juice-circuit\", \"version\": \"1\"}", "no field \"circuit\"");
    expect_refused("{\"format\": \"juice-circuit\", \"version\": \"2\"}", "version \"1\"");
    expect_refused("{\"colour\": 1}", "field \"colour\" is unknown");
    expect_refused("{\"format\": \"juice-circuit\", \"format\": \"juice-circuit\"}", "field \"format\" is unknown or there twice");
    expect_refused("{\"metadata\": {\"a\": \"1\", \"a\": \"2\"}}", "is there twice");
    expect_refused("{\"state\": {\"state.a\": {\"dtype\": \"U8\", \"shape\": [1]}}}", "state has the fields");
    expect_refused("{\"state\": {\"state.a\": {\"dtype\": \"U8\", \"shape\": [1], \"bytes\": \"0g\"}}}", "hexadecimal");
    std::string wrong = model("[[1, 2], [0.5, 1]]");
    wrong.insert(1, "\"metadata\": {\"format\": \"x\"}, ");
    EXPECT_NE(sentence_of(JUICE_ERROR_FORMAT, [&] { circuit_from_json(wrong, nullptr); }).find("format's own"), std::string::npos);
    wrong = model("[[1, 2], [0.5, 1]]");
    wrong.insert(1, "\"state\": {\"a\": {\"dtype\": \"U8\", \"shape\": [1], \"bytes\": \"00\"}}, ");
    expect_refused(wrong, "state.");
    wrong = model("[[1, 2], [0.5, 1]]");
    wrong.insert(1, "\"state\": {\"state.a\": {\"dtype\": \"U8\", \"shape\": [2], \"bytes\": \"00\"}}, ");
    expect_refused(wrong, "has 1 bytes");
}

TEST(JsonTest, RefusesEveryTruncation) {
    const std::string whole = circuit_to_json(*read_circuit(ModelFile::some().bytes(), nullptr));
    const std::size_t last = whole.rfind('}');
    for (std::size_t length = 0; length <= last; ++length) expect_refused(whole.substr(0, length), "");
}

double real(const char* text) {
    JsonReader reader(text, "it");
    const double value = reader.real();
    reader.end();
    return value;
}

TEST(JsonReaderTest, ReadsNumbersAsJsonHasThem) {
    EXPECT_EQ(real("-0.5e+2"), -50);
    EXPECT_EQ(real(" 0 "), 0);
    EXPECT_EQ(real("1E-2"), 0.01);
    for (const char* text : {"01", "+1", ".5", "1.", "1e", "1e+", "-", "", "0x1", "NaN", "Infinity", "1e999", "1 2", "--1", "1e5.0", "\"1\""}) {
        sentence_of(JUICE_ERROR_FORMAT, [&] { real(text); });
    }
}

TEST(JsonReaderTest, ReadsWholeNumbersOfSixtyFourBits) {
    EXPECT_EQ(JsonReader("9223372036854775807", "it").integer(), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(JsonReader("-9223372036854775808", "it").integer(), std::numeric_limits<std::int64_t>::min());
    for (const char* text : {"9223372036854775808", "1.0", "1e2", "true", "null"}) {
        sentence_of(JUICE_ERROR_FORMAT, [&] { JsonReader(text, "it").integer(); });
    }
}

TEST(JsonReaderTest, ReadsEscapes) {
    EXPECT_EQ(JsonReader(R"("\"\\\/\b\f\n\r\t\u0041\u00e4\u20AC\ud83e\uddc3")", "it").string(), "\"\\/\b\f\n\r\tAä€\xF0\x9F\xA7\x83");
    for (const char* text : {R"("\u12")", R"("\u12g4")", R"("\ud800")", R"("\ud800\u0041")", R"("\udc00")", R"("\a")", R"("abc)", R"("abc\)", "\"a\nb\""}) {
        sentence_of(JUICE_ERROR_FORMAT, [&] { JsonReader(text, "it").string(); });
    }
}

TEST(JsonTextTest, KnowsUtf8) {
    for (const char* text : {"", "plain", "ä€", "\xF0\x9F\xA7\x83", "\xEF\xBF\xBF", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_utf8(text)) << text;
    for (const char* text : {"\x80", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE2\x82", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
                             "\xF5\x80\x80\x80", "\xFF", "a\xE2(\xA1"}) {
        EXPECT_FALSE(is_utf8(text)) << text;
    }
}

}  // namespace

}  // namespace juice
