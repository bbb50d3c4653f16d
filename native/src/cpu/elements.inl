// The operand of a sum: gathers the children's values and the input tables' rows, multiplies, and scales each row by a power of two.
// Part of the kernels (kernels.inl).

// Where a factor's values lie. Address of panel q in row b: base + row(b) + q · panel_stride.
struct FactorView {
    const float* base;
    std::int64_t panel_stride;
    std::int64_t row_stride;            // a table: from value to value
    const std::int32_t* codes;          // a table's lookups; NULL: values of an operation
    const std::uint8_t* log_rows;       // operation
    const std::int32_t* exponents;      // operation
    const std::int32_t* map;
    const float* offset;                // table
    const float* best;                  // table, in a max query: stands in for missing values
    float scale;
    Mapping mapping;
};
static_assert(sizeof(FactorView) <= factor_view_bytes);

// 2^120: every product starts this high, so that it may fall as far below 1.
constexpr float lift = 0x1p120f;
constexpr std::int32_t lift_exponent = 120;
constexpr std::int64_t factors_at_once = 4;     // then the row is scaled again
constexpr float lowest_value = 0x1p-60f;        // a smaller sum is computed again edge by edge
constexpr float lowest_log = -60.0f;

JUICE_INLINE float* values_of(const Run& run, const PlanOperation& operation) {
    return run.values + (run.training ? operation.train_values : operation.query_values) * run.stride;
}
JUICE_INLINE float* flows_of(const Run& run, const PlanOperation& operation) { return run.values + operation.train_flows * run.stride; }

static FactorView* view_factors(const Run& run, const PlanOperation& operation, Scratch& scratch) {
    auto* views = static_cast<FactorView*>(scratch.factors);
    std::int64_t next = 0;
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s)
        for (auto f = run.segments[s].factor_begin; f < run.segments[s].factor_end; ++f, ++next) {
            const PlanFactor& factor = run.factors[f];
            FactorView& view = views[next];
            view.mapping = factor.mapping;
            view.map = run.maps + factor.map;
            if (factor.kind == FactorKind::Table) {
                const PlanOwner& owner = run.owners[factor.source];
                const OwnerState& state = run.states[factor.source];
                view.base = run.parameters + owner.parameters;
                view.panel_stride = panel;
                view.row_stride = owner.panels * panel;
                view.codes = run.codes + factor.variable * run.line;
                view.log_rows = nullptr;
                view.exponents = nullptr;
                view.offset = state.offset;
                view.best = state.best;
                view.scale = state.scale;
            } else {
                const PlanOperation& source = run.operations[factor.source];
                view.base = values_of(run, source);
                view.panel_stride = run.stride;
                view.row_stride = panel;
                view.codes = nullptr;
                view.log_rows = run.log_rows + factor.source * run.rows16;
                view.exponents = run.exponents + factor.source * run.rows16;
                view.offset = nullptr;
                view.best = nullptr;
                view.scale = 1;
            }
        }
    return views;
}

// Is this tile of 16 rows free of missing values, log rows and node-by-node wiring?
static bool plain_tile(const FactorView& view, std::int64_t row) {
    if (view.mapping == Mapping::Nodes) return false;
    if (view.codes) {
        return !any(shift_right<31>(load_unaligned(view.codes + row)));
    }
    std::uint64_t halves[2];
    __builtin_memcpy(halves, view.log_rows + row, 16);
    return (halves[0] | halves[1]) == 0;
}

JUICE_INLINE bool plain_row(const FactorView& view, std::int64_t row) {
    return view.mapping != Mapping::Nodes && (view.codes ? view.codes[row] >= 0 : view.log_rows[row] == 0);
}

JUICE_INLINE Floats load_mapped(const float* row, std::int64_t panel_stride, const FactorView& view, std::int64_t q) {
    switch (view.mapping) {
        case Mapping::Identity: return load(row + q * panel_stride);
        case Mapping::Panels: return load(row + view.map[q] * panel_stride);
        case Mapping::Nodes: break;
    }
    alignas(64) float lanes[16];
    for (int i = 0; i < 16; ++i) {
        const auto node = view.map[q * panel + i];
        lanes[i] = node < 0 ? 0.0f : row[node / panel * panel_stride + node % panel];
    }
    return load(lanes);
}

