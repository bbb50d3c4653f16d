// Sums in dense blocks: forward, element flows and parameter flows as three matrix products with their epilogues, and the entries so far below
// their row's maximum that they go edge by edge. Part of the kernels (kernels.inl).

#if defined(__AVX512F__)
constexpr int tile_rows = 8, tile_panels = 2;
#elif defined(__AVX2__)
constexpr int tile_rows = 4, tile_panels = 1;
#else
constexpr int tile_rows = 2, tile_panels = 1;
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


// ---- forward ----

template <int R, int N, bool maximise>
JUICE_INLINE void forward_tile(const Run& run, const PlanBlock* blocks, std::int64_t count, const float* in, const float* transposed, std::int64_t panel_step,
                               std::int64_t row, float* out, std::int64_t valid, std::uint8_t* suspects) {
    Floats acc[R][N];
    clear(acc);
    for (int n = 0; n < N; ++n)     // the lines to be written are not in the cache yet
        for (int r = 0; r < R; ++r) __builtin_prefetch(out + n * run.stride + (row + r) * panel, 1);
    for (std::int64_t b = 0; b < count; ++b) {
        const float* a = in + blocks[b].in_panel * run.stride + row * panel;
        for (std::int32_t q = 0; q < blocks[b].in_panels; ++q, a += run.stride, transposed += 16 * panel)
            multiply_add16<R, N, maximise>(a, panel, 1, transposed, panel_step, acc);
    }
    // Lanes past the last node hold 0 and must not count as low: they are lifted by 1.
    static constexpr float lifted[32] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const std::int64_t last = valid - (N - 1) * panel;      // nodes in the last panel of the tile
    const Floats pad = load_unaligned(lifted + 16 - (last < 16 ? last : 16));
    Floats low = splat(1.0f);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) {
            store(out + n * run.stride + (row + r) * panel, acc[r][n]);
            low = minimum(low, n == N - 1 ? acc[r][n] + pad : acc[r][n]);
        }
    // Read back from memory: a loop over acc here would take the accumulators out of their registers.
    if (__builtin_expect(any(less(low, splat(lowest_value))), 0))
        for (int r = 0; r < R; ++r)
            for (int n = 0; n < N; ++n) {
                const Floats value = load(out + n * run.stride + (row + r) * panel);
                if (any(less(n == N - 1 ? value + pad : value, splat(lowest_value)))) suspects[row + r] = 1;
            }
}

// The order of the tiles of a product: rows outside while all weights stay in the first-level cache, and otherwise panels outside, so that at
// least the weights of one tile stay there. Visits (first panel of the tile, first row).
template <class Visit>
JUICE_INLINE void for_each_tile(const Run& run, std::int64_t panels, std::int64_t depth, Ahead& ahead, Visit visit) {
    if (panels * panel * depth * static_cast<std::int64_t>(sizeof(float)) <= 24 * 1024) {
        for (std::int64_t row = 0; row < run.rows16; row += tile_rows) {
            ask_ahead(ahead, tile_rows);
            for (std::int64_t p = 0; p < panels; p += tile_panels) visit(p, row);
        }
    } else {
        for (std::int64_t p = 0; p < panels; p += tile_panels)
            for (std::int64_t row = 0; row < run.rows16; row += tile_rows) {
                if (p == 0) ask_ahead(ahead, tile_rows);
                visit(p, row);
            }
    }
}

template <bool maximise>
static void forward_blocks(const Run& run, const PlanOperation& operation, Scratch& scratch, float* out, Ahead ahead) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const std::int64_t group = weight_group(operation);
    for (auto begin = operation.block_begin; begin < operation.block_end;) {
        auto end = begin;
        std::int64_t depth = 0;         // positions of the run
        while (end < operation.block_end && run.blocks[end].out_panel == run.blocks[begin].out_panel) depth += run.blocks[end++].in_panels * panel;
        const std::int64_t first = run.blocks[begin].out_panel, panels = run.blocks[begin].out_panels;
        const std::int64_t panel_step = depth * panel;
        for (std::int64_t p0 = 0; p0 < panels; p0 += group) {
            const std::int64_t p1 = p0 + group < panels ? p0 + group : panels;
            for (std::int64_t p = p0; p < p1; ++p) {
                float* to = scratch.weights + (p - p0) * panel_step;
                for (auto b = begin; b < end; ++b) {
                    const PlanBlock& block = run.blocks[b];
                    for (std::int32_t q = 0; q < block.in_panels; ++q, to += 16 * panel)
                        transpose16(weights + block.weights + (q * block.out_panels + p) * panel * panel, panel, to, panel);
                }
            }
            const auto tile = [&](std::int64_t p, std::int64_t row) __attribute__((always_inline)) {
                const float* w = scratch.weights + (p - p0) * panel_step;
                float* to = out + (first + p) * run.stride;
                const std::int64_t valid = operation.nodes - (first + p) * panel;
                if (p + tile_panels <= p1)
                    forward_tile<tile_rows, tile_panels, maximise>(run, run.blocks + begin, end - begin, scratch.elements, w, panel_step, row, to, valid, scratch.suspects);
                else
                    for (std::int64_t k = 0; p + k < p1; ++k)
                        forward_tile<tile_rows, 1, maximise>(run, run.blocks + begin, end - begin, scratch.elements, w + k * panel_step, panel_step, row,
                                                             to + k * run.stride, valid - k * panel, scratch.suspects);
            };
            for_each_tile(run, p1 - p0, depth, ahead, [&](std::int64_t p, std::int64_t row) __attribute__((always_inline)) { tile(p0 + p, row); });
        }
        begin = end;
    }
}

