// What samples are held against: the exact distribution of a row's completions, by enumeration or by node flows, and statistics of how far
// observed frequencies are from it.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "reference/reference.h"

namespace juice {

// Every completion of an evidence row that is possible, with its probability given the evidence. Discrete variables only.
std::map<std::vector<double>, double> completions(const Reference& reference, const std::vector<double>& evidence, std::int64_t root = 0);

// The samples' frequencies against the probabilities of completions, all of them: Pearson's chi-square with rare ones together, at odds of about
// one in a million. A sample that is impossible fails whatever the rest.
testing::AssertionResult follows(const Table& samples, const std::map<std::vector<double>, double>& expected);

// The distribution function of a continuous variable given a row of evidence: the mixture of its inputs' Gaussians by posterior node flows.
std::function<double(double)> distribution_function(const Reference& reference, const std::vector<double>& evidence, std::int32_t variable);

// Column `variable` of the samples against a distribution function: Kolmogorov and Smirnov's distance, at odds of about one in a million.
testing::AssertionResult follows(const Table& samples, std::int32_t variable, const std::function<double(double)>& expected);

}  // namespace juice
