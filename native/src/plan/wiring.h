// Which node of a child a product's node reads (format.md, product).
#pragma once

#include "circuit/circuit.h"

namespace juice {

inline std::int32_t product_reads(const Vector& product, const Vector& child, std::size_t c, std::int64_t node) {
    const auto arity = product.children.size();
    if (product.edges.empty()) return static_cast<std::int32_t>(node);
    if (product.node_wiring) return product.edges[static_cast<std::size_t>(node) * arity + c];
    const auto block = product.edges[static_cast<std::size_t>(node / product.block_size) * arity + c];
    return static_cast<std::int32_t>(block * child.block_size + node % product.block_size);
}

}  // namespace juice
