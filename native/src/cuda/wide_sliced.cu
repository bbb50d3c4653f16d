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

// Four groups of warps multiply, each half of the rows with half of the slices.
constexpr int workers = 4 * group_threads, sliced_threads = workers + feeders * warp_lanes, own_slices = most_slices / 2, own_panels = own_slices * slice_panels;
struct SlicedPlace : GroupPlace<sliced_lines, own_panels * static_cast<int>(panel)> {
    int half;               // of the slices
    __device__ SlicedPlace() : GroupPlace(static_cast<int>(threadIdx.x) % block_threads), half(static_cast<int>(threadIdx.x) / block_threads) {}
};

__host__ __device__ std::int32_t row_blocks(const Run& run) { return (run.rows16 + sliced_lines - 1) / sliced_lines; }

// What a thread block does, as for_each_tile has it (wide_piped.cu), of tiles from `first` to before `end`, for all rows. work(tile, first row).
template <class Work>
__device__ void for_each_sliced(const Run& run, std::int32_t first, std::int32_t end, Work work) {
    const std::int32_t blocks = row_blocks(run);
    for (auto t = static_cast<std::int32_t>(blockIdx.x); t < (end - first) * blocks; t += static_cast<std::int32_t>(gridDim.x)) {
        const PlanTile tile = run.tiles[first + t / blocks];
        work(tile, std::int64_t{t % blocks} * sliced_lines);
    }
}

// Across: weights are multiplied by nodes (operand flows), else by positions (values).
template <bool across>
class SlicedPipe : public Places<stages, workers> {
    using Ring = Places<stages, workers>;
    using Ring::wait_for_place, Ring::there_, Ring::free_, Ring::place_, Ring::parity_;

public:
    using Sums = SlicedPlace::Sums;

    __device__ SlicedPipe() : Ring(1) {
        JUICE_POOL(Bf16, pool, stages * stage_numbers);
        JUICE_SHARED(std::uint32_t, step_list, stages);
        static_assert(feeders == stages);
        stages_ = pool;
        steps_ = kept_place(step_list);
        there_ = kept_place(there_);
        free_ = kept_place(free_);
        if (Ring::feeds()) place_ = due_ = static_cast<int>(threadIdx.x) / warp_lanes % feeders;
        __syncthreads();
    }

