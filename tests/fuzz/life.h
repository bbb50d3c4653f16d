// A circuit's whole life through juice.h, as the fuzz targets lead it with whatever they could make: described, compiled, queried, sampled, trained,
// written and read back. What must hold is checked by require(), which ends the process, so that a fuzzer keeps the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "juice/juice.h"

namespace fuzz {

// One input of a target. Each takes any bytes and either fails with a status and a sentence or lives through the circuit's life.
void file(std::span<const std::uint8_t> bytes);             // a model file
void json(std::span<const std::uint8_t> bytes);             // the readable form
void description(std::span<const std::uint8_t> bytes);      // bytes decoded into a juice_circuit_description

// Before the first input: a limit of memory, so that what is refused does not depend on the machine.
void prepare();

// A call that made no circuit: one of the statuses that a bad or an overlarge input may have, and one sentence of UTF-8.
void require_refusal(juice_status status);

// Takes the circuit over.
void live(juice_circuit* circuit);

[[gnu::format(printf, 2, 3)]] void require(bool holds, const char* format, ...);

}  // namespace fuzz
