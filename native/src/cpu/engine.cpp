// The CPU engine: the engine table over parameters, flow buffer, workspaces and threads.
#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>

#include "common/error.h"
#include "cpu/cpu.h"
#include "cpu/dispatch.h"
#include "cpu/sampler.h"
#include "cpu/tasks.h"
#include "cpu/workspace.h"

namespace juice {

namespace cpu {

namespace {

class Engine {
public:
    Engine(const PlanView& plan, const HostTable& host, const EngineOptions& options)
        : plan_(plan),
          host_(host),
          kernels_(choose_kernels(options.instruction_set)),
          parameters_(plan.totals.parameters, "parameters"),
          flows_(plan.totals.flows, "flows"),
          states_(static_cast<std::size_t>(plan.owner_count)),
          fresh_(static_cast<std::size_t>(plan.owner_count + plan.operation_count), 1),
          tasks_(plan),
          pool_(plan.target.threads) {
        for (std::int64_t o = 0; o < plan.operation_count; ++o) single_edges_ = single_edges_ || plan.operations[o].form == Form::Edges;
        std::int64_t width = panel;
        for (std::int64_t o = 0; o < plan.owner_count; ++o) width += 2 * std::int64_t{plan.owners[o].panels} * panel;
        nodes_ = Memory(width, "parameters");
        float* next = nodes_.data();
        for (std::int64_t o = 0; o < plan.owner_count; ++o) {
            auto& state = states_[static_cast<std::size_t>(o)];
            state.offset = next;
            state.counts = next + plan.owners[o].panels * panel;
            next += 2 * plan.owners[o].panels * panel;
            std::vector<std::int32_t> variables;
            for (auto r = plan.owners[o].reader_begin; r < plan.owners[o].reader_end; ++r) variables.push_back(plan.readers[r].variable);
            std::sort(variables.begin(), variables.end());
            variables.erase(std::unique(variables.begin(), variables.end()), variables.end());
            variables_of_.push_back(std::move(variables));
        }
    }

    const char* instruction_set() const { return kernels_.name; }
    const HostTable& host() const { return host_; }

    void write_parameters(std::int32_t o, const float* source) {
        const PlanOwner& owner = plan_.owners[o];
        float* to = parameters_.data() + owner.parameters;
        if (to != source) std::memcpy(to, source, static_cast<std::size_t>(owner.parameter_count) * sizeof(float));
        // Below the normal range a float is as good as 0 to the kernels, but it is no structural zero.
        if (owner.kind == OwnerKind::Sum || owner.kind == OwnerKind::Table)
            for (std::int64_t i = 0; i < owner.parameter_count; ++i)
                if (to[i] != 0 && to[i] < least_weight) to[i] = least_weight;
        count_parameters(o);
        if (owner.kind != OwnerKind::LogTable) return;
        std::vector<double> logs(static_cast<std::size_t>(owner.panels * panel));
        fill_log_table(owner, to, logs.data());
    }

    // Lazy tables are multiplied out on the way, so that reading changes nothing.
    void read_parameters(std::int32_t o, float* destination) const {
        const PlanOwner& owner = plan_.owners[o];
        const OwnerState& state = states_[static_cast<std::size_t>(o)];
        const float* from = parameters_.data() + owner.parameters;
        if (!state.lazy) {
            std::memcpy(destination, from, static_cast<std::size_t>(owner.parameter_count) * sizeof(float));
            return;
        }
        const auto width = owner.panels * panel;
        for (std::int64_t i = 0; i < owner.parameter_count; ++i) destination[i] = state.scale * from[i] + state.offset[i % width];
    }

    void query(const BatchView& batch, bool maximise, double* destination) {
        std::vector<std::vector<float>> best;
        std::vector<OwnerState> states;
        if (maximise) states = states_with_best(best);
        const auto tile = std::max<std::int64_t>(1, plan_.target.query_rows);
        const auto tiles = (batch.rows + tile - 1) / tile;
        std::atomic<std::int64_t> next{0};
        const auto body = [&](int) {
            const FlushToZero guard;
            auto place = places_.borrow([&] { return std::make_unique<Place>(plan_, plan_.target.query_rows); });
            for (std::int64_t i; (i = next.fetch_add(1)) < tiles;) {
                const std::int64_t first = i * tile, rows = std::min(tile, batch.rows - first);
                Run run = base_run(batch, first);
                if (maximise) run.states = states.data();
                run.maximise = maximise;
                place->workspace.attach(run, rows);
                const auto forward = rows <= few_rows && !single_edges_ ? kernels_.forward_few : kernels_.forward;
                for (std::int32_t o = 0; o < plan_.operation_count; ++o) forward(run, o, o + 1 < plan_.operation_count ? o + 1 : -1, place->scratch.get());
                kernels_.root_values(run, destination + first * plan_.roots);
            }
            places_.give_back(std::move(place));
        };
        // One query at a time has the pool; others run on their own thread.
        std::unique_lock lock(pool_mutex_, std::defer_lock);
        if (tiles > 1 && pool_.size() > 1 && lock.try_lock()) pool_.run(body);
        else body(0);
    }

