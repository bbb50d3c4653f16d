namespace Juice;

/// <summary>What an edge is worth to <see cref="Transformations.Prune"/>.</summary>
public enum PruneBy
{
    /// <summary>
    /// Its flow: how much of the rows' probability goes through it. Taking an edge of flow F away costs about −log(1 − F) of a row's log-likelihood
    /// (Dang, Liu &amp; Van den Broeck 2022, section 3.2), so that the least flows are the ones to go.
    /// </summary>
    Flow,

    /// <summary>Its parameter.</summary>
    Parameter,

    /// <summary>A random number: to compare with.</summary>
    Random,
}

/// <summary>Which edges of sums <see cref="Transformations.Prune"/> takes away.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record PruneOptions
{
    /// <summary>What an edge is worth; <see cref="PruneBy.Flow"/> by default.</summary>
    public PruneBy By { get; init; } = PruneBy.Flow;

    /// <summary>
    /// The share of edges (or blocks) of the whole circuit that stays, above 0 and at most 1: those worth most, of equals the first; a node that would have
    /// none keeps its best edge besides. Null: <see cref="Threshold"/> decides. Edges of tied sums count once, and structural zeros do not count.
    /// </summary>
    public double? Keep { get; init; }

    /// <summary>
    /// The least worth that stays: a flow in the mean over the rows, by their weights, or a parameter; of a block the sum of its edges. Null, the default:
    /// <see cref="Keep"/> decides.
    /// </summary>
    public double? Threshold { get; init; }

    /// <summary>
    /// 1, the default: single edges go. Otherwise blocks of so many by so many edges, and the circuit is cut into such; where a vector's size is no
    /// multiple, into the largest blocks under this that divide it.
    /// </summary>
    public int BlockSize { get; init; } = 1;

    /// <summary>Draws what <see cref="PruneBy.Random"/> goes by.</summary>
    public ulong Seed { get; init; }

    /// <summary>Rows at a time when flows are added up; 256 by default. It changes no more than their last digits.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Where flows are computed; null: <see cref="Device.Default"/>.</summary>
    public Device? Device { get; init; }

    internal void Check()
    {
        if (Keep is null == Threshold is null) throw new ArgumentException("Keep and Threshold are both given or both missing; one of them decides what stays.");
        if (Keep is not (null or (> 0 and <= 1))) throw new ArgumentException($"Keep is {Keep}; it is above 0 and at most 1.");
        if (Threshold is not (null or (>= 0 and < double.PositiveInfinity))) throw new ArgumentException($"Threshold is {Threshold}; it is a finite number of at least 0.");
        if (Threshold is not null && By == PruneBy.Random) throw new ArgumentException("Threshold goes with flows and parameters; at random Keep decides.");
        if (BlockSize < 1) throw new ArgumentException($"BlockSize is {BlockSize}; at least 1 is needed.");
        if (BatchSize < 1) throw new ArgumentException($"BatchSize is {BatchSize}; at least 1 is needed.");
    }
}
