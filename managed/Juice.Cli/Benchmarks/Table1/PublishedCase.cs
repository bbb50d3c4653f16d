namespace Juice.Cli.Benchmarks.Table1;

/// <summary>
/// A family of circuits at a size of the published benchmark (Liu, Ahmed &amp; Van den Broeck, "Scaling Tractable Probabilistic Circuits", 2024, table 1).
/// </summary>
/// <param name="Family">hclt, pd, rat-spn or hmm.</param>
/// <param name="Latents">Nodes a vector.</param>
/// <param name="Edges">Edges as published; of HMMs those of all steps.</param>
/// <param name="Seconds">Published seconds for 60,000 rows on an RTX 4090 (PyJuice).</param>
internal sealed record PublishedCase(string Family, int Latents, double Edges, double Seconds)
{
    public const string Hclt = "hclt", Pd = "pd", RatSpn = "rat-spn", Hmm = "hmm";

    public const int Rows = 60_000, Tokens = 32, Side = DrawnImages.Side, Greys = 256;

    private const int Split = 4, MostSplits = 8, PdBlock = 32, LargestPdBlock = 256, LargestPd = 768, RatDepth = 5, RatRepetitions = 2;

    public static readonly IReadOnlyList<string> Families = [Hclt, Pd, RatSpn, Hmm];

    public static readonly IReadOnlyList<PublishedCase> All =
    [
        new(Hclt, 64, 2.56e6, 0.8), new(Hclt, 128, 10.1e6, 1.3), new(Hclt, 256, 39.9e6, 2.6), new(Hclt, 512, 159e6, 8.8), new(Hclt, 1024, 633e6, 24.9),
        new(Pd, 64, 15.6e6, 2.0), new(Pd, 128, 56.3e6, 5.3), new(Pd, 256, 213e6, 15.4), new(Pd, 512, 829e6, 57.1), new(Pd, 768, 2.03e9, 203.7),
        new(RatSpn, 64, 616_320, 0.6), new(RatSpn, 128, 2.248e6, 0.9), new(RatSpn, 256, 8.56e6, 1.6), new(RatSpn, 512, 33.37e6, 5.8),
        new(RatSpn, 1024, 131.76e6, 13.8), new(Hmm, 512, 8.159e6, 0.6), new(Hmm, 1024, 32.57e6, 1.0), new(Hmm, 2048, 130.15e6, 2.9),
        new(Hmm, 4096, 520.36e6, 10.1), new(Hmm, 6144, 1.1706e9, 47.2),
    ];

    public bool IsOfImages => Family != Hmm;

    /// <summary>A guess, before anything is built: sums' and inputs' parameters in the circuit, in the model and once more on the way.</summary>
    public double RoughBytes(int vocabulary)
    {
        double sums = Family == Hmm ? (double)Latents * Latents : Edges, inputs = Family switch
        {
            Hmm => (double)vocabulary * Latents,
            RatSpn => (double)RatRepetitions * Side * Side * Greys * Latents,
            _ => (double)Side * Side * Greys * Latents,
        };
        return 3.0 * sizeof(float) * (sums + inputs);
    }

    /// <summary>Builds it.</summary>
    /// <param name="parents">Of HCLTs: the tree.</param>
    /// <param name="vocabulary">Of HMMs: different tokens.</param>
    public Circuit Build(IReadOnlyList<int> parents, int vocabulary)
    {
        Distribution[] pixels = [.. Enumerable.Repeat(new Categorical(Greys), Side * Side)];
        return Family switch
        {
            Hclt => Structures.Hclt(parents, pixels, Latents, seed: 1),
            Pd => Structures.PoonDomingos([Side, Side], pixels, Latents, seed: 1, new()
            {
                SplitIntervals = [Split, Split],
                MostSplits = MostSplits,
                BlockSize = Latents >= LargestPd ? LargestPdBlock : PdBlock,
            }),
            RatSpn => Structures.RatSpn(pixels, Latents, seed: 1, new() { Depth = RatDepth, Repetitions = RatRepetitions }),
            _ => Structures.Hmm(Tokens, new Categorical(vocabulary), Latents, seed: 1),
        };
    }
}