    // Evidence rows in groups whose values a thread keeps while it draws their samples, tile by tile. Returns the first impossible row, or -1.
    std::int64_t sample(const BatchView& batch, const SampleOptions& options, const SampleView& samples) {
        const std::int64_t group = std::clamp(Sampler::tile / options.per_row / panel * panel, panel, sample_rows());
        const std::int64_t groups = (batch.rows + group - 1) / group, tiles = (std::min(group, batch.rows) * options.per_row + Sampler::tile - 1) / Sampler::tile;
        const SampleJob job{options, samples, ++sample_calls_};
        std::atomic<std::int64_t> next{0}, impossible{batch.rows};
        const auto body = [&](int) {
            const FlushToZero guard;
            auto place = samplers_.borrow([&] { return std::make_unique<Sampler>(plan_, variables_of_, sample_rows()); });
            for (std::int64_t i; (i = next.fetch_add(1)) < groups * tiles;) {
                const std::int64_t row = i / tiles * group, rows = std::min(group, batch.rows - row);
                const std::int64_t first = row * options.per_row + i % tiles * Sampler::tile, end = std::min(first + Sampler::tile, (row + rows) * options.per_row);
                if (first >= end || impossible.load(std::memory_order_relaxed) <= row) continue;
                if (const std::int64_t found = place->forward(kernels_, base_run(batch, row), row, rows, job); found >= 0) {
                    for (std::int64_t lowest = impossible; found < lowest && !impossible.compare_exchange_weak(lowest, found);) {}
                    continue;
                }
                place->draw(kernels_, first, end - first, job);
            }
            samplers_.give_back(std::move(place));
        };
        std::unique_lock lock(pool_mutex_, std::defer_lock);
        if (groups * tiles > 1 && pool_.size() > 1 && lock.try_lock()) pool_.run(body);
        else body(0);
        return impossible < batch.rows ? impossible.load() : -1;
    }

    void rows(const BatchView& batch) {
        if (!training_ || training_->capacity() < batch.rows) {
            training_.reset();      // the old memory first, so that never both are held; without training_ the threads' count for nothing
            threads_.clear();
            auto workspace = std::make_unique<Workspace>(plan_, batch.rows, true);
            for (int t = 0; t < pool_.size(); ++t) threads_.push_back(std::make_unique<ThreadScratch>(plan_, workspace->capacity()));
            training_ = std::move(workspace);
        }
        run_ = base_run(batch, 0);
        run_.training = 1;
        apply_power(run_);
        training_->attach(run_, batch.rows);
    }

    void forward(double* log_likelihood) {
        Tasks::Work work;
        work.forward = [&](int t, std::int32_t o, std::int32_t next) { kernels_.forward(run_, o, next, threads_[static_cast<std::size_t>(t)]->get()); };
        tasks_.run(pool_, work);
        if (log_likelihood) root_values(log_likelihood);
    }

    void backward(const float* root_flows, bool slopes) {
        if (rows_added_ > 0 && rows_added_ + run_.rows > rows_per_level) fold();
        rows_added_ += run_.rows;
        run_.root_flows = root_flows;
        run_.slopes = slopes;
        Tasks::Work work;
        work.backward = [&](int t, std::int32_t o, std::int32_t next) { kernels_.backward(run_, o, next, threads_[static_cast<std::size_t>(t)]->get(), nullptr); };
        work.input_backward = [&](int t, std::int32_t o) { kernels_.input_backward(run_, o, threads_[static_cast<std::size_t>(t)]->get(), nullptr); };
        tasks_.run(pool_, work);
    }

