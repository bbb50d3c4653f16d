// The one log callback of the process.
#include "common/log.h"

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <limits>
#include <mutex>

namespace juice {

namespace {

constexpr std::int32_t off = std::numeric_limits<std::int32_t>::max();

struct Sink {
    std::atomic<std::int32_t> minimum_level{off};
    std::recursive_mutex mutex;     // recursive: a callback may itself call into Juice
    juice_log_callback callback = nullptr;
    void* user = nullptr;
};

// Never destroyed, so that threads that outlive main may still log.
Sink& sink() noexcept {
    static Sink& made = *new Sink;
    return made;
}

}  // namespace

void set_log(juice_log_callback callback, void* user, std::int32_t minimum_level) noexcept {
    const std::lock_guard lock(sink().mutex);
    sink().callback = callback;
    sink().user = user;
    sink().minimum_level = callback ? minimum_level : off;
}

void log(LogLevel level, const char* format, ...) noexcept {
    const auto number = static_cast<std::int32_t>(level);
    if (number < sink().minimum_level.load(std::memory_order_relaxed)) return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const std::lock_guard lock(sink().mutex);
    if (sink().callback && number >= sink().minimum_level) sink().callback(number, text, sink().user);
}

}  // namespace juice
