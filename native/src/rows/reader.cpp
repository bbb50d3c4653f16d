// RowReader: tiles of 16 rows by 16 columns, transposed and turned into codes or floats a line at a time. Every line is checked as it is written
// by a running OR, so that a good batch pays next to nothing; only a bad one is read again to find the entry to name.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "common/error.h"
#include "rows/lines.h"
#include "rows/rows.h"
#include "rows/transpose.h"
#include "rows/view.h"

namespace juice {

namespace {

using namespace tiles;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

template <bool marked, class T>
bool read_tiles(const RowView<T>& view, const Domains& domains, Batch& batch) {
    const std::int64_t variables = view.variables;
    Tile<T> values;
    Tile<std::uint8_t> marks{};
    Bad bad{};
    for (std::int64_t row = 0; row < view.n; row += tile_size) {
        const T* rows[tile_size];
        const std::uint8_t* mark_rows[tile_size] = {};
        for (int r = 0; r < tile_size; ++r) {
            const std::int64_t i = std::min(row + r, view.n - 1);       // the padding repeats the last row and is overwritten below
            rows[r] = view.row(i);
            if (marked && view.missing) mark_rows[r] = view.marks(i);
        }
        for (std::int64_t next = 0; next < variables; next += tile_size) {
            const int width = static_cast<int>(std::min<std::int64_t>(tile_size, variables));
            const std::int64_t column = std::min(next, variables - width);      // a ragged last tile begins early
            transpose(rows, column, width, values);
            if (marked && view.missing) transpose(mark_rows, column, width, marks);
            for (int c = 0; c < width; ++c) {
                const T* x = values.column[c];
                Line gone{};
                if constexpr (marked) gone = missing_lanes(x, view.missing ? marks.column[c] : nullptr, view.sentinel);
                const std::int64_t variable = column + c, at = variable * batch.stride + row;
                if (const std::int64_t domain = domains[static_cast<std::size_t>(variable)]; domain > 0)
                    write_codes(x, gone, domain, batch.codes.data() + at, bad);
                else write_reals(x, gone, batch.reals.data() + at, bad);
            }
        }
    }
    return !any(bad);
}

// The padding lanes hold "missing".
void pad(const Domains& domains, Batch& batch) {
    for (std::size_t v = 0; v < domains.size(); ++v) {
        const auto line = static_cast<std::int64_t>(v) * batch.stride;
        if (domains[v] > 0) std::fill(batch.codes.begin() + line + batch.rows, batch.codes.begin() + line + batch.stride, -1);
        else std::fill(batch.reals.begin() + line + batch.rows, batch.reals.begin() + line + batch.stride, not_a_number);
    }
}

template <class T>
bool entry_is_good(T x, std::int64_t domain) {
    if constexpr (std::is_floating_point_v<T>) {
        if (domain > 0) return x >= 0 && x <= static_cast<double>(domain - 1) && x == std::floor(x);
        return std::abs(x) <= static_cast<T>(std::numeric_limits<float>::max());
    } else {
        return domain == 0 || (std::int64_t{x} >= 0 && std::int64_t{x} < domain);
    }
}

template <class T>
[[noreturn]] void fail_at(std::int64_t row, std::int64_t column, T x, std::int64_t domain) {
    const auto r = static_cast<long long>(row), c = static_cast<long long>(column), last = static_cast<long long>(domain - 1);
    const std::string value = shortest(x);
    if (domain > 0) {
        bool fraction = false;
        if constexpr (std::is_floating_point_v<T>) fraction = std::isfinite(x) && x != std::floor(x);
        if (fraction) fail(JUICE_ERROR_ARGUMENT, "row %lld, column %lld: %s is not a whole number in 0 … %lld", r, c, value.c_str(), last);
        fail(JUICE_ERROR_ARGUMENT, "row %lld, column %lld: %s is not in 0 … %lld", r, c, value.c_str(), last);
    }
    fail(JUICE_ERROR_ARGUMENT, "row %lld, column %lld: %s is not a finite number of single precision", r, c, value.c_str());
}

const juice_rows& checked(const juice_rows& rows, const Domains& domains) {
    check_rows(rows, static_cast<std::int32_t>(domains.size()));
    return rows;
}

}  // namespace

RowReader::RowReader(const juice_rows& rows, Domains domains) : rows_(checked(rows, domains)), domains_(std::move(domains)), paging_(rows) {
    any_continuous_ = std::find(domains_.begin(), domains_.end(), 0) != domains_.end();
}

void RowReader::read(const std::int64_t* indices, std::int64_t first, std::int64_t n, Batch& batch) {
    if (n < 0) fail(JUICE_ERROR_ARGUMENT, "n: %lld is negative", static_cast<long long>(n));
    if (!indices && (first < 0 || first > rows_.count || n > rows_.count - first)) {
        fail(JUICE_ERROR_ARGUMENT, "rows: %lld rows from row %lld on are wanted, and there are %lld", static_cast<long long>(n),
             static_cast<long long>(first), static_cast<long long>(rows_.count));
    }
    for (std::int64_t i = 0; indices && i < n; ++i) {
        if (indices[i] < 0 || indices[i] >= rows_.count) {
            fail(JUICE_ERROR_ARGUMENT, "indices: entry %lld is %lld, which is not in 0 … %lld", static_cast<long long>(i),
                 static_cast<long long>(indices[i]), static_cast<long long>(rows_.count - 1));
        }
    }

    indices_ = indices;
    first_ = first;
    n_ = n;
    const std::size_t variables = domains_.size();
    batch.rows = n;
    batch.stride = (n + tile_size - 1) / tile_size * tile_size;
    batch.codes.resize(variables * static_cast<std::size_t>(batch.stride));
    batch.reals.resize(any_continuous_ ? batch.codes.size() : 0);
    batch.weights.resize(rows_.weights ? static_cast<std::size_t>(n) : 0);
    for (std::size_t i = 0; i < batch.weights.size(); ++i)
        batch.weights[i] = rows_.weights[indices ? indices[i] : first + static_cast<std::int64_t>(i)];

    if (rows_.fetch) {
        wanted_.resize(static_cast<std::size_t>(n));
        for (std::int64_t i = 0; i < n; ++i) wanted_[static_cast<std::size_t>(i)] = indices ? indices[i] : first + i;
        fetch_rows(rows_, wanted_.data(), n, fetched_, fetched_missing_);
    }

    with_element(rows_.element, [&](auto zero) {
        using T = decltype(zero);
        RowView<T> view(rows_, indices, first, n);
        if (rows_.fetch) view = view.fetched(fetched_.data(), fetched_missing_.data());
        const bool marked = view.missing || view.sentinel.active;
        if (marked ? read_tiles<true>(view, domains_, batch) : read_tiles<false>(view, domains_, batch)) return;
        for (std::int64_t i = 0; i < n; ++i) {
            for (std::int64_t v = 0; v < view.variables; ++v) {
                const std::int64_t domain = domains_[static_cast<std::size_t>(v)];
                const T x = view.row(i)[v];
                if (view.is_missing(i, v) || entry_is_good(x, domain)) continue;
                fail_at(rows_.fetch ? wanted_[static_cast<std::size_t>(i)] : view.index(i), v, x, domain);
            }
        }
        fail(JUICE_ERROR_INTERNAL, "rows: they changed while they were read");
    });
    pad(domains_, batch);
    paging_.behind(n, indices == nullptr);
}

double RowReader::entry(std::int64_t row, std::int64_t variable) const {
    return with_element(rows_.element, [&](auto zero) {
        using T = decltype(zero);
        RowView<T> view(rows_, indices_, first_, n_);
        if (rows_.fetch) view = view.fetched(fetched_.data(), fetched_missing_.data());
        return static_cast<double>(view.row(row)[variable]);
    });
}

}  // namespace juice
