using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Juice;

/// <summary>
/// Tells rows from others: their number, all weights, and the values of some rows spread evenly over them, so that it costs nothing where there are
/// more rows than memory.
/// </summary>
internal sealed record RowFingerprint(long Count, byte[] Hash)
{
    private const int SampledRows = 256;

    /// <summary>Of no rows: none to validate on.</summary>
    private static readonly RowFingerprint s_none = new(0, []);

    public static RowFingerprint Of(Rows? rows)
    {
        if (rows is null || rows.Count == 0) return s_none;
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes([rows.Count, rows.Variables]));
        double[] row = new double[rows.Variables];
        long sampled = Math.Min(rows.Count, SampledRows);
        for (long i = 0; i < sampled; i++)
        {
            rows.CopyTo(sampled == 1 ? 0 : (long)(i * (Int128)(rows.Count - 1) / (sampled - 1)), row);
            for (int v = 0; v < row.Length; v++)
                if (double.IsNaN(row[v])) row[v] = double.NaN;      // one NaN for all
            hash.AppendData(MemoryMarshal.AsBytes(row.AsSpan()));
        }
        hash.AppendData(MemoryMarshal.AsBytes(rows.Weights.Span));
        return new(rows.Count, hash.GetHashAndReset());
    }

    public bool HasSameHash(RowFingerprint other) => Hash.AsSpan().SequenceEqual(other.Hash);
}
