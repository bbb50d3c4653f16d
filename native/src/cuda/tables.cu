// What flows back into tables of few values: added up by value in shared memory, out of rows that are sorted by value beforehand; and their EM in place.
#include "cuda/tables.h"

#include <algorithm>

#include "cuda/em.h"
#include "cuda/flows.h"
#include "cuda/mma.h"
#include "cuda/pool.h"

namespace juice::cuda {

namespace {

constexpr int rows_a_share = rows_sorted / block_slots;         // rows that a slot of 16 lanes adds up
constexpr int entries_each = static_cast<int>(shared_values) / block_slots;
constexpr int end_of_share = INT32_MIN;                         // no value

// What is added up at once: rows_sorted rows of a reader of a tile's owner. They lie in one of two places in shared memory, the next ones on their way.
struct Rows {
    float flows[rows_sorted * panel];
    RowOfValue list[rows_sorted];
};

// Where a block is. It has so many tiles, `hop` apart, so that neighbours read neighbouring panels at about the same time.
struct Walk {
    std::int32_t next, hop, left;           // tiles to come
    std::int32_t owner = -1, q = 0;         // of the tile at hand; owner -1: there is none left
    std::int32_t reader = 0, reader_begin = 0, reader_end = 0;
    std::int32_t first_row = 0, count = 0;
    const float* flows = nullptr;           // of panel 0 of the reader's nodes in row 0, as it lies; NULL: by reader_flow
    const RowOfValue* list = nullptr;

