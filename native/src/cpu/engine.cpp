// The CPU engine: the engine table over parameters, flow buffer, workspaces and threads.
#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>

#include "common/error.h"
#include "cpu/cpu.h"
#include "cpu/dispatch.h"
#include "cpu/flow_buffer.h"
#include "cpu/moments.h"
#include "cpu/powers.h"
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
          flows_(plan),
          states_(static_cast<std::size_t>(plan.owner_count)),
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
        powers_.apply(plan_, kernels_, pool_, run_);
        training_->attach(run_, batch.rows);
    }

    void forward(double* log_likelihood) {
        Tasks::Work work;
        work.forward = [&](int t, std::int32_t o, std::int32_t next) { kernels_.forward(run_, o, next, threads_[static_cast<std::size_t>(t)]->get()); };
        tasks_.run(pool_, work);
        if (log_likelihood) root_values(log_likelihood);
    }

    void backward(const float* root_flows, bool slopes) {
        flows_.expect(run_.rows, pool_);
        flows_.attach(run_);
        run_.root_flows = root_flows;
        run_.slopes = slopes;
        Tasks::Work work;
        work.backward = [&](int t, std::int32_t o, std::int32_t next) { kernels_.backward(run_, o, next, threads_[static_cast<std::size_t>(t)]->get(), nullptr); };
        work.input_backward = [&](int t, std::int32_t o) { kernels_.input_backward(run_, o, threads_[static_cast<std::size_t>(t)]->get(), nullptr); };
        tasks_.run(pool_, work);
    }

    void update(const Rule& rule) {
        if (!training_ && moments_.count() == 0) return;        // nothing has been trained: no flows
        make_scratch();
        flows_.gather(pool_);
        Run run = base_run({}, 0);
        moments_.attach(run, plan_.totals);
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
        const bool in_place = rule.optimizer == JUICE_EM && powers_.plain();
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
        flows_.attach(run_);
        tasks_.run(pool_, work);
        if (in_place) clear_flows();
        else update(rule);
    }

    void set_power(float power) { powers_.set(plan_, power); }

    void make_moments(std::int32_t count, bool reach) { moments_.make(plan_, count, reach, states_); }
    void read_moments(std::int32_t which, std::int64_t offset, std::int64_t count, float* destination) const { moments_.read(which, offset, count, destination); }
    void write_moments(std::int32_t which, std::int64_t offset, std::int64_t count, const float* source) { moments_.write(which, offset, count, source); }

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

    void read_flows(std::int64_t offset, std::int64_t count, float* destination) const { flows_.read(offset, count, destination); }
    void write_flows(std::int64_t offset, std::int64_t count, const float* source, bool add) {
        make_scratch();
        flows_.write(offset, count, source, add, pool_);
    }
    void clear_flows() { flows_.clear(); }

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
    Memory parameters_, nodes_;
    FlowBuffer flows_;
    std::vector<OwnerState> states_;
    bool single_edges_ = false;         // an operation of the plan has them
    Moments moments_;
    Powers powers_;
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

    void root_values(double* log_likelihood) {
        kernels_.root_values(run_, log_likelihood);
        powers_.take_root(log_likelihood, run_.rows * plan_.roots);
    }

    void find_reach(Run& run) {
        Tasks::Work work;
        work.backward = [&](int t, std::int32_t o, std::int32_t) { kernels_.reach(run, o, threads_[static_cast<std::size_t>(t)]->get()); };
        work.input_backward = [](int, std::int32_t) {};         // inputs are among the owners below
        tasks_.run(pool_, work);
        kernels_.owner_reach(run, plan_.operation_count);
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
        flows_.attach(run);
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
