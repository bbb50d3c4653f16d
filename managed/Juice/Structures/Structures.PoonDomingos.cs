using Juice.Interop;

namespace Juice;

public static partial class Structures
{
    private const int UsualInterval = 4;

    /// <summary>
    /// A circuit over a grid (Poon &amp; Domingos, "Sum-Product Networks: A New Deep Architecture", 2011): its regions are all boxes between split points,
    /// and each is a mixture over all the ways to split it in two.
    /// </summary>
    /// <remarks>
    /// Boxes without split points are cells: their inputs, pairs of neighbours and at last all of the cell are each mixed within blocks.
    /// </remarks>
    /// <param name="shape">Extents of the axes, any number of them. Variables are numbered with the last axis fastest.</param>
    /// <param name="distributions">Each variable's distribution; any but an indicator.</param>
    /// <param name="latents">Nodes a region.</param>
    /// <param name="seed">Draws the parameters, and the splits that sum blocks read.</param>
    /// <param name="options">Where to split, blocks, ties and roots; null for the defaults.</param>
    /// <exception cref="ArgumentException">A value or an option breaks a rule.</exception>
    public static Circuit PoonDomingos(
        IReadOnlyList<int> shape, IReadOnlyList<Distribution> distributions, int latents, ulong seed = 0, PoonDomingosOptions? options = null) =>
        PoonDomingos(shape, distributions, latents, seed, options ?? new(), parents: null);

    /// <summary>
    /// The circuit of <see cref="PoonDomingos(IReadOnlyList{int}, IReadOnlyList{Distribution}, int, ulong, PoonDomingosOptions?)"/> over cells that are
    /// hidden Chow-Liu trees, learnt from the rows.
    /// </summary>
    /// <param name="rows">The rows to learn the trees from.</param>
    /// <param name="shape">Extents of the axes. Variables are numbered with the last axis fastest.</param>
    /// <param name="latents">Nodes a region, and hidden states a variable.</param>
    /// <param name="seed">Draws the parameters, and the splits that sum blocks read.</param>
    /// <param name="options">Where to split, blocks and roots; cells cannot be tied. Null for the defaults.</param>
    /// <param name="distributions">Each variable's distribution; null: <see cref="DistributionsOf"/> the rows.</param>
    /// <param name="tree">How the trees are learnt; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the learning of the trees.</param>
    /// <exception cref="ArgumentException">There are no rows, or a value or an option breaks a rule.</exception>
    public static Circuit PdHclt(
        Rows rows, IReadOnlyList<int> shape, int latents, ulong seed = 0, PoonDomingosOptions? options = null,
        IReadOnlyList<Distribution>? distributions = null, TreeOptions? tree = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(shape);
        options ??= new();
        CheckShape(shape, rows.Variables, nameof(shape));
        GridCells cells = GridCells.Of(shape, Intervals(shape, options), options.SplitPoints);
        double[,] information = Trees.MutualInformation(rows, tree, cancellationToken);
        int[] parents = cells.Trees(information);
        return PoonDomingos(shape, distributions ?? DistributionsOf(rows), latents, seed, options, parents);
    }

    private static unsafe Circuit PoonDomingos(
        IReadOnlyList<int> shape, IReadOnlyList<Distribution> distributions, int latents, ulong seed, PoonDomingosOptions options, int[]? parents)
    {
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(distributions);
        ArgumentOutOfRangeException.ThrowIfLessThan(latents, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Roots, 1);
        CheckShape(shape, distributions.Count, nameof(distributions));
        int[]? intervals = Intervals(shape, options);
        int[] extents = [.. shape], counts = [.. (options.SplitPoints ?? []).Select(axis => axis.Count)];
        int[] points = [.. (options.SplitPoints ?? []).SelectMany(axis => axis), 0];       // one more, so that there is something to point to
        NativeDistribution[] native = Native(distributions);
        fixed (int* extent = extents, interval = intervals, count = counts, point = points, parent = parents)
        fixed (NativeDistribution* distribution = native)
        {
            NativePoonDomingosOptions given = new()
            {
                Size = sizeof(NativePoonDomingosOptions),
                Axes = extents.Length,
                Shape = extent,
                Distributions = distribution,
                Latents = latents,
                Roots = options.Roots,
                Seed = seed,
                Intervals = interval,
                SplitCounts = intervals is null ? count : null,
                SplitPoints = intervals is null ? point : null,
                BlockSize = options.BlockSize,
                MostSplits = options.MostSplits,
                ProductDominated = options.ProductDominated ? 1 : 0,
                Tied = options.Tied ? 1 : 0,
                Parents = parent,
            };
            Status.Check(NativeMethods.juice_circuit_poon_domingos(in given, out CircuitHandle handle));
            return new Circuit(handle);
        }
    }

    private static void CheckShape(IReadOnlyList<int> shape, int variables, string name)
    {
        if (shape.Count == 0) throw new ArgumentException("A shape has at least one axis.", nameof(shape));
        foreach (int extent in shape) ArgumentOutOfRangeException.ThrowIfLessThan(extent, 1, nameof(shape));
        long wanted = shape.Aggregate(1L, (product, extent) => Math.Min(product * extent, int.MaxValue + 1L));
        if (variables != wanted)
            throw new ArgumentException($"There are {variables} variables for a shape of {string.Join(" × ", shape)}, which has {wanted}.", name);
    }

    // Null where split points are given.
    private static int[]? Intervals(IReadOnlyList<int> shape, PoonDomingosOptions options)
    {
        if (options.SplitPoints is not null && options.SplitIntervals is not null)
            throw new ArgumentException("Split intervals and split points are both given, and one of the two says where to split.", nameof(options));
        int axes = options.SplitPoints?.Count ?? options.SplitIntervals?.Count ?? shape.Count;
        if (axes != shape.Count)
            throw new ArgumentException($"Split points are given for {axes} axes, and the shape has {shape.Count}.", nameof(options));
        if (options.SplitPoints is not null) return null;
        return options.SplitIntervals is null ? [.. Enumerable.Repeat(UsualInterval, axes)] : [.. options.SplitIntervals];
    }
}
