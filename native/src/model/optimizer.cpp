// What optimisers remember from update to update: room for it, in and out of the model, and the rule of each update that follows from it.
#include <cmath>
#include <mutex>

#include "common/error.h"
#include "model/state.h"

namespace juice {

void check_rule(const juice_rule& rule) {
    const auto check = [](bool right, const char* name, float value, const char* must) {
        if (!right) fail(JUICE_ERROR_ARGUMENT, "%s is %g: it must be %s", name, static_cast<double>(value), must);
    };
    const auto positive = [&](float value, const char* name) { check(value > 0 && std::isfinite(value), name, value, "above 0"); };
    if (rule.optimizer < JUICE_EM || rule.optimizer > JUICE_ADAM)
        fail(JUICE_ERROR_ARGUMENT, "optimizer is %d: it must be %d (EM), %d (Anemone), %d (SGD) or %d (Adam)", rule.optimizer, JUICE_EM, JUICE_ANEMONE, JUICE_SGD, JUICE_ADAM);
    if (climbs(rule.optimizer)) positive(rule.step_size, "step_size");
    else check(rule.step_size > 0 && rule.step_size <= 1, "step_size", rule.step_size, "above 0 and at most 1");
    check(rule.pseudocount >= 0 && std::isfinite(rule.pseudocount), "pseudocount", rule.pseudocount, "0 or more");
    positive(rule.min_deviation, "min_deviation");
    positive(rule.min_scale, "min_scale");
    if (rule.optimizer == JUICE_EM) return;
    check(rule.momentum >= 0 && rule.momentum < 1, "momentum", rule.momentum, "at least 0 and below 1");
    check(rule.mass >= 0 && std::isfinite(rule.mass), "mass", rule.mass, "0 (that of the rows seen) or more");
    if (rule.optimizer != JUICE_ADAM) return;
    check(rule.second_momentum >= 0 && rule.second_momentum < 1, "second_momentum", rule.second_momentum, "at least 0 and below 1");
    positive(rule.epsilon, "epsilon");
}

void Model::State::prepare_optimizer(const juice_rule& rule) {
    const Optimizer next{rule.optimizer, moments_of(rule.optimizer, rule.momentum), 0, 0};
    if (next.kind == optimizer.kind && next.moments == optimizer.moments) return;
    micro_batch = optimizer_micro_batch(plan, next.moments, next.kind == JUICE_ANEMONE);
    check_engine(table->make_moments(engine, next.moments, next.kind == JUICE_ANEMONE));
    optimizer = next;
}

UpdateRule Model::State::next_update(const juice_rule& rule, double rows_mass) const {
    UpdateRule next{};
    next.step = rule.step_size;
    next.pseudocount = rule.pseudocount;
    next.min_deviation = rule.min_deviation;
    next.min_scale = rule.min_scale;
    next.optimizer = rule.optimizer;
    next.momentum = rule.momentum;
    next.second_momentum = rule.second_momentum;
    next.epsilon = rule.epsilon;
    next.correction = next.second_correction = 1;
    if (rule.optimizer == JUICE_EM) return next;
    const double m = static_cast<double>(rule.momentum), mass = rule.mass > 0 ? static_cast<double>(rule.mass) : rows_mass;
    const auto updates = static_cast<double>(optimizer.updates + 1);
    if (rule.optimizer != JUICE_SGD) next.correction = static_cast<float>(1 / (1 - std::pow(m, updates)));
    if (rule.optimizer == JUICE_ADAM) next.second_correction = static_cast<float>(1 / (1 - std::pow(static_cast<double>(rule.second_momentum), updates)));
    next.mass = static_cast<float>((m * optimizer.mass + (1 - m) * mass) / (1 - std::pow(m, updates)));
    next.scale = mass > 0 ? static_cast<float>(1 / mass) : 0;
    return next;
}

void Model::State::finish_update(const juice_rule& rule, double rows_mass) {
    if (rule.optimizer == JUICE_EM) return;
    const double m = static_cast<double>(rule.momentum);
    optimizer.mass = m * optimizer.mass + (1 - m) * (rule.mass > 0 ? static_cast<double>(rule.mass) : rows_mass);
    ++optimizer.updates;
}

juice_optimizer Model::optimizer() const {
    const std::shared_lock lock(state_->mutex);
    const State::Optimizer& now = state_->optimizer;
    juice_optimizer answer{};
    answer.size = sizeof answer;
    answer.optimizer = now.kind;
    answer.updates = now.updates;
    answer.mass = now.mass;
    answer.moments = now.moments;
    return answer;
}

void Model::set_optimizer(const juice_optimizer& to) {
    State& s = *state_;
    const std::unique_lock lock(s.mutex);
    juice_rule rule{};
    rule.optimizer = to.optimizer;
    rule.momentum = to.moments > 0 ? 0.5f : 0;      // any that asks for the moments
    if (moments_of(to.optimizer, rule.momentum) != to.moments)
        fail(JUICE_ERROR_ARGUMENT, "moments is %d: optimizer %d keeps no such number", to.moments, to.optimizer);
    s.optimizer.kind = -1;                          // whatever was there goes
    s.prepare_optimizer(rule);
    s.optimizer.updates = to.updates;
    s.optimizer.mass = to.mass;
}

void Model::get_moments(std::int32_t vector, std::int32_t which, float* destination, std::int64_t count) const {
    const State& s = *state_;
    const auto o = s.owner_of(vector, "moments");
    const PlanOwner& owner = s.plan.owners[static_cast<std::size_t>(o)];
    s.check_count(count, flow_size(s.plan, *s.circuit, o), vector, "moments");
    std::vector<float> buffer(static_cast<std::size_t>(owner.flow_count));
    {
        const std::shared_lock lock(s.mutex);
        if (which < 0 || which >= s.optimizer.moments) fail(JUICE_ERROR_ARGUMENT, "which is %d: the optimiser keeps %d moments", which, s.optimizer.moments);
        check_engine(s.table->read_moments(s.engine, which, owner.flows, owner.flow_count, buffer.data()));
    }
    flows_from_plan(s.plan, *s.circuit, o, buffer.data(), destination);
}

void Model::set_moments(std::int32_t vector, std::int32_t which, const float* source, std::int64_t count) {
    State& s = *state_;
    const auto o = s.owner_of(vector, "moments");
    const PlanOwner& owner = s.plan.owners[static_cast<std::size_t>(o)];
    s.check_count(count, flow_size(s.plan, *s.circuit, o), vector, "moments");
    std::vector<float> buffer(static_cast<std::size_t>(owner.flow_count));
    flows_to_plan(s.plan, *s.circuit, o, source, buffer.data());
    const std::unique_lock lock(s.mutex);
    if (which < 0 || which >= s.optimizer.moments) fail(JUICE_ERROR_ARGUMENT, "which is %d: the optimiser keeps %d moments", which, s.optimizer.moments);
    check_engine(s.table->write_moments(s.engine, which, owner.flows, owner.flow_count, buffer.data()));
}

void Model::get_gradient(std::int32_t vector, bool logs, float* destination, std::int64_t count) const {
    const State& s = *state_;
    const auto o = s.owner_of(vector, "parameters");
    const PlanOwner& owner = s.plan.owners[static_cast<std::size_t>(o)];
    s.check_count(count, (*s.circuit)[owner.vector].parameter_count(), vector, "parameters");
    std::vector<float> flows(static_cast<std::size_t>(owner.flow_count)), parameters(static_cast<std::size_t>(owner.parameter_count));
    {
        const std::shared_lock lock(s.mutex);
        check_engine(s.table->read_flows(s.engine, owner.flows, owner.flow_count, flows.data()));
        check_engine(s.table->read_parameters(s.engine, o, parameters.data()));
    }
    gradient_from_plan(s.plan, *s.circuit, o, flows.data(), parameters.data(), logs, destination);
}

}  // namespace juice
