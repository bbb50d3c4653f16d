// The CUDA engine: the engine table over plan, parameters, flow buffer and workspaces on the device; training is here.
#include "cuda/engine.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "cuda/answers.h"
#include "cuda/backward.h"
#include "cuda/coefficients.h"
#include "cuda/data.h"
#include "cuda/device_plan.h"
#include "cuda/flow_buffer.h"
#include "cuda/forward.h"
#include "cuda/kernels.h"
#include "cuda/parameters.h"
#include "cuda/plan_facts.h"
#include "cuda/queries.h"
#include "cuda/stream.h"
#include "cuda/workspace.h"

namespace juice::cuda {

namespace {

class Engine {
public:
    Engine(const PlanView& plan, const HostTable& host, const EngineOptions& options)
        : plan_(plan),
          host_(host),
          stream_(options.device),
          arithmetic_(choose_arithmetic(stream_.capability(), options.instruction_set)),
          name_("sm_" + std::to_string(stream_.capability()) + (arithmetic_ == Arithmetic::Tensor ? " tensor" : " plain")),
          device_plan_(plan, stream_.get()),
          parameters_(plan, options.device),
          queries_(plan, options.device),
          facts_(plan, stream_.multiprocessors()),
          backward_(plan, facts_, stream_),
          flows_(plan, stream_) {
        prepare_sums();
        prepare_tables();
        if (plan.totals.shadow > 0) prepare_wide_sums(has_groups(stream_.capability(), arithmetic_));
        stream_.wait();
    }

    const HostTable& host() const { return host_; }
    void begin() const { stream_.use(); }      // throws where the device is lost
    const char* instruction_set() const { return name_.c_str(); }

    void write_parameters(std::int32_t o, const float* source) { parameters_.write(base_run(), o, source); }

    void read_parameters(std::int32_t o, float* destination) {
        const std::lock_guard lock(mutex_);
        parameters_.read(o, destination, stream_.get());
        stream_.wait();
    }

    void query(const BatchView& batch, bool maximise, double* destination) { queries_.query(base_run(), stream_, batch, maximise, destination); }
    std::int64_t sample(const BatchView& batch, const SampleOptions& options, const SampleView& samples) { return queries_.sample(base_run(), stream_, batch, options, samples); }

    void settle() {
        settle_weights(base_run(), plan_.totals, stream_.get());
        stream_.wait();
    }

    void rows(const BatchView& batch) {
        make_room(batch.rows);
        run_ = base_run();
        apply_power(run_);
        training_->load(run_, plan_, batch, 0, batch.rows, stream_.get());
    }

    void forward(double* log_likelihood) {
        cuda::forward(run_, plan_, *training_, training_->logs(), stream_.get());
        if (log_likelihood) training_->download_logs(log_likelihood, std::int64_t{run_.rows} * plan_.roots, stream_.get());
        stream_.wait();
        take_root(log_likelihood);
    }

    void backward(const float* root_flows, bool slopes) {
        run_.slopes = slopes && facts_.has_slopes;
        flows_.expect(run_.rows);
        training_->load_root_flows(run_, root_flows, stream_.get());
        training_->clear_backward(stream_.get());
        add_batch();
        stream_.wait();
    }

    void add_batch() {
        run_.flows = flows_.data();
        backward_.sort(run_);
        backward_.go(run_, {false, true}, {coefficients_, rule_.data(), nullptr});
        row_sums(run_, plan_.totals, stream_.get());
    }

    void update(const Rule& rule) {
        if (flows_.empty() && moment_count_ == 0) return;
        allocate_training();
        flows_.gather();
        if (rule.optimizer != JUICE_EM) {
            send_rule(rule);
            optimize(base_run(), rule.optimizer);
            stream_.wait();
            clear_flows();
            return;
        }
        Run run = base_run();
        touched_on_device_.upload(flows_.touched().data(), 0, plan_.owner_count, stream_.get());
        send_rule(rule);
        update_sums(run, plan_.totals, {}, touched_on_device_.data(), Rest::All, rule_.data(), stream_.get());
        update_inputs(run, plan_.totals, touched_on_device_.data(), false, rule_.data(), stream_.get());
        fill_log_tables(run);
        stream_.wait();
        clear_flows();
    }

