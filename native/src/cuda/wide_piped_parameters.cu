// Parameter flows of large launches of wide sums by Hopper's groups (wide_pipe.h), with EM where it is applied at once: of pieces of blocks, and of gathered
// pieces, a product of all of a piece's nodes with all of its panels of the operand, of which what has weights is kept.
#include <algorithm>

#include "cuda/deal.h"
#include "cuda/pool.h"
#include "cuda/wide_pipe.h"
#include "cuda/wide_results.h"

namespace juice::cuda {

namespace {

constexpr int tile_lines = 128, tile_columns = 256, column_panels = tile_columns / static_cast<int>(panel), stages = 4;
using Pipe = WidePipe<tile_lines, tile_columns, stages, true>;
using Place = GroupPlace<tile_lines, tile_columns>;

// Behind a piece's steps come its weights, or their bf16 copies where they are not updated at once: so many panels of the operand a part.
constexpr int panels_a_part = Pipe::stage_size * 2 / (tile_lines * static_cast<int>(panel) * 4), parts = (column_panels + panels_a_part - 1) / panels_a_part;

// A piece of a block, as GatheredPiece has it: one row of blocks.
struct BlockPiece {
    static constexpr int rows = 1;
    const PlanTile& tile;
    const PlanBlock& block;
    int columns;

    __device__ BlockPiece(const PlanTile& tile_, const PlanBlock& block_) : tile(tile_), block(block_), columns(tile.in_panels) {}
    __device__ std::int32_t operand_panel(int q) const { return block.in_panel + tile.in_panel + q; }
    __device__ std::int32_t node_panel(int p) const { return block.out_panel + tile.panel + p; }
    __device__ std::int32_t row_at(int q, int) const { return static_cast<std::int32_t>(block.weights / (panel * panel)) + (tile.in_panel + q) * block.out_panels + tile.panel; }
    __device__ std::int32_t panel_at(int q, int p) const { return row_at(q, 0) + p; }
};

// What a thread of the feeders knows of a piece. It is found out a piece ahead, in two rounds between which there is something else to do: what look() asks for is
// there when look_further() needs it, and what that asks for when the piece comes.
template <bool gathered>
struct FedTile {
    PlanTile tile;
    PlanOwner owner;
    PlanBlock block;                // of a piece of one
    PlanOperation first_use;
    std::int32_t blocked, operand_panel, gradient_panel;            // its panels of the elements and gradients
    std::int32_t place, node_panel;             // of its panel of weights; of the nodes of the first eight of these
    std::int32_t pieces[parts], behind;         // what it asks for behind the steps, and where that goes

    __device__ void look(const Run& run, const PlanTile& of, const EmCoefficients& em, const Pass& pass) {
        tile = of;
        owner = run.owners[tile.target];
        blocked = pass.in_place ? em.blocked[tile.target] : 0;
        if constexpr (gathered) find(GatheredPiece(run, tile));
        else block = run.blocks[tile.begin];
    }
    __device__ void look_further(const Run& run) {
        first_use = run.operations[owner.uses == 1 ? owner.operation : run.uses[owner.use_begin]];
        if constexpr (!gathered) find(BlockPiece(tile, block));
    }
    __device__ bool in_place(const Pass& pass) const { return pass.in_place && updates_in_place(owner) && !blocked; }
    __device__ int height() const { return gathered ? tile.panels / (tile.end - tile.begin) : tile.panels; }

private:
    template <class Piece>
    __device__ void find(const Piece& piece) {
        const int mine = fed_piece(), row = mine % piece.rows, q = mine / piece.rows;
        behind = q * wide_panels + row * height();
        const int line = fed_piece(Pipe::a_rotation);
        operand_panel = mine < piece.columns ? piece.operand_panel(mine) : 0;
        gradient_panel = line < tile.panels ? piece.node_panel(line) : 0;
        node_panel = mine < tile.panels ? piece.node_panel(mine) : 0;
        place = mine / wide_panels < piece.columns && mine % wide_panels < tile.panels ? piece.panel_at(mine / wide_panels, mine % wide_panels) : -1;
#pragma unroll
        for (int part = 0; part < parts; ++part) pieces[part] = q < panels_a_part && part * panels_a_part + q < piece.columns ? piece.row_at(part * panels_a_part + q, row) : -1;
    }
};

// Of every panel of the operand the rows of blocks that it has, each in its nodes' place.
struct ParametersBehind {
    static constexpr int parts = juice::cuda::parts;
    const char* first;
    int bytes, size;
    std::int32_t pieces[parts], to;

