// Sampling: the edge of a sum, given the values of its elements, and values of inputs. Part of the kernels (kernels.inl).
//
// Every draw walks sums that were added up in the same order, from the whole to its parts, and never takes a part of sum 0; where rounding leaves
// nothing of the uniform number's share, the last part above 0 is taken.

// Which lane holds the share `rest` of the lanes' sum? Halves at a time: level k holds sums of lanes that are 16 / 2^k apart, added up as lane_sum
// does. `rest` becomes the share within the lane. No branches: they would be random ones.
JUICE_INLINE int choose_lane(Floats sums, double& rest) {
    alignas(64) float level[4][panel];      // 16, 8, 4, 2 sums
    store(level[0], sums);
    for (int k = 1, width = 8; k < 4; ++k, width /= 2)
        for (int i = 0; i < width; ++i) level[k][i] = level[k - 1][i] + level[k - 1][i + width];
    int lane = 0;
    for (int k = 3, width = 1; k >= 0; --k, width *= 2) {
        const double left = static_cast<double>(level[k][lane]);
        const bool right = (rest >= left) & (level[k][lane + width] > 0);
        rest -= right ? left : 0.0;
        lane += right ? width : 0;
    }
    return lane;
}

// The blocks of a sum that hold a node: [first, last).
struct BlockRange {
    std::int32_t first, last;
};

static BlockRange blocks_of_node(const Run& run, const PlanOperation& operation, std::int32_t node) {
    const std::int32_t out = node / static_cast<std::int32_t>(panel);
    std::int32_t low = operation.block_begin, high = operation.block_end;
    while (low < high) {    // blocks are sorted by their nodes, and those of different nodes do not overlap
        const std::int32_t middle = low + (high - low) / 2;
        if (run.blocks[middle].out_panel + run.blocks[middle].out_panels <= out) low = middle + 1;
        else high = middle;
    }
    std::int32_t last = low;
    while (last < operation.block_end && run.blocks[last].out_panel <= out) ++last;
    return {low, last};
}

// Visits (weights of a panel of elements, the panel), in the order of the panels.
template <class Visit>
JUICE_INLINE void for_each_weight_panel(const Run& run, const PlanOperation& operation, BlockRange range, std::int32_t node, Visit visit) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    for (auto b = range.first; b < range.last; ++b) {
        const PlanBlock& block = run.blocks[b];
        const float* w = weights + block.weights + (node - block.out_panel * panel) * panel;
        const std::int64_t step = block.out_panels * panel * panel;
        for (std::int32_t q = 0; q < block.in_panels; ++q, w += step) visit(load(w), block.in_panel + q);
    }
}

// Of a dense sum, where it pays: one block, of rows short enough.
JUICE_INLINE void ask_for_weights(const Run& run, const PlanOperation& operation, const float* weights, std::int32_t node) {
    const PlanBlock& block = run.blocks[operation.block_begin];
    if (operation.form != Form::Dense || block.in_panels > 16) return;
    const std::int64_t step = block.out_panels * panel * panel;
    const float* w = weights + block.weights + node * panel;
    for (std::int32_t q = 0; q < block.in_panels; ++q) __builtin_prefetch(w + q * step);
}

// Which of the terms [panels][16] that add up to `sums` by lane holds the share `rest`? Returns its place.
JUICE_INLINE std::int64_t choose_term(const float* terms, std::int64_t panels, Floats sums, double uniform) {
    double rest = uniform * static_cast<double>(lane_sum(sums));
    const int lane = choose_lane(sums, rest);
    float running = 0;
    std::int64_t q = 0;
    for (std::int64_t i = 0; i < panels; ++i) {     // counts those that end at or before the share
        running += terms[i * panel + lane];
        q += static_cast<double>(running) <= rest ? 1 : 0;
    }
    if (q == panels)    // past the end by rounding
        while (--q > 0 && !(terms[q * panel + lane] > 0)) {}
    return q * panel + lane;
}

