using Juice.Cli.Options;

namespace Juice.Cli.Benchmarks.Twenty;

/// <summary>How every one of the twenty sets is trained on. It was chosen by validation rows alone.</summary>
/// <param name="Components">HCLTs that are mixed, each over the Chow-Liu tree of another random half of the rows; 1: one, over the tree of all rows.</param>
/// <param name="Latents">Hidden states a variable.</param>
/// <param name="BatchSize">Rows an update.</param>
/// <param name="StepSize">The schedule, as the tool takes it.</param>
/// <param name="Pseudocount">Of a pass over the rows, shared out over its updates: so it weighs the same however many rows a set has.</param>
/// <param name="MostEpochs">Passes over the rows, but no more than <paramref name="MostRows"/> rows.</param>
/// <param name="MostRows">Rows gone through, each as often as there are epochs: large sets get fewer of these. At least 10 epochs there are.</param>
/// <param name="Patience">Epochs without a better score of the validation rows that end it. The best epoch's parameters are kept.</param>
internal sealed record TwentySetting(
    int Components, int Latents, int BatchSize, string StepSize, double Pseudocount, int MostEpochs, long MostRows, int Patience)
{
    private const int FewestEpochs = 10;

    public int Epochs(long rows) => (int)Math.Clamp(MostRows / rows, Math.Min(FewestEpochs, MostEpochs), MostEpochs);

    /// <summary>The circuit before training.</summary>
    public Circuit Build(Rows rows, ulong seed, int threads, CancellationToken cancellation)
    {
        if (Components == 1) return Structures.Hclt(rows, Latents, seed, new HcltOptions { Tree = new() { Threads = threads } }, cancellation);
        List<Circuit> parts = [];
        try
        {
            for (int i = 0; i < Components; i++)
            {
                ulong own = seed * (ulong)Components + (ulong)i;
                TreeOptions tree = new() { Threads = threads, RowLimit = Math.Max(rows.Count / 2, 1), Seed = own };
                parts.Add(Structures.Hclt(rows, Latents, own, new HcltOptions { Tree = tree }, cancellation));
            }
            return Structures.Mixture(parts);
        }
        finally
        {
            parts.ForEach(part => part.Dispose());
        }
    }

    public Em Em(long rows, ulong seed) => new MiniBatchEm
    {
        Epochs = Epochs(rows),
        BatchSize = BatchSize,
        StepSize = StepSizes.Parse(StepSize),
        Pseudocount = Pseudocount * Math.Min(BatchSize, rows) / rows,
        Seed = seed,
    };
}
