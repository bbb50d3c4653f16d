#include "circuit/check.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <limits>
#include <string>
#include <utility>

#include "circuit/json_text.h"
#include "circuit/tensors.h"
#include "common/error.h"

namespace juice {

namespace {

constexpr std::int64_t most_nodes = std::numeric_limits<std::int32_t>::max();

const char* type_name(NodeType type) {
    return type == NodeType::Input ? "input" : type == NodeType::Product ? "product" : "sum";
}

// Clears what the type does not use, so that equal distributions are equal structs.
Distribution tidy(Distribution distribution) {
    if (distribution.type == DistributionType::Bernoulli || distribution.type == DistributionType::Gaussian) distribution.count = 0;
    if (distribution.type != DistributionType::DiscreteLogistic) distribution.low = distribution.high = 0;
    return distribution;
}

class StructureCheck {
public:
    explicit StructureCheck(CircuitParts& parts) : parts_(parts) {}

    Structure run() {
        check_extent();
        known_.resize(static_cast<std::size_t>(parts_.variables));
        structure_.domains.resize(static_cast<std::size_t>(parts_.variables));
        structure_.scope_ids.resize(parts_.vectors.size());
        for (id_ = 0; id_ < parts_.vectors.size(); ++id_) check_vector(parts_.vectors[id_]);
        check_root_scope();
        check_reach();
        structure_.scopes = scopes_.release();
        return std::move(structure_);
    }

private:
    const Vector& vector(std::int32_t id) const { return parts_.vectors[static_cast<std::size_t>(id)]; }
    std::int32_t scope_id(std::int32_t id) const { return structure_.scope_ids[static_cast<std::size_t>(id)]; }

    void check_extent() const {
        const std::size_t vectors = parts_.vectors.size();
        if (vectors == 0) fail(JUICE_ERROR_FORMAT, "the circuit has no node vectors, and its root must be one");
        if (vectors > static_cast<std::size_t>(most_nodes)) fail(JUICE_ERROR_FORMAT, "the circuit has more than 2^31 - 1 node vectors");
        if (parts_.root < 0 || static_cast<std::size_t>(parts_.root) >= vectors) {
            fail(JUICE_ERROR_FORMAT, "root is %d, which is not the id of one of the %zu vectors", parts_.root, vectors);
        }
        if (parts_.variables < 1) fail(JUICE_ERROR_FORMAT, "variables is %d, and a circuit has at least one", parts_.variables);
        if (static_cast<std::size_t>(parts_.variables) > vectors) {
            fail(JUICE_ERROR_FORMAT, "the circuit has %d variables but only %zu vectors, so the root's scope cannot be all variables", parts_.variables,
                 vectors);
        }
    }

    void check_vector(Vector& v) {
        if (v.type != NodeType::Input && v.type != NodeType::Product && v.type != NodeType::Sum) {
            fail_vector(id_, "type %d is not input, product or sum", static_cast<int>(v.type));
        }
        if (v.node_blocks < 1 || v.block_size < 1) {
            fail_vector(id_, "node_blocks is %lld and block_size %lld, and both must be at least 1", static_cast<long long>(v.node_blocks),
                        static_cast<long long>(v.block_size));
        }
        if (v.node_blocks > most_nodes / v.block_size) {
            fail_vector(id_, "%lld blocks of %lld nodes are more than 2^31 - 1 nodes", static_cast<long long>(v.node_blocks),
                        static_cast<long long>(v.block_size));
        }
        check_children(v);
        check_tie(v);
        if (v.type == NodeType::Input) check_input(v);
        if (v.type == NodeType::Product) check_product(v);
        if (v.type == NodeType::Sum) check_sum(v);
    }

    void check_children(const Vector& v) const {
        if (v.type == NodeType::Input && !v.children.empty()) fail_vector(id_, "an input has no children");
        if (v.type != NodeType::Input && v.children.empty()) fail_vector(id_, "a %s has at least one child", type_name(v.type));
        for (const std::int32_t child : v.children) {
            if (child < 0 || static_cast<std::size_t>(child) >= id_) {
                fail_vector(id_, "child %d is not an earlier vector, and children come first", child);
            }
        }
    }

    void check_tie(const Vector& v) const {
        if (v.tied_to == -1) return;
        if (v.type == NodeType::Product) fail_vector(id_, "a product cannot be tied");
        if (v.tied_to < 0 || static_cast<std::size_t>(v.tied_to) >= id_) fail_vector(id_, "tied_to is %d, which is not an earlier vector", v.tied_to);
        const Vector& owner = vector(v.tied_to);
        if (owner.type != v.type) {
            fail_vector(id_, "tied_to is %d, of type %s, and the owner of this %s must be one, too", v.tied_to, type_name(owner.type), type_name(v.type));
        }
        if (owner.tied_to >= 0) fail_vector(id_, "tied_to is %d, which is itself tied, and an owner is untied", v.tied_to);
        if (owner.node_blocks != v.node_blocks || owner.block_size != v.block_size) {
            fail_vector(id_, "its %lld x %lld nodes do not agree with the %lld x %lld of vector %d, which it is tied to",
                        static_cast<long long>(v.node_blocks), static_cast<long long>(v.block_size), static_cast<long long>(owner.node_blocks),
                        static_cast<long long>(owner.block_size), v.tied_to);
        }
    }

