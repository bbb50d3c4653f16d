// Sampling: evidence in super-batches, read on the calling thread; the engine's samples, by variable, turned into rows.
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>

#include "common/error.h"
#include "model/state.h"
#include "rows/view.h"

namespace juice {

namespace {

constexpr std::int64_t tile = 16;           // samples turned at a time: a cache line of each variable

const char* name_of(std::int32_t element) {
    static constexpr const char* names[] = {"byte", "ushort", "int", "float", "double"};
    return names[element];
}

// Every sample must have a place in the destination's element type.
void check_element(const Domains& domains, std::int32_t element) {
    with_element(element, [&](auto zero) {
        using T = decltype(zero);
        for (std::size_t v = 0; v < domains.size(); ++v) {
            if (domains[v] == 0 && std::is_integral_v<T>)
                fail(JUICE_ERROR_ARGUMENT, "options.element is %d (%s): variable %zu is continuous, which takes float or double", element, name_of(element), v);
            const double most = std::is_floating_point_v<T> ? std::ldexp(1.0, std::numeric_limits<T>::digits) : static_cast<double>(std::numeric_limits<T>::max());
            if (static_cast<double>(domains[v]) - 1 > most)
                fail(JUICE_ERROR_ARGUMENT, "options.element is %d (%s): it does not hold every value of variable %zu, 0 … %lld", element, name_of(element), v,
                     static_cast<long long>(domains[v] - 1));
        }
    });
}

// One wholly missing row: the evidence of unconditional samples.
void make_blank(const Domains& domains, Batch& batch) {
    const auto entries = domains.size() * static_cast<std::size_t>(tile);
    const bool any_continuous = std::find(domains.begin(), domains.end(), 0) != domains.end();
    batch.rows = 1;
    batch.stride = tile;
    batch.codes.assign(entries, -1);
    batch.reals.assign(any_continuous ? entries : 0, std::numeric_limits<float>::quiet_NaN());
    batch.weights.clear();
}

// Samples by variable become rows.
template <class T>
void turn(const SampleView& samples, const Domains& domains, std::int64_t count, T* destination) {
    const auto variables = static_cast<std::int64_t>(domains.size());
    for (std::int64_t first = 0; first < count; first += tile) {
        const std::int64_t n = std::min(tile, count - first);
        for (std::int64_t v = 0; v < variables; ++v) {
            const std::int64_t from = v * samples.line + first;
            T* to = destination + first * variables + v;
            if (domains[static_cast<std::size_t>(v)] == 0)
                for (std::int64_t i = 0; i < n; ++i) to[i * variables] = static_cast<T>(samples.reals[from + i]);
            else
                for (std::int64_t i = 0; i < n; ++i) to[i * variables] = static_cast<T>(samples.codes[from + i]);
        }
    }
}

// Continuous entries that were observed go out as they came in, whatever an engine's precision.
template <class T>
void keep_observed(const RowReader& reader, const Batch& batch, const Domains& domains, std::int64_t per_row, T* destination) {
    if constexpr (std::is_same_v<T, double>) {
        const auto variables = static_cast<std::int64_t>(domains.size());
        for (std::int64_t v = 0; v < variables; ++v) {
            if (domains[static_cast<std::size_t>(v)] != 0) continue;
            const float* reals = batch.real_line(static_cast<std::int32_t>(v));
            for (std::int64_t row = 0; row < batch.rows; ++row) {
                if (std::isnan(reals[row])) continue;
                const double given = reader.entry(row, v);
                for (std::int64_t k = 0; k < per_row; ++k) destination[(row * per_row + k) * variables + v] = given;
            }
        }
    }
}

[[noreturn]] void fail_impossible(const Plan& plan, std::int64_t row, const juice_sample_options& options, bool evidence) {
    const std::int32_t root = options.roots ? options.roots[row] : options.root;
    std::string where = "the model";
    if (plan.roots > 1) where = "root " + std::to_string(root) + " of " + where;
    if (!evidence) fail(JUICE_ERROR_ARGUMENT, "%s has no possible row: nothing can be sampled from it", where.c_str());
    fail(JUICE_ERROR_ARGUMENT, "row %lld is impossible under %s: its likelihood is 0, so nothing can be sampled given it", static_cast<long long>(row), where.c_str());
}

}  // namespace

void Model::sample(const juice_rows* evidence, const juice_sample_options& options, void* destination) const {
    const State& s = *state_;
    if (evidence) check_rows(*evidence, s.plan.variables);
    check_element(s.domains, options.element);
    const std::int64_t rows = evidence ? evidence->count : 1, per_row = options.count;
    if (rows == 0 || per_row == 0) return;
    if (per_row > (std::int64_t{1} << 48) / rows)
        fail(JUICE_ERROR_ARGUMENT, "options.count is %lld: %lld rows times that are more than 2^48 samples", static_cast<long long>(per_row), static_cast<long long>(rows));
    const std::int64_t total = rows * per_row, at_once = 1024 * std::int64_t{s.plan.target.threads};
    // Whole rows at a time, in tiles of 16 where so many fit; or, where one row has more samples than that, part of its samples.
    std::int64_t rows_at_once = std::max<std::int64_t>(1, at_once / per_row);
    if (rows_at_once > tile) rows_at_once = rows_at_once / tile * tile;
    const std::int64_t samples_at_once = std::min(per_row, at_once);

    Batch batch;
    std::optional<RowReader> reader;
    if (evidence) reader.emplace(*evidence, s.domains);
    else make_blank(s.domains, batch);
    const std::int64_t most = std::min(rows, rows_at_once) * samples_at_once;
    const std::int64_t line = (most + tile - 1) / tile * tile + tile;      // no power of two, or all lines would compete for the same cache places
    std::vector<std::int32_t> codes(s.domains.size() * static_cast<std::size_t>(line));
    std::vector<float> reals(batch.reals.empty() && std::find(s.domains.begin(), s.domains.end(), 0) == s.domains.end() ? 0 : codes.size());
    const SampleView samples{line, codes.data(), reals.empty() ? nullptr : reals.data()};

    for (std::int64_t first = 0; first < rows; first += rows_at_once) {
        const auto count = std::min(rows_at_once, rows - first);
        if (reader) reader->read(nullptr, first, count, batch);
        for (std::int64_t k = 0; k < per_row; k += samples_at_once) {
            const BatchView view = s.view_of(batch, 0, count);
            const SampleOptions engine_options{options.seed, options.first + first * per_row + k, std::min(samples_at_once, per_row - k), options.temperature,
                                               options.root, options.roots ? options.roots + first : nullptr};
            std::int64_t impossible = -1;
            {
                const std::shared_lock lock(s.mutex);
                check_engine(s.table->sample(s.engine, &view, &engine_options, &samples, &impossible));
            }
            if (impossible >= 0) fail_impossible(s.plan, first + impossible, options, evidence != nullptr);
            const std::int64_t done = first * per_row + k, made = count * engine_options.per_row;
            with_element(options.element, [&](auto zero) {
                auto* to = static_cast<decltype(zero)*>(destination) + done * s.plan.variables;
                turn(samples, s.domains, made, to);
                if (reader) keep_observed(*reader, batch, s.domains, engine_options.per_row, to);
            });
            if (options.progress && options.progress(done + made, total, NAN, options.user) != 0)
                fail(JUICE_ERROR_CANCELLED, "cancelled after %lld of %lld samples", static_cast<long long>(done + made), static_cast<long long>(total));
        }
    }
}

}  // namespace juice
