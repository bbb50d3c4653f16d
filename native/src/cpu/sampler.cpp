#include "cpu/sampler.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "common/philox.h"

namespace juice::cpu {

namespace {

using Words = std::array<std::uint32_t, 4>;

// [0, 1), from 53 bits.
double uniform(std::uint32_t high, std::uint32_t low) { return static_cast<double>((std::uint64_t{high} << 32 | low) >> 11) * 0x1p-53; }

// Box and Muller, from all four words.
double normal(const Words& words) {
    const double u = 1 - uniform(words[0], words[1]);       // (0, 1]
    return std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * uniform(words[2], words[3]));
}

// 1 / temperature, kept within what a float's products with logs can bear: past these bounds every choice is uniform, or the likeliest.
double power_of(double temperature) { return std::clamp(1 / temperature, 1e-30, 1e30); }

}  // namespace

Sampler::Sampler(const PlanView& plan, const std::vector<std::vector<std::int32_t>>& variables_of, std::int64_t group_rows)
    : plan_(plan), variables_of_(variables_of), workspace_(plan, group_rows, true), scratch_(plan, group_rows),
      nodes_(static_cast<std::size_t>(plan.operation_count * tile)), owners_(static_cast<std::size_t>(plan.variables * tile)), owner_nodes_(owners_.size()) {
    choices_.reserve(static_cast<std::size_t>(tile));
}

bool Sampler::possible(std::int64_t row, std::int32_t root) const {
    const PlanOperation& operation = plan_.operations[plan_.root];
    const float value = run_.values[(operation.train_values + root / panel) * run_.stride + row * panel + root % panel];
    return run_.log_rows[plan_.root * run_.rows16 + row] ? value > -INFINITY : value > 0;
}

std::int64_t Sampler::forward(const Kernels& kernels, const Run& base, std::int64_t first, std::int64_t rows, const SampleJob& job) {
    if (call_ == job.call && first_row_ == first) return impossible_;
    call_ = job.call;
    first_row_ = first;
    impossible_ = -1;
    run_ = base;
    run_.training = 1;
    workspace_.attach(run_, rows);
    const auto count = static_cast<std::int32_t>(plan_.operation_count);
    for (std::int32_t o = 0; o < count; ++o) kernels.forward(run_, o, o + 1 < count ? o + 1 : -1, scratch_.get());
    for (std::int64_t row = 0; row < rows && impossible_ < 0; ++row)
        if (!possible(row, job.options.roots ? job.options.roots[first + row] : job.options.root)) impossible_ = first + row;
    return impossible_;
}

void Sampler::follow(const PlanSegment& segment, std::int64_t place, std::int64_t sample) {
    for (auto f = segment.factor_begin; f < segment.factor_end; ++f) {
        const PlanFactor& factor = plan_.factors[f];
        std::int64_t node = place;
        if (factor.mapping == Mapping::Panels) node = plan_.maps[factor.map + place / panel] * panel + place % panel;
        else if (factor.mapping == Mapping::Nodes) node = plan_.maps[factor.map + place];
        if (factor.kind == FactorKind::Values) {
            nodes_[static_cast<std::size_t>(factor.source * tile + sample)] = static_cast<std::int32_t>(node);
        } else {
            const auto at = static_cast<std::size_t>(factor.variable * tile + sample);
            owners_[at] = factor.source;
            owner_nodes_[at] = static_cast<std::int32_t>(node);
        }
    }
}

