namespace Juice;

/// <summary>How a circuit over a grid is built.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record PoonDomingosOptions
{
    /// <summary>A split point every so many entries of each axis; null, the default: every 4, or at <see cref="SplitPoints"/>.</summary>
    public IReadOnlyList<int>? SplitIntervals { get; init; }

    /// <summary>The split points of each axis, ascending, from 1 to its extent − 1; null, the default: at <see cref="SplitIntervals"/>.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? SplitPoints { get; init; }

    /// <summary>
    /// Nodes a block, a divisor of the latents; 0, the default, is the largest up to 32. Blocks are what <see cref="MostSplits"/> is about, and what is
    /// mixed within a cell.
    /// </summary>
    public int BlockSize { get; init; }

    /// <summary>A sum block reads so many of its region's splits at most, drawn from the seed, 8 by default; 0: all of them.</summary>
    public int MostSplits { get; init; } = 8;

    /// <summary>
    /// Whether every product has sums of its own, false by default: then a region has one sum vector, which all products that it takes part in share.
    /// </summary>
    public bool ProductDominated { get; init; }

    /// <summary>
    /// Whether boxes of one shape share their parameters wherever they lie, and all variables one table of input parameters, false by default.
    /// </summary>
    public bool Tied { get; init; }

    /// <summary>Nodes of the root, each a distribution over all variables, which share all below; 1 by default.</summary>
    public int Roots { get; init; } = 1;
}
