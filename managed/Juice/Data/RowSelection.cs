using System.Buffers;

namespace Juice.Data;

/// <summary>Rows picked out of other rows.</summary>
public static class RowSelection
{
    private const ulong HeldOutStream = 0x484f4c44;     // keeps these draws apart from others of the same seed

    /// <summary>Sets rows aside, for validation: which ones, the seed decides. Both parts keep the rows' order.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="count">How many to set aside.</param>
    /// <param name="seed">Draws them.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not in 0 … <see cref="Rows.Count"/>.</exception>
    public static (Rows Remaining, Rows HeldOut) HoldOut(this Rows rows, long count, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, rows.Count);
        long[] remaining = new long[rows.Count - count], heldOut = new long[count];
        // Knuth's selection sampling: each row is taken with the chance that is left, so the draw needs no permutation.
        for (long row = 0, taken = 0; row < rows.Count; row++)
        {
            if (Philox.DrawBelow(rows.Count - row, seed, HeldOutStream, (ulong)row) < count - taken) heldOut[taken++] = row;
            else remaining[row - taken] = row;
        }
        return (rows.Select(remaining), rows.Select(heldOut));
    }

    /// <summary>The rows of the given numbers, in that order, with their masks and weights: a copy of rows in memory, a view of all others.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="indices">Row numbers, in any order and as often as wanted.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no row of a number.</exception>
    public static Rows Select(this Rows rows, ReadOnlySpan<long> indices)
    {
        ArgumentNullException.ThrowIfNull(rows);
        int outside = indices.IndexOfAnyExceptInRange(0, rows.Count - 1);
        if (outside >= 0)
            throw new ArgumentOutOfRangeException(nameof(indices), indices[outside], $"There is no row {indices[outside]} among {rows.Count}.");

        Rows selected = rows.IsSource || rows.Storage is PointerStorage
            ? Rows.FromSource(new SelectedRows(rows, indices.ToArray()))
            : Copy(rows, indices);
        if (rows.Categories is int categories) selected = selected.WithCategories(categories);
        if (rows.Sentinel is double sentinel) selected = selected.WithSentinel(sentinel);
        if (rows.Weights.IsEmpty) return selected;
        float[] weights = new float[indices.Length];
        for (int i = 0; i < weights.Length; i++) weights[i] = rows.Weights.Span[(int)indices[i]];
        return selected.WithWeights(weights);
    }

    private static Rows Copy(Rows rows, ReadOnlySpan<long> indices) => rows.ElementType switch
    {
        RowElement.Byte => Copy<byte>(rows, indices),
        RowElement.UShort => Copy<ushort>(rows, indices),
        RowElement.Int32 => Copy<int>(rows, indices),
        RowElement.Single => Copy<float>(rows, indices),
        _ => Copy<double>(rows, indices),
    };

    private static unsafe Rows Copy<T>(Rows rows, ReadOnlySpan<long> indices) where T : unmanaged
    {
        T[] entries = new T[checked(indices.Length * rows.Variables)];
        byte[] missing = new byte[rows.Missing.IsEmpty ? 0 : entries.Length];
        fixed (T* first = entries) CopyEntries(rows, indices, (byte*)first, missing);
        Rows copy = Rows.Of(entries, rows.Variables);
        return rows.Missing.IsEmpty ? copy : copy.WithMissing(missing);
    }

    private static unsafe void CopyEntries(Rows rows, ReadOnlySpan<long> indices, byte* destination, Span<byte> missing)
    {
        using MemoryHandle entries = rows.Storage!.Pin();
        long size = (long)rows.Variables * rows.ElementType.Size();
        for (int i = 0; i < indices.Length; i++)
        {
            Buffer.MemoryCopy((byte*)entries.Pointer + indices[i] * size, destination + i * size, size, size);
            if (!missing.IsEmpty && !rows.Missing.IsEmpty)
                rows.Missing.Span.Slice((int)indices[i] * rows.Variables, rows.Variables).CopyTo(missing[(i * rows.Variables)..]);
        }
    }

    // Rows that are too many to copy, or that only a source knows.
    private sealed class SelectedRows(Rows rows, long[] selected) : IRowSource
    {
        public long Count => selected.Length;

        public int Variables => rows.Variables;

        public RowElement ElementType => rows.ElementType;

        public unsafe void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing)
        {
            long[] numbers = ArrayPool<long>.Shared.Rent(indices.Length);
            try
            {
                for (int i = 0; i < indices.Length; i++) numbers[i] = selected[indices[i]];
                ReadOnlySpan<long> wanted = numbers.AsSpan(0, indices.Length);
                if (rows.IsSource) rows.Fetch(wanted, destination, missing);
                else fixed (byte* first = destination) CopyEntries(rows, wanted, first, missing);
            }
            finally
            {
                ArrayPool<long>.Shared.Return(numbers);
            }
        }
    }
}