    // By the feeders, of whom each has a place for itself: asks for a tile's steps.
    __device__ void feed(const Run& run, const PlanTile& tile, const Bf16* rows, const Bf16* weights, std::int32_t row_count) {
        static_assert(steps_together * step_words == warp_lanes && most_slices + step_panels <= step_words);
        // Of the lanes of a step the first ask for a slice's weights each, the next for a panel of rows each.
        const int lane = static_cast<int>(threadIdx.x) % warp_lanes, own = lane / step_words, role = lane % step_words, slice = role % most_slices;
        const bool single = (static_cast<unsigned>(tile.begin) >> slice & 1u) != 0;
        const std::int32_t* words = run.maps + tile.in_panel + own * step_words;
        const auto look = [&](int turn, int at) { return turn < tile.in_panels ? words[turn * warp_lanes + at] : 0; };
        std::int32_t next = look(due_, 0), next_place = look(due_, step_places + slice), next_hops = look(due_, step_hops + slice / 2);
        each_turn(tile.in_panels, [&](int turn) {
            const SlicedStep step{static_cast<std::uint32_t>(next)};
            const std::int32_t place = next_place, hop = next_hops >> slice % 2 * 16 & 0xffff;
            next = look(turn + stages, 0);
            next_place = look(turn + stages, step_places + slice);
            next_hops = look(turn + stages, step_hops + slice / 2);
            // Of the panels of weights, in the order of memory, those that lie one behind the other are a piece: of a panel of what is added up over (across: of a
            // panel of positions) all of the slice, or everything.
            const int inner = across ? step.panels() : single ? 1 : slice_panels, outer = across ? (single ? 1 : slice_panels) : step.panels();
            const bool whole = inner == slice_panels && hop == slice_panels;
            const Bf16* from = weights;
            int to = own * step_numbers, pieces = 0;
            unsigned bytes = 0;
            if (role < most_slices && (step.slices() >> slice & 1u) != 0) {
                pieces = whole ? 1 : outer;
                bytes = static_cast<unsigned>((whole ? inner * outer : inner) * tile_numbers * 2);
                from += std::int64_t{place} * tile_numbers;
                to += step_panels * panel_numbers + slice * slice_numbers;
            } else if (role >= most_slices && role - most_slices < step.panels()) {
                pieces = 1;
                bytes = static_cast<unsigned>(row_count) * panel * 2;
                from = rows + (step.first_panel() + role - most_slices) * run.stride;
                to += (role - most_slices) * panel_numbers;
            }
            const unsigned all = total_in_warp(static_cast<unsigned>(pieces) * bytes);
            const SlicedStep second{static_cast<std::uint32_t>(__shfl_sync(~0u, static_cast<std::int32_t>(step.word), step_words, warp_lanes))};
            wait_for_place();
            if (lane == 0) steps_[place_] = posted(step, second);
            expect(all);
            const auto copy = [&](int piece) {
                if (piece < pieces) copy_bulk(stages_ + place_ * stage_numbers + to + piece * slice_panels * tile_numbers, from + std::int64_t{piece} * hop * tile_numbers, bytes, there_ + place_);
            };
            copy(0);
            if (__ballot_sync(~0u, pieces > 1) != 0) copy(1);
        });
    }
    // Then for panels that are read once it is multiplied, each part in the place of a stage.
    __device__ void feed_behind(const Run& run, const Bf16* from, std::int32_t panels, std::int32_t row_count) {
        const int lane = static_cast<int>(threadIdx.x) % warp_lanes;
        const auto bytes = static_cast<unsigned>(row_count) * static_cast<unsigned>(panel) * 2;
        each_turn((panels + panels_behind - 1) / panels_behind, [&](int part) {
            const std::int32_t first = part * panels_behind, left = panels - first < panels_behind ? panels - first : panels_behind;
            wait_for_place();
            expect(static_cast<unsigned>(left) * bytes);
            if (lane < left) copy_bulk(stages_ + place_ * stage_numbers + lane * panel_numbers, from + (first + lane) * run.stride, bytes, there_ + place_);
        });
    }

