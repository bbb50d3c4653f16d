// What the opaque handles of juice.h are.
#pragma once

#include <memory>

#include "circuit/circuit.h"
#include "juice/juice.h"
#include "model/model.h"

struct juice_circuit {
    std::shared_ptr<const juice::Circuit> circuit;
};

struct juice_model {
    std::unique_ptr<juice::Model> model;
    // Of the circuit, so that arguments are checked without waiting for a training call to end.
    std::int32_t vectors;
    std::int64_t roots;
};
