// Gradients by parameters: what follows from flows and statistics, distribution by distribution (juice.h, section 7).
#include <vector>

#include "plan/layout.h"

namespace juice {

namespace {

using Column = std::vector<float>;

// F / theta where the parameter is free, F − theta · ΣF of its node where its log is. `node` names the node of a parameter.
template <class Node>
void weights_gradient(const float* flows, const Column& theta, bool logs, std::int64_t nodes, Node node, float* gradient) {
    std::vector<double> total(static_cast<std::size_t>(nodes), 0.0);
    const auto count = static_cast<std::int64_t>(theta.size());
    for (std::int64_t p = 0; p < count && logs; ++p) total[static_cast<std::size_t>(node(p))] += static_cast<double>(flows[p]);
    for (std::int64_t p = 0; p < count; ++p) {
        const auto weight = static_cast<double>(theta[static_cast<std::size_t>(p)]), flow = static_cast<double>(flows[p]);
        gradient[p] = weight == 0 ? 0 : static_cast<float>(logs ? flow - weight * total[static_cast<std::size_t>(node(p))] : flow / weight);
    }
}

// Of one node of an input, but for a categorical one: flows and parameters are its columns.
void node_gradient(const PlanOwner& owner, const double* f, const double* theta, bool logs, float* gradient) {
    const auto set = [&](double first, double second) {
        gradient[0] = static_cast<float>(first);
        gradient[1] = static_cast<float>(second);
    };
    const double spread = theta[1];
    switch (owner.distribution) {
        case DistributionType::Bernoulli:
        case DistributionType::Binomial: {
            const double p = theta[0], q = 1 - p;
            gradient[0] = static_cast<float>(logs ? f[1] * q - f[0] * p : p > 0 && q > 0 ? f[1] / p - f[0] / q : 0);
            return;
        }
        case DistributionType::Gaussian: {
            const double by_log = f[2] / (spread * spread) - f[0];
            set(f[1] / (spread * spread), logs ? by_log : by_log / spread);
            return;
        }
        case DistributionType::DiscreteLogistic: set(f[3] / spread, logs ? f[4] : f[4] / spread); return;
        case DistributionType::Categorical:
        case DistributionType::Indicator: return;
    }
}

}  // namespace

void gradient_from_plan(const Plan& plan, const Circuit& circuit, std::int32_t o, const float* flows, const float* parameters, bool logs, float* file) {
    const PlanOwner& owner = plan.owners[static_cast<std::size_t>(o)];
    const Vector& vector = circuit[owner.vector];
    const auto count = vector.parameter_count();
    Column theta(static_cast<std::size_t>(count));
    parameters_from_plan(plan, circuit, o, parameters, theta.data());
    if (owner.kind == OwnerKind::Sum || owner.distribution == DistributionType::Categorical) {
        Column own(static_cast<std::size_t>(count));
        flows_from_plan(plan, circuit, o, flows, own.data());
        if (owner.kind != OwnerKind::Sum) {
            weights_gradient(own.data(), theta, logs, owner.nodes, [&](std::int64_t p) { return p / owner.domain; }, file);
            return;
        }
        const std::int64_t k = vector.child_block_size, block = vector.block_size * k;
        weights_gradient(own.data(), theta, logs, owner.nodes, [&](std::int64_t p) {
            const std::int64_t e = p / block, row = vector.wired ? vector.edges[static_cast<std::size_t>(e)] : e / vector.child_blocks;
            return row * vector.block_size + p % block / k;
        }, file);
        return;
    }
    if (owner.distribution == DistributionType::Indicator) return;
    const std::int64_t width = std::int64_t{owner.panels} * panel, each = count / owner.nodes, columns = owner.flow_count / width;
    for (std::int32_t i = 0; i < owner.nodes; ++i) {
        double f[5] = {}, values[2] = {};
        for (std::int64_t c = 0; c < columns && c < 5; ++c) f[c] = static_cast<double>(flows[c * width + i]);
        for (std::int64_t c = 0; c < each; ++c) values[c] = static_cast<double>(theta[static_cast<std::size_t>(i * each + c)]);
        node_gradient(owner, f, values, logs, file + i * each);
    }
}

}  // namespace juice
