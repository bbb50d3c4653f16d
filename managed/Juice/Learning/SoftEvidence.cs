namespace Juice;

/// <summary>
/// What is known of variables whose values are not: how likely each value makes it, row by row. A variable then stands for Σₓ exp(logs[x])·[value is x].
/// A classifier's or a reader's log-probabilities, or log-likelihoods of a noisy observation, are such logs; they need not be normalised.
/// </summary>
/// <remarks>Immutable, as long as the array is left alone; safe to use from any number of threads.</remarks>
public sealed class SoftEvidence
{
    /// <summary>Soft evidence.</summary>
    /// <param name="variables">Variables with finite domains (categorical, Bernoulli, binomial, indicator), ascending.</param>
    /// <param name="logs">
    /// <c>[rows, values]</c>: a row has the logs of the first variable's values, then the second's, and so on. −∞ rules a value out; where a variable's first log is
    /// NaN the row's own entry counts.
    /// </param>
    public SoftEvidence(IReadOnlyList<int> variables, float[] logs)
    {
        ArgumentNullException.ThrowIfNull(variables);
        ArgumentNullException.ThrowIfNull(logs);
        if (variables.Count == 0) throw new ArgumentException("There are no variables.", nameof(variables));
        Variables = [.. variables];
        Logs = logs;
    }

    /// <summary>The variables, ascending.</summary>
    public IReadOnlyList<int> Variables { get; }

    /// <summary><c>[rows, values]</c>.</summary>
    public ReadOnlyMemory<float> Logs { get; }
}
