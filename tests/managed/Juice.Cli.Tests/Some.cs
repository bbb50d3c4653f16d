using System.Globalization;

namespace Juice.Cli.Tests;

/// <summary>Anonymous rows and models, so that a test mentions only what matters to it.</summary>
internal static class Some
{
    /// <summary>A CSV file of binary rows in which each variable mostly repeats the one before it.</summary>
    public static string BinaryRows(TemporaryFolder folder, string name = "rows.csv", int rows = 400, int variables = 6, int seed = 1)
    {
        Random random = new(seed);
        IEnumerable<string> lines = Enumerable.Range(0, rows).Select(_ =>
        {
            int value = random.Next(2);
            return string.Join(',', Enumerable.Range(0, variables).Select(_ => value ^= random.Next(5) == 0 ? 1 : 0));
        });
        return folder.Write(name, string.Join('\n', lines) + '\n');
    }

    /// <summary>A small model of <see cref="BinaryRows"/>, trained by the tool.</summary>
    public static string Model(TemporaryFolder folder, params string[] more)
    {
        string model = folder.File("model.juice");
        ToolRun.Well(["train", "hclt", "--data", BinaryRows(folder), "--latents", "3", "--epochs", "2", "--out", model, .. more]);
        return model;
    }

    /// <summary>A model of two variables with the categories 0, 1 and 2, the last of which has probability 0.</summary>
    public static string ModelThatNeverHas2(TemporaryFolder folder)
    {
        string model = folder.File("never2.juice");
        CircuitBuilder builder = new(variables: 2);
        int[] inputs = [.. Enumerable.Range(0, 2).Select(v => builder.Input(v, new Categorical(3), 1, 1, parameters: [0.5f, 0.5f, 0]))];
        using Circuit circuit = builder.Build(builder.Sum([builder.Product(inputs, 1, 1)], 1, 1, parameters: [1]));
        circuit.Save(model);
        return model;
    }

    public static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
