// Pieces of JSON text, written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace juice {

// The text as a JSON string, quotes included.
void append_json_string(std::string& out, std::string_view text);

// The shortest text that reads back as the same number.
void append_json_number(std::string& out, std::int64_t number);
void append_json_number(std::string& out, float number);
void append_json_number(std::string& out, double number);

void append_utf8(std::string& out, std::uint32_t code);
bool is_utf8(std::string_view text) noexcept;

}  // namespace juice
