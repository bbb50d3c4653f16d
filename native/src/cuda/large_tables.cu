// A large table's step: its readers' rows are put in the order of their values while the backward pass is under way; then every entry is read, given what
// flows into it, and written, once.
#include "cuda/large_tables.h"

#include <algorithm>
#include <vector>

#include "cuda/em.h"
#include "cuda/flows.h"
#include "cuda/tables.h"

namespace juice::cuda {

namespace {

constexpr int values_a_piece = 128;
constexpr std::int64_t panels_a_piece = 8;
constexpr int most_splits = 8;
constexpr int many_rows = 32;           // of a value: then a whole block adds them up, one of `few_blocks` that do nothing else

__device__ std::int32_t lists_of(const Run& run) { return (run.rows + rows_sorted - 1) / rows_sorted; }

// How many of a sorted list's codes are below this one, or (or_equal) not above it. Missing ones come last.
template <class Entry>
__device__ std::int32_t codes_below(const Entry* list, std::int32_t count, unsigned code, bool or_equal) {
    std::int32_t low = 0, high = count;
    while (low < high) {
        const std::int32_t middle = (low + high) / 2;
        const auto at = static_cast<unsigned>(list[middle].code);
        if (at < code || (or_equal && at == code)) low = middle + 1;
        else high = middle;
    }
    return low;
}

// wired: some reader has them wired.
template <bool wired>
__device__ float4 flows_of(const Run& run, const RowOfReader& at, std::int64_t q, int lane) {
    if (wired && at.place < 0) return reader_flows(run, run.readers[-1 - at.place], q, lane, at.row);
    return load4(run.element_flows + at.place + q * run.stride + lane);
}

// Adds up rows first, first + hop … of a list, in their order.
template <bool wired>
__device__ float4 add_rows(const Run& run, const RowOfReader* list, std::int32_t first, std::int32_t end, std::int32_t hop, std::int64_t q, int lane) {
    constexpr int ahead = wired ? 1 : 4;
    float4 sum = make_float4(0, 0, 0, 0);
    for (auto p = first; p < end; p += ahead * hop) {
        RowOfReader at[ahead];
        float4 flow[ahead];
#pragma unroll
        for (int k = 0; k < ahead; ++k) at[k] = list[p + k * hop < end ? p + k * hop : p];
#pragma unroll
        for (int k = 0; k < ahead; ++k) flow[k] = flows_of<wired>(run, at[k], q, lane);
#pragma unroll
        for (int k = 0; k < ahead; ++k)
            if (p + k * hop < end) sum = add4(sum, flow[k]);
    }
    return sum;
}

struct Em4 {
    Em of[4];
};
__device__ float4 weights4(float4 old, float4 flow, const Em4& em) {
    return make_float4(em_weight(old.x, flow.x, em.of[0]), em_weight(old.y, flow.y, em.of[1]), em_weight(old.z, flow.z, em.of[2]), em_weight(old.w, flow.w, em.of[3]));
}

// ---- kernels ----

// A table's list of frequent values: each has more than many_rows of its rows.
__device__ std::int32_t* frequent_of(const Run& run, const LargeTablesOnDevice& all, const LargeTable& table) { return all.frequent + table.rows * run.line / (many_rows + 1); }

// A warp a row of a reader: its place among all of the table's is what comes before it in each of the sorted lists.
__global__ void order_kernel(const Run run, const LargeTablesOnDevice all) {
    const LargeTable table = all.tables[blockIdx.y];
    const PlanOwner& owner = run.owners[table.owner];
    if (blockIdx.x == 0 && threadIdx.x == 0) all.frequent_counts[blockIdx.y] = 0;
    const std::int32_t readers = owner.reader_end - owner.reader_begin, lists = lists_of(run);
    const auto lane = static_cast<std::int32_t>(threadIdx.x) % warp_lanes;
    const std::int64_t mine = std::int64_t{blockIdx.x} * block_warps + threadIdx.x / warp_lanes;
    if (mine >= std::int64_t{readers} * run.rows) return;
    const auto reader = static_cast<std::int32_t>(mine / run.rows), place = static_cast<std::int32_t>(mine % run.rows), my_list = reader * lists + place / rows_sorted;
    const PlanReader& my_reader = run.readers[owner.reader_begin + reader];
    const RowOfValue me = run.rows_by_value[my_reader.variable * run.sorted_line + place];
    std::int32_t before = 0;
    for (auto l = lane; l < readers * lists; l += warp_lanes) {
        if (l == my_list) {
            before += place % rows_sorted;
            continue;
        }
        const std::int32_t first = l % lists * rows_sorted, count = run.rows - first < rows_sorted ? run.rows - first : rows_sorted;
        before += codes_below(run.rows_by_value + run.readers[owner.reader_begin + l / lists].variable * run.sorted_line + first, count, static_cast<unsigned>(me.code), l < my_list);
    }
    for (int d = warp_lanes / 2; d > 0; d >>= 1) before += __shfl_xor_sync(~0u, before, d);
    if (lane > 0) return;
    const std::int32_t row = place / rows_sorted * rows_sorted + me.row;
    RowOfReader& to = all.rows[table.rows * run.line + before];
    to.place = my_reader.mapping == Mapping::Identity
                   ? (run.operations[my_reader.operation].operand + my_reader.first_panel) * run.stride + std::int64_t{row} * panel
                   : -1 - (owner.reader_begin + reader);
    to.row = row;
    to.code = me.code;
}

// Where each value's rows begin, and the list of those that have many, in any order: nothing is added up over it.
__global__ void starts_kernel(const Run run, const LargeTablesOnDevice all) {
    const LargeTable& table = all.tables[blockIdx.y];
    const PlanOwner& owner = run.owners[table.owner];
    const RowOfReader* const list = all.rows + table.rows * run.line;
    const std::int32_t rows = (owner.reader_end - owner.reader_begin) * run.rows;
    const std::int64_t x = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
    if (x > owner.domain) return;
    const std::int32_t begin = codes_below(list, rows, static_cast<unsigned>(x), false);
    all.starts[table.starts + x] = begin;
    if (x == owner.domain || begin + many_rows >= rows || list[begin + many_rows].code != static_cast<std::int32_t>(x)) return;
    frequent_of(run, all, table)[atomicAdd(all.frequent_counts + blockIdx.y, 1)] = static_cast<std::int32_t>(x);
}

// A node's flow over all values: a thread block has a panel, and its share of the readers.
__global__ void table_totals_kernel(const Run run, const LargeTablesOnDevice all) {
    JUICE_SHARED(float, parts, block_threads * 4);
    const LargeTable& table = all.tables[blockIdx.z];
    const PlanOwner& owner = run.owners[table.owner];
    const auto q = static_cast<std::int32_t>(blockIdx.x), split = static_cast<std::int32_t>(blockIdx.y), splits = table.splits;
    if (q >= owner.panels || split >= splits) return;
    const std::int32_t readers = owner.reader_end - owner.reader_begin;
    const auto begin = static_cast<std::int32_t>(std::int64_t{readers} * split / splits), end = static_cast<std::int32_t>(std::int64_t{readers} * (split + 1) / splits);
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % 4 * 4;
    float4 sum = make_float4(0, 0, 0, 0);
    for (auto r = begin; r < end; ++r) {
        const PlanReader& reader = run.readers[owner.reader_begin + r];
        constexpr int ahead = 4;
        for (std::int64_t first = thread / 4; first < run.rows; first += ahead * rows_a_tile) {
            float4 flow[ahead];
            std::int32_t codes[ahead];
#pragma unroll
            for (int k = 0; k < ahead; ++k) {
                const std::int64_t row = first + k * rows_a_tile;
                codes[k] = row < run.rows ? run.codes[reader.variable * run.line + row] : -1;
                flow[k] = row < run.rows ? reader_flows(run, reader, q, lane, row) : make_float4(0, 0, 0, 0);
            }
#pragma unroll
            for (int k = 0; k < ahead; ++k)
                if (codes[k] >= 0) sum = add4(sum, flow[k]);
        }
    }
    store4(parts + thread * 4, sum);
    __syncthreads();
    if (thread >= panel) return;
    float total = 0;
    for (int row = 0; row < rows_a_tile; ++row) total += parts[row * panel + thread];
    all.totals[table.totals + std::int64_t{split} * owner.panels * panel + q * panel + thread] = total;
}

// Up to 8 panels of a table, from `first` on. A team of a block, as many lanes as there are nodes for, has a value at a time, four nodes a lane.
struct TablePanels {
    const bool update, add;
    int team, teams, in_team;
    std::int64_t q, lane, width;
    bool there;
    float* entries;             // of value 0
    Em4 em{};

