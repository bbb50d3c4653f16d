// What becomes of a wide tile's sums: values, operand flows, and parameter flows with EM. Place says which entries of the tile a thread has.
#pragma once

#include "cuda/coefficients.h"
#include "cuda/kernels.h"
#include "cuda/wide_gathered.h"

namespace juice::cuda {

// A thread's pairs of a line lie in every panel's half, one after the other: pair n stands so far behind pair 0. Of bf16 numbers the halves of some lines have
// changed places (numbers.h); tiles begin at whole eights of lines.
__device__ inline std::int64_t to_pair_of(int n, std::int64_t stride) { return n / 2 * stride + n % 2 * 8; }
__device__ inline std::int64_t to_swapped_pair_of(int line, int n, std::int64_t stride) { return n / 2 * stride + ((n % 2 * 8) ^ (line & 4) * 2); }

// Lines of a tile of values. write(m, see) writes the thread's part of line m and lets see(column, value) see all of it; one that is low marks its row. Whether one
// is.
template <class Place, class Write>
__device__ bool write_lines(const Run& run, const PlanTile& tile, std::int64_t first_row, const Place& mine, Write write) {
    const auto nodes = static_cast<int>(run.operations[tile.target].nodes - tile.panel * panel);
    bool any = false;
#pragma unroll
    for (int m = 0; m < Place::lines; ++m) {
        const std::int64_t row = first_row + mine.line_at(m);
        if (row >= run.rows16) continue;
        bool low = false;
        write(m, [&](int column, float value) { low = low || (column < nodes && value < lowest_value); });
        if (low) run.suspects[std::int64_t{tile.target} * run.rows16 + row] = 1;
        any = any || low;
    }
    return any;
}

// Lets `see` see four values beside each other.
template <class See>
__device__ void see_four(const See& see, int column, float4 four) {
    see(column, four.x);
    see(column + 1, four.y);
    see(column + 2, four.z);
    see(column + 3, four.w);
}

template <class Place>
__device__ bool keep_values(const Run& run, const PlanTile& tile, std::int64_t first_row, const Place& mine, const typename Place::Sums& acc) {
    float* const values = run.values + value_place(run, run.operations[tile.target], first_row) + tile.panel * run.stride + at(run, mine.column_at(0));
    const auto columns = static_cast<int>(tile.panels * panel);
    return write_lines(run, tile, first_row, mine, [&](int m, auto see) {
#pragma unroll
        for (int n = 0; n < Place::pairs; ++n) {
            const int column = mine.column_at(n);
            if (column >= columns) continue;
            const float2 pair = mine.pair(acc, m, n);
            *reinterpret_cast<float2*>(values + mine.line_at(m) * panel + to_pair_of(n, run.stride)) = pair;
            see(column, pair.x);
            see(column + 1, pair.y);
        }
    });
}

// keep_values by fours.
template <class Place>
__device__ bool keep_fours(const Run& run, const PlanTile& tile, std::int64_t first_row, const typename Place::Sums& acc) {
    const Place mine;
    float* const values = run.values + value_place(run, run.operations[tile.target], first_row) + tile.panel * run.stride;
    const auto columns = static_cast<int>(tile.panels * panel);
    return write_lines(run, tile, first_row, mine, [&](int m, auto see) {
#pragma unroll
        for (int n = 0; n < Place::fours; ++n) {
            const int column = mine.four_at(n);
            if (column >= columns) break;
            const float4 four = mine.four(acc, m, n);
            store4(values + mine.line_at(m) * panel + at(run, column), four);
            see_four(see, column, four);
        }
    });
}

template <class Place>
__device__ void keep_operand_flows(const Run& run, const PlanTile& tile, std::int64_t first_row, const Place& mine, const typename Place::Sums& acc) {
    const std::int64_t place = operand_place(run, run.operations[tile.target], first_row) + tile.panel * run.stride + at(run, mine.column_at(0));
    const Bf16* const all_elements = run.elements16 + place;
    float* const flows = run.element_flows + place;
    const auto columns = static_cast<int>(tile.panels * panel);
    unsigned elements[Place::lines][Place::pairs];          // all under way before the first is needed
    const auto for_each = [&](auto work) {
#pragma unroll
        for (int m = 0; m < Place::lines; ++m) {
            if (first_row + mine.line_at(m) >= run.rows16) continue;
#pragma unroll
            for (int n = 0; n < Place::pairs; ++n)
                if (mine.column_at(n) < columns) work(m, n);
        }
    };
    for_each([&](int m, int n) { elements[m][n] = *reinterpret_cast<const unsigned*>(all_elements + mine.line_at(m) * panel + to_swapped_pair_of(mine.line_at(m), n, run.stride)); });
    for_each([&](int m, int n) {
        const float2 element = from_pair(elements[m][n]), sum = mine.pair(acc, m, n);
        *reinterpret_cast<float2*>(flows + mine.line_at(m) * panel + to_pair_of(n, run.stride)) = make_float2(sum.x * element.x, sum.y * element.y);
    });
}

// Where a tile's weights lie, from the owner's first: of its nodes, a panel of the operand after the other, or where its list says.
template <bool gathered>
struct ParameterPlaces {
    std::int64_t first, stride;
    const std::int32_t* places;         // of panels of weights: [panel of the operand][wide_panels of nodes]
    const std::int32_t* nodes;          // the owner's panels
    std::int32_t out_panel;             // of the owner's nodes, where they are beside each other