// log2 Σ (or max) over the node's own non-zero edges, from the row's logs. Weights enter as logs, too: they may span what a float spans.
static float node_log(const Run& run, const PlanOperation& operation, std::int64_t node, const float* logs) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    Floats largest = splat(-__builtin_inff());
    Floats sum = splat(0.0f);
    float top = 0;
    for (int pass = 0; pass < 2; ++pass) {
        for (auto b = operation.block_begin; b < operation.block_end; ++b) {
            const PlanBlock& block = run.blocks[b];
            const std::int64_t i = node - block.out_panel * panel;
            if (i < 0 || i >= block.out_panels * panel) continue;
            for (std::int32_t q = 0; q < block.in_panels; ++q) {
                const Floats w = load(weights + block.weights + (q * block.out_panels * panel + i) * panel);
                const Floats term = choose(differs(w, splat(0.0f)), load(logs + (block.in_panel + q) * panel) + log2(w), splat(-__builtin_inff()));
                if (pass == 0) largest = maximum(largest, term);
                else sum = sum + exp2(term - splat(top));
            }
        }
        if (pass == 0) {
            top = lane_max(largest);
            if (run.maximise || top == -__builtin_inff()) return top;
        }
    }
    return first_lane(log2(splat(lane_sum(sum)))) + top;
}

// Stores one row as logs relative to a new exponent.
static void store_log_row(const Run& run, const PlanOperation& operation, float* out, std::int64_t row, const float* logs, std::int32_t exponent) {
    const auto o = &operation - run.operations;
    Floats largest = splat(-__builtin_inff());
    for (std::int32_t q = 0; q < operation.panels; ++q) largest = maximum(largest, load(logs + q * panel));
    const float top = lane_max(largest);
    const float shift = top > -__builtin_inff() ? __builtin_ceilf(top) : 0.0f;
    for (std::int32_t q = 0; q < operation.panels; ++q) store(out + q * run.stride + row * panel, load(logs + q * panel) - splat(shift));
    run.exponents[o * run.rows16 + row] = exponent + static_cast<std::int32_t>(shift);
    run.log_rows[o * run.rows16 + row] = 1;
}

// A row with entries below 2^-60: they are computed again by edges. Where one of them lives the row becomes a log row.
static void mend_row(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, float* out, std::int64_t row) {
    const auto o = &operation - run.operations;
    std::int32_t exponent = run.exponents[o * run.rows16 + row];
    float* logs = scratch.row;
    float* values = scratch.row + operation.operand_panels * panel;
    row_logs(run, operation, views, row, logs, &exponent, true);
    bool alive = false;
    for (std::int64_t node = 0; node < operation.panels * panel; ++node) {
        const float value = out[node / panel * run.stride + row * panel + node % panel];
        if (node >= operation.nodes) {
            values[node] = -__builtin_inff();
        } else if (value >= lowest_value) {
            values[node] = __builtin_log2f(value);
        } else {
            values[node] = node_log(run, operation, node, logs);
            alive = alive || values[node] > -__builtin_inff();
        }
    }
    if (alive) {
        store_log_row(run, operation, out, row, values, exponent);
        return;
    }
    for (std::int64_t node = 0; node < operation.nodes; ++node)
        if (values[node] == -__builtin_inff()) out[node / panel * run.stride + row * panel + node % panel] = 0;
}

// ---- backward ----