    // By the others: acc += Σ over a tile's steps.
    __device__ void multiply(Sums& acc) {
        const int group = static_cast<int>(threadIdx.x) / group_threads, first_slice = group / 2 * own_slices;
        const GroupSide rows = GroupSide(stages_, panel_numbers).further(group % 2 * 64 * static_cast<int>(panel)).kept();
        const GroupSide weights = GroupSide(stages_ + step_panels * panel_numbers, across ? slice_panels * tile_numbers : static_cast<int>(panel)).further(first_slice * slice_numbers).kept();
        for (bool last = false; !last;) {
            const GroupSide x = rows.further(place_ * stage_numbers).kept(), y = weights.further(place_ * stage_numbers).kept();
            this->wait();
            const std::uint32_t steps = load_shared(steps_ + place_), slices = steps >> first_slice;
            last = (steps & posted_last) != 0;
            begin_products();
#pragma unroll
            for (int s = 0; s < steps_together; ++s)
#pragma unroll
                for (int i = 0; i < own_slices; ++i) {
                    if ((slices >> (s * most_slices + i) & 1u) == 0) continue;
                    const auto multiply = [&](int k) {
                        multiply_later<true, !across>(reinterpret_cast<float(&)[16]>(acc[i * 16]), x.further(s * step_numbers + k * panel_numbers),
                                                      y.further(s * step_numbers + i * slice_numbers + k * (across ? 1 : slice_panels) * tile_numbers));
                    };
                    multiply(0);
                    if ((steps & posted_two << s) != 0) multiply(1);
                }
            commit_products();
            wait_for_products<0>();         // behind branches, waiting for fewer waits for nearly all
            this->release();
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
    int due_ = 0;           // of a feeder: how many turns of what is to be fed come before its own

    // What feeders leave of a place's steps for the others: slices that have blocks there, a bit each, of one step after the other; which steps are of two panels;
    // whether they are a tile's last.
    static constexpr std::uint32_t posted_two = 1u << 16, posted_last = 1u << 18;
    __device__ static std::uint32_t posted(SlicedStep first, SlicedStep second) {
        static_assert(steps_together == 2 && step_panels == 2 && 2 * most_slices <= 16);
        return first.slices() | second.slices() << most_slices | (first.panels() == 2 ? posted_two : 0) | (second.panels() == 2 ? posted_two << 1 : 0) | (first.last() ? posted_last : 0);
    }
    // work(turn): a feeder's own of so many turns, which the feeders take one after the other.
    template <class Work>
    __device__ void each_turn(int turns, Work work) {
        for (; due_ < turns; due_ += feeders, parity_ ^= 1) work(due_);
        due_ -= turns;
    }
    __device__ void expect(unsigned bytes) {
        __syncwarp();
        if (threadIdx.x % warp_lanes == 0) expect_bytes(there_ + place_, bytes);
        __syncwarp();
    }
};

// ---- what becomes of a tile's sums: found out before they are there, so that nobody waits for memory then ----

// A thread has four positions of two lines in each panel of its half of a tile; a slice of one panel leaves its second place free.
struct KeptTile {
    static constexpr int lower = 8 * static_cast<int>(panel);           // numbers to the second line
    std::uint32_t panels;               // which places for panels are taken, a bit each: of its half
    std::int32_t first, all;            // panels before its half, and in the tile
    std::int32_t rows;                  // from the thread's first line on
    std::int64_t stride;

    __device__ KeptTile(const Run& run, const PlanTile& tile, std::int64_t first_row, const SlicedPlace& mine) : rows(rows_from(run, first_row) - mine.line), stride(run.stride) {
        auto free = static_cast<unsigned>(tile.begin);          // its bits are put apart, so that they stand for second places
        free = (free | free << 4) & 0x0f0fu;
        free = (free | free << 2) & 0x3333u;
        free = (free | free << 1) & 0x5555u;
        panels = ((1u << tile.end * slice_panels) - 1) & ~(free << 1);
        all = __popc(panels);
        first = mine.half == 0 ? 0 : __popc(panels & ((1u << own_panels) - 1));
        panels = panels >> mine.half * own_panels & ((1u << own_panels) - 1);
    }
    // work(a four of each line) for every place that is taken.
    template <class Sums, class Work>
    __device__ void for_each_panel(const SlicedPlace& mine, const Sums& acc, Work work) const {
        static_assert(SlicedPlace::lines == 2 && SlicedPlace::fours == own_panels && slice_panels == 2);
#pragma unroll
        for (int n = 0; n < own_panels; ++n) {
            const float4 four[2] = {mine.four(acc, 0, n), mine.four(acc, 1, n)};
            if ((panels >> n & 1u) != 0) work(four);
        }
    }
    __device__ void store(float* to, const float4 (&four)[2]) const {
        if (rows > 0) store4(to, four[0]);
        if (rows > 8) store4(to + lower, four[1]);
    }
};

struct KeptValues : KeptTile {
    float* to;                          // in the first panel of its half
    std::uint8_t* suspects;
    std::int32_t nodes;                 // from the thread's first position on

    __device__ KeptValues(const Run& run, const PlanTile& tile, std::int64_t first_row, const SlicedPlace& mine) : KeptTile(run, tile, first_row, mine) {
        const PlanOperation& operation = run.operations[tile.target];
        to = run.values + value_place(run, operation, first_row + mine.line) + (tile.panel + first) * run.stride + mine.four_at(0);
        suspects = run.suspects + std::int64_t{tile.target} * run.rows16 + first_row + mine.line;
        nodes = static_cast<std::int32_t>(operation.nodes - (tile.panel + first) * panel) - mine.four_at(0);
    }
    template <class Pipe>
    __device__ void keep(Pipe&, const SlicedPlace& mine, const typename Pipe::Sums& acc) const {
        float* at = to;
        std::int32_t left = nodes;
        float least[2] = {1, 1};
        for_each_panel(mine, acc, [&](const float4 (&four)[2]) {
            store(at, four);
#pragma unroll
            for (int m = 0; m < 2; ++m) {
                if (left >= 4) least[m] = fminf(least[m], fminf(fminf(four[m].x, four[m].y), fminf(four[m].z, four[m].w)));
                else if (left > 0) least[m] = fminf(least[m], fminf(four[m].x, fminf(left > 1 ? four[m].y : 1, left > 2 ? four[m].z : 1)));
            }
            at += stride;
            left -= static_cast<std::int32_t>(panel);
        });
        if (rows > 0 && least[0] < lowest_value) suspects[0] = 1;
        if (rows > 8 && least[1] < lowest_value) suspects[8] = 1;
    }
};

struct KeptOperandFlows : KeptTile {
    float* to;                          // in the first panel of its half

    __device__ KeptOperandFlows(const Run& run, const PlanTile& tile, std::int64_t first_row, const SlicedPlace& mine) : KeptTile(run, tile, first_row, mine) {
        to = run.element_flows + operand_place(run, run.operations[tile.target], first_row + mine.line) + (tile.panel + first) * run.stride + mine.four_at(0);
    }
    template <class Pipe>
    __device__ void keep(Pipe& pipe, const SlicedPlace& mine, const typename Pipe::Sums& acc) const {
        static_assert(own_panels <= panels_behind);
        const auto own = static_cast<int>(swapped(mine.line * static_cast<int>(panel) + mine.four_at(0)));
        float* at = to;
        const Bf16* elements = pipe.behind() + own + first * panel_numbers;
        int left = panels_behind - first, later = all - panels_behind;          // panels of this part, and of those that come after it
        const auto next = [&] {
            pipe.release();
            elements = pipe.behind() + own;
            left = panels_behind;
            later -= panels_behind;
        };
        for_each_panel(mine, acc, [&](const float4 (&four)[2]) {
            if (left == 0) next();
            float4 flows[2];
#pragma unroll
            for (int m = 0; m < 2; ++m) {
                const float4 element = from_four(elements + m * lower);
                flows[m] = make_float4(four[m].x * element.x, four[m].y * element.y, four[m].z * element.z, four[m].w * element.w);
            }
            store(at, flows);
            elements += panel_numbers;
            at += stride;
            --left;
        });
        if (later > 0) next();
        pipe.release();
    }
};

// ---- kernels ----

// feed(pipe, tile, its operation, first row, so many rows) by the feeders, for all tiles, of whose sums the others make what Kept does.
template <class Pipe, class Kept, class Feed>
__device__ void for_each_product(const Run& run, std::int32_t first, std::int32_t end, Feed feed) {
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
        const SlicedPlace mine;
        const Kept kept(run, tile, first_row, mine);
        typename Pipe::Sums acc = {};
        pipe.multiply(acc);
        kept.keep(pipe, mine, acc);
    });
}

