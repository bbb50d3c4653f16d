// The product that the machine's rate is measured by: it must be one.
#include "common/memory.h"
#include "cpu/machine.h"
#include "engine/engine.h"

namespace juice {
namespace {

class Machine : public OnDevice {};

TEST_P(Machine, ItsProductIsAProduct) {
    if (GetParam().device != "cpu") GTEST_SKIP() << "processors are measured by it";
    struct Size {
        std::int64_t m, n, k;
    };
    for (const auto& [m, n, k] : {Size{8, 32, 16}, Size{32, 64, 304}, Size{296, 96, 528}}) {
        SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(n) + " x " + std::to_string(k));
        const auto aligned = [](std::int64_t count, int step) {
            Memory memory(count, "matrices");
            for (std::int64_t i = 0; i < count; ++i) memory.data()[i] = static_cast<float>(i * step % 17) - 8;
            return memory;
        };
        const Memory a = aligned(m * k, 5), b = aligned(k * n, 7), c = aligned(m * n, 3);
        machine_product(a.data(), b.data(), c.data(), m, n, k, GetParam().threads, GetParam().instruction_set.c_str());
        std::int64_t wrong = 0;
        for (std::int64_t i = 0; i < m; ++i)
            for (std::int64_t j = 0; j < n; ++j) {
                double sum = 0;     // whole numbers: exact
                for (std::int64_t q = 0; q < k; ++q) sum += static_cast<double>(a.data()[i * k + q]) * static_cast<double>(b.data()[q * n + j]);
                wrong += static_cast<double>(c.data()[i * n + j]) != sum;
            }
        EXPECT_EQ(wrong, 0) << "of " << m * n << " entries";
    }
}

JUICE_ON_EVERY_DEVICE(Machine);

}  // namespace
}  // namespace juice