    void check_input(Vector& v) {
        if (v.variable < 0 || v.variable >= parts_.variables) {
            fail_vector(id_, "variable %d is not one of the circuit's, 0 to %d", v.variable, parts_.variables - 1);
        }
        if (v.wired || !v.edges.empty()) fail_vector(id_, "an input has no edges");
        check_distribution(v);
        const auto variable = static_cast<std::size_t>(v.variable);
        if (!known_[variable]) {
            known_[variable] = true;
            structure_.domains[variable] = v.distribution;
        } else if (const std::int64_t before = structure_.domains[variable].domain(), now = v.distribution.domain(); before != now) {
            fail_vector(id_, "its domain of variable %d (%s) is not the one of an earlier vector (%s)", v.variable, domain_text(now).c_str(),
                        domain_text(before).c_str());
        }
        check_parameter_count(v);
        structure_.scope_ids[id_] = scopes_.intern(Scope(v.variable));
    }

    static std::string domain_text(std::int64_t domain) { return domain == 0 ? "the finite numbers" : "0 to " + std::to_string(domain - 1); }

    void check_distribution(Vector& v) const {
        const bool absent = v.distribution == Distribution{};
        if (v.tied_to >= 0 && absent) {
            v.distribution = vector(v.tied_to).distribution;
            return;
        }
        Distribution& d = v.distribution;
        if (const std::string fault = distribution_fault(d); !fault.empty()) fail_vector(id_, "%s", fault.c_str());
        d = tidy(d);
        if (d.type == DistributionType::Indicator && d.count != v.nodes()) {
            fail_vector(id_, "an indicator has as many categories as nodes, not %d for %lld", d.count, static_cast<long long>(v.nodes()));
        }
        if (v.tied_to >= 0 && d != vector(v.tied_to).distribution) {
            fail_vector(id_, "its distribution is not the one of vector %d, which it is tied to", v.tied_to);
        }
    }

    void check_product(Vector& v) {
        if (!v.parameters.empty()) fail_vector(id_, "a product has no parameters");
        for (const std::int32_t child : v.children) {
            if (vector(child).block_size != v.block_size) {
                fail_vector(id_, "child %d has block_size %lld, and a product's children have its own, %lld", child,
                            static_cast<long long>(vector(child).block_size), static_cast<long long>(v.block_size));
            }
        }
        if (v.wired) check_product_edges(v); else check_product_blocks(v);

        std::vector<const Scope*> scopes;
        scopes.reserve(v.children.size());
        for (const std::int32_t child : v.children) scopes.push_back(&scopes_[scope_id(child)]);
        std::int32_t shared = -1;
        std::optional<Scope> scope = Scope::disjoint_union(scopes, shared);
        if (!scope) {
            fail_vector(id_, "two of its children share variable %d, and a product's children have disjoint scopes", shared);
        }
        structure_.scope_ids[id_] = v.children.size() == 1 ? scope_id(v.children[0]) : scopes_.intern(std::move(*scope));
    }

    void check_product_blocks(const Vector& v) const {
        for (const std::int32_t child : v.children) {
            if (vector(child).node_blocks != v.node_blocks) {
                fail_vector(id_, "child %d has %lld blocks, and without edges a product's children have its own number, %lld", child,
                            static_cast<long long>(vector(child).node_blocks), static_cast<long long>(v.node_blocks));
            }
        }
    }

    void check_product_edges(Vector& v) const {
        const auto entries = static_cast<std::int64_t>(v.edges.size()), children = static_cast<std::int64_t>(v.children.size());
        v.node_wiring = entries != v.node_blocks * children;
        if (v.node_wiring && entries != v.nodes() * children) {
            fail_vector(id_, "edges have %lld entries, and a product's have one row of its %lld children for each block (%lld) or each node (%lld)",
                        static_cast<long long>(entries), static_cast<long long>(children), static_cast<long long>(v.node_blocks),
                        static_cast<long long>(v.nodes()));
        }
        for (std::size_t entry = 0; entry < v.edges.size();) {
            for (const std::int32_t child : v.children) {
                const std::int64_t limit = v.node_wiring ? vector(child).nodes() : vector(child).node_blocks;
                if (const std::int32_t read = v.edges[entry++]; read < 0 || read >= limit) {
                    fail_vector(id_, "edges name %s %d of child %d, which has %lld", v.node_wiring ? "node" : "block", read, child,
                                static_cast<long long>(limit));
                }
            }
        }
    }

