// Flows down the best paths, for training by max-product: at every node the whole flow goes to the edge whose weight times element is the largest, to the
// first of equal ones. Part of the kernels (kernels.inl).

// The best edge of a node by the logs of one row's elements.
struct BestEdge {
    std::int64_t position = -1, weight = -1;
    float log = -__builtin_inff();
};

static BestEdge best_edge(const Run& run, const PlanOperation& operation, std::int64_t node, const float* logs) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    BestEdge best;
    if (operation.form == Form::Edges) {
        const EdgeList edges = edges_of(run, operation);
        for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) {
            const float weight = weights[edges.weights[e]];
            if (weight == 0) continue;
            const float log = logs[edges.positions[e]] + __builtin_log2f(weight);
            if (log > best.log) best = {edges.positions[e], edges.weights[e], log};
        }
        return best;
    }
    for (auto b = operation.block_begin; b < operation.block_end; ++b) {
        const PlanBlock& block = run.blocks[b];
        const std::int64_t i = node - block.out_panel * panel;
        if (i < 0 || i >= block.out_panels * panel) continue;
        for (std::int32_t q = 0; q < block.in_panels; ++q) {
            const std::int64_t at = block.weights + (q * block.out_panels * panel + i) * panel;
            const Floats weight = load(weights + at);
            const Floats log = choose(differs(weight, splat(0.0f)), load(logs + (block.in_panel + q) * panel) + log2(weight), splat(-__builtin_inff()));
            if (!(lane_max(log) > best.log)) continue;
            alignas(64) float lanes[panel];
            store(lanes, log);
            for (int k = 0; k < panel; ++k)
                if (lanes[k] > best.log) best = {(block.in_panel + q) * panel + k, at + k, lanes[k]};
        }
    }
    return best;
}

static void backward_paths(const Run& run, const PlanOperation& operation, const FactorView* views, const float* flow, Scratch& scratch, float* out, float* flows) {
    const PlanOwner& owner = run.owners[operation.owner];
    if (run.fresh[operation.owner]) __builtin_memset(flows, 0, static_cast<std::size_t>(owner.flow_count) * sizeof(float));
    run.fresh[operation.owner] = 0;
    zero_panels(run, out, 0, operation.operand_panels, {0, run.rows16});
    for (std::int64_t row = 0; row < run.rows; ++row) {
        bool logs = false;
        for (std::int32_t q = 0; q < operation.panels; ++q) {
            const float* of_panel = flow + q * run.stride + row * panel;
            if (!any(differs(load(of_panel), splat(0.0f)))) continue;
            if (!logs) {
                std::int32_t exponent;
                row_logs(run, operation, views, row, scratch.row, &exponent, false);
                logs = true;
            }
            for (int i = 0; i < panel && q * panel + i < operation.nodes; ++i) {
                if (of_panel[i] == 0) continue;
                const BestEdge best = best_edge(run, operation, q * panel + i, scratch.row);
                if (best.position < 0) continue;
                out[best.position / panel * run.stride + row * panel + best.position % panel] += of_panel[i];
                flows[best.weight] += of_panel[i];
            }
        }
    }
}
