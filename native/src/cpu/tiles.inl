// The inner loop of every product: a tile of accumulators that stays in registers. Part of the kernels (kernels.inl).

#if defined(__AVX512F__)
constexpr int tile_rows = 8, tile_panels = 2, tall_rows = 16;     // tall: of one panel
#elif defined(__AVX2__)
constexpr int tile_rows = 4, tile_panels = 1, tall_rows = 4;
#else
constexpr int tile_rows = 2, tile_panels = 1, tall_rows = 2;
#endif

// acc[r][n] += (or max=) Σ_k a[r · row_step + k · k_step] · b[n · panel_step + k · 16], 16 k at a time.
template <int R, int N, bool maximise>
JUICE_INLINE void multiply_add16(const float* a, std::int64_t row_step, std::int64_t k_step, const float* b, std::int64_t panel_step, Floats (&acc)[R][N]) {
#pragma GCC unroll 4
    for (int k = 0; k < 16; ++k) {
        Floats weight[N];
        for (int n = 0; n < N; ++n) weight[n] = load(b + n * panel_step + k * panel);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const Floats x = splat(a[r * row_step + k * k_step]);
#pragma GCC unroll 4
            for (int n = 0; n < N; ++n) acc[r][n] = maximise ? maximum(acc[r][n], x * weight[n]) : add_product(acc[r][n], x, weight[n]);
        }
    }
}

template <int R, int N>
JUICE_INLINE void clear(Floats (&acc)[R][N]) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) acc[r][n] = splat(0.0f);
}
