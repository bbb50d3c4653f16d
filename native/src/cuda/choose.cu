// Which family of kernels works on which GPU.
#include <cstring>

#include "common/error.h"
#include "cuda/run.h"

namespace juice::cuda {

namespace {

constexpr std::int32_t has_tf32 = 80, has_bf16 = 80;
constexpr std::int32_t halved_depth = 64;       // panels: two blocks' exchange takes as long as copies of some 400 positions, of tiles of 128 by 128 twice as long

// Cards of data centres multiply TF32 at seven times the rate of float32 and more; others (8.6, 8.9, 12.0) at no more than that rate, where three such
// products take longer than one in float32.
bool gains_by_tf32(std::int32_t capability) { return capability == 80 || capability == 90 || capability / 10 == 10; }

}  // namespace

bool has_fast(std::int32_t capability) { return capability >= has_bf16; }

bool has_groups([[maybe_unused]] std::int32_t capability, [[maybe_unused]] Arithmetic arithmetic) {
#if defined(JUICE_CUDA_GROUPS)
    return capability == 90 && arithmetic == Arithmetic::Tensor;
#else
    return false;       // not compiled for 9.0a
#endif
}

TileShape tile_shape(Product product, std::int64_t tiles, std::int32_t panels, std::int32_t rows, std::int32_t multiprocessors, std::int32_t depth) {
    constexpr std::int32_t large = 128, narrow = 64, columns = wide_panels * static_cast<std::int32_t>(panel);
    if (panels * panel <= narrow) return {large, narrow, false};
    const auto parts = [](std::int64_t all, std::int64_t part) { return (all + part - 1) / part; };
    const TileShape piped_small{rows_a_tile, columns, true}, piped_middling{large, columns, true}, piped_large{large, 2 * columns, true};
    const std::int64_t small_tiles = tiles * parts(rows, rows_a_tile), middling_tiles = tiles * parts(rows, large), large_tiles = parts(tiles, 2) * parts(rows, large);
    if (depth >= 32) {
        if (depth >= halved_depth && 2 * small_tiles <= multiprocessors) return {rows_a_tile, columns, true, 1, true};
        if (depth >= 2 * halved_depth && 2 * middling_tiles <= multiprocessors) return {large, columns, true, 1, true};
        // Copies are what takes the time: of a step a thread block copies its lines and its columns.
        const auto copies = [&](const TileShape& shape, std::int64_t all) { return parts(all, multiprocessors) * (shape.lines + shape.columns); };
        const std::int64_t small = copies(piped_small, small_tiles), middling = copies(piped_middling, middling_tiles), whole = copies(piped_large, large_tiles);
        return whole <= small && whole <= middling ? piped_large : middling < small ? piped_middling : piped_small;
    }
    if (product == Product::OperandFlows && depth >= 16 && small_tiles <= multiprocessors) return piped_small;
    if (product == Product::OperandFlows && large_tiles >= (depth >= 16 ? 1 : 2) * multiprocessors) return piped_large;
    if (small_tiles <= std::int64_t{2} * multiprocessors) return {rows_a_tile, columns, false};
    if (product == Product::OperandFlows && small_tiles <= std::int64_t{3} * multiprocessors) return {rows_a_tile, columns, false, 3};
    return {large, columns, false};
}

bool slices_blocks(std::int64_t tiles, std::int32_t rows, std::int32_t multiprocessors) { return tiles * ((rows + 127) / 128) >= multiprocessors; }

bool pipes_parameters(std::int64_t pieces, std::int64_t rows, std::int32_t multiprocessors) { return 2 * pieces >= multiprocessors || rows >= 2048; }
std::int32_t late_blocks(std::int64_t pieces, std::int32_t multiprocessors) { return pieces >= std::int64_t{16} * multiprocessors ? multiprocessors / 4 : 0; }

Arithmetic choose_arithmetic(std::int32_t capability, const char* wanted) {
    if (!wanted || !*wanted) return gains_by_tf32(capability) ? Arithmetic::Tensor : Arithmetic::Plain;
    if (std::strcmp(wanted, "plain") == 0) return Arithmetic::Plain;
    if (std::strcmp(wanted, "tensor") != 0) fail(JUICE_ERROR_UNSUPPORTED, "instruction_set is '%s': a CUDA device has 'plain' and 'tensor'", wanted);
    if (capability < has_tf32)
        fail(JUICE_ERROR_UNSUPPORTED, "instruction_set is 'tensor': that needs compute capability 8.0, and the device has %d.%d", capability / 10, capability % 10);
    return Arithmetic::Tensor;
}

}  // namespace juice::cuda
