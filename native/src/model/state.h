// What a Model holds, shared by its implementation files: compile.cpp (making), query.cpp, sample.cpp, train.cpp.
#pragma once

#include <functional>
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

struct Model::State {
    std::shared_ptr<const Circuit> circuit;     // wiring only, once the engine has the parameters
    Plan plan;
    std::string device;
    const EngineTable* table = nullptr;
    void* engine = nullptr;
    Domains domains;
    mutable std::shared_mutex mutex;

    // The batch that forward was given, for backward.
    Batch batch;
    bool has_batch = false;         // forward has been called
    bool has_values = false;        // the engine still holds the values of the whole batch

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

    std::int32_t owner_of(std::int32_t vector, const char* what) const;
    // The engine's rows for `count` rows of the batch from `first` on (a multiple of 16).
    BatchView view_of(const Batch& rows, std::int64_t first, std::int64_t count) const;
    void check_count(std::int64_t count, std::int64_t expected, std::int32_t vector, const char* what) const;
    void query(const juice_rows& rows, bool maximise, double* destination, juice_progress_callback progress, void* user) const;
    // Adds the flows of one batch of so many rows, in micro-batches that `give` makes the engine's; log_likelihood: [rows, roots] or NULL.
    void accumulate(std::int64_t rows, const std::function<void(std::int64_t first, std::int64_t count)>& give, const float* root_flows, double* log_likelihood);
};

// A rule within its bounds, or an Error that names the member.
void check_rule(const juice_em& rule);

}  // namespace juice
