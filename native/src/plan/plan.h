// A plan: a circuit lowered to operations for a target. Plain data: flat arrays of fixed-width numbers, no pointers, nothing of the device.
//
// Convention: nodes lie in panels of `panel` (16) nodes, padded at the end of a vector. Values and flows of an operation are
// [panels][rows][16] floats, so that a row of a panel is one cache line. "Position" is a node's place in an operand: panel · 16 + lane.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "circuit/circuit.h"

namespace juice {

inline constexpr std::int64_t panel = 16;
inline std::int64_t panels_of(std::int64_t nodes) { return (nodes + panel - 1) / panel; }

enum class Schedule : std::int32_t {
    Tasks,      // operations one by one, in dependency order, on threads (CPU)
    Launches,   // stages: everything that does not depend on each other at once (GPU)
};

// What a plan is made for. Data, so that plans are tested without the device.
struct Target {
    Schedule schedule = Schedule::Tasks;
    std::int32_t threads = 1;
    std::int64_t batch_size = 256;      // training batch
    std::int64_t memory_limit = 0;      // bytes; 0: none
    std::int64_t query_rows = 128;      // rows that a query works on at a time
    std::int32_t fast = 0;              // Launches: 1: bf16 operands in the sums that are large enough
};

enum class Operation : std::int32_t {
    Input,      // evaluates an input vector into values: the distributions that are not a plain table of probabilities, or an input as root
    Product,    // materialises a product: several sums read it and recomputing is dearer, or it is the root
    Sum,        // reads its operand (products and inputs gathered on the fly) and multiplies by its weights
};

enum class Form : std::int32_t {
    Dense,      // one block edge: every node to every position; missing edges are structural zeros
    Blocks,     // block edges whose sizes are multiples of a panel
    Edges,      // single edges
};

enum class Mapping : std::int32_t {
    Identity,   // position p reads node p
    Panels,     // panel q reads panel maps[map + q]
    Nodes,      // position p reads node maps[map + p]; -1 in the padding
};

enum class FactorKind : std::int32_t {
    Values,     // of operation `source`
    Table,      // row x of the probability table of owner `source`
};

// One factor of the elements of a segment.
struct PlanFactor {
    FactorKind kind;
    std::int32_t source;
    std::int32_t variable;      // of a table; -1 otherwise
    Mapping mapping;
    std::int64_t map;           // offset into maps
};

// The elements that come from one child of a sum, or the operand of a product: element = product of its factors.
struct PlanSegment {
    std::int32_t vector;        // the child
    std::int32_t first_panel, panels;
    std::int32_t nodes;
    std::int32_t factor_begin, factor_end;
};

// Somebody who reads an operation's values, or an input owner's table: where the flow comes back from.
struct PlanReader {
    std::int32_t operation;     // the reader, whose element flows hold the answer …
    std::int32_t first_panel;   // … from here …
    std::int32_t panels;        // … to here
    std::int32_t nodes;
    std::int32_t variable;      // table readers: the variable looked up
    Mapping mapping;
    std::int64_t map;
    // Launches, in maps: [inverse_keys + 1] starts by the source's panel or node, then the panels or positions that read it; -1 for Identity.
    std::int64_t inverse;
    std::int32_t inverse_keys;
};

// A dense piece of a sum's weights: out_panels · 16 nodes by in_panels · 16 positions, stored [in_panels][out nodes][16] at `weights`.
struct PlanBlock {
    std::int32_t out_panel, out_panels, in_panel, in_panels;
    std::int64_t weights;       // offset from the owner's parameters
};

enum class OwnerKind : std::int32_t {
    Sum,
    Table,          // probabilities by value: categorical, Bernoulli, indicator. [domain][panels · 16]
    // log2 probabilities by value, less a whole exponent: binomial, discrete logistic. [domain][panels · 16], then the parameters
    // [2][panels · 16], then the exponents [domain].
    LogTable,
    Gaussian,       // [3][panels · 16]: mean, deviation, log2 of the density at the mean
};

// Parameters, and the vectors that share them.
struct PlanOwner {
    OwnerKind kind;
    std::int32_t vector;                // whose parameters these are in the file
    std::int32_t nodes, panels;
    std::int32_t operation;             // sums: the first use; -1 otherwise
    DistributionType distribution;      // inputs
    std::int64_t domain;                // inputs: values of x; 0 for a Gaussian
    double low, high;                   // discrete logistic
    double least_log;                   // inputs: log2 of the least value; one below it counts as 0
    std::int64_t parameters;            // offset and count in the parameter buffer, floats
    std::int64_t parameter_count;
    // In the flow buffer, floats. Sum: like its parameters. Table: [domain][panels · 16]. Others: [3][panels · 16]: sums of
    // f·(trials − x), f·x, nothing (binomial), or f, f·d, f·d² with d = x − mean; a discrete logistic's derivatives behind them, [2][panels · 16]: f times
    // that of the log-probability by mean / scale and by log scale.
    std::int64_t flows;
    std::int64_t flow_count;
    std::int32_t reader_begin, reader_end;      // inputs: every reader of its table or values, in a fixed order
    std::int32_t uses;                          // operations (sums) or readers (inputs)
    std::int32_t block_begin, block_end;        // sums: of the first use; tied ones agree
    Form form;
    std::int32_t use_begin, use_end;            // sums, Launches: in uses, in the order of the backward pass
    std::int64_t first_node;                    // nodes (in whole panels) of the owners before this one
    std::int64_t shadow;                        // Launches, wide sums: offset of the bf16 copy of the weights, else -1
};

struct PlanOperation {
    Operation kind;
    std::int32_t vector;
    std::int32_t owner;                         // sums and inputs
    std::int32_t variable;                      // inputs
    std::int32_t nodes, panels;
    std::int32_t operand_panels;                // sums and products
    std::int32_t segment_begin, segment_end;
    std::int32_t reader_begin, reader_end;
    Form form;
    std::int32_t block_begin, block_end;        // by (out, in)
    std::int32_t block_by_in;                   // first of the same number of indices into blocks, sorted by (in, out), in maps
    std::int64_t edges;                         // Edges: in maps: [nodes + 1] starts, then positions, then weight numbers
    std::int64_t edge_count;
    std::int32_t first_use, last_use;           // sums: this is the owner's first / last use in the order of the backward pass
    std::int32_t previous_use;                  // the use before in the backward pass, or -1
    std::int32_t stage;                         // longest path from an input; Launches: or the last that its readers allow
    // In the flow buffer: sums over rows of its element flows, [operand_panels · 16]; a sum as root has its own flows behind them. Products and
    // inputs have their own flows, [panels · 16].
    std::int64_t sums, sum_panels;
    // Buffers, in panels, per row of the batch.
    std::int64_t train_values, train_flows;     // training: all distinct; flows over the values where they fit
    std::int64_t query_values;                  // queries: places are used again
    // Launches: values and gradients lie at train_values, elements and their flows (products and inputs: own flows) at `operand`, each in a buffer of
    // its own.
    std::int64_t operand;
    std::int64_t only_flow;                     // Launches: its flow as it lies in the operand flows, in panels, where one reader reads its nodes in their order; else -1
    std::int64_t segment_exponents;             // of its first segment, where it has several: one number a row
    std::int64_t edges_by_position;             // Edges, in maps: [operand_panels · 16 + 1] starts, then nodes, then weight numbers
    std::int32_t wide;                          // Launches, sums: 1: bf16 operands, and tiles of wide_panels
    std::int32_t value_tiles, operand_tiles;    // Launches, sums in blocks: how many there are
};

// A piece of work that one thread block does for a range of rows.
struct PlanTile {
    std::int32_t target;                // operation, or owner
    std::int32_t panel, panels;         // which panels of its values, its operand, or of a block (out); of a gathered piece of parameters: its first, and how many
    std::int32_t begin, end;            // blocks that it reads: of the plan (values), of block_by_in (operand); of one parameter block: begin; gathered: in maps, where the nodes of its rows of blocks begin
    std::int32_t in_panel, in_panels;   // of a parameter block (in); of a gathered tile: where its list is in maps, and how many entries it has
};

// Panels of a matrix tile, each way: 64 nodes; of a wide sum 128, in blocks of 32 and more. A wide sum over block edges has gathered tiles, at most tile_panels
// wide: they list, in maps, what they add up over panel by panel, as (block, panel of the block). Lists of gathered pieces of parameters: GatheredPiece.
inline constexpr std::int32_t tile_panels = 4, wide_panels = 8, wide_block_panels = 2;

// Sums of at most so many nodes have pieces of parameters one panel wide: what such a piece costs is the rows that it adds up, however narrow it is.
inline constexpr std::int32_t narrow_nodes = 4;

// A sliced tile has up to most_slices slices, of one or two panels each, that read different blocks; it goes over the union of what they read in steps of one
// or two panels, steps_together of them at a time. `begin` of such a tile: which slices have one panel, a bit each; `end`: how many slices there are; in_panel, in_panels:
// where its steps are in maps, and how many times steps_together, at least once; a step more than there are has no slices.
inline constexpr std::int32_t most_slices = 8, slice_panels = 2, steps_together = 2;
// Its words, step_words apart: what it is; by slice the place of its weights, in 16 · 16, from the owner's; by slice, in 16 bits, how far the next panel is.
inline constexpr std::int32_t step_words = 16, step_places = 1, step_hops = step_places + most_slices;
struct SlicedStep {
    std::uint32_t word;
    constexpr std::int32_t first_panel() const { return static_cast<std::int32_t>(word & 0xffffu); }          // of the operand, or of nodes
    constexpr std::int32_t panels() const { return static_cast<std::int32_t>(word >> 16 & 3u); }
    constexpr bool last() const { return (word & 1u << 18) != 0; }          // or beside the last
    constexpr std::uint32_t slices() const { return word >> 24; }                                             // that have blocks there, a bit each
};
inline constexpr std::int32_t last_step = 1 << 18;
inline std::uint32_t sliced_step(std::int32_t first_panel, std::int32_t panels, std::uint32_t slices) {
    return static_cast<std::uint32_t>(first_panel) | static_cast<std::uint32_t>(panels) << 16 | slices << 24;
}

// Tables of at most so many values are small: their flows are added up in shared memory. Of larger ones a batch holds few values, and all readers' rows are put
// in the order of theirs.
inline constexpr std::int64_t small_table_values = 256;

// Operations that do not depend on each other, as what is launched together: ranges of stage_operations and tiles. Wide ones come first, of them those
// over one segment.
struct PlanStage {
    std::int32_t operation_begin, segmented_begin, wide_end, operation_end;
    std::int32_t edges_begin, edges_end;        // of them, the sums over single edges: the last ones
    std::int32_t panel_begin, panel_end;        // a tile a panel of every operation
    std::int32_t value_begin, value_gathered, value_wide, value_end;            // sums in blocks: panels of values; of wide ones the gathered tiles last
    std::int32_t operand_begin, operand_gathered, operand_wide, operand_end;    // sums in blocks: panels of the operand
    // Sliced tiles: the same as the gathered ones, cut for another kernel.
    std::int32_t value_sliced_begin, value_sliced_end, operand_sliced_begin, operand_sliced_end;
    std::int32_t value_panels, operand_panels;                  // of the widest tile of a wide sum that is not gathered
    std::int32_t value_depth, operand_depth;                    // panels that the deepest of those adds up over
    std::int32_t has_blocks;                                    // some sum is in Form::Blocks
    std::int32_t float_operand;                                 // panels of the longest operand of sums that are not wide, over one segment
    std::int32_t only_narrow;                                   // all that is not wide is such a sum, of at most narrow_nodes nodes
    std::int32_t table_operands;                                // positions of each wide sum's operand, where all are as long, over one segment, of tables as they lie; else 0
};

struct PlanTotals {
    std::int64_t parameters, flows;             // floats
    std::int64_t parameter_flows;               // floats of the flow buffer before the element flow sums
    std::int64_t in_place_flows;                // floats of it that in-place training touches
    std::int64_t train_panels, query_panels;    // per row
    std::int64_t scratch_panels;                // per row and thread
    std::int64_t scratch_weights;               // floats per thread: transposed weights
    std::int64_t stages, critical_path;
    std::int64_t micro_batch;
    // Launches: panels of the value and of the operand buffers, segments with exponents of their own, ranges of tiles over all stages.
    std::int64_t value_panels, operand_panels, exponent_segments;
    std::int32_t parameter_begin, parameter_gathered, parameter_wide, parameter_end;    // pieces of parameter blocks, of wide sums first
    std::int32_t parameter_panels;                      // of nodes, in the widest of wide sums' pieces
    std::int32_t parameter_uses;                        // of the wide sums' weights that most sums share, if they are not gathered
    std::int64_t shadow;                                // weights that have a bf16 copy
    std::int32_t node_begin, node_inputs, node_end;     // a panel of an owner: of sums, with their blocks, then of inputs
    std::int32_t row_sum_begin, row_sum_end;            // a panel of element flow sums; a root's own flows behind its operand's
    double flop_per_row;                        // forward + backward, matrix products only
    double step_bytes;                          // least traffic of a step of batch_size rows
};

struct Plan {
    Target target;
    std::int32_t variables = 0, roots = 0, root = 0;    // root: operation
    std::vector<PlanOperation> operations;              // children first
    std::vector<PlanSegment> segments;
    std::vector<PlanFactor> factors;
    std::vector<PlanReader> readers;
    std::vector<PlanBlock> blocks;
    std::vector<PlanOwner> owners;
    std::vector<std::int32_t> maps;
    std::vector<std::int32_t> order;                    // operations in the order in which training claims them, forward
    std::vector<std::int32_t> operation_of;             // by vector: its operation, or -1 (fused into its readers)
    std::vector<std::int32_t> owner_of;                 // by vector: its owner, or -1
    // Launches.
    std::vector<PlanStage> stages;
    std::vector<std::int32_t> stage_operations, uses;
    std::vector<PlanTile> tiles;
    PlanTotals totals{};
};

// Output panels whose transposed weights are held at a time: about 512 KiB, at least one.
inline std::int64_t weight_group(const PlanOperation& operation) {
    const std::int64_t fitting = 512 * 1024 / 4 / (std::int64_t{operation.operand_panels} * panel * panel);
    return fitting < 2 ? (operation.panels < 2 ? 1 : 2) : (fitting < operation.panels ? fitting / 2 * 2 : operation.panels);
}

// The cost rule for sums without all of their edges, and with blocks of no whole panels: single edges where these times what one costs stay below the
// entries of the dense block, else that block with zeros. Measured on the processor (bench/NOTES.md), where edges and entries cost the same in all three products;
// on a GPU, where products of whole tiles are faster by far, as a guess on the safe side.
inline double edge_cost(Schedule schedule) { return schedule == Schedule::Tasks ? 3 : 8; }
inline constexpr double always_dense = 4096;        // entries that are not worth a list

// Circuit → operations, for no device in particular. Error(JUICE_ERROR_MEMORY) where it cannot fit into the limit (bytes; 0: none) or the machine,
// whatever the schedule.
// edge_cost: what a single edge costs, in entries of a dense block (below).
Plan lower(const Circuit& circuit, std::int64_t memory_limit = 0, double edge_cost = 3);

// Operations + target → order, buffers, micro-batch. Throws Error(JUICE_ERROR_MEMORY) where the limit does not hold the parameters and one row.
void schedule(Plan& plan, const Target& target);

// The second half of scheduling for Schedule::Launches: stages, tiles, inverse maps, places of operands.
void plan_launches(Plan& plan);

// Bytes of one training micro-batch's buffers: values, flows, offsets, scratch of all threads.
std::int64_t activation_bytes(const Plan& plan, std::int64_t rows);

// The micro-batch where an optimiser remembers so many arrays of the parameters' size, and top-down probabilities. Error(JUICE_ERROR_MEMORY) where the
// limit does not hold them and one row.
std::int64_t optimizer_micro_batch(const Plan& plan, std::int64_t moments, bool reach);

// The plan explains itself.
std::string to_text(const Plan& plan, const Circuit& circuit);
std::string to_json(const Plan& plan, const Circuit& circuit);

}  // namespace juice
