#include "layers.h"

#include "circuit/assembly.h"
#include "common/philox.h"

namespace juice::bench {

namespace {

constexpr std::int64_t blocks = layer_width / layer_block;
constexpr std::size_t sets_together = 8;

std::vector<std::int32_t> some_blocks(double kept, std::uint64_t set) {
    std::vector<std::int32_t> out, in;
    for (std::int64_t i = 0; i < blocks; ++i) {
        const auto sure = static_cast<std::int64_t>(philox(12, set, static_cast<std::uint64_t>(i))[1] % blocks);
        for (std::int64_t j = 0; j < blocks; ++j) {
            const double u = static_cast<double>(philox(13, set, static_cast<std::uint64_t>(i * blocks + j))[0]) * 0x1p-32;
            if (j != sure && u * static_cast<double>(blocks - 1) >= kept * static_cast<double>(blocks) - 1) continue;
            out.push_back(static_cast<std::int32_t>(i));
            in.push_back(static_cast<std::int32_t>(j));
        }
    }
    out.insert(out.end(), in.begin(), in.end());
    return out;
}

}  // namespace

Family sparse_layers(double kept, std::int64_t rows) {
    const Shape shape{blocks, layer_block}, small{1, 64};
    const Distribution bit{DistributionType::Categorical, 2, 0, 0};
    Assembly assembly;
    std::vector<std::int32_t> together, mixed;
    for (std::int32_t set = 0; set < layer_sets; ++set) {
        const std::int32_t a = assembly.input(2 * set, bit, shape), b = assembly.input(2 * set + 1, bit, shape), product = assembly.product({a, b}, shape);
        together.push_back(kept < 1 ? assembly.sum({product}, shape, some_blocks(kept, static_cast<std::uint64_t>(set))) : assembly.sum({product}, shape));
        if (together.size() < sets_together) continue;
        mixed.push_back(assembly.sum({assembly.product(std::move(together), shape)}, small));
        together.clear();
    }
    static_assert(layer_sets % sets_together == 0);
    assembly.sum({assembly.product(std::move(mixed), small)}, {1, 1});
    const std::uint64_t seed = 1;
    constexpr auto variables = static_cast<std::int32_t>(2 * layer_sets);
    Family family{"layers", std::make_shared<const Circuit>(assembly.finish(variables), &seed), {}, {}};
    family.words.resize(static_cast<std::size_t>(rows * variables));
    for (std::size_t i = 0; i < family.words.size(); ++i) family.words[i] = static_cast<std::int32_t>(philox(14, i, 0)[0] & 1u);
    family.rows.size = sizeof family.rows;
    family.rows.element = JUICE_INT;
    family.rows.data = family.words.data();     // where a vector is moved to, its memory goes along
    family.rows.variables = variables;
    family.rows.count = rows;
    return family;
}

double sparse_layers_bytes(double kept, std::int64_t rows) {
    return static_cast<double>(layer_sets * layer_width) * (24.0 * static_cast<double>(rows) + 12.0 * kept * static_cast<double>(layer_width));
}

}  // namespace juice::bench
