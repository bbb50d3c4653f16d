// juice.h, section 5: trees from rows, and circuits from trees.
#include <algorithm>

#include "api/arguments.h"
#include "api/guard.h"
#include "api/handles.h"
#include "circuit/build.h"
#include "structure/tree.h"

namespace juice::api {

namespace {

void check_tree_arguments(const juice_rows* rows, const juice_tree_options* options) {
    check_struct(rows, "rows", "juice_rows");
    check_struct(options, "options", "juice_tree_options");
    check_least(options->bins, 0, "options.bins");
    check_range(options->quantiles, 0, 1, "options.quantiles");
    check_range(options->threads, 0, most_threads, "options.threads");
    check_least(options->row_limit, 0, "options.row_limit");
    check_not_negative(options->pseudocount, "options.pseudocount");
}

}  // namespace

}  // namespace juice::api

using namespace juice::api;

juice_status juice_mutual_information(const juice_rows* rows, const juice_tree_options* options, double* information) noexcept {
    return guard([&] {
        check_tree_arguments(rows, options);
        check_pointer(information, "information");
        const auto found = juice::mutual_information(*rows, *options);
        std::copy(found.begin(), found.end(), information);
    });
}

juice_status juice_maximum_spanning_tree(const double* weights, std::int32_t variables, std::int32_t* parents) noexcept {
    return guard([&] {
        check_pointer(weights, "weights");
        check_least(variables, 1, "variables");
        check_pointer(parents, "parents");
        const auto found = juice::maximum_spanning_tree(weights, variables);
        std::copy(found.begin(), found.end(), parents);
    });
}

juice_status juice_chow_liu_tree(const juice_rows* rows, const juice_tree_options* options, std::int32_t* parents) noexcept {
    return guard([&] {
        check_tree_arguments(rows, options);
        check_pointer(parents, "parents");
        const auto information = juice::mutual_information(*rows, *options);
        const auto found = juice::maximum_spanning_tree(information.data(), rows->variables);
        std::copy(found.begin(), found.end(), parents);
    });
}

juice_status juice_circuit_hclt(const juice_hclt_options* options, juice_circuit** circuit) noexcept {
    return guard([&] {
        check_struct(options, "options", "juice_hclt_options");
        check_pointer(circuit, "circuit");
        check_least(options->variables, 1, "options.variables");
        check_pointer(options->parents, "options.parents");
        check_pointer(options->distributions, "options.distributions");
        check_least(options->latents, 1, "options.latents");
        *circuit = new juice_circuit{juice::hclt(*options)};
    });
}

juice_status juice_circuit_hmm(const juice_hmm_options* options, juice_circuit** circuit) noexcept {
    return guard([&] {
        check_struct(options, "options", "juice_hmm_options");
        check_pointer(circuit, "circuit");
        *circuit = new juice_circuit{juice::hmm(*options)};
    });
}

juice_status juice_circuit_rat_spn(const juice_rat_spn_options* options, juice_circuit** circuit) noexcept {
    return guard([&] {
        check_struct(options, "options", "juice_rat_spn_options");
        check_pointer(circuit, "circuit");
        *circuit = new juice_circuit{juice::rat_spn(*options)};
    });
}

juice_status juice_circuit_poon_domingos(const juice_poon_domingos_options* options, juice_circuit** circuit) noexcept {
    return guard([&] {
        check_struct(options, "options", "juice_poon_domingos_options");
        check_pointer(circuit, "circuit");
        *circuit = new juice_circuit{juice::poon_domingos(*options)};
    });
}
