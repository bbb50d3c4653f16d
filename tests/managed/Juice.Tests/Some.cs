namespace Juice.Tests;

/// <summary>Anonymous values, so that a test mentions only what matters to it.</summary>
internal static class Some
{
    /// <summary>A mixture of two products of three categorical variables with 2, 3 and 4 categories.</summary>
    public static Circuit Circuit() => Builder().Build();

    /// <summary>Builder of <see cref="Circuit"/>, to go on with.</summary>
    public static CircuitBuilder Builder()
    {
        CircuitBuilder builder = new(variables: 3);
        int a = builder.Input(0, new Categorical(2), nodeBlocks: 1, blockSize: 2, parameters: [0.25f, 0.75f, 0.5f, 0.5f]);
        int b = builder.Input(1, new Categorical(3), nodeBlocks: 1, blockSize: 2, parameters: [0.5f, 0.25f, 0.25f, 0.125f, 0.375f, 0.5f]);
        int c = builder.Input(2, new Categorical(4), nodeBlocks: 1, blockSize: 2, parameters: [0.25f, 0.25f, 0.25f, 0.25f, 0.5f, 0.25f, 0.125f, 0.125f]);
        int abc = builder.Product([a, b, c], nodeBlocks: 1, blockSize: 2);
        builder.Sum([abc], nodeBlocks: 1, blockSize: 1, parameters: [0.25f, 0.75f]);
        return builder;
    }

    /// <summary>The two products of <see cref="Circuit"/>, each as a root of its own.</summary>
    public static Circuit TwoRoots()
    {
        CircuitBuilder builder = new(variables: 3);
        int a = builder.Input(0, new Categorical(2), nodeBlocks: 1, blockSize: 2, parameters: [0.25f, 0.75f, 0.5f, 0.5f]);
        int b = builder.Input(1, new Categorical(3), nodeBlocks: 1, blockSize: 2, parameters: [0.5f, 0.25f, 0.25f, 0.125f, 0.375f, 0.5f]);
        int c = builder.Input(2, new Categorical(4), nodeBlocks: 1, blockSize: 2, parameters: [0.25f, 0.25f, 0.25f, 0.25f, 0.5f, 0.25f, 0.125f, 0.125f]);
        return builder.Build(builder.Product([a, b, c], nodeBlocks: 1, blockSize: 2));
    }

    /// <summary>The probability of a row under <see cref="Circuit"/>, by hand; −1 is missing.</summary>
    public static double Probability(int a, int b, int c)
    {
        double[,] pa = { { 0.25, 0.75 }, { 0.5, 0.5 } }, pb = { { 0.5, 0.25, 0.25 }, { 0.125, 0.375, 0.5 } };
        double[,] pc = { { 0.25, 0.25, 0.25, 0.25 }, { 0.5, 0.25, 0.125, 0.125 } };
        double[] weights = [0.25, 0.75];
        double sum = 0;
        for (int i = 0; i < 2; i++) sum += weights[i] * (a < 0 ? 1 : pa[i, a]) * (b < 0 ? 1 : pb[i, b]) * (c < 0 ? 1 : pc[i, c]);
        return sum;
    }

    /// <summary>Every complete row of <see cref="Circuit"/>.</summary>
    public static byte[] AllRows()
    {
        List<byte> rows = [];
        for (byte a = 0; a < 2; a++)
            for (byte b = 0; b < 3; b++)
                for (byte c = 0; c < 4; c++)
                    rows.AddRange([a, b, c]);
        return [.. rows];
    }

    /// <summary>Rows of a Markov chain over the variables: neighbours are alike, so that there is a tree to find and something to learn.</summary>
    public static Rows Rows(int count = 200, int variables = 12, int categories = 4, int seed = 1)
    {
        Random random = new(seed);
        byte[] values = new byte[count * variables];
        for (int i = 0; i < count; i++)
        {
            int state = random.Next(categories);
            for (int v = 0; v < variables; v++)
            {
                if (random.NextDouble() < 0.2) state = random.Next(categories);
                values[i * variables + v] = (byte)state;
            }
        }
        return Juice.Rows.Of(values, variables).WithCategories(categories);
    }

    /// <summary>A compiled hidden Chow-Liu tree over <see cref="Rows"/>.</summary>
    public static CompiledCircuit Model(int latents = 4, ulong seed = 1, int variables = 12, int categories = 4, Device? device = null)
    {
        int[] chain = [.. Enumerable.Range(-1, variables)];
        Distribution[] distributions = [.. Enumerable.Repeat(new Categorical(categories), variables)];
        using Circuit circuit = Structures.Hclt(chain, distributions, latents, seed);
        return circuit.Compile(device);
    }
}
