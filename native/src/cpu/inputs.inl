// Inputs: evaluation of the distributions that are not plain tables, and what flows back into parameters. Part of the kernels (kernels.inl).

// log2 density or probability of every node for one row, less a whole exponent: what stands far below 1 keeps its digits near the row's maximum.
static std::int32_t input_logs(const Run& run, const PlanOwner& owner, const OwnerState& state, std::int32_t code, float real, float* out, std::int64_t stride) {
    const float* p = run.parameters + owner.parameters;
    const std::int64_t width = owner.panels * panel;
    if (owner.kind == OwnerKind::Gaussian) {
        const float *means = p, *deviations = p + width, *peaks = p + 2 * width;
        const bool missing = real != real;
        double top = -__builtin_inf();
        double z[panel];
        for (int pass = 0; pass < 2; ++pass) {      // the maximum first, then what is left over it
            const double shift = pass == 0 ? 0 : __builtin_ceil(top);
            for (std::int32_t q = 0; q < owner.panels; ++q)
                for (int i = 0; i < panel; ++i) {
                    const std::int64_t node = q * panel + i;
                    z[i] = missing ? 0 : (static_cast<double>(real) - static_cast<double>(means[node])) / static_cast<double>(deviations[node]);
                    const double peak = missing && (!run.maximise || run.paths) ? 0 : static_cast<double>(peaks[node]);
                    const double log = peak - z[i] * z[i] * 0.72134752044448170;       // log2(e) / 2
                    if (pass == 0) top = log > top ? log : top;
                    else out[q * stride + i] = log >= owner.least_log ? static_cast<float>(log - shift) : -__builtin_inff();
                }
            if (top < owner.least_log) {        // impossible: an exponent could not hold it
                for (std::int32_t q = 0; q < owner.panels; ++q) store(out + q * stride, splat(-__builtin_inff()));
                return 0;
            }
        }
        return static_cast<std::int32_t>(__builtin_ceil(top));
    }
    std::int32_t exponent = 0;
    Floats largest = splat(-__builtin_inff());
    for (std::int32_t q = 0; q < owner.panels; ++q) {
        Floats log = splat(0.0f);
        if (owner.kind == OwnerKind::LogTable) {
            if (code >= 0) log = load(p + code * width + q * panel);
            else if (state.best) log = load(state.best + q * panel);
        } else if (code >= 0) {
            log = log2(add_product(load(state.offset + q * panel), load(p + code * width + q * panel), splat(state.scale)));
        } else if (state.best) {
            log = log2(load(state.best + q * panel));
        }
        store(out + q * stride, log);
        largest = maximum(largest, log);
    }
    if (owner.kind == OwnerKind::LogTable && code >= 0) exponent = static_cast<std::int32_t>(p[(owner.domain + 2) * width + code]);
    const float top = lane_max(largest);
    const float shift = top > -__builtin_inff() ? __builtin_ceilf(top) : 0.0f;
    for (std::int32_t q = 0; q < owner.panels; ++q) store(out + q * stride, load(out + q * stride) - splat(shift));
    return exponent + static_cast<std::int32_t>(shift);
}

static void forward_input(const Run& run, const PlanOperation& operation, std::int64_t rows) {
    const auto o = &operation - run.operations;
    const PlanOwner& owner = run.owners[operation.owner];
    const OwnerState& state = run.states[operation.owner];
    const std::int32_t* codes = run.codes + operation.variable * run.line;
    const float* reals = run.reals + operation.variable * run.line;
    const bool real = owner.kind == OwnerKind::Gaussian;
    float* out = values_of(run, operation);
    for (std::int64_t row = 0; row < rows; ++row) {
        const std::int32_t code = real ? 0 : codes[row];
        const float x = real ? reals[row] : 0;
        run.exponents[o * run.rows16 + row] = input_logs(run, owner, state, code, x, out + row * panel, run.stride);
        run.log_rows[o * run.rows16 + row] = 1;
    }
}

JUICE_INLINE bool observed(const Run& run, const PlanOwner& owner, std::int32_t variable, std::int64_t row) {
    if (owner.kind == OwnerKind::Gaussian) {
        const float x = run.reals[variable * run.line + row];
        return x == x;
    }
    return run.codes[variable * run.line + row] >= 0;
}

