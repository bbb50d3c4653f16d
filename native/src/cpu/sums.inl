// Sums in dense blocks: forward, element flows and parameter flows as three matrix products with their epilogues, and the entries so far below
// their row's maximum that they go edge by edge. Part of the kernels (kernels.inl).

// ---- forward ----

template <int R, int N, bool maximise>
JUICE_INLINE void forward_tile(const Run& run, const PlanBlock* blocks, std::int64_t count, const float* in, const float* transposed, std::int64_t panel_step,
                               std::int64_t row, float* out, std::int64_t valid, std::uint8_t* suspects, Ahead& ahead) {
    Floats acc[R][N];
    clear(acc);
    for (int n = 0; n < N; ++n)     // the lines to be written are not in the cache yet
        for (int r = 0; r < R; ++r) __builtin_prefetch(out + n * run.stride + (row + r) * panel, 1);
    for (std::int64_t b = 0; b < count; ++b) {
        const float* a = in + blocks[b].in_panel * run.stride;
        for (std::int32_t q = 0; q < blocks[b].in_panels; ++q, a += run.stride, transposed += 16 * panel) {
            ask_ahead(ahead);
            multiply_add16<R, N, maximise>(a, panel, 1, transposed, panel_step, acc);
        }
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

// Rows of a product that are worked on together.
struct Strip {
    std::int64_t begin, end;
};

// A narrow operation's weights stay in the first-level cache: then a strip of 16 rows is gathered and multiplied at once, and goes no further than
// that cache. Otherwise all rows are gathered first.
JUICE_INLINE bool is_narrow(const PlanOperation& operation) {
    return operation.form != Form::Edges && std::int64_t{operation.panels} * operation.operand_panels * panel * panel * static_cast<std::int64_t>(sizeof(float)) <= 24 * 1024;
}

// Bytes of table rows and values that the second-level cache is asked to hold for later.
constexpr std::int64_t ahead_bytes = 256 * 1024;
constexpr std::int64_t ahead_of_strip = 32 * 1024;

// The order of the tiles of a product: rows outside while all weights stay in the first-level cache, and otherwise panels outside, so that at
// least the weights of one tile stay there. Visits (first panel of the tile, panels, first row).
template <class Visit>
JUICE_INLINE void for_each_tile(std::int64_t panels, bool narrow, Strip strip, Visit visit) {
    if (narrow) {
        for (std::int64_t row = strip.begin; row < strip.end; row += tall_rows) {
            std::int64_t p = 0;
            for (; p + tile_panels <= panels; p += tile_panels)
                for (int r = 0; r < tall_rows; r += tile_rows) visit.template operator()<tile_rows, tile_panels>(p, row + r);
            for (; p < panels; ++p) visit.template operator()<tall_rows, 1>(p, row);
        }
        return;
    }
    std::int64_t p = 0;
    for (; p + tile_panels <= panels; p += tile_panels)
        for (std::int64_t row = strip.begin; row < strip.end; row += tile_rows) visit.template operator()<tile_rows, tile_panels>(p, row);
    for (; p < panels; ++p)
        for (std::int64_t row = strip.begin; row < strip.end; row += tall_rows) visit.template operator()<tall_rows, 1>(p, row);
}

// Blocks begin … end - 1 make the same nodes; returns end and how many positions they read.
JUICE_INLINE std::int32_t same_nodes(const Run& run, const PlanOperation& operation, std::int32_t begin, std::int64_t& depth) {
    auto end = begin;
    depth = 0;
    while (end < operation.block_end && run.blocks[end].out_panel == run.blocks[begin].out_panel) depth += run.blocks[end++].in_panels * panel;
    return end;
}

// Weights of panels p0 … p1 - 1 (of the blocks' own), transposed: [panel][position][16 nodes]. Calls `between` after every 16 lines.
template <class Between>
JUICE_INLINE void transpose_weights(const Run& run, const float* weights, std::int32_t begin, std::int32_t end, std::int64_t p0, std::int64_t p1, float* to,
                                    Between between) {
    for (std::int64_t p = p0; p < p1; ++p)
        for (auto b = begin; b < end; ++b) {
            const PlanBlock& block = run.blocks[b];
            for (std::int32_t q = 0; q < block.in_panels; ++q, to += 16 * panel) {
                transpose16(weights + block.weights + (q * block.out_panels + p) * panel * panel, panel, to, panel);
                between();
            }
        }
}

// Panels p0 … p1 - 1 of a strip. in: elements of the strip's first row.
template <bool maximise>
JUICE_INLINE void forward_strip(const Run& run, const PlanOperation& operation, std::int32_t begin, std::int32_t end, std::int64_t p0, std::int64_t p1, std::int64_t depth,
                                const float* transposed, const float* in, bool narrow, Strip strip, float* out, Scratch& scratch, Ahead& ahead) {
    const std::int64_t first = run.blocks[begin].out_panel + p0, panel_step = depth * panel;
    for_each_tile(p1 - p0, narrow, strip, [&]<int R, int N>(std::int64_t p, std::int64_t row) __attribute__((always_inline)) {
        forward_tile<R, N, maximise>(run, run.blocks + begin, end - begin, in + (row - strip.begin) * panel, transposed + p * panel_step, panel_step, row,
                                     out + (first + p) * run.stride, operation.nodes - (first + p) * panel, scratch.suspects, ahead);
    });
}

template <bool maximise>
static void forward_narrow(const Run& run, const PlanOperation& operation, const FactorView* views, std::int32_t* exponents, Scratch& scratch, float* out, Ahead& ahead) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    float* to = scratch.weights;
    std::int64_t depth;
    for (auto begin = operation.block_begin; begin < operation.block_end;) {
        const auto end = same_nodes(run, operation, begin, depth);
        transpose_weights(run, weights, begin, end, 0, run.blocks[begin].out_panels, to, [] {});
        to += run.blocks[begin].out_panels * panel * depth;
        begin = end;
    }
    for (std::int64_t row = 0; row < run.rows16; row += 16) {
        elements_tile(run, operation, views, scratch, row, scratch.elements, run.stride, exponents + row);
        const float* transposed = scratch.weights;
        for (auto begin = operation.block_begin; begin < operation.block_end;) {
            const auto end = same_nodes(run, operation, begin, depth);
            forward_strip<maximise>(run, operation, begin, end, 0, run.blocks[begin].out_panels, depth, transposed, scratch.elements, true, {row, row + 16}, out, scratch, ahead);
            transposed += run.blocks[begin].out_panels * panel * depth;
            begin = end;
        }
    }
}

template <bool maximise>
static void forward_wide(const Run& run, const PlanOperation& operation, const FactorView* views, std::int32_t* exponents, Scratch& scratch, float* out, Ahead& ahead) {
    elements(run, operation, views, scratch, scratch.elements, exponents);
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const std::int64_t group = weight_group(operation);
    for (auto begin = operation.block_begin; begin < operation.block_end;) {
        std::int64_t depth;
        const auto end = same_nodes(run, operation, begin, depth);
        const std::int64_t panels = run.blocks[begin].out_panels;
        for (std::int64_t p0 = 0; p0 < panels; p0 += group) {
            const std::int64_t p1 = p0 + group < panels ? p0 + group : panels;
            transpose_weights(run, weights, begin, end, p0, p1, scratch.weights, [] {});
            forward_strip<maximise>(run, operation, begin, end, p0, p1, depth, scratch.weights, scratch.elements, false, {0, run.rows16}, out, scratch, ahead);
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

// A materialised product's row with entries below 2^-60 becomes a log row.
static void mend_product_row(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, float* out, std::int64_t row) {
    bool low = false;
    for (std::int32_t i = 0; i < operation.nodes; ++i) low = low || out[i / panel * run.stride + row * panel + i % panel] < lowest_value;
    if (!low) return;
    std::int32_t exponent = run.exponents[(&operation - run.operations) * run.rows16 + row];
    row_logs(run, operation, views, row, scratch.row, &exponent, true);
    for (std::int64_t i = operation.nodes; i < operation.panels * panel; ++i) scratch.row[i] = -__builtin_inff();
    store_log_row(run, operation, out, row, scratch.row, exponent);
}

// ---- backward ----

// gradient = flow / value, relative to the elements' exponents; of the strip's first row at `gradient`, with `stride` floats from panel to panel. Entries of
// log rows below 2^-60 go onto the slow list instead.
static void flow_over_value(const Run& run, const PlanOperation& operation, const float* flow, Strip strip, Scratch& scratch, float* gradient, std::int64_t stride) {
    const auto o = &operation - run.operations;
    const float* values = values_of(run, operation);
    const std::uint8_t* log_rows = run.log_rows + o * run.rows16;
    for (std::int32_t q = 0; q < operation.panels; ++q) {
        const std::int64_t at = q * run.stride + strip.begin * panel;
        const float *f = flow + at, *s = values + at;
        float* g = gradient + q * stride;
        for (std::int64_t row = strip.begin; row < strip.end; ++row, f += panel, s += panel, g += panel) {
            const Floats value = load(s);
            store(g, only(less(splat(0.0f), value), load(f) * reciprocal(value)));
        }
    }
    for (std::int64_t row = strip.begin; row < strip.end; ++row) {
        if (__builtin_expect(!log_rows[row], 1)) continue;
        const auto shift = static_cast<float>(run.exponents[o * run.rows16 + row] - scratch.exponents[row]);
        for (std::int32_t node = 0; node < operation.panels * panel; ++node) {
            const std::int64_t at = node / panel * run.stride + row * panel + node % panel;
            const float log = values[at] + shift, f = flow[at];
            float& g = gradient[node / panel * stride + (row - strip.begin) * panel + node % panel];
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

// totals: element flows added up over the rows, by position.
template <int R, int N>
JUICE_INLINE void backward_tile(const Run& run, const std::int32_t* blocks, std::int64_t count, const float* weights, std::int64_t q, const float* gradient,
                                const float* in, float* out, std::int64_t row, float* totals, Ahead& ahead) {
    Floats acc[R][N];
    clear(acc);
    for (std::int64_t b = 0; b < count; ++b) {
        const PlanBlock& block = run.blocks[blocks[b]];
        const std::int64_t panel_step = block.out_panels * panel * panel;
        const float* w = weights + block.weights + q * panel_step;
        const float* a = gradient + block.out_panel * run.stride + row * panel;
        for (std::int32_t p = 0; p < block.out_panels; ++p, a += run.stride, w += 16 * panel) {
            ask_ahead(ahead);
            multiply_add16<R, N, false>(a, panel, 1, w, panel_step, acc);
        }
    }
#pragma GCC unroll 4
    for (int n = 0; n < N; ++n) {
        Floats even = splat(0.0f), odd = splat(0.0f);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
            const std::int64_t at = n * run.stride + (row + r) * panel;
            const Floats flow = acc[r][n] * load(in + at);
            store(out + at, flow);
            if (r % 2) odd = odd + flow;
            else even = even + flow;
        }
        store(totals + n * panel, load(totals + n * panel) + (even + odd));
    }
}

static void zero_panels(const Run& run, float* out, std::int64_t begin, std::int64_t end, Strip strip) {
    for (std::int64_t q = begin; q < end; ++q)
        __builtin_memset(out + q * run.stride + strip.begin * panel, 0, static_cast<std::size_t>((strip.end - strip.begin) * panel) * sizeof(float));
}

// Element flows: element · Σ_i weight · gradient_i.
static void backward_strip(const Run& run, const PlanOperation& operation, bool narrow, Strip strip, const Scratch& scratch, float* out, Ahead& ahead) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const std::int32_t* by_in = run.maps + operation.block_by_in;
    const std::int64_t count = operation.block_end - operation.block_begin;
    std::int64_t covered = 0;
    for (std::int64_t begin = 0; begin < count;) {
        std::int64_t end = begin;
        const std::int64_t first = run.blocks[by_in[begin]].in_panel, panels = run.blocks[by_in[begin]].in_panels;
        while (end < count && run.blocks[by_in[end]].in_panel == first) ++end;
        zero_panels(run, out, covered, first, strip);
        covered = first + panels;
        for_each_tile(panels, narrow, strip, [&]<int R, int N>(std::int64_t q, std::int64_t row) __attribute__((always_inline)) {
            backward_tile<R, N>(run, by_in + begin, end - begin, weights, q, scratch.gradient, scratch.elements + (first + q) * run.stride, out + (first + q) * run.stride, row,
                                scratch.totals + (first + q) * panel, ahead);
        });
        begin = end;
    }
    zero_panels(run, out, covered, operation.operand_panels, strip);
}

// Elements, gradients and element flows of a sum, strip by strip or all rows at once.
static void backward_blocks(const Run& run, const PlanOperation& operation, const FactorView* views, const float* flow, Scratch& scratch, float* out, Ahead& ahead) {
    const bool narrow = is_narrow(operation);
    const std::int64_t step = narrow ? 16 : run.rows16;
    __builtin_memset(scratch.totals, 0, static_cast<std::size_t>(operation.operand_panels * panel) * sizeof(float));
    for (std::int64_t row = 0; row < run.rows16; row += step) {
        const Strip strip{row, row + step};
        for (std::int64_t r = strip.begin; r < strip.end; r += 16)
            elements_tile(run, operation, views, scratch, r, scratch.elements + r * panel, run.stride, scratch.exponents + r);
        flow_over_value(run, operation, flow, strip, scratch, scratch.gradient + row * panel, run.stride);
        backward_strip(run, operation, narrow, strip, scratch, out, ahead);
    }
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
JUICE_INLINE void parameter_tile(const Run& run, const PlanBlock& block, float* weights, std::int64_t i, std::int64_t q, const Scratch& scratch, const Fate& fate,
                                 Ahead& ahead) {
    Floats acc[R][N];
    clear(acc);
    const float* g = scratch.gradient + (block.out_panel + i / panel) * run.stride + i % panel;
    const float* x = scratch.elements + (block.in_panel + q) * run.stride;
    for (std::int64_t row = 0; row < run.rows16; row += 16) {
        ask_ahead(ahead);
        multiply_add16<R, N, false>(g + row * panel, 1, panel, x + row * panel, run.stride, acc);
    }
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

static void parameter_blocks(const Run& run, const PlanOperation& operation, const Scratch& scratch, const Fate& fate, Ahead& ahead) {
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
        for (; q + tile_panels <= block.in_panels; q += tile_panels)
            for (std::int64_t i = 0; i < nodes; i += tile_rows) parameter_tile<tile_rows, tile_panels>(run, block, weights, i, q, scratch, fate, ahead);
        for (; q < block.in_panels; ++q) {
            std::int64_t i = 0;
            for (; i + tall_rows <= nodes; i += tall_rows) parameter_tile<tall_rows, 1>(run, block, weights, i, q, scratch, fate, ahead);
            for (; i < nodes; i += tile_rows) parameter_tile<tile_rows, 1>(run, block, weights, i, q, scratch, fate, ahead);
        }
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
