// What a Model holds, shared by its implementation files: compile.cpp (making), query.cpp, sample.cpp, train.cpp.
#pragma once

#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>

#include "model/model.h"
#include "plan/engine.h"
#include "plan/layout.h"
#include "rows/rows.h"

namespace juice {

// Turns an engine's status into the Error that it announced.
void check_engine(juice_status status);
extern const HostTable engine_host;

// Gives an engine every owner's parameters, several at a time on the plan's threads.
void write_parameters(const Plan& plan, const Circuit& circuit, const EngineTable& table, void* engine);

struct Model::State {
    std::shared_ptr<const Circuit> circuit;     // wiring only, once the engine has the parameters
    Plan plan;
    std::string device;
    std::int32_t device_index = 0;
    const EngineTable* table = nullptr;
    void* engine = nullptr;
    Domains domains;
    mutable std::shared_mutex mutex;

    // The batch that forward was given, for backward.
    Batch batch;
    bool has_batch = false;         // forward has been called
    bool has_values = false;        // the engine still holds the values of the whole batch

    // What the optimiser remembers besides the engine's moments (optimizer.cpp).
    struct Optimizer {
        std::int32_t kind = JUICE_EM, moments = 0;
        std::int64_t updates = 0;
        double mass = 0;
    };
    Optimizer optimizer;
    float power = 1;                // what training passes compute (juice_model_set_power)
    double mass = 0;                // weights of the rows that backward has seen since the last update
    std::int64_t micro_batch = 0;   // rows at a time: the plan's, less where an optimiser needs memory under a limit

    // The training rows that the engine keeps; version 0: none.
    struct Kept {
        std::int32_t version = 0;
        std::int64_t count = 0;
        bool weighted = false, may_miss = false;
        bool operator==(const Kept&) const = default;
    };
    Kept kept;

    ~State() {
        if (engine) table->free(engine);
    }

    void add_mass(const Batch& rows) {
        for (std::int64_t i = 0; i < rows.rows; ++i) mass += rows.weights.empty() ? 1.0 : static_cast<double>(rows.weights[static_cast<std::size_t>(i)]);
    }
    juice_status clear_flows() {
        mass = 0;
        return table->clear_flows(engine);
    }

    // The model of wider tables that answers soft evidence (soft.cpp).
    std::shared_ptr<class SoftModel> soft;

    std::int32_t owner_of(std::int32_t vector, const char* what) const;
    // The engine's rows for `count` rows of the batch from `first` on (a multiple of 16).
    BatchView view_of(const Batch& rows, std::int64_t first, std::int64_t count) const;
    void check_count(std::int64_t count, std::int64_t expected, std::int32_t vector, const char* what) const;
    void query(const juice_rows& rows, bool maximise, double* destination, juice_progress_callback progress, void* user) const;
    // Adds the flows of one batch of so many rows, in micro-batches that `give` makes the engine's; log_likelihood: [rows, roots] or NULL.
    void accumulate(std::int64_t rows, const std::function<void(std::int64_t first, std::int64_t count)>& give, const float* root_flows, bool slopes, double* log_likelihood);

    // Makes room for what the rule's optimiser remembers, empty where another one was at work.
    void prepare_optimizer(const juice_rule& rule);
    // The next update's rule for the engine; `finish_update` once that has been done.
    UpdateRule next_update(const juice_rule& rule, double rows_mass) const;
    void finish_update(const juice_rule& rule, double rows_mass);
};

// A rule within its bounds, or an Error that names the member.
void check_rule(const juice_rule& rule);

}  // namespace juice
