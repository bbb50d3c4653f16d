// Rows that a circuit finds plausible, drawn top-down, and the two structures that the tests come back to: HMM and HCLT.
#include "reference/some.h"

#include <algorithm>
#include <cmath>

#include "circuit/build.h"
#include "reference/maker.h"
#include "reference/reference.h"

namespace juice::Some {

namespace {

class Sampler {
public:
    Sampler(const Circuit& circuit, Random& random) : circuit_(circuit), random_(random), edges_(static_cast<std::size_t>(circuit.size())) {
        for (std::int32_t id = 0; id < circuit.size(); ++id) {
            if (circuit[id].type != NodeType::Sum) continue;
            std::vector<Choices>& nodes = edges_[static_cast<std::size_t>(id)];
            nodes.resize(static_cast<std::size_t>(circuit[id].nodes()));
            for_each_sum_edge(circuit, id, [&](std::int64_t p, std::int64_t node, std::int32_t child, std::int64_t child_node) {
                Choices& choices = nodes[static_cast<std::size_t>(node)];
                choices.weights.push_back(circuit.owner(id).parameters[static_cast<std::size_t>(p)]);
                choices.below.emplace_back(child, child_node);
            });
        }
    }

    void draw(std::int32_t id, std::int64_t node, double* row) {
        const Vector& vector = circuit_[id];
        if (vector.type == NodeType::Input) {
            row[vector.variable] = draw_input(circuit_.owner(id), node);
        } else if (vector.type == NodeType::Product) {
            for (std::size_t c = 0; c < vector.children.size(); ++c) draw(vector.children[c], product_child_node(vector, node, c), row);
        } else {
            const Choices& choices = edges_[static_cast<std::size_t>(id)][static_cast<std::size_t>(node)];
            const auto [child, child_node] = choices.below[random_.weighted(choices.weights)];
            draw(child, child_node, row);
        }
    }

    // Anywhere in the variable's domain.
    double wild(std::int32_t variable) {
        const std::int64_t domain = circuit_.distribution_of(variable).domain();
        return domain == 0 ? as_float(4 * random_.normal()) : static_cast<double>(random_.below(domain));
    }

private:
    struct Choices {
        std::vector<double> weights;
        std::vector<std::pair<std::int32_t, std::int64_t>> below;
    };

    static double as_float(double x) { return static_cast<float>(x); }      // engines read float32

    double draw_input(const Vector& owner, std::int64_t node) {
        const Distribution& d = owner.distribution;
        const auto per_node = d.parameters_per_node();
        const float* theta = owner.parameters.data() + node * per_node;
        switch (d.type) {
            case DistributionType::Categorical: return static_cast<double>(random_.weighted(std::vector<double>(theta, theta + per_node)));
            case DistributionType::Bernoulli: return random_.chance(theta[0]) ? 1 : 0;
            case DistributionType::Binomial: {
                double x = 0;
                for (std::int32_t trial = 0; trial < d.count; ++trial) x += random_.chance(theta[0]) ? 1 : 0;
                return x;
            }
            case DistributionType::Gaussian: return as_float(theta[0] + theta[1] * random_.normal());
            case DistributionType::DiscreteLogistic: {
                const double u = random_.uniform(), x = theta[0] + theta[1] * std::log(u / (1 - u));
                return std::clamp(std::floor((x - d.low) / (d.high - d.low) * d.count), 0.0, d.count - 1.0);
            }
            case DistributionType::Indicator: return static_cast<double>(node);
        }
        return 0;
    }

