// Reads rows column by column (tiles transposed, a cache line of columns at a time) and turns values into codes.
#include "structure/columns.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "common/error.h"
#include "common/philox.h"
#include "rows/rows.h"
#include "rows/transpose.h"
#include "rows/view.h"

namespace juice {

namespace {

constexpr std::int32_t default_limit = 64, default_bins = 16;
constexpr std::uint64_t subset_stream = 0x746573627573;     // "subset"

struct Binning {
    std::int64_t limit;     // most categories that are taken as they are
    std::int64_t bins;
    bool quantiles;
};

template <class F>
Column make_column(std::int64_t categories, const std::vector<std::uint8_t>& gone, F code_of) {
    Column column;
    column.categories = static_cast<std::int32_t>(std::max<std::int64_t>(categories, 2));
    column.missing = std::find(gone.begin(), gone.end(), 1) != gone.end();
    const auto fill = [&](auto& codes) {
        using Code = typename std::remove_reference_t<decltype(codes)>::value_type;
        codes.resize(gone.size());
        const auto missing = static_cast<Code>(column.categories);
        for (std::size_t i = 0; i < gone.size(); ++i) codes[i] = gone[i] ? missing : static_cast<Code>(code_of(i));
    };
    if (column.alphabet() <= 256) fill(column.narrow);
    else fill(column.wide);
    return column;
}

// The first value of every bin.
template <class T>
std::vector<T> quantile_starts(std::vector<T> values, const Binning& binning) {
    std::sort(values.begin(), values.end());
    std::vector<T> starts;
    for (std::size_t i = 0; i < values.size() && static_cast<std::int64_t>(starts.size()) <= binning.limit; ++i)
        if (i == 0 || values[i] != values[i - 1]) starts.push_back(values[i]);
    if (static_cast<std::int64_t>(starts.size()) <= binning.limit) return starts;

    starts.clear();
    std::int64_t start = 0;
    const auto n = static_cast<std::int64_t>(values.size());
    for (std::int64_t bin = 0; bin < binning.bins && start < n; ++bin) {
        starts.push_back(values[static_cast<std::size_t>(start)]);
        const std::int64_t left = binning.bins - bin, rest = n - start;
        const T crossing = values[static_cast<std::size_t>(start + (rest + left - 1) / left - 1)];     // the value that fills the share
        const auto [from, to] = std::equal_range(values.begin() + start, values.end(), crossing);
        const std::int64_t without = from - values.begin() - start, with = to - values.begin() - start;
        start += without > 0 && 2 * rest < (without + with) * left ? without : with;                    // whichever is nearer to rest / left
    }
    return starts;
}

template <class T>
Column quantile_column(const T* x, const std::vector<std::uint8_t>& gone, const Binning& binning) {
    std::vector<T> present;
    for (std::size_t i = 0; i < gone.size(); ++i)
        if (!gone[i]) present.push_back(x[i]);
    const std::vector<T> starts = quantile_starts(std::move(present), binning);
    return make_column(static_cast<std::int64_t>(starts.size()), gone,
                       [&](std::size_t i) { return std::upper_bound(starts.begin(), starts.end(), x[i]) - starts.begin() - 1; });
}

template <class T>
Column code_column(const T* x, const std::vector<std::uint8_t>& gone, const Binning& binning) {
    if constexpr (std::is_floating_point_v<T>) {
        return quantile_column(x, gone, binning);
    } else {
        std::int64_t least = std::numeric_limits<std::int64_t>::max(), largest = std::numeric_limits<std::int64_t>::min();
        for (std::size_t i = 0; i < gone.size(); ++i) {
            if (gone[i]) continue;
            least = std::min<std::int64_t>(least, x[i]);
            largest = std::max<std::int64_t>(largest, x[i]);
        }
        if (least > largest) least = largest = 0;       // every entry is missing
        const std::int64_t from_zero = std::min<std::int64_t>(least, 0), range = largest - least + 1;
        if (largest - from_zero < binning.limit) return make_column(largest - from_zero + 1, gone, [&](std::size_t i) { return x[i] - from_zero; });
        if (range <= binning.limit) return make_column(range, gone, [&](std::size_t i) { return x[i] - least; });
        if (binning.quantiles) return quantile_column(x, gone, binning);
        return make_column(binning.bins, gone, [&](std::size_t i) { return (x[i] - least) * binning.bins / range; });
    }
}

// Lines of `width` columns from `first` on: values and what is missing. Returns false where an entry is infinite.
template <class T>
struct Block {
    static constexpr int columns = sizeof(T) == 1 ? 64 : sizeof(T) == 2 ? 32 : 16;
    std::vector<T> values[columns];
    std::vector<std::uint8_t> gone[columns];

