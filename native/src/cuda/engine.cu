// The CUDA engine: the engine table over plan, parameters, flow buffer and workspaces on the device.
#include "cuda/engine.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "common/error.h"
#include "cuda/answers.h"
#include "cuda/coefficients.h"
#include "cuda/data.h"
#include "cuda/kernels.h"
#include "cuda/stream.h"
#include "cuda/workspace.h"

namespace juice::cuda {

namespace {

template <class T>
Array<T> to_device(const T* from, std::int64_t count, cudaStream_t stream) {
    Array<T> array(count, "the plan");
    array.upload(from, 0, count, stream);
    return array;
}

// The plan's arrays on the device.
struct DevicePlan {
    DevicePlan(const PlanView& plan, cudaStream_t stream)
        : operations(to_device(plan.operations, plan.operation_count, stream)),
          segments(to_device(plan.segments, plan.segment_count, stream)),
          factors(to_device(plan.factors, plan.factor_count, stream)),
          readers(to_device(plan.readers, plan.reader_count, stream)),
          blocks(to_device(plan.blocks, plan.block_count, stream)),
          owners(to_device(plan.owners, plan.owner_count, stream)),
          tiles(to_device(plan.tiles, plan.tile_count, stream)),
          maps(to_device(plan.maps, plan.map_count, stream)),
          stage_operations(to_device(plan.stage_operations, plan.stage_operation_count, stream)),
          uses(to_device(plan.uses, plan.use_count, stream)) {}

    Array<PlanOperation> operations;
    Array<PlanSegment> segments;
    Array<PlanFactor> factors;
    Array<PlanReader> readers;
    Array<PlanBlock> blocks;
    Array<PlanOwner> owners;
    Array<PlanTile> tiles;
    Array<std::int32_t> maps, stage_operations, uses;
};

std::int64_t nodes_of_owners(const PlanView& plan) {
    std::int64_t nodes = 0;
    for (std::int64_t o = 0; o < plan.owner_count; ++o) nodes += plan.owners[o].panels * panel;
    return nodes;
}

class Engine {
public:
    Engine(const PlanView& plan, const HostTable& host, const EngineOptions& options)
        : plan_(plan),
          host_(host),
          stream_(options.device),
          arithmetic_(choose_arithmetic(stream_.capability(), options.instruction_set)),
          name_("sm_" + std::to_string(stream_.capability()) + (arithmetic_ == Arithmetic::Tensor ? " tensor" : " plain")),
          device_plan_(plan, stream_.get()),
          parameters_(plan.totals.parameters, "parameters"),
          weights16_(plan.totals.shadow, "parameters"),
          counts_(nodes_of_owners(plan), "parameters"),
          continuous_(static_cast<std::size_t>(plan.variables), 0),
          touched_(static_cast<std::size_t>(plan.owner_count), 0) {
        for (std::int64_t o = 0; o < plan.owner_count; ++o) {
            const PlanOwner& owner = plan.owners[o];
            has_log_tables_ = has_log_tables_ || owner.kind == OwnerKind::LogTable;
            for (auto r = owner.reader_begin; r < owner.reader_end && owner.kind == OwnerKind::Gaussian; ++r)
                continuous_[static_cast<std::size_t>(plan.readers[r].variable)] = 1;
            if (owner.kind == OwnerKind::Sum) sums_in_place_ = sums_in_place_ && updates_in_place(owner);
            else inputs_in_place_ = inputs_in_place_ && owner.kind == OwnerKind::Table && owner.domain <= shared_values;
            has_edges_ = has_edges_ || (owner.kind == OwnerKind::Sum && owner.form == Form::Edges);
        }
        for (std::int64_t o = 0; o < plan.owner_count; ++o) has_slopes_ = has_slopes_ || plan.owners[o].distribution == DistributionType::DiscreteLogistic;
        for (std::int64_t o = 0; o < plan.operation_count; ++o) widest_ = std::max(widest_, plan.operations[o].operand_panels);
        for (std::int64_t o = 0; o < plan.operation_count; ++o)
            if (plan.operations[o].wide) widest_operand_ = std::max(widest_operand_, plan.operations[o].operand_panels);
        prepare_sums();
        if (plan.totals.shadow > 0) prepare_wide_sums(has_groups(stream_.capability(), arithmetic_));
        stream_.wait();
    }