    void update(const Rule& rule) {
        if (!training_ && moment_count_ == 0) return;       // nothing has been trained: no flows
        make_scratch();
        if (folded_) {
            fold();
            std::swap(flows_, totals_);     // the update reads the flow buffer
            fresh_ = fresh_totals_;
            folded_ = false;
        }
        Run run = base_run({}, 0);
        for (int k = 0; k < moment_count_; ++k) run.moments[k] = moments_[k].data();
        if (rule.optimizer == JUICE_ANEMONE) find_reach(run);
        std::atomic<std::int32_t> next{0};
        pool_.run([&](int t) {
            const FlushToZero guard;
            for (std::int32_t o; (o = next.fetch_add(1)) < plan_.owner_count;) kernels_.update(run, o, threads_[static_cast<std::size_t>(t)]->get(), rule);
        });
        clear_flows();
    }

    void step(const Rule& rule, double* log_likelihood) {
        run_.root_flows = nullptr;
        const bool in_place = rule.optimizer == JUICE_EM && power_ == 1;
        const Rule* at_once = in_place ? &rule : nullptr;
        run_.slopes = climbs(rule.optimizer);
        Tasks::Work work;
        work.forward = [&](int t, std::int32_t o, std::int32_t next) {
            kernels_.forward(run_, o, next, threads_[static_cast<std::size_t>(t)]->get());
            // The root's values give way to flows in the backward pass.
            if (o == plan_.root && log_likelihood) root_values(log_likelihood);
        };
        work.backward = [&](int t, std::int32_t o, std::int32_t next) { kernels_.backward(run_, o, next, threads_[static_cast<std::size_t>(t)]->get(), at_once); };
        work.input_backward = [&](int t, std::int32_t o) { kernels_.input_backward(run_, o, threads_[static_cast<std::size_t>(t)]->get(), at_once); };
        clear_flows();
        tasks_.run(pool_, work);
        if (in_place) clear_flows();
        else update(rule);
    }

    void set_power(float power) {
        power_ = power;
        if (power == 1 || __builtin_isinf(power)) raised_ = Memory();
        else if (raised_.size() == 0) raised_ = Memory(plan_.totals.parameters, "raised parameters");
    }

    void make_moments(std::int32_t count, bool reach) {
        moment_count_ = 0;
        for (int k = 0; k < 2; ++k) {
            if (k >= count) moments_[k] = Memory();
            else if (moments_[k].size() == 0) moments_[k] = Memory(plan_.totals.parameter_flows, "the optimiser");
            if (k < count) std::memset(moments_[k].data(), 0, static_cast<std::size_t>(moments_[k].size()) * sizeof(float));
        }
        if (reach && reach_.size() == 0) {
            std::int64_t nodes = 0;
            for (std::int64_t o = 0; o < plan_.owner_count; ++o) nodes += plan_.owners[o].panels * panel;
            reach_ = Memory(plan_.totals.flows - plan_.totals.parameter_flows + plan_.totals.train_panels * panel + nodes, "the optimiser");
            float* next = reach_.data() + (reach_.size() - nodes);
            for (std::int64_t o = 0; o < plan_.owner_count; ++o) {
                states_[static_cast<std::size_t>(o)].reach = next;
                next += plan_.owners[o].panels * panel;
            }
        }
        moment_count_ = count;
    }
    void read_moments(std::int32_t which, std::int64_t offset, std::int64_t count, float* destination) const {
        std::memcpy(destination, moments_[which].data() + offset, static_cast<std::size_t>(count) * sizeof(float));
    }
    void write_moments(std::int32_t which, std::int64_t offset, std::int64_t count, const float* source) {
        std::memcpy(moments_[which].data() + offset, source, static_cast<std::size_t>(count) * sizeof(float));
    }

    // Without memory of its own: an epoch whose updates are done must not fail here. So the function takes one reference, which fits into it.
    void settle() {
        struct {
            const Kernels& kernels;
            const Run run;
            const std::int64_t owners;
            std::atomic<std::int32_t> next;
        } work{kernels_, base_run({}, 0), plan_.owner_count, 0};
        pool_.run([&work](int) {
            const FlushToZero guard;
            for (std::int32_t o; (o = work.next.fetch_add(1)) < work.owners;) work.kernels.settle(work.run, o);
        });
    }