    bool read(const RowView<T>& view, std::int64_t first, int width) {
        for (int c = 0; c < width; ++c) {
            values[c].resize(static_cast<std::size_t>(view.n));
            gone[c].resize(static_cast<std::size_t>(view.n));
        }
        tiles::Tile<T> tile;
        tiles::Tile<std::uint8_t> marks{};
        bool finite = true;
        for (std::int64_t row = 0; row < view.n; row += tiles::tile_size) {
            const T* rows[tiles::tile_size];
            const std::uint8_t* mark_rows[tiles::tile_size];
            for (int r = 0; r < tiles::tile_size; ++r) {
                const std::int64_t i = std::min(row + r, view.n - 1);
                rows[r] = view.row(i);
                mark_rows[r] = view.missing ? view.marks(i) : nullptr;
            }
            const auto height = static_cast<std::size_t>(std::min<std::int64_t>(tiles::tile_size, view.n - row));
            for (int begin = 0; begin < width; begin += tiles::tile_size) {
                const int part = std::min(tiles::tile_size, width - begin);
                tiles::transpose(rows, first + begin, part, tile);
                if (view.missing) tiles::transpose(mark_rows, first + begin, part, marks);
                for (int c = 0; c < part; ++c) {
                    std::uint8_t out[tiles::tile_size];
                    for (int r = 0; r < tiles::tile_size; ++r) {
                        const T x = tile.column[c][r];
                        out[r] = (marks.column[c][r] != 0) | (view.sentinel.active & (x == view.sentinel.value)) | (x != x);
                        if constexpr (std::is_floating_point_v<T>) finite &= out[r] | (std::abs(x) <= std::numeric_limits<T>::max());
                    }
                    std::memcpy(values[begin + c].data() + row, tile.column[c], height * sizeof(T));
                    std::memcpy(gone[begin + c].data() + row, out, height);
                }
            }
        }
        return finite;
    }
};

template <class T>
[[noreturn]] void fail_at_infinity(const RowView<T>& view, const std::int64_t* names) {
    for (std::int64_t i = 0; i < view.n; ++i) {
        for (std::int64_t v = 0; v < view.variables; ++v) {
            const T x = view.row(i)[v];
            if (std::isinf(static_cast<double>(x)) && !view.is_missing(i, v)) {
                fail(JUICE_ERROR_ARGUMENT, "row %lld, column %lld: %s is not a finite number", static_cast<long long>(names ? names[i] : i),
                     static_cast<long long>(v), shortest(x).c_str());
            }
        }
    }
    fail(JUICE_ERROR_INTERNAL, "rows: they changed while they were read");
}

template <class T>
void read_view(const RowView<T>& view, const std::int64_t* names, const Binning& binning, ThreadPool& pool, Columns& columns) {
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> finite{true};
    pool.run([&](int) {
        Block<T> block;
        for (;;) {
            const std::int64_t first = next.fetch_add(Block<T>::columns);
            if (first >= view.variables || !finite) return;
            const int width = static_cast<int>(std::min<std::int64_t>(Block<T>::columns, view.variables - first));
            if (!block.read(view, first, width)) finite = false;
            for (int c = 0; c < width && finite; ++c)
                columns.column[static_cast<std::size_t>(first + c)] = code_column(block.values[c].data(), block.gone[c], binning);
        }
    });
    if (!finite) fail_at_infinity(view, names);
}

// All rows of a callback source, fetched a piece at a time.
void fetch_all(const juice_rows& rows, const std::vector<std::int64_t>& indices, std::vector<unsigned char>& values,
               std::vector<unsigned char>& marks) {
    constexpr std::size_t piece = 4096;
    const std::size_t row_entries = static_cast<std::size_t>(rows.variables), row_bytes = row_entries * element_size(rows.element);
    values.resize(indices.size() * row_bytes);
    marks.resize(indices.size() * row_entries);
    std::vector<unsigned char> piece_values, piece_marks;
    for (std::size_t i = 0; i < indices.size(); i += piece) {
        fetch_rows(rows, indices.data() + i, static_cast<std::int64_t>(std::min(piece, indices.size() - i)), piece_values, piece_marks);
        std::copy(piece_values.begin(), piece_values.end(), values.begin() + static_cast<std::ptrdiff_t>(i * row_bytes));
        std::copy(piece_marks.begin(), piece_marks.end(), marks.begin() + static_cast<std::ptrdiff_t>(i * row_entries));
    }
}

}  // namespace

std::vector<std::int64_t> sample_rows(std::int64_t count, std::int64_t limit, std::uint64_t seed) {
    // Floyd's: for each j of the last `limit` numbers, draw from 0 … j; where that number is in already, take j itself.
    std::vector<bool> chosen(static_cast<std::size_t>(count));
    for (std::int64_t j = count - limit; j < count; ++j) {
        const auto words = philox(seed, subset_stream, static_cast<std::uint64_t>(j));
        const std::uint64_t word = words[0] | static_cast<std::uint64_t>(words[1]) << 32;
        const auto drawn = static_cast<std::size_t>(word % static_cast<std::uint64_t>(j + 1));
        chosen[chosen[drawn] ? static_cast<std::size_t>(j) : drawn] = true;
    }
    std::vector<std::int64_t> indices;
    indices.reserve(static_cast<std::size_t>(limit));
    for (std::int64_t i = 0; i < count; ++i)
        if (chosen[static_cast<std::size_t>(i)]) indices.push_back(i);
    return indices;
}

Columns read_columns(const juice_rows& rows, const juice_tree_options& options, ThreadPool& pool) {
    const Binning binning{options.bins ? options.bins : default_limit, options.bins ? options.bins : default_bins, options.quantiles != 0};
    const bool subset = options.row_limit > 0 && options.row_limit < rows.count;
    std::vector<std::int64_t> indices;
    if (subset || rows.fetch) indices = sample_rows(rows.count, subset ? options.row_limit : rows.count, options.seed);
    const std::int64_t* names = indices.empty() ? nullptr : indices.data();

    Columns columns;
    columns.rows = subset ? options.row_limit : rows.count;
    columns.column.resize(static_cast<std::size_t>(rows.variables));
    for (std::int64_t i = 0; rows.weights && i < columns.rows; ++i) columns.weights.push_back(rows.weights[names ? names[i] : i]);

    std::vector<unsigned char> values, marks;
    if (rows.fetch) fetch_all(rows, indices, values, marks);
    with_element(rows.element, [&](auto zero) {
        using T = decltype(zero);
        RowView<T> view(rows, names, 0, columns.rows);
        if (rows.fetch) view = view.fetched(values.data(), marks.data());
        read_view(view, names, binning, pool, columns);
    });
    return columns;
}

}  // namespace juice
