// The launchers: what the engine asks of the kernels, a stage or a whole pass at a time. They allocate nothing and wait for nothing.
#pragma once

#include "cuda/data.h"
#include "cuda/device.h"
#include "cuda/run.h"
#include "plan/engine.h"

namespace juice::cuda {

// EM of sums in place: weight' = weight · (keep + gain · Σ) + share on its non-zero entries. [owners' nodes]; blocked: [owners], not 0 where the owner's
// flows must go through the flow buffer.
struct EmCoefficients {
    float *keep, *gain, *share;
    std::int32_t* blocked;              // behind the owners: some owner is
};

// How a pass deals with flows: set or added to the buffer, or used up at once.
struct Pass {
    bool in_place;      // EM at once where that is possible; everything else is set
    bool add;
};

// Samples in work, [operations or variables][line] by sample. nodes: what the walk meets, or -1; owners and owner_nodes: the input that gives a value.
struct SampleMemory {
    std::int32_t *nodes, *owners, *owner_nodes, *codes;
    float* reals;
    std::int64_t line;
};

// Thread blocks of a launch that usually finds nothing to do.
inline constexpr std::int32_t few_blocks = 264;

// ---- the batch ----
// Rows `numbers` (NULL: from `first` on) of the store, run.rows of them and padding, into codes and reals [variables][run.line] and weights.
void pick_rows(const Run& run, const RowStore& store, const std::int64_t* numbers, std::int64_t first, std::int32_t* codes, float* reals, float* weights,
               cudaStream_t stream);

// ---- forward, stage by stage ----
void prepare_sums();                    // once a device, before the first of them
void prepare_wide_sums(bool groups);
void elements(const Run& run, const PlanStage& stage, cudaStream_t stream);
void values(const Run& run, const PlanStage& stage, cudaStream_t stream);           // entries far below their row's maximum are mended
void edge_values(const Run& run, const PlanStage& stage, cudaStream_t stream);
void root_logs(const Run& run, double* logs, cudaStream_t stream);             // natural logs, [rows, roots]

// Samples first … first + count - 1 of the run's rows, whose first is row `first_row` of the call. nodes and owners: -1 throughout before.
void sample(const Run& run, const SampleMemory& memory, const SampleOptions& options, const std::int32_t* roots, std::int32_t operations, std::int32_t variables,
            std::int64_t first, std::int64_t count, std::int64_t first_row, cudaStream_t stream);

// ---- backward, stage by stage from the root ----
void gradients(const Run& run, const PlanStage& stage, cudaStream_t stream);
// How many panels a thread block should have, and gradients by such blocks: gradients.cu asks for them.
std::int32_t gradient_panels(const Run& run, const PlanStage& stage);
void many_gradients(const Run& run, const PlanStage& stage, std::int32_t each, cudaStream_t stream);
void operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream);
void edge_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream);

// ---- the parts of values and operand_flows that mend rows of sums whose nodes read different children ----
void mend_values(const Run& run, const PlanStage& stage, cudaStream_t stream);
void mend_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream);

// ---- the parts of elements, values and operand_flows that are wide sums' in bf16; their parameter flows are not a part of parameter_flows ----
void wide_elements(const Run& run, const PlanStage& stage, cudaStream_t stream);
void wide_values(const Run& run, const PlanStage& stage, cudaStream_t stream);
void wide_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream);
void wide_parameter_flows(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const Pass& pass, cudaStream_t stream);
// Where there are many, some multiprocessors are left to what goes on beside them; behind that they join here.
bool any_late_parameter_flows(const Run& run, const PlanTotals& totals);
void late_parameter_flows(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const Pass& pass, cudaStream_t stream);
// The same of tiles from `begin` to before `end`, by blocks that take one after the other; gathered ones are parameters' alone.
void prepare_piped_sums();
void prepare_piped_parameters();
void piped_values(const Run& run, const TileShape& shape, std::int32_t begin, std::int32_t end, cudaStream_t stream);
void piped_operand_flows(const Run& run, const TileShape& shape, std::int32_t begin, std::int32_t end, cudaStream_t stream);
void prepare_halved_sums();
void halved_values(const Run& run, const TileShape& shape, std::int32_t begin, std::int32_t end, cudaStream_t stream);
void halved_operand_flows(const Run& run, const TileShape& shape, std::int32_t begin, std::int32_t end, cudaStream_t stream);
void piped_parameter_flows(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream);
void late_piped_parameter_flows(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream);
void piped_gathered_parameter_flows(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream);
// Values and operand flows of a stage's sliced tiles.
void prepare_sliced_sums();
void sliced_values(const Run& run, const PlanStage& stage, cudaStream_t stream);
void sliced_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream);

