// JSON → node vectors.
#include <limits>
#include <optional>
#include <utility>

#include "circuit/check.h"
#include "circuit/circuit_json.h"
#include "circuit/tensors.h"
#include "common/error.h"

namespace juice {

namespace {

using Shape = std::vector<std::int64_t>;

// Takes a field's value, once.
template <typename T, typename Read>
void take(JsonReader& reader, const std::string& key, std::optional<T>& slot, Read&& read) {
    if (slot) reader.fail_here(("field \"" + key + "\" is there twice").c_str());
    slot = read();
}

[[noreturn]] void fail_unknown(JsonReader& reader, const std::string& key) { reader.fail_here(("field \"" + key + "\" is unknown").c_str()); }

std::int32_t small(JsonReader& reader) {
    const std::int64_t value = reader.integer();
    if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) reader.fail_here("the number before this is not within 0 and 2^31 - 1");
    return static_cast<std::int32_t>(value);
}

std::vector<std::int32_t> small_array(JsonReader& reader) {
    std::vector<std::int32_t> values;
    reader.array([&] { values.push_back(small(reader)); });
    return values;
}

class NodeReader {
public:
    NodeReader(JsonReader& reader, TensorSource& tensors, const CircuitParts& parts) : reader_(reader), tensors_(tensors), parts_(parts) {}

    Vector read() {
        reader_.object([&](const std::string& key) { member(key); });
        if (!type_) missing("type");
        Vector v;
        v.type = type_of(*type_);
        v.node_blocks = required(node_blocks_, "node_blocks");
        v.block_size = required(block_size_, "block_size");
        if (v.node_blocks < 1 || v.block_size < 1) fail(JUICE_ERROR_FORMAT, "node_blocks and block_size must be at least 1");
        if (v.type == NodeType::Input) {
            forbid(children_.has_value(), "children");
            forbid(edges_.has_value(), "edges");
            read_input(v);
        } else {
            forbid(variables_.has_value(), "variables");
            forbid(distribution_.has_value(), "distribution");
            if (!children_) missing("children");
            v.children = std::move(*children_);
        }
        if (v.type == NodeType::Product) {
            forbid(tied_to_.has_value(), "tied_to");
            forbid(parameters_.has_value(), "parameters");
        }
        v.tied_to = tied_to_.value_or(-1);
        if (edges_) {
            v.wired = true;
            v.edges = edges_->values;
            check_edges_shape(v);
        }
        if (parameters_) {
            v.parameters = parameters_->values;
            check_parameters_shape(v);
        }
        return v;
    }

private:
    void member(const std::string& key) {
        if (key == "type") take(reader_, key, type_, [&] { return reader_.string(); });
        else if (key == "variables") take(reader_, key, variables_, [&] { return small_array(reader_); });
        else if (key == "node_blocks") take(reader_, key, node_blocks_, [&] { return std::int64_t{small(reader_)}; });
        else if (key == "block_size") take(reader_, key, block_size_, [&] { return std::int64_t{small(reader_)}; });
        else if (key == "distribution") take(reader_, key, distribution_, [&] { return read_distribution(); });
        else if (key == "tied_to") take(reader_, key, tied_to_, [&] { return small(reader_); });
        else if (key == "children") take(reader_, key, children_, [&] { return small_array(reader_); });
        else if (key == "edges") take(reader_, key, edges_, [&] { return tensors_.edges(reader_); });
        else if (key == "parameters") take(reader_, key, parameters_, [&] { return tensors_.parameters(reader_); });
        else fail_unknown(reader_, key);
    }

    [[noreturn]] static void missing(const char* field) { fail(JUICE_ERROR_FORMAT, "it has no field \"%s\"", field); }

    static std::int64_t required(const std::optional<std::int64_t>& value, const char* field) {
        if (!value) missing(field);
        return *value;
    }

    void forbid(bool given, const char* field) const {
        if (given) fail(JUICE_ERROR_FORMAT, "type \"%s\" has no field \"%s\"", type_->c_str(), field);
    }

    static NodeType type_of(const std::string& name) {
        if (name == "input") return NodeType::Input;
        if (name == "product") return NodeType::Product;
        if (name == "sum") return NodeType::Sum;
        fail(JUICE_ERROR_FORMAT, "type \"%.40s\" is not input, product or sum", name.c_str());
    }

    void read_input(Vector& v) const {
        if (!variables_) missing("variables");
        if (variables_->size() != 1) fail(JUICE_ERROR_FORMAT, "an input has one variable, not %zu", variables_->size());
        v.variable = variables_->front();
        if (!distribution_ && !tied_to_) missing("distribution");
        if (distribution_) v.distribution = *distribution_;
        const bool indicator = distribution_ && distribution_->type == DistributionType::Indicator;
        if (indicator && parameters_) fail(JUICE_ERROR_FORMAT, "an indicator has no parameters");
    }

