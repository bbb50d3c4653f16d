#include "cuda/queries.h"

#include <algorithm>

#include "cuda/forward.h"
#include "cuda/kernels.h"

namespace juice::cuda {

namespace {

constexpr std::int64_t samples_at_once = 4096;

std::int64_t rows_at_once(const PlanView& plan) { return std::max<std::int64_t>(panel, std::min<std::int64_t>(plan.target.query_rows * 4, 512)); }

}  // namespace

Queries::Queries(const PlanView& plan, std::int32_t device) : plan_(plan), device_(device), continuous_(static_cast<std::size_t>(plan.variables), 0) {
    for (std::int64_t o = 0; o < plan.owner_count; ++o) {
        const PlanOwner& owner = plan.owners[o];
        nodes_ += owner.panels * panel;
        for (auto r = owner.reader_begin; r < owner.reader_end && owner.kind == OwnerKind::Gaussian; ++r)
            continuous_[static_cast<std::size_t>(plan.readers[r].variable)] = 1;
    }
}

Lender<Queries::Place>::Loan Queries::borrow(Stream& after) {
    auto loan = places_.borrow([&] { return std::make_unique<Place>(plan_, device_, rows_at_once(plan_)); });
    loan->before.record(after.get());
    loan->before.hold(loan->stream.get());
    return loan;
}

void Queries::query(Run run, Stream& after, const BatchView& batch, bool maximise, double* destination) {
    const auto place = borrow(after);
    Workspace& workspace = place->workspace;
    const cudaStream_t stream = place->stream.get();
    run.maximise = maximise;
    if (maximise) {
        run.wide = 0;
        if (place->best.size() == 0) place->best = Array<float>(nodes_, "max-product");
        run.best = place->best.data();
        best_values(run, plan_.totals, place->best.data(), stream);
    }
    for (std::int64_t first = 0; first < batch.rows; first += workspace.capacity()) {
        const auto rows = std::min(workspace.capacity(), batch.rows - first);
        workspace.load(run, plan_, batch, first, rows, stream);
        forward(run, plan_, workspace, workspace.logs(), stream);
        workspace.download_logs(destination + first * plan_.roots, rows * plan_.roots, stream);
        place->stream.wait();
    }
}

std::int64_t Queries::sample(Run run, Stream& after, const BatchView& batch, const SampleOptions& options, const SampleView& samples) {
    const auto place = borrow(after);
    Workspace& workspace = place->workspace;
    const cudaStream_t stream = place->stream.get();
    const std::int64_t line = std::min(samples_at_once, batch.rows * options.per_row);
    const auto operations = static_cast<std::int32_t>(plan_.operation_count);
    Array<std::int32_t> walk((plan_.operation_count + 2 * plan_.variables) * line, "samples"), codes(plan_.variables * line, "samples"),
        roots(options.roots ? batch.rows : 0, "samples");
    Array<float> reals(plan_.variables * line, "samples");
    std::int32_t* const owners = walk.data() + plan_.operation_count * line;
    const SampleMemory memory{walk.data(), owners, owners + plan_.variables * line, codes.data(), reals.data(), line};
    if (options.roots) roots.upload(options.roots, 0, batch.rows, stream);
    std::vector<std::int32_t> drawn_codes(static_cast<std::size_t>(codes.size()));
    std::vector<float> drawn_reals(static_cast<std::size_t>(reals.size()));
    std::vector<double> logs;
    run.wide = 0;
    for (std::int64_t row = 0; row < batch.rows; row += workspace.capacity()) {
        const auto rows = std::min(workspace.capacity(), batch.rows - row);
        workspace.load(run, plan_, batch, row, rows, stream);
        forward(run, plan_, workspace, workspace.logs(), stream);
        logs.resize(static_cast<std::size_t>(rows * plan_.roots));
        workspace.download_logs(logs.data(), rows * plan_.roots, stream);
        place->stream.wait();
        for (std::int64_t r = 0; r < rows; ++r)
            if (logs[static_cast<std::size_t>(r * plan_.roots + (options.roots ? options.roots[row + r] : options.root))] == -__builtin_inf()) return row + r;
        for (std::int64_t first = 0; first < rows * options.per_row; first += line) {
            const auto count = std::min(line, rows * options.per_row - first);
            walk.clear(stream, 0xff);
            cuda::sample(run, memory, options, options.roots ? roots.data() + row : nullptr, operations, plan_.variables, first, count, row, stream);
            codes.download(drawn_codes.data(), 0, codes.size(), stream);
            reals.download(drawn_reals.data(), 0, reals.size(), stream);
            place->stream.wait();
            for (std::int64_t v = 0; v < plan_.variables; ++v) {
                const std::int64_t to = v * samples.line + row * options.per_row + first;
                if (continuous_[static_cast<std::size_t>(v)]) std::copy_n(drawn_reals.data() + v * line, count, samples.reals + to);
                else std::copy_n(drawn_codes.data() + v * line, count, samples.codes + to);
            }
        }
    }
    return -1;
}

}  // namespace juice::cuda
