namespace Juice;

/// <summary>How parameters are counted from labels of hidden states.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record DistillationOptions
{
    /// <summary>
    /// Passes over the rows, 1 by default: where every hidden state has labels, one counts all there is to count. Hidden states without labels are inferred
    /// from those that have some, pass by pass.
    /// </summary>
    public int Rounds { get; init; } = 1;

    /// <summary>
    /// Added to the counts of every node, shared out evenly over its parameters; 1 by default. It is what training later takes apart: without it, what never
    /// occurs together stays impossible.
    /// </summary>
    public double Pseudocount { get; init; } = 1;

    /// <summary>What to count on; null, the default, is the processor.</summary>
    public Device? Device { get; init; }

    /// <summary>Processor threads; 0, the default, is all cores. The result does not depend on it.</summary>
    public int Threads { get; init; }
}
