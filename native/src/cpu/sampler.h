// Top-down sampling on one thread: forward values of a group of evidence rows, then one walk from the root to the inputs for a tile of samples.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cpu/workspace.h"

namespace juice::cpu {

// What is sampled: the batch's samples are numbered through, row by row.
struct SampleJob {
    const SampleOptions& options;
    const SampleView& samples;
    std::uint64_t call;                 // tells calls apart: values of an earlier one may be of other parameters
};

class Sampler {
public:
    // Samples that are drawn at a time: the more, the fewer times a table is read.
    static constexpr std::int64_t tile = 512;

    // variables_of: by owner, the variables that read it.
    Sampler(const PlanView& plan, const std::vector<std::vector<std::int32_t>>& variables_of, std::int64_t group_rows);

    // Values of the evidence rows from `first` on, unless they are there already. Returns the first of them that is impossible, or -1.
    std::int64_t forward(const Kernels& kernels, const Run& base, std::int64_t first, std::int64_t rows, const SampleJob& job);
    // Samples first … first + count - 1 (at most a tile) of the rows that forward was given.
    void draw(const Kernels& kernels, std::int64_t first, std::int64_t count, const SampleJob& job);

private:
    const PlanView& plan_;
    const std::vector<std::vector<std::int32_t>>& variables_of_;
    Workspace workspace_;
    ThreadScratch scratch_;
    Run run_{};
    std::uint64_t call_ = 0;
    std::int64_t first_row_ = -1, impossible_ = -1;
    std::vector<std::int32_t> nodes_;           // [operations][tile]: the node that a sample meets, or -1
    std::vector<std::int32_t> owners_;          // [variables][tile]: the input that a sample meets …
    std::vector<std::int32_t> owner_nodes_;     // … and its node
    std::vector<Choice> choices_;
    std::vector<Draw> draws_, sorted_;
    std::vector<std::int64_t> starts_;

    bool possible(std::int64_t row, std::int32_t root) const;
    // The node `node` of a segment's child is taken by this sample: what its factors read is met next.
    void follow(const PlanSegment& segment, std::int64_t place, std::int64_t sample);
    void draw_owner(const Kernels& kernels, std::int32_t owner, std::int64_t first, std::int64_t count, const SampleJob& job);
};

}  // namespace juice::cpu