    const HostTable& host() const { return host_; }
    void begin() const { stream_.use(); }      // throws where the device is lost
    const char* instruction_set() const { return name_.c_str(); }

    void write_parameters(std::int32_t o, const float* source) {
        const PlanOwner& owner = plan_.owners[o];
        std::vector<float> settled(source, source + owner.parameter_count);
        // Below the normal range a float keeps few digits, but it is no structural zero.
        if (owner.kind == OwnerKind::Sum || owner.kind == OwnerKind::Table)
            for (float& p : settled)
                if (p != 0 && p < least_weight) p = least_weight;
        const std::vector<float> counts = count_parameters(owner, settled.data());
        const std::lock_guard lock(mutex_);
        parameters_.upload(settled.data(), owner.parameters, owner.parameter_count, stream_.get());
        counts_.upload(counts.data(), owner.first_node, static_cast<std::int64_t>(counts.size()), stream_.get());
        if (owner.shadow >= 0) shadow_weights(base_run(), owner, stream_.get());
        if (owner.kind == OwnerKind::LogTable || owner.kind == OwnerKind::Gaussian) fill_tables(base_run(), o, 1, stream_.get());
        stream_.wait();
    }

    void read_parameters(std::int32_t o, float* destination) {
        const std::lock_guard lock(mutex_);
        parameters_.download(destination, plan_.owners[o].parameters, plan_.owners[o].parameter_count, stream_.get());
        stream_.wait();
    }

    void query(const BatchView& batch, bool maximise, double* destination) {
        const std::lock_guard lock(mutex_);
        if (!query_) query_.emplace(plan_, query_rows(), false);
        Run run = base_run();
        run.maximise = maximise;
        if (maximise) {
            run.wide = 0;
            if (best_.size() == 0) best_ = Array<float>(counts_.size(), "max-product");
            run.best = best_.data();
            best_values(run, plan_.totals, best_.data(), stream_.get());
        }
        for (std::int64_t first = 0; first < batch.rows; first += query_->capacity()) {
            const auto rows = std::min(query_->capacity(), batch.rows - first);
            query_->load(run, plan_, batch, first, rows, stream_.get());
            run_forward(run, *query_);
            query_->download_logs(destination + first * plan_.roots, rows * plan_.roots, stream_.get());
            stream_.wait();
        }
    }

    // Returns the first impossible row, or -1.
    std::int64_t sample(const BatchView& batch, const SampleOptions& options, const SampleView& samples) {
        const std::lock_guard lock(mutex_);
        if (!query_) query_.emplace(plan_, query_rows(), false);
        const std::int64_t line = std::min<std::int64_t>(4096, batch.rows * options.per_row);
        const auto operations = static_cast<std::int32_t>(plan_.operation_count);
        Array<std::int32_t> walk((plan_.operation_count + 2 * plan_.variables) * line, "samples"), codes(plan_.variables * line, "samples"), roots(options.roots ? batch.rows : 0, "samples");
        Array<float> reals(plan_.variables * line, "samples");
        std::int32_t* const owners = walk.data() + plan_.operation_count * line;
        const SampleMemory memory{walk.data(), owners, owners + plan_.variables * line, codes.data(), reals.data(), line};
        if (options.roots) roots.upload(options.roots, 0, batch.rows, stream_.get());
        std::vector<std::int32_t> drawn_codes(static_cast<std::size_t>(codes.size()));
        std::vector<float> drawn_reals(static_cast<std::size_t>(reals.size()));
        std::vector<double> logs;
        Run run = base_run();
        run.wide = 0;
        for (std::int64_t row = 0; row < batch.rows; row += query_->capacity()) {
            const auto rows = std::min(query_->capacity(), batch.rows - row);
            query_->load(run, plan_, batch, row, rows, stream_.get());
            run_forward(run, *query_);
            logs.resize(static_cast<std::size_t>(rows * plan_.roots));
            query_->download_logs(logs.data(), rows * plan_.roots, stream_.get());
            stream_.wait();
            for (std::int64_t r = 0; r < rows; ++r)
                if (logs[static_cast<std::size_t>(r * plan_.roots + (options.roots ? options.roots[row + r] : options.root))] == -__builtin_inf()) return row + r;
            for (std::int64_t first = 0; first < rows * options.per_row; first += line) {
                const auto count = std::min(line, rows * options.per_row - first);
                walk.clear(stream_.get(), 0xff);
                cuda::sample(run, memory, options, options.roots ? roots.data() + row : nullptr, operations, plan_.variables, first, count, row, stream_.get());
                codes.download(drawn_codes.data(), 0, codes.size(), stream_.get());
                reals.download(drawn_reals.data(), 0, reals.size(), stream_.get());
                stream_.wait();
                for (std::int64_t v = 0; v < plan_.variables; ++v) {
                    const std::int64_t to = v * samples.line + row * options.per_row + first;
                    if (continuous_[static_cast<std::size_t>(v)]) std::copy_n(drawn_reals.data() + v * line, count, samples.reals + to);
                    else std::copy_n(drawn_codes.data() + v * line, count, samples.codes + to);
                }
            }
        }
        return -1;
    }

