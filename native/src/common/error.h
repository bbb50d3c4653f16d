// The one exception that native code throws on purpose: a status of juice.h and one sentence that names the argument, the value and the rule.
#pragma once

#include <cstdarg>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "juice/juice.h"

namespace juice {

class Error : public std::runtime_error {
public:
    Error(juice_status status, const std::string& sentence) : std::runtime_error(sentence), status_(status) {}
    juice_status status() const noexcept { return status_; }

private:
    juice_status status_;
};

// Throws an Error with a printf-formatted sentence.
[[noreturn]] [[gnu::format(printf, 2, 3)]] inline void fail(juice_status status, const char* format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    throw Error(status, text);
}

}  // namespace juice
