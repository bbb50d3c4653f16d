// juice.h, section 1: the sizes and offsets of its structs, as this compiler laid them out.
#include <cstddef>
#include <vector>

#include "api/arguments.h"
#include "api/guard.h"

namespace juice::api {

namespace {

struct Entry {
    const char* struct_name;
    const char* field;
    std::size_t offset, size;
};

#define FIELD(name) Entry{struct_name, #name, offsetof(Struct, name), sizeof(Struct::name)}
#define STRUCT(type, ...)                                                                                                    \
    {                                                                                                                        \
        using Struct = type;                                                                                                 \
        const char* const struct_name = #type;                                                                               \
        for (const Entry& entry : {Entry{struct_name, "", 0, sizeof(Struct)}, __VA_ARGS__}) entries.push_back(entry);        \
    }

// Every struct and field of juice.h, in its order.
std::vector<Entry> make_layout() {
    std::vector<Entry> entries;
    STRUCT(juice_device, FIELD(size), FIELD(available), FIELD(memory), FIELD(cores), FIELD(reserved), FIELD(name), FIELD(description), FIELD(reason))
    STRUCT(juice_machine, FIELD(size), FIELD(threads), FIELD(matrix_rate), FIELD(copy_rate), FIELD(instruction_set))
    STRUCT(juice_distribution, FIELD(type), FIELD(count), FIELD(low), FIELD(high))
    STRUCT(juice_vector, FIELD(type), FIELD(variable), FIELD(node_blocks), FIELD(block_size), FIELD(distribution), FIELD(tied_to),
           FIELD(child_count), FIELD(children), FIELD(edges), FIELD(edge_rows), FIELD(edge_count), FIELD(parameters), FIELD(parameter_count))
    STRUCT(juice_circuit_description, FIELD(size), FIELD(variables), FIELD(root), FIELD(vector_count), FIELD(vectors), FIELD(initialize),
           FIELD(reserved), FIELD(seed))
    STRUCT(juice_circuit_info, FIELD(size), FIELD(variables), FIELD(root), FIELD(roots), FIELD(vectors), FIELD(depth), FIELD(nodes),
           FIELD(sum_edges), FIELD(product_edges), FIELD(parameters))
    STRUCT(juice_tensor, FIELD(name), FIELD(type), FIELD(shape), FIELD(data), FIELD(bytes), FIELD(rank), FIELD(reserved))
    STRUCT(juice_rows, FIELD(size), FIELD(element), FIELD(data), FIELD(count), FIELD(row_stride), FIELD(variables), FIELD(has_sentinel),
           FIELD(sentinel), FIELD(missing), FIELD(weights), FIELD(fetch), FIELD(user), FIELD(selection), FIELD(data_count), FIELD(mapped),
           FIELD(version))
    STRUCT(juice_tree_options, FIELD(size), FIELD(bins), FIELD(quantiles), FIELD(threads), FIELD(row_limit), FIELD(seed), FIELD(pseudocount),
           FIELD(progress), FIELD(user))
    STRUCT(juice_hclt_options, FIELD(size), FIELD(variables), FIELD(parents), FIELD(distributions), FIELD(latents), FIELD(roots), FIELD(seed),
           FIELD(tied_inputs), FIELD(reserved))
    STRUCT(juice_hmm_options, FIELD(size), FIELD(variables), FIELD(distributions), FIELD(latents), FIELD(roots), FIELD(seed), FIELD(homogeneous),
           FIELD(reserved))
    STRUCT(juice_rat_spn_options, FIELD(size), FIELD(variables), FIELD(distributions), FIELD(latents), FIELD(roots), FIELD(seed), FIELD(depth),
           FIELD(repetitions), FIELD(pieces), FIELD(reserved))
    STRUCT(juice_poon_domingos_options, FIELD(size), FIELD(axes), FIELD(shape), FIELD(distributions), FIELD(latents), FIELD(roots), FIELD(seed),
           FIELD(intervals), FIELD(split_counts), FIELD(split_points), FIELD(block_size), FIELD(most_splits), FIELD(product_dominated),
           FIELD(tied), FIELD(parents))
    STRUCT(juice_compile_options, FIELD(size), FIELD(threads), FIELD(device), FIELD(instruction_set), FIELD(memory_limit), FIELD(batch_size),
           FIELD(precision), FIELD(reserved))
    STRUCT(juice_model_info, FIELD(size), FIELD(variables), FIELD(roots), FIELD(vectors), FIELD(threads), FIELD(in_place), FIELD(operations),
           FIELD(stages), FIELD(critical_path), FIELD(batch_size), FIELD(micro_batch), FIELD(parameter_bytes), FIELD(flow_bytes),
           FIELD(activation_bytes), FIELD(flop_per_row), FIELD(step_bytes), FIELD(device), FIELD(instruction_set))
    STRUCT(juice_sample_options, FIELD(size), FIELD(element), FIELD(count), FIELD(seed), FIELD(first), FIELD(temperature), FIELD(root),
           FIELD(reserved), FIELD(roots), FIELD(progress), FIELD(user))
    STRUCT(juice_rule, FIELD(size), FIELD(step_size), FIELD(pseudocount), FIELD(min_deviation), FIELD(min_scale), FIELD(optimizer),
           FIELD(momentum), FIELD(second_momentum), FIELD(epsilon), FIELD(mass))
    STRUCT(juice_optimizer, FIELD(size), FIELD(optimizer), FIELD(updates), FIELD(mass), FIELD(moments), FIELD(reserved))
    STRUCT(juice_soft, FIELD(size), FIELD(variable_count), FIELD(variables), FIELD(logs))
    STRUCT(juice_epoch_options, FIELD(size), FIELD(full_batch), FIELD(batch_size), FIELD(shuffle), FIELD(epoch), FIELD(seed), FIELD(step_sizes),
           FIELD(step_count), FIELD(rule), FIELD(power), FIELD(reserved), FIELD(progress), FIELD(user))
    STRUCT(juice_epoch_result, FIELD(size), FIELD(reserved), FIELD(rows), FIELD(steps), FIELD(impossible_rows), FIELD(log_likelihood),
           FIELD(seconds))
    return entries;
}

#undef STRUCT
#undef FIELD

}  // namespace

}  // namespace juice::api

using namespace juice::api;

juice_status juice_layout(std::int32_t index, const char** struct_name, const char** field, std::int64_t* offset, std::int64_t* size) noexcept {
    return guard([&] {
        static const std::vector<Entry> layout = make_layout();
        check_pointer(struct_name, "struct_name");
        check_pointer(field, "field");
        check_pointer(offset, "offset");
        check_pointer(size, "size");
        check_range(index, 0, static_cast<std::int64_t>(layout.size()) - 1, "index");
        const Entry& entry = layout[static_cast<std::size_t>(index)];
        *struct_name = entry.struct_name;
        *field = entry.field;
        *offset = static_cast<std::int64_t>(entry.offset);
        *size = static_cast<std::int64_t>(entry.size);
    });
}
