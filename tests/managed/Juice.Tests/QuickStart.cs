namespace Juice.Tests;

/// <summary>The README's first program, compiled as it stands between the two marks and run on a few rows of made-up images.</summary>
internal static class QuickStart
{
    public static double Run()
    {
        // <quick-start>
        var (train, test) = FashionMnist.Load();
        Circuit circuit = Structures.Hclt(train, latents: 64, seed: 1);
        using CompiledCircuit model = circuit.Compile(Device.Default);
        model.Fit(train, new MiniBatchEm { Epochs = 10, BatchSize = 256, Pseudocount = 0.1 });
        Console.WriteLine(model.BitsPerDimension(test));
        model.Save("fashion.juice");
        // </quick-start>
        return model.BitsPerDimension(test);
    }

    private static class FashionMnist
    {
        public static (Rows Train, Rows Test) Load() =>
            (Some.Rows(count: 600, variables: 25, categories: 8), Some.Rows(count: 100, variables: 25, categories: 8, seed: 2));
    }
}
