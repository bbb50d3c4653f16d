namespace Juice;

public static partial class Structures
{
    /// <summary>
    /// The Chow-Liu tree itself (Chow &amp; Liu, "Approximating discrete probability distributions with dependence trees", 1968), without hidden states:
    /// of all distributions over a tree the likeliest, found by counting; nothing is left to train.
    /// </summary>
    /// <param name="rows">Rows of discrete variables.</param>
    /// <param name="pseudocount">
    /// Added to each joint cell of a pair, 1 by default, both for the tree and for the probabilities: P(x | parent) is
    /// (n(x, parent) + pseudocount) / (n(parent) + pseudocount · categories of x).
    /// </param>
    /// <param name="tree">How mutual information is counted; its pseudocount is the other one. Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the counting.</param>
    /// <exception cref="ArgumentException">There are no rows, or their variables are not discrete.</exception>
    public static Circuit ChowLiuTree(Rows rows, double pseudocount = 1, TreeOptions? tree = null, CancellationToken cancellationToken = default) =>
        Tree(rows, Trees.ChowLiu(rows, (tree ?? new()) with { Pseudocount = pseudocount }, cancellationToken), pseudocount, cancellationToken);

    /// <summary>A distribution over a given tree of discrete variables, without hidden states: its probabilities are counted in the rows.</summary>
    /// <param name="rows">Rows of discrete variables. Those with a missing entry in a pair do not count for it.</param>
    /// <param name="parents">Each variable's parent, −1 for the root.</param>
    /// <param name="pseudocount">Added to each joint cell of a pair, 1 by default.</param>
    /// <param name="cancellationToken">Ends the counting.</param>
    /// <exception cref="ArgumentException">The parents are not a tree over the rows' variables, or these are not discrete.</exception>
    public static Circuit Tree(Rows rows, IReadOnlyList<int> parents, double pseudocount = 1, CancellationToken cancellationToken = default) =>
        TreeTables.Count(rows, parents, pseudocount, cancellationToken).ToCircuit();

    /// <summary>
    /// A random binary tree of regions: the variables are split at random into halves, these again, down to single variables. It is
    /// <see cref="RatSpn"/> with one repetition and no bound on the depth.
    /// </summary>
    /// <inheritdoc cref="LinearTree"/>
    public static Circuit RandomBinaryTree(IReadOnlyList<Distribution> distributions, int latents, ulong seed = 0, int roots = 1) =>
        RatSpn(distributions, latents, seed, new RatSpnOptions { Depth = int.MaxValue, Repetitions = 1, Roots = roots });

    /// <summary>A tree of regions that takes one variable after another: a hidden Chow-Liu tree over a chain.</summary>
    /// <param name="distributions">Each variable's distribution; any but an indicator.</param>
    /// <param name="latents">Nodes a region.</param>
    /// <param name="seed">Draws what is random about it, and the parameters.</param>
    /// <param name="order">The variables from the root to the end of the chain; null: as they are numbered.</param>
    /// <param name="roots">Nodes of the root, each a distribution over all variables, which share all below.</param>
    /// <exception cref="ArgumentException">A value breaks a rule, or the order does not name each variable once.</exception>
    public static Circuit LinearTree(
        IReadOnlyList<Distribution> distributions, int latents, ulong seed = 0, IReadOnlyList<int>? order = null, int roots = 1)
    {
        ArgumentNullException.ThrowIfNull(distributions);
        int[] chain = [.. order ?? [.. Enumerable.Range(0, distributions.Count)]];
        if (!chain.Order().SequenceEqual(Enumerable.Range(0, distributions.Count)))
            throw new ArgumentException($"The order names each of the variables 0 … {distributions.Count - 1} once.", nameof(order));
        int[] parents = new int[chain.Length];
        for (int i = 0; i < chain.Length; i++) parents[chain[i]] = i == 0 ? -1 : chain[i - 1];
        return Hclt(parents, distributions, latents, seed, roots: roots);
    }
}
