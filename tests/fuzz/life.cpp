#include "life.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

namespace {

struct Free {
    void operator()(juice_circuit* circuit) const noexcept { juice_circuit_free(circuit); }
    void operator()(juice_model* model) const noexcept { juice_model_free(model); }
    void operator()(char* text) const noexcept { juice_text_free(text); }
};
using CircuitHandle = std::unique_ptr<juice_circuit, Free>;
using ModelHandle = std::unique_ptr<juice_model, Free>;
using Text = std::unique_ptr<char, Free>;
using Bytes = std::vector<std::uint8_t>;

template <typename Struct>
Struct sized() {
    Struct made{};
    made.size = static_cast<std::int32_t>(sizeof made);
    return made;
}

constexpr std::int64_t memory_limit = std::int64_t{32} << 20;
constexpr std::int64_t most_roots = 4096, most_written = std::int64_t{4} << 20;     // beyond, the life would be long and show nothing more

// Is this a call that may fail, for the machine's sake?
bool done(juice_status status, const char* call) {
    const bool refused = status == JUICE_ERROR_MEMORY || status == JUICE_ERROR_UNSUPPORTED;
    require(status == JUICE_OK || refused, "%s: %d, %s", call, status, juice_last_error());
    if (refused) require_refusal(status);
    return status == JUICE_OK;
}

bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto first = static_cast<unsigned char>(text[at++]);
        const int more = first < 0x80 ? 0 : first >= 0xC2 && first < 0xE0 ? 1 : first >= 0xE0 && first < 0xF0 ? 2 : first >= 0xF0 && first < 0xF5 ? 3 : -1;
        if (more < 0) return false;
        for (int i = 0; i < more; ++i)
            if (at >= text.size() || (static_cast<unsigned char>(text[at++]) & 0xC0) != 0x80) return false;
    }
    return true;
}

Bytes written(const juice_circuit* circuit) {
    Bytes bytes;
    const auto sink = [](const void* piece, std::int64_t length, void* user) -> std::int32_t {
        const auto* begin = static_cast<const std::uint8_t*>(piece);
        static_cast<Bytes*>(user)->insert(static_cast<Bytes*>(user)->end(), begin, begin + length);
        return 0;
    };
    require(juice_circuit_write_stream(circuit, sink, &bytes) == JUICE_OK, "writing: %s", juice_last_error());
    return bytes;
}

CircuitHandle read(const Bytes& bytes) {
    juice_circuit* circuit = nullptr;
    require(juice_circuit_read_memory(bytes.data(), static_cast<std::int64_t>(bytes.size()), nullptr, &circuit) == JUICE_OK, "what was written is not read: %s",
            juice_last_error());
    return CircuitHandle(circuit);
}

// What is written reads back as the same, from either form.
void write_back(const juice_circuit* circuit) {
    const Bytes bytes = written(circuit);
    require(written(read(bytes).get()) == bytes, "a model file is not the same after a round trip");
    char* text = nullptr;
    require(juice_circuit_to_json(circuit, &text) == JUICE_OK, "writing JSON: %s", juice_last_error());
    const Text owned(text);
    juice_circuit* again = nullptr;
    require(juice_circuit_from_json(text, static_cast<std::int64_t>(std::strlen(text)), nullptr, &again) == JUICE_OK, "what was written is not read: %s", juice_last_error());
    require(written(CircuitHandle(again).get()) == bytes, "a circuit is not the same after a round trip through JSON");
}

struct Shape {
    std::vector<juice_vector> vectors;
    std::vector<std::int64_t> domains;      // by variable; 0: the finite numbers
    std::int64_t stored = 0;                // floats and edges
};

