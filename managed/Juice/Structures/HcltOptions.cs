namespace Juice;

/// <summary>How a hidden Chow-Liu tree is built from rows.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record HcltOptions
{
    /// <summary>The tree, as each variable's parent and −1 for the root; null, the default: the Chow-Liu tree of the rows.</summary>
    public IReadOnlyList<int>? Parents { get; init; }

    /// <summary>
    /// A distribution for each variable; null, the default: a categorical for discrete rows, with <see cref="Rows.Categories"/> categories or, where nobody
    /// said, the column's largest value plus one (at least two); a Gaussian for floating-point rows without <see cref="Rows.Categories"/>.
    /// </summary>
    public IReadOnlyList<Distribution>? Distributions { get; init; }

    /// <summary>How the tree is learnt where <see cref="Parents"/> is null.</summary>
    public TreeOptions Tree { get; init; } = new();
}