    const Circuit& circuit_;
    Random& random_;
    std::vector<std::vector<Choices>> edges_;
};

std::vector<float> transition_weights(Random& random, Transition kind, std::int64_t states) {
    if (kind == Transition::Random) return random_weights(random, 1, states, 1, states, {}, false, 1.0);
    std::vector<float> weights(static_cast<std::size_t>(states * states));
    for (std::int64_t i = 0; i < states; ++i) {
        if (kind == Transition::Identity || states == 1) {
            weights[static_cast<std::size_t>(i * states + i)] = 1.0f;
        } else {        // stay with 0.75, step on with 0.25; the last state stays
            weights[static_cast<std::size_t>(i * states + i)] = i + 1 < states ? 0.75f : 1.0f;
            if (i + 1 < states) weights[static_cast<std::size_t>(i * states + i + 1)] = 0.25f;
        }
    }
    return weights;
}

std::vector<float> emissions(Random& random, const HmmOptions& options) {
    if (options.categories > 0) return random_inputs(random, {DistributionType::Categorical, options.categories}, options.states, false);
    std::vector<float> parameters;
    for (std::int64_t i = 0; i < options.states; ++i) {
        parameters.push_back(5.0f * static_cast<float>(i));
        parameters.push_back(0.3f);
    }
    return parameters;
}

}  // namespace

Table rows(const Circuit& circuit, std::int64_t count, std::uint64_t seed, double missing, double wild) {
    Random random(seed);
    Sampler sampler(circuit, random);
    Table table;
    table.variables = circuit.variables();
    table.values.resize(static_cast<std::size_t>(count * circuit.variables()));
    for (std::int64_t r = 0; r < count; ++r) {
        sampler.draw(circuit.root(), random.below(circuit.roots()), table.row(r));
        for (std::int32_t v = 0; v < circuit.variables(); ++v) {
            if (random.chance(wild)) table.row(r)[v] = sampler.wild(v);
            if (missing > 0 && (r == 0 || random.chance(missing))) table.row(r)[v] = Table::missing;
        }
    }
    return table;
}

Table every_row(const Circuit& circuit) {
    Table table;
    table.variables = circuit.variables();
    std::vector<double> row(static_cast<std::size_t>(circuit.variables()));
    for (std::size_t v = 0; v < row.size();) {
        table.add(row);
        for (v = 0; v < row.size(); ++v) {      // an odometer: the first variable runs fastest
            if (++row[v] < static_cast<double>(circuit.distribution_of(static_cast<std::int32_t>(v)).domain())) break;
            row[v] = 0;
        }
    }
    return table;
}

std::vector<float> weights(std::int64_t count, std::uint64_t seed) {
    Random random(seed);
    std::vector<float> drawn;
    for (std::int64_t r = 0; r < count; ++r) drawn.push_back(random.chance(0.1) ? 0.0f : static_cast<float>(random.between(0.1, 3.0)));
    return drawn;
}

std::shared_ptr<const Circuit> hmm(const HmmOptions& options) {
    Random random(options.seed);
    Maker maker(options.length);
    const Distribution emission = options.categories > 0 ? Distribution{DistributionType::Categorical, options.categories}
                                                         : Distribution{DistributionType::Gaussian};
    std::int32_t first_input = -1, first_sum = -1, below = -1;
    for (std::int32_t t = options.length - 1; t >= 0; --t) {
        const std::int32_t input = options.tied && first_input >= 0 ? maker.tied_input(t, first_input)
                                                                    : maker.input(t, emission, 1, options.states, emissions(random, options));
        if (first_input < 0) first_input = input;
        const std::int32_t node = below < 0 ? input : maker.product({input, below}, 1);
        if (t == 0) {
            const std::int32_t root = maker.sum({node}, 1, 1, random_weights(random, 1, 1, 1, options.states, {}, false, 1.0));
            return maker.make(root);
        }
        below = options.tied && first_sum >= 0 ? maker.tied_sum({node}, first_sum)
                                               : maker.sum({node}, 1, options.states, transition_weights(random, options.transition, options.states));
        if (first_sum < 0) first_sum = below;
    }
    return nullptr;
}

std::shared_ptr<const Circuit> hclt(const std::vector<Distribution>& distributions, std::int32_t latents, std::uint64_t seed) {
    Random random(seed);
    const auto variables = static_cast<std::int32_t>(distributions.size());
    std::vector<std::int32_t> parents{-1};
    for (std::int32_t v = 1; v < variables; ++v)     // mostly a near variable, so that the tree is deep as well as wide
        parents.push_back(static_cast<std::int32_t>(random.chance(0.5) ? v - 1 : random.below(v)));
    std::vector<juice_distribution> plain;
    for (const Distribution& d : distributions) plain.push_back({static_cast<std::int32_t>(d.type), d.count, d.low, d.high});
    juice_hclt_options options{};
    options.size = sizeof options;
    options.variables = variables;
    options.parents = parents.data();
    options.distributions = plain.data();
    options.latents = latents;
    options.seed = seed;
    return juice::hclt(options);
}

std::shared_ptr<const Circuit> hclt(std::int32_t variables, std::int32_t latents, std::int32_t categories, std::uint64_t seed) {
    return hclt(std::vector<Distribution>(static_cast<std::size_t>(variables), {DistributionType::Categorical, categories}), latents, seed);
}

}  // namespace juice::Some
