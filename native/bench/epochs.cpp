#include "epochs.h"

#include <algorithm>
#include <cstdio>

#include "common/error.h"
#include "model/model.h"

namespace juice::bench {

namespace {

struct Epochs {
    double first, others;               // seconds; the median of the others
    std::vector<double> log_likelihoods;
};

Epochs run(const Images& images, const std::shared_ptr<const Circuit>& circuit, const DeviceEntry& device, std::int64_t batch, std::int32_t version) {
    constexpr int count = 6;
    juice_compile_options options{};
    options.size = sizeof options;
    options.device = device.name.c_str();
    options.batch_size = batch;
    Model model(circuit, options);
    juice_rows rows = images.rows();
    rows.version = version;
    Epochs result{};
    std::vector<double> times;
    for (std::int32_t e = 0; e < count; ++e) {
        juice_epoch_options epoch{};
        epoch.size = sizeof epoch;
        epoch.batch_size = batch;
        epoch.shuffle = 1;
        epoch.epoch = e;
        epoch.rule = {sizeof epoch.rule, 0.1f, 0.1f, 0.01f, 0.01f, JUICE_EM, 0, 0, 0, 0};
        const juice_epoch_result done = model.fit_epoch(rows, epoch);
        times.push_back(done.seconds);
        result.log_likelihoods.push_back(done.log_likelihood);
    }
    result.first = times.front();
    std::sort(times.begin() + 1, times.end());
    result.others = times[1 + (count - 1) / 2];
    return result;
}

}  // namespace

void run_epochs(const Images& images, const std::vector<std::int32_t>& parents, const DeviceEntry& device, std::int32_t latents, std::int64_t batch) {
    const auto circuit = hclt_of(images, parents, latents);
    const Epochs kept = run(images, circuit, device, batch, 1), copied = run(images, circuit, device, batch, 0);
    if (kept.log_likelihoods != copied.log_likelihoods) fail(JUICE_ERROR_INTERNAL, "rows that are kept do not give the bits of rows that are copied");
    const auto rows = static_cast<double>(images.rows().count);
    std::printf("%5d %6lld | %8.3f %8.3f %10.0f | %8.3f %8.3f %10.0f\n", latents, static_cast<long long>(batch), kept.first, kept.others, rows / kept.others, copied.first,
                copied.others, rows / copied.others);
    std::fflush(stdout);
}

}  // namespace juice::bench