    // What is open already is kept as it is, but for its contents.
    bool data_open(const DataShape& shape, std::int64_t batch_rows, std::int64_t limit) {
        make_room(batch_rows);          // what a step needs comes first
        if (data_ && std::memcmp(&data_->shape(), &shape, sizeof shape) == 0) return true;
        stream_.wait();
        data_.reset();
        std::size_t free = 0, total = 0;
        check(cudaMemGetInfo(&free, &total), "asking for free memory");
        if (DataSet::bytes(shape) > std::min(limit, static_cast<std::int64_t>(free / 2))) return false;
        try {
            data_.emplace(shape);
        } catch (const Error& error) {
            if (error.status() != JUICE_ERROR_MEMORY) throw;
            return false;               // what looked free is not
        }
        return true;
    }
    void data_write(std::int64_t chunk, const BatchView& rows) { data_->write(chunk, rows); }
    void data_order(const std::int64_t* numbers, std::int64_t count) {
        answers_.forget();
        data_->order(numbers, count, stream_.get());
    }
    void data_pick(std::int64_t first, std::int64_t rows) {
        make_room(rows);
        run_ = base_run();
        apply_power(run_);
        training_->pick(run_, *data_, first, rows, stream_.get());
    }

    void step_later(const Rule& rule) {
        give_step(rule);
        answers_.send(std::int64_t{run_.rows} * plan_.roots, stream_.get());
    }
    void logs(double* log_likelihood) {
        answers_.receive(log_likelihood);
        take_root(log_likelihood);
    }

    void set_power(float power) {
        stream_.wait();
        power_ = power;
        if (power == 1 || std::isinf(power)) {
            raised_ = Array<float>();
            raised16_ = Array<std::uint16_t>();
        } else if (raised_.size() == 0) {
            raised_ = Array<float>(plan_.totals.parameters, "raised parameters");
            raised16_ = Array<std::uint16_t>(plan_.totals.shadow, "raised parameters");
            raised_.clear(stream_.get());
            raised16_.clear(stream_.get());
            stream_.wait();
        }
    }

    void step(const Rule& rule, double* log_likelihood) {
        give_step(rule);
        if (!log_likelihood) return;
        stream_.wait();
        std::copy_n(answers_.next(), std::int64_t{run_.rows} * plan_.roots, log_likelihood);
        take_root(log_likelihood);
    }

    // Its log-likelihoods go to the next answers' place.
    void give_step(const Rule& rule) {
        double* const logs = answers_.next();
        clear_flows();
        run_.root_flows = nullptr;
        send_rule(rule);
        run_.slopes = climbs(rule.optimizer) && facts_.has_slopes;
        coefficients_.blocked = training_->blocked();
        if (power_ != 1) {      // out of the ordinary: pass by pass
            cuda::forward(run_, plan_, *training_, logs, stream_.get());
            flows_.expect(run_.rows);
            add_batch();
            update(rule);
            return;
        }
        // The rule lies on the device and the batch in the workspace: two recordings, one a place of answers, serve all steps of so many rows.
        const auto key = static_cast<std::uint64_t>(run_.rows) << 4 | static_cast<std::uint64_t>(answers_.place()) << 3 | static_cast<std::uint64_t>(rule.optimizer) << 1 | (run_.weights != nullptr);
        stream_.replay(key, [&] {
            const bool em = rule.optimizer == JUICE_EM;
            training_->clear(stream_.get());
            forward_stages(run_, plan_, 0, facts_.small_stages, stream_.get());
            backward_.sort(run_);
            forward_stages(run_, plan_, facts_.small_stages, plan_.stage_count, stream_.get());
            backward_.go(run_, {em, false}, {coefficients_, rule_.data(), logs});
            if (!em) return optimize(run_, rule.optimizer);
            if (facts_.has_moments) update_inputs(run_, plan_.totals, nullptr, true, rule_.data(), stream_.get());
            fill_log_tables(run_);
        });
    }

