// Asking for the next operation's operands while this one multiplies: table rows are random accesses, which no hardware foresees, and values lie
// in a farther cache. Part of the kernels (kernels.inl).

struct Ahead {
    struct Table {
        const float* base;
        const std::int32_t* codes;
        std::int64_t row_stride;
    } tables[2];
    int table_count = 0;
    const float* values = nullptr;      // backward: the next operation's own values
    std::int64_t panels = 0, stride = 0, rows = 0;
    std::int64_t row = 0;               // asked for so far
};

static Ahead look_ahead(const Run& run, std::int32_t next, bool backward) {
    Ahead ahead;
    if (next < 0) return ahead;
    const PlanOperation& operation = run.operations[next];
    ahead.rows = run.rows16;
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s)
        for (auto f = run.segments[s].factor_begin; f < run.segments[s].factor_end && ahead.table_count < 2; ++f) {
            const PlanFactor& factor = run.factors[f];
            if (factor.kind != FactorKind::Table) continue;
            const PlanOwner& owner = run.owners[factor.source];
            if (owner.panels > 64) continue;    // rows this long are streams
            ahead.tables[ahead.table_count++] = {run.parameters + owner.parameters, run.codes + factor.variable * run.line, owner.panels * panel};
        }
    if (backward) {
        ahead.values = values_of(run, operation);
        ahead.panels = operation.panels;
        ahead.stride = run.stride;
    }
    return ahead;
}

JUICE_INLINE void ask_ahead(Ahead& ahead, std::int64_t rows) {
    const std::int64_t end = ahead.row + rows < ahead.rows ? ahead.row + rows : ahead.rows;
    for (std::int64_t row = ahead.row; row < end; ++row) {
        for (int t = 0; t < ahead.table_count; ++t) {
            const auto& table = ahead.tables[t];
            const std::int64_t code = table.codes[row] < 0 ? 0 : table.codes[row];
            for (std::int64_t i = 0; i < table.row_stride; i += panel) __builtin_prefetch(table.base + code * table.row_stride + i, 0, 2);
        }
        for (std::int64_t q = 0; q < ahead.panels; ++q) __builtin_prefetch(ahead.values + q * ahead.stride + row * panel, 0, 2);
    }
    ahead.row = end;
}
