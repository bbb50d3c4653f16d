// Soft evidence: a second model of the same wiring in which the tables of the variables concerned have rows for it behind those of their values, a row of the batch
// each: what a row's weights make of a table stands there like a value, so that every engine answers as it always does.
#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

#include "circuit/initialize.h"
#include "common/error.h"
#include "model/state.h"

namespace juice {

namespace {

constexpr std::int64_t most_rows = 256;                         // at a time
constexpr std::int64_t most_entries = std::int64_t{1} << 24;    // of the rows for soft evidence, all tables together

// A variable with soft evidence: where its rows begin in the wider tables, and its logs in a row of them.
struct SoftVariable {
    std::int32_t variable;
    std::int64_t domain, first, logs;
};

bool is_soft(DistributionType type) {
    return type == DistributionType::Categorical || type == DistributionType::Bernoulli || type == DistributionType::Binomial || type == DistributionType::Indicator;
}

}  // namespace

class SoftModel {
public:
    SoftModel(const Circuit& circuit, const Plan& main, const EngineTable* table, std::int32_t device, std::span<const std::int32_t> variables);
    ~SoftModel() {
        if (engine_) table_->free(engine_);
    }
    SoftModel(const SoftModel&) = delete;

    bool is_for(std::span<const std::int32_t> variables) const {
        return std::ranges::equal(variables, variables_, {}, {}, &SoftVariable::variable);
    }
    std::int64_t values() const { return values_; }     // logs a row
    std::int64_t rows() const { return rows_; }

    void take_parameters(const Circuit& circuit, const Plan& main, void* engine);
    // A batch of at most rows() rows; adds the logs that its weights were scaled by to `shift` [rows].
    void give(Batch& batch, const float* logs, double* shift);
    void forward(double* log_likelihood) { check_engine(table_->forward(engine_, log_likelihood)); }
    // Adds to `gradient` [rows, values()], unless it is NULL.
    void backward(const Batch& batch, const float* root_flows, float* gradient);
    // Adds the parameter flows of the last backward to the model's own.
    void add_flows(const Circuit& circuit, const Plan& main, void* engine) const;

private:
    // Whose table is wider: probabilities [domain][width], and the entries for the batch's soft evidence, [rows of all its variables][width].
    struct Table {
        std::int32_t owner;
        std::int64_t domain, width;
        std::vector<float> probabilities, entries, flows;
        std::vector<const SoftVariable*> read;
    };

    std::shared_ptr<const Circuit> circuit_;
    Plan plan_;
    const EngineTable* table_;
    void* engine_ = nullptr;
    std::vector<SoftVariable> variables_;
    std::vector<Table> tables_;
    std::int64_t values_ = 0, rows_ = 0, batch_rows_ = 0;
    std::vector<float> weights_;        // [rows, values()]: exp(log − largest), or NaN first where a row's own entry counts