// gradient = flow / value, relative to the elements' exponents. Entries of log rows below 2^-60 go onto the slow list instead.
static void flow_over_value(const Run& run, const PlanOperation& operation, const float* flow, Scratch& scratch) {
    const auto o = &operation - run.operations;
    const float* values = values_of(run, operation);
    const std::uint8_t* log_rows = run.log_rows + o * run.rows16;
    scratch.slow_count = 0;
    for (std::int32_t q = 0; q < operation.panels; ++q) {
        const float* f = flow + q * run.stride;
        const float* s = values + q * run.stride;
        float* g = scratch.gradient + q * run.stride;
        for (std::int64_t row = 0; row < run.rows16; ++row, f += panel, s += panel, g += panel) {
            const Floats value = load(s);
            store(g, only(less(splat(0.0f), value), load(f) * reciprocal(value)));
        }
    }
    for (std::int64_t row = 0; row < run.rows16; ++row) {
        if (!log_rows[row]) continue;
        const auto shift = static_cast<float>(run.exponents[o * run.rows16 + row] - scratch.exponents[row]);
        for (std::int32_t node = 0; node < operation.panels * panel; ++node) {
            const std::int64_t at = node / panel * run.stride + row * panel + node % panel;
            const float log = values[at] + shift, f = flow[at];
            float& g = scratch.gradient[at];
            g = 0;
            if (f == 0 || node >= operation.nodes || !(log > -__builtin_inff())) continue;
            if (log >= lowest_log) {
                g = f * __builtin_exp2f(-log);
                continue;
            }
            if (scratch.slow_count == scratch.slow_capacity) scratch.more_slow(scratch);
            scratch.slow[scratch.slow_count++] = {node, static_cast<std::int32_t>(row), f, log};
        }
    }
}

template <int R, int N>
JUICE_INLINE void backward_tile(const Run& run, const std::int32_t* blocks, std::int64_t count, const float* weights, std::int64_t q, const float* gradient,
                                const float* in, float* out, std::int64_t row) {
    Floats acc[R][N];
    clear(acc);
    for (std::int64_t b = 0; b < count; ++b) {
        const PlanBlock& block = run.blocks[blocks[b]];
        const std::int64_t panel_step = block.out_panels * panel * panel;
        const float* w = weights + block.weights + q * panel_step;
        const float* a = gradient + block.out_panel * run.stride + row * panel;
        for (std::int32_t p = 0; p < block.out_panels; ++p, a += run.stride, w += 16 * panel) multiply_add16<R, N, false>(a, panel, 1, w, panel_step, acc);
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) {
            const std::int64_t at = n * run.stride + (row + r) * panel;
            store(out + at, acc[r][n] * load(in + at));
        }
}

static void zero_panels(const Run& run, float* out, std::int64_t begin, std::int64_t end) {
    for (std::int64_t q = begin; q < end; ++q) __builtin_memset(out + q * run.stride, 0, static_cast<std::size_t>(run.rows16 * panel) * sizeof(float));
}

// Element flows: element · Σ_i weight · gradient_i.
static void backward_blocks(const Run& run, const PlanOperation& operation, const Scratch& scratch, float* out) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const std::int32_t* by_in = run.maps + operation.block_by_in;
    const std::int64_t count = operation.block_end - operation.block_begin;
    std::int64_t covered = 0;
    for (std::int64_t begin = 0; begin < count;) {
        std::int64_t end = begin;
        const std::int64_t first = run.blocks[by_in[begin]].in_panel, panels = run.blocks[by_in[begin]].in_panels;
        while (end < count && run.blocks[by_in[end]].in_panel == first) ++end;
        zero_panels(run, out, covered, first);
        covered = first + panels;
        std::int64_t depth = 0;
        for (std::int64_t b = begin; b < end; ++b) depth += run.blocks[by_in[b]].out_panels * panel;
        Ahead nothing;
        for_each_tile(run, panels, depth, nothing, [&](std::int64_t q, std::int64_t row) __attribute__((always_inline)) {
            const float* in = scratch.elements + (first + q) * run.stride;
            float* to = out + (first + q) * run.stride;
            if (q + tile_panels <= panels)
                backward_tile<tile_rows, tile_panels>(run, by_in + begin, end - begin, weights, q, scratch.gradient, in, to, row);
            else
                for (std::int64_t k = 0; q + k < panels; ++k)
                    backward_tile<tile_rows, 1>(run, by_in + begin, end - begin, weights, q + k, scratch.gradient, in + k * run.stride, to + k * run.stride, row);
        });
        begin = end;
    }
    zero_panels(run, out, covered, operation.operand_panels);
}

