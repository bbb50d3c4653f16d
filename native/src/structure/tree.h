// Trees over variables: mutual information from counts, and the maximum spanning tree of it (Chow & Liu 1968).
#pragma once

#include <cstdint>
#include <vector>

#include "juice/juice.h"

namespace juice {

// [variables, variables], nats; see juice_mutual_information, and columns.h for the categories that values fall into. A pair's pseudocount is
// added to each of its joint cells, its margins are those of the smoothed table. The diagonal holds entropies, the pseudocount added to each
// category. Variables whose tables differ only in the order of cells tie exactly, unless rows have weights.
std::vector<double> mutual_information(const juice_rows& rows, const juice_tree_options& options);

// Parents; -1 at the root. Pairs of variables are ranked by weight, equal weights by their lower index, then by their higher one; the tree is
// the one that is maximum under this order, which is unique. The root is the tree's centre, the variable whose farthest variable is the
// fewest edges away; of two, the lower. Infinite weights are fine, NaN and asymmetry are not.
std::vector<std::int32_t> maximum_spanning_tree(const double* weights, std::int32_t variables);

}  // namespace juice
