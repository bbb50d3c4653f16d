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

juice_status juice_circuit_state_count(const juice_circuit* circuit, std::int32_t* count) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_pointer(count, "count");
        *count = static_cast<std::int32_t>(circuit->circuit->parts().state.size());
    });
}

juice_status juice_circuit_state(const juice_circuit* circuit, std::int32_t index, juice_tensor* tensor) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_pointer(tensor, "tensor");
        const auto& state = circuit->circuit->parts().state;
        if (state.empty()) juice::fail(JUICE_ERROR_ARGUMENT, "index is %d, but the circuit has no state.", index);
        check_range(index, 0, static_cast<std::int64_t>(state.size()) - 1, "index");
        const auto& [name, value] = *std::next(state.begin(), index);
        *tensor = {name.c_str(), value.type.c_str(), value.shape.data(), value.bytes.data(), static_cast<std::int64_t>(value.bytes.size()),
                   static_cast<std::int32_t>(value.shape.size()), 0};
    });
}

juice_status juice_circuit_with_state(const juice_circuit* circuit, const juice_tensor* tensors, std::int32_t count, juice_circuit** changed) noexcept {
    return guard([&] {
        check_pointer(circuit, "circuit");
        check_least(count, 0, "count");
        check_array(tensors, count, "tensors");
        check_pointer(changed, "changed");
        std::map<std::string, juice::Tensor> state;
        for (std::int32_t i = 0; i < count; ++i) {
            const juice_tensor& tensor = tensors[i];
            check_pointer(tensor.name, "A tensor's name");
            check_pointer(tensor.type, "A tensor's type");
            check_least(tensor.rank, 0, "A tensor's rank");
            check_array(tensor.shape, tensor.rank, "A tensor's shape");
            check_least(tensor.bytes, 0, "A tensor's bytes");
            check_array(tensor.data, tensor.bytes, "A tensor's data");
            const std::span<const std::byte> bytes(static_cast<const std::byte*>(tensor.data), static_cast<std::size_t>(tensor.bytes));
            if (!state.emplace(tensor.name, juice::Tensor{tensor.type, {tensor.shape, tensor.shape + tensor.rank}, bytes}).second) {
                juice::fail(JUICE_ERROR_ARGUMENT, "Tensor \"%.100s\" is there twice.", tensor.name);
            }
        }
        *changed = new juice_circuit{circuit->circuit->with_state(state)};
    });
}