static void choose_in_blocks(const Run& run, const PlanOperation& operation, const FactorView* views, double power, Choice* choices, std::int64_t count, Scratch& scratch) {
    constexpr std::int64_t ahead = 6;       // visits whose weights are asked for: which node's they are is no pattern that hardware foresees
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    float* terms = scratch.borrow(scratch, operation.operand_panels * panel);
    std::int64_t row_of_logs = -1;
    for (Choice* choice = choices; choice < choices + count; ++choice) {
        if (choice + ahead < choices + count) ask_for_weights(run, operation, weights, choice[ahead].node);
        const BlockRange range = blocks_of_node(run, operation, choice->node);
        float* next = terms;
        Floats sums = splat(0.0f);
        bool linear = power == 1;
        if (linear) {
            const float* x = scratch.elements + choice->row * panel;
            for_each_weight_panel(run, operation, range, choice->node, [&](Floats w, std::int64_t q) {
                const Floats term = w * load(x + q * run.stride);
                store(next, term);
                sums = sums + term;
                next += panel;
            });
            linear = lane_sum(sums) >= lowest_value;
        }
        if (!linear) {      // as the forward pass mends a row: over the node's own edges, in logs
            if (row_of_logs != choice->row) {
                row_of_logs = choice->row;
                std::int32_t exponent;
                row_logs(run, operation, views, choice->row, scratch.row, &exponent, false);
            }
            next = terms;
            Floats largest = splat(-__builtin_inff());
            for_each_weight_panel(run, operation, range, choice->node, [&](Floats w, std::int64_t q) {
                const Floats log = choose(differs(w, splat(0.0f)), load(scratch.row + q * panel) + log2(w), splat(-__builtin_inff()));
                store(next, log);
                largest = maximum(largest, log);
                next += panel;
            });
            const float top = lane_max(largest);
            sums = splat(0.0f);
            if (top > -__builtin_inff())
                for (float* t = terms; t < next; t += panel) {
                    const Floats term = exp2((load(t) - splat(top)) * splat(static_cast<float>(power)));
                    store(t, term);
                    sums = sums + term;
                }
            if (!(top > -__builtin_inff())) {
                choice->position = -1;
                continue;
            }
        }
        std::int64_t place = choose_term(terms, (next - terms) / panel, sums, choice->uniform);
        for (auto b = range.first; b < range.last; ++b) {     // the place among the node's panels, as a position of the operand
            const std::int64_t width = run.blocks[b].in_panels * panel;
            if (place < width) {
                place += run.blocks[b].in_panel * panel;
                break;
            }
            place -= width;
        }
        choice->position = static_cast<std::int32_t>(place);
    }
}

static void choose_in_edges(const Run& run, const PlanOperation& operation, const FactorView* views, double power, Choice* choices, std::int64_t count, Scratch& scratch) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const EdgeList edges = edges_of(run, operation);
    std::int64_t row_of_logs = -1;
    for (Choice* choice = choices; choice < choices + count; ++choice) {
        const std::int32_t begin = edges.starts[choice->node], end = edges.starts[choice->node + 1];
        const float* x = scratch.elements + choice->row * panel;
        float top = 0;
        bool linear = power == 1;
        const auto log = [&](std::int32_t e) { return scratch.row[edges.positions[e]] + __builtin_log2f(weights[edges.weights[e]]); };
        const auto term = [&](std::int32_t e) {
            if (weights[edges.weights[e]] == 0) return 0.0;
            if (!linear) return __builtin_exp2(static_cast<double>(log(e) - top) * power);
            const std::int64_t at = edges.positions[e];
            return static_cast<double>(weights[edges.weights[e]] * x[at / panel * run.stride + at % panel]);
        };
        double total = 0;
        if (linear) {
            for (auto e = begin; e < end; ++e) total += term(e);
            linear = total >= static_cast<double>(lowest_value);
        }
        if (!linear) {
            if (row_of_logs != choice->row) {
                row_of_logs = choice->row;
                std::int32_t exponent;
                row_logs(run, operation, views, choice->row, scratch.row, &exponent, false);
            }
            top = -__builtin_inff();
            for (auto e = begin; e < end; ++e)
                if (weights[edges.weights[e]] != 0 && log(e) > top) top = log(e);
            total = 0;
            for (auto e = begin; e < end && top > -__builtin_inff(); ++e) total += term(e);
        }
        choice->position = -1;
        const double share = choice->uniform * total;
        double running = 0;
        for (auto e = begin; e < end && total > 0; ++e) {
            const double part = term(e);
            if (!(part > 0)) continue;
            choice->position = edges.positions[e];
            running += part;
            if (share < running) break;
        }
    }
}

