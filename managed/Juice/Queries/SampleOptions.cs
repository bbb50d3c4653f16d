namespace Juice;

/// <summary>How rows are sampled: <see cref="CompiledCircuit.Sample(int, SampleOptions?, CancellationToken)"/>.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record SampleOptions
{
    /// <summary>
    /// One seed names one stream of samples: the same bits on one device and instruction set, whatever the number of threads and the other rows.
    /// </summary>
    public ulong Seed { get; init; }

    /// <summary>The number of the call's first sample in the seed's stream: a call that starts at 100 goes on where 100 samples ended.</summary>
    public long First { get; init; }

    /// <summary>
    /// Every choice's probabilities, of sums' edges (given the evidence) and of inputs' values, are raised to 1 / temperature and made to add up
    /// to 1 again; a Gaussian's deviation is multiplied by the temperature's square root. 1, the default, is exact; lower gives likelier rows,
    /// higher more varied ones.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Samples for each row of the evidence, 1 by default.</summary>
    public int SamplesPerRow { get; init; } = 1;

    /// <summary>The node of the root vector that is sampled from, 0 by default: a circuit of several roots holds as many distributions.</summary>
    public int Root { get; init; }

    /// <summary>A root for each row of the evidence, instead of <see cref="Root"/>; empty, the default: the same for all.</summary>
    public ReadOnlyMemory<int> Roots { get; init; }

    /// <summary>Hears the number of samples done, on the calling thread.</summary>
    public IProgress<long>? Progress { get; init; }

    internal void Check(CompiledCircuit model, Rows? evidence)
    {
        if (First < 0) throw new ArgumentException($"First is {First}; samples are numbered from 0.");
        if (!(Temperature > 0) || !double.IsFinite(Temperature))
            throw new ArgumentException(FormattableString.Invariant($"The temperature is {Temperature}; it must be finite and above 0."));
        if (SamplesPerRow < 0) throw new ArgumentException($"SamplesPerRow is {SamplesPerRow}; it must be at least 0.");
        if (Root < 0 || Root >= model.Roots) throw new ArgumentException($"Root is {Root}; the model has roots 0 … {model.Roots - 1}.");
        if (evidence is null)
        {
            if (SamplesPerRow != 1) throw new ArgumentException($"SamplesPerRow is {SamplesPerRow}, but there is no evidence: count alone says how many.");
            if (!Roots.IsEmpty) throw new ArgumentException("Roots name a root for each row of evidence, and there is none: use Root.");
        }
        else if (!Roots.IsEmpty && Roots.Length != evidence.Count)
        {
            throw new ArgumentException($"There are {Roots.Length} roots for {evidence.Count} rows.");
        }
    }
}
