#include "cpu/machine.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "common/memory.h"
#include "common/threads.h"
#include "cpu/dispatch.h"
#include "cpu/tasks.h"

namespace juice {

namespace {

constexpr std::int64_t edge = 1024;                                 // of the square matrices
constexpr std::int64_t largest_copy = std::int64_t{64} << 20;       // floats: 256 MiB each way

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// A product and the memory that it is packed into.
class Product {
public:
    Product(std::int64_t m, std::int64_t n, std::int64_t k, const cpu::Kernels& kernels, ThreadPool& pool)
        : m_(m), n_(n), k_(k), kernels_(kernels), pool_(pool), columns_(n * k, "matrices"), scratch_(pool.size() * cpu::machine_scratch, "matrices") {}

    void run(const float* a, const float* b, float* c) {
        pool_.run([&](int t) {
            const auto [first, last] = part(n_, 32, t);
            kernels_.pack_columns(b, n_, k_, first, last, columns_.data());
        });
        pool_.run([&](int t) {
            const auto [first, last] = part(m_, 8, t);
            kernels_.multiply_packed(a, columns_.data(), c, n_, k_, first, last, scratch_.data() + t * cpu::machine_scratch);
        });
    }

private:
    // A thread's part of `count` rows or columns, in whole tiles of any instruction set.
    std::pair<std::int64_t, std::int64_t> part(std::int64_t count, std::int64_t tile, int thread) const {
        const std::int64_t tiles = count / tile;
        return {tiles * thread / pool_.size() * tile, tiles * (thread + 1) / pool_.size() * tile};
    }

    std::int64_t m_, n_, k_;
    const cpu::Kernels& kernels_;
    ThreadPool& pool_;
    Memory columns_, scratch_;
};

double matrix_rate(const cpu::Kernels& kernels, ThreadPool& pool) {
    Memory a(edge * edge, "matrices"), b(edge * edge, "matrices"), c(edge * edge, "matrices");
    for (std::int64_t i = 0; i < edge * edge; ++i) {
        a.data()[i] = static_cast<float>(i * 7919 % 1009) * 1e-3f;
        b.data()[i] = static_cast<float>(i * 104729 % 997) * 1e-3f;
    }
    Product product(edge, edge, edge, kernels, pool);
    double best = 1e9;
    const double end = now() + 0.3;
    for (int k = 0; k < 3 || now() < end; ++k) {
        const double start = now();
        product.run(a.data(), b.data(), c.data());
        best = std::min(best, now() - start);
    }
    return 2.0 * edge * edge * edge / best;
}

double copy_rate(ThreadPool& pool) {
    const std::int64_t floats = std::min(largest_copy, available_memory() / 64);
    const Memory from(floats, "copy"), to(floats, "copy");
    std::fill_n(from.data(), floats, 1.0f);     // pages that nobody wrote to are all one page of zeros, which the cache would hold
    double best = 1e9;
    for (int k = 0; k < 5; ++k) {       // the first touches the pages
        const double start = now();
        pool.run([&](int t) {
            const auto begin = floats * t / pool.size(), end = floats * (t + 1) / pool.size();
            std::memcpy(to.data() + begin, from.data() + begin, static_cast<std::size_t>(end - begin) * sizeof(float));
        });
        if (k > 0) best = std::min(best, now() - start);
    }
    return 2.0 * static_cast<double>(floats) * sizeof(float) / best;
}

}  // namespace

MachineRates measure_machine(int threads, const char* instruction_set) {
    const cpu::Kernels& kernels = cpu::choose_kernels(instruction_set);
    ThreadPool pool(threads);
    return {kernels.name, pool.size(), matrix_rate(kernels, pool), copy_rate(pool)};
}

void machine_product(const float* a, const float* b, float* c, std::int64_t m, std::int64_t n, std::int64_t k, int threads, const char* instruction_set) {
    ThreadPool pool(threads);
    Product(m, n, k, cpu::choose_kernels(instruction_set), pool).run(a, b, c);
}

}  // namespace juice
