// Hidden Markov models (Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition", 1989).
//
// From the last time to the first: at every time t a product of the symbol's inputs and what follows, H nodes, one a state; between two times the
// transition, an H × H sum. The root is the distribution of the first state. The last time has a product of its symbol alone, so that all times
// are wired alike.
#include "circuit/assembly.h"
#include "circuit/build.h"

namespace juice {

namespace {

void check_options(const juice_hmm_options& options) {
    check_variables(options.variables);
    check_widths(options.latents, options.roots);
    check_switch(options.homogeneous, "homogeneous");
    check_distributions(options.distributions, options.variables,
                        options.homogeneous == 1 ? "a homogeneous model has one distribution for all times" : nullptr);
}

}  // namespace

CircuitParts hmm_parts(const juice_hmm_options& options) {
    check_options(options);
    const bool homogeneous = options.homogeneous == 1;
    const Shape states{1, options.latents};
    Assembly assembly;
    InputVectors symbols(assembly, options.distributions, options.variables, states, homogeneous);
    std::int32_t transition = -1, rest = -1;        // the owner of the tied transitions; all that follows the time at hand
    for (std::int32_t t = options.variables - 1; t >= 0; --t) {
        if (rest < 0) {
            rest = assembly.product({symbols(t)}, states);
            continue;
        }
        const std::int32_t next = transition < 0 || !homogeneous ? assembly.sum({rest}, states) : assembly.tied_sum({rest}, transition);
        if (transition < 0) transition = next;
        rest = assembly.product({symbols(t), next}, states);
    }
    assembly.sum({rest}, {1, roots_of(options.roots)});
    return assembly.finish(options.variables);
}

std::shared_ptr<const Circuit> hmm(const juice_hmm_options& options) {
    return std::make_shared<const Circuit>(hmm_parts(options), &options.seed);
}

}  // namespace juice
