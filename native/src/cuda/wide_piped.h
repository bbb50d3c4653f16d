// What kernels over piped tiles (wide_pipe.h) have in common: their shapes, who does which tile, and what is read behind a tile's steps.
#pragma once

#include "cuda/wide_pipe.h"
#include "cuda/wide_results.h"
#include "cuda/wide_steps.h"

namespace juice::cuda {

template <int lines_, int columns, int stages, bool narrows = false>
struct Piped {
    static constexpr int lines = lines_, panels = columns / static_cast<int>(panel);
    static constexpr bool joins = panels > wide_panels;         // two of the plan's tiles beside each other
    using Pipe = WidePipe<lines, columns, stages, narrows>;
    using Place = GroupPlace<lines, columns>;

    __host__ __device__ static std::int32_t row_blocks(const Run& run) { return (run.rows16 + lines - 1) / lines; }
    __host__ __device__ static std::int32_t tasks(std::int32_t tiles, std::int32_t row_blocks) { return (joins ? (tiles + 1) / 2 : tiles) * row_blocks; }
};
using Large = Piped<128, 256, 4>;
using Small = Piped<64, 128, 8>;

// ---- what is read behind the steps: panels of a tile, as many a part as fit into the place of a step ----

template <class Shape, int number_bytes>
struct PanelsBehind {
    static constexpr int panels_a_part = Shape::Pipe::stage_size * 2 / (Shape::lines * static_cast<int>(panel) * number_bytes), parts = (Shape::panels + panels_a_part - 1) / panels_a_part;
    std::int32_t panels;
    unsigned bytes;             // of a panel

    __device__ int pieces(int part) const {
        const int left = bytes == 0 ? 0 : panels - part * panels_a_part;
        return left < 0 ? 0 : left < panels_a_part ? left : panels_a_part;
    }
    __device__ bool has(int part) const { return fed_piece() < pieces(part); }
    __device__ unsigned fed_bytes(int part) const {
        const int all = pieces(part), first = fed_piece() % feeders;
        return first < all ? static_cast<unsigned>((all - first + feeders - 1) / feeders) * bytes : 0;
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

template <class Shape>
dim3 blocks_for(const Run& run, std::int32_t tiles, std::int32_t row_blocks) {
    const std::int32_t tasks = Shape::tasks(tiles, row_blocks);
    return dim3(static_cast<unsigned>(tasks < run.multiprocessors ? tasks : run.multiprocessors));
}

}  // namespace juice::cuda
