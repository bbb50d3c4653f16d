// A batch out of the rows that lie on the device.
#include <algorithm>

#include "cuda/kernels.h"

namespace juice::cuda {

namespace {

constexpr int rows_a_block = 64;

__device__ float not_a_number() { return __int_as_float(0x7fc00000); }

// Row i of the batch in the store; its padding is wholly missing.
__device__ std::int64_t row_of(const std::int64_t* numbers, std::int64_t first, std::int32_t i) { return numbers ? numbers[i] : first + i; }

template <class Code>
__global__ void codes_kernel(RowStore store, const std::int64_t* numbers, std::int64_t first, std::int32_t rows, std::int32_t rows16, std::int32_t* codes, std::int64_t line) {
    const auto i = static_cast<std::int32_t>(blockIdx.x * rows_a_block + threadIdx.x);
    if (i >= rows16) return;
    const std::int64_t row = i < rows ? row_of(numbers, first, i) : 0, chunk = row / store.chunk, place = row % store.chunk;
    const auto* const from = reinterpret_cast<const Code*>(store.codes);
    for (std::int64_t v = blockIdx.y; v < store.variables; v += gridDim.y) {
        const Code code = from[(chunk * store.variables + v) * store.chunk + place];
        const bool missing = i >= rows || (store.may_miss && code == static_cast<Code>(-1));
        codes[v * line + i] = missing ? -1 : static_cast<std::int32_t>(code);
    }
}

__global__ void reals_kernel(RowStore store, const std::int64_t* numbers, std::int64_t first, std::int32_t rows, std::int32_t rows16, float* reals, std::int64_t line) {
    const auto i = static_cast<std::int32_t>(blockIdx.x * rows_a_block + threadIdx.x);
    if (i >= rows16) return;
    const std::int64_t row = i < rows ? row_of(numbers, first, i) : 0, chunk = row / store.chunk, place = row % store.chunk;
    for (std::int64_t v = blockIdx.y; v < store.variables; v += gridDim.y)
        reals[v * line + i] = i < rows ? store.reals[(chunk * store.variables + v) * store.chunk + place] : not_a_number();
}

__global__ void weights_kernel(RowStore store, const std::int64_t* numbers, std::int64_t first, std::int32_t rows, float* weights) {
    const auto i = static_cast<std::int32_t>(blockIdx.x * rows_a_block + threadIdx.x);
    if (i < rows) weights[i] = store.weights[row_of(numbers, first, i)];
}

}  // namespace

void pick_rows(const Run& run, const RowStore& store, const std::int64_t* numbers, std::int64_t first, std::int32_t* codes, float* reals, float* weights,
               cudaStream_t stream) {
    const dim3 block(rows_a_block), grid(static_cast<unsigned>((run.rows16 + rows_a_block - 1) / rows_a_block), static_cast<unsigned>(std::min(store.variables, 32768)));
    const auto line = run.line;
    const auto rows = run.rows, rows16 = run.rows16;
    if (store.codes && store.width == 1) JUICE_LAUNCH(codes_kernel<std::uint8_t>, grid, block, stream, store, numbers, first, rows, rows16, codes, line);
    if (store.codes && store.width == 2) JUICE_LAUNCH(codes_kernel<std::uint16_t>, grid, block, stream, store, numbers, first, rows, rows16, codes, line);
    if (store.codes && store.width == 4) JUICE_LAUNCH(codes_kernel<std::int32_t>, grid, block, stream, store, numbers, first, rows, rows16, codes, line);
    if (store.reals) JUICE_LAUNCH(reals_kernel, grid, block, stream, store, numbers, first, rows, rows16, reals, line);
    if (store.weights) JUICE_LAUNCH(weights_kernel, dim3(grid.x), block, stream, store, numbers, first, rows, weights);
}

}  // namespace juice::cuda