static void choose(const Run& run, std::int32_t o, double power, Choice* choices, std::int64_t count, Scratch& scratch) {
    const PlanOperation& operation = run.operations[o];
    const FactorView* views = view_factors(run, operation, scratch);
    if (power == 1) elements(run, operation, views, scratch, scratch.elements, scratch.exponents);
    if (operation.form == Form::Edges) choose_in_edges(run, operation, views, power, choices, count, scratch);
    else choose_in_blocks(run, operation, views, power, choices, count, scratch);
}

// The running sums over a panel's values start anew every `block` values, so that a long vocabulary's small probabilities keep their digits.
static void draw(const Run& run, std::int32_t o, double power, Draw* draws, std::int64_t count, Scratch& scratch) {
    const PlanOwner& owner = run.owners[o];
    const OwnerState& state = run.states[o];
    const std::int64_t width = owner.panels * panel;
    const std::int64_t at = draws->node / panel * panel;
    const float* table = run.parameters + owner.parameters + at;
    const float* exponents = run.parameters + owner.parameters + (owner.domain + 2) * width;    // LogTable
    const Floats offset = load(state.offset + at), scale = splat(state.scale);
    const auto probability = [&](std::int64_t x) { return add_product(offset, load(table + x * width), scale); };
    const auto log = [&](std::int64_t x) {
        return owner.kind == OwnerKind::LogTable ? load(table + x * width) + splat(exponents[x]) : log2(probability(x));
    };
    const bool linear = power == 1 && owner.kind == OwnerKind::Table;
    Floats top = splat(0.0f);
    if (power != 1) {
        top = splat(-__builtin_inff());
        for (std::int64_t x = 0; x < owner.domain; ++x) top = maximum(top, log(x));
    }
    std::int64_t block = 8;
    while (block * block < 4 * owner.domain) block *= 2;
    const std::int64_t blocks = (owner.domain + block - 1) / block;
    float* running = scratch.borrow(scratch, blocks * block * panel + 2 * (blocks + 1) * panel);
    auto* before = reinterpret_cast<double*>(running + blocks * block * panel);     // [blocks + 1][16]: what the blocks before add up to
    for (int i = 0; i < panel; ++i) before[i] = 0;
    for (std::int64_t b = 0; b < blocks; ++b) {
        Floats sum = splat(0.0f);
        for (std::int64_t x = b * block; x < (b + 1) * block; ++x) {
            if (x < owner.domain) {
                __builtin_prefetch(table + (x + 24) * width);
                sum = sum + (linear ? probability(x) : exp2((log(x) - top) * splat(static_cast<float>(power))));
            }
            store(running + x * panel, sum);
        }
        const float* total = running + ((b + 1) * block - 1) * panel;
        for (int i = 0; i < panel; ++i) before[(b + 1) * panel + i] = before[b * panel + i] + static_cast<double>(total[i]);
    }
    for (Draw* draw = draws; draw < draws + count; ++draw) {
        const double* starts = before + draw->node % panel;
        const double share = draw->uniform * starts[blocks * panel];
        std::int64_t chosen = 0;
        for (std::int64_t low = 0, high = blocks - 1; low <= high;) {     // the last block that begins at or before the share
            const std::int64_t middle = (low + high) / 2;
            if (starts[middle * panel] <= share) {
                chosen = middle;
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        while (chosen > 0 && starts[chosen * panel] == starts[(chosen + 1) * panel]) --chosen;      // past the end by rounding
        const double rest = share - starts[chosen * panel];
        const float* s = running + chosen * block * panel + draw->node % panel;
        std::int64_t x = 0;
        for (std::int64_t step = block / 2; step > 0; step /= 2)
            if (static_cast<double>(s[(x + step - 1) * panel]) <= rest) x += step;
        while (x > 0 && s[(x - 1) * panel] == s[x * panel]) --x;            // likewise
        draw->value = static_cast<std::int32_t>(chosen * block + x);
    }
}
