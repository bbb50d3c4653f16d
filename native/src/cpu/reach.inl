// Top-down probabilities: how often a sample of the circuit passes a node, by which Anemone weighs its steps. Every root is as likely as the others.
// Part of the kernels (kernels.inl).

// What a reader's elements pass to the nodes that they read.
JUICE_INLINE void add_reach(const Run& run, const PlanReader& reader, float* to) {
    const float* from = run.reach + run.operations[reader.operation].sums + reader.first_panel * panel;
    const std::int32_t* map = run.maps + reader.map;
    if (reader.mapping == Mapping::Nodes) {
        for (std::int64_t p = 0; p < reader.panels * panel; ++p)
            if (map[p] >= 0) to[map[p]] += from[p];
        return;
    }
    for (std::int32_t q = 0; q < reader.panels; ++q) {
        float* own = to + (reader.mapping == Mapping::Identity ? q : map[q]) * panel;
        store(own, load(own) + load(from + q * panel));
    }
}

static void reach(const Run& run, std::int32_t o, Scratch&) {
    const PlanOperation& operation = run.operations[o];
    float *own = run.node_reach + operation.train_values * panel, *elements = run.reach + operation.sums;
    for (std::int64_t i = 0; i < operation.panels * panel; ++i) own[i] = o == run.root && i < operation.nodes ? 1 / static_cast<float>(run.roots) : 0.0f;
    for (auto r = operation.reader_begin; o != run.root && r < operation.reader_end; ++r) add_reach(run, run.readers[r], own);
    if (operation.kind != Operation::Sum) {
        __builtin_memcpy(elements, own, static_cast<std::size_t>(operation.panels * panel) * sizeof(float));
        return;
    }
    __builtin_memset(elements, 0, static_cast<std::size_t>(operation.operand_panels * panel) * sizeof(float));
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    if (operation.form == Form::Edges) {
        const EdgeList edges = edges_of(run, operation);
        for (std::int64_t node = 0; node < operation.nodes; ++node)
            for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) elements[edges.positions[e]] += own[node] * weights[edges.weights[e]];
        return;
    }
    for (auto b = operation.block_begin; b < operation.block_end; ++b) {
        const PlanBlock& block = run.blocks[b];
        const float* from = own + block.out_panel * panel;
        for (std::int32_t q = 0; q < block.in_panels; ++q) {
            const float* w = weights + block.weights + q * block.out_panels * panel * panel;
            Floats even = splat(0.0f), odd = splat(0.0f);
            for (std::int64_t i = 0; i < block.out_panels * panel; i += 2, w += 2 * panel) {
                even = add_product(even, splat(from[i]), load(w));
                odd = add_product(odd, splat(from[i + 1]), load(w + panel));
            }
            float* to = elements + (block.in_panel + q) * panel;
            store(to, load(to) + (even + odd));
        }
    }
}

static void owner_reach(const Run& run, std::int64_t operation_count) {
    for (std::int32_t o = 0; o < run.owner_count; ++o) {
        const PlanOwner& owner = run.owners[o];
        __builtin_memset(run.states[o].reach, 0, static_cast<std::size_t>(owner.panels * panel) * sizeof(float));
        for (auto r = owner.reader_begin; owner.kind != OwnerKind::Sum && r < owner.reader_end; ++r) add_reach(run, run.readers[r], run.states[o].reach);
    }
    for (std::int64_t o = 0; o < operation_count; ++o) {
        const PlanOperation& operation = run.operations[o];
        if (operation.kind != Operation::Sum) continue;
        float* to = run.states[operation.owner].reach;
        for (std::int64_t i = 0; i < operation.panels * panel; i += panel) store(to + i, load(to + i) + load(run.node_reach + operation.train_values * panel + i));
    }
}
