// Chow-Liu trees of those of the twenty binary data sets whose test log-likelihood is known to many digits and hangs on no tie.
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

#include "rows/some_rows.h"
#include "structure/tree.h"

namespace juice {
namespace {

some::Rows<std::uint8_t> read_binary(const std::string& path) {
    gzFile file = gzopen(path.c_str(), "rb");
    if (!file) throw std::runtime_error("cannot open " + path);
    std::vector<std::uint8_t> values;
    std::int64_t lines = 0;
    for (int c; (c = gzgetc(file)) != -1;) {
        if (c == '0' || c == '1') values.push_back(static_cast<std::uint8_t>(c - '0'));
        lines += c == '\n';
    }
    gzclose(file);
    const auto variables = static_cast<std::int32_t>(static_cast<std::int64_t>(values.size()) / lines);
    return some::dense<std::uint8_t>(variables, std::move(values));
}

// Mean over `test` of the tree's log-likelihood, its parameters counted in `train` with +1 on each of a pair's four cells.
double log_likelihood(const std::vector<std::int32_t>& parents, some::Rows<std::uint8_t>& train, some::Rows<std::uint8_t>& test) {
    double sum = 0;
    for (std::int32_t v = 0; v < train.variables; ++v) {
        const std::int32_t p = parents[static_cast<std::size_t>(v)];
        double seen[2][2] = {{1, 1}, {1, 1}}, asked[2][2] = {};      // [parent][variable]; the root is its own parent, of value 0
        for (std::int64_t i = 0; i < train.count; ++i) ++seen[p < 0 ? 0 : train.at(i, p)][train.at(i, v)];
        for (std::int64_t i = 0; i < test.count; ++i) ++asked[p < 0 ? 0 : test.at(i, p)][test.at(i, v)];
        if (p < 0) seen[0][0] += 1, seen[0][1] += 1;                 // a marginal gets +2
        for (int a = 0; a < 2; ++a)
            for (int b = 0; b < 2; ++b)
                if (asked[a][b] > 0) sum += asked[a][b] * std::log(seen[a][b] / (seen[a][0] + seen[a][1]));
    }
    return sum / static_cast<double>(test.count);
}

class ChowLiu : public testing::TestWithParam<std::pair<const char*, double>> {};

TEST_P(ChowLiu, ReachesTheKnownLogLikelihood) {
    const char* data = std::getenv("JUICE_DATA");
    if (!data) GTEST_SKIP() << "JUICE_DATA is not set: the data sets are not here";
    const std::string base = std::string(data) + "/twenty/" + GetParam().first;
    auto train = read_binary(base + ".ts.data.gz"), test = read_binary(base + ".test.data.gz");
    juice_tree_options options{};
    options.size = sizeof options;
    options.pseudocount = 1;
    const auto information = mutual_information(train.view(), options);
    const auto parents = maximum_spanning_tree(information.data(), train.variables);
    EXPECT_NEAR(log_likelihood(parents, train, test), GetParam().second, 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Twenty, ChowLiu,
                         testing::Values(std::pair{"nltcs", -6.759044665015}, std::pair{"msnbc", -6.540127355064}, std::pair{"plants", -16.524015044253},
                                         std::pair{"jester", -58.226531938293}, std::pair{"bnetflix", -60.250345950636},
                                         std::pair{"accidents", -33.188110429839}, std::pair{"dna", -87.734776127789}),
                         [](const auto& set) { return std::string(set.param.first); });

}  // namespace
}  // namespace juice
