// Hidden Chow-Liu trees (Liu & Van den Broeck, "Tractable Regularization of Probabilistic Circuits", 2021).
#include "circuit/build.h"
#include "circuit/hidden_tree.h"
#include "common/error.h"

namespace juice {

namespace {

void check_options(const juice_hclt_options& options) {
    check_variables(options.variables);
    check_widths(options.latents, options.roots);
    check_switch(options.tied_inputs, "tied_inputs");
    if (options.parents == nullptr) fail(JUICE_ERROR_ARGUMENT, "parents is NULL");
    check_distributions(options.distributions, options.variables, options.tied_inputs == 1 ? "tied inputs have one distribution" : nullptr);
}

}  // namespace

CircuitParts hclt_parts(const juice_hclt_options& options) {
    check_options(options);
    const Shape latents{1, options.latents};
    Assembly assembly;
    InputVectors inputs(assembly, options.distributions, options.variables, latents, options.tied_inputs == 1);
    const RootedTree tree({options.parents, static_cast<std::size_t>(options.variables)});
    const std::int32_t whole = add_hidden_tree(assembly, tree, latents, [&](std::int32_t v) { return inputs(v); });
    assembly.sum({whole}, {1, roots_of(options.roots)});
    return assembly.finish(options.variables);
}

std::shared_ptr<const Circuit> hclt(const juice_hclt_options& options) {
    return std::make_shared<const Circuit>(hclt_parts(options), &options.seed);
}

}  // namespace juice
