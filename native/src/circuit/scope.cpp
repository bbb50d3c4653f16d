#include "circuit/scope.h"

#include <algorithm>
#include <bit>

namespace juice {

namespace {

constexpr std::uint64_t full = ~std::uint64_t{0};

std::uint64_t mix(std::uint64_t x) noexcept {
    x = (x ^ (x >> 32)) * 0x9E3779B97F4A7C15ull;
    return x ^ (x >> 29);
}

}  // namespace

Scope::Scope(std::int32_t variable) : runs_{{static_cast<std::uint32_t>(variable) / 64, 1, std::uint64_t{1} << (variable % 64)}} {}

bool Scope::contains(std::int32_t variable) const noexcept {
    const auto word = static_cast<std::uint32_t>(variable) / 64;
    const auto after = std::upper_bound(runs_.begin(), runs_.end(), word, [](std::uint32_t w, const Run& run) { return w < run.first; });
    if (after == runs_.begin()) return false;
    const Run& run = after[-1];
    return word < run.end() && (run.word >> (variable % 64) & 1) != 0;
}

bool Scope::intersects(const Scope& other) const noexcept {
    for (auto a = runs_.begin(), b = other.runs_.begin(); a != runs_.end() && b != other.runs_.end();) {
        const bool overlap = a->first < b->end() && b->first < a->end();
        if (overlap && (a->word & b->word) != 0) return true;
        if (a->end() <= b->end()) ++a; else ++b;
    }
    return false;
}

std::int64_t Scope::count() const noexcept {
    std::int64_t count = 0;
    for (const Run& run : runs_) count += std::int64_t{run.length} * std::popcount(run.word);
    return count;
}

std::size_t Scope::hash() const noexcept {
    std::uint64_t hash = runs_.size();
    for (const Run& run : runs_) hash = mix(mix(hash ^ (std::uint64_t{run.first} << 32 | run.length)) ^ run.word);
    return static_cast<std::size_t>(hash);
}

void Scope::append(const Run& run) {
    if (!runs_.empty() && runs_.back().word == full && run.word == full && runs_.back().end() == run.first) {
        runs_.back().length += run.length;
    } else {
        runs_.push_back(run);
    }
}

std::optional<Scope> Scope::disjoint_union(std::span<const Scope* const> scopes, std::int32_t& shared) {
    std::vector<Run> all;
    for (const Scope* scope : scopes) all.insert(all.end(), scope->runs_.begin(), scope->runs_.end());
    std::sort(all.begin(), all.end(), [](const Run& a, const Run& b) { return a.first < b.first; });
    Scope scope;
    for (std::size_t at = 0; at < all.size();) {
        Run run = all[at++];
        for (; at < all.size() && all[at].first < run.end(); ++at) {
            if (const std::uint64_t both = run.word & all[at].word; both != 0) {
                shared = static_cast<std::int32_t>(std::int64_t{all[at].first} * 64 + std::countr_zero(both));
                return std::nullopt;
            }
            run.word |= all[at].word;       // one word each: a longer run is full and would have met any other
        }
        scope.append(run);
    }
    return scope;
}

std::int32_t ScopeTable::intern(Scope scope) {
    const std::size_t hash = scope.hash();
    const auto [begin, end] = by_hash_.equal_range(hash);
    for (auto known = begin; known != end; ++known) {
        if ((*this)[known->second] == scope) return known->second;
    }
    const auto id = static_cast<std::int32_t>(scopes_.size());
    scopes_.push_back(std::move(scope));
    by_hash_.emplace(hash, id);
    return id;
}

}  // namespace juice
