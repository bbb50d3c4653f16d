// Mutual information as the textbook writes it, from codes: sum p log(p / (px py)) over the cells of each pair's table.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace juice::naive {

struct Codes {
    std::int64_t rows = 0;
    std::vector<std::int64_t> categories;           // by variable
    std::vector<std::vector<std::int64_t>> code;    // [variable][row], -1 = missing
    std::vector<double> weights;                    // empty: all 1

    double weight(std::int64_t row) const { return weights.empty() ? 1 : weights[static_cast<std::size_t>(row)]; }
};

inline double pair_information(const Codes& codes, std::size_t x, std::size_t y, double pseudocount) {
    const auto kx = static_cast<std::size_t>(codes.categories[x]), ky = static_cast<std::size_t>(codes.categories[y]);
    std::vector<double> joint(kx * ky, pseudocount), px(kx), py(ky);
    for (std::int64_t i = 0; i < codes.rows; ++i) {
        const auto a = codes.code[x][static_cast<std::size_t>(i)], b = codes.code[y][static_cast<std::size_t>(i)];
        if (a >= 0 && b >= 0) joint[static_cast<std::size_t>(a) * ky + static_cast<std::size_t>(b)] += codes.weight(i);
    }
    double total = 0, information = 0;
    for (std::size_t a = 0; a < kx; ++a) {
        for (std::size_t b = 0; b < ky; ++b) {
            px[a] += joint[a * ky + b];
            py[b] += joint[a * ky + b];
            total += joint[a * ky + b];
        }
    }
    for (std::size_t a = 0; a < kx; ++a) {
        for (std::size_t b = 0; b < ky; ++b) {
            const double n = joint[a * ky + b];
            if (n > 0) information += n / total * std::log(n * total / (px[a] * py[b]));
        }
    }
    return information;
}

inline double entropy(const Codes& codes, std::size_t x, double pseudocount) {
    std::vector<double> counts(static_cast<std::size_t>(codes.categories[x]), pseudocount);
    double total = pseudocount * static_cast<double>(counts.size()), entropy = 0;
    for (std::int64_t i = 0; i < codes.rows; ++i) {
        const auto a = codes.code[x][static_cast<std::size_t>(i)];
        if (a < 0) continue;
        counts[static_cast<std::size_t>(a)] += codes.weight(i);
        total += codes.weight(i);
    }
    for (const double n : counts)
        if (n > 0) entropy -= n / total * std::log(n / total);
    return entropy;
}

}  // namespace juice::naive
