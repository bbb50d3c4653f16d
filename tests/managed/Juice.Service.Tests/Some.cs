namespace Juice.Service.Tests;

/// <summary>Models of different seeds, their rows, and what a direct call answers.</summary>
internal static class Some
{
    public const int Variables = 10;
    public const int Categories = 3;

    public static Circuit Circuit(ulong seed, int variables = Variables, int latents = 6, int categories = Categories) => Structures.Hclt(
        [.. Enumerable.Range(-1, variables)], [.. Enumerable.Repeat(new Categorical(categories), variables)], latents, seed);

    /// <summary>Rows with about a quarter of their entries missing (NaN).</summary>
    public static double[][] Rows(int count, int seed, int variables = Variables, int categories = Categories)
    {
        Random random = new(seed);
        double[] Row() => [.. Enumerable.Range(0, variables).Select(_ => random.Next(4) == 0 ? double.NaN : random.Next(categories))];
        return [.. Enumerable.Range(0, count).Select(_ => Row())];
    }

    public static double[] Direct(Circuit circuit, double[][] rows)
    {
        using CompiledCircuit model = circuit.Compile();
        return model.LogLikelihood(Juice.Rows.Of(rows));
    }

    public static double[] Direct(ulong seed, double[][] rows)
    {
        using Circuit circuit = Circuit(seed);
        return Direct(circuit, rows);
    }
}
