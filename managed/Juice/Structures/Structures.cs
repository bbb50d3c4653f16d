using Juice.Interop;

namespace Juice;

/// <summary>Ready-made structures of circuits, with parameters drawn from a seed: what training begins with.</summary>
/// <remarks>Safe to use from any number of threads.</remarks>
public static partial class Structures
{
    /// <summary>
    /// A hidden Chow-Liu tree (Liu &amp; Van den Broeck, "Tractable Regularization of Probabilistic Circuits", 2021): the Chow-Liu tree of the rows
    /// in which every variable has a hidden twin of <paramref name="latents"/> states, and the twins form the tree.
    /// </summary>
    /// <param name="rows">The rows to learn the tree from, and to take the variables' distributions from.</param>
    /// <param name="latents">Hidden states a variable.</param>
    /// <param name="seed">Draws the parameters.</param>
    /// <param name="options">Given trees and distributions, and how the tree is learnt; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the learning of the tree.</param>
    /// <exception cref="ArgumentException">There are no rows, or a value or an option breaks a rule.</exception>
    public static Circuit Hclt(Rows rows, int latents, ulong seed = 0, HcltOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(latents, 1);
        options ??= new();
        if (options.Start == HcltStart.Clusters && (options.TiedInputs || options.Roots != 1))
            throw new ArgumentException("A start from clusters goes with inputs that are not tied and one root.", nameof(options));
        IReadOnlyList<Distribution> distributions = options.Distributions ?? DistributionsOf(rows, alike: options.TiedInputs);
        IReadOnlyList<int> parents = options.Parents ?? Trees.ChowLiu(rows, options.Tree, cancellationToken);
        Circuit random = Hclt(parents, distributions, latents, seed, options.TiedInputs, options.Roots);
        if (options.Start == HcltStart.Random) return random;
        using (random) return ClusterStart.Of(random, rows, distributions, seed, options.Tree.Threads, cancellationToken);
    }

    /// <summary>A hidden Chow-Liu tree over a given tree.</summary>
    /// <param name="parents">Each variable's parent, −1 for the root.</param>
    /// <param name="distributions">Each variable's distribution; any but an indicator.</param>
    /// <param name="latents">Hidden states a variable.</param>
    /// <param name="seed">Draws the parameters.</param>
    /// <param name="tiedInputs">Whether all variables share one table of input parameters, and so have one distribution.</param>
    /// <param name="roots">Nodes of the root, each a distribution over all variables, which share all below.</param>
    /// <exception cref="ArgumentException">The parents are not a tree, or the numbers of parents and distributions differ.</exception>
    public static unsafe Circuit Hclt(
        IReadOnlyList<int> parents, IReadOnlyList<Distribution> distributions, int latents, ulong seed = 0, bool tiedInputs = false, int roots = 1)
    {
        ArgumentNullException.ThrowIfNull(parents);
        ArgumentNullException.ThrowIfNull(distributions);
        ArgumentOutOfRangeException.ThrowIfLessThan(latents, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(roots, 1);
        if (distributions.Count != parents.Count)
            throw new ArgumentException($"There are {distributions.Count} distributions for {parents.Count} variables.", nameof(distributions));
        int[] tree = [.. parents];
        NativeDistribution[] native = Native(distributions);
        fixed (int* parent = tree)
        fixed (NativeDistribution* distribution = native)
        {
            NativeHcltOptions options = new()
            {
                Size = sizeof(NativeHcltOptions),
                Variables = tree.Length,
                Parents = parent,
                Distributions = distribution,
                Latents = latents,
                Roots = roots,
                Seed = seed,
                TiedInputs = tiedInputs ? 1 : 0,
            };
            Status.Check(NativeMethods.juice_circuit_hclt(in options, out CircuitHandle handle));
            return new Circuit(handle);
        }
    }

    /// <summary><see cref="Hclt(Rows, int, ulong, HcltOptions?, CancellationToken)"/> on a thread of its own.</summary>
    /// <inheritdoc cref="Hclt(Rows, int, ulong, HcltOptions?, CancellationToken)"/>
    public static Task<Circuit> HcltAsync(Rows rows, int latents, ulong seed = 0, HcltOptions? options = null, CancellationToken cancellationToken = default) =>
        LongRunning.Run(() => Hclt(rows, latents, seed, options, cancellationToken), cancellationToken);

    /// <summary>What the rows suggest for each variable's distribution.</summary>
    /// <remarks>
    /// A categorical for discrete rows, with <see cref="Rows.Categories"/> categories or, where nobody said, the column's largest value plus one (at
    /// least two); a Gaussian for floating-point rows without <see cref="Rows.Categories"/>.
    /// </remarks>
    /// <param name="rows">The rows.</param>
    /// <param name="alike">One distribution for all variables, as tied inputs want it: with the categories of the column that has most.</param>
    /// <exception cref="ArgumentException">A discrete value is negative or too large for a category.</exception>
    public static IReadOnlyList<Distribution> DistributionsOf(Rows rows, bool alike = false)
    {
        ArgumentNullException.ThrowIfNull(rows);
        IReadOnlyList<Distribution> distributions = RowDistributions.Of(rows);
        return alike ? [.. Enumerable.Repeat(distributions.MaxBy(distribution => distribution.Domain ?? 0)!, rows.Variables)] : distributions;
    }

    private static NativeDistribution[] Native(IReadOnlyList<Distribution> distributions) =>
        [.. distributions.Select(distribution => distribution.ToNative())];
}