// x times the factor, relative to its row's exponent. A log is applied in two halves, so that what 2^120 leaves room for is not lost on the way.
static Floats multiply_factor(Floats x, const FactorView& view, std::int64_t q, std::int64_t row) {
    if (view.codes) {
        const auto code = view.codes[row];
        if (code < 0) return view.best ? x * load_mapped(view.best, panel, view, q) : x;
        const Floats entry = load_mapped(view.base + code * view.row_stride, panel, view, q);
        return x * add_product(load_mapped(view.offset, panel, view, q), entry, splat(view.scale));
    }
    const Floats value = load_mapped(view.base + row * panel, view.panel_stride, view, q);
    if (!view.log_rows[row]) return x * value;
    const Floats half = exp2(value * splat(0.5f));
    return x * half * half;
}

static Floats factor_log(const FactorView& view, std::int64_t q, std::int64_t row) {
    if (!view.codes && view.log_rows[row]) {
        if (view.mapping != Mapping::Nodes) return load_mapped(view.base + row * panel, view.panel_stride, view, q);
        Floats logs = load_mapped(view.base + row * panel, view.panel_stride, view, q);
        alignas(64) std::int32_t absent[16];
        for (int i = 0; i < 16; ++i) absent[i] = view.map[q * panel + i] < 0 ? -1 : 0;
        return choose(load(absent), splat(-__builtin_inff()), logs);
    }
    return log2(multiply_factor(splat(1.0f), view, q, row));
}

// Row numbers of tables are random accesses: asks for the rows of the tile after this one. `lines` cache lines from `skip` on.
JUICE_INLINE void prefetch_table(const FactorView& view, std::int64_t row, std::int64_t skip, std::int64_t lines) {
    for (int r = 0; r < 16; ++r) {
        const std::int64_t code = view.codes[row + r];
        const float* entry = view.base + (code < 0 ? 0 : code) * view.row_stride + skip * panel;
        for (std::int64_t line = 0; line < lines; ++line) __builtin_prefetch(entry + line * panel);
    }
}

// The product of `tables` and then `values` factors over `width` panels of one row. The counts are known when compiling (-1: `count` factors of
// any kind), so that the usual cases keep their addresses in registers.
template <int width, int tables, int values>
JUICE_INLINE void multiply_row(const FactorView* views, std::int64_t count, std::int64_t q, std::int64_t row, Floats (&x)[width]) {
    constexpr bool known = tables >= 0;
    const std::int64_t factors = known ? tables + values : count;
#pragma GCC unroll 4
    for (std::int64_t f = 0; f < factors; ++f) {
        const FactorView& view = views[f];
        const bool mapped = view.mapping == Mapping::Panels;
        if (known ? f < tables : view.codes != nullptr) {
            const float* entry = view.base + view.codes[row] * view.row_stride;
            const Floats scale = splat(view.scale);
#pragma GCC unroll 8
            for (int j = 0; j < width; ++j) {
                const std::int64_t at = (mapped ? view.map[q + j] : q + j) * panel;
                x[j] = x[j] * add_product(load(view.offset + at), load(entry + at), scale);
            }
        } else {
            const float* value = view.base + row * panel;
#pragma GCC unroll 8
            for (int j = 0; j < width; ++j) x[j] = x[j] * load(value + (mapped ? view.map[q + j] : q + j) * view.panel_stride);
        }
    }
}

// Calls body.template operator()<tables, values>() for the factors at hand: tables stand before values in an HCLT's products; any other order
// or number takes the general loop.
template <class Body>
JUICE_INLINE void with_counts(const FactorView* views, std::int64_t count, Body body) {
    int tables = 0;
    while (tables < count && views[tables].codes) ++tables;
    bool sorted = true;
    for (std::int64_t f = tables; f < count; ++f) sorted = sorted && !views[f].codes;
    const std::int64_t values = count - tables;
    if (sorted && tables == 1 && values == 0) body.template operator()<1, 0>();
    else if (sorted && tables == 2 && values == 0) body.template operator()<2, 0>();
    else if (sorted && tables == 0 && values == 2) body.template operator()<0, 2>();
    else if (sorted && tables == 1 && values == 1) body.template operator()<1, 1>();
    else if (sorted && tables == 1 && values == 2) body.template operator()<1, 2>();
    else if (sorted && tables == 2 && values == 1) body.template operator()<2, 1>();
    else body.template operator()<-1, -1>();
}

// Multiplies factors into `width` panels of 16 rows, and keeps each row's largest lane in maxima.
template <int width>
static void multiply_panels(const FactorView* views, std::int64_t count, std::int64_t q, std::int64_t row, bool first, float* out, std::int64_t stride, Floats (&maxima)[16]) {
    with_counts(views, count, [&]<int tables, int values>() {
        for (int r = 0; r < 16; ++r) {
            Floats x[width];
#pragma GCC unroll 8
            for (int j = 0; j < width; ++j) x[j] = first ? splat(lift) : load(out + j * stride + r * panel);
            multiply_row<width, tables, values>(views, count, q, row + r, x);
            Floats m = maxima[r];
#pragma GCC unroll 8
            for (int j = 0; j < width; ++j) {
                store(out + j * stride + r * panel, x[j]);
                m = maximum(m, x[j]);
            }
            maxima[r] = m;
        }
    });
}