// Visits (row, panel of the reader, flows of it, panel of the owner) for observed rows; node-by-node wiring is unpicked into `lanes`.
template <class Visit>
JUICE_INLINE void for_each_flow(const Run& run, const PlanOwner& owner, const PlanReader& reader, Visit visit) {
    const float* flows = flows_of(run, run.operations[reader.operation]) + reader.first_panel * run.stride;
    const std::int32_t* map = run.maps + reader.map;
    for (std::int64_t row = 0; row < run.rows; ++row) {
        if (!observed(run, owner, reader.variable, row)) continue;
        for (std::int32_t q = 0; q < reader.panels; ++q) {
            const float* flow = flows + q * run.stride + row * panel;
            if (reader.mapping != Mapping::Nodes) {
                visit(row, reader.mapping == Mapping::Identity ? q : map[q], load(flow));
                continue;
            }
            for (int i = 0; i < panel; ++i) {
                const auto node = map[q * panel + i];
                if (node < 0 || flow[i] == 0) continue;
                alignas(64) float lanes[16] = {};
                lanes[node % panel] = flow[i];
                visit(row, static_cast<std::int32_t>(node / panel), load(lanes));
            }
        }
    }
}

JUICE_INLINE double softplus(double x) { return x > 0 ? x + __builtin_log1p(__builtin_exp(-x)) : __builtin_log1p(__builtin_exp(x)); }

// Derivatives of a discrete logistic's log-probability log(σ(b) − σ(a)) by mean / scale and by log scale: (σ'(a) − σ'(b)) / p and (a σ'(a) − b σ'(b)) / p,
// where σ'(a) / p = σ(a) / (σ(b) (1 − e^(a−b))) and σ'(b) / p = σ(−b) / (σ(−a) (1 − e^(a−b))). The outer bins take the tails.
JUICE_INLINE void logistic_slopes(const PlanOwner& owner, std::int32_t x, double mean, double scale, double& by_mean, double& by_log) {
    const double bin = (owner.high - owner.low) / static_cast<double>(owner.domain), low = owner.low + bin * x;
    const double a = (low - mean) / scale, b = (low + bin - mean) / scale;
    const bool first = x == 0, last = x == owner.domain - 1;
    const double part = first || last ? 1 : -__builtin_expm1(a - b);
    const double at_a = first ? 0 : __builtin_exp((last ? 0 : softplus(-b)) - softplus(-a)) / part;
    const double at_b = last ? 0 : __builtin_exp((first ? 0 : softplus(a)) - softplus(b)) / part;
    by_mean = at_a - at_b;
    by_log = (first ? 0 : a * at_a) - (last ? 0 : b * at_b);
}

// Moments of a Gaussian or discrete logistic: sums of f, f·d, f·d² in float64, since a variance is a small difference of them.
static void accumulate_moments(const Run& run, const PlanOwner& owner, Scratch& scratch, float* to) {
    const std::int64_t width = owner.panels * panel;
    const float* means = run.parameters + owner.parameters + (owner.kind == OwnerKind::Gaussian ? 0 : owner.domain * width);
    const double bin = owner.domain > 0 ? (owner.high - owner.low) / static_cast<double>(owner.domain) : 0;
    const bool slopes = run.slopes && owner.kind == OwnerKind::LogTable;
    const std::int64_t columns = slopes ? 5 : 3;
    auto* sums = reinterpret_cast<double*>(scratch.borrow(scratch, 2 * columns * width));
    __builtin_memset(sums, 0, static_cast<std::size_t>(columns * width) * sizeof(double));
    for (auto r = owner.reader_begin; r < owner.reader_end; ++r) {
        const PlanReader& reader = run.readers[r];
        const std::int32_t* codes = run.codes + reader.variable * run.line;
        const float* reals = run.reals + reader.variable * run.line;
        for_each_flow(run, owner, reader, [&](std::int64_t row, std::int32_t q, Floats flow) {
            const double x = owner.kind == OwnerKind::Gaussian ? static_cast<double>(reals[row]) : owner.low + (codes[row] + 0.5) * bin;
            alignas(64) float f[panel];
            store(f, flow);
            double* sum = sums + q * panel;
            for (int i = 0; i < panel; ++i) {
                const double d = x - static_cast<double>(means[q * panel + i]), first = static_cast<double>(f[i]) * d;
                sum[i] += static_cast<double>(f[i]);
                sum[width + i] += first;
                sum[2 * width + i] += first * d;
                if (!slopes || f[i] == 0 || q * panel + i >= owner.nodes) continue;
                double by_mean, by_log;
                logistic_slopes(owner, codes[row], static_cast<double>(means[q * panel + i]), static_cast<double>(means[width + q * panel + i]), by_mean, by_log);
                sum[3 * width + i] += static_cast<double>(f[i]) * by_mean;
                sum[4 * width + i] += static_cast<double>(f[i]) * by_log;
            }
        });
    }
    for (std::int64_t i = 0; i < columns * width; ++i) to[i] = static_cast<float>(static_cast<double>(to[i]) + sums[i]);
}

