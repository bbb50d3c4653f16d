// The rules of the format, for a circuit in the making. Every broken one is an Error(JUICE_ERROR_FORMAT) with one sentence that names the
// vector and the rule.
#pragma once

#include <string>
#include <vector>

#include "circuit/circuit.h"

namespace juice {

struct Structure {
    std::vector<Scope> scopes;              // distinct
    std::vector<std::int32_t> scope_ids;    // by vector
    std::vector<Distribution> domains;      // by variable
};

// All rules but those on the values of parameters. Completes the vectors: see CircuitParts.
Structure check_structure(CircuitParts& parts);

// Every vector has the parameters it needs: no skeleton.
void check_complete(const CircuitParts& parts);

// The values of the parameters that there are.
void check_parameters(const CircuitParts& parts);

// What is wrong with a distribution in itself; empty where nothing is.
std::string distribution_fault(const Distribution& distribution);

// What is wrong with a metadata entry: a key of the format's own, or bytes that are no text; empty where nothing is.
std::string metadata_fault(const std::string& key, const std::string& value);

// "vector 7: …", printf-formatted.
[[noreturn]] [[gnu::format(printf, 2, 3)]] void fail_vector(std::size_t id, const char* format, ...);

}  // namespace juice
