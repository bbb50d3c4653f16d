namespace Juice;

/// <summary>How <see cref="Transformations.Grow"/> makes a circuit larger.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record GrowOptions
{
    /// <summary>Nodes for each one of now, at least 2, which is the default: then there are twice as many nodes and parameters of inputs, and four times as many edges.</summary>
    public int Copies { get; init; } = 2;

    /// <summary>
    /// Weights of sums and probabilities of inputs are multiplied by numbers drawn from a Gaussian of mean 1 and this deviation, 0.1 by default, so that
    /// training can take copies apart; a number under 0.01 counts as that. Means of Gaussians and logistics move by so many deviations or scales.
    /// 0 changes no likelihood, and copies would stay copies.
    /// </summary>
    public double Noise { get; init; } = 0.1;

    /// <summary>Draws the noise.</summary>
    public ulong Seed { get; init; }

    internal void Check()
    {
        if (Copies < 2) throw new ArgumentException($"Copies is {Copies}; at least 2 are needed.");
        if (!(Noise >= 0 && double.IsFinite(Noise))) throw new ArgumentException($"Noise is {Noise}; it is a finite number of at least 0.");
    }
}
