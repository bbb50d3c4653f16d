using System.Diagnostics;
using Juice.Cli.Options;
using Juice.Cli.Pictures;
using Juice.Data;

namespace Juice.Cli.Reports;

/// <summary>Computes what a report tells.</summary>
/// <param name="circuit">The circuit.</param>
/// <param name="model">The same, compiled. One root.</param>
/// <param name="cancellation">Stops it.</param>
internal sealed class ReportAuthor(Circuit circuit, CompiledCircuit model, CancellationToken cancellation)
{
    private const int ExampleCount = 24;
    private const int SampleCount = 40;
    private const int CompletedCount = 8;
    private const int CompletionsEach = 3;
    private const int MostTreeVariables = 4096;     // more lines than that are no picture, and their pairs take minutes to count
    private const long MostTreeRows = 10_000;

    /// <summary>The half of an image that is completed: the lower one, unless an image is but a line.</summary>
    public static ImagePart HiddenHalf(ImageShape shape) => shape.Height > 1 ? ImagePart.Bottom : ImagePart.Right;

    public (double[] BitsPerDimension, TimeSpan Time) Score(NamedRows rows)
    {
        long start = Stopwatch.GetTimestamp();
        double[] values = rows.LogLikelihood(model, cancellation);
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        return ([.. values.Select(value => -value / (model.Variables * Math.Log(2)))], time);
    }

    public double? Uniform()
    {
        int?[] domains = [.. circuit.Vectors.Where(vector => vector.Type == NodeType.Input).DistinctBy(vector => vector.Variable)
            .Select(vector => vector.Distribution!.Domain)];
        return domains.Contains(null) ? null : domains.Average(domain => Math.Log2(domain!.Value));
    }

    public ImageFacts Draw(ImageShape shape, NamedRows rows, NamedRows? train, SampleOptions sampling)
    {
        ImagePart hidden = HiddenHalf(shape);
        Rows examples = (train ?? rows).Rows;
        long[] completed = Completions.Spread(rows.Rows.Count, CompletedCount);
        NamedRows originals = rows with { Rows = rows.Rows.Select(completed) };
        SampleOptions completing = new() { Seed = sampling.Seed, SamplesPerRow = CompletionsEach };     // exact, whatever the temperature
        Completions completions = originals.Use(all => Completions.Draw(model, all, hidden, shape, completing, cancellation));
        return new()
        {
            Painter = new(shape, Levels.Of(circuit)),
            Examples = examples.Select(Completions.Spread(examples.Count, ExampleCount)),
            Samples = model.Sample(SampleCount, sampling, cancellation),
            Sampling = sampling,
            Completions = completions,
            CompletedRows = completed,
            HiddenBits = HiddenBits(completions),
            Tree = LatentTree.Of(circuit) is { } tree && circuit.Variables is > 1 and <= MostTreeVariables ? Measure(tree, examples) : null,
        };
    }

    // −log₂ p(hidden | given): two log-likelihoods apart.
    private double[,] HiddenBits(Completions completions)
    {
        int images = (int)completions.Originals.Count, each = 1 + CompletionsEach, variables = model.Variables;
        double[] whole = new double[images * each * variables];
        for (int i = 0; i < images; i++)
        {
            completions.Originals.CopyTo(i, whole.AsSpan(i * each * variables, variables));
            for (int k = 0; k < CompletionsEach; k++) completions.Sample(i, k).CopyTo(whole.AsSpan((i * each + 1 + k) * variables));
        }
        double[] joint = model.LogLikelihood(Rows.Of(whole, variables), cancellation), given = model.LogLikelihood(completions.Given, cancellation);
        double[,] bits = new double[images, each];
        for (int i = 0; i < joint.Length; i++)
            bits[i / each, i % each] = (given[i / each] - joint[i]) / (Math.Log(2) * completions.Hidden.Length);
        return bits;
    }

    private TreeFacts Measure(LatentTree tree, Rows rows)
    {
        long counted = Math.Min(rows.Count, MostTreeRows);
        double[,] information = Trees.MutualInformation(rows, new TreeOptions { RowLimit = counted, Threads = model.Info.Threads }, cancellation);
        double[] strengths = [.. tree.Parents.Select((parent, child) => parent < 0 ? 0 : information[child, parent])];
        return new(tree, strengths, counted);
    }
}