    template <class Tile>
    __device__ ParametersBehind(const Run& run, const Tile& of, bool in_place) {
        first = in_place ? reinterpret_cast<const char*>(run.parameters + of.owner.parameters) : reinterpret_cast<const char*>(run.weights16 + of.owner.shadow);
        size = static_cast<int>(panel * panel) * (in_place ? 4 : 2);
        bytes = of.height() * size;
        to = of.behind * size / 2;
#pragma unroll
        for (int part = 0; part < parts; ++part) pieces[part] = of.pieces[part];
    }
    __device__ bool has(int part) const { return pieces[part] >= 0; }
    __device__ unsigned fed_bytes(int part) const { return static_cast<unsigned>(__popc(__ballot_sync(~0u, has(part))) * bytes); }
    template <class Copy>
    __device__ void copy(int part, Copy copy) const {
        copy(to, first + std::int64_t{pieces[part]} * size, static_cast<unsigned>(bytes));
    }
};

// The steps of a piece, by the feeders: a thread knows where its own panels of gradients and elements lie.
struct FedParameterSteps {
    static constexpr bool a_along = false, b_along = false;
    static constexpr Gathered a_gathered = Gathered::None, b_gathered = Gathered::None;
    const Run& run;
    const std::int32_t *use, *end;
    std::int64_t gradients_at, elements_at;
    std::int32_t panels, columns;
    WideRun at;

    template <class Tile>
    __device__ FedParameterSteps(const Run& of, const Tile& mine)
        : run(of), use(run.uses + mine.owner.use_begin + 1), end(run.uses + mine.owner.use_end), gradients_at(mine.gradient_panel * run.stride),
          elements_at(mine.operand_panel * run.stride), panels(mine.tile.panels), columns(mine.tile.in_panels), at(run_over(mine.first_use)) {}
    __device__ WideRun run_over(const PlanOperation& operation) const {
        return {run.gradients16 + value_place(run, operation, 0) + gradients_at, run.elements16 + operand_place(run, operation, 0) + elements_at, panel, panel, run.rows16};
    }
    __device__ bool next(WideSide& a, WideSide& b) {
        if (at.left == 0) {
            if (use == end) return false;
            at = run_over(run.operations[*use++]);
        }
        a = {at.a, 0, 0, panels, nullptr};
        b = {at.b, 0, 0, columns, nullptr};
        a.lines = b.lines = at.take(wide_step);
        return true;
    }
};

// What feeders leave of a piece for the others before they ask for its first step. They cannot be further ahead than there are places for steps, and a piece has
// as many: so two of these are enough.
struct PostedTile {
    std::int64_t numbers, shadow;           // where the owner's weights or flows begin, and the bf16 copies
    std::int64_t first_node;                // the owner's
    std::int32_t panels;                    // of nodes
    bool in_place, last;                    // last: of the thread block's
    std::int32_t node_panels[wide_panels];  // the owner's, of the piece's nodes
    std::int32_t places[column_panels * wide_panels];       // of panels of weights: [panel of the operand][panel of nodes]; GatheredPiece::panel_at
};
static_assert(1 + parts >= stages);
static_assert(column_panels * wide_panels == feeders * warp_lanes);

// Four numbers in bf16, in one store.
__device__ inline void store_four(Bf16* to, float4 x) {
    const unsigned first = to_pair(x.x, x.y), second = to_pair(x.z, x.w);
#if defined(JUICE_CUDA_EMULATION)
    *reinterpret_cast<std::uint64_t*>(to) = to_four(first, second);
#else
    asm volatile("st.global.v2.u32 [%0], {%1, %2};" ::"l"(__cvta_generic_to_global(to)), "r"(first), "r"(second) : "memory");
#endif
}

// What becomes of a thread's sums: two lines of a panel of nodes, in each panel of the operand four of one and four of the other, eight lines below.
struct KeptParameters {
    static constexpr int lower = 8 * static_cast<int>(panel);
    bool add;
    float* numbers;             // of the upper line, where its panel of weights has place 0
    Bf16* shadows;
    Em own[2] = {};

