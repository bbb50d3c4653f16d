using Juice.Interop;

namespace Juice;

/// <summary>How pairwise mutual information is counted.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record TreeOptions
{
    /// <summary>
    /// At most this many bins a variable. 0, the default: discrete variables of up to 64 categories as they are, all others in 16 bins.
    /// </summary>
    public int Bins { get; init; }

    /// <summary>
    /// Whether bins hold equal numbers of rows rather than having equal widths, false by default. Continuous variables are always binned so.
    /// </summary>
    public bool Quantiles { get; init; }

    /// <summary>Processor threads; 0, the default, is all cores. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Count a random subset of this many rows; 0, the default, counts them all.</summary>
    public long RowLimit { get; init; }

    /// <summary>Draws the subset.</summary>
    public ulong Seed { get; init; }

    /// <summary>Added to each joint cell of a pair, 0 by default.</summary>
    public double Pseudocount { get; init; }

    /// <summary>Hears the fraction of pairs done, 0 to 1, on the calling thread.</summary>
    public IProgress<double>? Progress { get; init; }

    internal unsafe NativeTreeOptions ToNative(in ProgressScope progress) => new()
    {
        Size = sizeof(NativeTreeOptions),
        Bins = Bins,
        Quantiles = Quantiles ? 1 : 0,
        Threads = Threads,
        RowLimit = RowLimit,
        Seed = Seed,
        Pseudocount = Pseudocount,
        Progress = progress.Callback,
        User = progress.User,
    };

    internal Action<long, long, double>? Report =>
        Progress is null ? null : (done, total, _) => Progress.Report(total == 0 ? 1 : (double)done / total);
}
