// The seam between a plan and the engine that runs it: a versioned table of C functions over plain data. Every engine fills the same table and
// passes the same tests. A function that fails returns a juice_status and has told the host why through `error`.
#pragma once

#include <cstdint>

#include "plan/plan.h"

namespace juice {

inline constexpr std::uint32_t engine_version = 4;

// A plan as pointers into its arrays. It must outlive the engine.
struct PlanView {
    const PlanOperation* operations;
    const PlanSegment* segments;
    const PlanFactor* factors;
    const PlanReader* readers;
    const PlanBlock* blocks;
    const PlanOwner* owners;
    const std::int32_t* maps;
    const std::int32_t* order;
    const PlanStage* stages;
    const std::int32_t* stage_operations;
    const std::int32_t* uses;
    const PlanTile* tiles;
    std::int64_t operation_count, segment_count, factor_count, reader_count, block_count, owner_count, map_count;
    std::int64_t stage_count, stage_operation_count, use_count, tile_count;
    std::int32_t variables, roots, root;
    Target target;
    PlanTotals totals;
};

PlanView view(const Plan& plan);

// What an engine may ask of the process that loaded it.
struct HostTable {
    void (*error)(juice_status status, const char* sentence);       // remembered for the calling thread
    void (*log)(std::int32_t level, const char* message);
};

// One batch by variable, as rows/rows.h lays it out. Padding rows (to a multiple of 16) are missing throughout.
struct BatchView {
    std::int64_t rows, line;
    const std::int32_t* codes;
    const float* reals;
    const float* weights;               // NULL: 1
};

// How rows are sampled. Sample k of evidence row r is sample number i = r · per_row + k, and its random numbers are those of stream first + i,
// whatever else is sampled beside it: philox(seed, first + i, index), 64 bits in [0, 1) from the first two words.
// - Index sample_edge | vector chooses the edge of the sum `vector` (a vector is met at most once a row: its variables are only once in a row).
// - Index sample_value | variable draws the variable's value; a Gaussian's deviation takes all four words (Box and Muller).
// Every choice's probabilities are those of the posterior, raised to 1 / temperature and made to add up to 1 again: an edge's are weight ·
// element given the evidence, a value's those of its distribution (a Gaussian's deviation times √temperature). Probability 0 is never chosen.
struct SampleOptions {
    std::uint64_t seed;
    std::int64_t first;
    std::int64_t per_row;
    double temperature;                 // above 0; 1: exact
    std::int32_t root;                  // node of the root that rows are sampled from …
    const std::int32_t* roots;          // … or, where not NULL, one an evidence row
};
inline constexpr std::uint64_t sample_edge = std::uint64_t{0x53414D45} << 32, sample_value = std::uint64_t{0x53414D56} << 32;
inline constexpr double farthest_sample = 3.4028234663852886e38;     // the largest float: a wide Gaussian may draw what lies beyond

// Samples by variable, like a BatchView: [variables][line], of which rows · per_row are written. Codes of continuous variables and reals of
// discrete ones are left alone; reals is NULL where no variable is continuous.
struct SampleView {
    std::int64_t line;
    std::int32_t* codes;
    float* reals;
};

// Training rows that an engine keeps by itself, so that a batch is a list of numbers: `chunks` chunks of `chunk` rows.
struct DataShape {
    std::int64_t chunks, chunk;
    std::int64_t largest_domain;        // of the discrete variables; 0: there are none
    std::int32_t variables;
    std::int32_t has_reals, has_weights;
    std::int32_t may_miss;              // some entry may be missing
};

struct EngineOptions {
    const char* instruction_set;        // NULL: the best there is
    std::int32_t device;                // which of the engine's devices
};

// A juice_rule with what its optimiser remembers of earlier updates worked in (model/optimizer.cpp).
struct UpdateRule {
    float step, pseudocount, min_deviation, min_scale;
    std::int32_t optimizer;             // JUICE_EM …
    float momentum, second_momentum, epsilon;
    float mass;                         // of the rows; Anemone: averaged like the flows
    float scale;                        // SGD, Adam: what turns flows into those of a mean
    float correction, second_correction;        // what averages that began at 0 are multiplied by
};

// Whether an optimiser climbs gradients.
inline bool climbs(std::int32_t optimizer) { return optimizer == JUICE_SGD || optimizer == JUICE_ADAM; }

// How many arrays like the parameter flows an optimiser keeps.
inline std::int32_t moments_of(std::int32_t optimizer, float momentum) { return optimizer == JUICE_ADAM ? 2 : optimizer != JUICE_EM && momentum > 0 ? 1 : 0; }

// More than this in one step no log-parameter moves.
inline constexpr float farthest_move = 20;

struct EngineTable {
    std::uint32_t version, size;
    const char* name;