__global__ void __launch_bounds__(sliced_threads, 1) sliced_values_kernel(const __grid_constant__ Run run, std::int32_t first, std::int32_t end) {
    using Pipe = SlicedPipe<false>;
    for_each_product<Pipe, KeptValues>(run, first, end, [&](Pipe& pipe, const PlanTile& tile, const PlanOperation& operation, std::int64_t first_row, std::int32_t rows) {
        pipe.feed(run, tile, run.elements16 + operand_place(run, operation, first_row), shadow_of(run, operation), rows);
    });
}

__global__ void __launch_bounds__(sliced_threads, 1) sliced_operand_kernel(const __grid_constant__ Run run, std::int32_t first, std::int32_t end) {
    using Pipe = SlicedPipe<true>;
    for_each_product<Pipe, KeptOperandFlows>(run, first, end, [&](Pipe& pipe, const PlanTile& tile, const PlanOperation& operation, std::int64_t first_row, std::int32_t rows) {
        pipe.feed(run, tile, run.gradients16 + value_place(run, operation, first_row), shadow_of(run, operation), rows);
        pipe.feed_behind(run, run.elements16 + operand_place(run, operation, first_row) + tile.panel * run.stride, tile.panels, rows);
    });
}

template <class Kernel>
void launch(const Run& run, Kernel kernel, std::int32_t begin, std::int32_t end, cudaStream_t stream) {
    JUICE_LAUNCH_IN_CHAIN(kernel, pipe_blocks(run, (end - begin) * row_blocks(run)), dim3(sliced_threads), static_cast<std::size_t>(pool_bytes), stream, run, begin, end);
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
