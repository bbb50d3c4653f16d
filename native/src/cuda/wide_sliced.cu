// Wide sums over block edges by Hopper's groups: a thread block that has a multiprocessor takes tile after tile of 128 rows by up to eight slices of 32 nodes or positions, over
// the union of what the slices read. A step's rows are copied once for all slices, weights and products are those of the slices that have blocks there.
#include "cuda/kernels.h"
#include "cuda/pool.h"
#include "cuda/wide_pipe.h"
#include "cuda/wide_results.h"

namespace juice::cuda {

namespace {

constexpr int sliced_lines = 128, step_panels = 2, stages = 4;
constexpr int tile_numbers = static_cast<int>(panel * panel), slice_numbers = step_panels * slice_panels * tile_numbers;
constexpr int panel_numbers = sliced_lines * static_cast<int>(panel), step_numbers = step_panels * panel_numbers + most_slices * slice_numbers;     // of a step: its rows, then its weights
constexpr int stage_numbers = steps_together * step_numbers;
constexpr int panels_behind = stage_numbers / panel_numbers;       // of what is read behind the steps, in the place of a stage
constexpr int pool_bytes = stages * stage_numbers * 2;

__host__ __device__ std::int32_t row_blocks(const Run& run) { return (run.rows16 + sliced_lines - 1) / sliced_lines; }

// What a thread block does, as for_each_tile has it (wide_piped.cu), of tiles from `first` to before `end`, for all rows. work(tile, first row).
template <class Work>
__device__ void for_each_sliced(const Run& run, std::int32_t first, std::int32_t end, Work work) {
    const std::int32_t blocks = row_blocks(run);
    for (auto t = static_cast<std::int32_t>(blockIdx.x); t < (end - first) * blocks; t += static_cast<std::int32_t>(gridDim.x))
        work(run.tiles[first + t / blocks], std::int64_t{t % blocks} * sliced_lines);
}

// Panel n of a tile's sums as it is counted in the tile, or -1: a slice of one panel leaves its second place free.
__device__ int panel_in_tile(const PlanTile& tile, int n) {
    const auto single = static_cast<unsigned>(tile.begin);
    const int slice = n / slice_panels, half = n % slice_panels;
    if (slice >= tile.end || (half == 1 && (single >> slice & 1u) != 0)) return -1;
    return n - __popc(single & ((1u << slice) - 1));
}

// Across: weights are multiplied by nodes (operand flows), else by positions (values).
template <bool across>
class SlicedPipe : public Places<stages> {
    using Ring = Places<stages>;
    using Ring::advance, Ring::leave, Ring::wait_for_place, Ring::there_, Ring::place_;

public:
    using Place = GroupPlace<sliced_lines, most_slices * slice_panels * static_cast<int>(panel)>;
    using Sums = typename Place::Sums;

    __device__ SlicedPipe() {
        JUICE_POOL(Bf16, pool, stages * stage_numbers);
        JUICE_SHARED(std::uint32_t, step_list, stages * steps_together);
        stages_ = pool;
        steps_ = step_list;
        __syncthreads();
    }