    void read_flows(std::int64_t offset, std::int64_t count, float* destination) const {
        std::memset(destination, 0, static_cast<std::size_t>(count) * sizeof(float));
        for_each_part(offset, count, [&](std::size_t part, std::int64_t from, std::int64_t floats) {
            float* to = destination + (from - offset);
            if (!fresh_[part]) std::memcpy(to, flows_.data() + from, static_cast<std::size_t>(floats) * sizeof(float));
            if (folded_ && !fresh_totals_[part])
                for (std::int64_t i = 0; i < floats; ++i) to[i] += totals_.data()[from + i];
        });
    }

    void write_flows(std::int64_t offset, std::int64_t count, const float* source, bool add) {
        if (folded_ && !add) {      // what is overwritten must not come back from the totals
            fold();
            std::swap(flows_, totals_);
            fresh_ = fresh_totals_;
            folded_ = false;
        }
        make_scratch();
        for_each_part(offset, count, [&](std::size_t part, std::int64_t from, std::int64_t floats) {
            const auto [begin, length] = extent(part);
            if (fresh_[part]) std::memset(flows_.data() + begin, 0, static_cast<std::size_t>(length) * sizeof(float));
            fresh_[part] = 0;
            float* to = flows_.data() + from;
            const float* s = source + (from - offset);
            for (std::int64_t i = 0; i < floats; ++i) to[i] = add ? to[i] + s[i] : s[i];
        });
    }

    void clear_flows() {
        std::fill(fresh_.begin(), fresh_.end(), std::uint8_t{1});
        rows_added_ = 0;
        folded_ = false;
    }

private:
    // What one query thread works in.
    struct Place {
        Place(const PlanView& plan, std::int64_t rows) : workspace(plan, rows, false), scratch(plan, rows) {}
        Workspace workspace;
        ThreadScratch scratch;
    };

    // What threads work in outlives their calls.
    template <class T>
    class Places {
    public:
        template <class Make>
        std::unique_ptr<T> borrow(Make make) {
            {
                const std::lock_guard lock(mutex_);
                if (!free_.empty()) {
                    auto place = std::move(free_.back());
                    free_.pop_back();
                    return place;
                }
            }
            return make();
        }
        void give_back(std::unique_ptr<T> place) {
            const std::lock_guard lock(mutex_);
            free_.push_back(std::move(place));
        }

    private:
        std::mutex mutex_;
        std::vector<std::unique_ptr<T>> free_;
    };

    const PlanView plan_;
    const HostTable host_;
    const Kernels& kernels_;
    Memory parameters_, flows_, nodes_;
    std::vector<OwnerState> states_;
    std::vector<std::uint8_t> fresh_;
    // Flows of many rows are added up in two levels, since like terms added one by one to a large float32 total all round the same way.
    static constexpr std::int64_t rows_per_level = 1024;
    Memory totals_;
    std::vector<std::uint8_t> fresh_totals_;
    std::int64_t rows_added_ = 0;       // since the last fold
    bool folded_ = false;               // totals_ holds something
    bool single_edges_ = false;         // an operation of the plan has them
    Memory moments_[2];                 // what an optimiser remembers, like the parameter flows
    std::int32_t moment_count_ = 0;
    float power_ = 1;                   // what training passes compute
    Memory no_offset_;
    Memory raised_;                     // parameters to that power
    std::vector<OwnerState> raised_states_;
    Memory reach_;                      // top-down probabilities: of elements like their flow sums, of nodes, by owner
    Tasks tasks_;
    ThreadPool pool_;
    std::mutex pool_mutex_;
    Places<Place> places_;
    std::vector<std::vector<std::int32_t>> variables_of_;       // by owner: the variables that read it; empty for sums
    Places<Sampler> samplers_;
    std::atomic<std::uint64_t> sample_calls_{0};
    std::unique_ptr<Workspace> training_;
    std::vector<std::unique_ptr<ThreadScratch>> threads_;
    Run run_{};
    std::vector<std::int32_t> blank_codes_;
    std::vector<float> blank_reals_;

    const std::int32_t* blank_codes() {
        blank_codes_.assign(static_cast<std::size_t>(plan_.variables * panel), -1);
        return blank_codes_.data();
    }
    const float* blank_reals() {
        blank_reals_.assign(static_cast<std::size_t>(plan_.variables * panel), __builtin_nanf(""));
        return blank_reals_.data();
    }

