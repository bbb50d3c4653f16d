using System.Numerics;
using System.Runtime.InteropServices;

namespace Juice.Data;

/// <summary>Some columns of rows, of the same element type.</summary>
internal sealed class SomeColumns(Rows rows, int[] columns) : IRowSource
{
    public long Count => rows.Count;

    public int Variables => columns.Length;

    public RowElement ElementType => rows.ElementType;

    public void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing)
    {
        switch (ElementType)
        {
            case RowElement.Byte: Fetch<byte>(indices, destination, missing); break;
            case RowElement.UShort: Fetch<ushort>(indices, destination, missing); break;
            case RowElement.Int32: Fetch<int>(indices, destination, missing); break;
            case RowElement.Single: Fetch<float>(indices, destination, missing); break;
            default: Fetch<double>(indices, destination, missing); break;
        }
    }

    private void Fetch<T>(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing) where T : unmanaged, INumberBase<T>
    {
        Span<T> entries = MemoryMarshal.Cast<byte, T>(destination);
        double[] row = new double[rows.Variables];
        for (int i = 0; i < indices.Length; i++)
        {
            rows.CopyTo(indices[i], row);
            for (int c = 0; c < columns.Length; c++)
            {
                double entry = row[columns[c]];
                entries[i * columns.Length + c] = T.CreateTruncating(entry);        // of an integer, NaN is 0
                if (double.IsNaN(entry) && !missing.IsEmpty) missing[i * columns.Length + c] = 1;
            }
        }
    }
}
