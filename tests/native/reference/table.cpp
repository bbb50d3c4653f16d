// Rows for tests: slices, the ABI's view, and CSV files whose empty fields are missing.
#include "reference/table.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace juice {

Table Table::slice(std::int64_t first, std::int64_t count) const {
    Table part;
    part.variables = variables;
    part.values.assign(values.begin() + first * variables, values.begin() + (first + count) * variables);
    if (!weights.empty()) part.weights.assign(weights.begin() + first, weights.begin() + first + count);
    return part;
}

juice_rows Table::view() const {
    juice_rows rows{};
    rows.size = sizeof rows;
    rows.element = JUICE_DOUBLE;
    rows.data = values.data();
    rows.count = this->rows();
    rows.variables = variables;
    rows.weights = weights.empty() ? nullptr : weights.data();
    return rows;
}

Table Table::read_csv(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot open " + path);
    Table table;
    for (std::string line; std::getline(file, line);) {
        std::vector<double> row;
        std::string field;
        for (std::istringstream fields(line + ","); std::getline(fields, field, ',');) row.push_back(field.empty() ? missing : std::stod(field));
        if (table.variables == 0) table.variables = static_cast<std::int32_t>(row.size());
        if (static_cast<std::int32_t>(row.size()) != table.variables) throw std::runtime_error(path + ": rows differ in length");
        table.add(row);
    }
    return table;
}

}  // namespace juice
