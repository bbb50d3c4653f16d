using Juice.Interop;

namespace Juice;

// Soft evidence.
public sealed partial class CompiledCircuit
{
    /// <summary>Log-likelihoods of rows some of whose values are known by weights only.</summary>
    /// <param name="rows">The rows; entries of variables with soft evidence do not count, but where a row has none.</param>
    /// <param name="evidence">What is known of the others.</param>
    /// <returns><c>[rows, Roots]</c>.</returns>
    /// <exception cref="ArgumentException">A variable's domain is not finite, or there are more or fewer logs than rows have values.</exception>
    /// <remarks>
    /// Exact, and no query for speed: the weights are worked out on the processor, and the model keeps a second copy of its parameters for it. It waits for
    /// trainings and queries, and they for it.
    /// </remarks>
    public double[] SoftLogLikelihood(Rows rows, SoftEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(rows);
        double[] logs = new double[rows.Count * Roots];
        AnswerSoftly(rows, evidence, default, addFlows: false, logs, null);
        return logs;
    }

    /// <summary>
    /// The gradient of Σ root flows · log-likelihoods by the logs of soft evidence: with root flows of 1 each value's posterior probability.
    /// </summary>
    /// <param name="rows">The rows.</param>
    /// <param name="evidence">What is known by weights only.</param>
    /// <param name="rootFlows"><c>[rows, Roots]</c>; empty, where there is one root, for 1. Row weights multiply them.</param>
    /// <param name="addFlows">Whether the rows' parameter flows are added to the flow buffer, too, as <see cref="Backward"/> would.</param>
    /// <returns>Laid out like <see cref="SoftEvidence.Logs"/>; 0 where a row's own entry counts.</returns>
    /// <exception cref="ArgumentException">A variable's domain is not finite, or a number of logs or root flows is another than asked for.</exception>
    public float[] GetSoftGradient(Rows rows, SoftEvidence evidence, ReadOnlySpan<float> rootFlows = default, bool addFlows = false)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(evidence);
        float[] gradient = new float[evidence.Logs.Length];
        AnswerSoftly(rows, evidence, rootFlows, addFlows, null, gradient);
        return gradient;
    }

    private unsafe void AnswerSoftly(Rows rows, SoftEvidence evidence, ReadOnlySpan<float> rootFlows, bool addFlows, double[]? logs, float[]? gradient)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        long values = 0;
        foreach (int variable in evidence.Variables)
        {
            if (variable < 0 || variable >= Variables) throw new ArgumentException($"There is no variable {variable}; there are {Variables}.", nameof(evidence));
            values += _domains[variable].Domain ?? throw new ArgumentException($"Variable {variable} has no finite domain.", nameof(evidence));
        }
        if (evidence.Logs.Length != rows.Count * values)
            throw new ArgumentException($"There are {evidence.Logs.Length} logs; {rows.Count} rows of {values} values need {rows.Count * values}.", nameof(evidence));
        if (!rootFlows.IsEmpty && rootFlows.Length != rows.Count * Roots)
            throw new ArgumentException($"There are {rootFlows.Length} root flows; the rows need {rows.Count * Roots}.", nameof(rootFlows));
        using CallScope call = EnterCall();
        using PinnedRows pinned = new(rows);
        int[] variables = [.. evidence.Variables];
        fixed (int* numbers = variables)
        fixed (float* weights = evidence.Logs.Span, flows = rootFlows, to = gradient)
        fixed (double* first = logs)
        {
            NativeSoft soft = new() { Size = sizeof(NativeSoft), VariableCount = variables.Length, Variables = numbers, Logs = weights };
            int status = NativeMethods.juice_model_soft_evidence(Handle, in pinned.Native, in soft, flows, addFlows ? 1 : 0, first, to);
            pinned.ThrowIfFailed();
            Status.Check(status);
        }
    }
}