    void rows(const BatchView& batch) {
        make_room(batch.rows);
        run_ = base_run();
        training_->load(run_, plan_, batch, 0, batch.rows, stream_.get());
    }

    void forward(double* log_likelihood) {
        run_forward(run_, *training_);
        if (log_likelihood) training_->download_logs(log_likelihood, std::int64_t{run_.rows} * plan_.roots, stream_.get());
        stream_.wait();
    }

    void backward(const float* root_flows, bool slopes) {
        if (rows_added_ > 0 && rows_added_ + run_.rows > rows_per_level) fold();
        rows_added_ += run_.rows;
        ready_flows();
        std::fill(touched_.begin(), touched_.end(), std::uint8_t{1});
        training_->load_root_flows(run_, root_flows, stream_.get());
        run_.flows = flows_.data();
        run_.slopes = slopes && has_slopes_;
        run_backward(run_, {false, true});
        row_sums(run_, plan_.totals, stream_.get());
        stream_.wait();
    }

    void update(const Rule& rule) {
        if (empty_ && moment_count_ == 0) return;       // no flows
        if (folded_) {
            fold();
            flows_.swap(totals_);       // the update reads the flow buffer
        }
        if (rule.optimizer != JUICE_EM) {
            ready_flows();
            set_rule(rule_.data(), rule, stream_.get());
            optimize(base_run(), rule.optimizer);
            stream_.wait();
            clear_flows();
            return;
        }
        Run run = base_run();
        touched_on_device_.upload(touched_.data(), 0, plan_.owner_count, stream_.get());
        set_rule(rule_.data(), rule, stream_.get());
        update_sums(run, plan_.totals, {}, touched_on_device_.data(), Rest::All, rule_.data(), stream_.get());
        update_inputs(run, plan_.totals, touched_on_device_.data(), false, rule_.data(), stream_.get());
        if (has_log_tables_) fill_tables(run, 0, static_cast<std::int32_t>(plan_.owner_count), stream_.get());
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
        training_->pick(run_, *data_, first, rows, stream_.get());
    }

    void step_later(const Rule& rule) {
        step(rule, nullptr);
        answers_.send(training_->log_array(), std::int64_t{run_.rows} * plan_.roots, stream_.get());
    }
    void logs(double* log_likelihood) { answers_.receive(log_likelihood); }