    void make_scratch() {       // update needs a thread's
        if (!training_) rows({1, panel, blank_codes(), blank_reals(), nullptr});
    }

    // Points a training run at what its power asks for.
    void apply_power(Run& run) {
        if (power_ == 1) return;
        if (__builtin_isinf(power_)) {
            run.maximise = run.paths = 1;
            return;
        }
        std::atomic<std::int32_t> next{0};
        pool_.run([&](int) {
            const FlushToZero guard;
            for (std::int32_t o; (o = next.fetch_add(1)) < plan_.owner_count;) kernels_.raise(run, o, power_, raised_.data() + plan_.owners[o].parameters);
        });
        std::int64_t widest = 0;
        for (std::int64_t o = 0; o < plan_.owner_count; ++o) widest = std::max<std::int64_t>(widest, plan_.owners[o].panels * panel);
        if (no_offset_.size() < widest) no_offset_ = Memory(widest, "raised parameters");
        std::memset(no_offset_.data(), 0, static_cast<std::size_t>(widest) * sizeof(float));
        raised_states_ = states_;
        for (OwnerState& state : raised_states_) {
            state.lazy = 0;
            state.scale = 1;
            state.offset = no_offset_.data();
        }
        run.parameters = raised_.data();
        run.states = raised_states_.data();
    }

    // Of sums of powers: the power's root.
    void root_values(double* log_likelihood) {
        kernels_.root_values(run_, log_likelihood);
        if (power_ == 1 || __builtin_isinf(power_)) return;
        for (std::int64_t i = 0; i < run_.rows * plan_.roots; ++i) log_likelihood[i] /= static_cast<double>(power_);
    }

    void find_reach(Run& run) {
        run.reach = reach_.data() - plan_.totals.parameter_flows;
        run.node_reach = reach_.data() + (plan_.totals.flows - plan_.totals.parameter_flows);
        Tasks::Work work;
        work.backward = [&](int t, std::int32_t o, std::int32_t) { kernels_.reach(run, o, threads_[static_cast<std::size_t>(t)]->get()); };
        work.input_backward = [](int, std::int32_t) {};         // inputs are among the owners below
        tasks_.run(pool_, work);
        kernels_.owner_reach(run, plan_.operation_count);
    }

    // Adds the flow buffer to the totals and leaves it fresh.
    void fold() {
        if (totals_.size() == 0) totals_ = Memory(plan_.totals.flows, "flows");
        if (!folded_) fresh_totals_.assign(fresh_.size(), 1);
        std::atomic<std::size_t> next{0};
        pool_.run([&](int) {
            for (std::size_t part; (part = next.fetch_add(1)) < fresh_.size();) {
                if (fresh_[part]) continue;
                const auto [begin, length] = extent(part);
                float* to = totals_.data() + begin;
                const float* from = flows_.data() + begin;
                for (std::int64_t i = 0; i < length; ++i) to[i] = fresh_totals_[part] ? from[i] : to[i] + from[i];
                fresh_totals_[part] = 0;
                fresh_[part] = 1;
            }
        });
        folded_ = true;
        rows_added_ = 0;
    }

    // Evidence rows whose values a sampling thread keeps: many, since weights and tables are read once for all of them, but no more than 256 MiB, nor,
    // all threads together, more than training holds under a memory limit.
    std::int64_t sample_rows() const {
        std::int64_t rows = std::min<std::int64_t>(256, (std::int64_t{256} << 20) / std::max<std::int64_t>(1, plan_.totals.train_panels * panel * 4));
        if (plan_.target.memory_limit > 0) rows = std::min(rows, plan_.totals.micro_batch / pool_.size());
        return std::max(panel, rows / panel * panel);
    }

    Run base_run(const BatchView& batch, std::int64_t first) {
        Run run{};
        run.owner_count = static_cast<std::int32_t>(plan_.owner_count);
        run.operations = plan_.operations;
        run.segments = plan_.segments;
        run.factors = plan_.factors;
        run.readers = plan_.readers;
        run.blocks = plan_.blocks;
        run.owners = plan_.owners;
        run.maps = plan_.maps;
        run.root = plan_.root;
        run.roots = plan_.roots;
        run.parameters = parameters_.data();
        run.states = states_.data();
        run.flows = flows_.data();
        run.fresh = fresh_.data();
        run.codes = batch.codes ? batch.codes + first : nullptr;
        run.reals = batch.reals ? batch.reals + first : nullptr;
        run.line = batch.line;
        run.weights = batch.weights ? batch.weights + first : nullptr;
        return run;
    }