    // The first or next piece of work. True if it is the first of its tile.
    __device__ bool advance(const Run& run, const Pass& pass, std::int32_t end) {
        bool first = false;
        first_row += rows_sorted;
        if (owner < 0 || first_row >= run.rows) {
            first_row = 0;
            if (owner >= 0 && reader + 1 < reader_end) {
                ++reader;
                take_reader(run);
            } else {
                if (!take_tile(run, pass, end)) return false;
                first = true;
            }
        }
        count = reader == reader_end ? 0 : run.rows - first_row < rows_sorted ? run.rows - first_row : rows_sorted;
        return first;
    }
    __device__ bool last(const Run& run) const { return reader + 1 >= reader_end && first_row + rows_sorted >= run.rows; }

private:
    __device__ bool take_tile(const Run& run, const Pass& pass, std::int32_t end) {
        while (left > 0 && next < end) {
            const std::int32_t target = run.tiles[next].target;
            q = run.tiles[next].panel;
            next += hop;
            --left;
            if (target == owner) {
                if (reader == reader_begin) return true;
            } else {
                const PlanOwner& at = run.owners[target];
                if (!is_small_table(at) || !wants_flows(at, pass)) continue;
                owner = target;
                reader_begin = at.reader_begin;
                reader_end = at.reader_end;
            }
            reader = reader_begin;
            if (reader < reader_end) take_reader(run);
            return true;
        }
        owner = -1;
        return false;
    }
    __device__ void take_reader(const Run& run) {
        const PlanReader& at = run.readers[reader];
        flows = at.mapping == Mapping::Identity ? flow_row(run, run.operations[at.operation], 0) + at.first_panel * run.stride : nullptr;
        list = run.rows_by_value + at.variable * run.line;
    }
};

__device__ void fetch(const Run& run, const Walk& walk, Rows& to) {
    const auto thread = static_cast<int>(threadIdx.x);
    if (walk.owner >= 0 && thread < (walk.count + 1) / 2) copy_piece(to.list + thread * 2, walk.list + walk.first_row + thread * 2);
    if (walk.owner >= 0 && walk.flows) {
        const float* from = walk.flows + walk.q * run.stride + std::int64_t{walk.first_row} * panel;
        for (int i = thread * 4; i < walk.count * panel; i += block_threads * 4) copy_piece(to.flows + i, from + i);
    } else if (walk.owner >= 0) {
        for (int i = thread; i < walk.count * panel; i += block_threads)
            to.flows[i] = reader_flow(run, run.readers[walk.reader], walk.q, i % static_cast<int>(panel), walk.first_row + i / panel);
    }
    commit_copies();
}

// A slot's share of the rows, in the order of their values. What a value has in several shares is put together by the slot in which it begins: the others
// leave it in `heads`.
struct Share {
    int begin, end, code;       // code: the last value, if it begins in this share; -1: nothing to put together
};
__device__ Share add_share(const Rows& rows, int count, bool first, float* table, float* heads, float& total) {
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel), slot = thread / static_cast<int>(panel);
    const int share = (count + block_slots - 1) / block_slots, begin = slot * share, end = begin + share < count ? begin + share : count;
    if (begin >= end) return {0, 0, -1};
    std::int32_t codes[rows_a_share + 1];
    float flows[rows_a_share];
#pragma unroll
    for (int j = 0; j < rows_a_share; ++j) {
        const RowOfValue at = begin + j < end ? rows.list[begin + j] : RowOfValue{0, end_of_share};
        codes[j] = at.code;
        flows[j] = at.code >= 0 ? rows.flows[at.row % rows_sorted * panel + lane] : 0;
    }
    codes[rows_a_share] = end_of_share;
    bool own = begin == 0 || rows.list[begin - 1].code != codes[0];         // the value at hand begins in this share
    float sum = 0;
    Share mine{begin, end, -1};
#pragma unroll
    for (int j = 0; j < rows_a_share; ++j) {
        sum += flows[j];
        total += flows[j];
        if (codes[j] == codes[j + 1]) continue;
        if (own && codes[j] >= 0) {
            float& to = table[codes[j] * panel + lane];
            to = first ? sum : to + sum;
        } else if (!own) {
            heads[thread] = sum;
        }
        if (codes[j + 1] == end_of_share) mine.code = own ? codes[j] : -1;
        own = true;
        sum = 0;
    }
    return mine;
}
// Values are sorted, so that those of later shares that begin with the same one follow on this.
__device__ void put_together(const Rows& rows, int count, const Share& mine, float* table, const float* heads) {
    if (mine.code < 0 || mine.end >= count || rows.list[mine.end].code != mine.code) return;
    const auto lane = static_cast<int>(threadIdx.x % panel), slot = static_cast<int>(threadIdx.x / panel);
    const int share = (count + block_slots - 1) / block_slots;
    float more = 0;
#pragma unroll
    for (int d = 1; d < block_slots; ++d) {
        const int at = mine.begin + d * share;
        if (at < count && rows.list[at].code == mine.code) more += heads[(slot + d) * panel + lane];
    }
    table[mine.code * panel + lane] += more;
}

// ---- kernels ----

// A variable's rows, so many at a time, in the order of their values; missing ones last.
__global__ void sort_rows_kernel(const Run run) {
    JUICE_SHARED(unsigned, codes, rows_sorted);
    const std::int64_t line = std::int64_t{blockIdx.x} * run.line, first = std::int64_t{blockIdx.y} * rows_sorted;
    const int count = static_cast<int>(first + rows_sorted < run.rows ? rows_sorted : run.rows - first);
    for (int i = static_cast<int>(threadIdx.x); i < count; i += block_threads) codes[i] = static_cast<unsigned>(run.codes[line + first + i]);
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < count; i += block_threads) {
        int before = 0;
        for (int j = 0; j < count; ++j) before += codes[j] < codes[i] || (codes[j] == codes[i] && j < i) ? 1 : 0;
        run.rows_by_value[line + first + before] = {static_cast<std::int32_t>(first + i), static_cast<std::int32_t>(codes[i])};
    }
}