// Powers of two that bring numbers of these exponents to 1 … 2.
JUICE_INLINE Floats inverse_power(Floats x) { return floats_of_bits(shift_left<23>(splat(254) - shift_right<23>(bits(x)))); }

// A whole operand of `width` panels of one row, wired panel by panel in order: its product in registers.
template <int width, int tables, int values>
JUICE_INLINE void multiply_whole_row(const FactorView* views, std::int64_t row, Floats (&x)[width]) {
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) x[j] = splat(lift);
#pragma GCC unroll 4
    for (int f = 0; f < tables; ++f) {
        const FactorView& view = views[f];
        const float* entry = view.base + view.codes[row] * view.row_stride;
        const Floats scale = splat(view.scale);
#pragma GCC unroll 8
        for (int j = 0; j < width; ++j) x[j] = x[j] * add_product(load(view.offset + j * panel), load(entry + j * panel), scale);
    }
#pragma GCC unroll 4
    for (int f = tables; f < tables + values; ++f) {
        const FactorView& view = views[f];
        const float* value = view.base + row * panel;
#pragma GCC unroll 8
        for (int j = 0; j < width; ++j) x[j] = x[j] * load(value + j * view.panel_stride);
    }
}

// The same, scaled by the row's power of two and stored without another pass. Returns the largest lane before scaling, in every lane.
template <int width, int tables, int values>
JUICE_INLINE Floats multiply_and_scale_row(const FactorView* views, std::int64_t row, float* out, std::int64_t stride) {
    Floats x[width];
    multiply_whole_row<width, tables, values>(views, row, x);
    Floats m = x[0];
#pragma GCC unroll 8
    for (int j = 1; j < width; ++j) m = maximum(m, x[j]);
    m = spread_max(m);
    const Floats scale = inverse_power(m);
#pragma GCC unroll 8
    for (int j = 0; j < width; ++j) store(out + j * stride, x[j] * scale);
    return m;
}

// And of 16 rows. Returns each row's largest lane before scaling.
template <int width, int tables, int values>
JUICE_INLINE Floats multiply_and_scale(const FactorView* views, std::int64_t row, float* out, std::int64_t stride) {
    if constexpr (width == 1) {     // all 16 rows in registers
        Floats rows[16];
#pragma GCC unroll 16
        for (int r = 0; r < 16; ++r) {
            Floats x[1];
            multiply_whole_row<1, tables, values>(views, row + r, x);
            rows[r] = x[0];
        }
        const Floats largest = row_maxima(rows);
        alignas(64) float scale[16];
        store(scale, inverse_power(largest));
#pragma GCC unroll 16
        for (int r = 0; r < 16; ++r) store(out + r * panel, rows[r] * splat(scale[r]));
        return largest;
    } else {
        alignas(64) float largest[16];
        for (int r = 0; r < 16; ++r) largest[r] = first_lane(multiply_and_scale_row<width, tables, values>(views, row + r, out + r * panel, stride));
        return load(largest);
    }
}

// The usual products of 1, 2, 4 or 8 panels: tables before values. A tile of 16 rows, or (single) one row. Returns false where this is none of them.
template <bool single, int tables, int values>
static bool multiply_whole(const FactorView* views, std::int64_t panels, std::int64_t row, float* out, std::int64_t stride, Floats& largest) {
    const auto multiply = [&]<int width>() __attribute__((always_inline)) {
        if constexpr (single) largest = multiply_and_scale_row<width, tables, values>(views, row, out, stride);
        else largest = multiply_and_scale<width, tables, values>(views, row, out, stride);
        return true;
    };
    switch (panels) {
        case 1: return multiply.template operator()<1>();
        case 2: return multiply.template operator()<2>();
        case 4: return multiply.template operator()<4>();
        case 8: return multiply.template operator()<8>();
        default: return false;
    }
}
template <bool single>
static bool multiply_whole(const FactorView* views, std::int64_t count, std::int64_t panels, std::int64_t row, float* out, std::int64_t stride, Floats& largest) {
    std::int64_t tables = 0;
    while (tables < count && views[tables].codes) ++tables;
    if (count - tables > 3) return false;       // or the number below would be that of other counts
    for (std::int64_t f = 0; f < count; ++f) {
        if (views[f].mapping != Mapping::Identity || (f >= tables && views[f].codes)) return false;
        if (single ? !plain_row(views[f], row) : !plain_tile(views[f], row)) return false;
    }
    switch (tables * 4 + count - tables) {
        case 4: return multiply_whole<single, 1, 0>(views, panels, row, out, stride, largest);
        case 5: return multiply_whole<single, 1, 1>(views, panels, row, out, stride, largest);
        case 6: return multiply_whole<single, 1, 2>(views, panels, row, out, stride, largest);
        case 7: return multiply_whole<single, 1, 3>(views, panels, row, out, stride, largest);
        case 8: return multiply_whole<single, 2, 0>(views, panels, row, out, stride, largest);
        case 9: return multiply_whole<single, 2, 1>(views, panels, row, out, stride, largest);
        default: return false;
    }
}