    // Non-zero parameters by node, and whether a table may decay lazily.
    void count_parameters(std::int32_t o) {
        const PlanOwner& owner = plan_.owners[o];
        OwnerState& state = states_[static_cast<std::size_t>(o)];
        const float* p = parameters_.data() + owner.parameters;
        const auto width = owner.panels * panel;
        std::fill(state.offset, state.offset + width, 0.0f);
        std::fill(state.counts, state.counts + width, 0.0f);
        state.scale = 1;
        state.lazy = 0;
        if (owner.kind == OwnerKind::Table) {
            for (std::int64_t x = 0; x < owner.domain; ++x)
                for (std::int64_t i = 0; i < width; ++i) state.counts[i] += p[x * width + i] != 0 ? 1.0f : 0.0f;
            const bool zeros = std::any_of(state.counts, state.counts + owner.nodes, [&](float count) { return count < static_cast<float>(owner.domain); });
            state.lazy = owner.distribution == DistributionType::Categorical && !zeros;
        } else if (owner.kind == OwnerKind::Sum && owner.form == Form::Edges) {
            const PlanOperation& operation = plan_.operations[owner.operation];
            const std::int32_t* starts = plan_.maps + operation.edges;
            const std::int32_t* weights = starts + operation.nodes + 1 + operation.edge_count;
            for (std::int32_t i = 0; i < operation.nodes; ++i)
                for (auto e = starts[i]; e < starts[i + 1]; ++e) state.counts[i] += p[weights[e]] != 0 ? 1.0f : 0.0f;
        } else if (owner.kind == OwnerKind::Sum) {
            for (auto b = owner.block_begin; b < owner.block_end; ++b) {
                const PlanBlock& block = plan_.blocks[b];
                const auto nodes = block.out_panels * panel;
                for (std::int64_t q = 0; q < block.in_panels; ++q)
                    for (std::int64_t i = 0; i < nodes; ++i) {
                        const float* w = p + block.weights + (q * nodes + i) * panel;
                        int count = 0;
                        for (int lane = 0; lane < panel; ++lane) count += w[lane] != 0 ? 1 : 0;
                        state.counts[block.out_panel * panel + i] += static_cast<float>(count);
                    }
            }
        }
    }

    // For max-product: what stands in for a missing value.
    std::vector<OwnerState> states_with_best(std::vector<std::vector<float>>& best) const {
        auto states = states_;
        best.resize(states.size());
        for (std::size_t o = 0; o < states.size(); ++o) {
            const PlanOwner& owner = plan_.owners[o];
            if (owner.kind != OwnerKind::Table && owner.kind != OwnerKind::LogTable) continue;
            const auto width = owner.panels * panel;
            const bool logs = owner.kind == OwnerKind::LogTable;
            std::vector<float> largest(static_cast<std::size_t>(width + panel), logs ? -__builtin_inff() : 0.0f);
            const auto address = reinterpret_cast<std::uintptr_t>(largest.data());
            float* aligned = largest.data() + (64 - address % 64) % 64 / sizeof(float);
            const float* p = parameters_.data() + owner.parameters;
            for (std::int64_t x = 0; x < owner.domain; ++x)
                for (std::int64_t i = 0; i < width; ++i) {
                    const float value = logs ? p[x * width + i] + p[(owner.domain + 2) * width + x] : states[o].scale * p[x * width + i] + states[o].offset[i];
                    aligned[i] = std::max(aligned[i], value);
                }
            states[o].best = aligned;
            best[o] = std::move(largest);
        }
        return states;
    }