// A thread block has so many tiles, panels of owners, `hop` apart.
__global__ void __launch_bounds__(block_threads, 3) table_flows_kernel(const __grid_constant__ Run run, std::int32_t begin, std::int32_t end, std::int32_t each, std::int32_t hop,
                                                                       const Pass pass, const Rule* rule_at) {
    JUICE_POOL(Rows, places, 2);
    JUICE_SHARED(float, table, shared_values * panel);
    JUICE_SHARED(float, heads, block_threads);
    JUICE_SHARED(float, parts, block_threads);
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel), slot = thread / static_cast<int>(panel);
    const auto block = static_cast<std::int32_t>(blockIdx.x);
    Walk walk{begin + block / hop * hop * each + block % hop, hop, each};
    bool first = walk.advance(run, pass, end);
    fetch(run, walk, places[0]);
    const Rule rule = *rule_at;
    for (int i = 0; i < entries_each; ++i) table[thread + i * block_threads] = 0;
    float entries[entries_each] = {}, total = 0, nonzero = 0;
    for (int turn = 0; walk.owner >= 0; turn = 1 - turn) {
        const PlanOwner& owner = run.owners[walk.owner];
        const std::int64_t width = owner.panels * panel, node = walk.q * panel + lane, domain = owner.domain;
        float* parameters = run.parameters + owner.parameters + node;
        const bool update = pass.in_place && owner.distribution == DistributionType::Categorical, last = walk.last(run), now_first = first;
        if (first && update) {
            nonzero = run.counts[owner.first_node + node];
#pragma unroll
            for (int i = 0; i < entries_each; ++i) entries[i] = slot + i * block_slots < domain ? parameters[(slot + i * block_slots) * width] : 0;
        }
        const Rows& rows = places[turn];
        const int count = walk.count;
        const std::int64_t flows_at = owner.flows + node, nodes = owner.nodes;
        const std::int32_t number = walk.owner;
        wait_for_copies<0>();
        __syncthreads();            // these rows are there, the last ones and their heads done with
        first = walk.advance(run, pass, end);
        fetch(run, walk, places[1 - turn]);
        if (now_first) total = 0;
        const Share mine = add_share(rows, count, now_first, table, heads, total);
        parts[thread] = total;
        __syncthreads();
        put_together(rows, count, mine, table, heads);
        if (!last) continue;
        float all = 0;
        for (int s = 0; s < block_slots; ++s) all += parts[s * panel + lane];
        __syncthreads();
        if (update) {
            const Em em = em_of(all, nonzero, rule.step, rule);
#pragma unroll
            for (int i = 0; i < entries_each; ++i)
                if (const std::int64_t x = slot + i * block_slots; x < domain) {
                    parameters[x * width] = em_weight(entries[i], table[x * panel + lane], em);
                    table[x * panel + lane] = 0;
                }
        } else if (!pass.in_place) {
            for (std::int64_t x = slot; x < domain; x += block_slots) {
                float& to = run.flows[flows_at + x * width];
                to = pass.add ? to + table[x * panel + lane] : table[x * panel + lane];
                table[x * panel + lane] = 0;
            }
        } else if (slot == 0) {         // Bernoulli
            if (node < nodes) update_success(run, run.owners[number], node, table[lane], table[panel + lane], rule);
            table[lane] = table[panel + lane] = 0;
        }
    }
}

}  // namespace

// ---- launchers ----

void prepare_tables() {
#if !defined(JUICE_CUDA_EMULATION)
    ask_for_pool(2 * sizeof(Rows), table_flows_kernel);
#endif
}

void sort_rows(const Run& run, std::int32_t variables, cudaStream_t stream) {
    JUICE_LAUNCH(sort_rows_kernel, dim3(static_cast<unsigned>(variables), static_cast<unsigned>((run.rows + rows_sorted - 1) / rows_sorted)), dim3(block_threads), stream, run);
}

void table_flows(const Run& run, const PlanTotals& totals, const Pass& pass, const Rule* rule, cudaStream_t stream) {
    // Blocks that stay for several tiles find out less and wait less; but there must be a few for every place on the GPU.
    const std::int32_t tiles = totals.node_end - totals.node_inputs, enough = 9 * run.multiprocessors;
    std::int32_t each = 1;
    while (each < 8 && tiles / (2 * each) >= enough) each *= 2;
    const std::int32_t hop = std::clamp(run.widest_table / each, 1, 8), blocks = (tiles + each * hop - 1) / (each * hop) * hop;
    JUICE_LAUNCH_WITH(table_flows_kernel, dim3(static_cast<unsigned>(blocks)), dim3(block_threads), 2 * sizeof(Rows), stream, run, totals.node_inputs, totals.node_end, each, hop,
                      pass, rule);
}

}  // namespace juice::cuda