    // p: the panel of nodes, which may not be there; line, column: of the thread in a panel of weights.
    __device__ KeptParameters(const Run& run, const PostedTile& tile, int p, int line, int column, const EmCoefficients& em, const Pass& pass) {
        const std::int64_t at = line * panel + column, node = tile.first_node + tile.node_panels[p] * panel + line;
        add = pass.add;
        numbers = kept_global((tile.in_place ? run.parameters : run.flows) + tile.numbers + at);
        shadows = kept_global(run.weights16 + tile.shadow + swapped(at));
        if (!tile.in_place || p >= tile.panels) return;
#pragma unroll
        for (int m = 0; m < 2; ++m) own[m] = {em.keep[node + 8 * m], em.gain[node + 8 * m], em.share[node + 8 * m]};
    }
    // Two panels of weights at a time, whose loads and arithmetic hide behind each other: places[k], negative: nowhere; behind: the upper line's weights of the
    // first, or their bf16 copies, of which those of the second lie a panel of the operand further.
    template <bool at_once>
    __device__ void keep(const std::int32_t (&places)[2], const float4 (&products)[2][2], const Bf16* behind) const {
        constexpr int further = wide_panels * static_cast<int>(panel * panel);
        float4 next[2][2];
        if constexpr (at_once) {
#pragma unroll
            for (int k = 0; k < 2; ++k)
#pragma unroll
                for (int m = 0; m < 2; ++m) next[k][m] = load4(reinterpret_cast<const float*>(behind) + k * further + m * lower);
#pragma unroll
            for (int k = 0; k < 2; ++k)
#pragma unroll
                for (int m = 0; m < 2; ++m) {
                    const float4 old = next[k][m], product = products[k][m];
                    const float2 low = from_pair(to_pair(old.x, old.y)), high = from_pair(to_pair(old.z, old.w));   // the weights in bf16 again: less than to read them
                    next[k][m] = make_float4(em_weight(old.x, low.x * product.x, own[m]), em_weight(old.y, low.y * product.y, own[m]),
                                             em_weight(old.z, high.x * product.z, own[m]), em_weight(old.w, high.y * product.w, own[m]));
                }
        } else {
#pragma unroll
            for (int k = 0; k < 2; ++k)
#pragma unroll
                for (int m = 0; m < 2; ++m) {
                    const float4 shadow = from_four(behind + k * further + m * lower), product = products[k][m];
                    const float4 old = add && places[k] >= 0 ? load4(numbers + places[k] * (panel * panel) + m * lower) : make_float4(0, 0, 0, 0);
                    next[k][m] = make_float4(fmaf(shadow.x, product.x, old.x), fmaf(shadow.y, product.y, old.y), fmaf(shadow.z, product.z, old.z), fmaf(shadow.w, product.w, old.w));
                }
        }
#pragma unroll
        for (int k = 0; k < 2; ++k) {
            if (places[k] < 0) continue;
            float* const to = numbers + places[k] * (panel * panel);
            Bf16* const to_shadow = shadows + places[k] * (panel * panel);
#pragma unroll
            for (int m = 0; m < 2; ++m) {
                store4(to + m * lower, next[k][m]);
                if constexpr (at_once) store_four(to_shadow + m * lower, next[k][m]);
            }
        }
    }
};

// Keeps a tile's sums. own: lane q has the place of this warp's weights for panel q of the operand.
template <bool at_once, int part = 0>
__device__ void keep_tile(Pipe& pipe, const Pipe::Sums& acc, const KeptParameters& kept, std::int32_t own) {
    static_assert(panels_a_part % 2 == 0 && Place::fours % 2 == 0);
    const Place mine;
    constexpr int begin = part * panels_a_part, end = begin + panels_a_part < Place::fours ? begin + panels_a_part : Place::fours;
    const int number = mine.line * static_cast<int>(panel) + mine.four_at(0);
    const Bf16* const behind = pipe.behind() + (at_once ? 2 * number : swapped(number));
#pragma unroll
    for (int n = begin; n < end; n += 2) {
        const std::int32_t places[2] = {__shfl_sync(~0u, own, n, warp_lanes), __shfl_sync(~0u, own, n + 1, warp_lanes)};
        if (places[0] < 0 && places[1] < 0) continue;
        const float4 products[2][2] = {{mine.four(acc, 0, n), mine.four(acc, 1, n)}, {mine.four(acc, 0, n + 1), mine.four(acc, 1, n + 1)}};
        kept.keep<at_once>(places, products, behind + (n - begin) * wide_panels * static_cast<int>(panel * panel) * (at_once ? 2 : 1));
    }
    pipe.release();
    if constexpr (part + 1 < parts) keep_tile<at_once, part + 1>(pipe, acc, kept, own);
}

// ---- the kernel ----

template <bool gathered>
__device__ void feed_pieces(Pipe& pipe, const Run& run, std::int32_t first, std::int32_t end, Hand& hand, PostedTile* posted, const EmCoefficients& em, const Pass& pass) {
    PlanTile next = run.tiles[first];
    FedTile<gathered> mine;
    wait_for_earlier();
    mine.look(run, next, em, pass);
    mine.look_further(run);
    bool last = false;
    for (int i = 0; !last; ++i) {
        const std::int32_t number = hand.behind(i);
        last = number >= end;
        const bool in_place = mine.in_place(pass);
        if (!last) next = run.tiles[number];
        PostedTile& post = posted[i % 2];
        if (threadIdx.x == block_threads) {
            post.numbers = in_place ? mine.owner.parameters : mine.owner.flows;
            post.shadow = mine.owner.shadow;
            post.first_node = mine.owner.first_node;
            post.panels = mine.tile.panels;
            post.in_place = in_place;
            post.last = last;
        }
        post.places[fed_piece()] = mine.place;
        if (fed_piece() < wide_panels) post.node_panels[fed_piece()] = mine.node_panel;
        const ParametersBehind behind(run, mine, in_place);
        pipe.feed_steps(FedParameterSteps(run, mine), false);
        pipe.feed_behind(behind, [&](int part) {
            if (last) return;
            if (part == 0) mine.look(run, next, em, pass);
            if (part == 1) mine.look_further(run);
        });
    }
}

template <bool gathered>
__global__ void __launch_bounds__(pipe_threads, 1) piped_parameters_kernel(const Run run, const Deal deal, const EmCoefficients em, const Pass pass) {
    begin_early();
    Hand hand(deal);
    Pipe pipe;
    JUICE_SHARED(PostedTile, posted, 2);
    const std::int32_t first = hand.first();
    __syncthreads();
    if (first >= deal.end) return;
    if (pipe.feeds()) return feed_pieces<gathered>(pipe, run, first, deal.end, hand, posted, em, pass);
    wait_for_earlier();
    // A warp's lines are of one panel of nodes; lane q knows where its weights for panel q of the operand are.
    const Place mine;
    const int p = mine.line / static_cast<int>(panel), lane = static_cast<int>(threadIdx.x) % warp_lanes;
    bool last = false;
    for (bool odd = false; !last; odd = !odd) {
        pipe.wait();
        const PostedTile& tile = posted[odd ? 1 : 0];
        last = tile.last;
        const std::int32_t own = lane < column_panels ? tile.places[lane * wide_panels + p] : -1;
        const KeptParameters kept(run, tile, p, mine.line % static_cast<int>(panel), mine.four_at(0), em, pass);
        Pipe::Sums acc = {};
        pipe.multiply<FedParameterSteps>(acc);
        if (tile.in_place) keep_tile<true>(pipe, acc, kept, own);
        else keep_tile<false>(pipe, acc, kept, own);
    }
}

// blocks: that have pieces beforehand. joining: blocks that join them later; 0: the launch is theirs.
template <bool gathered>
void launch(const Run& run, std::int32_t begin, std::int32_t end, std::int32_t blocks, std::int32_t joining, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    if (begin == end) return;
    blocks = std::min(end - begin, blocks);
    const Deal deal{begin, end, begin + Deal::beforehand * blocks, run.dealt + gathered, joining > 0};
    const dim3 grid(static_cast<unsigned>(joining > 0 ? joining : blocks));
    JUICE_LAUNCH_WITH(piped_parameters_kernel<gathered>, grid, dim3(pipe_threads), static_cast<std::size_t>(Pipe::bytes), stream, run, deal, em, pass);
}

}  // namespace

// ---- launchers ----

void prepare_piped_parameters() {
#if !defined(JUICE_CUDA_EMULATION)
    ask_for_pool(Pipe::bytes, piped_parameters_kernel<false>, piped_parameters_kernel<true>);
#endif
}

void piped_parameter_flows(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    launch<false>(run, begin, end, run.multiprocessors - late_blocks(end - begin, run.multiprocessors), 0, em, pass, stream);
}
void late_piped_parameter_flows(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    const std::int32_t late = late_blocks(end - begin, run.multiprocessors);
    launch<false>(run, begin, end, run.multiprocessors - late, late, em, pass, stream);
}
void piped_gathered_parameter_flows(const Run& run, std::int32_t begin, std::int32_t end, const EmCoefficients& em, const Pass& pass, cudaStream_t stream) {
    launch<true>(run, begin, end, run.multiprocessors, 0, em, pass, stream);
}

}  // namespace juice::cuda
