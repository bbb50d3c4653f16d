// The seam between the CPU engine and its kernels: what a kernel sees (plain pointers), and the table that each instruction set fills.
#pragma once

#include <cstdint>

#include "plan/engine.h"

namespace juice::cpu {

// An input owner's table decays by (1 − s) at every mini-batch step. Instead of touching every entry, a lazy table keeps
// probability = scale · entry + offset[node].
struct OwnerState {
    float scale = 1;
    std::int32_t lazy = 0;              // categorical, without structural zeros
    float* offset = nullptr;            // [panels · 16]; zeros where not lazy
    float* counts = nullptr;            // [panels · 16]: a node's non-zero parameters (sums, categorical)
    float* reach = nullptr;             // [panels · 16]: top-down probabilities, where an optimiser asks for them
    const float* best = nullptr;        // [panels · 16]: largest probability over x (Table) or log2 of it, while a max query runs
};

// A batch in work: the plan's arrays, the model's parameters, one workspace.
struct Run {
    std::int32_t owner_count;
    const PlanOperation* operations;
    const PlanSegment* segments;
    const PlanFactor* factors;
    const PlanReader* readers;
    const PlanBlock* blocks;
    const PlanOwner* owners;
    const std::int32_t* maps;
    std::int32_t root;
    std::int32_t roots;

    float* parameters;
    OwnerState* states;                 // by owner
    float* flows;                       // the flow buffer
    std::uint8_t* fresh;                // by owner, then by operation: its flows (flow sums) hold nothing yet; the first writer clears

    std::int64_t rows, rows16;          // rows16: padded to a multiple of 16. Padding rows are wholly missing, and their flows are 0
    std::int64_t stride;                // floats from panel to panel: (rows16 + 1) · 16
    float* values;                      // panel q of operation o at (place + q) · stride
    std::int32_t* exponents;            // [operations][rows16]: the value of an entry is x · 2^exponent, or 2^(x + exponent) in a log row
    std::uint8_t* log_rows;             // [operations][rows16]
    const std::int32_t* codes;          // [variables][line]
    const float* reals;                 // [variables][line]
    std::int64_t line;
    const float* root_flows;            // [rows, roots]; NULL: 1
    const float* weights;               // [rows] row weights; NULL: 1
    std::int32_t training;              // values at train_values, else query_values
    std::int32_t maximise;              // max-product instead of sums
    std::int32_t paths;                 // with maximise, in training: missing entries are 1, and flows go down the largest edges
    std::int32_t slopes;                // derivatives of discrete logistics are wanted

