#include "circuit/tensors.h"

#include <array>
#include <utility>

#include "circuit/json_text.h"
#include "common/error.h"

namespace juice {

std::int64_t element_size(std::string_view type) noexcept {
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 15> sizes{{
        {"F32", 4}, {"I32", 4}, {"U32", 4}, {"F64", 8}, {"I64", 8}, {"U64", 8}, {"F16", 2}, {"BF16", 2}, {"I16", 2}, {"U16", 2},
        {"I8", 1}, {"U8", 1}, {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}}};
    for (const auto& [name, size] : sizes) {
        if (name == type) return size;
    }
    return 0;
}

std::int64_t tensor_size(std::string_view type, const std::vector<std::int64_t>& shape) noexcept {
    std::int64_t size = element_size(type);
    if (size == 0) return -1;
    for (const std::int64_t extent : shape) {
        if (extent < 0 || __builtin_mul_overflow(size, extent, &size)) return -1;
    }
    return size;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (const std::int64_t extent : shape) {
        if (text.size() > 1) text += ", ";
        text += std::to_string(extent);
    }
    return text + "]";
}

void check_state_tensor(const std::string& name, const Tensor& tensor) {
    if (!name.starts_with("state.")) fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" is not the circuit's, and others are named state.…", name.c_str());
    if (!is_utf8(name)) fail(JUICE_ERROR_FORMAT, "the name of a state tensor is not UTF-8");
    if (tensor_size(tensor.type, tensor.shape) != static_cast<std::int64_t>(tensor.bytes.size())) {
        fail(JUICE_ERROR_FORMAT, "tensor \"%.100s\" has %zu bytes, which %s of type \"%.20s\" does not", name.c_str(), tensor.bytes.size(),
             shape_text(tensor.shape).c_str(), tensor.type.c_str());
    }
}

}  // namespace juice
