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
                first = take_tile(run, pass, end);
            }
        }
        count = owner < 0 || reader == reader_end ? 0 : run.rows - first_row < rows_sorted ? run.rows - first_row : rows_sorted;
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
        list = run.rows_by_value + at.variable * run.sorted_line;
    }
};

__device__ void fetch(const Run& run, const Walk& walk, Rows& to) {
    const auto thread = static_cast<int>(threadIdx.x);
    if (walk.count > 0 && thread < rows_sorted / 2) copy_piece(to.list + thread * 2, walk.list + walk.first_row + thread * 2);
    if (walk.count > 0 && walk.flows) {
        constexpr int hop = block_threads * 4;
        const float* from = walk.flows + walk.q * run.stride + std::int64_t{walk.first_row} * panel + thread * 4;
#pragma unroll
        for (int i = 0; i < rows_sorted * static_cast<int>(panel); i += hop)
            if (i + thread * 4 < walk.count * static_cast<int>(panel)) copy_piece(to.flows + thread * 4 + i, from + i);
    } else if (walk.count > 0) {
        for (int i = thread; i < walk.count * panel; i += block_threads)
            to.flows[i] = reader_flow(run, run.readers[walk.reader], walk.q, i % static_cast<int>(panel), walk.first_row + i / panel);
    }
    commit_copies();
}

// Adds up a slot's share of the rows, 16 in the order of their values, in place of what is in the table (first), or to it. What a value has in several shares
// is put together by the slot in which it begins: the others leave it in `heads`. Returns the last value if it begins in this share and fills it, else -1.
template <bool first>
__device__ int add_share(const Rows& rows, float* table, float* heads, float& total) {
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % static_cast<int>(panel), begin = thread / static_cast<int>(panel) * rows_a_share;
    int codes[rows_a_share + 1];
    float flows[rows_a_share];
#pragma unroll
    for (int j = 0; j < rows_a_share; ++j) {
        const RowOfValue at = rows.list[begin + j];
        codes[j] = at.code;
        flows[j] = rows.flows[at.row * panel + lane];
    }
    codes[rows_a_share] = -1;
    const bool goes_on = begin > 0 && rows.list[begin - 1].code == codes[0];
    float* to = goes_on ? heads + thread : table + codes[0] * panel + lane;
    if (!first) heads[thread] = 0;
    float sum = 0;
#pragma unroll
    for (int j = 0; j < rows_a_share; ++j) {
        sum += flows[j];
        if (codes[j] == codes[j + 1]) continue;
        *to = first ? sum : *to + sum;
        total += sum;
        to = table + codes[j + 1] * panel + lane;
        sum = 0;
    }
    return goes_on && codes[0] == codes[rows_a_share - 1] ? -1 : codes[rows_a_share - 1];
}
// Values are sorted, so that the shares that begin with the same one follow on this: how many is known before any of their sums is read.
__device__ void put_together(const Rows& rows, int code, float* table, const float* heads) {
    const auto lane = static_cast<int>(threadIdx.x % panel), slot = static_cast<int>(threadIdx.x / panel);
    const unsigned same = __ballot_sync(~0u, lane > slot && rows.list[lane * rows_a_share].code == code) & half_warp();
    if (code < 0 || same == 0) return;
    const int count = __popc(same);
    float more = 0;
#pragma unroll
    for (int d = 1; d < block_slots; ++d) more += d <= count ? heads[(slot + d) * panel + lane] : 0.0f;
    table[code * panel + lane] += more;
}

// ---- kernels ----

// How many of a sorted list of 32 numbers are below `limit`.
__device__ int numbers_below(const std::uint32_t* list, std::uint32_t limit) {
    int low = 0;
#pragma unroll
    for (int hop = warp_lanes / 2; hop > 0; hop /= 2) low += list[low + hop - 1] < limit ? hop : 0;
    return low + (list[low] < limit ? 1 : 0);
}

