// The machine's matrix rate: a plain product on the inner loop that all others use, with its operands packed for it. Part of the kernels (kernels.inl).

// Columns of b by panels: [n / 16][k][16].
static void pack_columns(const float* b, std::int64_t n, std::int64_t k, std::int64_t first, std::int64_t last, float* to) {
    for (std::int64_t j = first; j < last; j += panel)
        for (std::int64_t i = 0; i < k; ++i) store(to + (j * k + i * panel), load(b + i * n + j));
}

template <int R, int N>
JUICE_INLINE void machine_tile(const float* a, std::int64_t a_step, const float* b, std::int64_t b_step, std::int64_t depth, float* c, std::int64_t n, bool set) {
    Floats acc[R][N];
    clear(acc);
    for (int r = 0; r < R; ++r)
        for (int p = 0; p < N; ++p) __builtin_prefetch(c + r * n + p * panel, 1);
    for (std::int64_t i = 0; i < depth; i += panel, a += a_step) multiply_add16<R, N, false>(a, panel, 1, b + i * panel, b_step, acc);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int p = 0; p < N; ++p) {
            float* to = c + r * n + p * panel;
            store(to, set ? acc[r][p] : load(to) + acc[r][p]);
        }
}

// Rows first … last - 1 of c = a · b, b packed; rows a multiple of tile_rows, n of tile_panels · 16, k of 16. Two panels of b, machine_depth deep,
// stay in the first-level cache, and a block of a in the second: `scratch`, [machine_depth / 16][machine_rows + 1][16].
static void multiply_packed(const float* a, const float* b, float* c, std::int64_t n, std::int64_t k, std::int64_t first, std::int64_t last, float* scratch) {
    constexpr std::int64_t a_step = (machine_rows + 1) * panel;
    for (std::int64_t i = 0; i < k; i += machine_depth)
        for (std::int64_t row = first; row < last; row += machine_rows) {
            const std::int64_t depth = k - i < machine_depth ? k - i : machine_depth, rows = last - row < machine_rows ? last - row : machine_rows;
            for (std::int64_t q = 0; q < depth; q += panel)
                for (std::int64_t r = 0; r < rows; ++r) store(scratch + q / panel * a_step + r * panel, load(a + (row + r) * k + i + q));
            for (std::int64_t j = 0; j < n; j += tile_panels * panel)
                for (std::int64_t r = 0; r < rows; r += tile_rows)
                    machine_tile<tile_rows, tile_panels>(scratch + r * panel, a_step, b + j * k + i * panel, k * panel, depth, c + (row + r) * n + j, n, i == 0);
        }
}
