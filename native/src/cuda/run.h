// What a kernel sees of a model and its batch: the plan's arrays and the engine's buffers, all on the device.
//
// Convention: values, gradients, elements and flows are [panels][rows16][16] floats, `stride` floats a panel. A value is x · 2^exponent of its row and
// operation; in a log row it is 2^(x + exponent).
#pragma once

#include <cstdint>

#include "plan/engine.h"

namespace juice::cuda {

// How matrix products are worked out, both with the digits of float32.
enum class Arithmetic : std::int32_t {
    Plain,      // float32 multiply-adds: any GPU
    Tensor,     // three TF32 products on the tensor cores
};

// The arithmetic for a GPU of that compute capability (90: 9.0). What has not passed its tests on such a GPU is chosen only where it is asked for:
// wanted is NULL, "plain" or "tensor".
Arithmetic choose_arithmetic(std::int32_t capability, const char* wanted);
// Whether wide sums are multiplied in bf16 there, and whether by Hopper's groups of warps (wgmma), which later GPUs do not have.
bool has_fast(std::int32_t capability);
bool has_groups(std::int32_t capability, Arithmetic arithmetic);
// Lines and columns of a tile of such a product, where a launch has so many tiles of so many panels across, and its longest sum goes over `depth` panels.
// piped: a thread block a multiprocessor takes tile after tile, which pays from 512 positions or nodes on, 64 by 128, 128 by 128 or 128 by 256, whichever is done sooner; for
// operand flows from 256 nodes on where there is one small tile a multiprocessor at most, or a large one at least, and of fewer nodes where there are two. halved: two
// thread blocks share a tile, each over half of 1,024 positions or more (64 by 128) or 2,048 (128 by 128), where there are multiprocessors for that. Else 64 lines where all of them are at work at once, two a
// multiprocessor, of operand flows three, or 128; 64 columns where no tile has more.
enum class Product { Values, OperandFlows };
struct TileShape {
    std::int32_t lines, columns;
    bool piped;
    std::int32_t blocks = 2;        // a multiprocessor, unless it is piped
    bool halved = false;
};
TileShape tile_shape(Product product, std::int64_t tiles, std::int32_t panels, std::int32_t rows, std::int32_t multiprocessors, std::int32_t depth);
// Whether gathered sums go by sliced tiles, of which there are so many: where every multiprocessor has one.
bool slices_blocks(std::int64_t tiles, std::int32_t rows, std::int32_t multiprocessors);
// Whether parameter flows in so many pieces are piped, the longest of which go over so many rows of all uses: where there are enough for the GPU, or they are long.
bool pipes_parameters(std::int64_t pieces, std::int64_t rows, std::int32_t multiprocessors);
// So many multiprocessors begin with tables, and go on with parameter flows: where these are pieces enough that both together are done sooner.
std::int32_t late_blocks(std::int64_t pieces, std::int32_t multiprocessors);

// One of 256 rows in the order of their values; missing ones, and places behind the batch, come last, with code -1.
struct RowOfValue {
    std::int32_t row, code;
};

struct Run {
    const PlanOperation* operations;
    const PlanSegment* segments;
    const PlanFactor* factors;
    const PlanReader* readers;
    const PlanBlock* blocks;
    const PlanOwner* owners;
    const PlanTile* tiles;
    const std::int32_t* maps;
    const std::int32_t* stage_operations;
    const std::int32_t* uses;
    std::int32_t root, roots;
    std::int32_t operation_count, owner_count;
    Arithmetic arithmetic;

    float* parameters;
    const float* counts;                // [owners' nodes]: non-zero parameters of a node (sums, tables)
    const float* best;                  // [owners' nodes]: largest probability over x, or log2 of it; max-product only
    float* flows;                       // the flow buffer

    float *values, *gradients;          // by operation, at train_values
    float *elements, *element_flows;    // by operation, at `operand`
    std::int32_t* exponents;            // [operations][rows16] of the values
    std::int32_t* element_exponents;    // [operations][rows16]
    std::int32_t* segment_exponents;    // [segments of operations with several][rows16]
    std::uint8_t* log_rows;             // [operations][rows16]
    std::uint8_t* suspects;             // [operations][rows16]: some value is below 2^-60
    std::uint8_t* slow_rows;            // [operations][rows16]: some flow goes edge by edge
    std::int32_t* slow_operations;      // [operations]: some row does; behind them: some operation does
    float* node_flows;                  // [value panels][row tiles][16]: own flows added up over 64 rows
    // Wide sums, where `wide` is not 0: operands, gradients and weights as bf16, with the places of their floats.
    std::uint16_t *elements16, *gradients16, *weights16;
    std::int32_t wide;
    std::int32_t *values_done, *operand_done;       // [operations][row tiles]: blocks that are done, 0 before a pass
    std::int32_t* dealt;                // [2]: pieces of parameters, and gathered ones, that were dealt out while others were in work (deal.h), 0 before a backward pass

    std::int32_t rows, rows16;          // rows16: padded to a multiple of 16. Padding rows are wholly missing, and their flows are 0
    std::int64_t stride;                // rows16 · 16
    const std::int32_t* codes;          // [variables][line]
    const float* reals;                 // [variables][line]
    std::int64_t line;
    RowOfValue* rows_by_value;          // [variables][sorted_line]: every 256 rows
    std::int64_t sorted_line;
    const float* root_flows;            // [rows, roots]; NULL: 1
    const float* weights;               // [rows]; NULL: 1
    std::int32_t maximise;
    std::int32_t early;                 // kernels of a pass may begin early: compute capability 9.0
    std::int32_t groups;                // wide sums are multiplied by groups of warps
    std::int32_t multiprocessors;
    std::int32_t widest_operand, widest_segmented;      // panels, of the wide sums over one segment, and over several
    std::int32_t widest_table;          // panels, of the tables of few values
    std::int32_t paths;                 // with maximise, in training: missing entries are 1, and flows go down the largest edges
    std::int32_t slopes;                // derivatives of discrete logistics are wanted

    float* moments[2];                  // what an optimiser remembers, laid out like the parameter flows; NULL: nothing
    // Top-down probabilities, where an optimiser asks for them: of elements at `sums`, of operations' nodes [value panels][16], of owners' nodes.
    float *reach, *node_reach, *owner_reach;
};

inline constexpr std::int32_t rows_a_tile = 64;
inline constexpr std::int32_t row_tiles(const Run& run) { return (run.rows16 + rows_a_tile - 1) / rows_a_tile; }

// Lies on the device, so that a recorded step can be played again with another.
using Rule = UpdateRule;

// A parameter that is not a structural zero never becomes one by rounding: it stays a normal float.
inline constexpr float least_weight = 1.17549435e-38f;

}  // namespace juice::cuda
