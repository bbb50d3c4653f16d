// Rows that lie in memory, seen with their element type: where row i's values and missing marks are, and what an entry means.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "juice/juice.h"

namespace juice {

// A sentinel in the element's own type, so that a float -99.9 equals the double -99.9 that the caller wrote; one that the type cannot hold
// matches nothing.
template <class T>
struct Sentinel {
    bool active = false;
    T value{};

    explicit Sentinel(const juice_rows& rows) {
        if (!rows.has_sentinel || std::isnan(rows.sentinel)) return;
        const double wanted = rows.sentinel;
        if constexpr (std::is_floating_point_v<T>) {
            active = std::isinf(wanted) || std::abs(wanted) <= static_cast<double>(std::numeric_limits<T>::max());
        } else {
            active = wanted >= static_cast<double>(std::numeric_limits<T>::min()) && wanted <= static_cast<double>(std::numeric_limits<T>::max()) &&
                     wanted == std::floor(wanted);
        }
        if (active) value = static_cast<T>(wanted);
    }
};

// n rows out of a memory source: row i is row indices[i] (first + i where indices is NULL) of `data`.
template <class T>
struct RowView {
    const T* data = nullptr;
    std::int64_t stride = 0;
    const std::uint8_t* missing = nullptr;      // dense, [.., variables]; NULL: no marks
    std::int64_t variables = 0;
    const std::int64_t* indices = nullptr;
    const std::int64_t* selection = nullptr;    // where in `data` a row lies; NULL: at its number
    std::int64_t first = 0;
    std::int64_t n = 0;
    Sentinel<T> sentinel;

    RowView(const juice_rows& rows, const std::int64_t* indices, std::int64_t first, std::int64_t n)
        : data(static_cast<const T*>(rows.data)), stride(rows.row_stride ? rows.row_stride : rows.variables), missing(rows.missing),
          variables(rows.variables), indices(indices), selection(rows.selection), first(first), n(n), sentinel(rows) {}

    // The same rows after fetch_rows.
    RowView fetched(const unsigned char* values, const unsigned char* marks) const {
        RowView view = *this;
        view.data = reinterpret_cast<const T*>(values);
        view.stride = variables;
        view.missing = marks;
        view.indices = view.selection = nullptr;
        view.first = 0;
        return view;
    }

    std::int64_t index(std::int64_t i) const { return indices ? indices[i] : first + i; }
    std::int64_t place(std::int64_t i) const { return selection ? selection[index(i)] : index(i); }
    const T* row(std::int64_t i) const { return data + place(i) * stride; }
    const std::uint8_t* marks(std::int64_t i) const { return missing + index(i) * variables; }

    bool is_missing(std::int64_t i, std::int64_t column) const {
        const T x = row(i)[column];
        if constexpr (std::is_floating_point_v<T>) {
            if (std::isnan(x)) return true;
        }
        return (missing && marks(i)[column]) || (sentinel.active && x == sentinel.value);
    }
};

// The shortest text that reads back as the same number.
template <class T>
std::string shortest(T x) {
    char text[64];
    std::to_chars_result end{};
    if constexpr (std::is_floating_point_v<T>) end = std::to_chars(text, text + sizeof text, x);
    else end = std::to_chars(text, text + sizeof text, static_cast<std::int64_t>(x));
    return {text, end.ptr};
}

// Calls f with a value of the element type: one generic lambda serves all five.
template <class F>
decltype(auto) with_element(std::int32_t element, F&& f) {
    switch (element) {
        case JUICE_BYTE: return f(std::uint8_t{});
        case JUICE_USHORT: return f(std::uint16_t{});
        case JUICE_INT: return f(std::int32_t{});
        case JUICE_FLOAT: return f(float{});
        default: return f(double{});
    }
}

// Rows by number out of a callback source: values [n, variables] and marks [n, variables], the source's own mask added to the callback's.
// Throws Error(JUICE_ERROR_CANCELLED) where the callback says so.
void fetch_rows(const juice_rows& rows, const std::int64_t* indices, std::int64_t n, std::vector<unsigned char>& values,
                std::vector<unsigned char>& marks);

// Bytes of an element.
std::size_t element_size(std::int32_t element);

}  // namespace juice