// ---- then, for all operations at once ----
void em_coefficients(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Rule* rule, cudaStream_t stream);     // of stage_operations from `begin` to before `end` that are not wide
void parameter_flows(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const Pass& pass, cudaStream_t stream);
void prepare_tables();                  // once a device
void sort_rows(const Run& run, std::int32_t variables, cudaStream_t stream);      // by value, for flows into tables
void table_flows(const Run& run, const PlanTotals& totals, const Pass& pass, const Rule* rule, cudaStream_t stream);     // of up to 256 values; others: tables.h
void moment_flows(const Run& run, const PlanTotals& totals, bool add, cudaStream_t stream);
void edge_parameter_flows(const Run& run, const PlanTotals& totals, const Pass& pass, cudaStream_t stream);
// For slow_parameter_flows: after products have read the elements, before tables change. Beside that, the coefficients of wide sums among the first so many of stage_operations.
void slow_elements(const Run& run, std::int32_t sums, const EmCoefficients& em, const Rule* rule, cudaStream_t stream);
void slow_parameter_flows(const Run& run, const PlanTotals& totals, cudaStream_t stream);
void row_sums(const Run& run, const PlanTotals& totals, cudaStream_t stream);   // added to the flow buffer

// ---- parameters ----
// Which sums an update from the flow buffer is for.
enum class Rest : std::int32_t {
    All,
    NotInPlace,     // what a pass in place has left
    Blocked,        // the same where all sums are updated in place unless they are blocked
};
// Applies the flow buffer. touched: [owners], 0 where no flow has come; NULL: all have. in_place: what a pass in place has dealt with is left out.
void update_sums(const Run& run, const PlanTotals& totals, const EmCoefficients& em, const std::uint8_t* touched, Rest rest, const Rule* rule, cudaStream_t stream);
void update_inputs(const Run& run, const PlanTotals& totals, const std::uint8_t* touched, bool in_place, const Rule* rule, cudaStream_t stream);
// The bf16 copy of an owner's weights.
void shadow_weights(const Run& run, const PlanOwner& owner, cudaStream_t stream);
// What follows from parameters: log tables, and the densities at a Gaussian's mean. On the device throughout, so that parameters written back give the
// same bits.
void fill_tables(const Run& run, std::int32_t first, std::int32_t count, cudaStream_t stream);
// Makes the weights of a sum's node and a table's probabilities add up to 1 again where many small updates took them away from it.
void settle_weights(const Run& run, const PlanTotals& totals, cudaStream_t stream);
// ---- optimisers other than EM (optimize.cu, reach.cu) ----
// Parameters to a power, for training passes: run.parameters and weights16 are read, to and to16 written.
void raise(const Run& run, const PlanTotals& totals, float power, float* to, std::uint16_t* to16, cudaStream_t stream);
// Flows down the best paths: of a stage's operations, from those of its readers; then of the owners' parameters, added to the flow buffer. node_flows of the
// root are `gradients`' to make.
void path_flows(const Run& run, const PlanStage& stage, cudaStream_t stream);
void path_parameter_flows(const Run& run, const PlanTotals& totals, cudaStream_t stream);
void slope_flows(const Run& run, const PlanTotals& totals, const Pass& pass, cudaStream_t stream);      // derivatives of discrete logistics
// Top-down probabilities: a stage's nodes, then its elements (at most `widest` panels of them), from those of its readers; then the owners'.
void stage_reach(const Run& run, const PlanStage& stage, std::int32_t widest, cudaStream_t stream);
void owner_reach(const Run& run, const PlanTotals& totals, cudaStream_t stream);
void average_flows(const Run& run, const PlanTotals& totals, const Rule* rule, cudaStream_t stream);
void climb(const Run& run, const PlanTotals& totals, const Rule* rule, cudaStream_t stream);    // stochastic gradient and Adam
void set_rule(Rule* to, const Rule& rule, cudaStream_t stream);
void best_values(const Run& run, const PlanTotals& totals, float* best, cudaStream_t stream);      // for max-product
void clear_bytes(void* to, std::int64_t count, cudaStream_t stream);     // both multiples of 16; a launch, which a chain waits less for than for cudaMemset
void add_floats(float* to, const float* from, std::int64_t count, cudaStream_t stream);

}  // namespace juice::cuda
