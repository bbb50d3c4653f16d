// What a juice_rows must satisfy before anything is read from it, and rows out of a callback.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "common/error.h"
#include "rows/rows.h"
#include "rows/view.h"

namespace juice {

namespace {

void check_weights(const juice_rows& rows) {
    constexpr float largest = std::numeric_limits<float>::max();
    std::int64_t good = 0;
    for (std::int64_t i = 0; i < rows.count; ++i) good += (rows.weights[i] >= 0) & (rows.weights[i] <= largest);
    if (good == rows.count) return;
    for (std::int64_t i = 0; i < rows.count; ++i) {
        const float w = rows.weights[i];
        if (!(w >= 0 && w <= largest)) {
            fail(JUICE_ERROR_ARGUMENT, "rows.weights: row %lld has weight %s; weights are finite and at least 0", static_cast<long long>(i),
                 shortest(w).c_str());
        }
    }
}

void check_selection(const juice_rows& rows) {
    if (rows.fetch) fail(JUICE_ERROR_ARGUMENT, "rows.selection: it picks rows of data, and a callback has none");
    if (rows.data_count < 0) fail(JUICE_ERROR_ARGUMENT, "rows.data_count: %lld is negative", static_cast<long long>(rows.data_count));
    for (std::int64_t i = 0; i < rows.count; ++i) {
        if (rows.selection[i] >= 0 && rows.selection[i] < rows.data_count) continue;
        fail(JUICE_ERROR_ARGUMENT, "rows.selection: entry %lld is %lld, and data_count is %lld", static_cast<long long>(i),
             static_cast<long long>(rows.selection[i]), static_cast<long long>(rows.data_count));
    }
}

}  // namespace

std::size_t element_size(std::int32_t element) {
    return with_element(element, [](auto x) { return sizeof x; });
}

Domains domains_of(const Circuit& circuit) {
    Domains domains;
    for (std::int32_t v = 0; v < circuit.variables(); ++v) domains.push_back(circuit.distribution_of(v).domain());
    return domains;
}

void check_rows(const juice_rows& rows, std::int32_t variables) {
    if (rows.size != static_cast<std::int32_t>(sizeof(juice_rows)))
        fail(JUICE_ERROR_ARGUMENT, "rows.size: %d is not the size of juice_rows, %zu", rows.size, sizeof(juice_rows));
    if (rows.element < JUICE_BYTE || rows.element > JUICE_DOUBLE)
        fail(JUICE_ERROR_ARGUMENT, "rows.element: %d is none of JUICE_BYTE (0) … JUICE_DOUBLE (4)", rows.element);
    if (rows.count < 0) fail(JUICE_ERROR_ARGUMENT, "rows.count: %lld is negative", static_cast<long long>(rows.count));
    if (rows.variables < 1) fail(JUICE_ERROR_ARGUMENT, "rows.variables: %d is less than 1", rows.variables);
    if (rows.variables != variables)
        fail(JUICE_ERROR_ARGUMENT, "rows.variables: the rows have %d columns, the circuit has %d variables", rows.variables, variables);
    if (rows.row_stride != 0 && rows.row_stride < rows.variables)
        fail(JUICE_ERROR_ARGUMENT, "rows.row_stride: %lld is less than the %d columns of a row", static_cast<long long>(rows.row_stride),
             rows.variables);
    if (rows.has_sentinel != 0 && rows.has_sentinel != 1) fail(JUICE_ERROR_ARGUMENT, "rows.has_sentinel: %d is neither 0 nor 1", rows.has_sentinel);
    if (rows.data && rows.fetch) fail(JUICE_ERROR_ARGUMENT, "rows: both data and fetch are given; a source has one of them");
    if (!rows.data && !rows.fetch && rows.count > 0) fail(JUICE_ERROR_ARGUMENT, "rows.data: NULL, and there is no fetch callback");
    if (reinterpret_cast<std::uintptr_t>(rows.data) % element_size(rows.element) != 0)
        fail(JUICE_ERROR_ARGUMENT, "rows.data: the address is not a multiple of the element's %zu bytes", element_size(rows.element));
    if (rows.mapped != 0 && rows.mapped != 1) fail(JUICE_ERROR_ARGUMENT, "rows.mapped: %d is neither 0 nor 1", rows.mapped);
    if (rows.weights) check_weights(rows);
    if (rows.selection) check_selection(rows);
}

void fetch_rows(const juice_rows& rows, const std::int64_t* indices, std::int64_t n, std::vector<unsigned char>& values,
                std::vector<unsigned char>& marks) {
    const std::int64_t entries = n * rows.variables;
    values.resize(static_cast<std::size_t>(entries) * element_size(rows.element));
    marks.assign(static_cast<std::size_t>(entries), 0);
    if (n == 0) return;
    if (rows.fetch(indices, n, values.data(), marks.data(), rows.user) != 0) fail(JUICE_ERROR_CANCELLED, "rows.fetch: the callback asked to stop");
    if (!rows.missing) return;
    for (std::int64_t i = 0; i < n; ++i) {
        const std::uint8_t* own = rows.missing + indices[i] * rows.variables;
        for (std::int64_t v = 0; v < rows.variables; ++v) marks[static_cast<std::size_t>(i * rows.variables + v)] |= own[v];
    }
}

}  // namespace juice
