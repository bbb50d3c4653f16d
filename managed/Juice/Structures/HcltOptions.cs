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

    /// <summary>What the parameters are before training, <see cref="HcltStart.Random"/> by default.</summary>
    public HcltStart Start { get; init; }

    /// <summary>Whether all variables share one table of input parameters, and so have one distribution; false by default.</summary>
    public bool TiedInputs { get; init; }

    /// <summary>Nodes of the root, each a distribution over all variables, which share all below; 1 by default.</summary>
    public int Roots { get; init; } = 1;

    /// <summary>How the tree is learnt where <see cref="Parents"/> is null.</summary>
    public TreeOptions Tree { get; init; } = new();
}

/// <summary>What the parameters of a hidden Chow-Liu tree are before training.</summary>
public enum HcltStart
{
    /// <summary>Drawn from the seed.</summary>
    Random = 0,

    /// <summary>
    /// Counted in clusters of the rows (k-means, its first centres drawn from the seed), one a hidden state, so that every hidden variable begins
    /// as the number of its row's cluster and training starts from a mixture that knows of whole rows. A simple kind of latent variable
    /// distillation (Liu, Zhang &amp; Van den Broeck, "Scaling Up Probabilistic Circuits by Latent Variable Distillation", 2023). It wants smaller
    /// steps than a random start: step sizes near 0.1 refine it, near 0.5 they forget it.
    /// </summary>
    Clusters,
}
