// Files that were damaged at random: an error or a valid circuit, never a crash. Run under the sanitizers this is where overruns would show.
#include <gtest/gtest.h>

#include "circuit/file.h"
#include "circuit/model_file.h"
#include "common/error.h"
#include "reference/random.h"

namespace juice {

namespace {

// Reads bytes that may be anything; what comes out, if anything, must be whole.
void read_damaged(const std::vector<std::byte>& bytes) {
    const std::uint64_t seed = 1;
    try {
        const auto circuit = read_circuit(bytes, &seed);
        EXPECT_GE(circuit->info().nodes, 1);
        EXPECT_EQ(circuit->scope(circuit->root()).count(), circuit->variables());
    } catch (const Error& error) {
        EXPECT_TRUE(error.status() == JUICE_ERROR_FORMAT || error.status() == JUICE_ERROR_MEMORY) << error.what();
    }
}

bool is_digit(std::byte byte) { return byte >= std::byte{'0'} && byte <= std::byte{'9'}; }

class DamageTest : public ::testing::TestWithParam<int> {
protected:
    std::vector<std::byte> whole_ = read_bytes(conformance_path(GetParam()));
    Random random_{static_cast<std::uint64_t>(GetParam())};
    std::size_t somewhere() { return static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(whole_.size()))); }
    int tries() const { return whole_.size() > 100'000 ? 20 : 150; }
};

TEST_P(DamageTest, FlippedBits) {
    for (int i = 0; i < tries(); ++i) {
        std::vector<std::byte> damaged = whole_;
        for (std::int64_t flips = random_.integer(1, 3); flips > 0; --flips) damaged[somewhere()] ^= static_cast<std::byte>(1 << random_.below(8));
        read_damaged(damaged);
    }
}

// Other numbers in the header reach further than other bytes: it still parses.
TEST_P(DamageTest, ChangedDigits) {
    for (int i = 0; i < tries(); ++i) {
        std::vector<std::byte> damaged = whole_;
        for (std::int64_t changes = random_.integer(1, 2); changes > 0; --changes) {
            std::size_t at = somewhere();
            while (at < damaged.size() && !is_digit(damaged[at])) ++at;
            if (at < damaged.size()) damaged[at] = static_cast<std::byte>('0' + random_.below(10));
        }
        read_damaged(damaged);
    }
}

TEST_P(DamageTest, CutsAndRepeats) {
    for (int i = 0; i < tries(); ++i) {
        std::vector<std::byte> damaged = whole_;
        const std::size_t begin = somewhere(), end = std::min(damaged.size(), begin + static_cast<std::size_t>(random_.integer(1, 64)));
        const std::vector<std::byte> piece(damaged.begin() + static_cast<std::ptrdiff_t>(begin), damaged.begin() + static_cast<std::ptrdiff_t>(end));
        if (random_.chance(0.5)) damaged.erase(damaged.begin() + static_cast<std::ptrdiff_t>(begin), damaged.begin() + static_cast<std::ptrdiff_t>(end));
        else damaged.insert(damaged.begin() + static_cast<std::ptrdiff_t>(begin), piece.begin(), piece.end());
        read_damaged(damaged);
    }
}

TEST_P(DamageTest, ReadableJson) {
    const std::string whole = circuit_to_json(*read_circuit(whole_, nullptr));
    for (int i = 0; i < tries(); ++i) {
        std::string damaged = whole;
        const auto at = static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(whole.size())));
        damaged[at] = static_cast<char>(random_.chance(0.5) ? '0' + random_.below(10) : random_.below(256));
        try {
            circuit_from_json(damaged, nullptr);
        } catch (const Error& error) {
            EXPECT_EQ(error.status(), JUICE_ERROR_FORMAT) << error.what();
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, DamageTest, ::testing::Range(0, 21));

}  // namespace

}  // namespace juice
