// Sums over single edges: truly sparse wiring. Elements are turned to [position][row], so that every edge is a run over rows.
// Part of the kernels (kernels.inl).

struct EdgeList {
    const std::int32_t *starts, *positions, *weights;
};

JUICE_INLINE EdgeList edges_of(const Run& run, const PlanOperation& operation) {
    const std::int32_t* starts = run.maps + operation.edges;
    return {starts, starts + operation.nodes + 1, starts + operation.nodes + 1 + operation.edge_count};
}

// Edges in the order in which a loop takes them: the element (or, by position, the node) at the other end, and the weight.
struct EdgeRun {
    const std::int32_t* at;
    const float* weights;
};

// Edges are worked through for a strip of rows at a time, this many vectors of 16: then the elements of a few hundred positions stay in the caches.
constexpr int strip_tiles = 4;

// Visits (first row) of every strip; the last one may have fewer vectors.
template <class Visit>
JUICE_INLINE void for_each_strip(std::int64_t rows16, Visit visit) {
    std::int64_t row = 0;
    for (; row + strip_tiles * 16 <= rows16; row += strip_tiles * 16) visit.template operator()<strip_tiles>(row);
    switch ((rows16 - row) / 16) {
        case 1: visit.template operator()<1>(row); return;
        case 2: visit.template operator()<2>(row); return;
        case 3: visit.template operator()<3>(row); return;
        default: return;
    }
}

// [panels][stride / 16][16] → [panels · 16][R · 16]
template <int R>
JUICE_INLINE void turn_strip(const float* from, std::int64_t stride, std::int64_t panels, float* to) {
    for (std::int64_t q = 0; q < panels; ++q)
        for (int t = 0; t < R; ++t) transpose16(from + q * stride + t * 16 * panel, panel, to + q * panel * (R * 16) + t * 16, R * 16);
}

// Floats from panel to panel of a strip that is not turned yet: a line more than a power of two.
template <int R>
constexpr std::int64_t strip_stride = (R * 16 + 1) * panel;

// Elements of a strip, turned.
template <int R>
JUICE_INLINE void turned_elements(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, std::int64_t row, std::int32_t* exponents,
                                  float* x) {
    for (int t = 0; t < R; ++t)
        elements_tile(run, operation, views, scratch, row + t * 16, scratch.elements + t * 16 * panel, strip_stride<R>, exponents + row + t * 16);
    turn_strip<R>(scratch.elements, strip_stride<R>, operation.operand_panels, x);
}

template <int R, bool maximise>
JUICE_INLINE void add_edges(const EdgeRun& edges, std::int32_t e, std::int32_t end, const float* x, Floats (&sum)[R]) {
#pragma GCC unroll 4
    for (int t = 0; t < R; ++t) sum[t] = splat(0.0f);
    for (; e < end; ++e) {
        const float* from = x + std::int64_t{edges.at[e]} * (R * 16);
        const Floats w = splat(edges.weights[e]);
#pragma GCC unroll 4
        for (int t = 0; t < R; ++t) sum[t] = maximise ? maximum(sum[t], w * load(from + t * 16)) : add_product(sum[t], w, load(from + t * 16));
    }
}

// Weights in a list's order: as they lie where that is the file's, else copied.
static EdgeRun in_order(const std::int32_t* at, const std::int32_t* numbers, std::int64_t count, const float* weights, float* room) {
    std::int32_t strays = 0;
    for (std::int64_t e = 0; e < count; ++e) strays |= numbers[e] ^ static_cast<std::int32_t>(e);
    if (strays == 0) return {at, weights};
    for (std::int64_t e = 0; e < count; ++e) room[e] = weights[numbers[e]];
    return {at, room};
}

static float node_log_edges(const Run& run, const PlanOperation& operation, std::int64_t node, const float* logs) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const EdgeList edges = edges_of(run, operation);
    const auto term = [&](std::int32_t e) { return logs[edges.positions[e]] + __builtin_log2f(weights[edges.weights[e]]); };    // -inf for weight 0
    float top = -__builtin_inff();
    for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) top = term(e) > top ? term(e) : top;
    if (run.maximise || top == -__builtin_inff()) return top;
    float sum = 0;
    for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) sum += __builtin_exp2f(term(e) - top);
    return __builtin_log2f(sum) + top;
}

