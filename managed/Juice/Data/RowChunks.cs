namespace Juice.Data;

/// <summary>Walks over rows of any kind in order, a few thousand entries at a time. Every element type fits into a double; NaN is missing.</summary>
internal sealed class RowChunks
{
    private const int EntriesAtATime = 1 << 16;

    private readonly Rows _rows;
    private readonly double[] _entries;

    public RowChunks(Rows rows)
    {
        _rows = rows;
        _entries = new double[checked(rows.Variables * (int)Math.Clamp(rows.Count, 1, Math.Max(EntriesAtATime / rows.Variables, 1)))];
    }

    /// <summary>The number of the chunk's first row.</summary>
    public long First { get; private set; }

    /// <summary>Rows in the chunk.</summary>
    public int Count { get; private set; }

    /// <summary>The chunk's entries, <c>[Count, Variables]</c>.</summary>
    public ReadOnlySpan<double> Entries => _entries.AsSpan(0, Count * _rows.Variables);

    public bool Next(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        First += Count;
        Count = (int)Math.Min(_entries.Length / _rows.Variables, _rows.Count - First);
        if (Count == 0) return false;
        _rows.CopyTo(First, _entries.AsSpan(0, Count * _rows.Variables));
        return true;
    }
}
