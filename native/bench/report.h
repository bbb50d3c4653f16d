// One benchmark case and how it is printed: a table for people, a JSON line for programs.
#pragma once

#include <cstdint>
#include <string>

namespace juice::bench {

struct Machine {
    double matrix_flops, copy_bytes;    // rates with the case's threads
    std::string library, instruction_set;
};

struct Case {
    std::string data;
    std::int32_t latents;
    std::int64_t batch;
    int threads;
    double forward, backward, update, step;     // seconds, medians
    double flop, bytes;                         // a step, counted by the plan
    double planned_memory, peak_memory;         // bytes
};

void print_header(const Machine& machine, const std::string& data);
void print_case(const Machine& machine, const Case& result);

}  // namespace juice::bench