// Edge by edge: flow · weight · 2^(log of the element − log of the value), for the entries of the slow list. With `flows` the edge flows are added
// there (laid out like the weights), otherwise they go to the element flows.
static void slow_edges(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, float* out, float* flows) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    std::int64_t current = -1;
    for (std::int64_t e = 0; e < scratch.slow_count; ++e) {
        const SlowEntry& entry = scratch.slow[e];
        if (entry.row != current) {
            current = entry.row;
            row_logs(run, operation, views, current, scratch.row, scratch.exponents + current, true);
        }
        for (auto b = operation.block_begin; b < operation.block_end; ++b) {
            const PlanBlock& block = run.blocks[b];
            const std::int64_t i = entry.node - block.out_panel * panel;
            if (i < 0 || i >= block.out_panels * panel) continue;
            for (std::int32_t q = 0; q < block.in_panels; ++q) {
                const std::int64_t at = block.weights + (q * block.out_panels * panel + i) * panel;
                const Floats ratio = exp2(minimum(load(scratch.row + (block.in_panel + q) * panel) - splat(entry.log), splat(126.0f)));
                const Floats part = load(weights + at) * ratio * splat(entry.flow);
                float* to = flows ? flows + at : out + (block.in_panel + q) * run.stride + current * panel;
                store(to, load(to) + part);
            }
        }
    }
}

// What becomes of a tile of parameter flows: added to the flow buffer, or EM in place.
struct Fate {
    float* flows;                       // like the weights; NULL: in place
    bool set;                           // first writer
    const float *keep, *gain, *share;   // by node: weight' = weight · (keep + gain · Σ_b g x) + share
};

template <int R, int N>
JUICE_INLINE void parameter_tile(const Run& run, const PlanBlock& block, float* weights, std::int64_t i, std::int64_t q, const Scratch& scratch, const Fate& fate) {
    Floats acc[R][N];
    clear(acc);
    const float* g = scratch.gradient + (block.out_panel + i / panel) * run.stride + i % panel;
    const float* x = scratch.elements + (block.in_panel + q) * run.stride;
    for (std::int64_t row = 0; row < run.rows16; row += 16) multiply_add16<R, N, false>(g + row * panel, 1, panel, x + row * panel, run.stride, acc);
    const std::int64_t panel_step = block.out_panels * panel * panel;
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
        for (int n = 0; n < N; ++n) {
            const std::int64_t at = block.weights + (q + n) * panel_step + (i + r) * panel;
            const Floats weight = load(weights + at);
            if (fate.flows) {
                const Floats flow = weight * acc[r][n];
                store(fate.flows + at, fate.set ? flow : load(fate.flows + at) + flow);
            } else {
                const std::int64_t node = block.out_panel * panel + i + r;
                const Floats scaled = add_product(splat(fate.keep[node]), acc[r][n], splat(fate.gain[node]));
                const Floats next = maximum(add_product(splat(fate.share[node]), weight, scaled), splat(least_weight));
                store(weights + at, only(differs(weight, splat(0.0f)), next));
            }
        }
}

static void parameter_blocks(const Run& run, const PlanOperation& operation, const Scratch& scratch, const Fate& fate, Ahead ahead) {
    float* weights = run.parameters + run.owners[operation.owner].parameters;
    for (auto b = operation.block_begin; b < operation.block_end; ++b) {
        const PlanBlock& block = run.blocks[b];
        const std::int64_t left = operation.nodes - block.out_panel * panel;
        const std::int64_t nodes = left < block.out_panels * panel ? (left + tile_rows - 1) / tile_rows * tile_rows : block.out_panels * panel;
        if (fate.flows && fate.set && nodes < block.out_panels * panel)     // rows past the last node are never written below
            for (std::int32_t q = 0; q < block.in_panels; ++q)
                __builtin_memset(fate.flows + block.weights + (q * block.out_panels * panel + nodes) * panel, 0,
                                 static_cast<std::size_t>((block.out_panels * panel - nodes) * panel) * sizeof(float));
        std::int32_t q = 0;
        const std::int64_t tiles = block.in_panels / tile_panels * (nodes / tile_rows), share = tiles > 0 ? (run.rows16 + tiles - 1) / tiles : 0;
        for (; q + tile_panels <= block.in_panels; q += tile_panels)
            for (std::int64_t i = 0; i < nodes; i += tile_rows) {
                ask_ahead(ahead, share);
                parameter_tile<tile_rows, tile_panels>(run, block, weights, i, q, scratch, fate);
            }
        for (; q < block.in_panels; ++q)
            for (std::int64_t i = 0; i < nodes; i += tile_rows) parameter_tile<tile_rows, 1>(run, block, weights, i, q, scratch, fate);
    }
}

// Rows added up, one total a position, in a fixed order.
static void add_rows(const Run& run, const float* from, std::int64_t panels, float* sums, bool set) {
    for (std::int64_t q = 0; q < panels; ++q) {
        Floats part[4];
        for (auto& p : part) p = splat(0.0f);
        const float* x = from + q * run.stride;
        for (std::int64_t row = 0; row < run.rows16; row += 4, x += 4 * panel)
            for (int k = 0; k < 4; ++k) part[k] = part[k] + load(x + k * panel);
        const Floats total = (part[0] + part[1]) + (part[2] + part[3]);
        store(sums + q * panel, set ? total : load(sums + q * panel) + total);
    }
}
