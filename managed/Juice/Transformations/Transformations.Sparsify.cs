namespace Juice;

public static partial class Transformations
{
    /// <summary>
    /// Prunes, grows and trains a circuit in turn, so that its nodes go where the data needs them (Dang, Liu &amp; Van den Broeck 2022, section 3.4). It should have
    /// been trained before.
    /// </summary>
    /// <param name="circuit">The circuit to begin with, of one root.</param>
    /// <param name="train">The rows to learn from, whose flows decide what is pruned.</param>
    /// <param name="options">The schedule; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it between updates.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the rows do not fit the circuit.</exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public static SparsifyResult Sparsify(Circuit circuit, Rows train, SparsifyOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        ArgumentNullException.ThrowIfNull(train);
        options ??= new();
        options.Check();
        List<SparsifyRound> rounds = [];
        int last = options.Rounds + (options.EndPruned && options.Grow is not null ? 1 : 0);
        Circuit current = Grown(circuit, null, 0), best = current;
        (double Score, int Round) bestSoFar = (double.PositiveInfinity, 0);
        try
        {
            if (options.Validation is { } rows)
            {
                using CompiledCircuit model = circuit.Compile(options.Device, options.Compile);
                bestSoFar.Score = model.BitsPerDimension(rows, cancellationToken);
            }
            for (int round = 1; round <= last; round++)
            {
                (Circuit made, SparsifyRound done) = Round(current, train, options, round, grows: round <= options.Rounds, cancellationToken);
                if (!ReferenceEquals(current, best)) current.Dispose();
                current = made;
                if (done.ValidationBitsPerDimension is not double score || score < bestSoFar.Score)
                {
                    if (!ReferenceEquals(best, current)) best.Dispose();
                    best = current;
                    bestSoFar = (done.ValidationBitsPerDimension ?? 0, round);
                }
                rounds.Add(done);
                options.Progress?.Report(done);
            }
        }
        catch
        {
            best.Dispose();
            throw;
        }
        finally
        {
            if (!ReferenceEquals(current, best)) current.Dispose();
        }
        return new(best, options.Validation is null ? null : bestSoFar.Round, rounds.AsReadOnly());
    }

    private static (Circuit Circuit, SparsifyRound Round) Round(
        Circuit circuit, Rows train, SparsifyOptions options, int round, bool grows, CancellationToken cancellationToken)
    {
        long before = circuit.Edges;
        PruneOptions prune = options.Prune with { Seed = options.Prune.Seed + (ulong)round, Device = options.Prune.Device ?? options.Device };
        using Circuit pruned = Prune(circuit, prune, train, cancellationToken);
        using Circuit grown = Grown(pruned, grows ? options.Grow : null, (ulong)round);
        using CompiledCircuit model = grown.Compile(options.Device, options.Compile);
        FitResult fit = model.Fit(train, options.Em, null, cancellationToken);
        double? score = options.Validation is null ? null : model.BitsPerDimension(options.Validation, cancellationToken);
        SparsifyRound done = new(round, before, pruned.Edges, grown.Edges, fit.Epochs[^1].TrainBitsPerDimension, score);
        return (model.ToCircuit(), done);
    }

    // Without options a copy, so that whoever disposes one leaves the other.
    private static Circuit Grown(Circuit circuit, GrowOptions? options, ulong round) => options is null
        ? circuit.WithMetadata("name", circuit.Metadata.GetValueOrDefault("name"))
        : Grow(circuit, options with { Seed = options.Seed + round });
}