template <int R, bool maximise>
JUICE_INLINE void forward_edge_strip(const Run& run, const PlanOperation& operation, const std::int32_t* starts, const EdgeRun& edges, const float* x, std::int64_t row,
                                     float* out, std::uint8_t* suspects) {
    alignas(64) float made[panel * R * 16];
    for (std::int64_t q = 0; q < operation.panels; ++q) {
        for (std::int64_t i = 0; i < panel; ++i) {
            const std::int64_t node = q * panel + i;
            Floats sum[R];
            Floats low = splat(1.0f);
            if (node < operation.nodes) {
                add_edges<R, maximise>(edges, starts[node], starts[node + 1], x, sum);
                for (int t = 0; t < R; ++t) low = minimum(low, sum[t]);
            } else {
                for (int t = 0; t < R; ++t) sum[t] = splat(0.0f);
            }
            for (int t = 0; t < R; ++t) store(made + i * R * 16 + t * 16, sum[t]);
            if (__builtin_expect(any(less(low, splat(lowest_value))), 0))
                for (int r = 0; r < R * 16; ++r) suspects[row + r] |= static_cast<std::uint8_t>(made[i * R * 16 + r] < lowest_value);
        }
        for (int t = 0; t < R; ++t) transpose16(made + t * 16, R * 16, out + q * run.stride + (row + t * 16) * panel, panel);
    }
}

static void forward_edges(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, float* out) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const EdgeList edges = edges_of(run, operation);
    const auto o = &operation - run.operations;
    float* x = scratch.borrow(scratch, operation.operand_panels * panel * strip_tiles * 16 + operation.edge_count);
    const EdgeRun by_node = in_order(edges.positions, edges.weights, operation.edge_count, weights, x + operation.operand_panels * panel * strip_tiles * 16);
    for_each_strip(run.rows16, [&]<int R>(std::int64_t row) __attribute__((always_inline)) {
        turned_elements<R>(run, operation, views, scratch, row, run.exponents + o * run.rows16, x);
        if (run.maximise) forward_edge_strip<R, true>(run, operation, edges.starts, by_node, x, row, out, scratch.suspects);
        else forward_edge_strip<R, false>(run, operation, edges.starts, by_node, x, row, out, scratch.suspects);
    });
    for (std::int64_t row = 0; row < run.rows16; ++row) {
        if (!scratch.suspects[row]) continue;
        std::int32_t exponent = run.exponents[o * run.rows16 + row];
        float* logs = scratch.row;
        float* values = scratch.row + operation.operand_panels * panel;
        row_logs(run, operation, views, row, logs, &exponent, true);
        bool alive = false;
        for (std::int64_t node = 0; node < operation.panels * panel; ++node) {
            const float value = out[node / panel * run.stride + row * panel + node % panel];
            values[node] = node >= operation.nodes ? -__builtin_inff() : value >= lowest_value ? __builtin_log2f(value) : node_log_edges(run, operation, node, logs);
            alive = alive || (value < lowest_value && values[node] > -__builtin_inff());
        }
        if (alive) store_log_row(run, operation, out, row, values, exponent);
    }
}

