using System.Runtime.InteropServices;

namespace Juice;

/// <summary>Some columns of rows.</summary>
internal sealed class SomeColumns(Rows rows, int[] columns) : IRowSource
{
    public long Count => rows.Count;

    public int Variables => columns.Length;

    public RowElement ElementType => RowElement.Double;

    public void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing)
    {
        Span<double> entries = MemoryMarshal.Cast<byte, double>(destination);
        double[] row = new double[rows.Variables];
        for (int i = 0; i < indices.Length; i++)
        {
            rows.CopyTo(indices[i], row);
            for (int c = 0; c < columns.Length; c++) entries[i * columns.Length + c] = row[columns[c]];
        }
    }
}
