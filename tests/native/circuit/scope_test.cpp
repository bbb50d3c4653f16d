#include "circuit/scope.h"

#include <gtest/gtest.h>

#include <set>

#include "reference/random.h"

namespace juice {

namespace {

using Set = std::set<std::int32_t>;

Scope scope_of(const Set& variables) {
    std::vector<Scope> singles(variables.begin(), variables.end());
    std::vector<const Scope*> all;
    for (const Scope& single : singles) all.push_back(&single);
    std::int32_t shared = -1;
    return *Scope::disjoint_union(all, shared);
}

// Ranges and single variables, so that words are empty, part full and full.
Set random_set(Random& random) {
    Set set;
    for (std::int64_t part = random.integer(1, 4); part > 0; --part) {
        const auto first = static_cast<std::int32_t>(random.below(600));
        const auto length = static_cast<std::int32_t>(random.chance(0.5) ? random.integer(1, 3) : random.integer(60, 300));
        for (std::int32_t v = first; v < first + length; ++v) set.insert(v);
    }
    return set;
}

TEST(ScopeTest, IsASet) {
    Random random(1);
    for (int i = 0; i < 200; ++i) {
        const Set a = random_set(random), b = random_set(random);
        const Scope x = scope_of(a), y = scope_of(b);
        EXPECT_EQ(x.count(), static_cast<std::int64_t>(a.size()));
        for (std::int32_t v = 0; v < 1000; ++v) EXPECT_EQ(x.contains(v), a.contains(v));
        Set both, all = a;
        for (const std::int32_t v : b) if (!all.insert(v).second) both.insert(v);
        EXPECT_EQ(x.intersects(y), !both.empty());
        EXPECT_EQ(x == y, a == b);
        std::int32_t shared = -1;
        const Scope* const pair[] = {&x, &y};
        const std::optional<Scope> joined = Scope::disjoint_union(pair, shared);
        EXPECT_EQ(joined.has_value(), both.empty());
        if (joined) EXPECT_TRUE(*joined == scope_of(all)); else EXPECT_TRUE(both.contains(shared)) << shared;
    }
}

TEST(ScopeTest, OfEqualSetsIsEqualHoweverItWasJoined) {
    Random random(2);
    for (int i = 0; i < 100; ++i) {
        const Set set = random_set(random);
        Set part[2];
        for (const std::int32_t v : set) part[random.below(2)].insert(v);
        const Scope whole = scope_of(set), a = scope_of(part[0]), b = scope_of(part[1]);
        const Scope* const pair[] = {&b, &a};
        std::int32_t shared = -1;
        const Scope joined = *Scope::disjoint_union(pair, shared);
        EXPECT_TRUE(joined == whole);
        EXPECT_EQ(joined.hash(), whole.hash());
        ScopeTable table;
        EXPECT_EQ(table.intern(joined), table.intern(whole));
    }
}

TEST(ScopeTest, ReachesTheLastVariableThereCanBe) {
    const Scope last(std::numeric_limits<std::int32_t>::max());
    EXPECT_TRUE(last.contains(std::numeric_limits<std::int32_t>::max()));
    EXPECT_FALSE(last.contains(0));
    EXPECT_EQ(last.count(), 1);
}

}  // namespace

}  // namespace juice
