// A query of a few rows: no strip of 16 to fill. Every row is gathered by itself, and tiles have as many rows as there are. Each number is made by the
// same operations in the same order as in the ordinary way, so that a row gets the same bits alone as among many. Part of the kernels (kernels.inl).

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
    bool whole = false;
    for (std::int32_t s = 0; s < segments; ++s) {
        const PlanSegment& segment = run.segments[operation.segment_begin + s];
        const auto count = segment.factor_end - segment.factor_begin;
        std::int32_t own = 0;
        float* x = out + segment.first_panel * stride;
        Floats lanes;
        whole = segments == 1 && count <= factors_at_once && multiply_whole<true>(view, count, segment.panels, row, x, stride, lanes);
        const float largest = whole ? first_lane(lanes) : multiply_segment_row(view, count, segment.panels, row, x, stride, own);
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
    for (std::int32_t s = 0; !whole && s < segments; ++s) {
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

// What the next operation reads first: its weights' lines are asked for beside those of this one.
struct NextWeights {
    const float* at = nullptr;
    std::int64_t lines = 0;
};

// Asks for the table rows that an operation reads.
static void ask_for_tables(const Run& run, const PlanOperation& operation) {
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s)
        for (auto f = run.segments[s].factor_begin; f < run.segments[s].factor_end; ++f) {
            const PlanFactor& factor = run.factors[f];
            if (factor.kind != FactorKind::Table) continue;
            const PlanOwner& owner = run.owners[factor.source];
            const std::int32_t* codes = run.codes + factor.variable * run.line;
            for (std::int64_t row = 0; row < run.rows && owner.panels <= 64; ++row) {
                const float* entry = run.parameters + owner.parameters + (codes[row] < 0 ? 0 : codes[row]) * owner.panels * panel;
                for (std::int32_t q = 0; q < owner.panels; ++q) __builtin_prefetch(entry + q * panel, 0, 3);
            }
        }
}

// Rows `row` and after of N panels: as many at a time as a tile has, then half as many.
template <bool maximise, int R, int N>
JUICE_INLINE void few_tiles(const Run& run, const PlanBlock* blocks, std::int64_t count, const float* transposed, std::int64_t panel_step, std::int64_t row, float* out,
                            std::int64_t valid, Scratch& scratch) {
    Ahead none;
    for (; row + R <= run.rows; row += R)
        forward_tile<R, N, maximise>(run, blocks, count, scratch.elements + row * panel, transposed, panel_step, row, out, valid, scratch.suspects, none);
    if constexpr (R > 1) few_tiles<maximise, R / 2, N>(run, blocks, count, transposed, panel_step, row, out, valid, scratch);
}

// A tile's panels of weights are transposed and used by all rows while they lie in the first-level cache.
template <bool maximise>
static void multiply_few(const Run& run, const PlanOperation& operation, Scratch& scratch, float* out, NextWeights next) {
    const float* weights = run.parameters + run.owners[operation.owner].parameters;
    const auto ask = [&next] {
        for (std::int64_t i = 0; i < 16 && next.lines > 0; ++i, --next.lines, next.at += panel) __builtin_prefetch(next.at, 0, 3);
    };
    std::int64_t depth;
    for (auto begin = operation.block_begin; begin < operation.block_end;) {
        const auto end = same_nodes(run, operation, begin, depth);
        const std::int64_t panels = run.blocks[begin].out_panels, first = run.blocks[begin].out_panel;
        const auto tile = [&]<int N>(std::int64_t p) __attribute__((always_inline)) {
            transpose_weights(run, weights, begin, end, p, p + N, scratch.weights, ask);
            few_tiles<maximise, tile_rows, N>(run, run.blocks + begin, end - begin, scratch.weights, depth * panel, 0, out + (first + p) * run.stride,
                                              operation.nodes - (first + p) * panel, scratch);
        };
        std::int64_t p = 0;
        for (; p + tile_panels <= panels; p += tile_panels) tile.template operator()<tile_panels>(p);
        for (; p < panels; ++p) tile.template operator()<1>(p);
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
    __builtin_memset(run.log_rows + o * run.rows16, 0, static_cast<std::size_t>(run.rows));
    if (operation.kind == Operation::Product) {
        for (std::int64_t row = 0; row < run.rows; ++row) {
            elements_row(run, operation, views, scratch, row, out + row * panel, run.stride, exponents + row);
            mend_product_row(run, operation, views, scratch, out, row);
        }
        return;
    }
    __builtin_memset(scratch.suspects, 0, static_cast<std::size_t>(run.rows));
    for (std::int64_t row = 0; row < run.rows; ++row) elements_row(run, operation, views, scratch, row, scratch.elements + row * panel, run.stride, exponents + row);
    NextWeights ahead;
    if (next >= 0 && run.operations[next].kind == Operation::Sum) {
        ask_for_tables(run, run.operations[next]);
        const PlanOwner& owner = run.owners[run.operations[next].owner];
        ahead = {run.parameters + owner.parameters, owner.parameter_count / panel};
    }
    if (run.maximise) multiply_few<true>(run, operation, scratch, out, ahead);
    else multiply_few<false>(run, operation, scratch, out, ahead);
    for (std::int64_t row = 0; row < run.rows; ++row)
        if (scratch.suspects[row]) mend_row(run, operation, views, scratch, out, row);
}
