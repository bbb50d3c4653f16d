using Juice.Interop;

namespace Juice;

/// <summary>What the nodes of an input vector compute over their one variable.</summary>
/// <remarks>Immutable and comparable by value; safe to use from any number of threads.</remarks>
public abstract record Distribution
{
    private protected Distribution()
    {
    }

    /// <summary>Number of values of the variable, which are 0 … Domain−1; null where it takes any finite number.</summary>
    public abstract int? Domain { get; }

    /// <summary>Parameters of one node, in the layout of the model file.</summary>
    public abstract int ParametersPerNode { get; }

    /// <summary>Floats of flow statistics of one node: see <see cref="CompiledCircuit.GetFlows(int)"/>.</summary>
    internal abstract int StatisticsPerNode { get; }

    internal abstract NativeDistribution ToNative();

    internal static Distribution FromNative(in NativeDistribution native) => native.Type switch
    {
        0 => new Categorical(native.Count),
        1 => new Bernoulli(),
        2 => new Binomial(native.Count),
        3 => new Gaussian(),
        4 => new DiscreteLogistic(native.Low, native.High, native.Count),
        5 => new Indicator(native.Count),
        _ => throw new JuiceException($"The native library names a distribution of type {native.Type}, which this assembly does not know."),
    };

    private protected static int AtLeastOne(int count, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, name);
        return count;
    }
}

/// <summary>One probability a category; the variable is 0 … <see cref="Categories"/>−1.</summary>
/// <param name="Categories">Number of categories, at least 1.</param>
public sealed record Categorical(int Categories) : Distribution
{
    /// <summary>Number of categories.</summary>
    public int Categories { get; } = AtLeastOne(Categories, nameof(Categories));

    /// <inheritdoc/>
    public override int? Domain => Categories;

    /// <summary>The probabilities.</summary>
    public override int ParametersPerNode => Categories;

    internal override int StatisticsPerNode => Categories;

    internal override NativeDistribution ToNative() => new() { Type = 0, Count = Categories };
}

/// <summary>A coin: the variable is 0 or 1.</summary>
public sealed record Bernoulli : Distribution
{
    /// <inheritdoc/>
    public override int? Domain => 2;

    /// <summary>The probability of 1.</summary>
    public override int ParametersPerNode => 1;

    internal override int StatisticsPerNode => 2;

    internal override NativeDistribution ToNative() => new() { Type = 1 };
}

/// <summary>Successes among independent trials; the variable is 0 … <see cref="Trials"/>.</summary>
/// <param name="Trials">Number of trials, at least 1.</param>
public sealed record Binomial(int Trials) : Distribution
{
    /// <summary>Number of trials.</summary>
    public int Trials { get; } = AtLeastOne(Trials, nameof(Trials));

    /// <inheritdoc/>
    public override int? Domain => Trials + 1;

    /// <summary>The success probability.</summary>
    public override int ParametersPerNode => 1;

    internal override int StatisticsPerNode => 2;

    internal override NativeDistribution ToNative() => new() { Type = 2, Count = Trials };
}

/// <summary>The normal distribution over the finite numbers.</summary>
public sealed record Gaussian : Distribution
{
    /// <inheritdoc/>
    public override int? Domain => null;

    /// <summary>Mean and standard deviation.</summary>
    public override int ParametersPerNode => 2;

    internal override int StatisticsPerNode => 3;

    internal override NativeDistribution ToNative() => new() { Type = 3 };
}

/// <summary>
/// A logistic distribution cut into bins of equal width; the variable is the number of a bin, 0 … <see cref="Count"/>−1. The first and the last
/// bin take the tails.
/// </summary>
/// <param name="Low">Where the first bin begins.</param>
/// <param name="High">Where the last bin ends, above <paramref name="Low"/>.</param>
/// <param name="Count">Number of bins, at least 1.</param>
public sealed record DiscreteLogistic(double Low, double High, int Count) : Distribution
{
    /// <summary>Where the last bin ends.</summary>
    public double High { get; } = High > Low
        ? High
        : throw new ArgumentOutOfRangeException(nameof(High), High, $"The bins end at {High}, which is not above their beginning {Low}.");

    /// <summary>Number of bins.</summary>
    public int Count { get; } = AtLeastOne(Count, nameof(Count));

    /// <inheritdoc/>
    public override int? Domain => Count;

    /// <summary>Mean and scale.</summary>
    public override int ParametersPerNode => 2;

    internal override int StatisticsPerNode => 3;

    internal override NativeDistribution ToNative() => new() { Type = 4, Count = Count, Low = Low, High = High };
}

/// <summary>Node i is 1 where the variable is i and 0 elsewhere; it has no parameters. A vector of indicators has as many nodes as categories.</summary>
/// <param name="Categories">Number of categories, at least 1.</param>
public sealed record Indicator(int Categories) : Distribution
{
    /// <summary>Number of categories.</summary>
    public int Categories { get; } = AtLeastOne(Categories, nameof(Categories));

    /// <inheritdoc/>
    public override int? Domain => Categories;

    /// <summary>None.</summary>
    public override int ParametersPerNode => 0;

    internal override int StatisticsPerNode => 0;

    internal override NativeDistribution ToNative() => new() { Type = 5, Count = Categories };
}