    Distribution read_distribution() {
        std::optional<std::string> type;
        std::optional<std::int32_t> categories, trials, count;
        std::optional<double> low, high;
        reader_.object([&](const std::string& key) {
            if (key == "type") take(reader_, key, type, [&] { return reader_.string(); });
            else if (key == "categories") take(reader_, key, categories, [&] { return small(reader_); });
            else if (key == "trials") take(reader_, key, trials, [&] { return small(reader_); });
            else if (key == "count") take(reader_, key, count, [&] { return small(reader_); });
            else if (key == "low") take(reader_, key, low, [&] { return reader_.real(); });
            else if (key == "high") take(reader_, key, high, [&] { return reader_.real(); });
            else fail_unknown(reader_, key);
        });
        if (!type) reader_.fail_here("the distribution has no field \"type\"");
        Distribution d;
        d.type = distribution_type(*type);
        // Each field is there where its type has it, and only there.
        const auto field = [&](bool has, bool given, const char* name) {
            if (has != given) fail(JUICE_ERROR_FORMAT, "distribution \"%s\" %s field \"%s\"", d.name(), has ? "lacks the" : "has no", name);
        };
        const bool logistic = d.type == DistributionType::DiscreteLogistic;
        field(d.type == DistributionType::Categorical || d.type == DistributionType::Indicator, categories.has_value(), "categories");
        field(d.type == DistributionType::Binomial, trials.has_value(), "trials");
        field(logistic, count.has_value(), "count");
        field(logistic, low.has_value(), "low");
        field(logistic, high.has_value(), "high");
        d.count = categories ? *categories : trials ? *trials : count.value_or(0);
        d.low = low.value_or(0);
        d.high = high.value_or(0);
        if ((categories || trials || count) && d.count < 1) {
            fail(JUICE_ERROR_FORMAT, "%s is %d, and must be at least 1", categories ? "categories" : trials ? "trials" : "count", d.count);
        }
        return d;
    }

    static DistributionType distribution_type(const std::string& name) {
        for (std::int32_t code = JUICE_CATEGORICAL; code <= JUICE_INDICATOR; ++code) {
            const auto type = static_cast<DistributionType>(code);
            if (name == Distribution{.type = type}.name()) return type;
        }
        fail(JUICE_ERROR_FORMAT, "distribution type \"%.40s\" is unknown", name.c_str());
    }

    void check_edges_shape(const Vector& v) const {
        const Shape& shape = edges_->shape;
        if (v.type == NodeType::Sum) {
            if (shape.size() != 2 || shape[0] != 2 || shape[1] == 0) {
                fail(JUICE_ERROR_FORMAT, "edges have shape %s, and a sum's have [2, E], E at least 1", shape_text(shape).c_str());
            }
            return;
        }
        const auto children = static_cast<std::int64_t>(v.children.size());
        if (shape.size() != 2 || shape[1] != children) {
            fail(JUICE_ERROR_FORMAT, "edges have shape %s, and those of a product of %lld children [node_blocks, %lld] or [nodes, %lld]",
                 shape_text(shape).c_str(), static_cast<long long>(children), static_cast<long long>(children), static_cast<long long>(children));
        }
    }

    // What can be said of the shape before the wiring is checked; with the right number of floats in all (Circuit checks it) only the right one is left.
    void check_parameters_shape(const Vector& v) const {
        const Shape& shape = parameters_->shape;
        if (v.type == NodeType::Sum) {
            check_weights_shape(v, shape);
            return;
        }
        Vector shown = v;
        if (!distribution_ && earlier(v.tied_to)) shown.distribution = parts_.vectors[static_cast<std::size_t>(v.tied_to)].distribution;
        if (const Shape expected = parameters_shape(shown); shape != expected || parameters_->values.empty()) {
            fail(JUICE_ERROR_FORMAT, "parameters have shape %s, and should have %s", shape_text(shape).c_str(), shape_text(expected).c_str());
        }
    }

    void check_weights_shape(const Vector& v, const Shape& shape) const {
        if (v.children.empty() || !earlier(v.children[0])) return;      // Circuit has the better sentence
        const std::int64_t k = parts_.vectors[static_cast<std::size_t>(v.children[0])].block_size;
        if (shape.size() != 3 || shape[0] == 0 || shape[1] != v.block_size || shape[2] != k) {
            fail(JUICE_ERROR_FORMAT, "parameters have shape %s, and should have [E, %lld, %lld]", shape_text(shape).c_str(),
                 static_cast<long long>(v.block_size), static_cast<long long>(k));
        }
    }

    bool earlier(std::int32_t id) const noexcept { return id >= 0 && static_cast<std::size_t>(id) < parts_.vectors.size(); }

    JsonReader& reader_;
    TensorSource& tensors_;
    const CircuitParts& parts_;
    std::optional<std::string> type_;
    std::optional<std::vector<std::int32_t>> variables_, children_;
    std::optional<std::int64_t> node_blocks_, block_size_;
    std::optional<Distribution> distribution_;
    std::optional<std::int32_t> tied_to_;
    std::optional<GivenTensor<std::int32_t>> edges_;
    std::optional<GivenTensor<float>> parameters_;
};

}  // namespace

void read_circuit_json(JsonReader& reader, TensorSource& tensors, CircuitParts& parts) {
    std::optional<std::int32_t> variables, root;
    bool nodes = false;
    reader.object([&](const std::string& key) {
        if (key == "variables") {
            take(reader, key, variables, [&] { return small(reader); });
        } else if (key == "root") {
            take(reader, key, root, [&] { return small(reader); });
        } else if (key == "nodes") {
            if (std::exchange(nodes, true)) reader.fail_here("field \"nodes\" is there twice");
            reader.array([&] {
                try {
                    parts.vectors.push_back(NodeReader(reader, tensors, parts).read());
                } catch (const Error& error) {
                    throw Error(error.status(), "vector " + std::to_string(parts.vectors.size()) + ": " + error.what());
                }
            });
        } else {
            fail_unknown(reader, key);
        }
    });
    if (!variables || !root || !nodes) {
        fail(JUICE_ERROR_FORMAT, "the circuit has no field \"%s\"", !variables ? "variables" : !root ? "root" : "nodes");
    }
    parts.variables = *variables;
    parts.root = *root;
}

}  // namespace juice