void Sampler::draw(const Kernels& kernels, std::int64_t first, std::int64_t count, const SampleJob& job) {
    const SampleOptions& options = job.options;
    const double power = power_of(options.temperature);
    std::fill(nodes_.begin(), nodes_.end(), -1);
    std::fill(owners_.begin(), owners_.end(), -1);
    for (std::int64_t s = 0; s < count; ++s)
        nodes_[static_cast<std::size_t>(plan_.root * tile + s)] = options.roots ? options.roots[(first + s) / options.per_row] : options.root;

    for (auto o = static_cast<std::int32_t>(plan_.operation_count); o-- > 0;) {     // parents come before what they read
        const PlanOperation& operation = plan_.operations[o];
        const std::int32_t* met = nodes_.data() + static_cast<std::int64_t>(o) * tile;
        const PlanSegment* segments = plan_.segments + operation.segment_begin;
        if (operation.kind == Operation::Input) {
            for (std::int64_t s = 0; s < count; ++s) {
                if (met[s] < 0) continue;
                owners_[static_cast<std::size_t>(operation.variable * tile + s)] = operation.owner;
                owner_nodes_[static_cast<std::size_t>(operation.variable * tile + s)] = met[s];
            }
            continue;
        }
        if (operation.kind == Operation::Product) {
            for (std::int64_t s = 0; s < count; ++s)
                if (met[s] >= 0) follow(*segments, met[s], s);
            continue;
        }
        choices_.clear();
        for (std::int64_t s = 0; s < count; ++s) {
            if (met[s] < 0) continue;
            const std::int64_t sample = first + s;
            const Words words = philox(options.seed, static_cast<std::uint64_t>(options.first + sample), sample_edge | static_cast<std::uint32_t>(operation.vector));
            choices_.push_back({static_cast<std::int32_t>(s), static_cast<std::int32_t>(sample / options.per_row - first_row_), met[s], -1, uniform(words[0], words[1])});
        }
        if (choices_.empty()) continue;
        kernels.choose(run_, o, power, choices_.data(), static_cast<std::int64_t>(choices_.size()), scratch_.get());
        for (const Choice& choice : choices_) {
            if (choice.position < 0) throw std::logic_error("a node of a possible row has no possible edge");
            const PlanSegment* segment = segments;
            while (choice.position >= (segment->first_panel + segment->panels) * panel) ++segment;
            follow(*segment, choice.position - segment->first_panel * panel, choice.sample);
        }
    }
    for (std::int32_t o = 0; o < plan_.owner_count; ++o)
        if (!variables_of_[static_cast<std::size_t>(o)].empty()) draw_owner(kernels, o, first, count, job);
}

// What this input gives to the tile: values that are observed as they are, the others drawn, panel by panel.
void Sampler::draw_owner(const Kernels& kernels, std::int32_t o, std::int64_t first, std::int64_t count, const SampleJob& job) {
    const PlanOwner& owner = plan_.owners[o];
    const SampleOptions& options = job.options;
    const bool gaussian = owner.kind == OwnerKind::Gaussian;
    draws_.clear();
    for (const std::int32_t variable : variables_of_[static_cast<std::size_t>(o)]) {
        const std::int32_t* codes = run_.codes + variable * run_.line;
        const float* reals = run_.reals ? run_.reals + variable * run_.line : nullptr;
        for (std::int64_t s = 0; s < count; ++s) {
            const auto at = static_cast<std::size_t>(variable * tile + s);
            if (owners_[at] != o) continue;
            const std::int64_t sample = first + s, row = sample / options.per_row - first_row_, to = variable * job.samples.line + sample;
            const bool missing = gaussian ? std::isnan(reals[row]) : codes[row] < 0;
            if (!missing) {
                if (gaussian) job.samples.reals[to] = reals[row];
                else job.samples.codes[to] = codes[row];
                continue;
            }
            const Words words = philox(options.seed, static_cast<std::uint64_t>(options.first + sample), sample_value | static_cast<std::uint32_t>(variable));
            const std::int32_t node = owner_nodes_[at];
            if (gaussian) {
                const float *means = run_.parameters + owner.parameters, *deviations = means + owner.panels * panel;
                const double drawn = static_cast<double>(means[node]) + std::sqrt(options.temperature) * static_cast<double>(deviations[node]) * normal(words);
                job.samples.reals[to] = static_cast<float>(std::clamp(drawn, -farthest_sample, farthest_sample));
            } else {
                draws_.push_back({static_cast<std::int32_t>(s), variable, node, -1, uniform(words[0], words[1])});
            }
        }
    }
    if (draws_.empty()) return;
    // By panel, so that each panel of the table is read once.
    starts_.assign(static_cast<std::size_t>(owner.panels) + 1, 0);
    for (const Draw& draw : draws_) ++starts_[static_cast<std::size_t>(draw.node / panel) + 1];
    for (std::size_t p = 1; p < starts_.size(); ++p) starts_[p] += starts_[p - 1];
    sorted_.resize(draws_.size());
    for (const Draw& draw : draws_) sorted_[static_cast<std::size_t>(starts_[static_cast<std::size_t>(draw.node / panel)]++)] = draw;
    std::int64_t begin = 0;
    for (std::size_t p = 0; p + 1 < starts_.size(); begin = starts_[p++])
        if (starts_[p] > begin) kernels.draw(run_, o, power_of(options.temperature), sorted_.data() + begin, starts_[p] - begin, scratch_.get());
    for (const Draw& draw : sorted_) job.samples.codes[draw.variable * job.samples.line + first + draw.sample] = draw.value;
}

}  // namespace juice::cpu
