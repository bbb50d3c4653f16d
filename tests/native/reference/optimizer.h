// The oracle's optimisers: Anemone, stochastic gradient and Adam in float64, by the formulas of juice.h, section 7, one parameter at a time.
#pragma once

#include <map>
#include <vector>

#include "reference/reference.h"

namespace juice {

juice_rule anemone_rule(double step_size, double momentum, double pseudocount);
juice_rule sgd_rule(double step_size, double momentum);
juice_rule adam_rule(double step_size, double momentum, double second_momentum, double epsilon);

class ReferenceOptimizer {
public:
    // mass: of the rows whose flows these are.
    void update(Reference& reference, const Flows& flows, const juice_rule& rule, double mass);

private:
    void anemone(Reference& reference, const Flows& flows, const juice_rule& rule, double mass);
    void climb(Reference& reference, const Flows& flows, const juice_rule& rule, double mass);
    // How far the log-parameter `index` of vector `id` moves.
    double moved(std::int32_t id, std::size_t index, double gradient, const juice_rule& rule);

    std::int64_t updates_ = 0;
    double mass_ = 0;
    Flows average_;
    std::map<std::pair<std::int32_t, std::size_t>, double> first_, second_;
};

}  // namespace juice