    juice_status (*create)(const PlanView* plan, const HostTable* host, const EngineOptions* options, void** engine);
    void (*free)(void* engine);
    const char* (*instruction_set)(void* engine);

    // Parameters of one owner in the plan's layout. Writing settles zeros, counts and derived tables.
    juice_status (*write_parameters)(void* engine, std::int32_t owner, const float* source);
    juice_status (*read_parameters)(void* engine, std::int32_t owner, float* destination);

    // Log-values of the roots for any number of rows, [rows, roots]; thread-safe.
    juice_status (*query)(void* engine, const BatchView* batch, std::int32_t maximise, double* destination);

    // Completes rows: what is observed stays, what is missing is drawn given it, top-down. Thread-safe. *impossible: the first row of the batch
    // whose evidence has likelihood 0 (then samples holds nothing of use), or -1.
    juice_status (*sample)(void* engine, const BatchView* evidence, const SampleOptions* options, const SampleView* samples, std::int64_t* impossible);

    // Training, one call at a time. rows: the batch the next calls work on (kept by reference). backward adds to the flow buffer; update applies
    // and clears it; step does forward, backward and update at once, in place where the plan allows and the rule is EM. slopes: the derivatives of
    // discrete logistics are added up, too, which only gradients need.
    juice_status (*rows)(void* engine, const BatchView* batch);
    juice_status (*forward)(void* engine, double* log_likelihood);
    juice_status (*backward)(void* engine, const float* root_flows, std::int32_t slopes);
    juice_status (*update)(void* engine, const UpdateRule* rule);
    juice_status (*step)(void* engine, const UpdateRule* rule, double* log_likelihood);

    // The flow buffer, PlanTotals::flows floats. Whatever holds nothing reads as 0.
    juice_status (*read_flows)(void* engine, std::int64_t offset, std::int64_t count, float* destination);
    juice_status (*write_flows)(void* engine, std::int64_t offset, std::int64_t count, const float* source, std::int32_t add);
    juice_status (*clear_flows)(void* engine);

    // What an optimiser keeps: `count` arrays like the parameter flows (PlanTotals::parameter_flows floats each), zeros at first; `reach`: room for
    // top-down probabilities, too.
    juice_status (*make_moments)(void* engine, std::int32_t count, std::int32_t reach);
    juice_status (*read_moments)(void* engine, std::int32_t which, std::int64_t offset, std::int64_t count, float* destination);
    juice_status (*write_moments)(void* engine, std::int32_t which, std::int64_t offset, std::int64_t count, const float* source);

    // What forward, backward and step compute from here on: 1: sums; above: sums of powers; infinity: maxima. Missing entries are 1.
    juice_status (*set_power)(void* engine, float power);

    // Leaves parameters as read_parameters reads them, with nothing outstanding that writing them back would lose: after it, a model that was
    // written to a file and one that was not train on alike, bit for bit. A node's weights that many updates took away from a total of 1 are divided by
    // it.
    juice_status (*settle)(void* engine);

    // The engine's own copy of training rows; all NULL where it reads them where they are.
    // data_open: room for them beside training batches of batch_rows; *open 0: they are more than `limit` bytes or than half of what is free. What is
    // open in the same shape stays, with its rows. data_write: fills a chunk, and returns when the rows have been read. data_order: begins an epoch
    // over those rows (NULL: all, as they lie). data_pick: what `rows` does, with rows first … first + rows - 1 of that order. step_later and logs: a
    // step that is not waited for, and the log-likelihoods of the oldest one of the epoch that has not been asked for; at most two may be under way.
    juice_status (*data_open)(void* engine, const DataShape* shape, std::int64_t batch_rows, std::int64_t limit, std::int32_t* open);
    juice_status (*data_write)(void* engine, std::int64_t chunk, const BatchView* rows);
    juice_status (*data_order)(void* engine, const std::int64_t* numbers, std::int64_t count);
    juice_status (*data_pick)(void* engine, std::int64_t first, std::int64_t rows);
    juice_status (*step_later)(void* engine, const UpdateRule* rule);
    juice_status (*logs)(void* engine, double* log_likelihood);
};

}  // namespace juice
