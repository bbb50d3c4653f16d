// A layer of block-sparse sums, as the published benchmark has it, closed to a circuit by a few small sums.
#pragma once

#include "families.h"

namespace juice::bench {

inline constexpr std::int64_t layer_sets = 200, layer_width = 1024, layer_block = 32;

// layer_sets sums of layer_width nodes, each over a product of two binary inputs of its own and as wide, of whose blocks of layer_block by layer_block the
// share `kept` is there, drawn at random, one a sum block at least. Above, eight sets at a time are multiplied and mixed by 64 nodes; with rows of random bits.
Family sparse_layers(double kept, std::int64_t rows);

// The least traffic of a step: a layer's values and flows once each way (24 bytes a node and row, as the plan counts them), its weights read twice and written once.
double sparse_layers_bytes(double kept, std::int64_t rows);

}  // namespace juice::bench
