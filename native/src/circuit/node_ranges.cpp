#include "circuit/node_ranges.h"

#include <algorithm>
#include <atomic>
#include <exception>

#include "common/threads.h"

namespace juice {

namespace {

constexpr std::int64_t piece = 1 << 20;     // floats: enough work to be worth a hand-over, little enough to share out evenly

}  // namespace

std::vector<NodeRange> node_ranges(const std::vector<Vector>& vectors, const std::vector<std::size_t>& ids) {
    std::vector<NodeRange> ranges;
    for (const std::size_t id : ids) {
        const Vector& v = vectors[id];
        const std::int64_t nodes = v.nodes(), per_node = std::max<std::int64_t>(v.parameter_count() / nodes, 1);
        const std::int64_t step = v.type == NodeType::Sum && v.wired ? nodes : std::max<std::int64_t>(piece / per_node, 1);
        for (std::int64_t first = 0; first < nodes; first += step) ranges.push_back({id, first, std::min(first + step, nodes)});
    }
    return ranges;
}

void over_ranges(const std::vector<NodeRange>& ranges, std::int64_t floats, const std::function<void(const NodeRange&)>& body) {
    if (ranges.size() < 2 || floats < 2 * piece) {
        for (const NodeRange& range : ranges) body(range);
        return;
    }
    std::atomic<std::size_t> next{0};
    std::vector<std::exception_ptr> errors(ranges.size());
    ThreadPool pool;
    pool.run([&](int) {
        for (std::size_t at = next++; at < ranges.size(); at = next++) {
            try {
                body(ranges[at]);
            } catch (...) {
                errors[at] = std::current_exception();
                next = ranges.size();
            }
        }
    });
    const auto first = std::find_if(errors.begin(), errors.end(), [](const std::exception_ptr& error) { return error != nullptr; });
    if (first != errors.end()) std::rethrow_exception(*first);
}

}  // namespace juice
