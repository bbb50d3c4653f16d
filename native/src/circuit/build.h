// Ways to a circuit other than the file: the flat description of the ABI, and structures.
#pragma once

#include <memory>
#include <vector>

#include "circuit/circuit.h"

namespace juice {

// Copies what the description points to.
std::shared_ptr<const Circuit> circuit_from_description(const juice_circuit_description& description);

// Hidden Chow-Liu tree over a given tree (juice.h, section 5).
std::shared_ptr<const Circuit> hclt(const juice_hclt_options& options);

}  // namespace juice