    __device__ ParameterPlaces(const Run& run, const PlanTile& tile) {
        if constexpr (gathered) {
            JUICE_SHARED(std::int32_t, panel_places, wide_panels * wide_panels);
            const int thread = static_cast<int>(threadIdx.x), q = thread / wide_panels, p = thread % wide_panels;
            JUICE_SHARED(std::int32_t, node_panels, wide_panels);
            const GatheredPiece piece(run, tile);
            if (q < wide_panels) panel_places[thread] = q < tile.in_panels && p < tile.panels ? piece.panel_at(q, p) : -1;
            if (thread < tile.panels) node_panels[thread] = piece.node_panel(thread);
            places = panel_places;
            nodes = node_panels;
            __syncthreads();
        } else {
            const PlanBlock& block = run.blocks[tile.begin];
            stride = std::int64_t{block.out_panels} * panel * panel;
            first = block.weights + tile.in_panel * stride + tile.panel * panel * panel;
            out_panel = block.out_panel + tile.panel;
        }
    }
    __device__ bool has(int line, int column) const {
        if constexpr (gathered) return places[column / static_cast<int>(panel) * wide_panels + line / static_cast<int>(panel)] >= 0;
        else return true;
    }
    // Of the owner's.
    __device__ std::int64_t node(int line) const {
        if constexpr (gathered) return std::int64_t{nodes[line / static_cast<int>(panel)]} * panel + line % static_cast<int>(panel);
        else return std::int64_t{out_panel} * panel + line;
    }
    // Where pair n of a thread's line lies, whose pair 0 is at `column`; in the bf16 copies, or elsewhere.
    template <bool swapped>
    __device__ std::int64_t at(int line, int column, int n) const {
        const int half = column % static_cast<int>(panel) + ((n % 2 * 8) ^ (swapped ? (line & 4) * 2 : 0)), q = column / static_cast<int>(panel);
        if constexpr (gathered) return places[(q + n / 2) * wide_panels + line / static_cast<int>(panel)] * (panel * panel) + line % static_cast<int>(panel) * panel + half;
        else return first + q * stride + line * panel + half + n / 2 * stride;
    }
    // work(place, numbers): what lies in one piece, piece `number` of it.
    template <class Work>
    __device__ void for_piece(const PlanTile& tile, int number, Work work) const {
        if constexpr (gathered) {
            if (number < wide_panels * wide_panels && places[number] >= 0) work(places[number] * (panel * panel), static_cast<unsigned>(panel * panel));
        } else {
            if (number < tile.in_panels) work(first + number * stride, static_cast<unsigned>(tile.panels * panel * panel));
        }
    }
};

// An edge's flow is that of the bf16 weight: so a node's add up to the flow that its gradients had with the values, whatever rounding has done to either. Where the
// weight is read, it is rounded again, which is less than to read its copy, too.
template <class Place, class Places>
__device__ void keep_parameter_flows(const Run& run, const PlanTile& tile, const Places& places, const EmCoefficients& em, const Pass& pass, const Place& mine,
                                     const typename Place::Sums& acc) {
    const PlanOwner& owner = run.owners[tile.target];
    const bool in_place = updates_at_once(owner, tile.target, em, pass);
    Bf16* const shadows = run.weights16 + owner.shadow;
    float* const numbers = in_place ? run.parameters + owner.parameters : run.flows + owner.flows;
    const auto lines = static_cast<int>(tile.panels * panel), columns = static_cast<int>(tile.in_panels * panel);
    constexpr int pairs = Place::pairs < 8 ? Place::pairs : 8;      // under way at once
    static_assert(Place::pairs % pairs == 0);
#pragma unroll
    for (int m = 0; m < Place::lines; ++m) {
        const int line = mine.line_at(m);
        if (line >= lines) continue;
        const std::int64_t node = owner.first_node + places.node(line);
        const Em own = in_place ? Em{em.keep[node], em.gain[node], em.share[node]} : Em{};
#pragma unroll
        for (int begin = 0; begin < Place::pairs; begin += pairs) {
            unsigned rounded[pairs] = {};
            float2 old[pairs] = {};
#pragma unroll
            for (int n = 0; n < pairs; ++n) {
                const int column = mine.column_at(begin + n);
                if (column >= columns || !places.has(line, column)) continue;
                if (!in_place) rounded[n] = *reinterpret_cast<const unsigned*>(shadows + places.template at<true>(line, mine.column_at(0), begin + n));
                if (in_place || pass.add) old[n] = *reinterpret_cast<const float2*>(numbers + places.template at<false>(line, mine.column_at(0), begin + n));
            }
#pragma unroll
            for (int n = 0; n < pairs; ++n) {
                const int column = mine.column_at(begin + n);
                if (column >= columns || !places.has(line, column)) continue;
                const float2 shadow = from_pair(in_place ? to_pair(old[n].x, old[n].y) : rounded[n]), product = mine.pair(acc, m, begin + n), sum = make_float2(shadow.x * product.x, shadow.y * product.y);
                auto* to = reinterpret_cast<float2*>(numbers + places.template at<false>(line, mine.column_at(0), begin + n));
                if (in_place) {
                    const float2 next = make_float2(em_weight(old[n].x, sum.x, own), em_weight(old[n].y, sum.y, own));
                    *to = next;
                    *reinterpret_cast<unsigned*>(shadows + places.template at<true>(line, mine.column_at(0), begin + n)) = to_pair(next.x, next.y);
                } else {
                    *to = make_float2(old[n].x + sum.x, old[n].y + sum.y);
                }
            }
        }
    }
}

// Asks for what keep_parameter_flows will read into the second-level cache, while there is something to multiply.
template <class Places>
__device__ void ask_for_parameters(const Run& run, const PlanTile& tile, const Places& places, const EmCoefficients& em, const Pass& pass) {
    const PlanOwner& owner = run.owners[tile.target];
    const bool in_place = updates_at_once(owner, tile.target, em, pass);
    places.for_piece(tile, static_cast<int>(threadIdx.x) / 2, [&](std::int64_t place, unsigned numbers) {
        if (threadIdx.x % 2 == 0 && !in_place) prefetch_bulk(run.weights16 + owner.shadow + place, numbers * 2);
        if (threadIdx.x % 2 == 1 && (in_place || pass.add)) prefetch_bulk((in_place ? run.parameters + owner.parameters : run.flows + owner.flows) + place, numbers * 4);
    });
}

}  // namespace juice::cuda
