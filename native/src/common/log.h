// Log lines on their way to the callback of juice_set_log. Any code may log from any thread; without a callback a line costs one load.
// Not for hot loops: a line that is wanted is formatted and delivered under a lock, one at a time.
#pragma once

#include <cstdint>

#include "juice/juice.h"

namespace juice {

// The levels of Microsoft.Extensions.Logging.
enum class LogLevel : std::int32_t { Trace, Debug, Information, Warning, Error, Critical };

// Once this returns, the callback before is not running and will not be called again (but for one that calls this itself).
void set_log(juice_log_callback callback, void* user, std::int32_t minimum_level) noexcept;

// A printf-formatted line, cut off at 2 KiB.
[[gnu::format(printf, 2, 3)]] void log(LogLevel level, const char* format, ...) noexcept;

}  // namespace juice
