// juice.h, section 1: version, status, errors, log, text.
#include <cstdlib>
#include <cstring>

#include "api/guard.h"
#include "api/text.h"
#include "common/log.h"

namespace juice::api {

namespace {
thread_local char last_error[4096] = "";
}

juice_status failed(juice_status status, const char* sentence) noexcept {
    std::size_t length = std::strlen(sentence);
    if (length >= sizeof last_error) {
        length = sizeof last_error - 1;
        while (length > 0 && (static_cast<unsigned char>(sentence[length]) & 0xC0) == 0x80) --length;     // not in the middle of a character
    }
    std::memmove(last_error, sentence, length);
    last_error[length] = '\0';
    return status;
}

char* copy_text(const std::string& text) {
    auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
    if (!copy) throw std::bad_alloc();
    std::memcpy(copy, text.c_str(), text.size() + 1);
    return copy;
}

}  // namespace juice::api

using namespace juice::api;

std::int32_t juice_abi_version() noexcept { return JUICE_ABI_VERSION; }

const char* juice_version() noexcept { return JUICE_VERSION_TEXT; }

const char* juice_last_error() noexcept { return last_error; }

void juice_set_log(juice_log_callback callback, void* user, std::int32_t minimum_level) noexcept { juice::set_log(callback, user, minimum_level); }

void juice_text_free(char* text) noexcept { std::free(text); }