    // The flow buffer in parts that are fresh or not together: owners, then operations.
    std::pair<std::int64_t, std::int64_t> extent(std::size_t part) const {
        const auto owners = static_cast<std::size_t>(plan_.owner_count);
        if (part < owners) return {plan_.owners[part].flows, plan_.owners[part].flow_count};
        const PlanOperation& operation = plan_.operations[part - owners];
        return {operation.sums, operation.sum_panels * panel};
    }
    template <class Visit>
    void for_each_part(std::int64_t offset, std::int64_t count, Visit visit) const {
        for (std::size_t part = 0; part < fresh_.size(); ++part) {
            const auto [begin, length] = extent(part);
            const auto from = std::max(begin, offset), to = std::min(begin + length, offset + count);
            if (from < to) visit(part, from, to - from);
        }
    }
};

// The table's functions: no exception passes.
template <class Body>
juice_status guarded(const HostTable& host, Body body) noexcept {
    try {
        body();
        return JUICE_OK;
    } catch (const Error& error) {
        host.error(error.status(), error.what());
        return error.status();
    } catch (const std::bad_alloc&) {
        host.error(JUICE_ERROR_MEMORY, "memory could not be allocated");
        return JUICE_ERROR_MEMORY;
    } catch (const std::exception& error) {
        host.error(JUICE_ERROR_INTERNAL, error.what());
        return JUICE_ERROR_INTERNAL;
    } catch (...) {
        host.error(JUICE_ERROR_INTERNAL, "an exception of an unknown type was thrown");
        return JUICE_ERROR_INTERNAL;
    }
}

Engine& self(void* engine) { return *static_cast<Engine*>(engine); }

template <class Body>
juice_status guarded(void* engine, Body body) noexcept {
    return guarded(self(engine).host(), [&] { body(self(engine)); });
}

const EngineTable engine_table = {
    engine_version,
    sizeof(EngineTable),
    "cpu",
    [](const PlanView* plan, const HostTable* table, const EngineOptions* options, void** engine) {
        return guarded(*table, [&] { *engine = new Engine(*plan, *table, *options); });
    },
    [](void* engine) { delete static_cast<Engine*>(engine); },
    [](void* engine) { return self(engine).instruction_set(); },
    [](void* engine, std::int32_t owner, const float* source) { return guarded(engine, [&](Engine& self) { self.write_parameters(owner, source); }); },
    [](void* engine, std::int32_t owner, float* destination) { return guarded(engine, [&](Engine& self) { self.read_parameters(owner, destination); }); },
    [](void* engine, const BatchView* batch, std::int32_t maximise, double* destination) {
        return guarded(engine, [&](Engine& self) { self.query(*batch, maximise != 0, destination); });
    },
    [](void* engine, const BatchView* evidence, const SampleOptions* options, const SampleView* samples, std::int64_t* impossible) {
        return guarded(engine, [&](Engine& self) { *impossible = self.sample(*evidence, *options, *samples); });
    },
    [](void* engine, const BatchView* batch) { return guarded(engine, [&](Engine& self) { self.rows(*batch); }); },
    [](void* engine, double* log_likelihood) { return guarded(engine, [&](Engine& self) { self.forward(log_likelihood); }); },
    [](void* engine, const float* root_flows, std::int32_t slopes) { return guarded(engine, [&](Engine& self) { self.backward(root_flows, slopes != 0); }); },
    [](void* engine, const Rule* rule) { return guarded(engine, [&](Engine& self) { self.update(*rule); }); },
    [](void* engine, const Rule* rule, double* log_likelihood) { return guarded(engine, [&](Engine& self) { self.step(*rule, log_likelihood); }); },
    [](void* engine, std::int64_t offset, std::int64_t count, float* destination) { return guarded(engine, [&](Engine& self) { self.read_flows(offset, count, destination); }); },
    [](void* engine, std::int64_t offset, std::int64_t count, const float* source, std::int32_t add) {
        return guarded(engine, [&](Engine& self) { self.write_flows(offset, count, source, add != 0); });
    },
    [](void* engine) { return guarded(engine, [&](Engine& self) { self.clear_flows(); }); },
    [](void* engine, std::int32_t count, std::int32_t reach) { return guarded(engine, [&](Engine& self) { self.make_moments(count, reach != 0); }); },
    [](void* engine, std::int32_t which, std::int64_t offset, std::int64_t count, float* destination) {
        return guarded(engine, [&](Engine& self) { self.read_moments(which, offset, count, destination); });
    },
    [](void* engine, std::int32_t which, std::int64_t offset, std::int64_t count, const float* source) {
        return guarded(engine, [&](Engine& self) { self.write_moments(which, offset, count, source); });
    },
    [](void* engine, float power) { return guarded(engine, [&](Engine& self) { self.set_power(power); }); },
    [](void* engine) { return guarded(engine, [](Engine& self) { self.settle(); }); },
    nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,       // it reads rows where they are
};

}  // namespace

}  // namespace cpu

const EngineTable& cpu_engine() { return cpu::engine_table; }

}  // namespace juice
