#include "families.h"

#include <algorithm>
#include <cmath>

#include "circuit/build.h"
#include "common/error.h"
#include "common/philox.h"

namespace juice::bench {

namespace {

constexpr std::int32_t length = 32, vocabulary = 50257;

// Word n (from 1) as often as 1/n: the inverse of the logarithmic distribution function.
std::vector<std::int32_t> draw_words(std::int64_t count) {
    std::vector<std::int32_t> words(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < words.size(); ++i) {
        const double u = static_cast<double>(philox(11, i, 0)[0]) * 0x1p-32;
        words[i] = std::min(vocabulary, static_cast<std::int32_t>(std::exp(u * std::log(vocabulary + 1.0)))) - 1;
    }
    return words;
}

std::shared_ptr<const Circuit> rat_spn_of(const std::vector<juice_distribution>& pixels, std::int32_t latents) {
    juice_rat_spn_options structure{};
    structure.size = sizeof structure;
    structure.variables = static_cast<std::int32_t>(pixels.size());
    structure.distributions = pixels.data();
    structure.latents = latents;
    structure.seed = 1;
    structure.depth = 5;
    structure.repetitions = structure.pieces = 2;
    return rat_spn(structure);
}

std::shared_ptr<const Circuit> poon_domingos_of(const std::vector<juice_distribution>& pixels, std::int32_t latents) {
    const std::int32_t shape[2] = {28, 28}, intervals[2] = {4, 4};
    juice_poon_domingos_options structure{};
    structure.size = sizeof structure;
    structure.axes = 2;
    structure.shape = shape;
    structure.distributions = pixels.data();
    structure.latents = latents;
    structure.seed = 1;
    structure.intervals = intervals;
    structure.block_size = 32;
    structure.most_splits = 8;
    return poon_domingos(structure);
}

std::shared_ptr<const Circuit> hmm_of(std::int32_t latents) {
    const std::vector<juice_distribution> words(length, {JUICE_CATEGORICAL, vocabulary, 0, 0});
    juice_hmm_options structure{};
    structure.size = sizeof structure;
    structure.variables = length;
    structure.distributions = words.data();
    structure.latents = latents;
    structure.seed = 1;
    structure.homogeneous = 1;
    return hmm(structure);
}

}  // namespace

Family family_of(const std::string& name, const Images& images, const std::vector<std::int32_t>& parents, std::int32_t latents, std::int64_t rows) {
    const std::vector<juice_distribution> pixels(static_cast<std::size_t>(images.variables), {JUICE_CATEGORICAL, 256, 0, 0});
    Family family{name, nullptr, images.rows(), {}};
    if (name == "hclt") family.circuit = hclt_of(images, parents, latents);
    else if (name == "rat-spn") family.circuit = rat_spn_of(pixels, latents);
    else if (name == "pd") family.circuit = poon_domingos_of(pixels, latents);
    else if (name == "hmm") family.circuit = hmm_of(latents);
    else fail(JUICE_ERROR_ARGUMENT, "structure is '%s': it is hclt, rat-spn, pd or hmm", name.c_str());
    if (name != "hmm") return family;
    family.words = draw_words(rows * length);
    family.rows.element = JUICE_INT;
    family.rows.data = family.words.data();     // where a vector is moved to, its memory goes along
    family.rows.variables = length;
    family.rows.count = rows;
    return family;
}

}  // namespace juice::bench
