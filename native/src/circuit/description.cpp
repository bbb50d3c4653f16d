// The flat description of the ABI → a circuit.
#include <cstring>
#include <limits>

#include "circuit/assembly.h"
#include "circuit/build.h"
#include "circuit/memory.h"
#include "common/error.h"

namespace juice {

namespace {

template <typename T>
std::span<const T> copy(const T* values, std::int64_t count, CircuitParts& parts) {
    std::int64_t size = 0;
    if (__builtin_mul_overflow(count, static_cast<std::int64_t>(sizeof(T)), &size)) {
        fail(JUICE_ERROR_ARGUMENT, "%lld numbers are too many", static_cast<long long>(count));
    }
    const std::shared_ptr<std::byte> memory = allocate_bytes(size);
    std::memcpy(memory.get(), values, static_cast<std::size_t>(size));
    parts.storage.push_back(memory);
    return {reinterpret_cast<const T*>(memory.get()), static_cast<std::size_t>(count)};
}


Vector copy_vector(std::int32_t id, const juice_vector& given, CircuitParts& parts) {
    if (given.child_count < 0 || (given.child_count > 0 && given.children == nullptr)) {
        fail(JUICE_ERROR_ARGUMENT, "vectors[%d].child_count is %d and its children are %s", id, given.child_count, given.children ? "given" : "NULL");
    }
    Vector v;
    v.type = static_cast<NodeType>(given.type);
    v.node_blocks = given.node_blocks;
    v.block_size = given.block_size;
    v.tied_to = given.tied_to;
    if (given.child_count > 0) v.children.assign(given.children, given.children + given.child_count);
    if (v.type == NodeType::Input) {
        v.variable = given.variable;
        v.distribution = distribution_of(given.distribution);
    }
    if (given.edges != nullptr) {
        const bool sum = v.type == NodeType::Sum;
        const std::int64_t rows = sum ? 2 : given.edge_rows, columns = sum ? given.edge_count : given.child_count;
        if (rows < 1 || columns < 1 || rows > std::numeric_limits<std::int64_t>::max() / columns) {
            fail(JUICE_ERROR_ARGUMENT, "vectors[%d].edges are %lld x %lld, and both must be at least 1", id, static_cast<long long>(rows),
                 static_cast<long long>(columns));
        }
        v.wired = true;
        v.edges = copy(given.edges, rows * columns, parts);
    }
    if (given.parameters != nullptr) {
        if (given.parameter_count < 1) {
            fail(JUICE_ERROR_ARGUMENT, "vectors[%d].parameter_count is %lld, and must be at least 1 where parameters are given", id,
                 static_cast<long long>(given.parameter_count));
        }
        v.parameters = copy(given.parameters, given.parameter_count, parts);
    }
    return v;
}

}  // namespace

std::shared_ptr<const Circuit> circuit_from_description(const juice_circuit_description& description) {
    if (description.vector_count < 0 || (description.vector_count > 0 && description.vectors == nullptr)) {
        fail(JUICE_ERROR_ARGUMENT, "vector_count is %d and vectors is %s", description.vector_count, description.vectors ? "given" : "NULL");
    }
    CircuitParts parts;
    parts.variables = description.variables;
    parts.root = description.root;
    parts.vectors.reserve(static_cast<std::size_t>(description.vector_count));
    for (std::int32_t id = 0; id < description.vector_count; ++id) parts.vectors.push_back(copy_vector(id, description.vectors[id], parts));
    return std::make_shared<const Circuit>(std::move(parts), description.initialize ? &description.seed : nullptr);
}

}  // namespace juice
