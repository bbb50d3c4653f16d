// The target that describes: bytes decoded into a juice_circuit_description whose pointers and lengths agree and whose contents are anything.
//
// A number is one byte where small ones are wanted (0 … 127; the others pick from numbers at the edges of what is counted). What is left out at the
// end is 0, so that every input is a description.
#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <vector>

#include "life.h"

namespace fuzz {

namespace {

class Decoder {
public:
    explicit Decoder(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    std::uint8_t byte() {
        if (bytes_.empty()) return 0;
        const std::uint8_t first = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return first;
    }

    std::int64_t number() {
        static constexpr std::array<std::int64_t, 16> edges{-1, -2, 128, 255, 256, 1000, 4096, 65536, 1 << 20, 1 << 24, std::numeric_limits<std::int32_t>::max(),
            std::int64_t{1} << 31, std::int64_t{1} << 32, std::int64_t{1} << 62, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()};
        const std::uint8_t value = byte();
        return value < 0xF0 ? value % 0x80 : edges[value - 0xF0];
    }

    std::int32_t small() { return static_cast<std::int32_t>(std::clamp<std::int64_t>(number(), std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max())); }

    float real() {
        static constexpr std::array<float, 8> edges{0.0f, 1.0f, -1.0f, 1e-40f, 1e-30f, 3e38f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()};
        const std::uint8_t value = byte();
        return value < 0xF8 ? static_cast<float>(value) / 64 : edges[value - 0xF8];
    }

private:
    std::span<const std::uint8_t> bytes_;
};

constexpr std::int64_t most_numbers = 4096;     // edges and parameters a vector: as many as a short input can mean

struct Description {
    std::vector<juice_vector> vectors;
    std::deque<std::vector<std::int32_t>> integers;
    std::deque<std::vector<float>> floats;

    const std::int32_t* keep(std::vector<std::int32_t> values) {
        integers.push_back(std::move(values));
        return integers.back().data();
    }

    // As many weights as the vector needs, by the text of the format. Floating, since a child may be of any size.
    static double parameters(const juice_vector& v, const std::vector<juice_vector>& before) {
        const auto nodes = static_cast<double>(v.node_blocks * v.block_size);
        if (v.type == JUICE_INPUT) {
            switch (v.distribution.type) {
                case JUICE_CATEGORICAL: return nodes * v.distribution.count;
                case JUICE_BERNOULLI:
                case JUICE_BINOMIAL: return nodes;
                case JUICE_INDICATOR: return 0;
                default: return 2 * nodes;
            }
        }
        double under = 0, block = 1;
        for (std::int32_t c = 0; c < v.child_count; ++c) {
            if (v.children[c] < 0 || static_cast<std::size_t>(v.children[c]) >= before.size()) return 0;
            const juice_vector& child = before[static_cast<std::size_t>(v.children[c])];
            under += static_cast<double>(child.node_blocks);
            block = static_cast<double>(child.block_size);
        }
        return (v.edges ? static_cast<double>(v.edge_count) : static_cast<double>(v.node_blocks) * under) * static_cast<double>(v.block_size) * block;
    }

    void add(Decoder& from) {
        juice_vector v{};
        const std::uint8_t kind = from.byte();
        v.type = kind % 4 == 3 ? from.small() : kind % 4;
        const bool wired = kind & 0x10, parameters_given = kind & 0x20, normalised = kind & 0x40, tied = kind & 0x80;
        v.tied_to = tied ? from.small() : -1;
        v.node_blocks = from.number();
        v.block_size = from.number();
        v.variable = v.type == JUICE_INPUT ? from.small() : -1;
        if (v.type == JUICE_INPUT) {
            const std::uint8_t type = from.byte();
            v.distribution.type = type < 0xF0 ? type % 6 : from.small();
            v.distribution.count = from.small();
            v.distribution.low = from.real();
            v.distribution.high = from.real();
        } else {
            std::vector<std::int32_t> children(from.byte() % 8u);
            // Counted from the end: the vectors before this one are what a circuit is likely to use.
            for (std::int32_t& child : children) child = static_cast<std::int32_t>(static_cast<std::int64_t>(vectors.size()) - 1 - from.small());
            v.child_count = static_cast<std::int32_t>(children.size());
            v.children = keep(std::move(children));
        }
        if (wired) {
            v.edge_rows = from.number();
            v.edge_count = from.number();
            const std::int64_t rows = v.type == JUICE_SUM ? 2 : v.edge_rows, columns = v.type == JUICE_SUM ? v.edge_count : v.child_count;
            const bool few = rows >= 0 && columns >= 0 && rows <= most_numbers && columns <= most_numbers && rows * columns <= most_numbers;
            if (!few) v.edge_rows = v.edge_count = 0;
            std::vector<std::int32_t> edges(few ? static_cast<std::size_t>(rows * columns) : 1);
            for (std::int32_t& edge : edges) edge = from.small();
            v.edges = keep(std::move(edges));
        }
        if (parameters_given) {
            const bool small = v.node_blocks > 0 && v.block_size > 0 && v.node_blocks <= 256 && v.block_size <= 256 && v.distribution.count <= 256;
            const std::int64_t count = small ? static_cast<std::int64_t>(std::clamp(parameters(v, vectors), 1.0, double{most_numbers})) : from.number() % most_numbers;
            v.parameter_count = count;
            std::vector<float> values(static_cast<std::size_t>(std::max<std::int64_t>(count, 1)));
            for (float& value : values) value = from.real();
            if (normalised) normalise(v, values);
            floats.push_back(std::move(values));
            v.parameters = floats.back().data();
        }
        vectors.push_back(v);
    }

    // Rows of equal length that add up to 1: right for inputs and for complete sums of one block, which is where circuits begin.
    static void normalise(const juice_vector& v, std::vector<float>& values) {
        const double blocks = v.type == JUICE_SUM ? 1 : static_cast<double>(v.node_blocks);
        const double nodes = std::clamp(blocks * static_cast<double>(v.block_size), 1.0, double{most_numbers});
        const std::size_t row = std::max<std::size_t>(values.size() / static_cast<std::size_t>(nodes), 1);
        for (std::size_t begin = 0; begin + row <= values.size(); begin += row) {
            float sum = 0;
            for (std::size_t i = begin; i < begin + row; ++i) sum += values[i] = std::abs(values[i]) < 8 ? std::abs(values[i]) : 0;
            for (std::size_t i = begin; i < begin + row; ++i) values[i] = sum > 0 ? values[i] / sum : 1 / static_cast<float>(row);
        }
    }
};

}  // namespace

void description(std::span<const std::uint8_t> bytes) {
    Decoder from(bytes);
    juice_circuit_description given{};
    given.size = sizeof given;
    const std::uint8_t head = from.byte();
    given.initialize = head & 1;
    given.seed = head;
    const std::size_t count = 1 + from.byte() % 24u;
    given.variables = from.small();
    Description described;
    for (std::size_t i = 0; i < count; ++i) described.add(from);
    given.vectors = described.vectors.data();
    given.vector_count = static_cast<std::int32_t>(count);
    given.root = head & 2 ? from.small() : given.vector_count - 1;
    juice_circuit* circuit = nullptr;
    const juice_status status = juice_circuit_create(&given, &circuit);
    if (status == JUICE_OK) live(circuit); else require_refusal(status);
}

}  // namespace fuzz