    void step(const Rule& rule, double* log_likelihood) {
        clear_flows();
        run_.root_flows = nullptr;
        set_rule(rule_.data(), rule, stream_.get());
        run_.slopes = climbs(rule.optimizer) && has_slopes_;
        // The rule lies on the device and the batch in the workspace: one recording serves all steps of so many rows.
        stream_.replay(static_cast<std::uint64_t>(run_.rows) << 3 | static_cast<std::uint64_t>(rule.optimizer) << 1 | (run_.weights != nullptr), [&] {
            run_forward(run_, *training_);
            if (rule.optimizer != JUICE_EM) {
                run_backward(run_, {false, false});
                optimize(run_, rule.optimizer);
                return;
            }
            blocked_.clear(stream_.get());
            run_backward(run_, {true, false});
            update_sums(run_, plan_.totals, coefficients_, nullptr, sums_in_place_ ? Rest::Blocked : Rest::NotInPlace, rule_.data(), stream_.get());
            if (!inputs_in_place_) update_inputs(run_, plan_.totals, nullptr, true, rule_.data(), stream_.get());
            if (has_log_tables_) fill_tables(run_, 0, static_cast<std::int32_t>(plan_.owner_count), stream_.get());
        });
        if (log_likelihood) {
            training_->download_logs(log_likelihood, std::int64_t{run_.rows} * plan_.roots, stream_.get());
            stream_.wait();
        }
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
            reach_ = Array<float>(element_reach() + plan_.totals.value_panels * panel + counts_.size(), "the optimiser");
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
        if (empty_) {
            std::memset(destination, 0, static_cast<std::size_t>(count) * sizeof(float));
            return;
        }
        ready_flows();
        flows_.download(destination, offset, count, stream_.get());
        std::vector<float> more(folded_ ? static_cast<std::size_t>(count) : 0);
        if (folded_) totals_.download(more.data(), offset, count, stream_.get());
        stream_.wait();
        for (std::size_t i = 0; i < more.size(); ++i) destination[i] += more[i];
    }

    void write_flows(std::int64_t offset, std::int64_t count, const float* source, bool add) {
        if (folded_ && !add) {      // what is overwritten must not come back from the totals
            fold();
            flows_.swap(totals_);
            folded_ = false;
            cleared_ = true;
        }
        ready_flows();
        std::vector<float> sum(source, source + count);
        if (add) {
            flows_.download(sum.data(), offset, count, stream_.get());
            stream_.wait();
            for (std::int64_t i = 0; i < count; ++i) sum[static_cast<std::size_t>(i)] += source[i];
        }
        flows_.upload(sum.data(), offset, count, stream_.get());
        stream_.wait();
        for (std::int64_t o = 0; o < plan_.owner_count; ++o)
            if (plan_.owners[o].flows < offset + count && plan_.owners[o].flows + plan_.owners[o].flow_count > offset) touched_[static_cast<std::size_t>(o)] = 1;
    }

    void clear_flows() {
        empty_ = true;
        cleared_ = false;
        folded_ = false;
        rows_added_ = 0;
        std::fill(touched_.begin(), touched_.end(), std::uint8_t{0});
    }

private:
    const PlanView plan_;
    const HostTable host_;
    Stream stream_;
    Arithmetic arithmetic_;
    std::string name_;                  // "sm_90 tensor"
    DevicePlan device_plan_;
    Array<float> parameters_;
    Array<std::uint16_t> weights16_;    // of wide sums
    Array<float> counts_, best_, flows_;
    std::mutex mutex_;
    std::optional<Workspace> query_, training_;
    Run run_{};
    std::int32_t widest_operand_ = 0;   // panels, of wide sums
    bool has_log_tables_ = false, has_edges_ = false;
    bool sums_in_place_ = true, inputs_in_place_ = true;    // a step may leave nothing to the flow buffer
    std::vector<std::uint8_t> continuous_;  // by variable

