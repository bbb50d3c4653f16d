// Sets of variables, as bits in 64-bit words of which the empty ones are left out and full ones in a row count as one: a scope of a few
// variables among many is small, and so is "everything from variable t on".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace juice {

class Scope {
public:
    Scope() = default;
    explicit Scope(std::int32_t variable);

    bool contains(std::int32_t variable) const noexcept;
    bool intersects(const Scope& other) const noexcept;
    std::int64_t count() const noexcept;
    std::size_t hash() const noexcept;
    bool operator==(const Scope&) const = default;

    // The union of scopes of which no two share a variable; otherwise a variable that two of them share, in `shared`.
    static std::optional<Scope> disjoint_union(std::span<const Scope* const> scopes, std::int32_t& shared);

private:
    // `length` words from word `first` on, all equal to `word`; more than one only where every bit is set.
    struct Run {
        std::uint32_t first = 0, length = 0;
        std::uint64_t word = 0;
        std::uint64_t end() const noexcept { return std::uint64_t{first} + length; }
        bool operator==(const Run&) const = default;
    };
    void append(const Run& run);

    std::vector<Run> runs_;     // by first word, disjoint, as few as there can be: equal sets are equal runs
};

// The distinct scopes of a circuit, numbered: two vectors have the same scope where they have the same number.
class ScopeTable {
public:
    std::int32_t intern(Scope scope);
    const Scope& operator[](std::int32_t id) const { return scopes_[static_cast<std::size_t>(id)]; }
    std::vector<Scope> release() { return std::move(scopes_); }

private:
    std::vector<Scope> scopes_;
    std::unordered_multimap<std::size_t, std::int32_t> by_hash_;
};

}  // namespace juice
