namespace Juice;

/// <summary>How a hidden Markov model is built.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record HmmOptions
{
    /// <summary>Whether one transition and one emission table serve all times, true by default; otherwise each time has its own.</summary>
    public bool Homogeneous { get; init; } = true;

    /// <summary>Nodes of the root, each a distribution of the first state; 1 by default.</summary>
    public int Roots { get; init; } = 1;
}
