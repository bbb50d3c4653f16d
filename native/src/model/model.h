// A circuit compiled for a device: plan + engine + parameters, and what goes on above one step: reading rows, micro-batches, epochs, locking.
// Queries take the lock shared, training takes it exclusively.
#pragma once

#include <memory>
#include <string>

#include "circuit/circuit.h"
#include "juice/juice.h"

namespace juice {

class Model {
public:
    Model(std::shared_ptr<const Circuit> circuit, const juice_compile_options& options);
    ~Model();
    Model(const Model&) = delete;
    Model& operator=(const Model&) = delete;

    juice_model_info info() const;
    std::string plan(bool json) const;

    void get_parameters(std::int32_t vector, float* destination, std::int64_t count) const;
    void set_parameters(std::int32_t vector, const float* source, std::int64_t count);
    std::shared_ptr<const Circuit> to_circuit() const;

    void log_likelihood(const juice_rows& rows, double* destination, juice_progress_callback progress, void* user) const;
    void max_log_value(const juice_rows& rows, double* destination, juice_progress_callback progress, void* user) const;

    // Evidence NULL: unconditional. destination: as juice_model_sample has it.
    void sample(const juice_rows* evidence, const juice_sample_options& options, void* destination) const;

    void forward(const juice_rows& rows, const std::int64_t* indices, std::int64_t n, double* log_likelihood);
    void backward(const float* root_flows);
    void update(const juice_rule& rule);

    void set_power(float power);

    juice_optimizer optimizer() const;
    void set_optimizer(const juice_optimizer& optimizer);
    void get_moments(std::int32_t vector, std::int32_t which, float* destination, std::int64_t count) const;
    void set_moments(std::int32_t vector, std::int32_t which, const float* source, std::int64_t count);
    void get_gradient(std::int32_t vector, bool logs, float* destination, std::int64_t count) const;

    std::int64_t flow_count() const;
    void export_flows(float* destination, std::int64_t count) const;
    void import_flows(const float* source, std::int64_t count);
    void add_flows(const float* source, std::int64_t count);
    void clear_flows();
    void get_flows(std::int32_t vector, float* destination, std::int64_t count) const;
    void set_flows(std::int32_t vector, const float* source, std::int64_t count);
    void get_node_flows(std::int32_t vector, float* destination, std::int64_t count) const;

    // Log-likelihoods and gradients under soft evidence (soft.cpp); as juice_model_soft_evidence has it.
    void soft_evidence(const juice_rows& rows, const juice_soft& soft, const float* root_flows, bool add_flows, double* log_likelihood, float* gradient);

    juice_epoch_result fit_epoch(const juice_rows& rows, const juice_epoch_options& options);

private:
    friend class Feed;      // how rows come to the engine (model/feed.h)
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace juice