    // Flows of many rows are added up in two levels, since like terms added one by one to a large float32 total all round the same way.
    static constexpr std::int64_t rows_per_level = 1024;
    Array<float> totals_;
    std::int64_t rows_added_ = 0;       // since the last fold
    bool folded_ = false;               // totals_ holds something
    bool empty_ = true;                 // no flows at all
    bool cleared_ = false;              // the flow buffer holds flows or zeros, nothing left over
    std::vector<std::uint8_t> touched_; // owners that have got flows
    Array<std::uint8_t> touched_on_device_;
    Array<float> em_;
    Array<std::int32_t> blocked_;
    Array<Rule> rule_;
    EmCoefficients coefficients_{};
    Array<float> moments_[2];           // what an optimiser remembers, like the parameter flows
    std::int32_t moment_count_ = 0;
    Array<float> reach_;                // top-down probabilities: of elements like their flow sums, of operations' nodes, of owners' nodes
    std::int32_t widest_ = 0;           // operand, in panels
    bool has_slopes_ = false;           // discrete logistics

    std::optional<DataSet> data_;
    Answers answers_;

    std::int64_t query_rows() const { return std::max<std::int64_t>(panel, std::min<std::int64_t>(plan_.target.query_rows * 4, 512)); }

    Run base_run() const {
        Run run{};
        run.operations = device_plan_.operations.data();
        run.segments = device_plan_.segments.data();
        run.factors = device_plan_.factors.data();
        run.readers = device_plan_.readers.data();
        run.blocks = device_plan_.blocks.data();
        run.owners = device_plan_.owners.data();
        run.tiles = device_plan_.tiles.data();
        run.maps = device_plan_.maps.data();
        run.stage_operations = device_plan_.stage_operations.data();
        run.uses = device_plan_.uses.data();
        run.root = plan_.root;
        run.operation_count = static_cast<std::int32_t>(plan_.operation_count);
        run.owner_count = static_cast<std::int32_t>(plan_.owner_count);
        run.roots = plan_.roots;
        run.arithmetic = arithmetic_;
        run.parameters = parameters_.data();
        run.weights16 = weights16_.data();
        run.wide = weights16_.size() > 0;
        run.early = run.wide && stream_.capability() >= 90;     // products in float32 lose by it: the blocks that wait take their places
        run.groups = run.wide && has_groups(stream_.capability(), arithmetic_);
        run.multiprocessors = stream_.multiprocessors();
        run.widest_operand = widest_operand_;
        run.counts = counts_.data();
        run.flows = flows_.data();
        for (int k = 0; k < moment_count_; ++k) run.moments[k] = moments_[k].data();
        run.reach = reach_.data() - plan_.totals.parameter_flows;
        run.node_reach = reach_.data() + element_reach();
        run.owner_reach = run.node_reach + plan_.totals.value_panels * panel;
        return run;
    }

    std::int64_t element_reach() const { return plan_.totals.flows - plan_.totals.parameter_flows; }

    // What an optimiser other than EM makes of the flow buffer.
    void optimize(const Run& run, std::int32_t optimizer) {
        if (optimizer == JUICE_ANEMONE) {
            for (std::int64_t s = plan_.stage_count; s-- > 0;) stage_reach(run, plan_.stages[s], widest_, stream_.get());
            owner_reach(run, plan_.totals, stream_.get());
            if (run.moments[0]) average_flows(run, plan_.totals, rule_.data(), stream_.get());
            update_sums(run, plan_.totals, {}, nullptr, Rest::All, rule_.data(), stream_.get());
            update_inputs(run, plan_.totals, nullptr, false, rule_.data(), stream_.get());
        } else {
            climb(run, plan_.totals, rule_.data(), stream_.get());
        }
        if (has_log_tables_) fill_tables(run, 0, static_cast<std::int32_t>(plan_.owner_count), stream_.get());
    }

    // A workspace for a training batch of so many rows.
    void make_room(std::int64_t rows) {
        if (!training_ || training_->capacity() < rows) {
            stream_.wait();
            stream_.forget();
            training_.reset();
            training_.emplace(plan_, rows, true);
        }
        allocate_training();
    }

    void allocate_training() {
        if (flows_.size() == 0) flows_ = Array<float>(plan_.totals.flows, "flows");
        if (rule_.size() > 0) return;
        const auto nodes = counts_.size();
        em_ = Array<float>(3 * nodes, "training");
        blocked_ = Array<std::int32_t>(plan_.owner_count + 1, "training");
        touched_on_device_ = Array<std::uint8_t>(plan_.owner_count, "training");
        coefficients_ = {em_.data(), em_.data() + nodes, em_.data() + 2 * nodes, blocked_.data()};
        rule_ = Array<Rule>(1, "training");
    }

