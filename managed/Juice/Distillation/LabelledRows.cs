using System.Runtime.InteropServices;

namespace Juice;

/// <summary>Rows with some further columns at their end: labels, missing where they are −1.</summary>
internal sealed class LabelledRows(Rows rows, IReadOnlyList<LatentLabels> labels) : IRowSource
{
    public long Count => rows.Count;

    public int Variables => rows.Variables + labels.Count;

    public RowElement ElementType => RowElement.Double;

    public void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing)
    {
        Span<double> entries = MemoryMarshal.Cast<byte, double>(destination);
        for (int i = 0; i < indices.Length; i++)
        {
            Span<double> row = entries.Slice(i * Variables, Variables);
            rows.CopyTo(indices[i], row[..rows.Variables]);
            for (int g = 0; g < labels.Count; g++)
            {
                int label = labels[g].Labels.Span[(int)indices[i]];
                row[rows.Variables + g] = label < 0 ? double.NaN : label;
            }
        }
    }
}
