// The conformance cases, found in the folder that the build names.
#include "reference/cases.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>

#include "circuit/file.h"

namespace juice {

namespace {

void flatten(const nlohmann::json& json, std::vector<double>& into) {
    if (json.is_array())
        for (const nlohmann::json& part : json) flatten(part, into);
    else
        into.push_back(json.is_null() ? -std::numeric_limits<double>::infinity() : json.get<double>());
}

}  // namespace

std::vector<double> numbers_of(const nlohmann::json& json) {
    std::vector<double> flat;
    flatten(json, flat);
    return flat;
}

std::vector<double> ConformanceCase::numbers(const std::string& key) const { return numbers_of(answers.at(key)); }

juice_rule em_rule(double step_size, double pseudocount) {
    return {sizeof(juice_rule), static_cast<float>(step_size), static_cast<float>(pseudocount), 0.01f, 0.01f, JUICE_EM, 0, 0, 0, 0};
}

juice_rule ConformanceCase::rule() const { return em_rule(answers.at("em").at("step"), answers.at("em").at("pseudocount")); }

std::vector<std::string> conformance_names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(JUICE_CONFORMANCE))
        if (entry.path().extension() == ".juice") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

const ConformanceCase& conformance_case(const std::string& name) {
    static std::map<std::string, ConformanceCase> kept;
    if (const auto known = kept.find(name); known != kept.end()) return known->second;
    const std::string base = std::string(JUICE_CONFORMANCE) + "/" + name;
    ConformanceCase found{name, read_circuit(base + ".juice", nullptr), Table::read_csv(base + ".csv"), Table::read_csv(base + ".missing.csv"), {}};
    std::ifstream json(base + ".json");
    if (!json) throw std::runtime_error("cannot open " + base + ".json");
    found.answers = nlohmann::json::parse(json);
    return kept.emplace(name, std::move(found)).first->second;
}

}  // namespace juice
