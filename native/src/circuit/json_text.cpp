#include "circuit/json_text.h"

#include <array>
#include <charconv>

namespace juice {

namespace {

template <typename Number>
void append(std::string& out, Number number) {
    std::array<char, 40> text;
    out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr);
}

}  // namespace

void append_json_number(std::string& out, std::int64_t number) { append(out, number); }
void append_json_number(std::string& out, float number) { append(out, number); }
void append_json_number(std::string& out, double number) { append(out, number); }

void append_json_string(std::string& out, std::string_view text) {
    static constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (const auto code = static_cast<unsigned char>(c); code < 0x20) {
            out += "\\u00";
            out += hex[code >> 4];
            out += hex[code & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at++]);
        if (lead < 0x80) continue;
        const int tails = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
        if (lead < 0xC2 || lead > 0xF4 || text.size() - at < static_cast<std::size_t>(tails)) return false;
        std::uint32_t code = lead & (0x3Fu >> tails);
        for (int tail = 0; tail < tails; ++tail) {
            const auto next = static_cast<unsigned char>(text[at++]);
            if (next >> 6 != 2) return false;
            code = code << 6 | (next & 0x3F);
        }
        const bool overlong = (tails == 2 && code < 0x800) || (tails == 3 && code < 0x10000);
        if (overlong || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF) return false;
    }
    return true;
}

}  // namespace juice
