namespace Juice.Cli.Pictures;

/// <summary>How values become brightness: a variable's least value is black, its greatest full white (or red, green, blue).</summary>
internal sealed class Levels
{
    private readonly double[] _greatest;    // by variable; the least value is 0

    private Levels(double[] greatest) => _greatest = greatest;

    /// <summary>Of a circuit's variables: the whole domain of a discrete one, 0 … 1 of a continuous one.</summary>
    public static Levels Of(Circuit circuit)
    {
        double[] greatest = new double[circuit.Variables];
        foreach (NodeVector vector in circuit.Vectors)
            if (vector is { Variable: int variable, Distribution: { } distribution })
                greatest[variable] = distribution.Domain is int domain ? Math.Max(domain - 1, 1) : 1;
        return new(greatest);
    }

    /// <summary>0 … 255; what lies outside is as dark or as bright as there is.</summary>
    public byte Brightness(int variable, double value) => (byte)Math.Round(Math.Clamp(value / _greatest[variable], 0, 1) * byte.MaxValue);
}
