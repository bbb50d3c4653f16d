// Values and operand flows of large launches of wide sums by Hopper's groups: thread blocks that have a multiprocessor each take tile after tile, two beside
// each other at a time where they are of the same nodes or positions (wide_pipe.h).
#include "cuda/mend.h"
#include "cuda/pool.h"
#include "cuda/wide_pipe.h"
#include "cuda/wide_results.h"
#include "cuda/wide_steps.h"

namespace juice::cuda {

namespace {

template <int lines_, int columns_, int stages>
struct Piped {
    static constexpr int lines = lines_, columns = columns_, panels = columns / static_cast<int>(panel);
    static constexpr bool joins = panels > wide_panels;         // two of the plan's tiles beside each other
    using Pipe = WidePipe<lines, columns, stages>;
    using Place = GroupPlace<lines, columns>;

    __host__ __device__ static std::int32_t row_blocks(const Run& run) { return (run.rows16 + lines - 1) / lines; }
    __host__ __device__ static std::int32_t tasks(std::int32_t tiles, std::int32_t row_blocks) { return (joins ? (tiles + 1) / 2 : tiles) * row_blocks; }
};
using Large = Piped<128, 256, 4>;
using Middling = Piped<128, 128, 6>;
using Small = Piped<64, 128, 8>;

// The elements of a tile of an operand, read behind its steps: as many panels a part as fit into the place of a step.
template <class Shape>
struct OperandBehind {
    static constexpr int panels_a_part = Shape::Pipe::stage_size / (Shape::lines * static_cast<int>(panel)), parts = (Shape::panels + panels_a_part - 1) / panels_a_part;
    const Bf16* elements;
    std::int64_t stride;
    std::int32_t panels;
    unsigned bytes;             // of a panel

