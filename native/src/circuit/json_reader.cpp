#include "circuit/json_reader.h"

#include <charconv>

#include "circuit/json_text.h"
#include "common/error.h"

namespace juice {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

template <typename Number>
bool parse(std::string_view text, Number& value) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

void JsonReader::fail_here(const char* rule) const { fail(JUICE_ERROR_FORMAT, "%s, byte %zu: %s", what_, at_, rule); }

void JsonReader::skip_space() noexcept {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
}

bool JsonReader::take(char c) noexcept {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
}

void JsonReader::expect(char c, const char* name) {
    if (!take(c)) fail_here((std::string(name) + " is expected here").c_str());
}

bool JsonReader::at_array() noexcept {
    skip_space();
    return at_ < text_.size() && text_[at_] == '[';
}

void JsonReader::end() {
    skip_space();
    if (at_ < text_.size()) fail_here("nothing may follow here");
}

std::string JsonReader::string() {
    expect('"', "a string");
    std::string out;
    const std::size_t begin = at_;
    for (;;) {
        const std::size_t plain = at_;
        while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && static_cast<unsigned char>(text_[at_]) >= 0x20) ++at_;
        out.append(text_.substr(plain, at_ - plain));
        if (at_ >= text_.size()) fail_here("the string does not end");
        const char c = text_[at_++];
        if (c == '"') break;
        if (c != '\\') fail_here("a control character must be written as an escape");
        append_escape(out);
    }
    if (!is_utf8(out)) {
        at_ = begin;
        fail_here("the string that begins here is not UTF-8");
    }
    return out;
}

std::uint32_t JsonReader::hex4() {
    std::uint32_t value = 0;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() < 4 || error != std::errc{} || end != digits.data() + 4) fail_here("an escape \\u has four hexadecimal digits");
    at_ += 4;
    return value;
}

void JsonReader::append_escape(std::string& out) {
    static constexpr std::string_view escapes = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (at_ >= text_.size()) fail_here("the string does not end");
    const char c = text_[at_++];
    if (const std::size_t known = escapes.find(c); known != std::string_view::npos) {
        out += meanings[known];
        return;
    }
    if (c != 'u') fail_here("there is no such escape");
    std::uint32_t code = hex4();
    if (code >= 0xDC00 && code < 0xE000) fail_here("a low surrogate follows a high one");
    if (code >= 0xD800 && code < 0xDC00) {
        if (text_.substr(at_, 2) != "\\u") fail_here("a high surrogate is followed by a low one");
        at_ += 2;
        const std::uint32_t low = hex4();
        if (low < 0xDC00 || low >= 0xE000) fail_here("a high surrogate is followed by a low one");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, code);
}

std::string_view JsonReader::number() {
    skip_space();
    const std::size_t begin = at_;
    const auto digits = [&] {
        if (at_ >= text_.size() || !is_digit(text_[at_])) fail_here("a number is expected here");
        while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    };
    if (at_ < text_.size() && text_[at_] == '-') ++at_;
    const bool zero = at_ < text_.size() && text_[at_] == '0';
    const std::size_t whole = at_;
    digits();
    if (zero && at_ > whole + 1) fail_here("a number has no leading zeros");
    if (at_ < text_.size() && text_[at_] == '.') {
        ++at_;
        digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
        ++at_;
        if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
        digits();
    }
    return text_.substr(begin, at_ - begin);
}

std::int64_t JsonReader::integer() {
    std::int64_t value = 0;
    if (!parse(number(), value)) fail_here("a whole number within 64 bits is expected here");
    return value;
}

double JsonReader::real() {
    double value = 0;
    if (!parse(number(), value)) fail_here("the number is beyond 64-bit floating point");
    return value;
}

float JsonReader::real32() {
    float value = 0;
    if (!parse(number(), value)) fail_here("the number is beyond 32-bit floating point");
    return value;
}

}  // namespace juice