    // The flow buffer as something that can be added to.
    void ready_flows() {
        allocate_training();
        if (!cleared_) flows_.clear(stream_.get());
        cleared_ = true;
        empty_ = false;
    }

    // Adds the flow buffer to the totals and leaves it to be cleared.
    void fold() {
        if (totals_.size() == 0) totals_ = Array<float>(plan_.totals.flows, "flows");
        ready_flows();
        if (!folded_) totals_.clear(stream_.get());
        add_floats(totals_.data(), flows_.data(), flows_.size(), stream_.get());
        folded_ = true;
        cleared_ = false;
        rows_added_ = 0;
    }

    void run_forward(const Run& run, Workspace& workspace) {
        workspace.clear_forward(stream_.get());
        for (std::int64_t s = 0; s < plan_.stage_count; ++s) {
            const PlanStage& stage = plan_.stages[s];
            elements(run, stage, stream_.get());
            values(run, stage, stream_.get());
            edge_values(run, stage, stream_.get());
        }
        root_logs(run, workspace.logs(), stream_.get());
    }

    void run_backward(const Run& run, const Pass& pass) {
        stream_.beside([&](cudaStream_t beside) { sort_rows(run, plan_.variables, beside); });
        training_->clear_backward(stream_.get());
        for (std::int64_t s = plan_.stage_count; s-- > 0;) {
            const PlanStage& stage = plan_.stages[s];
            gradients(run, stage, stream_.get());
            operand_flows(run, stage, stream_.get());
            edge_operand_flows(run, stage, stream_.get());
        }
        stream_.beside([&](cudaStream_t beside) { input_flows(run, plan_.totals, pass, rule_.data(), beside); });
        if (pass.in_place) em_coefficients(run, coefficients_, rule_.data(), stream_.get());
        parameter_flows(run, plan_.totals, coefficients_, pass, stream_.get());
        if (has_edges_) edge_parameter_flows(run, plan_.totals, pass, stream_.get());
        slow_parameter_flows(run, plan_.totals, stream_.get());
        if (run.slopes) slope_flows(run, plan_.totals, pass, stream_.get());
        stream_.join();
    }

    // Non-zero parameters by node, of sums and tables.
    std::vector<float> count_parameters(const PlanOwner& owner, const float* p) const {
        const std::int64_t width = owner.panels * panel;
        std::vector<float> counts(static_cast<std::size_t>(width), 0.0f);
        const auto count = [&](std::int64_t node, float parameter) { counts[static_cast<std::size_t>(node)] += parameter != 0 ? 1.0f : 0.0f; };
        if (owner.kind == OwnerKind::Table) {
            for (std::int64_t i = 0; i < owner.domain * width; ++i) count(i % width, p[i]);
        } else if (owner.kind == OwnerKind::Sum && owner.form == Form::Edges) {
            const PlanOperation& operation = plan_.operations[owner.operation];
            const std::int32_t* starts = plan_.maps + operation.edges;
            const std::int32_t* weights = starts + operation.nodes + 1 + operation.edge_count;
            for (std::int32_t i = 0; i < operation.nodes; ++i)
                for (auto e = starts[i]; e < starts[i + 1]; ++e) count(i, p[weights[e]]);
        } else if (owner.kind == OwnerKind::Sum) {
            for (auto b = owner.block_begin; b < owner.block_end; ++b) {
                const PlanBlock& block = plan_.blocks[b];
                const std::int64_t nodes = block.out_panels * panel;
                for (std::int64_t i = 0; i < nodes * block.in_panels * panel; ++i) count(block.out_panel * panel + i / panel % nodes, p[block.weights + i]);
            }
        }
        return counts;
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
    [](void* engine) { return guarded(engine, [](Engine&) {}); },       // every update is complete
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