    // By the feeders: asks for a tile's steps. Each has a panel of a step's rows, if there are so many, and every feeders-th slice.
    __device__ void feed(const Run& run, const PlanTile& tile, const Bf16* rows, const Bf16* weights, std::int32_t row_count) {
        static_assert(steps_together * step_words == warp_lanes && most_slices == 2 * feeders && step_panels <= feeders);
        const int lane = static_cast<int>(threadIdx.x) % warp_lanes, mine = static_cast<int>(threadIdx.x) / warp_lanes % feeders;
        // Of the lanes of a step the first two ask for a slice's weights, the next two for another's, and one for rows.
        const int own = lane / step_words, role = lane % step_words, slice = mine + role / 2 % 2 * feeders, part = role % 2;
        const bool single = (static_cast<unsigned>(tile.begin) >> slice & 1u) != 0;
        const std::int32_t* words = run.maps + tile.in_panel + lane;
        std::int32_t word = *words;
        for (std::int32_t left = tile.in_panels; left > 0; --left, advance()) {
            const std::int32_t now = word;
            words += warp_lanes;
            if (left > 1) word = *words;
            const auto own_word = [&](int i) { return __shfl_sync(~0u, now, own * step_words + i, warp_lanes); };
            const SlicedStep step{static_cast<std::uint32_t>(own_word(0))};
            const std::int32_t place = own_word(step_places + slice), hop = own_word(step_hops + slice / 2) >> slice % 2 * 16 & 0xffff;
            // Of the panels of weights, in the order of memory, those that lie one behind the other are a piece: of a panel of what is added up over (across: of a
            // panel of positions) all of the slice, or everything.
            const int inner = across ? step.panels() : single ? 1 : slice_panels, outer = across ? (single ? 1 : slice_panels) : step.panels();
            const bool whole = inner == slice_panels && hop == slice_panels;
            unsigned bytes = 0;
            const Bf16* from = weights;
            int to = own * step_numbers;
            if (role < 4 && (step.slices() >> slice & 1u) != 0 && part < (whole ? 1 : outer)) {
                bytes = static_cast<unsigned>((whole ? inner * outer : inner) * tile_numbers * 2);
                from += (std::int64_t{place} + part * hop) * tile_numbers;
                to += step_panels * panel_numbers + slice * slice_numbers + part * slice_panels * tile_numbers;
            } else if (role == 4 && mine < step.panels()) {
                bytes = static_cast<unsigned>(row_count) * panel * 2;
                from = rows + (step.first_panel() + mine) * run.stride;
                to += mine * panel_numbers;
            }
            unsigned all = bytes;
            for (int d = 1; d < warp_lanes; d *= 2)
                if (d != 8) all += __shfl_xor_sync(~0u, all, d);            // roles are below 8
            wait_for_place();
            if (mine == 0 && role == 0) steps_[place_ * steps_together + own] = step.word;
            expect(all);
            if (bytes > 0) copy_bulk(stages_ + place_ * stage_numbers + to, from, bytes, there_ + place_);
        }
    }
    // Then for panels that are read once it is multiplied, each part in the place of a stage.
    __device__ void feed_behind(const Run& run, const Bf16* from, std::int32_t panels, std::int32_t row_count) {
        const int own = fed_piece();
        const auto bytes = static_cast<unsigned>(row_count) * static_cast<unsigned>(panel) * 2;
        for (std::int32_t first = 0; first < most_slices * slice_panels; first += panels_behind, advance()) {
            const std::int32_t left = panels - first < panels_behind ? panels - first : panels_behind;
            wait_for_place();
            expect(share_bytes(left, own % feeders, bytes));
            if (own < left) copy_bulk(stages_ + place_ * stage_numbers + own * panel_numbers, from + (first + own) * run.stride, bytes, there_ + place_);
        }
    }

    // By the others: acc += Σ over a tile's steps.
    __device__ void multiply(Sums& acc) {
        const int group = static_cast<int>(threadIdx.x) / group_threads;
        const GroupSide rows = GroupSide(stages_, panel_numbers).further(group * 64 * static_cast<int>(panel));
        const GroupSide weights(stages_ + step_panels * panel_numbers, across ? slice_panels * tile_numbers : static_cast<int>(panel));
        bool last = false;
        for (int before = -1; !last; advance()) {
            this->wait();
            begin_products();
#pragma unroll 1
            for (int s = 0; s < steps_together; ++s) {
                const SlicedStep step{steps_[place_ * steps_together + s]};
                const GroupSide x = rows.further(place_ * stage_numbers + s * step_numbers).kept(), y = weights.further(place_ * stage_numbers + s * step_numbers).kept();
                last = step.last();
                if (step.panels() == step_panels) multiply_slices<step_panels>(acc, step.slices(), x, y);
                else multiply_slices<1>(acc, step.slices(), x, y);
            }
            commit_products();
            wait_for_products<1>();
            if (before >= 0) leave(before);         // the stage before has been multiplied
            before = place_;
            if (!last) continue;
            wait_for_products<0>();
            leave(before);
        }
    }
    // The next part of what came behind them, until it is released.
    __device__ const Bf16* behind() {
        this->wait();
        return stages_ + place_ * stage_numbers;
    }

private:
    Bf16* stages_;
    std::uint32_t* steps_;