    void check_sum(Vector& v) {
        const std::int32_t first = v.children[0];
        v.child_block_size = vector(first).block_size;
        v.child_blocks = 0;
        for (const std::int32_t child : v.children) {
            if (vector(child).block_size != v.child_block_size) {
                fail_vector(id_, "children %d and %d have block_size %lld and %lld, and a sum's children have a common one", first, child,
                            static_cast<long long>(v.child_block_size), static_cast<long long>(vector(child).block_size));
            }
            if (scope_id(child) != scope_id(first)) {
                fail_vector(id_, "children %d and %d have different scopes, and a sum's children have the same", first, child);
            }
            v.child_blocks += vector(child).node_blocks;
        }
        if (v.child_blocks > most_nodes) fail_vector(id_, "its children have more than 2^31 - 1 blocks");
        structure_.scope_ids[id_] = scope_id(first);
        if (v.tied_to >= 0) {
            check_tied_edges(v);
        } else if (v.wired) {
            check_sum_edges(v);
        } else {
            v.edge_count = v.node_blocks * v.child_blocks;
        }
        std::int64_t count = 0;
        if (__builtin_mul_overflow(v.edge_count, v.block_size, &count) || __builtin_mul_overflow(count, v.child_block_size, &count) ||
            count > std::numeric_limits<std::int64_t>::max() / 8) {
            fail_vector(id_, "it has more weights than can be counted");
        }
        check_parameter_count(v);
    }

    void check_sum_edges(Vector& v) const {
        if (v.edges.size() % 2 != 0) fail_vector(id_, "a sum's edges have two rows, and %zu entries cannot be split in two", v.edges.size());
        const std::size_t count = v.edges.size() / 2;
        v.edge_count = static_cast<std::int64_t>(count);
        const auto own = v.edges.first(count), theirs = v.edges.last(count);
        bool ordered = true;
        for (std::size_t e = 0; e < count; ++e) {
            if (own[e] < 0 || own[e] >= v.node_blocks || theirs[e] < 0 || theirs[e] >= v.child_blocks) {
                fail_vector(id_, "edge (%d, %d) is not within its %lld blocks and its children's %lld", own[e], theirs[e],
                            static_cast<long long>(v.node_blocks), static_cast<long long>(v.child_blocks));
            }
            if (e > 0 && std::pair(own[e - 1], theirs[e - 1]) >= std::pair(own[e], theirs[e])) ordered = false;
        }
        if (!ordered) check_unique(own, theirs);
        if (v.edge_count < v.node_blocks) {
            fail_vector(id_, "%zu edges cannot reach its %lld blocks, and each has at least one", count, static_cast<long long>(v.node_blocks));
        }
        std::vector<bool> reached(static_cast<std::size_t>(v.node_blocks));
        for (const std::int32_t block : own) reached[static_cast<std::size_t>(block)] = true;
        if (const auto missed = std::find(reached.begin(), reached.end(), false); missed != reached.end()) {
            fail_vector(id_, "its block %td has no edge, and each has at least one", missed - reached.begin());
        }
    }

    void check_unique(std::span<const std::int32_t> own, std::span<const std::int32_t> theirs) const {
        std::vector<std::int64_t> keys(own.size());
        for (std::size_t e = 0; e < own.size(); ++e) keys[e] = std::int64_t{own[e]} << 32 | theirs[e];
        std::sort(keys.begin(), keys.end());
        if (const auto twice = std::adjacent_find(keys.begin(), keys.end()); twice != keys.end()) {
            fail_vector(id_, "edge (%d, %d) is there twice, and each pair is there at most once", static_cast<int>(*twice >> 32),
                        static_cast<int>(*twice & most_nodes));
        }
    }

    void check_tied_edges(Vector& v) const {
        const Vector& owner = vector(v.tied_to);
        if (owner.child_block_size != v.child_block_size || owner.child_blocks != v.child_blocks) {
            fail_vector(id_, "its children's %lld x %lld nodes do not agree with the %lld x %lld under vector %d, which it is tied to",
                        static_cast<long long>(v.child_blocks), static_cast<long long>(v.child_block_size), static_cast<long long>(owner.child_blocks),
                        static_cast<long long>(owner.child_block_size), v.tied_to);
        }
        v.edge_count = owner.edge_count;
        if (!v.edges.empty() && !(owner.wired ? std::ranges::equal(v.edges, owner.edges) : are_implied(v))) {
            fail_vector(id_, "its edges are not those of vector %d, which it is tied to", v.tied_to);
        }
        v.wired = owner.wired;
        v.edges = {};
    }

