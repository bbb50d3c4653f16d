// Asking for operands ahead of their use, a few lines at a time between the products: table rows are random accesses, which no hardware foresees.
// Part of the kernels (kernels.inl).

struct Ahead {
    struct Source {
        const float* base;
        const std::int32_t* codes;      // table rows; NULL: one after the other
        std::int64_t row_stride, lines; // floats from row to row, and lines of each
    };
    static constexpr int most_tables = 5;
    struct Part {                       // rows of one operation
        Source sources[most_tables + 1];
        int count;
        std::int64_t row, end;          // to ask for next, and where to stop
    } parts[2];
    int part = 0, part_count = 0;
    bool write = false;                 // what is read will be written, too: its lines are wanted for this core alone
    std::int64_t owed = 0, share = 0;   // rows, in 256ths: owed so far, and added at every 16 steps of a product
};

// How many times 16 steps of a tile a product of the operation takes.
static std::int64_t product_steps(const Run& run, const PlanOperation& operation) {
    const std::int64_t panels = (operation.panels + tile_panels - 1) / tile_panels;
    return operation.form == Form::Edges ? 1 : run.rows16 / tile_rows * panels * operation.operand_panels;
}

// Adds what operation o reads and no hardware foresees: table rows, as many as `bytes` hold, or (rest) all after those; with the first row its
// weights, where they are few. Values are streams.
static void look_ahead(const Run& run, std::int32_t o, std::int64_t bytes, bool rest, Ahead& ahead) {
    if (o < 0) return;
    const PlanOperation& operation = run.operations[o];
    Ahead::Part& part = ahead.parts[ahead.part_count];
    part.count = 0;
    std::int64_t lines = 0;
    for (auto s = operation.segment_begin; s < operation.segment_end; ++s)
        for (auto f = run.segments[s].factor_begin; f < run.segments[s].factor_end && part.count < Ahead::most_tables; ++f) {
            const PlanFactor& factor = run.factors[f];
            if (factor.kind != FactorKind::Table) continue;
            const PlanOwner& owner = run.owners[factor.source];
            if (owner.panels > 64) continue;    // rows this long are streams
            part.sources[part.count++] = {run.parameters + owner.parameters, run.codes + factor.variable * run.line, owner.panels * panel, owner.panels};
            lines += owner.panels;
        }
    const std::int64_t fitting = lines > 0 ? bytes / (lines * 64) : run.rows16, rows = fitting < run.rows16 ? fitting : run.rows16;
    part.row = rest ? rows : 0;
    part.end = rest ? run.rows16 : rows;
    if (!rest && operation.kind == Operation::Sum && rows > 0) {
        const PlanOwner& owner = run.owners[operation.owner];
        const std::int64_t share = (owner.parameter_count / panel + rows - 1) / rows;
        if (owner.parameter_count <= 1024 * panel) part.sources[part.count++] = {run.parameters + owner.parameters, nullptr, share * panel, share};
    }
    if (part.row < part.end && part.count > 0) ++ahead.part_count;
}

// Spreads what is to be asked for over `steps`.
static void spread(Ahead& ahead, std::int64_t steps) {
    std::int64_t rows = 0;
    for (int p = 0; p < ahead.part_count; ++p) rows += ahead.parts[p].end - ahead.parts[p].row;
    ahead.share = steps > 0 ? (rows * 256 + steps - 1) / steps : 0;
}

JUICE_INLINE void ask_ahead(Ahead& ahead) {
    ahead.owed += ahead.share;
    while (ahead.owed >= 256) {
        ahead.owed -= 256;
        Ahead::Part& part = ahead.parts[ahead.part];
        for (int s = 0; s < part.count; ++s) {
            const Ahead::Source& source = part.sources[s];
            const std::int64_t at = source.codes ? (source.codes[part.row] < 0 ? 0 : source.codes[part.row]) : part.row;
            const float* line = source.base + at * source.row_stride;
            if (ahead.write)
                for (std::int64_t i = 0; i < source.lines; ++i, line += panel) __builtin_prefetch(line, 1, 3);
            else
                for (std::int64_t i = 0; i < source.lines; ++i, line += panel) __builtin_prefetch(line, 0, 3);
        }
        if (++part.row == part.end && ++ahead.part == ahead.part_count) {
            ahead.share = ahead.owed = 0;
            return;
        }
    }
}