static void multiply_general(const FactorView* views, std::int64_t count, std::int64_t q, std::int64_t row, bool first, float* out, Floats (&maxima)[16]) {
    for (int r = 0; r < 16; ++r) {
        Floats x = first ? splat(lift) : load(out + r * panel);
        for (std::int64_t f = 0; f < count; ++f) x = multiply_factor(x, views[f], q, row + r);
        store(out + r * panel, x);
        maxima[r] = maximum(maxima[r], x);
    }
}

// Multiplies a tile of 16 rows by a power of two each, given as exponent fields.
static void scale_rows(float* out, std::int64_t panels, std::int64_t stride, Ints fields) {
    alignas(64) float scale[16];
    store(scale, floats_of_bits(shift_left<23>(fields)));
    for (std::int64_t q = 0; q < panels; ++q)
        for (int r = 0; r < 16; ++r) {
            float* x = out + q * stride + r * panel;
            store(x, load(x) * splat(scale[r]));
        }
}

// One segment of a tile: products in out, with 2^120 · 2^k · x = the true value of the row over the children's exponents.
// Returns each row's largest lane; `extra` collects the exponents taken out on the way.
static Floats multiply_segment(const FactorView* views, std::int64_t count, std::int64_t panels, std::int64_t row, std::int64_t rows, float* out, std::int64_t stride,
                               Ints& extra) {
    Floats largest = splat(0.0f);
    for (std::int64_t begin = 0; begin < count; begin += factors_at_once) {
        const std::int64_t chunk = count - begin < factors_at_once ? count - begin : factors_at_once;
        bool plain = true;
        for (std::int64_t f = begin; plain && f < begin + chunk; ++f) plain = plain_tile(views[f], row);
        if (begin > 0) {    // bring each row's maximum back to 2^120
            const Ints exponent = shift_right<23>(bits(maximum(largest, splat(1.0f))));
            scale_rows(out, panels, stride, splat(374) - exponent);
            extra = extra + exponent - splat(247);
        }
        if (row + 16 < rows)
            for (std::int64_t f = begin; f < begin + chunk; ++f)
                if (views[f].codes && views[f].mapping != Mapping::Nodes && views[f].row_stride <= 32 * panel) prefetch_table(views[f], row + 16, 0, views[f].row_stride / panel);
        Floats maxima[16];
        for (auto& m : maxima) m = splat(0.0f);
        std::int64_t q = 0;
        if (plain) {
            for (; q + 4 <= panels; q += 4) multiply_panels<4>(views + begin, chunk, q, row, begin == 0, out + q * stride, stride, maxima);
            for (; q < panels; ++q) multiply_panels<1>(views + begin, chunk, q, row, begin == 0, out + q * stride, stride, maxima);
        } else {
            for (; q < panels; ++q) multiply_general(views + begin, chunk, q, row, begin == 0, out + q * stride, maxima);
        }
        largest = row_maxima(maxima);
    }
    return largest;
}

