// EM: parameters from the flow buffer (conformance/README.md gives the formulas). Part of the kernels (kernels.inl).

// keep, gain, share of a node: weight' = weight · keep + flow · gain + share on its non-zero entries.
JUICE_INLINE void em_coefficients(Floats total, Floats count, Floats step, const Rule& rule, Floats& keep, Floats& gain, Floats& share) {
    const Floats mass = total + splat(rule.pseudocount);
    const Ints live = less(splat(0.0f), mass) & less(splat(0.0f), count);
    keep = choose(live, splat(1.0f) - step, splat(1.0f));
    gain = only(live, step / mass);
    share = only(live, gain * splat(rule.pseudocount) / count);
}
// Anemone's step size of a node that samples pass with probability `reach`: what its flow moves, of all that it weighs.
JUICE_INLINE Floats node_step(Floats total, Floats reach, const Rule& rule) {
    const Floats moved = splat(rule.step) * (total + splat(rule.pseudocount));
    return only(less(splat(0.0f), moved), moved / (moved + splat((1 - rule.step) * rule.mass) * reach));
}
// Of the panel that begins at node i.
JUICE_INLINE void store_coefficients(Floats total, const OwnerState& state, std::int64_t i, const Rule& rule, float* keep, float* gain, float* share) {
    const Floats step = rule.optimizer == JUICE_ANEMONE ? node_step(total, load(state.reach + i), rule) : splat(rule.step);
    Floats kept, gained, shared;
    em_coefficients(total, load(state.counts + i), step, rule, kept, gained, shared);
    store(keep + i, kept);
    store(gain + i, gained);
    store(share + i, shared);
}
// The step size of one node.
JUICE_INLINE float step_of(float total, const OwnerState& state, std::int64_t node, const Rule& rule) {
    return rule.optimizer == JUICE_ANEMONE ? first_lane(node_step(splat(total), splat(state.reach[node]), rule)) : rule.step;
}
JUICE_INLINE void em_coefficients(float total, const OwnerState& state, std::int64_t node, const Rule& rule, float& keep, float& gain, float& share) {
    Floats kept, gained, shared;
    em_coefficients(splat(total), splat(state.counts[node]), splat(step_of(total, state, node, rule)), rule, kept, gained, shared);
    keep = first_lane(kept);
    gain = first_lane(gained);
    share = first_lane(shared);
}

static void update_blocks(const Run& run, std::int32_t o, Scratch& scratch, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    float* weights = run.parameters + owner.parameters;
    const float* flows = run.flows + owner.flows;
    const OwnerState& state = run.states[o];
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
            em_coefficients(scratch.node[i], state, first + i, rule, keep, gain, share);
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
        em_coefficients(total, run.states[o], node, rule, keep, gain, share);
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
        store_coefficients(total, run.states[o], q, rule, keep, gain, share);
    }
    for (std::int64_t x = 0; x < owner.domain; ++x)
        for (std::int64_t q = 0; q < width; q += panel) {
            const Floats p = load(table + x * width + q);
            const Floats next = add_product(add_product(load(share + q), load(flows + x * width + q), load(gain + q)), p, load(keep + q));
            store(table + x * width + q, only(differs(p, splat(0.0f)), maximum(next, splat(least_weight))));
        }
}

// Success probabilities of Bernoulli and binomial nodes; exact 0 and 1 stay.
JUICE_INLINE float success(float p, float f0, float f1, float step, const Rule& rule) {
    const float total = f0 + f1 + rule.pseudocount;
    if (!(total > 0) || p == 0 || p == 1) return p;
    const float next = (1 - step) * p + step * (f1 + rule.pseudocount / 2) / total;
    return next < 1 ? next : 1;     // rounding must not take it above
}

// A running average of moments about a mean that has moved on by so much.
JUICE_INLINE void move_moments(float* moments, std::int64_t width, double by) {
    const double f = moments[0], first = moments[width];
    moments[width] = static_cast<float>(first - by * f);
    moments[2 * width] = static_cast<float>(moments[2 * width] - 2 * by * first + by * by * f);
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
        const double first = flows[width + i] / f, second = flows[2 * width + i] / f, sigma = spreads[i] * unit, s = step_of(flows[i], run.states[o], i, rule);
        const double variance = (1 - s) * sigma * sigma + s * second - s * first * s * first;
        const double spread = __builtin_sqrt(variance > 0 ? variance : 0) / unit;
        if (!__builtin_isfinite(variance)) continue;        // values so far from the mean that floats do not hold the moments: the node stays as it is
        const float mean = means[i];
        means[i] = static_cast<float>(mean + s * first);
        if (run.moments[0]) move_moments(run.moments[0] + owner.flows + i, width, static_cast<double>(means[i]) - mean);
        spreads[i] = static_cast<float>(spread > least ? spread : least);
        if (gaussian) spreads[width + i] = static_cast<float>(-__builtin_log2(static_cast<double>(spreads[i]) * 2.5066282746310002));
    }
}

