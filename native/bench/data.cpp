#include "data.h"

#include <zlib.h>

#include <cstdio>
#include <cstdlib>

#include "circuit/build.h"
#include "common/philox.h"
#include "structure/tree.h"

namespace juice::bench {

namespace {

// The pixels of an IDX file of bytes; empty where it cannot be read.
std::vector<std::uint8_t> read_idx(const std::string& path) {
    gzFile file = gzopen(path.c_str(), "rb");
    if (!file) return {};
    std::vector<std::uint8_t> pixels;
    unsigned char header[16];
    if (gzread(file, header, 16) == 16 && header[2] == 8 && header[3] == 3) {
        const auto count = (std::size_t{header[4]} << 24 | std::size_t{header[5]} << 16 | std::size_t{header[6]} << 8 | header[7]) * 784;
        std::vector<std::uint8_t> chunk(1 << 20);
        for (int got; pixels.size() < count && (got = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0;)
            pixels.insert(pixels.end(), chunk.begin(), chunk.begin() + got);
        if (pixels.size() != count) pixels.clear();
    }
    gzclose(file);
    return pixels;
}

// A smooth random field per row: neighbours are alike, so that the tree has a shape like that of images.
std::vector<std::uint8_t> draw(std::int64_t rows) {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(rows) * 784);
    for (std::int64_t r = 0; r < rows; ++r)
        for (int v = 0; v < 784; ++v) {
            const auto words = philox(7, static_cast<std::uint64_t>(r), static_cast<std::uint64_t>(v));
            const auto at = static_cast<std::size_t>(r * 784 + v);
            const int left = v % 28 > 0 ? pixels[at - 1] : 128, up = v >= 28 ? pixels[at - 28] : 128;
            const int value = (left + up) / 2 + static_cast<int>(words[0] % 81) - 40;
            pixels[at] = static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
        }
    return pixels;
}

}  // namespace

juice_rows Images::rows() const {
    juice_rows rows{};
    rows.size = sizeof rows;
    rows.element = JUICE_BYTE;
    rows.data = pixels.data();
    rows.variables = variables;
    rows.count = static_cast<std::int64_t>(pixels.size()) / variables;
    return rows;
}

Images load_images(const std::string& folder) {
    const char* named = std::getenv("JUICE_DATA_FASHION_MNIST");
    for (const std::string& place : {folder, std::string(named ? named : ""), std::string("/usr/share/datasets/fashion-mnist")})
        for (const char* ending : {".gz", ""}) {
            if (place.empty()) continue;
            if (auto pixels = read_idx(place + "/train-images-idx3-ubyte" + ending); !pixels.empty()) return {"fashion-mnist", 784, std::move(pixels)};
        }
    return {"drawn", 784, draw(20000)};
}

std::vector<std::int32_t> tree_of(const Images& images, int threads) {
    juice_tree_options options{};
    options.size = sizeof options;
    options.threads = threads;
    const auto information = mutual_information(images.rows(), options);
    return maximum_spanning_tree(information.data(), images.variables);
}

std::shared_ptr<const Circuit> hclt_of(const Images& images, const std::vector<std::int32_t>& parents, std::int32_t latents) {
    const std::vector<juice_distribution> pixels(parents.size(), {JUICE_CATEGORICAL, 256, 0, 0});
    juice_hclt_options structure{};
    structure.size = sizeof structure;
    structure.variables = images.variables;
    structure.parents = parents.data();
    structure.distributions = pixels.data();
    structure.latents = latents;
    structure.seed = 1;
    return hclt(structure);
}

}  // namespace juice::bench
