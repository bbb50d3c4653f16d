#include "plan/slices.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

namespace juice {

namespace {

struct Slice {
    std::int32_t first_panel, panels, begin, end;       // begin, end: as of the gathered tile that it is of
};

// A slice's weights in a panel of what is added up over.
struct Piece {
    std::int32_t block = -1, place = 0, hop = 0;        // block -1: there are none
};
using Pieces = std::array<Piece, most_slices>;

std::vector<Slice> slices_of(const Plan& plan, std::int32_t begin, std::int32_t end) {
    std::vector<Slice> slices;
    for (auto t = begin; t < end; ++t) {
        const PlanTile& tile = plan.tiles[static_cast<std::size_t>(t)];
        for (std::int32_t p = 0; p < tile.panels; p += slice_panels) slices.push_back({tile.panel + p, std::min(slice_panels, tile.panels - p), tile.begin, tile.end});
    }
    return slices;
}

// What slices read, by panel: nothing of some panels.
std::vector<Pieces> union_of(const Plan& plan, const PlanOperation& operation, const Slice* slices, std::size_t count, bool by_position) {
    std::vector<Pieces> panels(static_cast<std::size_t>(by_position ? operation.panels : operation.operand_panels));
    const auto at = [&](std::int32_t first, std::int32_t further, std::size_t i) -> Piece& { return panels[static_cast<std::size_t>(first + further)][i]; };
    for (std::size_t i = 0; i < count; ++i)
        for (auto b = slices[i].begin; b < slices[i].end; ++b) {
            const auto number = by_position ? plan.maps[static_cast<std::size_t>(operation.block_by_in + b)] : b;
            const PlanBlock& block = plan.blocks[static_cast<std::size_t>(number)];
            const auto weights = static_cast<std::int32_t>(block.weights / (panel * panel)), hop = block.out_panels;
            if (by_position)
                for (std::int32_t p = 0; p < block.out_panels; ++p) at(block.out_panel, p, i) = {number, weights + (slices[i].first_panel - block.in_panel) * hop + p, hop};
            else
                for (std::int32_t q = 0; q < block.in_panels; ++q) at(block.in_panel, q, i) = {number, weights + q * hop + slices[i].first_panel - block.out_panel, hop};
        }
    return panels;
}

// Appends the steps over such a union to maps: two panels beside each other that are of the same blocks are one. How many times steps_together there are.
std::int32_t append_steps(std::vector<std::int32_t>& maps, const std::vector<Pieces>& panels) {
    constexpr std::size_t together = static_cast<std::size_t>(steps_together) * step_words;
    const auto same_blocks = [](const Pieces& a, const Pieces& b) {
        return std::equal(a.begin(), a.end(), b.begin(), [](const Piece& x, const Piece& y) { return x.block == y.block; });
    };
    const auto begin = maps.size();
    for (std::size_t p = 0; p < panels.size(); ++p) {
        const Pieces& pieces = panels[p];
        if (same_blocks(pieces, Pieces{})) continue;
        const auto first = static_cast<std::int32_t>(p);
        const bool two = p + 1 < panels.size() && same_blocks(pieces, panels[p + 1]);
        if (two) ++p;
        std::array<std::int32_t, step_words> words{};
        std::uint32_t there = 0;
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            if (pieces[i].block < 0) continue;
            there |= 1u << i;
            words[step_places + i] = pieces[i].place;
            words[step_hops + i / 2] |= pieces[i].hop << i % 2 * 16;
        }
        words[0] = static_cast<std::int32_t>(sliced_step(first, two ? 2 : 1, there));
        maps.insert(maps.end(), words.begin(), words.end());
    }
    const auto times = std::max<std::size_t>((maps.size() - begin + together - 1) / together, 1);
    maps.resize(begin + times * together, 0);
    for (std::size_t s = 0; s < steps_together; ++s) maps[begin + (times - 1) * together + s * step_words] |= last_step;
    return static_cast<std::int32_t>(times);
}

}  // namespace

void slice_tiles(Plan& plan, std::int32_t begin, std::int32_t end, bool by_position) {
    while (begin < end) {
        const auto o = plan.tiles[static_cast<std::size_t>(begin)].target;
        auto last = begin;
        while (last < end && plan.tiles[static_cast<std::size_t>(last)].target == o) ++last;
        const std::vector<Slice> slices = slices_of(plan, begin, last);
        begin = last;
        for (std::size_t first = 0; first < slices.size(); first += most_slices) {
            const auto count = std::min(slices.size() - first, static_cast<std::size_t>(most_slices));
            std::int32_t single = 0, panels = 0;
            for (std::size_t i = 0; i < count; ++i) {
                panels += slices[first + i].panels;
                if (slices[first + i].panels == 1) single |= 1 << i;
            }
            const auto place = static_cast<std::int32_t>(plan.maps.size());
            const auto times = append_steps(plan.maps, union_of(plan, plan.operations[static_cast<std::size_t>(o)], &slices[first], count, by_position));
            plan.tiles.push_back({o, slices[first].first_panel, panels, single, static_cast<std::int32_t>(count), place, times});
        }
    }
}

}  // namespace juice