static void optimize(const Run& run, std::int32_t o, Scratch& scratch, const Rule& rule);

// Flows as the average over the updates.
static void average_flows(const Run& run, const PlanOwner& owner, const Rule& rule) {
    float *flows = run.flows + owner.flows, *average = run.moments[0] + owner.flows;
    for (std::int64_t i = 0; i < owner.flow_count; ++i) {
        average[i] = rule.momentum * average[i] + (1 - rule.momentum) * flows[i];
        flows[i] = average[i] * rule.correction;
    }
}

static void update(const Run& run, std::int32_t o, Scratch& scratch, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    if (run.fresh[o] && !run.moments[0]) return;        // no flow has come this way
    if (run.fresh[o]) __builtin_memset(run.flows + owner.flows, 0, static_cast<std::size_t>(owner.flow_count) * sizeof(float));
    run.fresh[o] = 1;
    if (climbs(rule.optimizer)) {
        optimize(run, o, scratch, rule);
        return;
    }
    if (run.moments[0]) average_flows(run, owner, rule);
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
                p[width + i] = success(p[width + i], flows[i], flows[width + i], step_of(flows[i] + flows[width + i], run.states[o], i, rule), rule);
                p[i] = 1 - p[width + i];
            }
            return;
        case DistributionType::Binomial: {
            float* probabilities = p + owner.domain * width;
            const auto trials = static_cast<float>(owner.domain - 1);
            for (std::int32_t i = 0; i < owner.nodes; ++i)
                probabilities[i] = success(probabilities[i], flows[i], flows[width + i], step_of((flows[i] + flows[width + i]) / trials, run.states[o], i, rule), rule);
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

// ---- what many small updates leave to be put right ----

// Small steps may take a node's weights further from 1 than rounding does: what a large one gains in a step is less than its last digit, and what the
// small ones lose is not. Then they are divided by what they add up to.
JUICE_INLINE float settling_factor(double total) { return total > 0 && (total < 1 - 1e-5 || total > 1 + 1e-5) ? static_cast<float>(1 / total) : 1; }

static void settle_sum(const Run& run, std::int32_t o) {
    const PlanOwner& owner = run.owners[o];
    float* weights = run.parameters + owner.parameters;
    const auto scaled = [](float weight, float factor) { return weight != 0 ? __builtin_fmaxf(weight * factor, least_weight) : 0.0f; };
    if (owner.form == Form::Edges) {
        const PlanOperation& operation = run.operations[owner.operation];
        const EdgeList edges = edges_of(run, operation);
        for (std::int64_t node = 0; node < operation.nodes; ++node) {
            double total = 0;
            for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) total += weights[edges.weights[e]];
            const float factor = settling_factor(total);
            for (auto e = edges.starts[node]; factor != 1 && e < edges.starts[node + 1]; ++e) weights[edges.weights[e]] = scaled(weights[edges.weights[e]], factor);
        }
        return;
    }
    for (auto begin = owner.block_begin; begin < owner.block_end;) {
        auto end = begin;
        const std::int64_t nodes = run.blocks[begin].out_panels * panel;
        while (end < owner.block_end && run.blocks[end].out_panel == run.blocks[begin].out_panel) ++end;
        const auto for_each_weight = [&](std::int64_t i, const auto& visit) {
            for (auto b = begin; b < end; ++b)
                for (std::int32_t q = 0; q < run.blocks[b].in_panels; ++q)
                    for (std::int64_t k = 0; k < panel; ++k) visit(weights[run.blocks[b].weights + (q * nodes + i) * panel + k]);
        };
        for (std::int64_t i = 0; i < nodes; ++i) {
            double total = 0;
            for_each_weight(i, [&](float weight) { total += weight; });
            const float factor = settling_factor(total);
            if (factor != 1) for_each_weight(i, [&](float& weight) { weight = scaled(weight, factor); });
        }
        begin = end;
    }
}

static void settle_owner(const Run& run, std::int32_t o) {
    const PlanOwner& owner = run.owners[o];
    if (owner.kind == OwnerKind::Sum) settle_sum(run, o);
    else if (run.states[o].lazy) settle(run, o);
    else if (owner.kind == OwnerKind::Table && owner.distribution == DistributionType::Categorical) settle_totals(run, owner);
}
