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
    unsigned phases = 0, expected = 0;
    bool expecting = false;
    std::vector<Copy> copies;
};
thread_local std::vector<Products> products;                // by thread
thread_local std::map<const std::uint64_t*, Counted> counted;      // of the block at work

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

Products& mine() {
    const auto thread = static_cast<std::size_t>(current_thread());
    if (products.size() <= thread) products.resize(thread + 1);
    return products[thread];
}

}  // namespace

void multiply_later(float* c, int columns, const GroupSide& a, const GroupSide& b) { mine().open.push_back({c, columns, a, b}); }

void commit_products() {
    mine().batches.push_back(std::move(mine().open));
    mine().open.clear();
}

void wait_for_products(int batches) {
    for (auto& all = mine().batches; all.size() > static_cast<std::size_t>(batches); all.pop_front())
        for (const Product& product : all.front()) multiply(product);
}

void prepare_arrivals(std::uint64_t* arrivals, int count) {
    for (int i = 0; i < count; ++i) counted[arrivals + i] = {};
}

void expect_bytes(std::uint64_t* arrival, unsigned bytes) {
    Counted& mine = counted.at(arrival);
    if (mine.expecting) give_up("an arrival expects bytes before it has been waited for");
    mine.expecting = true;
    mine.expected = bytes;
}

void copy_bulk(void* to, const void* from, unsigned bytes, std::uint64_t* arrival) {
    if (bytes % 16 != 0 || reinterpret_cast<std::uintptr_t>(from) % 16 != 0) give_up("a bulk copy is not of whole 16 bytes");
    counted.at(arrival).copies.push_back({to, from, bytes});
}

void wait_for_arrival(std::uint64_t* arrival, unsigned parity) {
    Counted& mine = counted.at(arrival);
    if (mine.phases % 2 != parity) return;      // complete
    if (!mine.expecting) give_up("an arrival is waited for that nothing is expected of");
    unsigned bytes = 0;
    for (const Copy& copy : mine.copies) {
        std::memcpy(copy.to, copy.from, copy.bytes);
        bytes += copy.bytes;
    }
    if (bytes != mine.expected) give_up("an arrival gets other bytes than it expects");
    mine.copies.clear();
    mine.expecting = false;
    ++mine.phases;
}

}  // namespace juice::cuda::emulation
