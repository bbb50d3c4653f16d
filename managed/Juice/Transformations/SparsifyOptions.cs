namespace Juice;

/// <summary>The schedule of <see cref="Transformations.Sparsify"/>: in every round prune, grow, train.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record SparsifyOptions
{
    /// <summary>Rounds; at least 1, 5 by default.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>How to prune; a quarter of all edges stays by default, which growing by two makes up for.</summary>
    public PruneOptions Prune { get; init; } = new() { Keep = 0.25 };

    /// <summary>How to grow; null: not at all, so that the circuit becomes smaller from round to round.</summary>
    public GrowOptions? Grow { get; init; } = new();

    /// <summary>How to train after that; ten epochs of mini-batches by default.</summary>
    public Em Em { get; init; } = new MiniBatchEm();

    /// <summary>Whether a last round prunes and trains without growing, so that a small circuit comes out; false by default.</summary>
    public bool EndPruned { get; init; }

    /// <summary>Rows that every round's circuit is scored on; the best of them all is the result, the one to begin with among them. Null, the default: the last one is.</summary>
    public Rows? Validation { get; init; }

    /// <summary>Where it is trained; null: <see cref="Device.Default"/>.</summary>
    public Device? Device { get; init; }

    /// <summary>Threads, memory and batch; null for the defaults.</summary>
    public CompileOptions? Compile { get; init; }

    /// <summary>Hears of every round, on the thread that works.</summary>
    public IProgress<SparsifyRound>? Progress { get; init; }

    internal void Check()
    {
        if (Rounds < 1) throw new ArgumentException($"Rounds is {Rounds}; at least 1 is needed.");
        if (Prune is null) throw new ArgumentException("Prune is null; options are needed.");
        if (Em is null) throw new ArgumentException("Em is null; a way to train is needed.");
        if (Validation is { Count: 0 }) throw new ArgumentException("Validation has no rows.");
        Prune.Check();
        Grow?.Check();
        Em.Check();
    }
}

/// <summary>What a round of <see cref="Transformations.Sparsify"/> made.</summary>
/// <param name="Round">Its number, from 1.</param>
/// <param name="EdgesBefore">Edges of the circuit that it began with.</param>
/// <param name="EdgesPruned">Edges that were left after pruning.</param>
/// <param name="Edges">Edges of the circuit that was trained, after growing.</param>
/// <param name="TrainBitsPerDimension">Of the last epoch, on rows as they were learnt from.</param>
/// <param name="ValidationBitsPerDimension">Of the round's circuit; null without validation rows.</param>
public sealed record SparsifyRound(
    int Round, long EdgesBefore, long EdgesPruned, long Edges, double TrainBitsPerDimension, double? ValidationBitsPerDimension);

/// <summary>What came of <see cref="Transformations.Sparsify"/>.</summary>
/// <param name="Circuit">The best circuit by validation, or the last one. The caller's to dispose.</param>
/// <param name="BestRound">The round that it is from; 0 where none was better than what it began with; null without validation rows.</param>
/// <param name="Rounds">All rounds.</param>
public sealed record SparsifyResult(Circuit Circuit, int? BestRound, IReadOnlyList<SparsifyRound> Rounds);
