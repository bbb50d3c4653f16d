// Hopper's own in the emulation: products of groups of four warps, bulk copies and the arrivals that count their bytes.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "cuda/emulation/cuda.h"
#include "cuda/numbers.h"

namespace juice::cuda::emulation {

namespace {

struct Product {
    float* c;
    int columns;
    GroupSide a, b;
};
struct Products {
    std::vector<Product> open;
    std::deque<std::vector<Product>> batches;
};
struct Copy {
    void* to;
    const void* from;
    unsigned bytes;
};
struct Counted {
    unsigned phases = 0, expected = 0, arrived = 0;         // expected: bytes, of which so many have been asked for
    int arrivers = 1, missing = 1;
    std::vector<Copy> copies;           // still to be made
    std::vector<int> waiting;           // threads
};
thread_local std::vector<Products> products;                // by thread
thread_local std::map<const std::uint64_t*, Counted> counted;
thread_local std::uint64_t coin = 1;

[[noreturn]] void give_up(const char* what) {
    std::fprintf(stderr, "emulated CUDA: %s\n", what);
    std::abort();
}

// Number (entry, k) of a side.
float number(const GroupSide& side, int entry, int k) {
    const std::int64_t place = side.along ? entry * panel + k : entry / panel * side.hop + k * panel + entry % panel;
    return __builtin_bit_cast(float, static_cast<unsigned>(side.base[swapped(place)]) << 16);
}

void multiply(const Product& product) {
    const int thread = current_thread(), warp = thread / 32 % 4, lane = thread % 32;
    for (int i = 0; i < product.columns / 2; ++i) {
        const int line = warp * 16 + lane / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + lane % 4 * 2 + i % 2;
        for (int k = 0; k < 16; ++k) product.c[i] += number(product.a, line, k) * number(product.b, column, k);
    }
}

void make(const Copy& copy) { std::memcpy(copy.to, copy.from, copy.bytes); }

bool is_complete(const Counted& all) {
    if (all.missing == 0 && all.arrived > all.expected) give_up("an arrival gets more bytes than it expects");
    return all.missing == 0 && all.arrived == all.expected;
}
void wake_if_complete(Counted& all) {
    if (all.waiting.empty() || !is_complete(all)) return;
    for (const int thread : all.waiting) wake_thread(thread);
    all.waiting.clear();
}
void next_phase(Counted& all) {
    ++all.phases;
    all.missing = all.arrivers;
    all.expected = all.arrived = 0;
}
void arrive(Counted& all) {
    if (all.missing == 0) {
        if (!is_complete(all) || all.expected > 0) give_up("an arrival is arrived at before it has been waited for");
        next_phase(all);                // nobody need wait for what brings nothing
    }
    --all.missing;
    wake_if_complete(all);
}

Products& mine() {
    const auto thread = static_cast<std::size_t>(current_thread());
    if (products.size() <= thread) products.resize(thread + 1);
    return products[thread];
}

}  // namespace

void expect_no_products() {
    for (const Products& own : products)
        if (!own.open.empty() || !own.batches.empty()) give_up("a kernel ends, or waits for the one before, without having waited for its products");
}

void multiply_later(float* c, int columns, const GroupSide& a, const GroupSide& b) { mine().open.push_back({c, columns, a, b}); }

void commit_products() {
    mine().batches.push_back(std::move(mine().open));
    mine().open.clear();
}

void wait_for_products(int batches) {
    for (auto& all = mine().batches; all.size() > static_cast<std::size_t>(batches); all.pop_front())
        for (const Product& product : all.front()) multiply(product);
}

void prepare_arrivals(std::uint64_t* arrivals, int count, int arrivers) {
    for (int i = 0; i < count; ++i) {
        counted[arrivals + i] = {};
        counted[arrivals + i].arrivers = counted[arrivals + i].missing = arrivers;
    }
}

void expect_bytes(std::uint64_t* arrival, unsigned bytes) {
    Counted& mine = counted.at(arrival);
    mine.expected += bytes;
    arrive(mine);
}

void copy_bulk(void* to, const void* from, unsigned bytes, std::uint64_t* arrival) {
    if (bytes == 0 || bytes % 16 != 0 || reinterpret_cast<std::uintptr_t>(from) % 16 != 0) give_up("a bulk copy is not of whole 16 bytes");
    Counted& mine = counted.at(arrival);
    mine.arrived += bytes;
    coin = coin * 6364136223846793005u + 1442695040888963407u;
    if (coin >> 63) make({to, from, bytes});
    else mine.copies.push_back({to, from, bytes});
    wake_if_complete(mine);
}

void wait_for_arrival(std::uint64_t* arrival, unsigned parity) {
    Counted& mine = counted.at(arrival);
    while (mine.phases % 2 == parity) {
        if (is_complete(mine)) {
            for (const Copy& copy : mine.copies) make(copy);
            mine.copies.clear();
            next_phase(mine);
        } else {
            mine.waiting.push_back(current_thread());
            sleep_thread();
        }
    }
}

}  // namespace juice::cuda::emulation
