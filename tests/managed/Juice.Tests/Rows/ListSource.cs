using System.Runtime.InteropServices;

namespace Juice.Tests;

/// <summary>A source over an array, as a file reader would be one.</summary>
internal sealed class ListSource(int[] values, int variables) : IRowSource
{
    public int Fetches { get; private set; }

    /// <summary>An entry of this value is missing.</summary>
    public int? Hole { get; init; }

    public long Count => values.Length / variables;

    public int Variables => variables;

    public RowElement ElementType => RowElement.Int32;

    public void Fetch(ReadOnlySpan<long> indices, Span<byte> destination, Span<byte> missing)
    {
        Fetches++;
        Span<int> target = MemoryMarshal.Cast<byte, int>(destination);
        for (int i = 0; i < indices.Length; i++)
            for (int v = 0; v < variables; v++)
            {
                int value = values[(int)indices[i] * variables + v];
                target[i * variables + v] = value;
                if (value == Hole && !missing.IsEmpty) missing[i * variables + v] = 1;
            }
    }
}
