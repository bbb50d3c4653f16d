// Which tiles, and which kernels for them, wide sums get: pure functions of a launch and its device (choose.cu).
#include <gtest/gtest.h>

#include <cstdint>

#include "cuda/run.h"

namespace juice {
namespace {

TEST(FastTiles, AreLargeWhereSmallOnesWouldComeInWaves) {
    const auto shape = [](std::int64_t tiles, std::int32_t panels, std::int32_t rows) { return cuda::tile_shape(cuda::Product::Values, tiles, panels, rows, 132, 16); };
    EXPECT_EQ(shape(1, 8, 512).lines, 64);
    EXPECT_EQ(shape(33, 8, 512).lines, 64);
    EXPECT_EQ(shape(34, 8, 512).lines, 128);
    EXPECT_EQ(shape(89, 5, 129).lines, 128);
    EXPECT_EQ(shape(132, 8, 100).lines, 64);
    EXPECT_EQ(shape(132, 5, 100).columns, 128);
}

TEST(FastTiles, AreNarrowWhereNoneIsWide) {
    EXPECT_EQ(cuda::tile_shape(cuda::Product::Values, 1, 4, 512, 132, 16).columns, 64);
    EXPECT_EQ(cuda::tile_shape(cuda::Product::Values, 1, 4, 512, 132, 16).lines, 128);
}

TEST(FastTiles, ArePipedWhereSumsAreLong) {
    const auto shape = [](std::int64_t tiles, std::int32_t panels, std::int32_t depth) { return cuda::tile_shape(cuda::Product::Values, tiles, panels, 512, 132, depth); };
    EXPECT_FALSE(shape(8, 8, 31).piped);
    EXPECT_TRUE(shape(8, 8, 32).piped);
    EXPECT_FALSE(shape(8, 4, 64).piped);
    EXPECT_EQ(shape(8, 8, 64).lines, 64);           // 64 blocks, or 16 for twice as long
    EXPECT_EQ(shape(8, 8, 64).columns, 128);
    EXPECT_EQ(shape(40, 8, 64).lines, 128);         // 320 blocks would take three rounds, 160 of 128 by 128 two
    EXPECT_EQ(shape(40, 8, 64).columns, 256);
    EXPECT_EQ(shape(32, 8, 64).columns, 128);       // 128 blocks of 128 by 128: one round
    EXPECT_EQ(shape(32, 8, 64).lines, 128);
    EXPECT_FALSE(cuda::tile_shape(cuda::Product::OperandFlows, 8, 8, 512, 132, 15).piped);
    EXPECT_TRUE(cuda::tile_shape(cuda::Product::OperandFlows, 16, 8, 512, 132, 16).piped);
    EXPECT_EQ(cuda::tile_shape(cuda::Product::OperandFlows, 16, 8, 512, 132, 16).lines, 64);
    EXPECT_FALSE(cuda::tile_shape(cuda::Product::OperandFlows, 17, 8, 512, 132, 16).piped);     // two rounds
    EXPECT_EQ(cuda::tile_shape(cuda::Product::OperandFlows, 33, 8, 512, 132, 16).blocks, 2);
    EXPECT_EQ(cuda::tile_shape(cuda::Product::OperandFlows, 49, 8, 512, 132, 16).blocks, 3);
    EXPECT_EQ(cuda::tile_shape(cuda::Product::OperandFlows, 49, 8, 512, 132, 16).lines, 64);
    EXPECT_EQ(cuda::tile_shape(cuda::Product::OperandFlows, 50, 8, 512, 132, 16).lines, 128);
    EXPECT_FALSE(cuda::tile_shape(cuda::Product::OperandFlows, 64, 8, 512, 132, 16).piped);
    EXPECT_EQ(cuda::tile_shape(cuda::Product::OperandFlows, 66, 8, 512, 132, 16).columns, 256);
    EXPECT_FALSE(cuda::tile_shape(cuda::Product::OperandFlows, 130, 8, 512, 132, 4).piped);
    EXPECT_EQ(cuda::tile_shape(cuda::Product::OperandFlows, 131, 8, 512, 132, 4).columns, 256);     // however short
    EXPECT_FALSE(cuda::slices_blocks(26, 600, 132));
    EXPECT_TRUE(cuda::slices_blocks(33, 512, 132));
    EXPECT_FALSE(cuda::pipes_parameters(65, 512, 132));
    EXPECT_TRUE(cuda::pipes_parameters(66, 512, 132));
    EXPECT_FALSE(cuda::pipes_parameters(1, 2047, 132));
    EXPECT_TRUE(cuda::pipes_parameters(1, 2048, 132));
    EXPECT_EQ(cuda::late_blocks(2111, 132), 0);
    EXPECT_EQ(cuda::late_blocks(2112, 132), 33);
    EXPECT_EQ(cuda::late_blocks(100, 1), 0);
}

TEST(FastTiles, AreHalvedWhereLongSumsAreFew) {
    const auto shape = [](std::int64_t tiles, std::int32_t rows, std::int32_t depth) { return cuda::tile_shape(cuda::Product::Values, tiles, 8, rows, 132, depth); };
    EXPECT_TRUE(shape(16, 256, 64).halved);
    EXPECT_EQ(shape(16, 256, 64).lines, 64);
    EXPECT_FALSE(shape(16, 256, 63).halved);
    EXPECT_FALSE(shape(17, 256, 64).halved);        // 136 blocks
    EXPECT_TRUE(shape(32, 256, 256).halved);
    EXPECT_EQ(shape(32, 256, 256).lines, 128);
    EXPECT_TRUE(shape(33, 256, 128).halved);
    EXPECT_FALSE(shape(34, 256, 128).halved);       // 136 blocks
    EXPECT_FALSE(shape(32, 256, 127).halved);
    EXPECT_FALSE(shape(48, 256, 384).halved);
    EXPECT_EQ(shape(48, 256, 384).columns, 128);
    EXPECT_EQ(shape(48, 256, 384).lines, 128);
}

TEST(FastTiles, GroupsOfWarpsAreHoppersAlone) {
    EXPECT_TRUE(cuda::has_groups(90, cuda::Arithmetic::Tensor));
    EXPECT_FALSE(cuda::has_groups(90, cuda::Arithmetic::Plain));
    EXPECT_FALSE(cuda::has_groups(86, cuda::Arithmetic::Tensor));
    EXPECT_FALSE(cuda::has_groups(100, cuda::Arithmetic::Tensor));
}

}  // namespace
}  // namespace juice
