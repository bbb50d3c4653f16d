// Values and operand flows of few, long sums by Hopper's groups: two thread blocks, a cluster, multiply a tile together, each of them over half of what it goes over.
// Then they give each other half of their sums, so that each writes half of the tile's columns (wide_pipe.h).
#include "cuda/cluster.h"
#include "cuda/mend.h"
#include "cuda/pool.h"
#include "cuda/wide_pipe.h"
#include "cuda/wide_results.h"
#include "cuda/wide_steps.h"

namespace juice::cuda {

namespace {

constexpr int lines = 128, columns = wide_columns, halves = 2, half_columns = columns / halves, half_panels = half_columns / static_cast<int>(panel);
using Pipe = WidePipe<lines, columns, 6>;
using Place = GroupPlace<lines, half_columns>;

std::int32_t row_blocks(const Run& run) { return (run.rows16 + lines - 1) / lines; }

// What a thread block does: it multiplies half of a tile's steps, and writes half of its columns.
struct Half {
    PlanTile tile, columns;
    std::int64_t first_row;
    int number;

    __device__ Half(const Run& run, std::int32_t first, std::int32_t row_blocks) : number(cluster_rank()) {
        const std::int32_t task = static_cast<std::int32_t>(blockIdx.x) / halves;
        tile = columns = run.tiles[first + task / row_blocks];
        first_row = std::int64_t{task % row_blocks} * lines;
        columns.panel += number * half_panels;
        columns.panels = tile.panels - number * half_panels;
        columns.panels = columns.panels < 0 ? 0 : columns.panels < half_panels ? columns.panels : half_panels;
    }
};

template <class Steps>
struct HalfOfSteps : Steps {
    std::int32_t steps_left;