    void make_moments(std::int32_t count, bool reach) {
        stream_.wait();
        stream_.forget();           // recordings point at what may go away
        moment_count_ = 0;
        for (int k = 0; k < 2; ++k) {
            if (k >= count) moments_[k] = Array<float>();
            else if (moments_[k].size() == 0) moments_[k] = Array<float>(plan_.totals.parameter_flows, "the optimiser");
            moments_[k].clear(stream_.get());
        }
        if (reach && reach_.size() == 0) {
            reach_ = Array<float>(element_reach() + plan_.totals.value_panels * panel + parameters_.nodes(), "the optimiser");
            reach_.clear(stream_.get());
        }
        stream_.wait();
        moment_count_ = count;
    }
    void read_moments(std::int32_t which, std::int64_t offset, std::int64_t count, float* destination) {
        const std::lock_guard lock(mutex_);
        moments_[which].download(destination, offset, count, stream_.get());
        stream_.wait();
    }
    void write_moments(std::int32_t which, std::int64_t offset, std::int64_t count, const float* source) {
        moments_[which].upload(source, offset, count, stream_.get());
        stream_.wait();
    }

    void read_flows(std::int64_t offset, std::int64_t count, float* destination) {
        const std::lock_guard lock(mutex_);
        flows_.read(offset, count, destination);
    }
    void write_flows(std::int64_t offset, std::int64_t count, const float* source, bool add) { flows_.write(offset, count, source, add); }
    void clear_flows() { flows_.clear(); }

private:
    const PlanView plan_;
    const HostTable host_;
    Stream stream_;
    Arithmetic arithmetic_;
    std::string name_;                  // "sm_90 tensor"
    DevicePlan device_plan_;
    Parameters parameters_;
    Queries queries_;
    const PlanFacts facts_;
    Backward backward_;
    FlowBuffer flows_;
    std::mutex mutex_;                  // of those who read
    std::optional<Workspace> training_;
    Run run_{};

    Array<std::uint8_t> touched_on_device_;
    Array<float> em_;
    Array<Rule> rule_;
    std::optional<Rule> rule_there_;    // what rule_ holds
    EmCoefficients coefficients_{};
    Array<float> moments_[2];           // what an optimiser remembers, like the parameter flows
    std::int32_t moment_count_ = 0;
    Array<float> reach_;                // top-down probabilities: of elements like their flow sums, of operations' nodes, of owners' nodes
    float power_ = 1;                   // what training passes compute
    Array<float> raised_;               // parameters to that power
    Array<std::uint16_t> raised16_;

    std::optional<DataSet> data_;
    Answers answers_;

    Run base_run() const {
        Run run{};
        device_plan_.give(run);
        parameters_.give(run);
        run.root = plan_.root;
        run.operation_count = static_cast<std::int32_t>(plan_.operation_count);
        run.owner_count = static_cast<std::int32_t>(plan_.owner_count);
        run.roots = plan_.roots;
        run.arithmetic = arithmetic_;
        run.wide = parameters_.has_shadow();
        run.early = run.wide && stream_.capability() >= 90;     // products in float32 lose by it: the blocks that wait take their places
        run.groups = run.wide && has_groups(stream_.capability(), arithmetic_);
        run.multiprocessors = stream_.multiprocessors();
        run.widest_operand = facts_.widest_operand;
        run.widest_segmented = facts_.widest_segmented;
        run.widest_table = facts_.widest_table;
        run.flows = flows_.data();
        for (int k = 0; k < moment_count_; ++k) run.moments[k] = moments_[k].data();
        if (reach_.size() > 0) {
            run.reach = reach_.data() - plan_.totals.parameter_flows;
            run.node_reach = reach_.data() + element_reach();
            run.owner_reach = run.node_reach + plan_.totals.value_panels * panel;
        }
        return run;
    }

    // Points a training run at what its power asks for.
    void apply_power(Run& run) {
        if (power_ == 1) return;
        if (std::isinf(power_)) {
            run.maximise = run.paths = 1;
            run.wide = 0;
            return;
        }
        raise(run, plan_.totals, power_, raised_.data(), raised16_.data(), stream_.get());
        run.parameters = raised_.data();
        run.weights16 = raised16_.data();
    }

