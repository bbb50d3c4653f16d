using Juice.Interop;

namespace Juice;

public sealed partial class CompiledCircuit
{
    /// <summary>
    /// The log of the largest value over completions of each row's missing entries and over choices at every sum (max-product).
    /// </summary>
    /// <inheritdoc cref="LogLikelihood(Rows, CancellationToken)"/>
    public double[] MaxLogValue(Rows rows, CancellationToken cancellationToken = default)
    {
        double[] result = NewResult(rows);
        MaxLogValue(rows, result, progress: null, cancellationToken);
        return result;
    }

    /// <inheritdoc cref="MaxLogValue(Rows, CancellationToken)"/>
    /// <param name="rows">The rows.</param>
    /// <param name="destination">Gets <c>[rows, Roots]</c>, row-major.</param>
    /// <param name="progress">Hears the number of rows done, on the calling thread.</param>
    /// <param name="cancellationToken">Ends the call between batches.</param>
    public unsafe void MaxLogValue(Rows rows, Span<double> destination, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckDestination(rows, destination);
        QueryTimer timer = QueryTimer.Start(QueryKind.MaxLogValue, _device, rows.Count);
        try
        {
            using CallScope call = EnterCall();
            using ProgressScope reports = new(Report(progress), cancellationToken);
            using PinnedRows pinned = new(rows);
            fixed (double* first = destination)
            {
                int status = NativeMethods.juice_model_max_log_value(Handle, in pinned.Native, first, reports.Callback, reports.User);
                pinned.ThrowIfFailed();
                reports.Check(status);
            }
            timer.Stop();
        }
        catch (Exception e) when (timer.Failed(e))
        {
            throw;
        }
    }
}
