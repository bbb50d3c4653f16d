// EM: parameters from the flow buffer (conformance/README.md gives the formulas). Part of the kernels (kernels.inl).

// keep, gain, share of a node: weight' = weight · keep + flow · gain + share on its non-zero entries.
JUICE_INLINE void em_coefficients(Floats total, Floats count, const Rule& rule, Floats& keep, Floats& gain, Floats& share) {
    const Floats mass = total + splat(rule.pseudocount);
    const Ints live = less(splat(0.0f), mass) & less(splat(0.0f), count);
    keep = choose(live, splat(1 - rule.step), splat(1.0f));
    gain = only(live, splat(rule.step) / mass);
    share = only(live, gain * splat(rule.pseudocount) / count);
}
// Of the panel that begins at node i.
JUICE_INLINE void store_coefficients(Floats total, const float* counts, std::int64_t i, const Rule& rule, float* keep, float* gain, float* share) {
    Floats kept, gained, shared;
    em_coefficients(total, load(counts + i), rule, kept, gained, shared);
    store(keep + i, kept);
    store(gain + i, gained);
    store(share + i, shared);
}
JUICE_INLINE void em_coefficients(float total, float count, const Rule& rule, float& keep, float& gain, float& share) {
    Floats kept, gained, shared;
    em_coefficients(splat(total), splat(count), rule, kept, gained, shared);
    keep = first_lane(kept);
    gain = first_lane(gained);
    share = first_lane(shared);
}

static void update_blocks(const Run& run, std::int32_t o, Scratch& scratch, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    float* weights = run.parameters + owner.parameters;
    const float* flows = run.flows + owner.flows;
    const float* counts = run.states[o].counts;
    for (auto begin = owner.block_begin; begin < owner.block_end;) {
        auto end = begin;
        const std::int64_t first = run.blocks[begin].out_panel * panel, nodes = run.blocks[begin].out_panels * panel;
        while (end < owner.block_end && run.blocks[end].out_panel * panel == first) ++end;
        for (std::int64_t i = 0; i < nodes; ++i) {
            Floats total = splat(0.0f);
            for (auto b = begin; b < end; ++b)
                for (std::int32_t q = 0; q < run.blocks[b].in_panels; ++q) total = total + load(flows + run.blocks[b].weights + (q * nodes + i) * panel);
            scratch.node[i] = lane_sum(total);
        }
        for (std::int64_t i = 0; i < nodes; ++i) {
            float keep, gain, share;
            em_coefficients(scratch.node[i], counts[first + i], rule, keep, gain, share);
            for (auto b = begin; b < end; ++b)
                for (std::int32_t q = 0; q < run.blocks[b].in_panels; ++q) {
                    const std::int64_t at = run.blocks[b].weights + (q * nodes + i) * panel;
                    const Floats weight = load(weights + at);
                    const Floats next = add_product(add_product(splat(share), load(flows + at), splat(gain)), weight, splat(keep));
                    store(weights + at, only(differs(weight, splat(0.0f)), maximum(next, splat(least_weight))));
                }
        }
        begin = end;
    }
}

static void update_edges(const Run& run, std::int32_t o, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    const PlanOperation& operation = run.operations[owner.operation];
    const EdgeList edges = edges_of(run, operation);
    float* weights = run.parameters + owner.parameters;
    const float* flows = run.flows + owner.flows;
    for (std::int64_t node = 0; node < operation.nodes; ++node) {
        float total = 0, keep, gain, share;
        for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) total += flows[edges.weights[e]];
        em_coefficients(total, run.states[o].counts[node], rule, keep, gain, share);
        for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) {
            float& weight = weights[edges.weights[e]];
            if (weight != 0) weight = __builtin_fmaxf(weight * keep + flows[edges.weights[e]] * gain + share, least_weight);
        }
    }
}