    template <int panels>
    __device__ static void multiply_slices(Sums& acc, std::uint32_t slices, const GroupSide& x, const GroupSide& y) {
#pragma unroll
        for (int i = 0; i < most_slices; ++i) {
            if ((slices >> i & 1u) == 0) continue;
#pragma unroll
            for (int k = 0; k < panels; ++k)
                multiply_later<true, !across>(reinterpret_cast<float(&)[16]>(acc[i * 16]), x.further(k * panel_numbers), y.further(i * slice_numbers + k * (across ? 1 : slice_panels) * tile_numbers));
        }
    }
    __device__ void expect(unsigned bytes) {
        __syncwarp();
        if (threadIdx.x % warp_lanes == 0) expect_bytes(there_ + place_, bytes);
    }
};

// ---- kernels ----

// feed(pipe, tile, its operation, first row, so many rows) by the feeders, work(pipe, tile, first row, the tile's sums) by the others, for all tiles.
template <class Pipe, class Feed, class Work>
__device__ void for_each_product(const Run& run, std::int32_t first, std::int32_t end, Feed feed, Work work) {
    begin_early();
    Pipe pipe;
    wait_for_earlier();
    if (pipe.feeds()) {
        for_each_sliced(run, first, end, [&](const PlanTile& tile, std::int64_t first_row) {
            const std::int32_t left = rows_from(run, first_row);
            feed(pipe, tile, run.operations[tile.target], first_row, left < sliced_lines ? left : sliced_lines);
        });
        return;
    }
    for_each_sliced(run, first, end, [&](const PlanTile& tile, std::int64_t first_row) {
        typename Pipe::Sums acc = {};
        pipe.multiply(acc);
        work(pipe, tile, first_row, acc);
    });
}

__global__ void __launch_bounds__(pipe_threads, 1) sliced_values_kernel(const __grid_constant__ Run run, std::int32_t first, std::int32_t end) {
    using Pipe = SlicedPipe<false>;
    for_each_product<Pipe>(
        run, first, end,
        [&](Pipe& pipe, const PlanTile& tile, const PlanOperation& operation, std::int64_t first_row, std::int32_t rows) {
            pipe.feed(run, tile, run.elements16 + operand_place(run, operation, first_row), shadow_of(run, operation), rows);
        },
        [&](Pipe&, const PlanTile& tile, std::int64_t first_row, const Pipe::Sums& acc) {
            const Pipe::Place mine;
            float* const values = run.values + value_place(run, run.operations[tile.target], first_row) + tile.panel * run.stride;
            write_lines(run, tile, first_row, mine, [&](int m, auto see) {
#pragma unroll
                for (int n = 0; n < Pipe::Place::fours; ++n) {
                    const int q = panel_in_tile(tile, n), position = mine.four_at(n) % static_cast<int>(panel);
                    const float4 four = mine.four(acc, m, n);
                    if (q < 0) continue;
                    store4(values + mine.line_at(m) * panel + q * run.stride + position, four);
                    see_four(see, q * static_cast<int>(panel) + position, four);
                }
            });
        });
}

__global__ void __launch_bounds__(pipe_threads, 1) sliced_operand_kernel(const __grid_constant__ Run run, std::int32_t first, std::int32_t end) {
    using Pipe = SlicedPipe<true>;
    using Place = Pipe::Place;
    for_each_product<Pipe>(
        run, first, end,
        [&](Pipe& pipe, const PlanTile& tile, const PlanOperation& operation, std::int64_t first_row, std::int32_t rows) {
            pipe.feed(run, tile, run.gradients16 + value_place(run, operation, first_row), shadow_of(run, operation), rows);
            pipe.feed_behind(run, run.elements16 + operand_place(run, operation, first_row) + tile.panel * run.stride, tile.panels, rows);
        },
        [&](Pipe& pipe, const PlanTile& tile, std::int64_t first_row, const Pipe::Sums& acc) {
            const Place mine;
            float* const flows = run.element_flows + operand_place(run, run.operations[tile.target], first_row) + tile.panel * run.stride;
#pragma unroll
            for (int begin = 0; begin < Place::fours; begin += panels_behind) {
                const Bf16* elements = pipe.behind();
#pragma unroll
                for (int n = 0; n < Place::fours; ++n) {
                    // Panels of the tile lie behind each other, whatever places slices of one panel leave free: a panel may come with the part before its place's.
                    const int q = panel_in_tile(tile, n), position = mine.four_at(n) % static_cast<int>(panel);
                    if (q < begin || q >= begin + panels_behind) continue;
#pragma unroll
                    for (int m = 0; m < Place::lines; ++m) {
                        const int line = mine.line_at(m);
                        const float4 sum = mine.four(acc, m, n);
                        if (first_row + line >= run.rows16) continue;
                        const float4 element = from_four(elements + swapped((q - begin) * panel_numbers + line * static_cast<int>(panel) + position));
                        store4(flows + q * run.stride + line * panel + position, make_float4(sum.x * element.x, sum.y * element.y, sum.z * element.z, sum.w * element.w));
                    }
                }
                pipe.release();
            }
        });
}

template <class Kernel>
void launch(const Run& run, Kernel kernel, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    JUICE_LAUNCH_IN_CHAIN(kernel, pipe_blocks(run, (end - begin) * row_blocks(run)), dim3(pipe_threads), static_cast<std::size_t>(pool_bytes), stream, run, begin, end);
}

}  // namespace

// ---- launchers ----

void prepare_sliced_sums() {
#if !defined(JUICE_CUDA_EMULATION)
    ask_for_pool(pool_bytes, sliced_values_kernel, sliced_operand_kernel);
#endif
}

void sliced_values(const Run& run, const PlanStage& stage, cudaStream_t stream) { launch(run, sliced_values_kernel, stage.value_sliced_begin, stage.value_sliced_end, stream); }
void sliced_operand_flows(const Run& run, const PlanStage& stage, cudaStream_t stream) { launch(run, sliced_operand_kernel, stage.operand_sliced_begin, stage.operand_sliced_end, stream); }

}  // namespace juice::cuda
