// Trees over variables: mutual information from counts, and the maximum spanning tree of it (Chow & Liu 1968).
#pragma once

#include <cstdint>
#include <vector>

#include "juice/juice.h"

namespace juice {

// [variables, variables], nats, entropies on the diagonal; see juice_mutual_information.
std::vector<double> mutual_information(const juice_rows& rows, const juice_tree_options& options);

// Parents; -1 at the root, the tree's centre. Ties in weight and of centres go to the lowest index.
std::vector<std::int32_t> maximum_spanning_tree(const double* weights, std::int32_t variables);

}  // namespace juice
