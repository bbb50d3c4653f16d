// Rows for tests: values in a vector that ends with the last row's last entry, so that a sanitizer sees every read beyond it.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/error.h"
#include "juice/juice.h"

namespace juice::some {

template <class T>
constexpr std::int32_t element = std::is_same_v<T, std::uint8_t>    ? JUICE_BYTE
                                 : std::is_same_v<T, std::uint16_t> ? JUICE_USHORT
                                 : std::is_same_v<T, std::int32_t>  ? JUICE_INT
                                 : std::is_same_v<T, float>         ? JUICE_FLOAT
                                                                    : JUICE_DOUBLE;

template <class T>
struct Rows {
    std::int64_t count;
    std::int32_t variables;
    std::int64_t stride;
    std::vector<T> values;
    std::vector<std::uint8_t> missing;
    std::vector<float> weights;

    Rows(std::int64_t count, std::int32_t variables, std::int64_t stride = 0)
        : count(count), variables(variables), stride(stride ? stride : variables),
          values(static_cast<std::size_t>(count > 0 ? (count - 1) * this->stride + variables : 0)) {}

    T& at(std::int64_t row, std::int64_t column) { return values[static_cast<std::size_t>(row * stride + column)]; }
    void mark(std::int64_t row, std::int64_t column) {
        missing.resize(static_cast<std::size_t>(count * variables));
        missing[static_cast<std::size_t>(row * variables + column)] = 1;
    }
    bool marked(std::int64_t row, std::int64_t column) const {
        return !missing.empty() && missing[static_cast<std::size_t>(row * variables + column)] != 0;
    }

    juice_rows view() const {
        juice_rows rows{};
        rows.size = sizeof rows;
        rows.element = element<T>;
        rows.data = values.data();
        rows.count = count;
        rows.row_stride = stride == variables ? 0 : stride;
        rows.variables = variables;
        rows.missing = missing.empty() ? nullptr : missing.data();
        rows.weights = weights.empty() ? nullptr : weights.data();
        return rows;
    }

    // The same rows through a callback; the mask travels with them.
    juice_rows source() {
        juice_rows rows = view();
        rows.data = nullptr;
        rows.row_stride = 0;
        rows.missing = nullptr;
        rows.user = this;
        rows.fetch = [](const std::int64_t* indices, std::int64_t n, void* destination, std::uint8_t* marks, void* user) -> std::int32_t {
            auto& self = *static_cast<Rows*>(user);
            for (std::int64_t i = 0; i < n; ++i) {
                for (std::int64_t v = 0; v < self.variables; ++v) {
                    static_cast<T*>(destination)[i * self.variables + v] = self.at(indices[i], v);
                    if (self.marked(indices[i], v)) marks[i * self.variables + v] = 1;
                }
            }
            return 0;
        };
        return rows;
    }
};

template <class T>
Rows<T> dense(std::int32_t variables, std::vector<T> values) {
    Rows<T> rows(static_cast<std::int64_t>(values.size()) / variables, variables);
    rows.values = std::move(values);
    return rows;
}

// The sentence of the Error that f throws, with its status in front: "1: row 17, …"; empty where it throws none.
template <class F>
std::string error_of(F&& f) {
    try {
        f();
    } catch (const Error& error) {
        return std::to_string(error.status()) + ": " + error.what();
    }
    return "";
}

}  // namespace juice::some