// A variable's rows, so many at a time, in the order of their values: each warp's first, then all of them. A block has one list after the other, so that few blocks leave
// room for what goes on beside them.
__global__ void __launch_bounds__(block_threads) sort_rows_kernel(const Run run, std::int32_t lists, std::int32_t lists_a_variable) {
    static_assert(rows_sorted == block_threads);
    constexpr std::uint32_t missing = 0x7fffffffu;
    JUICE_SHARED(std::uint32_t, codes, rows_sorted);
    JUICE_SHARED(std::uint32_t, sorted, rows_sorted);
    const auto thread = static_cast<int>(threadIdx.x), lane = thread % warp_lanes, own_warp = thread / warp_lanes;
    const auto row_of = [&](std::int32_t l) { return l % lists_a_variable * rows_sorted + thread; };
    const auto code_of = [&](std::int32_t l) { return l < lists && row_of(l) < run.rows ? run.codes[l / lists_a_variable * run.line + row_of(l)] : -1; };
    std::int32_t next = code_of(static_cast<std::int32_t>(blockIdx.x));
    for (auto l = static_cast<std::int32_t>(blockIdx.x); l < lists; l += static_cast<std::int32_t>(gridDim.x)) {
        const std::int32_t code = next;
        next = code_of(l + static_cast<std::int32_t>(gridDim.x));
        const auto mine = code < 0 ? missing : static_cast<std::uint32_t>(code);
        codes[thread] = mine;
        __syncwarp();
        int before = 0;
#pragma unroll
        for (int j = 0; j < warp_lanes; ++j) {
            const std::uint32_t other = codes[own_warp * warp_lanes + j];
            before += other < mine || (other == mine && j < lane) ? 1 : 0;
        }
        sorted[own_warp * warp_lanes + before] = mine;
        __syncthreads();
#pragma unroll
        for (int w = 0; w < block_warps; ++w) {         // equal ones of warps before come first
            const int below = numbers_below(sorted + w * warp_lanes, w < own_warp ? mine + 1 : mine);
            before += w == own_warp ? 0 : below;
        }
        run.rows_by_value[l / lists_a_variable * run.sorted_line + l % lists_a_variable * rows_sorted + before] = {row_of(l) < run.rows ? thread : 0, code};
        __syncthreads();
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
    float entries[entries_each], total = 0, nonzero = 0;
    std::int64_t width = 0, parameters = 0, flows = 0;     // the tile's: floats from value to value, and its places in the buffers
    int owned = 0;                      // of its values a thread has slot, slot + 16 …
    for (int turn = 0; walk.owner >= 0; turn = 1 - turn) {
        const std::int32_t number = walk.owner, q = walk.q;
        const bool now_first = first, last = walk.last(run), any = walk.count > 0;
        if (now_first) {
            const PlanOwner& owner = run.owners[number];
            width = owner.panels * panel;
            parameters = owner.parameters + q * panel + slot * width + lane;
            flows = owner.flows + q * panel + slot * width + lane;
            owned = (static_cast<int>(owner.domain) - slot + block_slots - 1) / block_slots;
            total = 0;
            if (pass.in_place) {        // longer than tiny ones and with parameters: a categorical distribution
                nonzero = run.counts[owner.first_node + q * panel + lane];
                const float* from = run.parameters + parameters;
#pragma unroll
                for (int i = 0; i < entries_each; ++i, from += block_slots * width) {
                    if (i >= owned) break;
                    entries[i] = *from;
                }
            }
        }
        const Rows& rows = places[turn];
        wait_for_copies<0>();
        __syncthreads();            // these rows are there, the last ones and their heads done with
        first = walk.advance(run, pass, end);
        fetch(run, walk, places[1 - turn]);
        int code = -1;
        if (any) code = now_first ? add_share<true>(rows, table, heads, total) : add_share<false>(rows, table, heads, total);
        parts[thread] = total;
        __syncthreads();
        put_together(rows, code, table, heads);
        if (!last) continue;
        float all = 0;
        for (int s = 0; s < block_slots; ++s) all += parts[s * panel + lane];
        __syncthreads();
        if (pass.in_place) {
            const Em em = em_of(all, nonzero, rule.step, rule);
            float* to = run.parameters + parameters;
#pragma unroll
            for (int i = 0; i < entries_each; ++i, to += block_slots * width) {
                if (i >= owned) break;
                *to = em_weight(entries[i], table[thread + i * block_threads], em);
                table[thread + i * block_threads] = 0;
            }
        } else {
            float* to = run.flows + flows;
            for (int i = 0; i < owned; ++i, to += block_slots * width) {
                *to = pass.add ? *to + table[thread + i * block_threads] : table[thread + i * block_threads];
                table[thread + i * block_threads] = 0;
            }
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
    const std::int32_t each = (run.rows + rows_sorted - 1) / rows_sorted, lists = variables * each;
    JUICE_LAUNCH(sort_rows_kernel, dim3(static_cast<unsigned>(std::min(lists, 2 * run.multiprocessors))), dim3(block_threads), stream, run, lists, each);
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
