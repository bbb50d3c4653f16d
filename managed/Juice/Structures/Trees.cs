using Juice.Interop;

namespace Juice;

/// <summary>Trees over variables. A tree is an array of parents: each variable's parent, −1 for the root.</summary>
/// <remarks>Safe to use from any number of threads.</remarks>
public static class Trees
{
    /// <summary>The Chow-Liu tree: the maximum spanning tree of the pairwise mutual information, rooted at its centre.</summary>
    /// <param name="rows">The rows. Those with a missing entry in a pair do not count for it.</param>
    /// <param name="options">How to count, or null for the defaults.</param>
    /// <param name="cancellationToken">Ends the call between pairs.</param>
    /// <returns>Each variable's parent, −1 for the root.</returns>
    /// <exception cref="ArgumentException">There are no rows, or an option is out of its range.</exception>
    public static unsafe int[] ChowLiu(Rows rows, TreeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        options ??= new();
        int[] parents = new int[rows.Variables];
        using ProgressScope progress = new(options.Report, cancellationToken);
        using PinnedRows pinned = new(rows);
        fixed (int* first = parents)
        {
            int status = NativeMethods.juice_chow_liu_tree(in pinned.Native, options.ToNative(progress), first);
            pinned.ThrowIfFailed();
            progress.Check(status);
        }
        return parents;
    }

    /// <summary>The mutual information of every pair of variables.</summary>
    /// <inheritdoc cref="ChowLiu"/>
    /// <returns><c>[variables, variables]</c>, in nats, symmetric; the diagonal holds the entropies.</returns>
    public static unsafe double[,] MutualInformation(Rows rows, TreeOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rows);
        options ??= new();
        double[,] information = new double[rows.Variables, rows.Variables];
        using ProgressScope progress = new(options.Report, cancellationToken);
        using PinnedRows pinned = new(rows);
        fixed (double* first = information)
        {
            int status = NativeMethods.juice_mutual_information(in pinned.Native, options.ToNative(progress), first);
            pinned.ThrowIfFailed();
            progress.Check(status);
        }
        return information;
    }

    /// <summary>The maximum spanning tree of a complete graph, rooted at its centre; ties go to the lowest index.</summary>
    /// <param name="weights"><c>[variables, variables]</c>, symmetric; the diagonal does not matter.</param>
    /// <returns>Each variable's parent, −1 for the root.</returns>
    /// <exception cref="ArgumentException">The weights are not a square, or not finite and symmetric.</exception>
    public static unsafe int[] MaximumSpanning(double[,] weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        int variables = weights.GetLength(0);
        if (variables == 0 || weights.GetLength(1) != variables)
            throw new ArgumentException($"The weights are {variables} by {weights.GetLength(1)}; they should be a square.", nameof(weights));
        int[] parents = new int[variables];
        fixed (double* first = weights)
        fixed (int* parent = parents)
            Status.Check(NativeMethods.juice_maximum_spanning_tree(first, variables, parent));
        return parents;
    }
}
