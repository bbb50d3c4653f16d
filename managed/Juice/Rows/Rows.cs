namespace Juice;

/// <summary>
/// Rows of data: a view of <see cref="Count"/> rows with <see cref="Variables"/> entries each, over memory, a mapped file or a source.
/// </summary>
/// <remarks>
/// Immutable: every <c>With…</c> and <see cref="Slice"/> is another view of the same memory. Safe to use from any number of threads, as long as
/// nobody writes to the memory behind it (and, with <see cref="FromSource"/>, as far as the source is). The memory is not copied: what is
/// written to it later is seen.
/// </remarks>
public sealed partial class Rows
{
    private readonly RowStorage? _storage;
    private readonly IRowSource? _source;
    private readonly long _sourceStart;

    private Rows(RowStorage? storage, IRowSource? source, long count, int variables, RowElement elementType)
    {
        _storage = storage;
        _source = source;
        StoredCount = count;
        Count = count;
        Variables = variables;
        ElementType = elementType;
    }

    private Rows(Rows other, RowStorage? storage, long sourceStart, long count)
    {
        _storage = storage;
        _source = other._source;
        _sourceStart = sourceStart;
        Places = other.Places;
        StoredCount = Places.IsEmpty ? count : other.StoredCount;
        Count = count;
        Variables = other.Variables;
        ElementType = other.ElementType;
        Categories = other.Categories;
        Sentinel = other.Sentinel;
        Missing = other.Missing;
        Weights = other.Weights;
    }

    private Rows(Rows other, RowStorage? storage, long sourceStart, long count, ReadOnlyMemory<long> places)
        : this(other, storage, sourceStart, count)
    {
        Places = places;
        StoredCount = other.StoredCount;
        Missing = default;
        Weights = default;
    }

    private Rows(Rows other) : this(other, other._storage, other._sourceStart, other.Count)
    {
    }

    /// <summary>Number of rows.</summary>
    public long Count { get; }

    /// <summary>Entries a row.</summary>
    public int Variables { get; }

    /// <summary>What one entry is in memory.</summary>
    public RowElement ElementType { get; }

    /// <summary>
    /// The number of categories of every discrete column (256 for images of bytes), or null where nobody said: structures then take the
    /// largest value of a column plus one. A hint for structures; circuits check rows against their own domains.
    /// </summary>
    public int? Categories { get; private init; }

    /// <summary>An entry equal to this value is missing; null where there is no such value. NaN is always missing.</summary>
    public double? Sentinel { get; private init; }

    /// <summary>The mask, <c>[Count, Variables]</c> with a 1 for each missing entry; empty where there is none.</summary>
    public ReadOnlyMemory<byte> Missing { get; private init; }

    /// <summary>Row weights, <c>[Count]</c>; empty where every row counts as one.</summary>
    public ReadOnlyMemory<float> Weights { get; private init; }

    /// <summary>Whether the rows lie in a mapped file, whose pages are in memory only while they are read.</summary>
    public bool IsMapped => _storage is PointerStorage;

    /// <summary>Whether rows come from an <see cref="IRowSource"/> rather than from memory.</summary>
    public bool IsSource => _source is not null;

    /// <summary>These rows, with entries equal to <paramref name="sentinel"/> taken as missing.</summary>
    public Rows WithSentinel(double sentinel) => new(this) { Sentinel = sentinel };

    /// <summary>These rows, with entries missing where the mask has something other than 0.</summary>
    /// <param name="missing">The mask, <c>[Count, Variables]</c>, row-major and dense.</param>
    /// <exception cref="ArgumentException">
    /// The mask has another length, or the rows come from a source (which names its own missing entries).
    /// </exception>
    public Rows WithMissing(ReadOnlyMemory<byte> missing)
    {
        if (IsSource) throw new ArgumentException("Rows from a source take no mask: the source itself says which entries are missing.", nameof(missing));
        if (missing.Length != Count * Variables)
            throw new ArgumentException($"The mask has {missing.Length} entries, not {Count * Variables}: {Count} rows of {Variables} variables.", nameof(missing));
        return new(this) { Missing = missing };
    }

    /// <summary>These rows, each counted as often as its weight says.</summary>
    /// <param name="weights">One finite weight of at least 0 a row.</param>
    /// <exception cref="ArgumentException">The number of weights is not the number of rows.</exception>
    public Rows WithWeights(ReadOnlyMemory<float> weights)
    {
        if (weights.Length != Count) throw new ArgumentException($"There are {weights.Length} weights for {Count} rows.", nameof(weights));
        return new(this) { Weights = weights };
    }

    /// <summary>These rows, with the number of categories of every discrete column known.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="categories"/> is under 1.</exception>
    public Rows WithCategories(int categories)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(categories, 1);
        return new(this) { Categories = categories };
    }

    /// <summary>A view of <paramref name="count"/> rows from row <paramref name="start"/> on, with their masks and weights.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within these rows.</exception>
    public Rows Slice(long start, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (start > Count - count)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"{count} rows from row {start} on are not within the {Count} rows.");
        bool isPicked = !Places.IsEmpty;
        return new(this, isPicked ? _storage : _storage?.Slice(start * Variables, count * Variables), _sourceStart + start, count)
        {
            Places = isPicked ? Places.Slice((int)start, (int)count) : Places,
            Missing = Missing.IsEmpty ? Missing : Missing.Slice((int)(start * Variables), (int)(count * Variables)),
            Weights = Weights.IsEmpty ? Weights : Weights.Slice((int)start, (int)count),
        };
    }

    /// <summary>The first <paramref name="count"/> rows, or all of them where there are fewer.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is negative.</exception>
    public Rows Take(long count) => Slice(0, count < 0 ? count : Math.Min(count, Count));

    /// <summary>Where each row lies among the stored ones; empty where each lies at its own number.</summary>
    internal ReadOnlyMemory<long> Places { get; private init; }

    /// <summary>Rows that the storage holds.</summary>
    internal long StoredCount { get; }

    /// <summary>A view of the rows of these numbers, without a copy of their entries. Masks and weights are not taken along.</summary>
    internal Rows Pick(ReadOnlySpan<long> rows)
    {
        long[] places = rows.ToArray();
        for (int i = 0; i < places.Length && !Places.IsEmpty; i++) places[i] = Places.Span[(int)places[i]];
        return new(this, _storage, 0, places.Length, places);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Count} rows of {Variables} variables ({ElementType})";
}