    __device__ TablePanels(const Run& run, const LargeTable& table, std::int32_t first, const Pass& pass) : update(pass.in_place), add(pass.add) {
        const PlanOwner& owner = run.owners[table.owner];
        const auto left = static_cast<std::int32_t>(owner.panels - first), lanes = left > 4 ? 32 : left > 2 ? 16 : left > 1 ? 8 : 4, thread = static_cast<std::int32_t>(threadIdx.x);
        team = thread / lanes;
        teams = block_threads / lanes;
        in_team = thread % lanes;
        q = first + in_team / 4;
        lane = in_team % 4 * 4;
        width = owner.panels * panel;
        there = q < owner.panels;
        entries = (update ? run.parameters + owner.parameters : run.flows + owner.flows) + q * panel + lane;
    }
    // Before keep.
    __device__ void find_coefficients(const Run& run, const LargeTablesOnDevice& all, const LargeTable& table, const Rule* rule_at) {
        if (!update || !there) return;
        const Rule rule = *rule_at;
        const std::int64_t node = q * panel + lane;
        float4 total = make_float4(0, 0, 0, 0);
        for (std::int32_t s = 0; s < table.splits; ++s) total = add4(total, load4(all.totals + table.totals + s * width + node));
        const float4 counts = load4(run.counts + run.owners[table.owner].first_node + node);
        em = {{em_of(total.x, counts.x, rule.step, rule), em_of(total.y, counts.y, rule.step, rule), em_of(total.z, counts.z, rule.step, rule),
               em_of(total.w, counts.w, rule.step, rule)}};
    }
    __device__ float4 entry(std::int64_t value) const { return there && (update || add) ? load4(entries + value * width) : make_float4(0, 0, 0, 0); }
    __device__ void keep(std::int64_t value, float4 before, float4 flow) const { store4(entries + value * width, update ? weights4(before, flow, em) : add ? add4(before, flow) : flow); }
};

// Frequent values, one after the other: a block has one in 8 panels, and its teams share the rows.
template <bool wired>
__device__ void frequent_values(const Run& run, const LargeTablesOnDevice& all, std::int32_t tables, const Pass& pass, const Rule* rule_at) {
    JUICE_SHARED(float4, parts, block_threads);
    for (std::int32_t t = 0; t < tables; ++t) {
        const LargeTable& table = all.tables[t];
        const PlanOwner& owner = run.owners[table.owner];
        if (!wants_flows(owner, pass)) continue;
        const auto groups = static_cast<std::int32_t>((owner.panels + panels_a_piece - 1) / panels_a_piece);
        for (auto i = static_cast<std::int32_t>(blockIdx.x); i < all.frequent_counts[t] * groups; i += few_blocks) {
            const std::int32_t value = frequent_of(run, all, table)[i / groups], begin = all.starts[table.starts + value], end = all.starts[table.starts + value + 1];
            TablePanels mine(run, table, i % groups * static_cast<std::int32_t>(panels_a_piece), pass);
            const float4 before = mine.team == 0 ? mine.entry(value) : make_float4(0, 0, 0, 0);
            mine.find_coefficients(run, all, table, rule_at);
            __syncthreads();                // the last parts are done with
            if (mine.there) parts[threadIdx.x] = add_rows<wired>(run, all.rows + table.rows * run.line, begin + mine.team, end, mine.teams, mine.q, static_cast<int>(mine.lane));
            __syncthreads();
            if (mine.team > 0 || !mine.there) continue;
            float4 sum = parts[mine.in_team];
            for (int other = 1; other < mine.teams; ++other) sum = add4(sum, parts[other * (block_threads / mine.teams) + mine.in_team]);
            mine.keep(value, before, sum);
        }
    }
}

// A thread block has a piece of a table, or, the first few_blocks, frequent values.
template <bool wired>
__global__ void __launch_bounds__(block_threads, 3) large_table_kernel(const __grid_constant__ Run run, const LargeTablesOnDevice all, std::int32_t tables, const Pass pass, const Rule* rule_at) {
    JUICE_SHARED(std::int32_t, starts, values_a_piece + 1);
    JUICE_SHARED(std::int64_t, places, values_a_piece);         // of the flows of the first row in which a value occurs, where they lie as the table's nodes do; else -1
    if (blockIdx.x < few_blocks) return frequent_values<wired>(run, all, tables, pass, rule_at);
    const LargePiece piece = all.pieces[blockIdx.x - few_blocks];
    const LargeTable table = all.tables[piece.table];
    const PlanOwner& owner = run.owners[table.owner];
    if (!wants_flows(owner, pass)) return;
    TablePanels mine(run, table, piece.first_panel, pass);
    const auto thread = static_cast<int>(threadIdx.x), lane = static_cast<int>(mine.lane);
    const auto values = static_cast<int>(owner.domain - piece.first_value < values_a_piece ? owner.domain - piece.first_value : values_a_piece);
    const RowOfReader* list = all.rows + table.rows * run.line;
    constexpr int ahead = 4;            // entries under way, and of each the first row that it occurs in
    for (int x = thread; x <= values; x += block_threads) starts[x] = all.starts[table.starts + piece.first_value + x];
    mine.find_coefficients(run, all, table, rule_at);
    __syncthreads();
    for (int x = thread; x < values; x += block_threads) places[x] = !wired && starts[x] < starts[x + 1] ? list[starts[x]].place : -1;
    __syncthreads();
    for (int first = mine.team; first < values; first += ahead * mine.teams) {
        float4 before[ahead], flow[ahead];
#pragma unroll
        for (int k = 0; k < ahead; ++k) {
            const int x = first + k * mine.teams;
            before[k] = x < values ? mine.entry(piece.first_value + x) : make_float4(0, 0, 0, 0);
            const std::int64_t place = mine.there && x < values ? places[x] : -1;
            flow[k] = place >= 0 ? load4(run.element_flows + place + mine.q * run.stride + lane) : make_float4(0, 0, 0, 0);
        }
#pragma unroll
        for (int k = 0; k < ahead; ++k) {
            const int x = first + k * mine.teams;
            if (!mine.there || x >= values) continue;
            const std::int32_t begin = starts[x], end = starts[x + 1], taken = wired ? 0 : 1;
            if (end - begin > many_rows || (pass.add && begin == end)) continue;
            if (begin + taken < end) flow[k] = add4(flow[k], add_rows<wired>(run, list, begin + taken, end, 1, mine.q, lane));
            mine.keep(piece.first_value + x, before[k], flow[k]);
        }
    }
}

unsigned blocks_for(std::int64_t count, int each) { return static_cast<unsigned>((count + each - 1) / each); }

}  // namespace

LargeTables::LargeTables(const PlanView& plan, cudaStream_t stream) {
    std::vector<LargeTable> tables;
    std::vector<LargePiece> pieces;
    std::int64_t starts = 0, totals = 0;
    for (std::int32_t o = 0; o < plan.owner_count; ++o) {
        const PlanOwner& owner = plan.owners[o];
        if (!is_large_table(owner)) continue;
        for (auto r = owner.reader_begin; r < owner.reader_end; ++r) wired_ = wired_ || plan.readers[r].mapping != Mapping::Identity;
        const std::int32_t readers = owner.reader_end - owner.reader_begin, splits = std::clamp(readers, 1, most_splits);
        for (std::int64_t x = 0; x < owner.domain; x += values_a_piece)
            for (std::int64_t q = 0; q < owner.panels; q += panels_a_piece) pieces.push_back({static_cast<std::int32_t>(tables.size()), static_cast<std::int32_t>(q), x});
        tables.push_back({o, splits, readers_, starts, totals});
        readers_ += readers;
        starts += owner.domain + 1;
        totals += splits * owner.panels * panel;
        most_readers_ = std::max(most_readers_, readers);
        most_panels_ = std::max(most_panels_, owner.panels);
        most_splits_ = std::max(most_splits_, splits);
        most_values_ = std::max(most_values_, owner.domain);
    }
    tables_ = static_cast<std::int32_t>(tables.size());
    pieces_ = static_cast<std::int32_t>(pieces.size());
    table_array_ = Array<LargeTable>(tables_, "the plan");
    piece_array_ = Array<LargePiece>(pieces_, "the plan");
    starts_ = Array<std::int32_t>(starts, "a batch");
    totals_ = Array<float>(totals, "flows");
    frequent_counts_ = Array<std::int32_t>(tables_, "a batch");
    table_array_.upload(tables.data(), 0, tables_, stream);
    piece_array_.upload(pieces.data(), 0, pieces_, stream);
    check(cudaStreamSynchronize(stream), "copying to the device");     // what is copied ends with this
}

void LargeTables::make_room(std::int64_t rows) {
    rows_ = Array<RowOfReader>(readers_ * rows, "a batch");
    frequent_ = Array<std::int32_t>(readers_ * rows / (many_rows + 1), "a batch");
}

void LargeTables::sort(const Run& run, cudaStream_t stream) const {
    if (tables_ == 0) return;
    const LargeTablesOnDevice all = on_device();
    JUICE_LAUNCH(order_kernel, dim3(blocks_for(std::int64_t{most_readers_} * run.rows, block_warps), static_cast<unsigned>(tables_)), dim3(block_threads), stream, run, all);
    JUICE_LAUNCH(starts_kernel, dim3(blocks_for(most_values_ + 1, block_threads), static_cast<unsigned>(tables_)), dim3(block_threads), stream, run, all);
}

void LargeTables::flows(const Run& run, const Pass& pass, const Rule* rule, cudaStream_t stream) const {
    if (tables_ == 0) return;
    const LargeTablesOnDevice all = on_device();
    if (pass.in_place)
        JUICE_LAUNCH(table_totals_kernel, dim3(static_cast<unsigned>(most_panels_), static_cast<unsigned>(most_splits_), static_cast<unsigned>(tables_)), dim3(block_threads),
                     stream, run, all);
    const auto kernel = wired_ ? large_table_kernel<true> : large_table_kernel<false>;
    const std::int32_t tables = tables_;
    JUICE_LAUNCH(kernel, dim3(static_cast<unsigned>(few_blocks + pieces_)), dim3(block_threads), stream, run, all, tables, pass, rule);
}

}  // namespace juice::cuda
