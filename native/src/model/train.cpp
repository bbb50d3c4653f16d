// Training: the step in three calls, flows, and an epoch on top.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>

#include "common/error.h"
#include "common/philox.h"
#include "model/feed.h"

namespace juice {

void Model::State::accumulate(std::int64_t rows, const std::function<void(std::int64_t first, std::int64_t count)>& give, const float* root_flows,
                              bool slopes, double* log_likelihood) {
    const auto micro = micro_batch;
    for (std::int64_t first = 0; first < rows; first += micro) {
        give(first, std::min(micro, rows - first));
        check_engine(table->forward(engine, log_likelihood ? log_likelihood + first * plan.roots : nullptr));
        check_engine(table->backward(engine, root_flows ? root_flows + first * plan.roots : nullptr, slopes));
    }
}

void Model::forward(const juice_rows& rows, const std::int64_t* indices, std::int64_t n, double* log_likelihood) {
    State& s = *state_;
    check_rows(rows, s.plan.variables);
    if (n < 1) fail(JUICE_ERROR_ARGUMENT, "n is %lld: it must be at least 1", static_cast<long long>(n));
    if (!indices && n > rows.count) fail(JUICE_ERROR_ARGUMENT, "n is %lld: there are %lld rows", static_cast<long long>(n), static_cast<long long>(rows.count));
    const std::unique_lock lock(s.mutex);
    s.has_batch = s.has_values = false;
    RowReader(rows, s.domains).read(indices, 0, n, s.batch);
    const auto micro = s.micro_batch;
    for (std::int64_t first = 0; first < n; first += micro) {
        const BatchView batch_view = s.view_of(s.batch, first, std::min(micro, n - first));
        check_engine(s.table->rows(s.engine, &batch_view));
        check_engine(s.table->forward(s.engine, log_likelihood ? log_likelihood + first * s.plan.roots : nullptr));
    }
    s.has_batch = true;
    s.has_values = n <= micro;
}

void Model::backward(const float* root_flows) {
    State& s = *state_;
    const std::unique_lock lock(s.mutex);
    if (!s.has_batch) fail(JUICE_ERROR_ARGUMENT, "backward was called before forward: it works on forward's batch");
    if (!root_flows && s.plan.roots != 1) fail(JUICE_ERROR_ARGUMENT, "root_flows is NULL: it must be given for %d roots", s.plan.roots);
    for (std::int64_t i = 0; root_flows && i < s.batch.rows * s.plan.roots; ++i)
        if (!std::isfinite(root_flows[i]))
            fail(JUICE_ERROR_ARGUMENT, "root_flows[%lld] is %g: it must be finite", static_cast<long long>(i), static_cast<double>(root_flows[i]));
    const bool values = std::exchange(s.has_values, false);     // flows take their place
    try {
        if (values) check_engine(s.table->backward(s.engine, root_flows, true));
        else
            s.accumulate(s.batch.rows, [&](std::int64_t first, std::int64_t count) {
                const BatchView batch_view = s.view_of(s.batch, first, count);
                check_engine(s.table->rows(s.engine, &batch_view));
            }, root_flows, true, nullptr);
    } catch (...) {
        s.clear_flows();        // half a batch's would be wrong for whoever goes on
        throw;
    }
    s.add_mass(s.batch);
}

void Model::update(const juice_rule& rule) {
    check_rule(rule);
    State& s = *state_;
    const std::unique_lock lock(s.mutex);
    if (rule.optimizer != JUICE_EM && !(rule.mass > 0) && !(s.mass > 0))
        fail(JUICE_ERROR_ARGUMENT, "rule.mass is 0: it must say what the flows weigh, since backward has seen no rows of any weight since the last update");
    s.prepare_optimizer(rule);
    const UpdateRule next = s.next_update(rule, s.mass);
    s.has_values = false;
    check_engine(s.table->update(s.engine, &next));
    s.finish_update(rule, s.mass);
    s.mass = 0;
}

void Model::set_power(float power) {
    State& s = *state_;
    if (!(power >= 1) || (power > 16 && !std::isinf(power)))
        fail(JUICE_ERROR_ARGUMENT, "power is %g: it must be 1 … 16, or infinity", static_cast<double>(power));
    const std::unique_lock lock(s.mutex);
    check_engine(s.table->set_power(s.engine, power));
    s.power = power;
    s.has_batch = s.has_values = false;
}

// ---- flows ----

std::int64_t Model::flow_count() const { return state_->plan.totals.flows; }

void Model::export_flows(float* destination, std::int64_t count) const {
    if (count != flow_count()) fail(JUICE_ERROR_ARGUMENT, "count is %lld: the flow buffer has %lld floats", static_cast<long long>(count), static_cast<long long>(flow_count()));
    const std::shared_lock lock(state_->mutex);
    check_engine(state_->table->read_flows(state_->engine, 0, count, destination));
}

void Model::import_flows(const float* source, std::int64_t count) {
    if (count != flow_count()) fail(JUICE_ERROR_ARGUMENT, "count is %lld: the flow buffer has %lld floats", static_cast<long long>(count), static_cast<long long>(flow_count()));
    const std::unique_lock lock(state_->mutex);
    check_engine(state_->table->write_flows(state_->engine, 0, count, source, 0));
}

void Model::add_flows(const float* source, std::int64_t count) {
    if (count != flow_count()) fail(JUICE_ERROR_ARGUMENT, "count is %lld: the flow buffer has %lld floats", static_cast<long long>(count), static_cast<long long>(flow_count()));
    const std::unique_lock lock(state_->mutex);
    check_engine(state_->table->write_flows(state_->engine, 0, count, source, 1));
}

void Model::clear_flows() {
    const std::unique_lock lock(state_->mutex);
    check_engine(state_->clear_flows());
}

void Model::get_flows(std::int32_t vector, float* destination, std::int64_t count) const {
    const State& s = *state_;
    const auto o = s.owner_of(vector, "parameter flows");
    const PlanOwner& owner = s.plan.owners[static_cast<std::size_t>(o)];
    s.check_count(count, flow_size(s.plan, *s.circuit, o), vector, "parameter flows");
    std::vector<float> buffer(static_cast<std::size_t>(owner.flow_count));
    {
        const std::shared_lock lock(s.mutex);
        check_engine(s.table->read_flows(s.engine, owner.flows, owner.flow_count, buffer.data()));
    }
    flows_from_plan(s.plan, *s.circuit, o, buffer.data(), destination);
}

void Model::set_flows(std::int32_t vector, const float* source, std::int64_t count) {
    State& s = *state_;
    const auto o = s.owner_of(vector, "parameter flows");
    const PlanOwner& owner = s.plan.owners[static_cast<std::size_t>(o)];
    s.check_count(count, flow_size(s.plan, *s.circuit, o), vector, "parameter flows");
    std::vector<float> buffer(static_cast<std::size_t>(owner.flow_count));
    flows_to_plan(s.plan, *s.circuit, o, source, buffer.data());
    const std::unique_lock lock(s.mutex);
    check_engine(s.table->write_flows(s.engine, owner.flows, owner.flow_count, buffer.data(), 0));
}

// Node flows are element flow sums, added up over whoever reads the vector.
void Model::get_node_flows(std::int32_t vector, float* destination, std::int64_t count) const {
    const State& s = *state_;
    if (vector < 0 || vector >= s.circuit->size()) fail(JUICE_ERROR_ARGUMENT, "vector is %d: the circuit has vectors 0 to %d", vector, s.circuit->size() - 1);
    s.check_count(count, (*s.circuit)[vector].nodes(), vector, "nodes");
    const std::shared_lock lock(s.mutex);
    std::vector<double> total(static_cast<std::size_t>(count), 0.0);
    node_flows(s.plan, *s.circuit, vector, [&](std::int64_t offset, std::int64_t floats, float* to) {
        check_engine(s.table->read_flows(s.engine, offset, floats, to));
    }, total.data());
    for (std::int64_t i = 0; i < count; ++i) destination[i] = static_cast<float>(total[static_cast<std::size_t>(i)]);
}

// ---- epochs ----

namespace {

// Fisher and Yates, drawn from (seed, epoch).
void shuffle(std::vector<std::int64_t>& order, std::uint64_t seed, std::int32_t epoch) {
    for (auto i = static_cast<std::int64_t>(order.size()) - 1; i > 0; --i) {
        const auto words = philox(seed, 0x5u << 28 | static_cast<std::uint32_t>(epoch), static_cast<std::uint64_t>(i));
        const std::uint64_t word = static_cast<std::uint64_t>(words[0]) << 32 | words[1];
        std::swap(order[static_cast<std::size_t>(i)], order[word % static_cast<std::uint64_t>(i + 1)]);
    }
}

}  // namespace

juice_epoch_result Model::fit_epoch(const juice_rows& rows, const juice_epoch_options& options) {
    State& s = *state_;
    check_rows(rows, s.plan.variables);
    if (s.plan.roots != 1) fail(JUICE_ERROR_ARGUMENT, "the circuit has %d roots: fit_epoch trains one; use forward, backward and update with root flows", s.plan.roots);
    if (rows.count < 1) fail(JUICE_ERROR_ARGUMENT, "rows holds %lld rows: it must hold at least 1", static_cast<long long>(rows.count));
    if (options.batch_size < 1) fail(JUICE_ERROR_ARGUMENT, "batch_size is %lld: it must be at least 1", static_cast<long long>(options.batch_size));
    juice_rule rule = options.rule;
    if (!options.step_sizes) check_rule(rule);
    const auto size = std::min(options.batch_size, rows.count);
    const auto updates = options.full_batch ? 1 : (rows.count + size - 1) / size;
    if (options.step_sizes && options.step_count != updates)
        fail(JUICE_ERROR_ARGUMENT, "step_count is %lld: this epoch has %lld updates", static_cast<long long>(options.step_count), static_cast<long long>(updates));
    for (std::int64_t i = 0; options.step_sizes && i < options.step_count; ++i) {
        rule.step_size = options.step_sizes[i];
        check_rule(rule);
    }

    const std::unique_lock lock(s.mutex);
    s.prepare_optimizer(rule);
    // The epoch's own power, and the model's again however it ends.
    struct Power {
        State& state;
        explicit Power(State& s, float power) : state(s) { check_engine(s.table->set_power(s.engine, power)); }
        ~Power() { state.table->set_power(state.engine, state.power); }
    };
    std::optional<Power> power;
    if (options.power != 0 && options.power != s.power) power.emplace(s, options.power);
    const bool slopes = climbs(rule.optimizer);
    const auto start = std::chrono::steady_clock::now();
    s.has_batch = s.has_values = false;
    check_engine(s.clear_flows());
    std::vector<std::int64_t> order;
    if (options.shuffle) {
        order.resize(static_cast<std::size_t>(rows.count));
        std::iota(order.begin(), order.end(), std::int64_t{0});
        shuffle(order, options.seed, options.epoch);
    }
    // However the epoch ends, it leaves no flows behind.
    struct Clear {
        State& state;
        ~Clear() { state.clear_flows(); }
    } const clear{s};
    Feed feed(s, rows, options.shuffle ? order.data() : nullptr, size);
    std::vector<double> logs(static_cast<std::size_t>(size));
    juice_epoch_result result{};
    result.size = sizeof result;
    double total = 0, weight = 0;
    // Counts a batch whose log-likelihoods are there.
    const auto finish = [&](std::int64_t b) {
        for (std::int64_t i = 0; i < feed.count(b); ++i) {
            const double w = feed.weight(b, i);
            if (std::isinf(logs[static_cast<std::size_t>(i)])) {
                ++result.impossible_rows;
                continue;
            }
            total += w * logs[static_cast<std::size_t>(i)];
            weight += w;
        }
        result.rows += feed.count(b);
        result.log_likelihood = weight > 0 ? total / weight : -std::numeric_limits<double>::infinity();
        if (options.progress && options.progress(result.rows, rows.count, result.log_likelihood, options.user) != 0)
            fail(JUICE_ERROR_CANCELLED, "cancelled after %lld of %lld rows", static_cast<long long>(result.rows), static_cast<long long>(rows.count));
    };
    const auto updated = [&] {
        s.finish_update(rule, s.mass);
        s.mass = 0;
    };
    std::int64_t under_way = -1;        // a batch whose step is not waited for
    const auto catch_up = [&] {
        if (under_way < 0) return;
        check_engine(s.table->logs(s.engine, logs.data()));
        finish(std::exchange(under_way, -1));
    };
    for (std::int64_t b = 0; b < feed.batches(); ++b) {
        const std::int64_t count = feed.count(b);
        feed.prepare(b);
        if (options.step_sizes) rule.step_size = options.step_sizes[options.full_batch ? 0 : b];
        if (rule.optimizer != JUICE_EM)
            for (std::int64_t i = 0; i < count; ++i) s.mass += feed.weight(b, i);
        const UpdateRule next = s.next_update(rule, s.mass);
        const bool at_once = !options.full_batch && count <= s.micro_batch;
        if (at_once && feed.ahead()) {
            feed.give(b, 0, count);
            check_engine(s.table->step_later(s.engine, &next));
            updated();
            catch_up();
            under_way = b;
            continue;
        }
        catch_up();
        if (at_once) {
            feed.give(b, 0, count);
            check_engine(s.table->step(s.engine, &next, logs.data()));
            updated();
        } else {
            s.accumulate(count, [&](std::int64_t first, std::int64_t part) { feed.give(b, first, part); }, nullptr, slopes, logs.data());
            if (!options.full_batch) {
                check_engine(s.table->update(s.engine, &next));
                updated();
            }
        }
        finish(b);
    }
    catch_up();
    if (options.full_batch) {
        const UpdateRule next = s.next_update(rule, s.mass);
        check_engine(s.table->update(s.engine, &next));
        updated();
    }
    check_engine(s.table->settle(s.engine));        // always, so that whoever goes on from a copy of the parameters gets the same bits
    result.steps = updates;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

}  // namespace juice