static void update_categorical(const Run& run, std::int32_t o, Scratch& scratch, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    settle(run, o);
    float* table = run.parameters + owner.parameters;
    const float* flows = run.flows + owner.flows;
    const std::int64_t width = owner.panels * panel;
    float *keep = scratch.node, *gain = keep + width, *share = gain + width;
    for (std::int64_t q = 0; q < width; q += panel) {
        Floats total = splat(0.0f);
        for (std::int64_t x = 0; x < owner.domain; ++x) total = total + load(flows + x * width + q);
        store_coefficients(total, run.states[o].counts, q, rule, keep, gain, share);
    }
    for (std::int64_t x = 0; x < owner.domain; ++x)
        for (std::int64_t q = 0; q < width; q += panel) {
            const Floats p = load(table + x * width + q);
            const Floats next = add_product(add_product(load(share + q), load(flows + x * width + q), load(gain + q)), p, load(keep + q));
            store(table + x * width + q, only(differs(p, splat(0.0f)), maximum(next, splat(least_weight))));
        }
}

// Success probabilities of Bernoulli and binomial nodes; exact 0 and 1 stay.
JUICE_INLINE float success(float p, float f0, float f1, const Rule& rule) {
    const float total = f0 + f1 + rule.pseudocount;
    if (!(total > 0) || p == 0 || p == 1) return p;
    const float next = (1 - rule.step) * p + rule.step * (f1 + rule.pseudocount / 2) / total;
    return next < 1 ? next : 1;     // rounding must not take it above
}

static void update_moments(const Run& run, std::int32_t o, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    const std::int64_t width = owner.panels * panel;
    const float* flows = run.flows + owner.flows;
    const bool gaussian = owner.kind == OwnerKind::Gaussian;
    float* means = run.parameters + owner.parameters + (gaussian ? 0 : owner.domain * width);
    float* spreads = means + width;
    const double unit = gaussian ? 1 : 1.8137993642342178;      // deviation of a logistic of scale 1: π / √3
    const double least = gaussian ? rule.min_deviation : rule.min_scale;
    for (std::int32_t i = 0; i < owner.nodes; ++i) {
        const double f = flows[i];
        if (!(f > 0)) continue;
        const double first = flows[width + i] / f, second = flows[2 * width + i] / f, sigma = spreads[i] * unit, s = rule.step;
        const double variance = (1 - s) * sigma * sigma + s * second - s * first * s * first;
        const double spread = __builtin_sqrt(variance > 0 ? variance : 0) / unit;
        if (!__builtin_isfinite(variance)) continue;        // values so far from the mean that floats do not hold the moments: the node stays as it is
        means[i] = static_cast<float>(means[i] + s * first);
        spreads[i] = static_cast<float>(spread > least ? spread : least);
        if (gaussian) spreads[width + i] = static_cast<float>(-__builtin_log2(static_cast<double>(spreads[i]) * 2.5066282746310002));
    }
}

static void update(const Run& run, std::int32_t o, Scratch& scratch, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    if (run.fresh[o]) return;           // no flow has come this way
    run.fresh[o] = 1;
    if (owner.kind == OwnerKind::Sum) {
        if (owner.form == Form::Edges) update_edges(run, o, rule);
        else update_blocks(run, o, scratch, rule);
        return;
    }
    float* p = run.parameters + owner.parameters;
    const float* flows = run.flows + owner.flows;
    const std::int64_t width = owner.panels * panel;
    switch (owner.distribution) {
        case DistributionType::Categorical: update_categorical(run, o, scratch, rule); return;
        case DistributionType::Bernoulli:
            for (std::int32_t i = 0; i < owner.nodes; ++i) {
                p[width + i] = success(p[width + i], flows[i], flows[width + i], rule);
                p[i] = 1 - p[width + i];
            }
            return;
        case DistributionType::Binomial: {
            float* probabilities = p + owner.domain * width;
            for (std::int32_t i = 0; i < owner.nodes; ++i) probabilities[i] = success(probabilities[i], flows[i], flows[width + i], rule);
            fill_log_table(owner, p, reinterpret_cast<double*>(scratch.node));
            return;
        }
        case DistributionType::Gaussian: update_moments(run, o, rule); return;
        case DistributionType::DiscreteLogistic:
            update_moments(run, o, rule);
            fill_log_table(owner, p, reinterpret_cast<double*>(scratch.node));
            return;
        case DistributionType::Indicator: return;
    }
}
