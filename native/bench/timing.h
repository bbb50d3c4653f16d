// Times of the benchmarks: seconds by a clock that only goes forward, and what stands for many of them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "model/model.h"

namespace juice::bench {

inline double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// NaN of none.
inline double quantile(std::vector<double> times, double share) {
    std::sort(times.begin(), times.end());
    return times.empty() ? NAN : times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
}
inline double median(const std::vector<double>& times) { return quantile(times, 0.5); }

// Seconds of each training step, in epochs over the rows until `end`, at least one after the first, which warms up.
inline std::vector<double> step_times(Model& model, const juice_rows& rows, juice_epoch_options epoch, double end) {
    std::vector<double> steps;
    double last = 0;
    std::pair<std::vector<double>*, double*> user{&steps, &last};
    epoch.user = &user;
    epoch.progress = [](std::int64_t, std::int64_t, double, void* state) -> std::int32_t {
        auto& [times, before] = *static_cast<std::pair<std::vector<double>*, double*>*>(state);
        const double time = now();
        times->push_back(time - *before);
        *before = time;
        return 0;
    };
    for (int round = 0; round < 2 || now() < end; ++round) {
        if (round == 1) steps.clear();
        last = now();
        model.fit_epoch(rows, epoch);
    }
    return steps;
}

}  // namespace juice::bench
