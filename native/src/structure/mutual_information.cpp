// Mutual information of all pairs: options checked, rows turned into columns, pairs shared out to threads in tasks that any thread may take,
// because no result depends on who computes it.
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "common/error.h"
#include "common/threads.h"
#include "rows/rows.h"
#include "structure/columns.h"
#include "structure/groups.h"
#include "structure/information.h"
#include "structure/tree.h"
#include "structure/wide.h"

namespace juice {

namespace {

constexpr std::int32_t task_variables = 4;      // variables whose lists stay in the second-level cache while groups pass by
constexpr std::int32_t most_bins = 65536;
constexpr std::int32_t most_tabled = 128;       // a pair's table of more codes a side costs more than sorting the rows

void check_options(const juice_tree_options& options) {
    if (options.size != static_cast<std::int32_t>(sizeof(juice_tree_options)))
        fail(JUICE_ERROR_ARGUMENT, "options.size: %d is not the size of juice_tree_options, %zu", options.size, sizeof(juice_tree_options));
    if (options.bins != 0 && (options.bins < 2 || options.bins > most_bins))
        fail(JUICE_ERROR_ARGUMENT, "options.bins: %d is neither 0 nor in 2 … %d", options.bins, most_bins);
    if (options.quantiles != 0 && options.quantiles != 1) fail(JUICE_ERROR_ARGUMENT, "options.quantiles: %d is neither 0 nor 1", options.quantiles);
    if (options.threads < 0) fail(JUICE_ERROR_ARGUMENT, "options.threads: %d is negative", options.threads);
    if (options.row_limit < 0) fail(JUICE_ERROR_ARGUMENT, "options.row_limit: %lld is negative", static_cast<long long>(options.row_limit));
    if (!std::isfinite(options.pseudocount) || options.pseudocount < 0)
        fail(JUICE_ERROR_ARGUMENT, "options.pseudocount: %g is not a finite number of at least 0", options.pseudocount);
}

// Counts finished pairs; the calling thread passes them on, a few dozen times a second.
class Progress {
public:
    Progress(const juice_tree_options& options, std::int64_t total) : options_(options), total_(total) {}

    bool cancelled() const noexcept { return cancelled_; }

    void add(std::int64_t pairs, int thread) {
        done_ += pairs;
        if (thread == 0 && std::chrono::steady_clock::now() - last_ > std::chrono::milliseconds(20)) report();
    }

