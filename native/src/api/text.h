// Text that is handed to the caller, to be freed by juice_text_free.
#pragma once

#include <string>

namespace juice::api {

char* copy_text(const std::string& text);

}  // namespace juice::api
