// The conformance cases: circuit, rows and answers (tests/conformance/README.md).
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "circuit/circuit.h"
#include "reference/table.h"

namespace juice {

struct ConformanceCase {
    std::string name;
    std::shared_ptr<const Circuit> circuit;
    Table complete, missing;
    nlohmann::json answers;

    std::vector<double> numbers(const std::string& key) const;
    bool has(const std::string& key) const { return answers.contains(key); }
    juice_rule rule() const;
    const Table& em_rows() const { return answers.at("em").at("rows") == "missing" ? missing : complete; }
};

// All numbers of a JSON value, in one line; null is -∞.
std::vector<double> numbers_of(const nlohmann::json& json);

// Every caseNN.juice there is, by name. A case is read once and kept.
std::vector<std::string> conformance_names();
const ConformanceCase& conformance_case(const std::string& name);

// A rule of EM with the default least deviation and scale.
juice_rule em_rule(double step_size, double pseudocount);

}  // namespace juice