    void report() {
        last_ = std::chrono::steady_clock::now();
        if (options_.progress && !cancelled_ && options_.progress(done_, total_, std::numeric_limits<double>::quiet_NaN(), options_.user) != 0)
            cancelled_ = true;
    }

private:
    const juice_tree_options& options_;
    std::int64_t total_;
    std::atomic<std::int64_t> done_{0};
    std::atomic<bool> cancelled_{false};
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

// From a table [x's alphabet, y's alphabet].
template <bool weighted>
double pair_information(const Information<weighted>& information, const typename Information<weighted>::Count* joint, const Column& x,
                        const Column& y) {
    using Count = typename Information<weighted>::Count;
    typename Information<weighted>::Table table(information, x.categories, y.categories);
    Count y_margin[most_tabled] = {};
    for (std::int32_t a = 0; a < x.categories; ++a) {
        const Count* row = joint + std::int64_t{a} * y.alphabet();
        Count margin{};
        for (std::int32_t b = 0; b < y.categories; ++b) {
            table.add_cell(row[b]);
            margin += row[b];
            y_margin[b] += row[b];
        }
        table.add_row(margin);
    }
    for (std::int32_t b = 0; b < y.categories; ++b) table.add_column(y_margin[b]);
    return table.value();
}

template <bool weighted>
double entropy(const Information<weighted>& information, const Columns& columns, const Column& x) {
    using Count = typename Information<weighted>::Count;
    std::vector<Count> counts(static_cast<std::size_t>(x.alphabet()));
    const auto add_up = [&](const auto& codes) {
        for (std::size_t i = 0; i < codes.size(); ++i) {
            if constexpr (weighted) counts[codes[i]] += columns.weights[i];
            else ++counts[codes[i]];
        }
    };
    if (x.narrow.empty()) add_up(x.wide);
    else add_up(x.narrow);

    typename Information<weighted>::Table table(information, x.categories, 1);
    for (std::int32_t a = 0; a < x.categories; ++a) table.add_row(counts[static_cast<std::size_t>(a)]);
    return table.value();
}

template <bool weighted>
void all_pairs(const Columns& columns, const juice_tree_options& options, ThreadPool& pool, double* result) {
    using Count = typename Information<weighted>::Count;
    const auto variables = static_cast<std::int64_t>(columns.column.size());
    std::vector<std::int32_t> narrow, wide;
    for (std::int32_t v = 0; v < variables; ++v) {
        const Column& column = columns.column[static_cast<std::size_t>(v)];
        (column.alphabet() > most_tabled ? wide : narrow).push_back(v);
    }
    const Information<weighted> information(columns.rows, options.pseudocount);
    const Grouping grouping(columns, narrow, weighted, pool);
    const auto& order = grouping.order();
    const auto column_of = [&](std::int32_t v) -> const Column& { return columns.column[static_cast<std::size_t>(v)]; };
    const auto store = [&](std::int64_t v, std::int64_t w, double value) { result[v * variables + w] = result[w * variables + v] = value; };
    Progress progress(options, variables * (variables - 1) / 2);

    // Tasks: a few narrow variables against the groups after them; then a wide variable against all narrow ones and the wide ones after it.
    const auto narrow_task = [&](std::int32_t first, int thread, std::vector<RowList>& lists, GroupTables& tables, std::vector<Count>& joint) {
        const std::int32_t end = std::min(first + task_variables, static_cast<std::int32_t>(order.size()));
        for (std::int32_t p = first; p < end; ++p) grouping.list_rows(p, lists[static_cast<std::size_t>(p - first)]);
        for (const Group& group : grouping.groups()) {
            std::int64_t pairs = 0;
            for (std::int32_t p = first; p < end && !progress.cancelled(); ++p) {
                const std::int32_t from = std::max(group.first, p + 1);
                if (from >= group.end) continue;
                grouping.count(p, lists[static_cast<std::size_t>(p - first)], group, from, tables, joint);
                const std::int32_t v = order[static_cast<std::size_t>(p)];
                const Count* table = joint.data();
                for (std::int32_t q = from; q < group.end; ++q) {
                    const std::int32_t w = order[static_cast<std::size_t>(q)];
                    store(v, w, pair_information<weighted>(information, table, column_of(v), column_of(w)));
                    table += std::int64_t{column_of(v).alphabet()} * column_of(w).alphabet();
                }
                pairs += group.end - from;
            }
            progress.add(pairs, thread);
        }
    };
    const auto wide_task = [&](std::size_t index, int thread, WidePairs<weighted>& count) {
        const SortedRows sorted(column_of(wide[index]));
        const auto pair = [&](std::int32_t other) {
            if (progress.cancelled()) return;
            store(wide[index], other, count(sorted, column_of(other)));
            progress.add(1, thread);
        };
        for (const std::int32_t other : narrow) pair(other);
        for (std::size_t later = index + 1; later < wide.size(); ++later) pair(wide[later]);
    };

    const std::int64_t narrow_tasks = (static_cast<std::int64_t>(narrow.size()) + task_variables - 1) / task_variables;
    const auto tasks = narrow_tasks + static_cast<std::int64_t>(wide.size());
    std::atomic<std::int64_t> next{0};
    pool.run([&](int thread) {
        std::vector<RowList> lists(task_variables);
        std::vector<Count> joint;
        GroupTables tables;
        WidePairs<weighted> wide_pairs(columns, information);
        for (std::int64_t task; (task = next.fetch_add(1)) < tasks && !progress.cancelled();) {
            if (task < narrow_tasks) narrow_task(static_cast<std::int32_t>(task * task_variables), thread, lists, tables, joint);
            else wide_task(static_cast<std::size_t>(task - narrow_tasks), thread, wide_pairs);
        }
    });
    progress.report();
    if (progress.cancelled()) fail(JUICE_ERROR_CANCELLED, "the progress callback asked to stop");
    for (std::int32_t v = 0; v < variables; ++v) store(v, v, entropy(information, columns, column_of(v)));
}

}  // namespace

std::vector<double> mutual_information(const juice_rows& rows, const juice_tree_options& options) {
    check_options(options);
    check_rows(rows, rows.variables);
    if (rows.count == 0) fail(JUICE_ERROR_ARGUMENT, "rows.count: 0; mutual information wants at least one row");
    constexpr std::int64_t most_rows = std::numeric_limits<std::uint32_t>::max();
    if (rows.count > most_rows && (options.row_limit == 0 || options.row_limit > most_rows))
        fail(JUICE_ERROR_ARGUMENT, "rows.count: %lld is more than 2^32 - 1; set options.row_limit", static_cast<long long>(rows.count));

    ThreadPool pool(options.threads);
    const Columns columns = read_columns(rows, options, pool);
    std::vector<double> result(static_cast<std::size_t>(rows.variables) * static_cast<std::size_t>(rows.variables));
    if (rows.weights) all_pairs<true>(columns, options, pool, result.data());
    else all_pairs<false>(columns, options, pool, result.data());
    return result;
}

}  // namespace juice
