// The circuits of the published benchmark at a number of latents, with rows to train them on: what a GPU is measured with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data.h"

namespace juice::bench {

struct Family {
    std::string name;
    std::shared_ptr<const Circuit> circuit;
    juice_rows rows;
    std::vector<std::int32_t> words;    // what the rows of an HMM are
};

// name: "hclt" (over the images' Chow-Liu tree), "rat-spn" (depth 5, 2 repetitions, 2 pieces), "pd" (split interval 4, at most 8 splits a sum block) or "hmm"
// (32 words of 50,257, drawn as words of a text are: the n-th most frequent as 1/n; homogeneous). Throws for another name.
Family family_of(const std::string& name, const Images& images, const std::vector<std::int32_t>& parents, std::int32_t latents, std::int64_t rows);

}  // namespace juice::bench
