// Stochastic gradient and Adam on log-parameters (juice.h, section 7, has the formulas): a weight is multiplied by exp of how far its log moves, and its
// node's weights are made to add up to 1 again. Part of the kernels (kernels.inl).

// How far log-parameters move up their gradients; `first` and `second` are what the optimiser remembers of each, where it does.
JUICE_INLINE Floats moved(Floats gradient, float* first, float* second, const Rule& rule) {
    Floats move = gradient;
    if (rule.optimizer == JUICE_ADAM) {
        const Floats m1 = add_product(splat(1 - rule.momentum) * gradient, load(first), splat(rule.momentum));
        const Floats m2 = add_product(splat(1 - rule.second_momentum) * gradient * gradient, load(second), splat(rule.second_momentum));
        store(first, m1);
        store(second, m2);
        move = m1 * splat(rule.correction) / (square_root(m2 * splat(rule.second_correction)) + splat(rule.epsilon));
    } else if (first) {
        move = add_product(gradient, load(first), splat(rule.momentum));
        store(first, move);
    }
    return minimum(maximum(splat(rule.step) * move, splat(-farthest_move)), splat(farthest_move));
}

JUICE_INLINE Floats grown(Floats weight, Floats move) {
    const Floats next = maximum(weight * exp2(move * splat(1.4426950408889634f)), splat(least_weight));
    return only(differs(weight, splat(0.0f)), next);
}
JUICE_INLINE Floats shared_out(Floats weight, Floats total) {
    return only(differs(weight, splat(0.0f)), maximum(weight / total, splat(least_weight)));
}

// Where an owner's gradients and memories lie.
struct Climb {
    const float* flows;
    float *first, *second;              // NULL where the optimiser remembers nothing
    float* of_first(std::int64_t at) const { return first ? first + at : nullptr; }
    float* of_second(std::int64_t at) const { return second ? second + at : nullptr; }
};

static void optimize_blocks(const Run& run, const PlanOwner& owner, const Climb& climb, const Rule& rule) {
    float* weights = run.parameters + owner.parameters;
    for (auto begin = owner.block_begin; begin < owner.block_end;) {
        auto end = begin;
        const std::int64_t first = run.blocks[begin].out_panel * panel, nodes = run.blocks[begin].out_panels * panel;
        while (end < owner.block_end && run.blocks[end].out_panel * panel == first) ++end;
        for (std::int64_t i = 0; i < nodes; ++i) {
            const auto each = [&](auto visit) __attribute__((always_inline)) {
                for (auto b = begin; b < end; ++b)
                    for (std::int32_t q = 0; q < run.blocks[b].in_panels; ++q) visit(run.blocks[b].weights + (q * nodes + i) * panel);
            };
            Floats flow = splat(0.0f), total = splat(0.0f);
            each([&](std::int64_t at) __attribute__((always_inline)) { flow = flow + load(climb.flows + at); });
            const Floats node = splat(lane_sum(flow));
            each([&](std::int64_t at) __attribute__((always_inline)) {
                const Floats weight = load(weights + at), gradient = (load(climb.flows + at) - weight * node) * splat(rule.scale);
                const Floats next = grown(weight, moved(gradient, climb.of_first(at), climb.of_second(at), rule));
                store(weights + at, next);
                total = total + next;
            });
            const Floats sum = splat(lane_sum(total));
            each([&](std::int64_t at) __attribute__((always_inline)) { store(weights + at, shared_out(load(weights + at), sum)); });
        }
        begin = end;
    }
}

// Single edges of a node, 16 at a time.
static void optimize_edges(const Run& run, const PlanOwner& owner, const Climb& climb, const Rule& rule) {
    const PlanOperation& operation = run.operations[owner.operation];
    const EdgeList edges = edges_of(run, operation);
    float* weights = run.parameters + owner.parameters;
    alignas(64) float w[panel], f[panel], m1[panel], m2[panel];
    for (std::int64_t node = 0; node < operation.nodes; ++node) {
        float flow = 0, total = 0;
        for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) flow += climb.flows[edges.weights[e]];
        for (auto e = edges.starts[node]; e < edges.starts[node + 1]; e += panel) {
            const int count = edges.starts[node + 1] - e < panel ? edges.starts[node + 1] - e : static_cast<int>(panel);
            for (int k = 0; k < panel; ++k) {
                const auto at = edges.weights[k < count ? e + k : e];
                w[k] = k < count ? weights[at] : 0;
                f[k] = climb.flows[at];
                m1[k] = climb.first ? climb.first[at] : 0;
                m2[k] = climb.second ? climb.second[at] : 0;
            }
            const Floats weight = load(w), gradient = (load(f) - weight * splat(flow)) * splat(rule.scale);
            store(w, grown(weight, moved(gradient, climb.first ? m1 : nullptr, climb.second ? m2 : nullptr, rule)));
            for (int k = 0; k < count; ++k) {
                const auto at = edges.weights[e + k];
                weights[at] = w[k];
                if (climb.first) climb.first[at] = m1[k];
                if (climb.second) climb.second[at] = m2[k];
                total += w[k];
            }
        }
        for (auto e = edges.starts[node]; e < edges.starts[node + 1]; ++e) {
            float& weight = weights[edges.weights[e]];
            if (weight != 0) weight = __builtin_fmaxf(weight / total, least_weight);
        }
    }
}