    // Every block to every block, ordered by i, then j?
    static bool are_implied(const Vector& v) {
        const auto count = static_cast<std::size_t>(v.edge_count);
        if (v.edges.size() != 2 * count) return false;
        for (std::size_t e = 0; e < count; ++e) {
            const auto at = static_cast<std::int64_t>(e);
            if (v.edges[e] != at / v.child_blocks || v.edges[count + e] != at % v.child_blocks) return false;
        }
        return true;
    }

    // Bytes are compared, so that a NaN is left for the check of the owner's values.
    void check_parameter_count(Vector& v) const {
        const auto given = static_cast<std::int64_t>(v.parameters.size());
        if (given != 0 && given != v.parameter_count()) {
            fail_vector(id_, "it has %lld parameters, and its shape asks for %lld", static_cast<long long>(given),
                        static_cast<long long>(v.parameter_count()));
        }
        if (v.tied_to < 0 || given == 0) return;
        const std::span<const float> owned = vector(v.tied_to).parameters;
        const bool same = owned.data() == v.parameters.data() || (owned.size() == v.parameters.size() &&
                          std::ranges::equal(std::as_bytes(owned), std::as_bytes(v.parameters)));
        if (!same) fail_vector(id_, "its parameters are not those of vector %d, which it is tied to", v.tied_to);
        v.parameters = {};
    }

    void check_root_scope() const {
        const Scope& scope = scopes_[scope_id(parts_.root)];
        if (scope.count() == parts_.variables) return;
        std::int32_t missing = 0;
        while (scope.contains(missing)) ++missing;
        fail_vector(static_cast<std::size_t>(parts_.root), "the root's scope lacks variable %d, and it must be all %d variables", missing,
                    parts_.variables);
    }

    void check_reach() const {
        std::vector<bool> reached(parts_.vectors.size());
        reached[static_cast<std::size_t>(parts_.root)] = true;
        for (std::size_t id = parts_.vectors.size(); id-- > 0;) {
            if (!reached[id]) continue;
            for (const std::int32_t child : parts_.vectors[id].children) reached[static_cast<std::size_t>(child)] = true;
        }
        if (const auto missed = std::find(reached.begin(), reached.end(), false); missed != reached.end()) {
            fail_vector(static_cast<std::size_t>(missed - reached.begin()), "the root, vector %d, does not reach it", parts_.root);
        }
    }

    CircuitParts& parts_;
    Structure structure_;
    ScopeTable scopes_;
    std::vector<bool> known_;       // by variable: its domain has been seen
    std::size_t id_ = 0;
};

}  // namespace

void fail_vector(std::size_t id, const char* format, ...) {
    char text[896];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail(JUICE_ERROR_FORMAT, "vector %zu: %s", id, text);
}

std::string distribution_fault(const Distribution& d) {
    if (d.type < DistributionType::Categorical || d.type > DistributionType::Indicator) {
        return "distribution type " + std::to_string(static_cast<int>(d.type)) + " is unknown";
    }
    const bool counted = d.type != DistributionType::Bernoulli && d.type != DistributionType::Gaussian;
    const char* count_name = d.type == DistributionType::Binomial ? "trials" : d.type == DistributionType::DiscreteLogistic ? "count" : "categories";
    if (counted && d.count < 1) return count_name + (" is " + std::to_string(d.count)) + ", and must be at least 1";
    if (d.type != DistributionType::DiscreteLogistic) return {};
    // Means and scales are floats: what EM makes of values in here stays finite.
    constexpr double most = 1e37;
    if (std::abs(d.low) <= most && std::abs(d.high) <= most && d.high > d.low) return {};
    char text[160];
    std::snprintf(text, sizeof text, "low is %g and high %g, and they must lie within 1e37 of 0 with high > low", d.low, d.high);
    return text;
}

Structure check_structure(CircuitParts& parts) {
    for (const auto& [key, value] : parts.metadata) {
        if (const std::string fault = metadata_fault(key, value); !fault.empty()) fail(JUICE_ERROR_FORMAT, "%s", fault.c_str());
    }
    for (const auto& [name, tensor] : parts.state) check_state_tensor(name, tensor);
    return StructureCheck(parts).run();
}

void check_complete(const CircuitParts& parts) {
    for (std::size_t id = 0; id < parts.vectors.size(); ++id) {
        const Vector& v = parts.vectors[id];
        if (v.tied_to < 0 && v.parameters.empty() && v.parameter_count() > 0) {
            fail_vector(id, "it has no parameters (a skeleton), and there is no seed to draw them from");
        }
    }
}

std::string metadata_fault(const std::string& key, const std::string& value) {
    if (key == "format" || key == "version" || key == "circuit") return "metadata key \"" + key + "\" is the format's own and cannot be set";
    if (!is_utf8(key) || !is_utf8(value)) return "metadata is UTF-8 text, and a key or a value is not";
    return {};
}

}  // namespace juice