    float* moments[2];                  // what an optimiser remembers, laid out like the parameter flows
    float *reach, *node_reach;          // top-down probabilities: of elements at `sums`, of nodes [training panels][16]
};

struct SlowEntry {
    std::int32_t node, row;
    float flow, log;                    // log2 of the value, relative to the elements' exponent
};

// A thread's own memory.
struct Scratch {
    float* elements;                    // [operand panels][rows16 + 1][16]
    float* gradient;                    // [panels][rows16 + 1][16]: flow / value
    float* flow;                        // [panels][rows16 + 1][16]: an operation's flow, where it must be gathered
    float* weights;                     // transposed weights
    float* row;                         // [(operand panels + panels) · 16]: logs of one row's elements and values
    float* totals;                      // [operand panels · 16]: element flows added up over the rows
    float* node;                        // [4 · panels · 16]: per-node coefficients
    std::int32_t* exponents;            // [rows16]: of the elements
    std::uint8_t* suspects;             // [rows16]
    void* factors;                      // room for the factor views of any operation
    std::int32_t* segments;             // [segments][2][16]
    float* histogram;                   // [domain][panels · 16] of any input owner within histogram_limit; all 0 between calls
    std::uint8_t* marks;                // [domain], all 0 between calls
    std::int32_t* seen;                 // [domain + 1]
    // Memory that few batches need.
    SlowEntry* slow;                    // entries far below their row's maximum, whose flows go by single edges
    std::int64_t slow_count, slow_capacity;
    void (*more_slow)(Scratch&);        // doubles the capacity
    float* (*borrow)(Scratch&, std::int64_t floats);    // valid until the next call
    void* owner;
};

// A parameter that is not a structural zero never becomes one by rounding: it stays a normal float.
inline constexpr float least_weight = 1.17549435e-38f;

// Floats of the largest histogram that a thread keeps; larger tables (long vocabularies) are updated row by row.
inline constexpr std::int64_t histogram_limit = std::int64_t{1} << 22;

// A query of no more rows goes without padding to 16.
inline constexpr std::int64_t few_rows = 8;

// The block of a that multiply_packed copies into its scratch.
inline constexpr std::int64_t machine_rows = 256, machine_depth = 192, machine_scratch = (machine_rows + 1) * machine_depth;

// Bytes that a factor view takes in Scratch::factors.
inline constexpr std::int64_t factor_view_bytes = 128;

using Rule = UpdateRule;

// One row's visit of a sum while it is sampled: which edge?
struct Choice {
    std::int32_t sample, row, node;
    std::int32_t position;              // the element chosen; -1 where none is possible
    double uniform;                     // in [0, 1)
};

// A value to be drawn from a node of an input.
struct Draw {
    std::int32_t sample, variable, node;
    std::int32_t value;
    double uniform;
};

struct Kernels {
    const char* name;
    // next: the operation that this thread will probably take next, or -1. What it will read is asked for while this one multiplies.
    void (*forward)(const Run&, std::int32_t operation, std::int32_t next, Scratch&);
    // The same bits for up to few_rows rows of a query, without padding; no operation of the plan may be of single edges.
    void (*forward_few)(const Run&, std::int32_t operation, std::int32_t next, Scratch&);
    // Flows of the operation's elements; adds its sums' edge flows to the flow buffer, or (rule given) updates its weights in place where the
    // owner has one use, and at the last use otherwise.
    void (*backward)(const Run&, std::int32_t operation, std::int32_t next, Scratch&, const Rule* rule);
    // Adds an input owner's flows from all its readers, in their order; or (rule given) updates it in place.
    void (*input_backward)(const Run&, std::int32_t owner, Scratch&, const Rule* rule);
    // Applies the flow buffer to an owner.
    void (*update)(const Run&, std::int32_t owner, Scratch&, const Rule& rule);
    // A copy of an owner's parameters with every weight, probability and density raised to a power, as forward and backward passes read them: 1 / scale
    // and offset of a lazy table are multiplied out.
    void (*raise)(const Run&, std::int32_t owner, float power, float* to);
    // Top-down probabilities of an operation's nodes, and of its elements, from those of its readers.
    void (*reach)(const Run&, std::int32_t operation, Scratch&);
    // Then, of the owners: all their uses together.
    void (*owner_reach)(const Run&, std::int64_t operation_count);
    // Multiplies out a lazy table's scale and offset, and makes a node's weights or probabilities add up to 1 where many updates took them away from it.
    void (*settle)(const Run&, std::int32_t owner);
    // Chooses an edge of the sum for each visit, in proportion to (weight · element) to the power of `power`. Visits come in the order of their rows.
    void (*choose)(const Run&, std::int32_t operation, double power, Choice* choices, std::int64_t count, Scratch&);
    // Draws values from nodes of one panel of a Table or LogTable owner, in proportion to probability to the power of `power`.
    void (*draw)(const Run&, std::int32_t owner, double power, Draw* draws, std::int64_t count, Scratch&);
    // Natural logs of the root's values.
    void (*root_values)(const Run&, double* destination);
    // A plain product c = a · b, to measure the machine by (machine.inl): packs columns of b, makes rows of c.
    void (*pack_columns)(const float* b, std::int64_t n, std::int64_t k, std::int64_t first, std::int64_t last, float* to);
    void (*multiply_packed)(const float* a, const float* b, float* c, std::int64_t n, std::int64_t k, std::int64_t first, std::int64_t last, float* scratch);
};

// Recomputes the log2 probabilities of a LogTable owner from its parameters. Pure C++, in float64; `logs` has room for a number a padded node.
void fill_log_table(const PlanOwner& owner, float* parameters, double* logs);

const Kernels* kernels_avx512();        // NULL where the build has none
const Kernels* kernels_avx2();
const Kernels* kernels_portable();

}  // namespace juice::cpu
