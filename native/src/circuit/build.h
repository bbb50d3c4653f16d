// Ways to a circuit other than the file: the flat description of the ABI, and structures.
#pragma once

#include <memory>
#include <vector>

#include "circuit/circuit.h"

namespace juice {

// Copies what the description points to.
std::shared_ptr<const Circuit> circuit_from_description(const juice_circuit_description& description);

// Families of circuits, explained in juice.h, section 5: their wiring, whatever its size, …
CircuitParts hclt_parts(const juice_hclt_options& options);
CircuitParts hmm_parts(const juice_hmm_options& options);
CircuitParts rat_spn_parts(const juice_rat_spn_options& options);
CircuitParts poon_domingos_parts(const juice_poon_domingos_options& options);

// … and with parameters drawn from the seed.
std::shared_ptr<const Circuit> hclt(const juice_hclt_options& options);
std::shared_ptr<const Circuit> hmm(const juice_hmm_options& options);
std::shared_ptr<const Circuit> rat_spn(const juice_rat_spn_options& options);
std::shared_ptr<const Circuit> poon_domingos(const juice_poon_domingos_options& options);

}  // namespace juice
