using Juice.Cli.Options;
using Juice.Cli.Pictures;

namespace Juice.Cli.Reports;

/// <summary>Everything that a report tells, computed; the page only words it.</summary>
internal sealed record ReportFacts
{
    public required string Title { get; init; }

    /// <summary>What the rows are, in somebody's words; null where nobody gave any.</summary>
    public string? About { get; init; }

    public required string ModelName { get; init; }

    public required long ModelBytes { get; init; }

    public required Circuit Circuit { get; init; }

    public required ModelInfo Model { get; init; }

    public required TrainingHistory History { get; init; }

    /// <summary>The rows that the model is judged by.</summary>
    public required NamedRows Rows { get; init; }

    /// <summary>The train part of a data set; null for a file.</summary>
    public NamedRows? TrainRows { get; init; }

    /// <summary>Bits per dimension of each of <see cref="Rows"/>, infinite where it is impossible, and what computing them took.</summary>
    public required double[] BitsPerDimension { get; init; }

    public required TimeSpan ScoringTime { get; init; }

    /// <summary>Their mean.</summary>
    public required double MeanBitsPerDimension { get; init; }

    /// <summary>What others reached on the same rows, in bits per dimension; null where nobody said.</summary>
    public double? Published { get; init; }

    /// <summary>Bits per dimension of who knows nothing but the domains; null where a variable is continuous.</summary>
    public required double? UniformBitsPerDimension { get; init; }

    /// <summary>What can be drawn where rows are images; null where nobody said so.</summary>
    public ImageFacts? Images { get; init; }

    /// <summary>The command that makes this report.</summary>
    public required string Command { get; init; }

    /// <summary>What rows are called.</summary>
    public string Noun => Images is null ? "row" : "image";

    /// <summary>The same with its article.</summary>
    public string One => Images is null ? "a row" : "an image";

    /// <summary>The rows that <see cref="Rows"/> are, as one says it in a sentence.</summary>
    public string Judged => Rows.Part is null ? $"{Noun}s" : $"{Rows.Part} {Noun}s";
}

/// <summary>What is drawn of a model of images.</summary>
internal sealed record ImageFacts
{
    public required Painter Painter { get; init; }

    /// <summary>Images to learn from, or of the file.</summary>
    public required Rows Examples { get; init; }

    public required Rows Samples { get; init; }

    public required SampleOptions Sampling { get; init; }

    public required Completions Completions { get; init; }

    /// <summary>The numbers of the completed images among the rows.</summary>
    public required long[] CompletedRows { get; init; }

    /// <summary>Bits per hidden variable, given the rest: of each original, then of its completions, <c>[images, 1 + completions]</c>.</summary>
    public required double[,] HiddenBits { get; init; }

    /// <summary>The model's tree, and what neighbours in it tell of each other; null for other circuits, and for trees too large to draw.</summary>
    public TreeFacts? Tree { get; init; }
}

/// <summary>A tree over pixels.</summary>
/// <param name="Tree">The tree.</param>
/// <param name="Strengths">Mutual information with the parent in nats, by variable.</param>
/// <param name="Counted">The rows that it was counted in.</param>
internal sealed record TreeFacts(LatentTree Tree, double[] Strengths, long Counted);