Shape describe(const juice_circuit* circuit, const juice_circuit_info& info) {
    Shape shape;
    shape.domains.resize(static_cast<std::size_t>(info.variables));
    for (std::int32_t id = 0; id < info.vectors; ++id) {
        juice_vector v{};
        require(juice_circuit_vector(circuit, id, &v) == JUICE_OK, "vector %d: %s", id, juice_last_error());
        if (v.type == JUICE_INPUT) {
            const auto& d = v.distribution;
            const std::int64_t domain = d.type == JUICE_GAUSSIAN ? 0 : d.type == JUICE_BERNOULLI ? 2 : d.type == JUICE_BINOMIAL ? std::int64_t{d.count} + 1 : d.count;
            shape.domains.at(static_cast<std::size_t>(v.variable)) = domain;
            std::int32_t in_scope = 0;
            require(juice_circuit_in_scope(circuit, info.root, v.variable, &in_scope) == JUICE_OK && in_scope, "variable %d is not in the root's scope", v.variable);
        }
        // Every float and edge that is shown can be read.
        double sum = 0;
        for (std::int64_t i = 0; i < v.parameter_count; ++i) sum += double{v.parameters[i]};
        require(std::isfinite(sum), "vector %d has a parameter that is not finite", id);
        const std::int64_t edges = v.edges == nullptr ? 0 : v.type == JUICE_SUM ? 2 * v.edge_count : v.edge_rows * v.child_count;
        for (std::int64_t i = 0; i < edges; ++i) require(v.edges[i] >= 0, "vector %d has a negative edge", id);
        shape.stored += v.parameter_count + edges;
        shape.vectors.push_back(v);
    }
    return shape;
}

// Row r: values all over each domain. Real ones are small, so that no density is beyond floats.
std::vector<double> some_rows(const Shape& shape, std::int64_t count) {
    std::vector<double> values;
    for (std::int64_t r = 0; r < count; ++r) {
        for (std::size_t v = 0; v < shape.domains.size(); ++v) {
            const auto mixed = static_cast<std::uint32_t>((static_cast<std::uint64_t>(r) * 977 + v + 1) * 2654435761u);
            values.push_back(shape.domains[v] == 0 ? mixed % 17 / 8.0 - 1 : static_cast<double>(mixed % static_cast<std::uint64_t>(shape.domains[v])));
        }
    }
    return values;
}

juice_rows rows_of(const std::vector<double>& values, std::int32_t variables) {
    juice_rows rows = sized<juice_rows>();
    rows.element = JUICE_DOUBLE;
    rows.data = values.data();
    rows.variables = variables;
    rows.count = static_cast<std::int64_t>(values.size()) / variables;
    return rows;
}

void ask(const juice_model* model, const juice_circuit_info& info, const std::vector<double>& values) {
    const juice_rows rows = rows_of(values, info.variables);
    std::vector<double> logs(static_cast<std::size_t>(rows.count * info.roots)), most = logs;
    if (!done(juice_model_log_likelihood(model, &rows, logs.data(), nullptr, nullptr), "log_likelihood")) return;
    if (!done(juice_model_max_log_value(model, &rows, most.data(), nullptr, nullptr), "max_log_value")) return;
    const std::vector<double> nothing(static_cast<std::size_t>(info.variables), NAN);
    const juice_rows missing = rows_of(nothing, info.variables);
    std::vector<double> ones(static_cast<std::size_t>(info.roots));
    if (!done(juice_model_log_likelihood(model, &missing, ones.data(), nullptr, nullptr), "log_likelihood")) return;
    for (const double log : logs) require(!std::isnan(log), "a log-likelihood is NaN");
    for (const double log : most) require(!std::isnan(log), "a largest log-value is NaN");
    // Weights may be off 1 by 1e-4 a vector, and floats by their own rounding.
    for (const double log : ones) require(std::abs(log) <= 2e-4 * info.vectors + 1e-3, "with everything missing the log-likelihood is %g", log);
}

// What is sampled is a row of the domains, and a possible one.
void sample(const juice_model* model, const juice_circuit_info& info, const Shape& shape) {
    juice_sample_options options = sized<juice_sample_options>();
    options.element = JUICE_DOUBLE;
    options.count = 3;
    options.temperature = 1;
    std::vector<double> values(static_cast<std::size_t>(options.count * info.variables));
    const juice_status status = juice_model_sample(model, nullptr, &options, values.data());
    if (status == JUICE_ERROR_ARGUMENT) return;     // weights may be 0 wherever the root looks
    if (!done(status, "sample")) return;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::int64_t domain = shape.domains[i % shape.domains.size()];
        require(std::isfinite(values[i]), "a sample is %g", values[i]);
        require(domain == 0 || (values[i] >= 0 && values[i] < static_cast<double>(domain) && values[i] == std::floor(values[i])), "a sample is %g of %lld values", values[i],
                static_cast<long long>(domain));
    }
    const juice_rows rows = rows_of(values, info.variables);
    std::vector<double> logs(static_cast<std::size_t>(options.count * info.roots));
    if (!done(juice_model_log_likelihood(model, &rows, logs.data(), nullptr, nullptr), "log_likelihood")) return;
    for (std::size_t i = 0; i < logs.size(); i += static_cast<std::size_t>(info.roots)) require(!std::isinf(logs[i]), "a sample is impossible");
}