    const float* weights(std::int64_t row, const SoftVariable& soft) const { return weights_.data() + row * values_ + soft.logs; }
};

SoftModel::SoftModel(const Circuit& circuit, const Plan& main, const EngineTable* table, std::int32_t device, std::span<const std::int32_t> variables) : table_(table) {
    const auto domains = domains_of(circuit);
    // Variables whose tables hang together by ties get wider ones together.
    std::vector<std::int32_t> group(static_cast<std::size_t>(circuit.variables()));
    for (std::size_t v = 0; v < group.size(); ++v) group[v] = static_cast<std::int32_t>(v);
    const auto root = [&](std::int32_t v) {
        while (group[static_cast<std::size_t>(v)] != v) v = group[static_cast<std::size_t>(v)];
        return v;
    };
    for (std::int32_t id = 0; id < circuit.size(); ++id)
        if (circuit[id].type == NodeType::Input) group[static_cast<std::size_t>(root(circuit[id].variable))] = root(circuit.owner(id).variable);
    std::map<std::int32_t, std::int64_t> members;       // by group: variables with soft evidence
    for (const std::int32_t v : variables) ++members[root(v)];
    std::int64_t entries = 0;
    for (const PlanOwner& owner : main.owners)
        if (owner.kind != OwnerKind::Sum)
            if (const auto found = members.find(root(circuit[owner.vector].variable)); found != members.end()) entries += owner.panels * panel * found->second;
    rows_ = std::clamp(most_entries / std::max<std::int64_t>(1, entries) / panel * panel, panel, most_rows);

    std::map<std::int32_t, std::int64_t> met;
    for (const std::int32_t v : variables) {
        const std::int64_t domain = domains[static_cast<std::size_t>(v)];
        variables_.push_back({v, domain, domain + met[root(v)]++ * rows_, values_});
        values_ += domain;
    }
    CircuitParts parts = circuit.parts();
    for (Vector& vector : parts.vectors) {
        if (vector.type != NodeType::Input) continue;
        const auto found = members.find(root(vector.variable));
        if (found == members.end()) continue;
        vector.distribution = {DistributionType::Categorical, static_cast<std::int32_t>(domains[static_cast<std::size_t>(vector.variable)] + found->second * rows_)};
        vector.parameters = {};
    }
    parts.metadata.clear();
    parts.state.clear();
    const std::uint64_t seed = 0;       // whatever is drawn is overwritten
    circuit_ = std::make_shared<const Circuit>(std::move(parts), &seed);
    Target target = main.target;
    target.memory_limit = 0;
    target.batch_size = rows_;
    plan_ = lower(*circuit_, 0, edge_cost(target.schedule));
    schedule(plan_, target);
    circuit_ = circuit_->wiring();
    const PlanView seen = view(plan_);
    const EngineOptions options{nullptr, device};
    check_engine(table_->create(&seen, &engine_host, &options, &engine_));
    for (std::size_t o = 0; o < plan_.owners.size(); ++o) {
        const PlanOwner& owner = plan_.owners[o];
        if (owner.kind == OwnerKind::Sum) continue;
        const auto found = members.find(root((*circuit_)[owner.vector].variable));
        if (found == members.end()) continue;
        Table wider{static_cast<std::int32_t>(o), owner.domain - found->second * rows_, owner.panels * panel, {}, {}, {}, {}};
        wider.entries.resize(static_cast<std::size_t>(found->second * rows_ * wider.width));
        for (const SoftVariable& soft : variables_)
            if (std::any_of(plan_.readers.begin() + owner.reader_begin, plan_.readers.begin() + owner.reader_end, [&](const PlanReader& reader) { return reader.variable == soft.variable; }))
                wider.read.push_back(&soft);
        tables_.push_back(std::move(wider));
    }
}

void SoftModel::take_parameters(const Circuit& circuit, const Plan& main, void* engine) {
    std::vector<float> own, file, to;
    for (std::size_t o = 0; o < plan_.owners.size(); ++o) {
        const PlanOwner& owner = plan_.owners[o];
        const auto from = main.owner_of[static_cast<std::size_t>(owner.vector)];
        const PlanOwner& theirs = main.owners[static_cast<std::size_t>(from)];
        own.resize(static_cast<std::size_t>(theirs.parameter_count));
        check_engine(table_->read_parameters(engine, from, own.data()));
        const auto wider = std::ranges::find(tables_, static_cast<std::int32_t>(o), &Table::owner);
        if (wider != tables_.end()) {
            const std::int64_t count = wider->domain * wider->width;
            wider->probabilities.assign(own.begin(), own.begin() + count);
            for (std::int64_t i = 0; theirs.kind == OwnerKind::LogTable && i < count; ++i)
                wider->probabilities[static_cast<std::size_t>(i)] =
                    i % wider->width < owner.nodes ? std::exp2(own[static_cast<std::size_t>(i)] + own[static_cast<std::size_t>((theirs.domain + 2) * wider->width + i / wider->width)]) : 0;
            continue;       // written with every batch
        }
        file.resize(static_cast<std::size_t>(circuit[owner.vector].parameter_count()));
        to.resize(static_cast<std::size_t>(owner.parameter_count));
        parameters_from_plan(main, circuit, from, own.data(), file.data());
        parameters_to_plan(plan_, *circuit_, static_cast<std::int32_t>(o), file.data(), to.data());
        check_engine(table_->write_parameters(engine_, static_cast<std::int32_t>(o), to.data()));
    }
}

void SoftModel::give(Batch& batch, const float* logs, double* shift) {
    batch_rows_ = batch.rows;
    weights_.assign(logs, logs + batch.rows * values_);
    for (std::int64_t row = 0; row < batch.rows; ++row)
        for (const SoftVariable& soft : variables_) {
            float* w = weights_.data() + row * values_ + soft.logs;
            if (std::isnan(w[0])) continue;
            const float top = *std::max_element(w, w + soft.domain);
            for (std::int64_t x = 0; x < soft.domain; ++x) w[x] = top == -INFINITY ? 0 : std::exp(w[x] - top);
            shift[row] += top == -INFINITY ? 0 : static_cast<double>(top);
            batch.codes[static_cast<std::size_t>(soft.variable * batch.stride + row)] = static_cast<std::int32_t>(soft.first + row);
        }
    std::vector<float> whole;
    std::vector<double> sum;
    for (Table& wider : tables_) {
        sum.resize(static_cast<std::size_t>(wider.width));
        for (const SoftVariable* soft : wider.read)
            for (std::int64_t row = 0; row < batch.rows; ++row) {
                const float* w = weights(row, *soft);
                if (std::isnan(w[0])) continue;
                std::fill(sum.begin(), sum.end(), 0.0);
                for (std::int64_t x = 0; x < wider.domain; ++x)
                    for (std::int64_t i = 0; i < wider.width && w[x] > 0; ++i)
                        sum[static_cast<std::size_t>(i)] += static_cast<double>(w[x]) * static_cast<double>(wider.probabilities[static_cast<std::size_t>(x * wider.width + i)]);
                std::copy(sum.begin(), sum.end(), wider.entries.begin() + (soft->first - wider.domain + row) * wider.width);
            }
        whole = wider.probabilities;
        whole.insert(whole.end(), wider.entries.begin(), wider.entries.end());
        check_engine(table_->write_parameters(engine_, wider.owner, whole.data()));
    }
    const BatchView seen{batch.rows, batch.stride, batch.codes.data(), batch.reals.empty() ? nullptr : batch.reals.data(), batch.weights.empty() ? nullptr : batch.weights.data()};
    check_engine(table_->rows(engine_, &seen));
}

void SoftModel::backward(const Batch& batch, const float* root_flows, float* gradient) {
    check_engine(table_->clear_flows(engine_));
    check_engine(table_->backward(engine_, root_flows, 1));
    for (Table& wider : tables_) {
        const PlanOwner& owner = plan_.owners[static_cast<std::size_t>(wider.owner)];
        std::vector<float> all(static_cast<std::size_t>(owner.flow_count));
        check_engine(table_->read_flows(engine_, owner.flows, owner.flow_count, all.data()));
        // What came to a row for soft evidence goes to the values in proportion to what they made of it.
        wider.flows.assign(all.begin(), all.begin() + wider.domain * wider.width);
        for (const SoftVariable* soft : wider.read)
            for (std::int64_t row = 0; row < batch.rows; ++row) {
                const float* w = weights(row, *soft);
                if (std::isnan(w[0])) continue;
                const float* flow = all.data() + (soft->first + row) * wider.width;
                const float* entry = wider.entries.data() + (soft->first - wider.domain + row) * wider.width;
                for (std::int64_t x = 0; x < wider.domain; ++x) {
                    double value = 0;
                    for (std::int64_t i = 0; i < wider.width && w[x] > 0; ++i) {
                        const auto at = static_cast<std::size_t>(x * wider.width + i);
                        if (flow[i] == 0 || !(entry[i] > 0)) continue;
                        const double part = static_cast<double>(flow[i]) * static_cast<double>(w[x]) * static_cast<double>(wider.probabilities[at]) / static_cast<double>(entry[i]);
                        value += part;
                        wider.flows[at] += static_cast<float>(part);
                    }
                    if (gradient) gradient[row * values_ + soft->logs + x] += static_cast<float>(value);
                }
            }
    }
}

void SoftModel::add_flows(const Circuit& circuit, const Plan& main, void* engine) const {
    std::vector<float> own, file, to;
    for (std::size_t o = 0; o < plan_.owners.size(); ++o) {
        const PlanOwner& owner = plan_.owners[o];
        const auto into = main.owner_of[static_cast<std::size_t>(owner.vector)];
        const PlanOwner& theirs = main.owners[static_cast<std::size_t>(into)];
        to.assign(static_cast<std::size_t>(theirs.flow_count), 0.0f);
        if (const auto wider = std::ranges::find(tables_, static_cast<std::int32_t>(o), &Table::owner); wider != tables_.end()) {
            if (theirs.kind == OwnerKind::Table) to = wider->flows;
            for (std::int64_t x = 0; theirs.kind == OwnerKind::LogTable && x < wider->domain; ++x)     // binomial: failures and successes
                for (std::int64_t i = 0; i < wider->width; ++i) {
                    const float flow = wider->flows[static_cast<std::size_t>(x * wider->width + i)];
                    to[static_cast<std::size_t>(i)] += flow * static_cast<float>(wider->domain - 1 - x);
                    to[static_cast<std::size_t>(wider->width + i)] += flow * static_cast<float>(x);
                }
        } else {
            own.resize(static_cast<std::size_t>(owner.flow_count));
            check_engine(table_->read_flows(engine_, owner.flows, owner.flow_count, own.data()));
            if (owner.kind == OwnerKind::Sum) {
                file.resize(static_cast<std::size_t>(flow_size(plan_, *circuit_, static_cast<std::int32_t>(o))));
                flows_from_plan(plan_, *circuit_, static_cast<std::int32_t>(o), own.data(), file.data());
                flows_to_plan(main, circuit, into, file.data(), to.data());
            } else {
                to = own;       // laid out alike
            }
        }
        check_engine(table_->write_flows(engine, theirs.flows, theirs.flow_count, to.data(), 1));
    }
}

void Model::soft_evidence(const juice_rows& rows, const juice_soft& soft, const float* root_flows, bool add_flows, double* log_likelihood, float* gradient) {
    State& s = *state_;
    check_rows(rows, s.plan.variables);
    const std::span variables(soft.variables, static_cast<std::size_t>(soft.variable_count));
    for (std::size_t i = 0; i < variables.size(); ++i) {
        const std::int32_t v = variables[i];
        if (v < 0 || v >= s.plan.variables || (i > 0 && v <= variables[i - 1]))
            fail(JUICE_ERROR_ARGUMENT, "soft.variables[%zu] is %d: it must be a variable, 0 to %d, and above the one before", i, v, s.plan.variables - 1);
        for (std::int32_t id = 0; id < s.circuit->size(); ++id)
            if ((*s.circuit)[id].type == NodeType::Input && (*s.circuit)[id].variable == v && !is_soft(s.circuit->owner(id).distribution.type))
                fail(JUICE_ERROR_ARGUMENT, "soft.variables[%zu] is %d, which has a %s: soft evidence goes with categorical, Bernoulli, binomial and indicator variables", i, v,
                     s.circuit->owner(id).distribution.name());
    }
    const std::unique_lock lock(s.mutex);
    if (!s.soft || !s.soft->is_for(variables)) {
        s.soft.reset();
        s.soft = std::make_shared<SoftModel>(*s.circuit, s.plan, s.table, s.device_index, variables);
    }
    SoftModel& model = *s.soft;
    const std::int64_t values = model.values(), roots = s.plan.roots;
    for (std::int64_t row = 0; row < rows.count; ++row) {
        const float* logs = soft.logs + row * values;
        for (std::int64_t x = 0, first = 0, v = 0; x < values; ++x) {
            if (x == first + s.domains[static_cast<std::size_t>(variables[static_cast<std::size_t>(v)])]) first = x, ++v;
            if ((std::isnan(logs[x]) && !std::isnan(logs[first])) || logs[x] == INFINITY)
                fail(JUICE_ERROR_ARGUMENT, "soft.logs has %g for variable %d in row %lld: logs are finite or -infinity, or NaN from a variable's first on", static_cast<double>(logs[x]),
                     variables[static_cast<std::size_t>(v)], static_cast<long long>(row));
        }
    }
    model.take_parameters(*s.circuit, s.plan, s.engine);
    if (gradient) std::fill(gradient, gradient + rows.count * values, 0.0f);
    RowReader reader(rows, s.domains);
    Batch batch;
    std::vector<double> found, shift;
    for (std::int64_t first = 0; first < rows.count; first += model.rows()) {
        const auto count = std::min(model.rows(), rows.count - first);
        reader.read(nullptr, first, count, batch);
        shift.assign(static_cast<std::size_t>(count), 0.0);
        found.resize(static_cast<std::size_t>(count * roots));
        model.give(batch, soft.logs + first * values, shift.data());
        model.forward(found.data());
        for (std::int64_t i = 0; log_likelihood && i < count * roots; ++i) log_likelihood[first * roots + i] = found[static_cast<std::size_t>(i)] + shift[static_cast<std::size_t>(i / roots)];
        if (!gradient && !add_flows) continue;
        model.backward(batch, root_flows ? root_flows + first * roots : nullptr, gradient ? gradient + first * values : nullptr);
        if (!add_flows) continue;
        model.add_flows(*s.circuit, s.plan, s.engine);
        s.add_mass(batch);
    }
}

}  // namespace juice
