using System.Numerics.Tensors;
using Juice.Interop;

namespace Juice;

public sealed partial class CompiledCircuit
{
    /// <summary>The natural-log likelihood of each row; missing entries are summed out; −∞ for an impossible row.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="cancellationToken">Ends the call between batches.</param>
    /// <returns><c>[rows, Roots]</c>, row-major.</returns>
    /// <exception cref="ArgumentException">
    /// A value is outside of its variable's domain (the message names row and column), or the number of variables is another.
    /// </exception>
    public double[] LogLikelihood(Rows rows, CancellationToken cancellationToken = default)
    {
        double[] result = NewResult(rows);
        LogLikelihood(rows, result, progress: null, cancellationToken);
        return result;
    }

    /// <inheritdoc cref="LogLikelihood(Rows, CancellationToken)"/>
    /// <param name="rows">The rows.</param>
    /// <param name="destination">Gets <c>[rows, Roots]</c>, row-major.</param>
    /// <param name="progress">Hears the number of rows done, on the calling thread.</param>
    /// <param name="cancellationToken">Ends the call between batches.</param>
    public void LogLikelihood(Rows rows, Span<double> destination, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckDestination(rows, destination);
        QueryTimer timer = QueryTimer.Start(QueryKind.LogLikelihood, _device, rows.Count);
        try
        {
            Evaluate(rows, destination, progress, cancellationToken);
            timer.Stop();
        }
        catch (Exception e) when (timer.Failed(e))
        {
            throw;
        }
    }

    /// <summary>The natural-log likelihood of one row, without allocation. The model has one root.</summary>
    /// <typeparam name="T">byte, ushort, int, float or double; NaN is missing.</typeparam>
    /// <param name="row">The row's entries.</param>
    /// <exception cref="ArgumentException">The row's length is wrong, a value is outside of its domain, or the model has several roots.</exception>
    public double LogLikelihood<T>(ReadOnlySpan<T> row) where T : unmanaged
    {
        if (Roots != 1) throw new ArgumentException($"The model has {Roots} roots: give a destination for {Roots} log-likelihoods.", nameof(row));
        double result = 0;
        LogLikelihood(row, new Span<double>(ref result));
        return result;
    }

    /// <summary>The natural-log likelihoods of one row, one a root, without allocation.</summary>
    /// <typeparam name="T">byte, ushort, int, float or double; NaN is missing.</typeparam>
    /// <param name="row">The row's entries.</param>
    /// <param name="destination">Gets <see cref="Roots"/> values.</param>
    /// <param name="missing">A 1 for each missing entry, or empty.</param>
    /// <exception cref="ArgumentException">A length is wrong, or a value is outside of its domain.</exception>
    public unsafe void LogLikelihood<T>(ReadOnlySpan<T> row, Span<double> destination, ReadOnlySpan<byte> missing = default) where T : unmanaged
    {
        RowElement element = RowElements.Of<T>();
        if (row.Length != Variables)
            throw new ArgumentException($"The row has {row.Length} entries; the model has {Variables} variables.", nameof(row));
        if (!missing.IsEmpty && missing.Length != Variables)
            throw new ArgumentException($"The mask has {missing.Length} entries; the model has {Variables} variables.", nameof(missing));
        if (destination.Length < Roots)
            throw new ArgumentException($"The destination has room for {destination.Length} of {Roots} values.", nameof(destination));
        CheckNotInCallback();
        fixed (T* data = row)
        fixed (byte* mask = missing)
        fixed (double* first = destination)
        {
            NativeRows native = new() { Size = sizeof(NativeRows), Element = (int)element, Data = data, Count = 1, Variables = Variables, Missing = mask };
            LogLikelihood(in native, first);
        }
    }

    /// <summary>The natural-log likelihood of each row of a tensor.</summary>
    /// <typeparam name="T">byte, ushort, int, float or double; NaN is missing.</typeparam>
    /// <param name="rows"><c>[rows, variables]</c>. Dense rows are read in place, other layouts through a copy.</param>
    /// <returns><c>[rows, Roots]</c>, row-major.</returns>
    /// <exception cref="ArgumentException">The tensor has another shape, or a value is outside of its variable's domain.</exception>
    public double[] LogLikelihood<T>(in ReadOnlyTensorSpan<T> rows) where T : unmanaged
    {
        double[] result = new double[checked(RowsOf(rows) * Roots)];
        LogLikelihood(rows, result);
        return result;
    }

