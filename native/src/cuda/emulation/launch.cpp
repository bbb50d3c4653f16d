// Launches and shared memory of the emulation.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "cuda/emulation/cuda.h"

namespace juice::cuda::emulation {

namespace {

struct SharedArray {
    const void* site;
    std::size_t words;
    std::unique_ptr<std::uint32_t[]> memory;
};
struct Copies {
    std::vector<std::pair<void*, const void*>> open;
    std::deque<std::vector<std::pair<void*, const void*>>> groups;
};
struct ClusterAtWork {
    std::vector<std::vector<SharedArray>> shared_arrays;    // by block
    std::vector<std::uint64_t> exchanged;                   // by thread, and so on
    std::vector<std::array<unsigned, 6>> fragments;
    std::vector<Copies> copies;
};
thread_local ClusterAtWork at_work;
thread_local std::uint64_t next_seed = 1;
thread_local std::uint64_t first_block = 0;                 // of the cluster

void enter(int thread) {
    const unsigned x = static_cast<unsigned>(thread) % (block_size.x * block_size.y * block_size.z);
    thread_index = dim3(x % block_size.x, x / block_size.x % block_size.y, x / (block_size.x * block_size.y));
    const std::uint64_t b = first_block + static_cast<std::uint64_t>(current_block());
    block_index = dim3(static_cast<unsigned>(b % grid_size.x), static_cast<unsigned>(b / grid_size.x % grid_size.y), static_cast<unsigned>(b / (std::uint64_t{grid_size.x} * grid_size.y)));
}
std::vector<SharedArray>& shared_arrays_of(int block) { return at_work.shared_arrays[static_cast<std::size_t>(block)]; }

}  // namespace

int lane() { return current_thread() % 32; }

void* shared_array(const void* site, std::size_t bytes) {
    std::vector<SharedArray>& arrays = shared_arrays_of(current_block());
    for (const auto& array : arrays)
        if (array.site == site) return array.memory.get();
    const std::size_t words = (bytes + 3) / 4;
    auto memory = std::make_unique<std::uint32_t[]>(words);
    for (std::size_t i = 0; i < words; ++i) memory[i] = ~0u;
    arrays.push_back({site, words, std::move(memory)});
    return arrays.back().memory.get();
}

int cluster_rank() { return current_block(); }

void* place_in_cluster(const void* own, int rank) {
    const auto* const place = static_cast<const std::uint32_t*>(own);
    for (const auto& mine : shared_arrays_of(current_block())) {
        if (place < mine.memory.get() || place >= mine.memory.get() + mine.words) continue;
        for (const auto& theirs : shared_arrays_of(rank))
            if (theirs.site == mine.site) return theirs.memory.get() + (place - mine.memory.get());
    }
    std::fprintf(stderr, "emulated CUDA: a block reaches for what is not in its cluster's shared memory\n");
    std::abort();
}

std::uint64_t exchange(unsigned mask, std::uint64_t value, int source_lane) {
    const int thread = current_thread();
    at_work.exchanged[static_cast<std::size_t>(thread)] = value;
    synchronize_warp(mask);
    const auto answer = at_work.exchanged[static_cast<std::size_t>(thread / 32 * 32 + source_lane)];
    synchronize_warp(mask);
    return answer;
}

unsigned ballot(unsigned mask, bool yes) {
    const int thread = current_thread();
    at_work.exchanged[static_cast<std::size_t>(thread)] = yes ? 1 : 0;
    synchronize_warp(mask);
    unsigned bits = 0;
    for (unsigned k = 0; k < 32; ++k)
        if (mask >> k & 1u) bits |= static_cast<unsigned>(at_work.exchanged[static_cast<std::size_t>(thread / 32 * 32) + k]) << k;
    synchronize_warp(mask);
    return bits;
}

void mma_tf32(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    const int thread = current_thread(), warp = thread / 32, lane = thread % 32;
    if (at_work.fragments.size() < static_cast<std::size_t>(warp + 1) * 32) at_work.fragments.resize(static_cast<std::size_t>(warp + 1) * 32);
    auto& mine = at_work.fragments[static_cast<std::size_t>(thread)];
    for (std::size_t i = 0; i < 6; ++i) mine[i] = (i < 4 ? a[i] : b[i - 4]) & ~0x1fffu;      // TF32: the rest is ignored
    synchronize_warp(~0u);
    const auto number = [&](int from, int part) { return __builtin_bit_cast(float, at_work.fragments[static_cast<std::size_t>(warp * 32 + from)][static_cast<std::size_t>(part)]); };
    for (int i = 0; i < 4; ++i) {
        const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
        for (int k = 0; k < 8; ++k) c[i] += number(row % 8 * 4 + k % 4, (row >= 8 ? 1 : 0) + (k >= 4 ? 2 : 0)) * number(column * 4 + k % 4, 4 + (k >= 4 ? 1 : 0));
    }
    synchronize_warp(~0u);
}

void mma_bf16(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    const int thread = current_thread(), warp = thread / 32, lane = thread % 32;
    if (at_work.fragments.size() < static_cast<std::size_t>(warp + 1) * 32) at_work.fragments.resize(static_cast<std::size_t>(warp + 1) * 32);
    at_work.fragments[static_cast<std::size_t>(thread)] = {a[0], a[1], a[2], a[3], b0, b1};
    synchronize_warp(~0u);
    const auto number = [&](int from, int part, int half) {
        const unsigned pair = at_work.fragments[static_cast<std::size_t>(warp * 32 + from)][static_cast<std::size_t>(part)];
        return __builtin_bit_cast(float, half ? pair & 0xffff0000u : pair << 16);
    };
    for (int i = 0; i < 4; ++i) {
        const int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
        for (int k = 0; k < 16; ++k)
            c[i] += number(row % 8 * 4 + k % 8 / 2, (row >= 8 ? 1 : 0) + (k >= 8 ? 2 : 0), k % 2) * number(column * 4 + k % 8 / 2, 4 + (k >= 8 ? 1 : 0), k % 2);
    }
    synchronize_warp(~0u);
}

void load_matrices(unsigned (&to)[4], const std::uint16_t* line, bool turned) {
    const int lane = current_thread() % 32;
    for (int j = 0; j < 4; ++j) {
        const auto number = [&](int row, int column) -> unsigned {
            std::uint16_t half;
            const auto address = exchange(~0u, reinterpret_cast<std::uint64_t>(line), j * 8 + row);
            std::memcpy(&half, reinterpret_cast<const std::uint16_t*>(address) + column, sizeof half);
            return half;
        };
        const int first = lane % 4 * 2, other = lane / 4;
        const unsigned low = turned ? number(first, other) : number(other, first), high = turned ? number(first + 1, other) : number(other, first + 1);
        to[j] = low | high << 16;
    }
    synchronize_warp(~0u);
}

void copy_later(void* to, const void* from) { at_work.copies[static_cast<std::size_t>(current_thread())].open.emplace_back(to, from); }

void commit_copies() {
    Copies& mine = at_work.copies[static_cast<std::size_t>(current_thread())];
    mine.groups.push_back(std::move(mine.open));
    mine.open.clear();
}

void wait_for_copies(int groups) {
    Copies& mine = at_work.copies[static_cast<std::size_t>(current_thread())];
    for (; mine.groups.size() > static_cast<std::size_t>(groups); mine.groups.pop_front())
        for (const auto& [to, from] : mine.groups.front()) {
            if (from) std::memcpy(to, from, 16);
            else std::memset(to, 0, 16);
        }
}

void wait_for_earlier() { synchronize_earlier(); }

void launch(dim3 grid, dim3 block, int cluster, void (*body)(void*), void* closure) {
    const auto kept = std::tuple(thread_index, block_index, block_size, grid_size, first_block);    // of the kernel that comes later and has begun, if there is one
    ClusterAtWork others = std::exchange(at_work, {});
    expect_no_products();
    const auto clusters = std::uint64_t{grid.x} * grid.y * grid.z / static_cast<std::uint64_t>(cluster);
    const auto threads_a_block = static_cast<int>(block.x * block.y * block.z);
    const auto threads = static_cast<std::size_t>(threads_a_block) * static_cast<std::size_t>(cluster);
    grid_size = grid;
    block_size = block;
    at_work.exchanged.assign(threads, 0);
    at_work.copies.assign(threads, {});
    // A stride without a common divisor visits every cluster once, out of order.
    std::uint64_t stride = clusters / 2 + 1;
    while (std::gcd(stride, clusters) != 1) ++stride;
    for (std::uint64_t i = 0, c = next_seed % clusters; i < clusters; ++i, c = (c + stride) % clusters) {
        first_block = c * static_cast<std::uint64_t>(cluster);
        at_work.shared_arrays.clear();
        at_work.shared_arrays.resize(static_cast<std::size_t>(cluster));
        run_threads(cluster, threads_a_block, next_seed++, enter, body, closure);
    }
    at_work = std::move(others);
    std::tie(thread_index, block_index, block_size, grid_size, first_block) = kept;
}

}  // namespace juice::cuda::emulation