static void accumulate_input(const Run& run, std::int32_t o, Scratch& scratch) {
    const PlanOwner& owner = run.owners[o];
    float* to = run.flows + owner.flows;
    const std::int64_t width = owner.panels * panel;
    if (run.fresh[o]) {
        __builtin_memset(to, 0, static_cast<std::size_t>(owner.flow_count) * sizeof(float));
        run.fresh[o] = 0;
    }
    if (owner.kind != OwnerKind::Table && owner.distribution != DistributionType::Binomial) {
        accumulate_moments(run, owner, scratch, to);
        return;
    }
    for (auto r = owner.reader_begin; r < owner.reader_end; ++r) {
        const PlanReader& reader = run.readers[r];
        const std::int32_t* codes = run.codes + reader.variable * run.line;
        for_each_flow(run, owner, reader, [&](std::int64_t row, std::int32_t q, Floats flow) {
            if (owner.kind == OwnerKind::Table) {
                float* cell = to + codes[row] * width + q * panel;
                store(cell, load(cell) + flow);
                return;
            }
            float* cell = to + q * panel;   // binomial: failures and successes
            store(cell, add_product(load(cell), flow, splat(static_cast<float>(owner.domain - 1 - codes[row]))));
            store(cell + width, add_product(load(cell + width), flow, splat(static_cast<float>(codes[row]))));
        });
    }
}

// A table that many variables share adds up hundreds of thousands of flows a step, and rounds a frequent value's the same way every time: where
// that took a panel's probabilities further from 1 than rounding does, they are divided by what they add up to.
static void settle_total(float* table, std::int64_t width, std::int64_t domain, Floats total) {
    alignas(64) float factor[panel];
    store(factor, total);
    bool off = false;
    for (float& f : factor) {
        const bool far = f > 0 && (f < 1 - 1e-5f || f > 1 + 1e-5f);
        f = far ? 1 / f : 1;
        off |= far;
    }
    if (!off) return;
    for (std::int64_t x = 0; x < domain; ++x) store(table + x * width, load(table + x * width) * load(factor));
}

// The same for a table that is not lazy.
static void settle_totals(const Run& run, const PlanOwner& owner) {
    float* table = run.parameters + owner.parameters;
    const std::int64_t width = owner.panels * panel;
    for (std::int64_t q = 0; q < width; q += panel) {
        Floats total = splat(0.0f);
        for (std::int64_t begin = 0; begin < owner.domain; begin += 256) {
            Floats part = splat(0.0f);
            for (std::int64_t x = begin; x < owner.domain && x < begin + 256; ++x) part = part + load(table + x * width + q);
            total = total + part;
        }
        settle_total(table + q, width, owner.domain, total);
    }
}

static void settle(const Run& run, std::int32_t o) {
    OwnerState& state = run.states[o];
    if (!state.lazy) return;
    const PlanOwner& owner = run.owners[o];
    float* table = run.parameters + owner.parameters;
    const std::int64_t width = owner.panels * panel;
    const Floats scale = splat(state.scale);
    for (std::int64_t q = 0; q < width; q += panel) {
        Floats total = splat(0.0f);
        for (std::int64_t begin = 0; begin < owner.domain; begin += 256) {      // sums of sums, so that those of many values are exact enough
            Floats part = splat(0.0f);
            for (std::int64_t x = begin; x < owner.domain && x < begin + 256; ++x) {
                // A lazy table has no structural zeros, and a category never seen must not become one while the scale falls to 1e-6.
                const Floats p = add_product(load(state.offset + q), load(table + x * width + q), scale);
                const Floats kept = only(less(splat(0.0f), load(state.counts + q)), maximum(p, splat(least_weight * 1e6f)));
                store(table + x * width + q, kept);
                part = part + kept;
            }
            total = total + part;
        }
        settle_total(table + q, width, owner.domain, total);
    }
    __builtin_memset(state.offset, 0, static_cast<std::size_t>(width) * sizeof(float));
    state.scale = 1;
}

// Adds a reader's flows by value, where nothing is missing and panels are wired in order.
template <int width>
static void add_flows(const Run& run, const PlanReader& reader, const std::int32_t* codes, float* histogram) {
    const float* flow = flows_of(run, run.operations[reader.operation]) + reader.first_panel * run.stride;
    for (std::int64_t row = 0; row < run.rows; ++row, flow += panel) {
        float* cell = histogram + codes[row] * (width * panel);
#pragma GCC unroll 4
        for (int q = 0; q < width; ++q) store(cell + q * panel, load(cell + q * panel) + load(flow + q * run.stride));
    }
}

