// Images to train on: Fashion-MNIST's files where they are, rows drawn from a fixed seed where they are not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "circuit/circuit.h"
#include "juice/juice.h"

namespace juice::bench {

struct Images {
    std::string name;
    std::int32_t variables = 784;
    std::vector<std::uint8_t> pixels;   // [rows, variables]
    juice_rows rows() const;
};

// folder: where the IDX files lie, gzipped or not; empty: the usual places.
Images load_images(const std::string& folder);

// Parents of the images' Chow-Liu tree.
std::vector<std::int32_t> tree_of(const Images& images, int threads);

// The hidden Chow-Liu tree over it, its parameters drawn from a fixed seed.
std::shared_ptr<const Circuit> hclt_of(const Images& images, const std::vector<std::int32_t>& parents, std::int32_t latents);

}  // namespace juice::bench