// Flows of a strip's elements, element · Σ weight · gradient over the edges of its position, and in the same pass over the edges, which reads a gradient
// once for both, Σ gradient · element over the strip's rows: added to the totals, in the order of the edges. The lanes of 16 edges are added up at once.
template <int R>
JUICE_INLINE void backward_edge_strip(const Run& run, const PlanOperation& operation, const std::int32_t* starts, const EdgeRun& edges, const float* x,
                                      const float* gradient, std::int64_t row, float* out, float* totals) {
    alignas(64) float made[panel * R * 16];
    alignas(64) float dots[16 * 16] = {};
    const auto add_dots = [&](std::int64_t last) __attribute__((always_inline)) {
        Floats lanes[16];
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) lanes[i] = load(dots + i * 16);
        float* to = totals + (last & ~std::int64_t{15});
        store(to, load(to) + row_sums(lanes));
    };
    std::int32_t e = 0;
    for (std::int64_t q = 0; q < operation.operand_panels; ++q) {
        for (std::int64_t i = 0; i < panel; ++i) {
            const std::int64_t position = q * panel + i;
            Floats element[R], sum[R];
#pragma GCC unroll 4
            for (int t = 0; t < R; ++t) {
                element[t] = load(x + position * R * 16 + t * 16);
                sum[t] = splat(0.0f);
            }
            for (const auto end = starts[position + 1]; e < end; ++e) {
                const float* from = gradient + std::int64_t{edges.at[e]} * (R * 16);
                const Floats w = splat(edges.weights[e]);
                Floats dot = splat(0.0f);
#pragma GCC unroll 4
                for (int t = 0; t < R; ++t) {
                    const Floats g = load(from + t * 16);
                    sum[t] = add_product(sum[t], w, g);
                    dot = t == 0 ? g * element[0] : add_product(dot, g, element[t]);
                }
                const auto place = static_cast<std::uint32_t>(e) % 16;
                store(dots + place * 16, dot);
                if (place == 15) add_dots(e);
            }
#pragma GCC unroll 4
            for (int t = 0; t < R; ++t) store(made + i * R * 16 + t * 16, sum[t] * element[t]);
        }
        for (int t = 0; t < R; ++t) transpose16(made + t * 16, R * 16, out + q * run.stride + (row + t * 16) * panel, panel);
    }
    if (e % 16 != 0) add_dots(e);
}

// Element flows, and parameter flows: into the flow buffer, or EM in place where the fate has no flows and nothing is on the slow list. Says which.
static bool backward_edges(const Run& run, const PlanOperation& operation, const FactorView* views, const float* flow, Scratch& scratch, float* out, float* flows,
                           const Fate& fate) {
    float* weights = run.parameters + run.owners[operation.owner].parameters;
    const EdgeList edges = edges_of(run, operation);
    const std::int64_t in = operation.operand_panels * panel, nodes = operation.panels * panel, count = operation.edge_count, room = (count + 15) / 16 * 16;
    const std::int32_t *starts = run.maps + operation.edges_by_position, *below = starts + in + 1, *numbers = below + count;
    float* x = scratch.borrow(scratch, (in + nodes) * strip_tiles * 16 + 2 * room);
    float* gradient = x + in * strip_tiles * 16;
    float* totals = gradient + nodes * strip_tiles * 16;
    __builtin_memset(totals, 0, static_cast<std::size_t>(room) * sizeof(float));
    const EdgeRun by_position = in_order(below, numbers, count, weights, totals + room);
    for_each_strip(run.rows16, [&]<int R>(std::int64_t row) __attribute__((always_inline)) {
        turned_elements<R>(run, operation, views, scratch, row, scratch.exponents, x);
        flow_over_value(run, operation, flow, {row, row + R * 16}, scratch, scratch.gradient, strip_stride<R>);
        turn_strip<R>(scratch.gradient, strip_stride<R>, operation.panels, gradient);
        backward_edge_strip<R>(run, operation, starts, by_position, x, gradient, row, out, totals);
    });
    const bool in_place = !fate.flows && scratch.slow_count == 0;
    for (std::int64_t e = 0; e < count && in_place; ++e) {
        float& weight = weights[numbers[e]];
        const auto node = below[e];
        const float next = weight * (totals[e] * fate.gain[node] + fate.keep[node]) + fate.share[node];
        if (weight != 0) weight = next > least_weight ? next : least_weight;
    }
    for (std::int64_t e = 0; e < count && !in_place; ++e) {
        float& to = flows[numbers[e]];
        to = (fate.set ? 0.0f : to) + weights[numbers[e]] * totals[e];
    }
    std::int64_t current = -1;
    for (std::int64_t s = 0; s < scratch.slow_count; ++s) {
        const SlowEntry& entry = scratch.slow[s];
        if (entry.row != current) {
            current = entry.row;
            row_logs(run, operation, views, current, scratch.row, scratch.exponents + current, true);
        }
        for (auto e = edges.starts[entry.node]; e < edges.starts[entry.node + 1]; ++e) {
            const auto at = edges.positions[e];
            if (weights[edges.weights[e]] == 0) continue;
            const float part = entry.flow * weights[edges.weights[e]] * __builtin_exp2f(scratch.row[at] - entry.log);
            out[at / panel * run.stride + current * panel + at % panel] += part;
            flows[edges.weights[e]] += part;
        }
    }
    return in_place;
}