juice_rule em() {
    juice_rule rule = sized<juice_rule>();
    rule.step_size = 0.5f;
    rule.pseudocount = 0.1f;
    rule.min_deviation = rule.min_scale = 0.01f;
    return rule;
}

void train(juice_model* model, const juice_circuit_info& info, const std::vector<double>& values) {
    const juice_rows rows = rows_of(values, info.variables);
    const juice_rule rule = em();
    std::vector<float> root_flows(static_cast<std::size_t>(rows.count * info.roots), 0.5f);
    if (!done(juice_model_forward(model, &rows, nullptr, rows.count, nullptr), "forward") || !done(juice_model_backward(model, root_flows.data()), "backward") ||
        !done(juice_model_update(model, &rule), "update") || info.roots != 1)
        return;
    juice_epoch_options epoch = sized<juice_epoch_options>();
    epoch.batch_size = 2;
    epoch.shuffle = 1;
    epoch.rule = rule;
    juice_epoch_result result = sized<juice_epoch_result>();
    if (done(juice_model_fit_epoch(model, &rows, &epoch, &result), "fit_epoch")) require(!std::isnan(result.log_likelihood), "an epoch's log-likelihood is NaN");
}

}  // namespace

void require(bool holds, const char* format, ...) {
    if (holds) return;
    va_list arguments;
    va_start(arguments, format);
    std::vfprintf(stderr, format, arguments);
    va_end(arguments);
    std::fputc('\n', stderr);
    std::abort();
}

void require_refusal(juice_status status) {
    const std::string sentence = juice_last_error();
    require(status == JUICE_ERROR_FORMAT || status == JUICE_ERROR_ARGUMENT || status == JUICE_ERROR_MEMORY || status == JUICE_ERROR_UNSUPPORTED,
            "status %d: %s", status, sentence.c_str());
    require(sentence.size() >= 10, "the sentence \"%s\" says nothing", sentence.c_str());
    require(is_utf8(sentence), "the sentence \"%s\" is not UTF-8", sentence.c_str());
}

void prepare() { setenv("JUICE_MEMORY_LIMIT", std::to_string(memory_limit).c_str(), 1); }

void live(juice_circuit* raw) {
    const CircuitHandle circuit(raw);
    juice_circuit_info info = sized<juice_circuit_info>();
    require(juice_circuit_get_info(raw, &info) == JUICE_OK, "get_info: %s", juice_last_error());
    require(info.variables >= 1 && info.nodes >= 1 && info.roots >= 1, "the circuit has %d variables, %lld nodes, %d roots", info.variables,
            static_cast<long long>(info.nodes), info.roots);
    const Shape shape = describe(raw, info);
    if (shape.stored * 4 <= most_written) write_back(raw);

    juice_compile_options options = sized<juice_compile_options>();
    options.threads = 1 + info.vectors % 2;
    options.batch_size = 16;
    juice_model* compiled = nullptr;
    if (!done(juice_model_compile(raw, &options, &compiled), "compile")) return;
    const ModelHandle model(compiled);
    char* plan = nullptr;
    require(juice_model_plan(compiled, 1, &plan) == JUICE_OK, "plan: %s", juice_last_error());
    const Text owned(plan);
    if (info.roots > most_roots) return;
    const std::vector<double> values = some_rows(shape, 3);
    ask(compiled, info, values);
    sample(compiled, info, shape);
    train(compiled, info, values);
    ask(compiled, info, values);
    juice_circuit* learned = nullptr;
    if (!done(juice_model_to_circuit(compiled, &learned), "to_circuit")) return;
    const CircuitHandle trained(learned);
    if (shape.stored * 4 <= most_written) write_back(learned);
}

}  // namespace fuzz
