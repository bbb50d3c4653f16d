namespace Juice;

/// <summary>
/// What <see cref="CompiledCircuit.Fit"/> follows: expectation maximisation, or another <see cref="Optimizer"/> in its place. See
/// <see cref="MiniBatchEm"/> and <see cref="FullBatchEm"/>.
/// </summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public abstract record Em
{
    private protected Em(StepSize stepSize) => StepSize = stepSize;

    /// <summary>Passes over the rows; at least 1, 10 by default.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Rows an update, or with <see cref="FullBatchEm"/> rows at a time; 256 by default.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>What makes parameters from the flows of each update; expectation maximisation by default.</summary>
    public Optimizer Optimizer { get; init; } = Optimizer.Em;

    /// <summary>
    /// How flows are shared out at a sum, in 1 … 16 or infinity: in proportion to (weight · value) to this power. 1, the default, is what expectation
    /// maximisation and gradients ask for; infinity sends all of it down the largest edge (Viterbi EM, max-product); between them lies generalised EM.
    /// The progress and history of a training at another power than 1 have the logs of ((Σ (weight · value)^power)^(1/power), not log-likelihoods;
    /// validation has log-likelihoods.
    /// </summary>
    public double Power { get; init; } = 1;

    /// <summary>
    /// The step size of each update: at most 1 with expectation maximisation and Anemone. Stochastic gradient and Adam move log-parameters by it
    /// and have a schedule of their own needs; 0.1 is a fair begin for Adam, 50 for stochastic gradient.
    /// </summary>
    public StepSize StepSize { get; init; }

    /// <summary>Added to the flows of every node at each update, shared out evenly over its non-zero parameters; 0.1 by default.</summary>
    public double Pseudocount { get; init; } = 0.1;

    /// <summary>The least standard deviation of a Gaussian, 0.01 by default.</summary>
    public double MinDeviation { get; init; } = 0.01;

    /// <summary>The least scale of a discrete logistic, 0.01 by default.</summary>
    public double MinScale { get; init; } = 0.01;

    /// <summary>Draws the order of the rows where they are shuffled; 0 by default.</summary>
    public ulong Seed { get; init; }

    internal abstract bool IsFullBatch { get; }

    /// <summary>What <see cref="JuiceTelemetry.TrainingMethodTag"/> says.</summary>
    internal string Method => IsFullBatch ? "full_batch" : "mini_batch";

    internal abstract bool ShufflesRows { get; }

    /// <summary>Updates in one pass over so many rows.</summary>
    internal long StepsPerEpoch(long rows) => IsFullBatch ? 1 : (rows + BatchSize - 1) / BatchSize;

    internal void Check()
    {
        if (Epochs < 1) throw new ArgumentException($"Epochs is {Epochs}; at least 1 is needed.");
        if (BatchSize < 1) throw new ArgumentException($"BatchSize is {BatchSize}; at least 1 is needed.");
        if (StepSize is null) throw new ArgumentException("StepSize is null; a schedule is needed.");
        if (!(Power >= 1 && (Power <= 16 || double.IsPositiveInfinity(Power)))) throw new ArgumentException($"Power is {Power}; it is 1 … 16 or infinity.");
        if (Optimizer is null) throw new ArgumentException("Optimizer is null; an optimiser is needed.");
        if (Optimizer.IsShare && StepSize.Largest > 1)
            throw new ArgumentException($"StepSize reaches {StepSize.Largest}; expectation maximisation and Anemone take at most 1.");
        if (!(Pseudocount >= 0 && double.IsFinite(Pseudocount)))
            throw new ArgumentException($"Pseudocount is {Pseudocount}; it is a finite number of at least 0.");
    }

    internal EmUpdate Rule => new() { Optimizer = Optimizer, Pseudocount = (float)Pseudocount, MinDeviation = (float)MinDeviation, MinScale = (float)MinScale };
}

/// <summary>An update after each batch of rows: the fast way. The step size falls from 0.5 to 0.02 along a cosine by default.</summary>
public sealed record MiniBatchEm : Em
{
    /// <summary>Mini-batch expectation maximisation with the default schedule.</summary>
    public MiniBatchEm() : base(StepSize.Cosine(from: 0.5, to: 0.02))
    {
    }

    /// <summary>Whether each epoch goes through the rows in another order, drawn from <see cref="Em.Seed"/>; true by default.</summary>
    public bool Shuffle { get; init; } = true;

    internal override bool IsFullBatch => false;

    internal override bool ShufflesRows => Shuffle;
}

/// <summary>
/// One update an epoch, from the flows of all rows. With a step size of 1 (the default) and no pseudocount no epoch lowers the likelihood.
/// </summary>
public sealed record FullBatchEm : Em
{
    /// <summary>Full-batch expectation maximisation with a step size of 1.</summary>
    public FullBatchEm() : base(StepSize.Constant(1))
    {
    }

    internal override bool IsFullBatch => true;

    internal override bool ShufflesRows => false;
}