    __device__ OperandBehind(const Run& run, const PlanTile& tile, std::int64_t first_row) {
        const std::int32_t rows = rows_from(run, first_row) < Shape::lines ? rows_from(run, first_row) : Shape::lines;
        panels = tile.panels;
        bytes = static_cast<unsigned>(rows) * panel * 2;
        elements = run.elements16 + operand_place(run, run.operations[tile.target], first_row) + tile.panel * run.stride;
        stride = run.stride;
    }
    __device__ int pieces(int part) const {
        const int left = bytes == 0 ? 0 : panels - part * panels_a_part;
        return left < 0 ? 0 : left < panels_a_part ? left : panels_a_part;
    }
    __device__ bool has(int part) const { return fed_piece() < pieces(part); }
    __device__ unsigned fed_bytes(int part) const { return share_bytes(pieces(part), fed_piece() % feeders, bytes); }
    template <class Copy>
    __device__ void copy(int part, Copy copy) const {
        copy(fed_piece() * Shape::lines * static_cast<int>(panel), elements + (part * panels_a_part + fed_piece()) * stride, bytes);
    }
};

// work(m, n, what is behind, number of it): the thread's fours, part after part.
template <class Behind, class Shape, int part = 0, class Work>
__device__ void for_each_behind(typename Shape::Pipe& pipe, int lines, int columns, Work work) {
    const typename Shape::Place mine;
    constexpr int each = Behind::panels_a_part, numbers = static_cast<int>(panel);
    const Bf16* behind = pipe.behind();
#pragma unroll
    for (int n = 0; n < Shape::Place::fours; ++n) {
        // Groups that have all columns have four n in panel n.
        if (Shape::lines == 128 && (n < part * each || n >= (part + 1) * each)) continue;
        const int column = mine.four_at(n);
        if (column >= columns) break;
#pragma unroll
        for (int m = 0; m < Shape::Place::lines; ++m) work(m, n, behind, ((column / numbers - part * each) * lines + mine.line_at(m)) * numbers + column % numbers);
    }
    pipe.release();
    static_assert(Shape::lines == 128 || Behind::parts == 1);
    if constexpr (part + 1 < Behind::parts) for_each_behind<Behind, Shape, part + 1>(pipe, lines, columns, work);
}

// ---- tiles ----

// work(tile, of so many of the plan's, first row): what this block does of those from `first` to before `end`, each for row_blocks blocks of rows. joins(a, b):
// b goes on where a ends, which it is then made to do.
template <class Shape, class Joins, class Work>
__device__ void for_each_tile(const Run& run, std::int32_t first, std::int32_t end, std::int32_t row_blocks, Joins joins, Work work) {
    constexpr std::int32_t together = Shape::joins ? 2 : 1;
    for (auto t = static_cast<std::int32_t>(blockIdx.x); t < Shape::tasks(end - first, row_blocks); t += static_cast<std::int32_t>(gridDim.x)) {
        const std::int32_t number = first + t / row_blocks * together;
        const std::int64_t row = std::int64_t{t % row_blocks} * Shape::lines;
        PlanTile tile = run.tiles[number];
        const bool two = Shape::joins && number + 1 < end, joined = two && joins(tile, run.tiles[number + 1]);
        work(tile, joined ? 2 : 1, row);
        if (two && !joined) work(run.tiles[number + 1], 1, row);
    }
}
__device__ bool join_panels(PlanTile& a, const PlanTile& b) {
    if (a.target != b.target || a.begin != b.begin || a.end != b.end || a.panel + a.panels != b.panel) return false;
    a.panels += b.panels;
    return true;
}

// Once all of a block's tiles are written: counts them, and mends rows where that is for it to do. done: [operations][row tiles]; all: an operation's tiles.
template <class Shape, class Mend>
__device__ void finish_tiles(const Run& run, std::int32_t first, std::int32_t end, std::int32_t* done, std::int32_t PlanOperation::*all, bool leaves_something, Mend mend) {
    JUICE_SHARED(std::int32_t, last, block_threads);
    constexpr int row_tiles_a_block = Shape::lines / rows_a_tile;
    const bool any = any_in_block(leaves_something);
    const auto thread = static_cast<std::int32_t>(threadIdx.x);
    std::int32_t entries = 0, begin = 0;
    const auto visit = [&](auto work) {
        std::int32_t number = 0;
        for_each_tile<Shape>(run, first, end, Shape::row_blocks(run), join_panels, [&](const PlanTile& tile, std::int32_t tiles, std::int64_t row) {
            for (int i = 0; i < row_tiles_a_block; ++i, ++number)
                if (const std::int64_t row_tile = row / rows_a_tile + i; row_tile < row_tiles(run)) work(number, tile, tiles, row_tile);
        });
        entries = number;
    };
    do {
        last[thread] = 0;
        visit([&](std::int32_t number, const PlanTile& tile, std::int32_t tiles, std::int64_t row_tile) {
            const PlanOperation& operation = run.operations[tile.target];
            if (number - begin == thread) last[thread] = count_tiles(done + mark_of(run, tile.target, row_tile), tiles, operation.*all, any);
        });
        if (any_in_block(last[thread] != 0))
            visit([&](std::int32_t number, const PlanTile& tile, std::int32_t, std::int64_t row_tile) {
                if (number >= begin && number < begin + block_threads && last[number - begin]) mend(tile.target, row_tile);
            });
        synchronize_workers();
        begin += block_threads;
    } while (begin < entries);
}

// ---- kernels ----

template <class Shape>
__global__ void __launch_bounds__(pipe_threads, 1) piped_values_kernel(const Run run, std::int32_t first, std::int32_t end) {
    begin_early();
    typename Shape::Pipe pipe;
    if (pipe.feeds()) {
        bool at_first = true;
        for_each_tile<Shape>(run, first, end, Shape::row_blocks(run), join_panels, [&](const PlanTile& tile, int, std::int64_t row) {
            pipe.feed(WideValueSteps(run, tile, row), NothingBehind(), at_first);
            at_first = false;
        });
        return;
    }
    wait_for_earlier();
    bool low = false;
    for_each_tile<Shape>(run, first, end, Shape::row_blocks(run), join_panels, [&](const PlanTile& tile, int, std::int64_t first_row) {
        typename Shape::Pipe::Sums acc = {};
        pipe.template multiply<WideValueSteps>(acc);
        pipe.release();
        if (keep_fours<typename Shape::Place>(run, tile, first_row, acc)) low = true;
    });
    finish_tiles<Shape>(run, first, end, run.values_done, &PlanOperation::value_tiles, low, [&](std::int32_t o, std::int64_t row_tile) { mend_values_of(run, o, row_tile); });
}

template <class Shape>
__global__ void __launch_bounds__(pipe_threads, 1) piped_operand_kernel(const Run run, std::int32_t first, std::int32_t end) {
    using Behind = OperandBehind<Shape>;
    begin_early();
    typename Shape::Pipe pipe;
    if (pipe.feeds()) {
        bool at_first = true;
        for_each_tile<Shape>(run, first, end, Shape::row_blocks(run), join_panels, [&](const PlanTile& tile, int, std::int64_t row) {
            pipe.feed(WideOperandSteps(run, tile, row), Behind(run, tile, row), at_first);
            at_first = false;
        });
        return;
    }
    wait_for_earlier();
    bool slow = false;
    for_each_tile<Shape>(run, first, end, Shape::row_blocks(run), join_panels, [&](const PlanTile& tile, int, std::int64_t first_row) {
        const typename Shape::Place mine;
        const std::int64_t place = operand_place(run, run.operations[tile.target], first_row) + tile.panel * run.stride;
        if (run.slow_operations[tile.target]) slow = true;
        typename Shape::Pipe::Sums acc = {};
        pipe.template multiply<WideOperandSteps>(acc);
        for_each_behind<Behind, Shape>(pipe, Shape::lines, tile.panels * static_cast<int>(panel), [&](int m, int n, const Bf16* elements, int number) {
            if (first_row + mine.line_at(m) >= run.rows16) return;
            const float4 element = from_four(elements + swapped(number)), sum = mine.four(acc, m, n);
            store4(run.element_flows + place + mine.line_at(m) * panel + at(run, mine.four_at(n)), make_float4(sum.x * element.x, sum.y * element.y, sum.z * element.z, sum.w * element.w));
        });
    });
    finish_tiles<Shape>(run, first, end, run.operand_done, &PlanOperation::operand_tiles, slow, [&](std::int32_t o, std::int64_t row_tile) { mend_operand_of(run, o, row_tile); });
}

template <class Shape, class Kernel>
void launch_over_rows(const Run& run, Kernel kernel, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    JUICE_LAUNCH_IN_CHAIN(kernel, pipe_blocks(run, Shape::tasks(end - begin, Shape::row_blocks(run))), dim3(pipe_threads), static_cast<std::size_t>(Shape::Pipe::bytes), stream, run, begin, end);
}

// launch(Shape) for the tiles of that shape.
template <class Launch>
void with_shape(const TileShape& shape, Launch launch) {
    if (shape.lines == Small::lines) launch(Small());
    else if (shape.columns == Middling::columns) launch(Middling());
    else launch(Large());
}

}  // namespace

// ---- launchers ----

void prepare_piped_sums() {
#if !defined(JUICE_CUDA_EMULATION)
    const auto ask = [](auto shape) {
        using Shape = decltype(shape);
        ask_for_pool(Shape::Pipe::bytes, piped_values_kernel<Shape>, piped_operand_kernel<Shape>);
    };
    ask(Large());
    ask(Middling());
    ask(Small());
#endif
}

void piped_values(const Run& run, const TileShape& shape, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    with_shape(shape, [&](auto of) { launch_over_rows<decltype(of)>(run, piped_values_kernel<decltype(of)>, begin, end, stream); });
}
void piped_operand_flows(const Run& run, const TileShape& shape, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    with_shape(shape, [&](auto of) { launch_over_rows<decltype(of)>(run, piped_operand_kernel<decltype(of)>, begin, end, stream); });
}

}  // namespace juice::cuda
