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

        if (rows.IsMapped) return Pick(rows, indices);
        Rows selected = rows.IsSource ? Rows.FromSource(new SelectedRows(rows, indices.ToArray())) : Copy(rows, indices);
        if (rows.Categories is int categories) selected = selected.WithCategories(categories);
        if (rows.Sentinel is double sentinel) selected = selected.WithSentinel(sentinel);
        return rows.Weights.IsEmpty ? selected : selected.WithWeights(SelectWeights(rows, indices));
    }

    /// <summary>Some columns of rows, in the order in which they are named, with the rows' weights: a view, whose entries are copied when they are needed.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="columns">Column numbers, from 0; at least one.</param>
    /// <exception cref="ArgumentException">There is no column, or none of a number.</exception>
    public static Rows SelectColumns(this Rows rows, IReadOnlyList<int> columns)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(columns);
        if (columns.Count == 0) throw new ArgumentException("There is no column to select.", nameof(columns));
        foreach (int column in columns)
            if (column < 0 || column >= rows.Variables) throw new ArgumentException($"There is no column {column} among {rows.Variables}.", nameof(columns));
        Rows selected = Rows.FromSource(new SomeColumns(rows, [.. columns]));
        if (rows.Categories is int categories) selected = selected.WithCategories(categories);
        return rows.Weights.IsEmpty ? selected : selected.WithWeights(rows.Weights);
    }

    private static Rows Pick(Rows rows, ReadOnlySpan<long> indices)
    {
        Rows picked = rows.Pick(indices);
        if (!rows.Missing.IsEmpty) picked = picked.WithMissing(SelectMarks(rows, indices));
        return rows.Weights.IsEmpty ? picked : picked.WithWeights(SelectWeights(rows, indices));
    }

    private static float[] SelectWeights(Rows rows, ReadOnlySpan<long> indices)
    {
        float[] weights = new float[indices.Length];
        for (int i = 0; i < weights.Length; i++) weights[i] = rows.Weights.Span[(int)indices[i]];
        return weights;
    }

    private static byte[] SelectMarks(Rows rows, ReadOnlySpan<long> indices)
    {
        byte[] marks = new byte[checked(indices.Length * rows.Variables)];
        for (int i = 0; i < indices.Length; i++)
            rows.Missing.Span.Slice((int)indices[i] * rows.Variables, rows.Variables).CopyTo(marks.AsSpan(i * rows.Variables));
        return marks;
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
        fixed (T* first = entries)
        {
            using MemoryHandle stored = rows.Storage!.Pin();
            long size = (long)rows.Variables * rows.ElementType.Size();
            for (int i = 0; i < indices.Length; i++) Buffer.MemoryCopy((byte*)stored.Pointer + indices[i] * size, (byte*)first + i * size, size, size);
        }
        Rows copy = Rows.Of(entries, rows.Variables);
        return rows.Missing.IsEmpty ? copy : copy.WithMissing(SelectMarks(rows, indices));
    }

    // Rows that only a source knows.
    private sealed class SelectedRows(Rows rows, long[] selected) : IRowSource
    {
        public long Count => selected.Length;

        public int Variables => rows.Variables;

        public RowElement ElementType => rows.ElementType;

        public void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing)
        {
            long[] numbers = ArrayPool<long>.Shared.Rent(indices.Length);
            try
            {
                for (int i = 0; i < indices.Length; i++) numbers[i] = selected[indices[i]];
                rows.Fetch(numbers.AsSpan(0, indices.Length), destination, missing);
            }
            finally
            {
                ArrayPool<long>.Shared.Return(numbers);
            }
        }
    }
}