// log2 of every element of one row, relative to *exponent; where `fixed` is not set the exponent is chosen first: the ceiling of the largest.
static void row_logs(const Run& run, const PlanOperation& operation, const FactorView* views, std::int64_t row, float* logs, std::int32_t* exponent, bool fixed) {
    const FactorView* view = views;
    std::int64_t best = INT64_MIN;
    if (!fixed) {
        for (auto s = operation.segment_begin; s < operation.segment_end; ++s) {
            const PlanSegment& segment = run.segments[s];
            const auto count = segment.factor_end - segment.factor_begin;
            std::int64_t k = 0;
            for (std::int32_t f = 0; f < count; ++f)
                if (!view[f].codes) k += view[f].exponents[row];
            Floats largest = splat(-__builtin_inff());
            for (std::int32_t q = 0; q < segment.panels; ++q) {
                Floats log = splat(0.0f);
                for (std::int32_t f = 0; f < count; ++f) log = log + factor_log(view[f], q, row);
                largest = maximum(largest, log);
            }
            const float top = lane_max(largest);
            if (top > -__builtin_inff() && k + static_cast<std::int64_t>(__builtin_ceilf(top)) > best) best = k + static_cast<std::int64_t>(__builtin_ceilf(top));
            view += count;
        }
        *exponent = best == INT64_MIN ? 0 : static_cast<std::int32_t>(best);
    }
    view = views;
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s) {
        const PlanSegment& segment = run.segments[s];
        const auto count = segment.factor_end - segment.factor_begin;
        std::int64_t k = -static_cast<std::int64_t>(*exponent);
        for (std::int32_t f = 0; f < count; ++f)
            if (!view[f].codes) k += view[f].exponents[row];
        for (std::int32_t q = 0; q < segment.panels; ++q) {
            Floats log = splat(0.0f);
            for (std::int32_t f = 0; f < count; ++f) log = log + factor_log(view[f], q, row);
            store(logs + (segment.first_panel + q) * panel, log + splat(static_cast<float>(k)));
        }
        view += count;
    }
}

// Elements of 16 rows, in (0, 2) with the largest of a row in [1, 2) (or [0.5, 1] for rows that took the log path), and their exponents. Panel q of
// the tile is written at out + q · stride.
static void elements_tile(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, std::int64_t row, float* out, std::int64_t stride,
                          std::int32_t* exponents) {
    const auto segments = operation.segment_end - operation.segment_begin;
    Ints slow = splat(std::int32_t{0});
    Ints common = splat(std::int32_t{-0x40000000});
    const FactorView* view = views;
    for (std::int32_t s = 0; s < segments; ++s) {
        const PlanSegment& segment = run.segments[operation.segment_begin + s];
        const auto count = segment.factor_end - segment.factor_begin;
        Ints exponent = splat(std::int32_t{0});
        float* x = out + segment.first_panel * stride;
        Floats largest;
        const bool whole = segments == 1 && count <= factors_at_once && multiply_whole<false>(view, count, segment.panels, row, x, stride, largest);
        if (!whole) largest = multiply_segment(view, count, segment.panels, row, run.rows16, x, stride, exponent);
        slow = slow | less(largest, splat(1.0f));
        const Ints field = shift_right<23>(bits(largest));
        exponent = exponent + field - splat(127 + lift_exponent);
        for (std::int32_t f = 0; f < count; ++f)
            if (!view[f].codes) exponent = exponent + load(view[f].exponents + row);
        if (segments == 1) {
            if (!whole) scale_rows(x, segment.panels, stride, splat(254) - field);
            common = exponent;
        } else {
            store(scratch.segments + s * 32, field);
            store(scratch.segments + s * 32 + 16, exponent);
            const Ints more = shift_right<31>(common - exponent);   // -1 where exponent is larger
            JUICE_EACH common.part[i_] = (exponent.part[i_] & more.part[i_]) | (common.part[i_] & ~more.part[i_]);
        }
        view += count;
    }
    for (std::int32_t s = 0; segments > 1 && s < segments; ++s) {
        const PlanSegment& segment = run.segments[operation.segment_begin + s];
        float* x = out + segment.first_panel * stride;
        // Two steps: down from 2^120, then down to the common exponent. One power of two cannot hold both.
        scale_rows(x, segment.panels, stride, splat(254) - load(scratch.segments + s * 32));
        Ints fields = splat(127) + load(scratch.segments + s * 32 + 16) - common;
        const Ints under = shift_right<31>(fields - splat(1));      // too far below the row's maximum: 0
        JUICE_EACH fields.part[i_] &= ~under.part[i_];
        scale_rows(x, segment.panels, stride, fields);
    }
    store(exponents, common);
    if (any(slow)) {
        alignas(64) std::int32_t rows[16];
        store(rows, slow);
        for (int r = 0; r < 16; ++r) {
            if (!rows[r]) continue;
            row_logs(run, operation, views, row + r, scratch.row, exponents + r, false);
            for (std::int32_t q = 0; q < operation.operand_panels; ++q)
                store(out + q * stride + r * panel, exp2(load(scratch.row + q * panel)));
        }
    }
}

static void elements(const Run& run, const PlanOperation& operation, const FactorView* views, Scratch& scratch, float* out, std::int32_t* exponents) {
    for (std::int64_t row = 0; row < run.rows16; row += 16) elements_tile(run, operation, views, scratch, row, out + row * panel, run.stride, exponents + row);
}
