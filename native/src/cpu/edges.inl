// Sums over single edges: truly sparse wiring. Elements are turned to [position][row], so that every edge is a run over rows.
// Part of the kernels (kernels.inl).

struct EdgeList {
    const std::int32_t *starts, *positions, *weights;
};

JUICE_INLINE EdgeList edges_of(const Run& run, const PlanOperation& operation) {
    const std::int32_t* starts = run.maps + operation.edges;
    return {starts, starts + operation.nodes + 1, starts + operation.nodes + 1 + operation.edge_count};
}

// [panels][rows][16] ↔ [panels · 16][rows16], within memory of panels · stride floats.
static void turn_to_rows(const Run& run, const float* from, std::int64_t panels, float* to) {
    for (std::int64_t q = 0; q < panels; ++q)
        for (std::int64_t row = 0; row < run.rows16; row += 16) transpose16(from + q * run.stride + row * panel, panel, to + q * panel * run.rows16 + row, run.rows16);
}
static void turn_to_panels(const Run& run, const float* from, std::int64_t panels, float* to) {
    for (std::int64_t q = 0; q < panels; ++q)
        for (std::int64_t row = 0; row < run.rows16; row += 16) transpose16(from + q * panel * run.rows16 + row, run.rows16, to + q * run.stride + row * panel, panel);
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

static void forward_edges(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, float* out) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const EdgeList edges = edges_of(run, operation);
    const auto o = &operation - run.operations;
    float* x = scratch.borrow(scratch, (operation.operand_panels + operation.panels) * panel * run.rows16);
    float* sums = x + operation.operand_panels * panel * run.rows16;
    turn_to_rows(run, scratch.elements, operation.operand_panels, x);
    __builtin_memset(sums, 0, static_cast<std::size_t>(operation.panels * panel * run.rows16) * sizeof(float));
    for (std::int64_t node = 0; node < operation.nodes; ++node) {
        float* sum = sums + node * run.rows16;
        for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) {
            const Floats w = splat(weights[edges.weights[e]]);
            const float* from = x + edges.positions[e] * run.rows16;
            for (std::int64_t row = 0; row < run.rows16; row += 16) {
                const Floats term = w * load(from + row);
                store(sum + row, run.maximise ? maximum(load(sum + row), term) : load(sum + row) + term);
            }
        }
        for (std::int64_t row = 0; row < run.rows16; row += 16)
            if (any(less(load(sum + row), splat(lowest_value))))
                for (int r = 0; r < 16; ++r) scratch.suspects[row + r] |= static_cast<std::uint8_t>(sum[row + r] < lowest_value);
    }
    turn_to_panels(run, sums, operation.panels, out);
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

// Element flows and, in the same pass over the edges, their own flows.
static void backward_edges(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, float* out, float* flows, bool set) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const EdgeList edges = edges_of(run, operation);
    const std::int64_t in = operation.operand_panels * panel * run.rows16, nodes = operation.panels * panel * run.rows16;
    float* x = scratch.borrow(scratch, 2 * in + nodes);
    float* element_flows = x + in;
    float* gradient = element_flows + in;
    turn_to_rows(run, scratch.elements, operation.operand_panels, x);
    turn_to_rows(run, scratch.gradient, operation.panels, gradient);
    __builtin_memset(element_flows, 0, static_cast<std::size_t>(in) * sizeof(float));
    for (std::int64_t node = 0; node < operation.nodes; ++node) {
        const float* g = gradient + node * run.rows16;
        for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) {
            const float w = weights[edges.weights[e]];
            const float* from = x + edges.positions[e] * run.rows16;
            float* to = element_flows + edges.positions[e] * run.rows16;
            Floats total = splat(0.0f);
            for (std::int64_t row = 0; row < run.rows16; row += 16) {
                const Floats part = load(g + row) * load(from + row) * splat(w);
                total = total + part;
                store(to + row, load(to + row) + part);
            }
            float& flow = flows[edges.weights[e]];
            flow = (set ? 0.0f : flow) + lane_sum(total);
        }
    }
    turn_to_panels(run, element_flows, operation.operand_panels, out);
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
}
