namespace Juice;

/// <summary>How a random tensorised sum-product network is built.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record RatSpnOptions
{
    /// <summary>How often regions are split, at least 1 and 5 by default; a region of one variable is split no more.</summary>
    public int Depth { get; init; } = 5;

    /// <summary>Random splits of all the variables that the root mixes, 2 by default.</summary>
    public int Repetitions { get; init; } = 2;

    /// <summary>Parts that a region is split into, at least 2, which is the default.</summary>
    public int Pieces { get; init; } = 2;

    /// <summary>Nodes of the root, each a distribution over all variables, which share all below; 1 by default.</summary>
    public int Roots { get; init; } = 1;
}
