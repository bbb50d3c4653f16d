// Node vectors → JSON, one vector a line.
#include "circuit/circuit_json.h"
#include "circuit/json_text.h"

namespace juice {

namespace {

void append_field(std::string& out, const char* name, std::int64_t value) {
    out += ", \"";
    out += name;
    out += "\": ";
    append_json_number(out, value);
}

void append_distribution(std::string& out, const Distribution& d) {
    out += ", \"distribution\": {\"type\": \"";
    out += d.name();
    out += '"';
    if (d.type == DistributionType::Categorical || d.type == DistributionType::Indicator) append_field(out, "categories", d.count);
    if (d.type == DistributionType::Binomial) append_field(out, "trials", d.count);
    if (d.type == DistributionType::DiscreteLogistic) {
        out += ", \"low\": ";
        append_json_number(out, d.low);
        out += ", \"high\": ";
        append_json_number(out, d.high);
        append_field(out, "count", d.count);
    }
    out += '}';
}

void append_vector(std::string& out, const Circuit& circuit, std::int32_t id, const TensorText& edges, const TensorText& parameters) {
    const Vector& v = circuit[id];
    if (v.type == NodeType::Input) {
        out += "{\"type\": \"input\", \"variables\": [";
        append_json_number(out, std::int64_t{v.variable});
        out += ']';
    } else {
        out += v.type == NodeType::Product ? "{\"type\": \"product\", \"children\": [" : "{\"type\": \"sum\", \"children\": [";
        for (std::size_t child = 0; child < v.children.size(); ++child) {
            if (child > 0) out += ", ";
            append_json_number(out, std::int64_t{v.children[child]});
        }
        out += ']';
    }
    append_field(out, "node_blocks", v.node_blocks);
    append_field(out, "block_size", v.block_size);
    if (v.tied_to >= 0) append_field(out, "tied_to", v.tied_to);
    if (v.type == NodeType::Input && v.tied_to < 0) append_distribution(out, v.distribution);
    if (!v.edges.empty()) {
        out += ", \"edges\": ";
        edges(out, id);
    }
    if (!v.parameters.empty()) {
        out += ", \"parameters\": ";
        parameters(out, id);
    }
    out += '}';
}

}  // namespace

void append_circuit_json(std::string& out, const Circuit& circuit, const TensorText& edges, const TensorText& parameters) {
    out += "{\"variables\": ";
    append_json_number(out, std::int64_t{circuit.variables()});
    out += ", \"root\": ";
    append_json_number(out, std::int64_t{circuit.root()});
    out += ", \"nodes\": [";
    for (std::int32_t id = 0; id < circuit.size(); ++id) {
        out += id == 0 ? "\n" : ",\n";
        append_vector(out, circuit, id, edges, parameters);
    }
    out += "]}";
}

std::vector<std::int64_t> edges_shape(const Vector& vector) {
    if (vector.type == NodeType::Sum) return {2, vector.edge_count};
    return {vector.node_wiring ? vector.nodes() : vector.node_blocks, static_cast<std::int64_t>(vector.children.size())};
}

std::vector<std::int64_t> parameters_shape(const Vector& vector) {
    if (vector.type == NodeType::Sum) return {vector.edge_count, vector.block_size, vector.child_block_size};
    const DistributionType type = vector.distribution.type;
    if (type == DistributionType::Bernoulli || type == DistributionType::Binomial) return {vector.nodes()};
    return {vector.nodes(), vector.distribution.parameters_per_node()};
}

}  // namespace juice
