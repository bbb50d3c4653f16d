// juice.h, section 3: circuits from a description, and what they are made of.
#include <iterator>

#include "api/arguments.h"
#include "api/guard.h"
#include "api/handles.h"
#include "circuit/build.h"

namespace juice::api {

namespace {

juice_distribution to_abi(const Distribution& distribution) {
    return {static_cast<std::int32_t>(distribution.type), distribution.count, distribution.low, distribution.high};
}

// An id of a vector of this circuit.
const Vector& vector_at(const Circuit& circuit, std::int32_t id) {
    check_range(id, 0, circuit.size() - 1, "id");
    return circuit[id];
}

juice_vector describe(const Circuit& circuit, std::int32_t id) {
    const Vector& vector = vector_at(circuit, id);
    const Vector& owner = circuit.owner(id);
    juice_vector described{};
    described.type = static_cast<std::int32_t>(vector.type);
    described.variable = vector.variable;
    described.node_blocks = vector.node_blocks;
    described.block_size = vector.block_size;
    if (vector.type == NodeType::Input) described.distribution = to_abi(owner.distribution);
    described.tied_to = vector.tied_to;
    described.child_count = static_cast<std::int32_t>(vector.children.size());
    described.children = vector.children.empty() ? nullptr : vector.children.data();
    if (owner.wired) described.edges = owner.edges.data();
    if (vector.type == NodeType::Product && vector.wired) described.edge_rows = vector.node_wiring ? vector.nodes() : vector.node_blocks;
    if (vector.type == NodeType::Sum) described.edge_count = owner.edge_count;
    if (!owner.parameters.empty()) {
        described.parameters = owner.parameters.data();
        described.parameter_count = static_cast<std::int64_t>(owner.parameters.size());
    }
    return described;
}

}  // namespace

}  // namespace juice::api

using namespace juice::api;

juice_status juice_circuit_create(const juice_circuit_description* description, juice_circuit** circuit) noexcept {
    return guard([&] {
        check_struct(description, "description", "juice_circuit_description");
        check_pointer(circuit, "circuit");
        check_least(description->vector_count, 0, "description.vector_count");
        check_array(description->vectors, description->vector_count, "description.vectors");
        check_range(description->initialize, 0, 1, "description.initialize");
        *circuit = new juice_circuit{juice::circuit_from_description(*description)};
    });
}

void juice_circuit_free(juice_circuit* circuit) noexcept { delete circuit; }

juice_status juice_circuit_get_info(const juice_circuit* circuit, juice_circuit_info* info) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_struct(info, "info", "juice_circuit_info");
        *info = circuit->circuit->info();
        info->size = static_cast<std::int32_t>(sizeof *info);
    });
}

juice_status juice_circuit_vector(const juice_circuit* circuit, std::int32_t id, juice_vector* vector) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_pointer(vector, "vector");
        *vector = describe(*circuit->circuit, id);
    });
}

juice_status juice_circuit_in_scope(const juice_circuit* circuit, std::int32_t id, std::int32_t variable, std::int32_t* in_scope) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_range(id, 0, circuit->circuit->size() - 1, "id");
        check_range(variable, 0, circuit->circuit->variables() - 1, "variable");
        check_pointer(in_scope, "in_scope");
        *in_scope = circuit->circuit->scope(id).contains(variable) ? 1 : 0;
    });
}

juice_status juice_circuit_metadata_count(const juice_circuit* circuit, std::int32_t* count) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_pointer(count, "count");
        *count = static_cast<std::int32_t>(circuit->circuit->parts().metadata.size());
    });
}

juice_status juice_circuit_metadata(const juice_circuit* circuit, std::int32_t index, const char** key, const char** value) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_pointer(key, "key");
        check_pointer(value, "value");
        const auto& metadata = circuit->circuit->parts().metadata;
        if (metadata.empty()) juice::fail(JUICE_ERROR_ARGUMENT, "index is %d, but the circuit has no metadata.", index);
        check_range(index, 0, static_cast<std::int64_t>(metadata.size()) - 1, "index");
        const auto entry = std::next(metadata.begin(), index);
        *key = entry->first.c_str();
        *value = entry->second.c_str();
    });
}

juice_status juice_circuit_with_metadata(const juice_circuit* circuit, const char* key, const char* value, juice_circuit** changed) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_pointer(key, "key");
        check_pointer(changed, "changed");
        std::optional<std::string> text;
        if (value) text = value;
        *changed = new juice_circuit{circuit->circuit->with_metadata(key, text)};
    });
}