// A mini-batch step on a lazy table: probability' = (1 − s) probability + s (F + α / n) / (ΣF + α) touches only the entries seen. Returns false
// where it does not apply: a node without flow must keep its parameters, and s = 1 forgets all of them.
static bool update_lazily(const Run& run, std::int32_t o, Scratch& scratch, const Rule& rule) {
    const PlanOwner& owner = run.owners[o];
    OwnerState& state = run.states[o];
    if (!state.lazy || rule.step > 0.99f) return false;
    const std::int64_t width = owner.panels * panel;
    float* totals = scratch.node;
    __builtin_memset(totals, 0, static_cast<std::size_t>(width) * sizeof(float));
    for (auto r = owner.reader_begin; r < owner.reader_end; ++r) {
        const PlanReader& reader = run.readers[r];
        bool whole = reader.mapping != Mapping::Nodes;
        const std::int32_t* codes = run.codes + reader.variable * run.line;
        std::int32_t signs = 0;
        for (std::int64_t row = 0; row < run.rows; ++row) signs |= codes[row];
        whole = whole && signs >= 0;
        if (whole) {    // nothing missing: the reader has added up its element flows already
            const float* sums = run.flows + run.operations[reader.operation].sums + reader.first_panel * panel;
            for (std::int32_t q = 0; q < reader.panels; ++q) {
                float* total = totals + (reader.mapping == Mapping::Identity ? q : run.maps[reader.map + q]) * panel;
                store(total, load(total) + load(sums + q * panel));
            }
        } else {
            for_each_flow(run, owner, reader, [&](std::int64_t, std::int32_t q, Floats flow) { store(totals + q * panel, load(totals + q * panel) + flow); });
        }
    }
    for (std::int32_t node = 0; node < owner.nodes; ++node)     // below, 1 / total over the scale would leave the range of a float
        if (!(totals[node] + rule.pseudocount > 1e-25f)) return false;
    if (state.scale * (1 - rule.step) < 1e-6f) settle(run, o);
    state.scale *= 1 - rule.step;
    float* gain = scratch.node + width;
    for (std::int64_t q = 0; q < width; q += panel) {
        const Floats count = load(state.counts + q);
        const Ints real = less(splat(0.0f), count);
        const Floats rate = only(real, splat(rule.step) / (load(totals + q) + splat(rule.pseudocount)));
        store(state.offset + q, load(state.offset + q) * splat(1 - rule.step) + only(real, rate * splat(rule.pseudocount) / count));
        store(gain + q, rate / splat(state.scale));
    }
    float* table = run.parameters + owner.parameters;
    if (owner.domain * width > histogram_limit) {
        for (auto r = owner.reader_begin; r < owner.reader_end; ++r) {
            const PlanReader& reader = run.readers[r];
            const std::int32_t* codes = run.codes + reader.variable * run.line;
            for_each_flow(run, owner, reader, [&](std::int64_t row, std::int32_t q, Floats flow) {
                float* entry = table + codes[row] * width + q * panel;
                store(entry, add_product(load(entry), flow, load(gain + q * panel)));
            });
        }
        return true;
    }
    // The batch's flows are added up by value first. Added to the table one by one, the many small terms of a frequent value would all round the
    // same way, and a node's probabilities drift from 1 by 1e-4 within a few thousand steps.
    float* histogram = scratch.histogram;
    std::int64_t seen = 0;
    for (auto r = owner.reader_begin; r < owner.reader_end; ++r) {
        const PlanReader& reader = run.readers[r];
        const std::int32_t* codes = run.codes + reader.variable * run.line;
        std::int32_t missing = 0;
        for (std::int64_t row = 0; row < run.rows; ++row) {     // without a branch: it would be foreseen badly
            const std::int32_t absent = codes[row] >> 31, code = codes[row] & ~absent;
            scratch.seen[seen] = code;
            seen += (~absent & 1) & (scratch.marks[code] ^ 1);
            scratch.marks[code] |= static_cast<std::uint8_t>(~absent & 1);
            missing |= absent;
        }
        if (!missing && reader.mapping == Mapping::Identity && owner.panels == 1) add_flows<1>(run, reader, codes, histogram);
        else if (!missing && reader.mapping == Mapping::Identity && owner.panels == 2) add_flows<2>(run, reader, codes, histogram);
        else if (!missing && reader.mapping == Mapping::Identity && owner.panels == 4) add_flows<4>(run, reader, codes, histogram);
        else
            for_each_flow(run, owner, reader, [&](std::int64_t row, std::int32_t q, Floats flow) {
                float* cell = histogram + codes[row] * width + q * panel;
                store(cell, load(cell) + flow);
            });
    }
    for (std::int64_t i = 0; i < seen; ++i) {
        const std::int64_t row = scratch.seen[i] * width;
        for (std::int64_t q = 0; q < width; q += panel) {
            store(table + row + q, add_product(load(table + row + q), load(histogram + row + q), load(gain + q)));
            store(histogram + row + q, splat(0.0f));
        }
        scratch.marks[scratch.seen[i]] = 0;
    }
    return true;
}
