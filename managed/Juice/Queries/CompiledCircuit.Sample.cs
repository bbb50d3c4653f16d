using Juice.Interop;

namespace Juice;

public sealed partial class CompiledCircuit
{
    /// <summary>Draws rows from the model's distribution, exactly.</summary>
    /// <param name="count">Number of rows.</param>
    /// <param name="options">Seed, temperature, root; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the call between batches.</param>
    /// <returns>
    /// <c>[count, Variables]</c>, in the narrowest of byte, ushort and int that holds every variable's values, or float where one is continuous.
    /// </returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public Rows Sample(int count, SampleOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        options ??= new();
        options.Check(this, evidence: null);
        return Sample(evidence: null, count, NarrowestElement(), options, cancellationToken);
    }

    /// <summary>
    /// Completes rows: what is missing is drawn given what is there, from the exact posterior; what is there stays as it is.
    /// </summary>
    /// <param name="evidence">The rows, with missing entries. Their weights do not matter.</param>
    /// <param name="options">Seed, temperature, samples a row, roots; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the call between batches.</param>
    /// <returns>
    /// <c>[evidence.Count · SamplesPerRow, Variables]</c>: sample k of row r is row r · SamplesPerRow + k. Entries are of the evidence's type where
    /// that holds every variable's values, and otherwise as those of <see cref="Sample(int, SampleOptions?, CancellationToken)"/>.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// An option is out of its range, a value is outside of its variable's domain, or a row is impossible under the model (the message names it).
    /// </exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public Rows Sample(Rows evidence, SampleOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        options ??= new();
        options.Check(this, evidence);
        if (evidence.Variables != Variables)
            throw new ArgumentException($"The rows have {evidence.Variables} variables; the model has {Variables}.", nameof(evidence));
        RowElement element = Holds(evidence.ElementType) ? evidence.ElementType : NarrowestElement();
        return Sample(evidence, options.SamplesPerRow, element, options, cancellationToken);
    }

    /// <summary><see cref="Sample(int, SampleOptions?, CancellationToken)"/> on a thread of its own.</summary>
    /// <inheritdoc cref="Sample(int, SampleOptions?, CancellationToken)"/>
    public Task<Rows> SampleAsync(int count, SampleOptions? options = null, CancellationToken cancellationToken = default) =>
        LongRunning.Run(() => Sample(count, options, cancellationToken), cancellationToken);

    /// <summary><see cref="Sample(Rows, SampleOptions?, CancellationToken)"/> on a thread of its own.</summary>
    /// <inheritdoc cref="Sample(Rows, SampleOptions?, CancellationToken)"/>
    public Task<Rows> SampleAsync(Rows evidence, SampleOptions? options = null, CancellationToken cancellationToken = default) =>
        LongRunning.Run(() => Sample(evidence, options, cancellationToken), cancellationToken);

    private Rows Sample(Rows? evidence, long perRow, RowElement element, SampleOptions options, CancellationToken cancellationToken) => element switch
    {
        RowElement.Byte => Sample<byte>(evidence, perRow, options, cancellationToken),
        RowElement.UShort => Sample<ushort>(evidence, perRow, options, cancellationToken),
        RowElement.Int32 => Sample<int>(evidence, perRow, options, cancellationToken),
        RowElement.Single => Sample<float>(evidence, perRow, options, cancellationToken),
        _ => Sample<double>(evidence, perRow, options, cancellationToken),
    };

    private Rows Sample<T>(Rows? evidence, long perRow, SampleOptions options, CancellationToken cancellationToken) where T : unmanaged
    {
        long count = checked((evidence?.Count ?? 1) * perRow);
        if (count > Array.MaxLength / Variables)
            throw new ArgumentException($"{count} samples of {Variables} variables are more than an array holds: draw them in parts, with First.");
        T[] samples = new T[count * Variables];
        QueryTimer timer = QueryTimer.Start(QueryKind.Sample, _device, count);
        try
        {
            Draw(evidence, perRow, options, samples, cancellationToken);
            timer.Stop();
        }
        catch (Exception e) when (timer.Failed(e))
        {
            throw;
        }
        Rows result = Rows.Of(samples, Variables);
        return evidence?.Categories is int categories ? result.WithCategories(categories) : result;
    }

    private unsafe void Draw<T>(Rows? evidence, long perRow, SampleOptions options, T[] samples, CancellationToken cancellationToken) where T : unmanaged
    {
        using CallScope call = EnterCall();
        using ProgressScope reports = new(Report(options.Progress), cancellationToken);
        fixed (T* destination = samples)
        fixed (int* roots = options.Roots.Span)
        {
            NativeSampleOptions native = new()
            {
                Size = sizeof(NativeSampleOptions),
                Element = (int)RowElements.Of<T>(),
                Count = perRow,
                Seed = options.Seed,
                First = options.First,
                Temperature = options.Temperature,
                Root = options.Root,
                Roots = roots,
                Progress = reports.Callback,
                User = reports.User,
            };
            if (evidence is null)
            {
                reports.Check(NativeMethods.juice_model_sample(Handle, null, in native, destination));
                return;
            }
            using PinnedRows pinned = new(evidence);
            NativeRows rows = pinned.Native;
            int status = NativeMethods.juice_model_sample(Handle, &rows, in native, destination);
            pinned.ThrowIfFailed();
            reports.Check(status);
        }
    }

    private RowElement NarrowestElement()
    {
        foreach (RowElement element in (ReadOnlySpan<RowElement>)[RowElement.Byte, RowElement.UShort, RowElement.Int32, RowElement.Single])
            if (Holds(element)) return element;
        return RowElement.Double;
    }

    // Has every variable's every value a place in this type?
    private bool Holds(RowElement element)
    {
        long largest = element switch
        {
            RowElement.Byte => byte.MaxValue,
            RowElement.UShort => ushort.MaxValue,
            RowElement.Int32 => int.MaxValue,
            RowElement.Single => 1 << 24,
            _ => 1L << 53,
        };
        foreach (Distribution distribution in _domains)
            if (distribution.Domain is int domain ? domain - 1 > largest : !element.IsFloatingPoint()) return false;
        return true;
    }
}
