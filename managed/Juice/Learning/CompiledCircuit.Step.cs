using Juice.Interop;

namespace Juice;

// The step in three calls.
public sealed partial class CompiledCircuit
{
    // The rows of the batch that forward remembered, and what keeps it true while backward reads as many root flows.
    private readonly Lock _step = new();
    private long _batchRows;

    /// <summary>
    /// Evaluates a batch and remembers it and its values for <see cref="Backward"/>. The rows' memory is not needed after the call.
    /// </summary>
    /// <param name="batch">All of these rows are the batch.</param>
    /// <returns>The log-likelihoods, <c>[rows, Roots]</c>.</returns>
    /// <exception cref="ArgumentException">
    /// A value is outside of its variable's domain (the message names row and column), or the number of variables is another.
    /// </exception>
    public double[] Forward(Rows batch)
    {
        double[] result = NewResult(batch);
        Forward(batch, result);
        return result;
    }

    /// <inheritdoc cref="Forward(Rows)"/>
    /// <param name="batch">All of these rows are the batch.</param>
    /// <param name="logLikelihood">Gets the log-likelihoods, <c>[rows, Roots]</c>.</param>
    public unsafe void Forward(Rows batch, Span<double> logLikelihood)
    {
        CheckDestination(batch, logLikelihood);
        Forward(batch, null, batch.Count, logLikelihood);
    }

    /// <inheritdoc cref="Forward(Rows)"/>
    /// <param name="rows">The rows to choose from.</param>
    /// <param name="indices">The numbers of the rows that are the batch.</param>
    /// <param name="logLikelihood">Gets the log-likelihoods, <c>[indices, Roots]</c>.</param>
    public unsafe void Forward(Rows rows, ReadOnlySpan<long> indices, Span<double> logLikelihood)
    {
        ArgumentNullException.ThrowIfNull(rows);
        long needed = (long)indices.Length * Roots;
        if (logLikelihood.Length < needed)
            throw new ArgumentException($"The destination has room for {logLikelihood.Length} of {needed} values.", nameof(logLikelihood));
        foreach (long index in indices)
            if (index < 0 || index >= rows.Count)
                throw new ArgumentOutOfRangeException(nameof(indices), index, $"There is no row {index}; there are {rows.Count} rows.");
        long none = 0;
        fixed (long* first = indices) Forward(rows, first is null ? &none : first, indices.Length, logLikelihood);
    }

    /// <summary>Adds the flows of the batch that <see cref="Forward(Rows)"/> remembered to the flow buffer.</summary>
    /// <param name="rootFlows">
    /// The flow into each root for each row, <c>[rows, Roots]</c>; empty, where there is one root, for 1. Row weights multiply them.
    /// </param>
    /// <exception cref="ArgumentException">There was no forward call, or there are several roots and no root flows.</exception>
    public unsafe void Backward(ReadOnlySpan<float> rootFlows = default)
    {
        CheckNotInCallback();
        lock (_step)
        {
            if (!rootFlows.IsEmpty && rootFlows.Length != _batchRows * Roots)
                throw new ArgumentException($"There are {rootFlows.Length} root flows; the batch needs {_batchRows * Roots}.", nameof(rootFlows));
            fixed (float* first = rootFlows) Status.Check(NativeMethods.juice_model_backward(Handle, first));
            Instruments.TrainingRows.Add(_batchRows, Instruments.Device(_device));
        }
    }

    /// <summary>Applies the flows in the buffer to the parameters, and clears them.</summary>
    /// <exception cref="ArgumentException">A figure of the rule is out of its range.</exception>
    public void Update(EmUpdate rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        CheckNotInCallback();
        Status.Check(NativeMethods.juice_model_update(Handle, rule.ToNative()));
    }

    /// <summary>
    /// How <see cref="Forward(Rows)"/> and <see cref="Backward"/> share flows out from here on: in proportion to (weight · value) to this power. 1 at first;
    /// infinity sends all of a flow down the largest edge, the first of equal ones. <see cref="Forward(Rows)"/> then has the logs of
    /// (Σ (weight · value)^power)^(1/power). Missing entries count as 1. See <see cref="Em.Power"/>.
    /// </summary>
    /// <param name="power">1 … 16, or infinity.</param>
    /// <exception cref="ArgumentException">It is none of these.</exception>
    public void SetPower(double power)
    {
        CheckNotInCallback();
        Status.Check(NativeMethods.juice_model_set_power(Handle, (float)power));
    }

    private unsafe void Forward(Rows rows, long* indices, long count, Span<double> logLikelihood)
    {
        using CallScope call = EnterCall();
        using PinnedRows pinned = new(rows);
        lock (_step)
        {
            fixed (double* first = logLikelihood)
            {
                int status = NativeMethods.juice_model_forward(Handle, in pinned.Native, indices, count, first);
                pinned.ThrowIfFailed();
                Status.Check(status);
            }
            _batchRows = count;
        }
    }
}
