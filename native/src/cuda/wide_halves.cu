// Values and operand flows of few, long sums by Hopper's groups: two thread blocks, a cluster, multiply a tile together, each of them over half of what it goes over.
// Then each gets the other's sums of one group's part of the tile, which it writes (wide_pipe.h).
#include "cuda/cluster.h"
#include "cuda/mend.h"
#include "cuda/pool.h"
#include "cuda/wide_pipe.h"
#include "cuda/wide_results.h"
#include "cuda/wide_steps.h"

namespace juice::cuda {

namespace {

constexpr int halves = 2;
static_assert(block_threads == halves * group_threads);

template <int lines_, int stages>
struct Halved {
    static constexpr int lines = lines_;
    using Pipe = WidePipe<lines, wide_columns, stages>;
    using Place = GroupPlace<lines, wide_columns>;

    static std::int32_t row_blocks(const Run& run) { return (run.rows16 + lines - 1) / lines; }
};
using Small = Halved<64, 8>;        // a group has half of the columns
using Large = Halved<128, 6>;       // a group has half of the lines

// What a thread block does: it multiplies half of a tile's steps, and its group of that number writes.
struct Half {
    PlanTile tile;
    std::int64_t first_row;
    int number;

    __device__ Half(const Run& run, std::int32_t first, std::int32_t row_blocks, int lines) : number(cluster_rank()) {
        const std::int32_t task = static_cast<std::int32_t>(blockIdx.x) / halves;
        tile = run.tiles[first + task / row_blocks];
        first_row = std::int64_t{task % row_blocks} * lines;
    }
    __device__ bool writes() const { return static_cast<int>(threadIdx.x) / group_threads == number; }
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

// Of the group that writes, both blocks' sums.
template <class Shape>
__device__ void add_halves(typename Shape::Pipe& pipe, const Half& half, typename Shape::Pipe::Sums& acc) {
    constexpr int fours = static_cast<int>(sizeof acc / sizeof acc[0]) / 4;
    float4* const room = pipe.room() + threadIdx.x % group_threads;
    await_cluster();                    // neither multiplies any more
    if (!half.writes()) {
#pragma unroll
        for (int i = 0; i < fours; ++i) store_in_cluster(room + i * group_threads, 1 - half.number, make_float4(acc[4 * i], acc[4 * i + 1], acc[4 * i + 2], acc[4 * i + 3]));
    }
    synchronize_cluster();
    if (!half.writes()) return;
#pragma unroll
    for (int i = 0; i < fours; ++i) {
        const float4 got = room[i * group_threads];
        acc[4 * i] += got.x;
        acc[4 * i + 1] += got.y;
        acc[4 * i + 2] += got.z;
        acc[4 * i + 3] += got.w;
    }
}

// done(row tile): counts a tile that is written, and mends its rows where that is for this block to do. Of a row tile that both have written it is the first block's,
// behind what the second says of its own.
template <class Shape, class SayOwn, class Done>
__device__ void finish_half(const Run& run, const Half& half, SayOwn say_own, Done done) {
    std::int64_t row_tile = half.first_row / rows_a_tile;
    if constexpr (Shape::lines == rows_a_tile) {
        if (half.number > 0) say_own(row_tile);
        synchronize_cluster();
        if (half.number > 0) return;
    } else {
        row_tile += half.number;
    }
    if (row_tile < row_tiles(run)) done(row_tile);
}

// ---- kernels ----

template <class Shape>
__global__ void __launch_bounds__(pipe_threads, 1) halved_values_kernel(const Run run, std::int32_t first, std::int32_t row_blocks) {
    begin_early();
    typename Shape::Pipe pipe;
    const Half half(run, first, row_blocks, Shape::lines);
    if (pipe.feeds()) return pipe.feed(HalfOfSteps<WideValueSteps>(WideValueSteps(run, half.tile, half.first_row), half.number), NothingBehind(), true);
    wait_for_earlier();
    typename Shape::Pipe::Sums acc = {};
    pipe.template multiply<WideValueSteps>(acc);
    pipe.release();
    add_halves<Shape>(pipe, half, acc);
    const std::int32_t o = half.tile.target, tiles = run.operations[o].value_tiles;
    const bool low = half.writes() && keep_fours<typename Shape::Place>(run, half.tile, half.first_row, acc);
    finish_half<Shape>(run, half, [&](std::int64_t row_tile) {
        if (any_in_block(low) && threadIdx.x == 0) count_tiles(run.values_done + mark_of(run, o, row_tile), 0, tiles, true);
    }, [&](std::int64_t row_tile) { values_done(run, o, row_tile, tiles, low); });
}

template <class Shape>
__global__ void __launch_bounds__(pipe_threads, 1) halved_operand_kernel(const Run run, std::int32_t first, std::int32_t row_blocks) {
    using Place = typename Shape::Place;
    begin_early();
    typename Shape::Pipe pipe;
    const Half half(run, first, row_blocks, Shape::lines);
    if (pipe.feeds()) return pipe.feed(HalfOfSteps<WideOperandSteps>(WideOperandSteps(run, half.tile, half.first_row), half.number), NothingBehind(), true);
    wait_for_earlier();
    const Place mine;
    const PlanOperation& operation = run.operations[half.tile.target];
    const std::int64_t place = operand_place(run, operation, half.first_row) + half.tile.panel * run.stride;
    const auto for_each = [&](auto work) {
        if (!half.writes()) return;
#pragma unroll
        for (int m = 0; m < Place::lines; ++m) {
            if (half.first_row + mine.line_at(m) >= run.rows16) continue;
#pragma unroll
            for (int n = 0; n < Place::fours; ++n)
                if (mine.four_at(n) < half.tile.panels * static_cast<int>(panel)) work(m, n, mine.line_at(m) * panel + at(run, mine.four_at(n)));
        }
    };
    std::uint64_t elements[Place::lines][Place::fours];         // under way while there is something to multiply
    for_each([&](int m, int n, std::int64_t number) { elements[m][n] = *reinterpret_cast<const std::uint64_t*>(run.elements16 + swapped(place + number)); });
    typename Shape::Pipe::Sums acc = {};
    pipe.template multiply<WideOperandSteps>(acc);
    pipe.release();
    add_halves<Shape>(pipe, half, acc);
    for_each([&](int m, int n, std::int64_t number) {
        const float4 element = from_four(elements[m][n]), sum = mine.four(acc, m, n);
        store4(run.element_flows + place + number, make_float4(sum.x * element.x, sum.y * element.y, sum.z * element.z, sum.w * element.w));
    });
    finish_half<Shape>(run, half, [](std::int64_t) {}, [&](std::int64_t row_tile) { operand_done(run, half.tile.target, row_tile, operation.operand_tiles); });
}

template <class Shape, class Kernel>
void launch(const Run& run, Kernel kernel, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    const std::int32_t blocks = Shape::row_blocks(run);
    JUICE_LAUNCH_IN_CLUSTERS(halves, kernel, dim3(static_cast<unsigned>((end - begin) * blocks * halves)), dim3(pipe_threads), static_cast<std::size_t>(Shape::Pipe::bytes), stream, run, begin, blocks);
}

}  // namespace

// ---- launchers ----

void prepare_halved_sums() {
#if !defined(JUICE_CUDA_EMULATION)
    ask_for_pool(Small::Pipe::bytes, halved_values_kernel<Small>, halved_operand_kernel<Small>);
    ask_for_pool(Large::Pipe::bytes, halved_values_kernel<Large>, halved_operand_kernel<Large>);
#endif
}

void halved_values(const Run& run, const TileShape& shape, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    if (shape.lines == Small::lines) launch<Small>(run, halved_values_kernel<Small>, begin, end, stream);
    else launch<Large>(run, halved_values_kernel<Large>, begin, end, stream);
}
void halved_operand_flows(const Run& run, const TileShape& shape, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    if (shape.lines == Small::lines) launch<Small>(run, halved_operand_kernel<Small>, begin, end, stream);
    else launch<Large>(run, halved_operand_kernel<Large>, begin, end, stream);
}

}  // namespace juice::cuda