    __device__ HalfOfSteps(const Steps& all, int number) : Steps(all) {
        const std::int32_t count = this->count(), begin = count * number / halves;
        steps_left = count * (number + 1) / halves - begin;
        for (std::int32_t skipped = 0; skipped < begin;) {
            if (this->at.left == 0) this->begin_run();
            const std::int32_t in_run = steps_of(this->at.left), taken = in_run < begin - skipped ? in_run : begin - skipped;
            this->at.take(taken * wide_step_panels);
            skipped += taken;
        }
    }
    __device__ bool next(WideSide& a, WideSide& b) { return steps_left-- > 0 && Steps::next(a, b); }
};

// The sums of this block's half of the columns, from what both have of them.
__device__ void add_halves(Pipe& pipe, const Pipe::Sums& acc, int number, Place::Sums& sums) {
    constexpr int numbers = static_cast<int>(sizeof sums / sizeof sums[0]), fours = numbers / 4;
    float4* const room = pipe.room() + threadIdx.x;
    await_cluster();            // neither multiplies any more
#pragma unroll
    for (int i = 0; i < fours; ++i) {
        float given[4];
#pragma unroll
        for (int j = 0; j < 4; ++j) {
            const float low = acc[i * 4 + j], high = acc[numbers + i * 4 + j];
            given[j] = number == 0 ? high : low;
            sums[i * 4 + j] = number == 0 ? low : high;
        }
        store_in_cluster(room + i * block_threads, 1 - number, make_float4(given[0], given[1], given[2], given[3]));
    }
    synchronize_cluster();
#pragma unroll
    for (int i = 0; i < fours; ++i) {
        const float4 got = room[i * block_threads];
        sums[i * 4] += got.x;
        sums[i * 4 + 1] += got.y;
        sums[i * 4 + 2] += got.z;
        sums[i * 4 + 3] += got.w;
    }
}

// Counts a tile that both have written, and mends its rows where that is for this block to do: the first counts for both, behind what the second leaves over. done:
// [operations][row tiles]; all: an operation's tiles.
template <class Mend>
__device__ void finish_half(const Run& run, const Half& half, std::int32_t* done, std::int32_t all, bool leaves_something, Mend mend) {
    constexpr int row_tiles_a_tile = lines / rows_a_tile;
    JUICE_SHARED(std::int32_t, last, row_tiles_a_tile);
    const bool any = any_in_block(leaves_something);
    const auto thread = static_cast<int>(threadIdx.x);
    const auto row_tile_at = [&](int i) { return half.first_row / rows_a_tile + i; };
    const auto count = [&](std::int32_t tiles) {
        const bool there = thread < row_tiles_a_tile && row_tile_at(thread) < row_tiles(run);
        const bool is_last = there && count_tiles(done + mark_of(run, half.tile.target, row_tile_at(thread)), tiles, all, any);
        if (thread < row_tiles_a_tile) last[thread] = is_last;
    };
    if (half.number > 0) count(0);
    synchronize_cluster();
    if (half.number > 0) return;
    count(1);
    synchronize_workers();
    for (int i = 0; i < row_tiles_a_tile; ++i)
        if (last[i]) mend(half.tile.target, row_tile_at(i));
}

// ---- kernels ----

__global__ void __launch_bounds__(pipe_threads, 1) halved_values_kernel(const Run run, std::int32_t first, std::int32_t row_blocks) {
    begin_early();
    Pipe pipe;
    const Half half(run, first, row_blocks);
    if (pipe.feeds()) return pipe.feed(HalfOfSteps<WideValueSteps>(WideValueSteps(run, half.tile, half.first_row), half.number), NothingBehind(), true);
    wait_for_earlier();
    Pipe::Sums acc = {};
    Place::Sums sums;
    pipe.multiply<WideValueSteps>(acc);
    pipe.release();
    add_halves(pipe, acc, half.number, sums);
    const bool low = keep_fours<Place>(run, half.columns, half.first_row, sums);
    finish_half(run, half, run.values_done, run.operations[half.tile.target].value_tiles, low, [&](std::int32_t o, std::int64_t row_tile) { mend_values_of(run, o, row_tile); });
}

__global__ void __launch_bounds__(pipe_threads, 1) halved_operand_kernel(const Run run, std::int32_t first, std::int32_t row_blocks) {
    begin_early();
    Pipe pipe;
    const Half half(run, first, row_blocks);
    if (pipe.feeds()) return pipe.feed(HalfOfSteps<WideOperandSteps>(WideOperandSteps(run, half.tile, half.first_row), half.number), NothingBehind(), true);
    wait_for_earlier();
    const Place mine;
    const PlanOperation& operation = run.operations[half.tile.target];
    const std::int64_t place = operand_place(run, operation, half.first_row) + half.columns.panel * run.stride;
    const auto for_each = [&](auto work) {
#pragma unroll
        for (int m = 0; m < Place::lines; ++m) {
            if (half.first_row + mine.line_at(m) >= run.rows16) continue;
#pragma unroll
            for (int n = 0; n < Place::fours; ++n)
                if (mine.four_at(n) < half.columns.panels * static_cast<int>(panel)) work(m, n, mine.line_at(m) * panel + at(run, mine.four_at(n)));
        }
    };
    std::uint64_t elements[Place::lines][Place::fours];         // under way while there is something to multiply
    for_each([&](int m, int n, std::int64_t number) { elements[m][n] = *reinterpret_cast<const std::uint64_t*>(run.elements16 + swapped(place + number)); });
    Pipe::Sums acc = {};
    Place::Sums sums;
    pipe.multiply<WideOperandSteps>(acc);
    pipe.release();
    add_halves(pipe, acc, half.number, sums);
    for_each([&](int m, int n, std::int64_t number) {
        const float4 element = from_four(elements[m][n]), sum = mine.four(sums, m, n);
        store4(run.element_flows + place + number, make_float4(sum.x * element.x, sum.y * element.y, sum.z * element.z, sum.w * element.w));
    });
    finish_half(run, half, run.operand_done, operation.operand_tiles, run.slow_operations[half.tile.target] != 0, [&](std::int32_t o, std::int64_t row_tile) { mend_operand_of(run, o, row_tile); });
}

template <class Kernel>
void launch(const Run& run, Kernel kernel, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    const std::int32_t blocks = row_blocks(run);
    JUICE_LAUNCH_IN_CLUSTERS(halves, kernel, dim3(static_cast<unsigned>((end - begin) * blocks * halves)), dim3(pipe_threads), static_cast<std::size_t>(Pipe::bytes), stream, run, begin, blocks);
}

}  // namespace

// ---- launchers ----

void prepare_halved_sums() {
#if !defined(JUICE_CUDA_EMULATION)
    ask_for_pool(Pipe::bytes, halved_values_kernel, halved_operand_kernel);
#endif
}

void halved_values(const Run& run, std::int32_t begin, std::int32_t end, cudaStream_t stream) { launch(run, halved_values_kernel, begin, end, stream); }
void halved_operand_flows(const Run& run, std::int32_t begin, std::int32_t end, cudaStream_t stream) { launch(run, halved_operand_kernel, begin, end, stream); }

}  // namespace juice::cuda