    // Of sums of powers: the power's root.
    void take_root(double* log_likelihood) const {
        if (!log_likelihood || power_ == 1 || std::isinf(power_)) return;
        for (std::int64_t i = 0; i < std::int64_t{run_.rows} * plan_.roots; ++i) log_likelihood[i] /= static_cast<double>(power_);
    }

    std::int64_t element_reach() const { return plan_.totals.flows - plan_.totals.parameter_flows; }

    void fill_log_tables(const Run& run) {
        if (facts_.has_log_tables) fill_tables(run, 0, static_cast<std::int32_t>(plan_.owner_count), stream_.get());
    }

    // What an optimiser other than EM makes of the flow buffer.
    void optimize(const Run& run, std::int32_t optimizer) {
        if (optimizer == JUICE_ANEMONE) {
            for (std::int64_t s = plan_.stage_count; s-- > 0;) stage_reach(run, plan_.stages[s], facts_.widest_elements, stream_.get());
            owner_reach(run, plan_.totals, stream_.get());
            if (run.moments[0]) average_flows(run, plan_.totals, rule_.data(), stream_.get());
            update_sums(run, plan_.totals, {}, nullptr, Rest::All, rule_.data(), stream_.get());
            update_inputs(run, plan_.totals, nullptr, false, rule_.data(), stream_.get());
        } else {
            climb(run, plan_.totals, rule_.data(), stream_.get());
        }
        fill_log_tables(run);
    }

    // Steps mostly have the rule of the step before.
    void send_rule(const Rule& rule) {
        static_assert(sizeof(Rule) == 12 * sizeof(float), "no padding");
        if (rule_there_ && std::memcmp(&*rule_there_, &rule, sizeof rule) == 0) return;
        rule_there_.reset();
        set_rule(rule_.data(), rule, stream_.get());
        rule_there_ = rule;
    }

    // A workspace for a training batch of so many rows.
    void make_room(std::int64_t rows) {
        if (!training_ || training_->capacity() < rows) {
            stream_.wait();
            stream_.forget();
            training_.reset();              // last to come back: where it is, there is room for all else
            backward_.make_room(panels_of(rows) * panel);
            answers_.make_room(panels_of(rows) * panel * plan_.roots);
            training_.emplace(plan_, rows, true);
        }
        allocate_training();
    }

    void allocate_training() {
        flows_.allocate();
        if (rule_.size() > 0) return;
        const auto nodes = parameters_.nodes();
        em_ = Array<float>(3 * nodes, "training");
        touched_on_device_ = Array<std::uint8_t>(plan_.owner_count, "training");
        coefficients_ = {em_.data(), em_.data() + nodes, em_.data() + 2 * nodes, nullptr};
        rule_ = Array<Rule>(1, "training");
    }
};

Engine& self(void* engine) { return *static_cast<Engine*>(engine); }

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
template <class Body>
juice_status guarded(void* engine, Body body) noexcept {
    return guarded(self(engine).host(), [&] {
        self(engine).begin();
        body(self(engine));
    });
}

const EngineTable engine_table = {
    engine_version,
    sizeof(EngineTable),
    "cuda",
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
    [](void* engine, const DataShape* shape, std::int64_t batch_rows, std::int64_t limit, std::int32_t* open) {
        return guarded(engine, [&](Engine& self) { *open = self.data_open(*shape, batch_rows, limit); });
    },
    [](void* engine, std::int64_t chunk, const BatchView* rows) { return guarded(engine, [&](Engine& self) { self.data_write(chunk, *rows); }); },
    [](void* engine, const std::int64_t* numbers, std::int64_t count) { return guarded(engine, [&](Engine& self) { self.data_order(numbers, count); }); },
    [](void* engine, std::int64_t first, std::int64_t rows) { return guarded(engine, [&](Engine& self) { self.data_pick(first, rows); }); },
    [](void* engine, const Rule* rule) { return guarded(engine, [&](Engine& self) { self.step_later(*rule); }); },
    [](void* engine, double* log_likelihood) { return guarded(engine, [&](Engine& self) { self.logs(log_likelihood); }); },
};

}  // namespace

const EngineTable& cuda_engine() { return engine_table; }

}  // namespace juice::cuda
