using Juice.Data;

namespace Juice.Cli.Pictures;

/// <summary>Images of which a part was hidden from a model, and what the model drew in its place.</summary>
internal sealed class Completions
{
    private readonly double[] _samples;
    private readonly int _perRow;

    private Completions(Rows originals, Rows given, ImagePart part, int[] hidden, Rows samples, int perRow)
    {
        Originals = originals;
        Part = part;
        Hidden = hidden;
        Given = given;
        _perRow = perRow;
        _samples = new double[samples.Count * samples.Variables];
        samples.CopyTo(0, _samples);
    }

    /// <summary>The whole images.</summary>
    public Rows Originals { get; }

    /// <summary>The images with the part missing.</summary>
    public Rows Given { get; }

    /// <summary>The part that was hidden, and its variables.</summary>
    public ImagePart Part { get; }

    public int[] Hidden { get; }

    /// <summary>A completion of an image.</summary>
    public ReadOnlySpan<double> Sample(int image, int number) =>
        _samples.AsSpan((image * _perRow + number) * Originals.Variables, Originals.Variables);

    /// <summary>Hides a part of each image and draws it anew, given the rest.</summary>
    /// <param name="model">The model.</param>
    /// <param name="originals">The images.</param>
    /// <param name="part">What to hide.</param>
    /// <param name="shape">How variables lie.</param>
    /// <param name="options">Seed, temperature and completions of each image.</param>
    /// <param name="cancellation">Stops it.</param>
    public static Completions Draw(
        CompiledCircuit model, Rows originals, ImagePart part, ImageShape shape, SampleOptions options, CancellationToken cancellation)
    {
        int[] hidden = part.Variables(shape);
        Rows given = Hide(originals, hidden);
        return new(originals, given, part, hidden, model.Sample(given, options, cancellation), options.SamplesPerRow);
    }

    /// <summary>Rows spread evenly over all of them, the first one among them, in order; all where there are no more.</summary>
    public static long[] Spread(long rows, int count)
    {
        int chosen = (int)Math.Min(count, rows);
        return [.. Enumerable.Range(0, chosen).Select(i => i * rows / chosen)];
    }

    private static Rows Hide(Rows rows, int[] hidden)
    {
        // As numbers, where NaN is missing already: a mask of the rows' own counts, too.
        double[] entries = new double[checked(rows.Count * rows.Variables)];
        rows.CopyTo(0, entries);
        for (int first = 0; first < entries.Length; first += rows.Variables)
            foreach (int variable in hidden)
                entries[first + variable] = double.NaN;
        return Rows.Of(entries, rows.Variables);
    }
}
