namespace Juice.Cli.Benchmarks;

/// <summary>
/// Finds the batch that gives most rows a second: powers of two from 64 on are timed, up to the first that does not fit or a limit. Of those within 2 % of
/// the best the smallest is it, which takes less memory and makes more updates an epoch.
/// </summary>
internal static class AutoBatch
{
    public const int Least = 64, Most = 4096;

    private const double AsGood = 0.98;

    /// <param name="most">The largest to try; where it is under <see cref="Least"/>, it alone is tried.</param>
    /// <param name="rowsPerSecond">Times a batch; null: it does not fit.</param>
    /// <returns>The batch, 0 where not even the first fits; and all that was timed, in order.</returns>
    public static (int Batch, IReadOnlyList<(int Batch, double RowsPerSecond)> Tried) Find(int most, Func<int, double?> rowsPerSecond)
    {
        List<(int Batch, double RowsPerSecond)> tried = [];
        for (long batch = Math.Min(Least, most); batch <= most && rowsPerSecond((int)batch) is double speed; batch *= 2) tried.Add(((int)batch, speed));
        if (tried.Count == 0) return (0, tried);
        double best = tried.Max(one => one.RowsPerSecond);
        return (tried.First(one => one.RowsPerSecond >= AsGood * best).Batch, tried);
    }
}