static void optimize_categorical(const Run& run, std::int32_t o, const Climb& climb, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    settle(run, o);
    float* table = run.parameters + owner.parameters;
    const std::int64_t width = owner.panels * panel;
    for (std::int64_t q = 0; q < width; q += panel) {
        Floats flow = splat(0.0f), total = splat(0.0f);
        for (std::int64_t x = 0; x < owner.domain; ++x) flow = flow + load(climb.flows + x * width + q);
        for (std::int64_t x = 0; x < owner.domain; ++x) {
            const std::int64_t at = x * width + q;
            const Floats p = load(table + at), gradient = (load(climb.flows + at) - p * flow) * splat(rule.scale);
            const Floats next = grown(p, moved(gradient, climb.of_first(at), climb.of_second(at), rule));
            store(table + at, next);
            total = total + next;
        }
        for (std::int64_t x = 0; x < owner.domain; ++x) store(table + x * width + q, shared_out(load(table + x * width + q), total));
    }
}

// Success probabilities of Bernoulli and binomial nodes, as the second of two outcomes; exact 0 and 1 stay.
static void optimize_successes(const PlanOwner& owner, float* probabilities, const Climb& climb, const Rule& rule) {
    const std::int64_t width = owner.panels * panel;
    for (std::int64_t q = 0; q < width; q += panel) {
        const Floats success = load(probabilities + q), failure = splat(1.0f) - success;
        const Floats f0 = load(climb.flows + q), f1 = load(climb.flows + width + q), flow = f0 + f1;
        const Floats up = grown(success, moved((f1 - success * flow) * splat(rule.scale), climb.of_first(width + q), climb.of_second(width + q), rule));
        const Floats down = grown(failure, moved((f0 - failure * flow) * splat(rule.scale), climb.of_first(q), climb.of_second(q), rule));
        const Floats next = minimum(maximum(up / (up + down), splat(least_weight)), splat(0.99999994f));
        store(probabilities + q, choose(differs(success, splat(0.0f)) & differs(failure, splat(0.0f)), next, success));
    }
}

// Gaussians and discrete logistics: the mean in units of the deviation (scale) of before, and the log of that.
static void optimize_moments(const Run& run, const PlanOwner& owner, const Climb& climb, const Rule& rule) {
    const std::int64_t width = owner.panels * panel;
    const bool gaussian = owner.kind == OwnerKind::Gaussian;
    float* means = run.parameters + owner.parameters + (gaussian ? 0 : owner.domain * width);
    float* spreads = means + width;
    const Floats least = splat(gaussian ? rule.min_deviation : rule.min_scale);
    alignas(64) float mean[panel], spread[panel];
    for (std::int64_t q = 0; q < width; q += panel) {
        const Floats old = load(spreads + q), inverse = splat(1.0f) / old;
        const Floats by_mean = gaussian ? load(climb.flows + width + q) * inverse : load(climb.flows + 3 * width + q);
        const Floats by_log = gaussian ? load(climb.flows + 2 * width + q) * inverse * inverse - load(climb.flows + q) : load(climb.flows + 4 * width + q);
        store(mean, add_product(load(means + q), old, moved(by_mean * splat(rule.scale), climb.of_first(q), climb.of_second(q), rule)));
        const Floats move = moved(by_log * splat(rule.scale), climb.of_first(width + q), climb.of_second(width + q), rule);
        store(spread, maximum(old * exp2(move * splat(1.4426950408889634f)), least));
        for (std::int64_t i = q; i < q + panel && i < owner.nodes; ++i) {       // the padding stays as it is
            if (!__builtin_isfinite(mean[i - q]) || !__builtin_isfinite(spread[i - q])) continue;
            means[i] = mean[i - q];
            spreads[i] = spread[i - q];
            if (gaussian) spreads[width + i] = static_cast<float>(-__builtin_log2(static_cast<double>(spreads[i]) * 2.5066282746310002));
        }
    }
}

static void optimize(const Run& run, std::int32_t o, Scratch& scratch, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    const Climb climb{run.flows + owner.flows, run.moments[0] ? run.moments[0] + owner.flows : nullptr, run.moments[1] ? run.moments[1] + owner.flows : nullptr};
    if (owner.kind == OwnerKind::Sum) {
        if (owner.form == Form::Edges) optimize_edges(run, owner, climb, rule);
        else optimize_blocks(run, owner, climb, rule);
        return;
    }
    float* p = run.parameters + owner.parameters;
    const std::int64_t width = owner.panels * panel;
    switch (owner.distribution) {
        case DistributionType::Categorical: optimize_categorical(run, o, climb, rule); return;
        case DistributionType::Bernoulli:
            optimize_successes(owner, p + width, climb, rule);
            for (std::int32_t i = 0; i < owner.nodes; ++i) p[i] = 1 - p[width + i];
            return;
        case DistributionType::Binomial:
            optimize_successes(owner, p + owner.domain * width, climb, rule);
            fill_log_table(owner, p, reinterpret_cast<double*>(scratch.node));
            return;
        case DistributionType::Gaussian: optimize_moments(run, owner, climb, rule); return;
        case DistributionType::DiscreteLogistic:
            optimize_moments(run, owner, climb, rule);
            fill_log_table(owner, p, reinterpret_cast<double*>(scratch.node));
            return;
        case DistributionType::Indicator: return;
    }
}
