namespace Juice.Data;

/// <summary>
/// Collects numbers in the smallest element type that holds all of them so far: byte, ushort, int, double; in the end float where that loses
/// nothing. Missing entries go into a mask, or become NaN.
/// </summary>
internal sealed class EntryBuffer
{
    private byte[]? _bytes = new byte[1 << 12];
    private ushort[]? _ushorts;
    private int[]? _ints;
    private double[]? _doubles;
    private byte[]? _missing;
    private int _count;

    public void Add(long value)
    {
        if (_count == Capacity) Grow();
        if (_bytes is not null)
        {
            if ((ulong)value <= byte.MaxValue)
            {
                _bytes[_count++] = (byte)value;
                return;
            }
            _ushorts = Widen<byte, ushort>(ref _bytes, b => b);
        }
        if (_ushorts is not null)
        {
            if ((ulong)value <= ushort.MaxValue)
            {
                _ushorts[_count++] = (ushort)value;
                return;
            }
            _ints = Widen<ushort, int>(ref _ushorts, u => u);
        }
        if (_ints is not null)
        {
            if (value is >= int.MinValue and <= int.MaxValue)
            {
                _ints[_count++] = (int)value;
                return;
            }
            ToDoubles();
        }
        _doubles![_count++] = value;
    }

    public void Add(double value)
    {
        // 3.0 counts as the integer that it is; beyond 2⁵³ a double is no longer one integer but many.
        if (value == Math.Truncate(value) && Math.Abs(value) < 1L << 53)
        {
            Add((long)value);
            return;
        }
        if (_count == Capacity) Grow();
        if (_doubles is null) ToDoubles();
        _doubles![_count++] = value;
    }

    public void AddMissing()
    {
        _missing ??= new byte[Capacity];
        int at = _count;
        Add(0L);
        _missing[at] = 1;
    }

    public Rows ToRows(int variables)
    {
        if (_bytes is not null) return Masked(Rows.Of(Filled(_bytes), variables));
        if (_ushorts is not null) return Masked(Rows.Of(Filled(_ushorts), variables));
        if (_ints is not null) return Masked(Rows.Of(Filled(_ints), variables));

        Span<double> doubles = _doubles.AsSpan(0, _count);
        bool lossless = true;
        foreach (double value in doubles) lossless &= (float)value == value;
        if (_missing is not null)
        {
            for (int i = 0; i < doubles.Length; i++)
                if (_missing[i] != 0) doubles[i] = double.NaN;
        }
        if (!lossless) return Rows.Of(Filled(_doubles!), variables);
        float[] floats = new float[_count];
        for (int i = 0; i < floats.Length; i++) floats[i] = (float)doubles[i];
        return Rows.Of(floats, variables);
    }

    private int Capacity => _bytes?.Length ?? _ushorts?.Length ?? _ints?.Length ?? _doubles!.Length;

    private ReadOnlyMemory<T> Filled<T>(T[] entries) => entries.AsMemory(0, _count);

    private Rows Masked(Rows rows) => _missing is null ? rows : rows.WithMissing(_missing.AsMemory(0, _count));

    private void ToDoubles()
    {
        _doubles = _bytes is not null ? Widen<byte, double>(ref _bytes, b => b)
            : _ushorts is not null ? Widen<ushort, double>(ref _ushorts, u => u)
            : Widen<int, double>(ref _ints, i => i);
    }

    private TWide[] Widen<T, TWide>(ref T[]? narrow, Func<T, TWide> widen)
    {
        TWide[] wide = new TWide[narrow!.Length];
        for (int i = 0; i < _count; i++) wide[i] = widen(narrow[i]);
        narrow = null;
        return wide;
    }

    private void Grow()
    {
        if (_count == Array.MaxLength)
            throw new InvalidDataException($"more than {Array.MaxLength} entries do not fit into memory at once; an NPY file is mapped instead");
        int capacity = (int)Math.Min(2L * _count, Array.MaxLength);
        if (_bytes is not null) Array.Resize(ref _bytes, capacity);
        else if (_ushorts is not null) Array.Resize(ref _ushorts, capacity);
        else if (_ints is not null) Array.Resize(ref _ints, capacity);
        else Array.Resize(ref _doubles, capacity);
        if (_missing is not null) Array.Resize(ref _missing, capacity);
    }
}
