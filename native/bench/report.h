// One benchmark case and how it is printed: a table for people, a JSON line for programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "machine.h"

namespace juice::bench {

struct Case {
    const char* what;                           // "training step" or "query"
    std::string data;
    std::int32_t latents;
    std::int64_t batch;                         // rows a step or a query
    int threads;
    double forward, backward, update;           // seconds, medians; 0 of a query
    double step, slow;                          // seconds of the whole: median, and what 99 of 100 stay within
    double flop, bytes;                         // counted by the plan
    double planned_memory, peak_memory;         // bytes
};

void print_header(const std::vector<Machine>& machines, const std::string& data);
void print_case(const Machine& machine, const Case& result);

}  // namespace juice::bench
