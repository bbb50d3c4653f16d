// A query of a few rows: no tile of 16 to fill. Every row is gathered by itself, and the weights are streamed past it as they lie, nodes in lanes'
// place: a sum is then a product of two vectors, added up across the lanes. Part of the kernels (kernels.inl).

// Products of one segment of a row in out, as multiply_segment makes them for 16. Returns the largest.
static float multiply_segment_row(const FactorView* views, std::int64_t count, std::int64_t panels, std::int64_t row, float* out, std::int64_t stride, std::int32_t& extra) {
    float largest = 0;
    for (std::int64_t begin = 0; begin < count; begin += factors_at_once) {
        const std::int64_t end = begin + factors_at_once < count ? begin + factors_at_once : count;
        Floats scale = splat(lift);
        if (begin > 0) {    // bring the row's maximum back to 2^120
            const Ints exponent = shift_right<23>(bits(splat(largest > 1 ? largest : 1.0f)));
            scale = floats_of_bits(shift_left<23>(splat(374) - exponent));
            extra += exponent.part[0][0] - 247;
        }
        Floats m = splat(0.0f);
        for (std::int64_t q = 0; q < panels; ++q) {
            Floats x = begin > 0 ? load(out + q * stride) * scale : scale;
            for (std::int64_t f = begin; f < end; ++f) x = multiply_factor(x, views[f], q, row);
            store(out + q * stride, x);
            m = maximum(m, x);
        }
        largest = lane_max(m);
    }
    return largest;
}

// Elements of one row, as elements_tile makes them for 16.
static void elements_row(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, std::int64_t row, float* out, std::int64_t stride,
                         std::int32_t* exponent) {
    const auto segments = operation.segment_end - operation.segment_begin;
    std::int32_t common = -0x40000000;
    bool slow = false;
    const FactorView* view = views;
    for (std::int32_t s = 0; s < segments; ++s) {
        const PlanSegment& segment = run.segments[operation.segment_begin + s];
        const auto count = segment.factor_end - segment.factor_begin;
        std::int32_t own = 0;
        const float largest = multiply_segment_row(view, count, segment.panels, row, out + segment.first_panel * stride, stride, own);
        slow = slow || largest < 1;
        const std::int32_t field = shift_right<23>(bits(splat(largest))).part[0][0];
        own += field - (127 + lift_exponent);
        for (std::int32_t f = 0; f < count; ++f)
            if (!view[f].codes) own += view[f].exponents[row];
        scratch.segments[2 * s] = field;
        scratch.segments[2 * s + 1] = own;
        common = own > common ? own : common;
        view += count;
    }
    for (std::int32_t s = 0; s < segments; ++s) {
        const PlanSegment& segment = run.segments[operation.segment_begin + s];
        const std::int32_t down = scratch.segments[2 * s + 1] - common + 127;
        const Floats first = floats_of_bits(shift_left<23>(splat(254 - scratch.segments[2 * s])));
        const Floats second = floats_of_bits(shift_left<23>(splat(down < 1 ? 0 : down)));
        for (std::int32_t q = 0; q < segment.panels; ++q) {
            float* x = out + (segment.first_panel + q) * stride;
            store(x, segments == 1 ? load(x) * first : load(x) * first * second);
        }
    }
    *exponent = common;
    if (!slow) return;
    row_logs(run, operation, views, row, scratch.row, exponent, false);
    for (std::int32_t q = 0; q < operation.operand_panels; ++q) store(out + q * stride, exp2(load(scratch.row + q * panel)));
}

// Lane i of the answer: all lanes of rows[i] added up.
JUICE_INLINE Floats row_sums(const Floats (&rows)[16]) {
    alignas(64) float lanes[256], turned[256];
    for (int i = 0; i < 16; ++i) store(lanes + i * panel, rows[i]);
    transpose16(lanes, panel, turned, panel);
    Floats part[16];
    for (int i = 0; i < 16; ++i) part[i] = load(turned + i * panel);
    for (int width = 8; width > 0; width /= 2)
        for (int i = 0; i < width; ++i) part[i] = part[i] + part[i + width];
    return part[0];
}

// What the next operation reads first: its weights' lines are asked for beside those of this one.
struct NextWeights {
    const float* at = nullptr;
    std::int64_t lines = 0;
};

template <bool maximise>
static void multiply_row(const Run& run, const PlanOperation& operation, Scratch& scratch, float* out, std::int64_t row, NextWeights& next) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    std::int64_t depth;
    for (auto begin = operation.block_begin; begin < operation.block_end;) {
        const auto end = same_nodes(run, operation, begin, depth);
        const std::int64_t first = run.blocks[begin].out_panel;
        for (std::int32_t p = 0; p < run.blocks[begin].out_panels; ++p) {
            Floats acc[16];
            for (auto& a : acc) a = splat(0.0f);
            for (auto b = begin; b < end; ++b) {
                const PlanBlock& block = run.blocks[b];
                for (std::int32_t q = 0; q < block.in_panels; ++q) {
                    const Floats x = load(scratch.elements + (block.in_panel + q) * run.stride);
                    const float* w = weights + block.weights + (q * block.out_panels + p) * panel * panel;
#pragma GCC unroll 16
                    for (int i = 0; i < 16; ++i) acc[i] = maximise ? maximum(acc[i], load(w + i * panel) * x) : add_product(acc[i], load(w + i * panel), x);
                    for (std::int64_t i = 0; i < 16 && next.lines > 0; ++i, --next.lines, next.at += panel) __builtin_prefetch(next.at, 0, 3);
                }
            }
            const Floats value = maximise ? row_maxima(acc) : row_sums(acc);
            float* to = out + (first + p) * run.stride + row * panel;
            store(to, value);
            const std::int64_t valid = operation.nodes - (first + p) * panel;
            for (std::int64_t i = 0; i < panel && i < valid; ++i)
                if (to[i] < lowest_value) scratch.suspects[row] = 1;
        }
        begin = end;
    }
}

static void forward_few(const Run& run, std::int32_t o, std::int32_t next, Scratch& scratch) {
    const PlanOperation& operation = run.operations[o];
    std::int32_t* exponents = run.exponents + o * run.rows16;
    if (operation.kind == Operation::Input) {
        forward_input(run, operation, run.rows);
        return;
    }
    float* out = values_of(run, operation);
    const FactorView* views = view_factors(run, operation, scratch);
    NextWeights ahead;
    if (next >= 0 && run.operations[next].kind == Operation::Sum) {
        const PlanOwner& owner = run.owners[run.operations[next].owner];
        ahead = {run.parameters + owner.parameters, owner.parameter_count / panel};
    }
    for (std::int64_t row = 0; row < run.rows; ++row) {
        run.log_rows[o * run.rows16 + row] = 0;
        if (operation.kind == Operation::Product) {
            elements_row(run, operation, views, scratch, row, out + row * panel, run.stride, exponents + row);
            mend_product_row(run, operation, views, scratch, out, row);
            continue;
        }
        scratch.suspects[row] = 0;
        elements_row(run, operation, views, scratch, row, scratch.elements, run.stride, exponents + row);
        if (run.maximise) multiply_row<true>(run, operation, scratch, out, row, ahead);
        else multiply_row<false>(run, operation, scratch, out, row, ahead);
        if (scratch.suspects[row]) mend_row(run, operation, views, scratch, out, row);
    }
}
