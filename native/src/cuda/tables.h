// Tables of probabilities: of which the flows are added up in registers (tiny_tables.cu), of which in shared memory (tables.cu), and which go by once
// (large_tables.cu).
#pragma once

#include "cuda/counters.h"
#include "cuda/kernels.h"
#include "plan/tables.h"

namespace juice::cuda {

inline constexpr std::int64_t shared_values = small_table_values;
inline constexpr int rows_sorted = 256;         // at a time, by value

__host__ __device__ inline bool is_tiny_table(const PlanOwner& owner) { return owner.kind == OwnerKind::Table && owner.domain <= tiny_table_values; }
__host__ __device__ inline bool is_small_table(const PlanOwner& owner) { return owner.kind == OwnerKind::Table && owner.domain > tiny_table_values && owner.domain <= shared_values; }
__host__ __device__ inline bool is_large_table(const PlanOwner& owner) { return owner.kind == OwnerKind::Table && owner.domain > shared_values; }
// Indicators have no parameters: what flows into them only matters to who asks for it.
__device__ inline bool wants_flows(const PlanOwner& owner, const Pass& pass) { return !pass.in_place || owner.distribution != DistributionType::Indicator; }

// A plan's tiny tables.
class TinyTables {
public:
    explicit TinyTables(const PlanView& plan);
    // Adds up their flows, and updates the tables or fills the flow buffer.
    void flows(const Run& run, const Pass& pass, const Rule* rule, cudaStream_t stream) const;

private:
    std::int32_t begin_ = 0, end_ = 0;          // tiles among which theirs are
};

}  // namespace juice::cuda
