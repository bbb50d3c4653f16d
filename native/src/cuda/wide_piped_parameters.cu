// Parameter flows of large launches of wide sums by Hopper's groups (wide_pipe.h), with EM where it is applied at once: of pieces of blocks, two beside each
// other at a time, and of gathered pieces, a product of all of a piece's nodes with all of its panels, of which what has weights is kept.
#include <type_traits>

#include "cuda/pool.h"
#include "cuda/wide_piped.h"

namespace juice::cuda {

namespace {

using Shape = Piped<128, 256, 4, true>;
using Place = Shape::Place;

// A tile's weights, or their bf16 copies where they are not updated at once.
struct ParametersBehind : PanelsBehind<Shape, 4> {
    const char* first;
    std::int64_t stride;        // bytes, from panel to panel

    __device__ ParametersBehind(const Run& run, const PlanTile& tile, bool in_place) {
        const PlanOwner& owner = run.owners[tile.target];
        const ParameterPlaces<false> places(run, tile);
        const int size = in_place ? 4 : 2;
        panels = tile.in_panels;
        bytes = static_cast<unsigned>(tile.panels * panel * panel * size);
        first = (in_place ? reinterpret_cast<const char*>(run.parameters + owner.parameters) : reinterpret_cast<const char*>(run.weights16 + owner.shadow)) + places.first * size;
        stride = places.stride * size;
    }
    template <class Copy>
    __device__ void copy(int part, Copy copy) const {
        copy(fed_piece() * static_cast<int>(bytes) / 2, first + (part * panels_a_part + fed_piece()) * stride, bytes);
    }
};

// The same of a gathered piece: of every panel of the operand the rows of blocks that it has, one after the other. A thread knows its own pieces alone.
struct GatheredBehind {
    static constexpr int panels_a_part = ParametersBehind::panels_a_part, parts = ParametersBehind::parts;
    const char* first;
    int bytes, size;
    std::int32_t mine[parts];

    __device__ GatheredBehind(const Run& run, const PlanTile& tile, bool in_place) {
        const PlanOwner& owner = run.owners[tile.target];
        const GatheredPiece piece(run, tile);
        const int row = fed_piece() % piece.rows, own = fed_piece() / piece.rows;
        first = in_place ? reinterpret_cast<const char*>(run.parameters + owner.parameters) : reinterpret_cast<const char*>(run.weights16 + owner.shadow);
        size = static_cast<int>(panel * panel) * (in_place ? 4 : 2);
        bytes = piece.height * size;
#pragma unroll
        for (int part = 0; part < parts; ++part) {
            const int q = part * panels_a_part + own;
            mine[part] = own < panels_a_part && q < piece.columns ? piece.row_at(q, row) : -1;
        }
    }
    __device__ bool has(int part) const { return mine[part] >= 0; }
    __device__ unsigned fed_bytes(int part) const { return static_cast<unsigned>(__popc(__ballot_sync(~0u, has(part))) * bytes); }
    template <class Copy>
    __device__ void copy(int part, Copy copy) const {
        copy(fed_piece() * bytes / 2, first + std::int64_t{mine[part]} * size, static_cast<unsigned>(bytes));
    }
};

// Of a gathered piece, by the feeders: a thread knows where its own panel of elements lies.
struct FedParameterSteps {
    static constexpr bool a_along = false, b_along = false;
    static constexpr Gathered a_gathered = Gathered::None, b_gathered = Gathered::None;
    const Run& run;
    const std::int32_t *use, *end;
    std::int64_t elements_at = 0;
    std::int32_t out_panel, panels, columns;
    WideRun at{};

    __device__ FedParameterSteps(const Run& of, const PlanTile& tile) : run(of) {
        const PlanOwner& owner = run.owners[tile.target];
        use = run.uses + owner.use_begin;
        end = run.uses + owner.use_end;
        out_panel = tile.panel;
        panels = tile.panels;
        columns = tile.in_panels;
        if (fed_piece() < columns) elements_at = GatheredPiece(run, tile).operand_panel(fed_piece()) * run.stride;
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (at.left == 0) {
            if (use == end) return false;
            const PlanOperation& operation = run.operations[*use++];
            at = {run.gradients16 + value_place(run, operation, 0) + out_panel * run.stride, run.elements16 + operand_place(run, operation, 0) + elements_at, panel, panel,
                  run.rows16};
        }
        a = {at.a, run.stride, 0, panels, nullptr};
        b = {at.b, 0, 0, columns, nullptr};
        a.lines = b.lines = at.take(wide_step);
        return true;
    }
};

// What becomes of a thread's sums: two lines of a panel of nodes, in each panel of the operand four of one and four of the other, eight lines below.
struct KeptParameters {
    static constexpr int lower = 8 * static_cast<int>(panel);
    bool in_place, add;
    float* numbers;             // of the upper line, where its panel of weights has place 0
    Bf16* shadows;
    Em own[2] = {};

