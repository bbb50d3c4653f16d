// Work on parameters, node by node, cut into pieces of about a million floats and shared out over the cores.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "circuit/circuit.h"

namespace juice {

// Nodes first … last-1 of an untied vector.
struct NodeRange {
    std::size_t vector = 0;
    std::int64_t first = 0, last = 0;
};

// Ranges that cover the given vectors. A sum with edges of its own is one range: its nodes' weights may lie anywhere among the others'.
std::vector<NodeRange> node_ranges(const std::vector<Vector>& vectors, const std::vector<std::size_t>& ids);

// body(range) for each, at the same time where that pays. The first exception of the lowest range is rethrown.
void over_ranges(const std::vector<NodeRange>& ranges, std::int64_t floats, const std::function<void(const NodeRange&)>& body);

// Calls body(node, offset, length) for each contiguous run of a node's parameters within the vector's, in the file's order.
template <typename Body>
void over_runs(const Vector& v, const NodeRange& range, Body&& body) {
    if (v.type == NodeType::Input) {
        const std::int64_t width = v.distribution.parameters_per_node();
        for (std::int64_t node = range.first; node < range.last; ++node) body(node, node * width, width);
    } else if (v.wired) {
        for (std::int64_t e = 0; e < v.edge_count; ++e) {
            const std::int64_t block = v.edges[static_cast<std::size_t>(e)];
            for (std::int64_t a = 0; a < v.block_size; ++a) {
                body(block * v.block_size + a, (e * v.block_size + a) * v.child_block_size, v.child_block_size);
            }
        }
    } else {
        for (std::int64_t node = range.first; node < range.last; ++node) {
            const std::int64_t block = node / v.block_size, a = node % v.block_size;
            for (std::int64_t e = block * v.child_blocks; e < (block + 1) * v.child_blocks; ++e) {
                body(node, (e * v.block_size + a) * v.child_block_size, v.child_block_size);
            }
        }
    }
}

}  // namespace juice
