#include "plan/alike.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>

namespace juice {

namespace {

constexpr std::size_t looked_at = 256;          // rows that a group chooses among
constexpr int most_rounds = 4;

class Grouping {
public:
    Grouping(const std::vector<Panels>& rows, std::int32_t each, std::int32_t wide, std::int32_t height)
        : rows_(rows), each_(static_cast<std::size_t>(each)), wide_(wide), height_(height) {}

    // Each group begins with the row that reads least, and goes on with the one that adds least.
    void gather() {
        std::vector<std::int32_t> left(rows_.size());
        std::iota(left.begin(), left.end(), 0);
        while (!left.empty()) {
            Group group{{}, Panels(rows_[0].size(), 0), 0, true};
            while (!left.empty() && group.rows.size() < each_) {
                auto best = left.begin();
                auto least = std::numeric_limits<std::int32_t>::max();
                for (auto at = left.begin(); at != left.begin() + static_cast<std::ptrdiff_t>(std::min(left.size(), looked_at)); ++at)
                    if (const auto count = count_of(group.read, row(*at)); count < least) best = at, least = count;
                group.rows.push_back(*best);
                add(group.read, row(*best));
                left.erase(best);
            }
            group.cost = cost(count_of(group.read, group.read));
            groups_.push_back(std::move(group));
        }
    }
    // Rows change places where that is cheaper.
    void improve() {
        if (rows_.size() > looked_at) return;
        for (int round = 0; round < most_rounds; ++round) {
            std::vector<bool> changed;          // in the round before
            for (auto& group : groups_) changed.push_back(std::exchange(group.changed, false));
            if (std::none_of(changed.begin(), changed.end(), [](bool any) { return any; })) return;
            for (std::size_t a = 0; a < groups_.size(); ++a)
                for (std::size_t b = a + 1; b < groups_.size(); ++b)
                    if (changed[a] || changed[b] || groups_[a].changed || groups_[b].changed)
                        while (exchange(groups_[a], groups_[b])) groups_[a].changed = groups_[b].changed = true;
        }
    }
    std::vector<std::vector<std::int32_t>> groups() && {
        std::vector<std::vector<std::int32_t>> all;
        for (auto& group : groups_) {
            std::sort(group.rows.begin(), group.rows.end());
            all.push_back(std::move(group.rows));
        }
        return all;
    }

private:
    struct Group {
        std::vector<std::int32_t> rows;
        Panels read;
        std::int32_t cost;
        bool changed;
    };

    const std::vector<Panels>& rows_;
    std::size_t each_;
    std::int32_t wide_, height_;
    std::vector<Group> groups_;
    std::vector<Panels> without_[2];        // what the groups at work read without each of their rows

    const Panels& row(std::int32_t r) const { return rows_[static_cast<std::size_t>(r)]; }
    static void add(Panels& to, const Panels& more) {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] |= more[i];
    }
    // Of both.
    static std::int32_t count_of(const Panels& one, const Panels& other) {
        std::int32_t count = 0;
        for (std::size_t i = 0; i < one.size(); ++i) count += std::popcount(one[i] | other[i]);
        return count;
    }
    std::int32_t cost(std::int32_t columns) const { return columns + (columns + wide_ - 1) / wide_ * height_; }

    void leave_out(const Group& group, std::vector<Panels>& without) const {
        without.resize(each_);
        for (std::size_t i = 0; i < group.rows.size(); ++i) {
            without[i].assign(group.read.size(), 0);
            for (std::size_t k = 0; k < group.rows.size(); ++k)
                if (k != i) add(without[i], row(group.rows[k]));
        }
    }
    // The first two that are better in each other's place, if any are.
    bool exchange(Group& a, Group& b) {
        leave_out(a, without_[0]);
        leave_out(b, without_[1]);
        for (std::size_t x = 0; x < a.rows.size(); ++x)
            for (std::size_t y = 0; y < b.rows.size(); ++y) {
                const auto first = cost(count_of(without_[0][x], row(b.rows[y]))), second = cost(count_of(without_[1][y], row(a.rows[x])));
                if (first + second >= a.cost + b.cost) continue;
                std::swap(a.rows[x], b.rows[y]);
                a.cost = first;
                b.cost = second;
                a.read = without_[0][x];
                b.read = without_[1][y];
                add(a.read, row(a.rows[x]));
                add(b.read, row(b.rows[y]));
                return true;
            }
        return false;
    }
};

}  // namespace

std::vector<std::vector<std::int32_t>> alike(const std::vector<Panels>& rows, std::int32_t each, std::int32_t wide, std::int32_t height) {
    Grouping grouping(rows, each, wide, height);
    grouping.gather();
    grouping.improve();
    return std::move(grouping).groups();
}

}  // namespace juice