    // first_node: of the panel of nodes, which may not be there; line, column: of the thread in a panel of weights.
    __device__ KeptParameters(const Run& run, std::int32_t number, std::int64_t first_node, int line, int column, bool there, const EmCoefficients& em, const Pass& pass) {
        const PlanOwner& owner = run.owners[number];
        const std::int64_t at = line * panel + column, node = owner.first_node + first_node + line;
        in_place = updates_at_once(owner, number, em, pass);
        add = pass.add;
        numbers = (in_place ? run.parameters + owner.parameters : run.flows + owner.flows) + at;
        shadows = run.weights16 + owner.shadow + swapped(at);
        if (!in_place || !there) return;
#pragma unroll
        for (int m = 0; m < 2; ++m) own[m] = {em.keep[node + 8 * m], em.gain[node + 8 * m], em.share[node + 8 * m]};
    }
    // place: of the panel of weights; behind[number] and the next: the upper line's weights, or their bf16 copies.
    template <bool at_once>
    __device__ void keep(std::int64_t place, const float4 (&product)[2], const Bf16* behind, int number) const {
        if constexpr (at_once) {
            float4 next[2];
#pragma unroll
            for (int m = 0; m < 2; ++m) {
                const float4 old = load4(reinterpret_cast<const float*>(behind) + number + m * lower);
                const float2 low = from_pair(to_pair(old.x, old.y)), high = from_pair(to_pair(old.z, old.w));       // the weights in bf16 again: less than to read them
                next[m] = make_float4(em_weight(old.x, low.x * product[m].x, own[m]), em_weight(old.y, low.y * product[m].y, own[m]),
                                      em_weight(old.z, high.x * product[m].z, own[m]), em_weight(old.w, high.y * product[m].w, own[m]));
            }
#pragma unroll
            for (int m = 0; m < 2; ++m) {
                store4(numbers + place + m * lower, next[m]);
                *reinterpret_cast<std::uint64_t*>(shadows + place + m * lower) = to_four(to_pair(next[m].x, next[m].y), to_pair(next[m].z, next[m].w));
            }
        } else {
#pragma unroll
            for (int m = 0; m < 2; ++m) {
                float* const to = numbers + place + m * lower;
                const float4 shadow = from_four(behind + swapped(number) + m * lower), old = add ? load4(to) : make_float4(0, 0, 0, 0);
                store4(to, make_float4(fmaf(shadow.x, product[m].x, old.x), fmaf(shadow.y, product[m].y, old.y), fmaf(shadow.z, product[m].z, old.z), fmaf(shadow.w, product[m].w, old.w)));
            }
        }
    }
};

// Keeps a tile's sums. lines: of the tile, in whole panels; columns: that this warp keeps; place_of(n): where its weights for panel n of the operand lie, negative: nowhere.
template <bool at_once, int part = 0, class PlaceOf>
__device__ void keep_tile(Shape::Pipe& pipe, int lines, int columns, const Shape::Pipe::Sums& acc, const KeptParameters& kept, PlaceOf place_of) {
    const Place mine;
    constexpr int each = ParametersBehind::panels_a_part;
    const Bf16* behind = pipe.behind();
#pragma unroll
    for (int n = part * each; n < (part + 1) * each && n < Place::fours; ++n) {
        if (n * static_cast<int>(panel) >= columns) break;
        const std::int64_t place = place_of(n);
        if (place < 0) continue;
        const float4 product[2] = {mine.four(acc, 0, n), mine.four(acc, 1, n)};
        kept.keep<at_once>(place, product, behind, ((n - part * each) * lines + mine.line) * static_cast<int>(panel) + mine.four_at(0));
    }
    pipe.release();
    if constexpr (part + 1 < ParametersBehind::parts) keep_tile<at_once, part + 1>(pipe, lines, columns, acc, kept, place_of);
}

__device__ bool join_pieces(PlanTile& a, const PlanTile& b) {
    if (a.target != b.target || a.begin != b.begin || a.panel != b.panel || a.in_panel + a.in_panels != b.in_panel) return false;
    a.in_panels += b.in_panels;
    return true;
}

// ---- the kernel ----

// Feeders leave each tile for the others before they ask for its first step. They cannot be further ahead than there are places for steps, and a tile has as
// many: so two of these are enough.
struct PostedTile {
    PlanTile tile;
    bool last;          // of the block's
};
static_assert(1 + ParametersBehind::parts >= Shape::Pipe::bytes / (Shape::Pipe::stage_size * 2));

// work(tile, last): the block's tiles of those from `first` to before `end`, two of them as one where they are of the same nodes and beside each other.
template <bool gathered, class Work>
__device__ void for_each_piece(const Run& run, std::int32_t first, std::int32_t end, Work work) {
    const auto hop = static_cast<std::int32_t>(gridDim.x);
    if constexpr (gathered) {
        PlanTile next = run.tiles[first + static_cast<std::int32_t>(blockIdx.x)];
        for (auto t = first + static_cast<std::int32_t>(blockIdx.x); t < end; t += hop) {
            const PlanTile tile = next;
            if (t + hop < end) next = run.tiles[t + hop];       // under way while this one is fed
            work(tile, t + hop >= end);
        }
    } else {
        for (auto t = first + 2 * static_cast<std::int32_t>(blockIdx.x); t < end; t += 2 * hop) {
            PlanTile tile = run.tiles[t];
            const bool two = t + 1 < end && !join_pieces(tile, run.tiles[t + 1]), last = t + 2 * hop >= end;
            work(tile, last && !two);
            if (two) work(run.tiles[t + 1], last);
        }
    }
}

template <bool gathered>
__global__ void __launch_bounds__(pipe_threads, 1) piped_parameters_kernel(const Run run, std::int32_t first, std::int32_t end, const EmCoefficients em, const Pass pass) {
    using Steps = std::conditional_t<gathered, FedParameterSteps, WideParameterSteps>;
    using Behind = std::conditional_t<gathered, GatheredBehind, ParametersBehind>;
    Shape::Pipe pipe;
    JUICE_SHARED(PostedTile, posted, 2);
    if (pipe.feeds()) {
        bool odd = false;
        for_each_piece<gathered>(run, first, end, [&](const PlanTile& tile, bool last) {
            if (threadIdx.x == block_threads) posted[odd ? 1 : 0] = {tile, last};
            odd = !odd;
            pipe.feed(Steps(run, tile), Behind(run, tile, updates_at_once(run.owners[tile.target], tile.target, em, pass)), false);
        });
        return;
    }
    // A warp's lines are of one panel of nodes.
    const Place mine;
    const int p = mine.line / static_cast<int>(panel), lane = static_cast<int>(threadIdx.x) % warp_lanes;
    bool last = false;
    for (bool odd = false; !last; odd = !odd) {
        pipe.wait();
        const PlanTile tile = posted[odd ? 1 : 0].tile;
        last = posted[odd ? 1 : 0].last;
        const auto lines = static_cast<int>(tile.panels * panel), columns = p < tile.panels ? static_cast<int>(tile.in_panels * panel) : 0;
        const auto keep = [&](std::int32_t first_panel, auto place_of) {
            const KeptParameters kept(run, tile.target, (first_panel + p) * panel, mine.line % static_cast<int>(panel), mine.four_at(0), columns > 0, em, pass);
            Shape::Pipe::Sums acc = {};
            pipe.multiply<Steps>(acc);
            if (kept.in_place) keep_tile<true>(pipe, lines, columns, acc, kept, place_of);
            else keep_tile<false>(pipe, lines, columns, acc, kept, place_of);
        };
        if constexpr (gathered) {
            // Lane q knows where the weights for panel q of the operand are.
            const std::int32_t own = lane * panel < columns ? GatheredPiece(run, tile).panel_at(lane, p) : -1;
            keep(tile.panel, [&](int n) { return __shfl_sync(~0u, own, n, warp_lanes) * (panel * panel); });
        } else {
            const ParameterPlaces<false> places(run, tile);
            keep(places.out_panel, [begin = places.first + p * panel * panel, stride = places.stride](int n) { return begin + n * stride; });
        }
    }
}

template <class Kernel>
void launch(const Run& run, Kernel kernel, std::int32_t tasks, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    if (begin == end) return;
    const dim3 grid(static_cast<unsigned>(tasks < run.multiprocessors ? tasks : run.multiprocessors));
    JUICE_LAUNCH_WITH(kernel, grid, dim3(pipe_threads), static_cast<std::size_t>(Shape::Pipe::bytes), stream, run, begin, end, em, pass);
}

}  // namespace

// ---- launchers ----

void prepare_piped_parameters() {
#if !defined(JUICE_CUDA_EMULATION)
    ask_for_pool(Shape::Pipe::bytes, piped_parameters_kernel<false>, piped_parameters_kernel<true>);
#endif
}

void piped_parameter_flows(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    launch(run, piped_parameters_kernel<false>, (end - begin + 1) / 2, begin, end, em, pass, stream);
}
void piped_gathered_parameter_flows(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    launch(run, piped_parameters_kernel<true>, end - begin, begin, end, em, pass, stream);
}

}  // namespace juice::cuda
