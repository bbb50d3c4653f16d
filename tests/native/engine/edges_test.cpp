// Sums of single edges against the oracle: batches of every size, structural zeros, rows far below their maximum, EM in place, threads.
#include "engine/engine.h"
#include "reference/cases.h"
#include "reference/maker.h"
#include "reference/some.h"

namespace juice {
namespace {

class SingleEdges : public OnDevice {
protected:
    // Two layers of sums with some of their edges each, the first over two products whose widths fill no panel.
    static std::shared_ptr<const Circuit> circuit(bool hard = false) {
        Random random(7);
        Maker maker(3);
        const Distribution die{DistributionType::Categorical, 5};
        const auto input = [&](std::int32_t v, std::int64_t nodes) { return maker.input(v, die, nodes, 1, random_inputs(random, die, nodes, hard)); };
        const std::int32_t x = input(0, 70), y = input(1, 70), x2 = input(0, 35), y2 = input(1, 35), z = input(2, 90);
        const std::int32_t wide = maker.product({x, y}, 70), slim = maker.product({x2, y2}, 35);
        const auto some = [&](std::int64_t nodes, std::int64_t below) {
            std::vector<std::int32_t> out, in;
            for (std::int32_t i = 0; i < nodes; ++i) {
                // Some nodes have one edge, one has more than 16.
                for (std::int32_t k = 0, j = i * 7; k < (i == 3 ? 21 : 1 + i % 9); ++k, j += 11 + i % 3) {
                    out.push_back(i);
                    in.push_back(static_cast<std::int32_t>(j % below));
                }
            }
            for (std::size_t e = 0; e < out.size(); ++e)
                for (std::size_t f = 0; f < e; ++f)
                    if (out[e] == out[f] && in[e] == in[f]) throw std::logic_error("an edge is there twice");
            out.insert(out.end(), in.begin(), in.end());
            return out;
        };
        const auto first = some(90, 105), second = some(80, 90);
        const double contrast = hard ? 40 : 1;
        const std::int32_t sum = maker.sum({wide, slim}, 90, 1, random_weights(random, 90, 1, 105, 1, first, true, contrast), first);
        const std::int32_t product = maker.product({sum, z}, 90);
        const std::int32_t top = maker.sum({product}, 80, 1, random_weights(random, 80, 1, 90, 1, second, true, contrast), second);
        return maker.make(maker.sum({top}, 1, 1, random_weights(random, 1, 1, 80, 1, {}, false, 1)));
    }

    static void expect_same(const std::vector<std::vector<float>>& got, const std::vector<std::vector<float>>& expected, double tolerance) {
        for (std::size_t id = 0; id < got.size(); ++id) {
            if (tolerance == 0) { EXPECT_EQ(got[id], expected[id]) << "vector " << id; }
            for (std::size_t i = 0; i < got[id].size() && tolerance > 0; ++i) EXPECT_NEAR(got[id][i], expected[id][i], tolerance) << "vector " << id << ", " << i;
        }
    }
};

TEST_P(SingleEdges, AgreeWithTheOracleForBatchesOfEverySize) {
    for (const bool hard : {false, true}) {
        const auto made = circuit(hard);
        ASSERT_NE(compile(made)->plan(false).find("2 sums of single edges"), std::string::npos) << compile(made)->plan(false);
        for (const std::int64_t rows : {1, 7, 64, 100, 500}) {
            if (small() && rows > 64) continue;
            SCOPED_TRACE(std::to_string(rows) + (hard ? " rows, hard" : " rows"));
            const Table table = Some::rows(*made, rows, static_cast<std::uint64_t>(rows), 0.1);
            Reference reference(made);
            const auto model = compile(made);
            EXPECT_TRUE(near(log_likelihood(*model, table), reference.log_likelihood(table), 1e-5));
            EXPECT_TRUE(near(max_log_value(*model, table), reference.max_log_value(table), 1e-5));
            EXPECT_TRUE(near(forward(*model, table), reference.log_likelihood(table), 1e-5));
            backward(*model);
            const Flows expected = reference.flows(table);
            EXPECT_TRUE(near(flows(*model, *made), expected, 1e-4));
            const juice_rule rule = em_rule(0.5, 0.2);
            model->update(rule);
            reference.update(expected, rule);
            for (std::int32_t id = 0; id < made->size(); ++id) {
                if ((*made)[id].type == NodeType::Product) continue;
                EXPECT_TRUE(near(parameters(*model, *made, id), reference.parameters(id), 1e-5)) << "vector " << id;
            }
        }
    }
}

TEST_P(SingleEdges, UpdateInPlaceAsFromFlows) {
    for (const bool hard : {false, true}) {
        const auto made = circuit(hard);
        const Table table = Some::rows(*made, small() ? 20 : 90, 5, 0.1);
        const auto in_place = compile(made), accumulated = compile(made);
        const juice_rule rule = em_rule(0.3, 0.1);
        for (int step = 0; step < 3; ++step) {
            in_place->fit_epoch(table.view(), epoch_options(rule, table.rows()));
            forward(*accumulated, table);
            backward(*accumulated);
            accumulated->update(rule);
        }
        expect_same(all_parameters(*in_place, *made), all_parameters(*accumulated, *made), 2e-5);
    }
}

TEST_P(SingleEdges, NeitherThreadsNorNeighboursChangeABit) {
    const auto made = circuit();
    const Table table = Some::rows(*made, small() ? 20 : 70, 5, 0.1);
    Device device = GetParam();
    device.threads = 3;
    const auto one = compile(made), three = juice::compile(made, device);
    for (const auto& model : {one.get(), three.get()}) model->fit_epoch(table.view(), epoch_options(em_rule(0.3, 0.1), 16));
    expect_same(all_parameters(*three, *made), all_parameters(*one, *made), 0);
    const std::vector<double> all = log_likelihood(*one, table);
    for (const std::int64_t row : {std::int64_t{0}, std::int64_t{11}, table.rows() - 1}) {
        EXPECT_EQ(log_likelihood(*one, table.slice(row, 1))[0], all[static_cast<std::size_t>(row)]) << "row " << row;
    }
}

JUICE_ON_EVERY_DEVICE(SingleEdges);

}  // namespace
}  // namespace juice