    /// <inheritdoc cref="LogLikelihood{T}(in ReadOnlyTensorSpan{T})"/>
    /// <param name="rows"><c>[rows, variables]</c>. Dense rows are read in place, other layouts through a copy.</param>
    /// <param name="destination">Gets <c>[rows, Roots]</c>, row-major.</param>
    public unsafe void LogLikelihood<T>(in ReadOnlyTensorSpan<T> rows, Span<double> destination) where T : unmanaged
    {
        RowElement element = RowElements.Of<T>();
        nint count = RowsOf(rows), stride = count > 1 ? rows.Strides[0] : Variables;
        if (destination.Length < count * Roots)
            throw new ArgumentException($"The destination has room for {destination.Length} of {count * Roots} values.", nameof(destination));
        if (count == 0) return;
        if (stride < Variables || (Variables > 1 && rows.Strides[1] != 1))
        {
            T[] dense = new T[checked(count * Variables)];
            rows.FlattenTo(dense);
            LogLikelihood(Rows.Of(dense, Variables), destination);
            return;
        }
        CheckNotInCallback();
        fixed (T* data = rows)
        fixed (double* first = destination)
        {
            NativeRows native = new()
            {
                Size = sizeof(NativeRows),
                Element = (int)element,
                Data = data,
                Count = count,
                RowStride = stride,
                Variables = Variables,
            };
            LogLikelihood(in native, first);
        }
    }

    /// <summary>
    /// The mean log-likelihood of the rows, weighted where they have weights; −∞ where one that counts is impossible. One root only.
    /// </summary>
    /// <inheritdoc cref="LogLikelihood(Rows, CancellationToken)"/>
    /// <returns>The mean in nats; NaN where there are no rows.</returns>
    public double MeanLogLikelihood(Rows rows, CancellationToken cancellationToken = default)
    {
        if (Roots != 1) throw new ArgumentException($"The model has {Roots} roots; a mean log-likelihood needs one.", nameof(rows));
        double[] values = LogLikelihood(rows, cancellationToken);
        ReadOnlySpan<float> weights = rows.Weights.Span;
        double sum = 0, weight = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double w = weights.IsEmpty ? 1 : weights[i];
            if (w == 0) continue; // whatever the row's likelihood: 0 · −∞ is no number
            sum += w * values[i];
            weight += w;
        }
        return sum / weight;
    }

    /// <summary>
    /// Bits per dimension: minus the mean log-likelihood in bits, divided by the number of variables. Lower is better. One root only.
    /// </summary>
    /// <inheritdoc cref="MeanLogLikelihood"/>
    /// <returns>The bits; NaN where there are no rows.</returns>
    public double BitsPerDimension(Rows rows, CancellationToken cancellationToken = default) =>
        ToBitsPerDimension(MeanLogLikelihood(rows, cancellationToken));

    internal double ToBitsPerDimension(double meanLogLikelihood) => -meanLogLikelihood / (Variables * Math.Log(2));

    private unsafe void LogLikelihood(in NativeRows rows, double* destination)
    {
        QueryTimer timer = QueryTimer.Start(QueryKind.LogLikelihood, _device, rows.Count);
        try
        {
            Status.Check(NativeMethods.juice_model_log_likelihood(Handle, in rows, destination, null, null));
            timer.Stop();
        }
        catch (Exception e) when (timer.Failed(e))
        {
            throw;
        }
    }

    // The log-likelihoods as part of a query that is measured as a whole.
    private unsafe void Evaluate(Rows rows, Span<double> destination, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using CallScope call = EnterCall();
        using ProgressScope reports = new(Report(progress), cancellationToken);
        using PinnedRows pinned = new(rows);
        fixed (double* first = destination)
        {
            int status = NativeMethods.juice_model_log_likelihood(Handle, in pinned.Native, first, reports.Callback, reports.User);
            pinned.ThrowIfFailed();
            reports.Check(status);
        }
    }

    private double[] NewResult(Rows rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return new double[checked(rows.Count * Roots)];
    }

    private void CheckDestination(Rows rows, ReadOnlySpan<double> destination)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (destination.Length < rows.Count * Roots)
            throw new ArgumentException($"The destination has room for {destination.Length} of {rows.Count * Roots} values.", nameof(destination));
    }

    private nint RowsOf<T>(in ReadOnlyTensorSpan<T> rows) => rows.Rank == 2 && rows.Lengths[1] == Variables
        ? rows.Lengths[0]
        : throw new ArgumentException($"The shape is [{string.Join(", ", rows.Lengths.ToArray())}]; it should be [rows, {Variables}].", nameof(rows));

    private static Action<long, long, double>? Report(IProgress<long>? progress) => progress is null ? null : (done, _, _) => progress.Report(done);
}
