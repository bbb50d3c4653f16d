using System.Globalization;
using System.Text.Json.Nodes;

namespace Juice.Data;

/// <summary>A column of a table, by its name and what is in it.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
/// <param name="Name">The name, as the table's first line has it.</param>
public abstract record TableColumn(string Name)
{
    private protected const string ShortestExact = "R";

    /// <summary>The distribution of its variable.</summary>
    public abstract Distribution Distribution { get; }

    internal abstract string Kind { get; }

    /// <summary>The entry of a field that is not missing; null, with a rule that it breaks, where it has none.</summary>
    internal abstract double? Encode(ReadOnlySpan<char> field, out string? rule);

    /// <summary>The field of an entry that is not missing; null where the entry is outside the domain.</summary>
    internal abstract string? Decode(double entry);

    internal abstract void Describe(JsonObject json);

    internal static TableColumn Read(JsonObject json)
    {
        string name = SchemaJson.Text(json, "name"), kind = SchemaJson.Text(json, "kind");
        try
        {
            return kind switch
            {
                CategoryColumn.KindName => new CategoryColumn(name, SchemaJson.Texts(json, "categories")),
                NumberColumn.KindName => new NumberColumn(name, SchemaJson.Number(json, "mean"), SchemaJson.Number(json, "deviation")),
                BinnedColumn.KindName => new BinnedColumn(name, SchemaJson.Numbers(json, "edges"), SchemaJson.Numbers(json, "typical")),
                _ => throw SchemaJson.Damaged("kind"),
            };
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"The schema in the metadata is damaged: {e.Message}", e);
        }
    }

    private protected static bool TryNumber(ReadOnlySpan<char> field, out double value) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
}

/// <summary>A column of names: each is a category, numbered in the order of <see cref="Categories"/>.</summary>
public sealed record CategoryColumn : TableColumn
{
    internal const string KindName = "category";

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<double, int>? _values;      // of categories that are all numbers

    /// <summary>A column of names.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="categories">The categories, each once; at least one.</param>
    /// <exception cref="ArgumentException">There is no category, or one is there twice.</exception>
    public CategoryColumn(string name, IReadOnlyList<string> categories) : base(name)
    {
        ArgumentNullException.ThrowIfNull(categories);
        if (categories.Count == 0) throw new ArgumentException($"Column '{name}' has no category.", nameof(categories));
        Categories = [.. categories];
        for (int i = 0; i < categories.Count; i++)
            if (!_numbers.TryAdd(categories[i], i)) throw new ArgumentException($"Column '{name}' has the category '{categories[i]}' twice.", nameof(categories));
        _lookup = _numbers.GetAlternateLookup<ReadOnlySpan<char>>();
        _values = Values(Categories);
    }

    /// <summary>The categories' names; the first is 0.</summary>
    public IReadOnlyList<string> Categories { get; }

    /// <inheritdoc/>
    public override Distribution Distribution => new Categorical(Math.Max(2, Categories.Count));

    /// <inheritdoc/>
    public bool Equals(CategoryColumn? other) => other is not null && Name == other.Name && Categories.SequenceEqual(other.Categories);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Categories.Count, Categories[0]);

    internal override string Kind => KindName;

    internal override double? Encode(ReadOnlySpan<char> field, out string? rule)
    {
        rule = null;
        if (_lookup.TryGetValue(field, out int number)) return number;
        if (_values is not null && TryNumber(field, out double value) && _values.TryGetValue(value, out number)) return number;
        const int shown = 8;
        string more = Categories.Count > shown ? $" and {Categories.Count - shown} more" : "";
        rule = $"not one of its categories: {string.Join(", ", Categories.Take(shown).Select(name => TableFile.Shown(name)))}{more}";
        return null;
    }

    // A domain of one category has a second one, which never occurs.
    internal override string? Decode(double entry) =>
        entry >= 0 && entry < Math.Max(2, Categories.Count) && entry == Math.Floor(entry) ? Categories[Math.Min((int)entry, Categories.Count - 1)] : null;

    internal override void Describe(JsonObject json) => json["categories"] = SchemaJson.Array(Categories);

    // 3.0 is the category 3, but 03 is a name of its own where it is one.
    private static Dictionary<double, int>? Values(IReadOnlyList<string> categories)
    {
        Dictionary<double, int> values = [];
        for (int i = 0; i < categories.Count; i++)
            if (!TryNumber(categories[i], out double value) || !values.TryAdd(value, i)) return null;
        return values;
    }
}

/// <summary>A column of real numbers: a Gaussian. Entries are numbers of standard deviations above the mean.</summary>
public sealed record NumberColumn : TableColumn
{
    internal const string KindName = "number";

    /// <summary>A column of real numbers.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="mean">What is 0 in rows.</param>
    /// <param name="deviation">What is 1 in rows; above 0.</param>
    /// <exception cref="ArgumentException">The mean or the deviation is not finite, or the deviation not above 0.</exception>
    public NumberColumn(string name, double mean, double deviation) : base(name)
    {
        if (!double.IsFinite(mean)) throw new ArgumentException($"Column '{name}' has the mean {mean}; it is finite.", nameof(mean));
        if (!double.IsFinite(deviation) || deviation <= 0)
            throw new ArgumentException($"Column '{name}' has the deviation {deviation}; it is above 0 and finite.", nameof(deviation));
        (Mean, Deviation) = (mean, deviation);
    }

    /// <summary>What is 0 in rows.</summary>
    public double Mean { get; }

    /// <summary>What is 1 in rows.</summary>
    public double Deviation { get; }

    /// <inheritdoc/>
    public override Distribution Distribution => new Gaussian();

    internal override string Kind => KindName;

    internal override double? Encode(ReadOnlySpan<char> field, out string? rule)
    {
        rule = null;
        if (TryNumber(field, out double value)) return (value - Mean) / Deviation;
        rule = "not a finite number";
        return null;
    }

    // Models know numbers as floats, and so no more digits of an entry.
    internal override string? Decode(double entry)
    {
        double value = Mean + Deviation * entry;
        return double.IsFinite(value) ? value.ToString("G7", CultureInfo.InvariantCulture) : null;
    }

    internal override void Describe(JsonObject json) => (json["mean"], json["deviation"]) = (Mean, Deviation);
}

/// <summary>A column of numbers that are counted in bins: each bin is a category.</summary>
public sealed record BinnedColumn : TableColumn
{
    internal const string KindName = "bins";

    private readonly double[] _edges;

    /// <summary>A column of numbers in bins.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="edges">Where one bin ends and the next begins, ascending: a number equal to an edge belongs to the bin above it.</param>
    /// <param name="typical">What stands for each bin in a table that is written; one more than edges.</param>
    /// <exception cref="ArgumentException">The edges do not ascend, a number is not finite, or there are not as many typical numbers as bins.</exception>
    public BinnedColumn(string name, IReadOnlyList<double> edges, IReadOnlyList<double> typical) : base(name)
    {
        ArgumentNullException.ThrowIfNull(edges);
        ArgumentNullException.ThrowIfNull(typical);
        if (typical.Count != edges.Count + 1)
            throw new ArgumentException($"Column '{name}' has {edges.Count} edges and {typical.Count} typical numbers; there is one more of these.", nameof(typical));
        if (!edges.Concat(typical).All(double.IsFinite)) throw new ArgumentException($"Column '{name}' has an edge or a typical number that is not finite.", nameof(edges));
        for (int i = 1; i < edges.Count; i++)
            if (!(edges[i] > edges[i - 1])) throw new ArgumentException($"Column '{name}' has the edges {edges[i - 1]} and {edges[i]}; they ascend.", nameof(edges));
        _edges = [.. edges];
        Typical = [.. typical];
    }

    /// <summary>Where one bin ends and the next begins.</summary>
    public IReadOnlyList<double> Edges => _edges;

    /// <summary>What stands for each bin in a table that is written.</summary>
    public IReadOnlyList<double> Typical { get; }

    /// <inheritdoc/>
    public override Distribution Distribution => new Categorical(Math.Max(2, Typical.Count));

    /// <inheritdoc/>
    public bool Equals(BinnedColumn? other) =>
        other is not null && Name == other.Name && _edges.AsSpan().SequenceEqual(other._edges) && Typical.SequenceEqual(other.Typical);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Typical.Count, Typical[0]);

    internal override string Kind => KindName;

    internal override double? Encode(ReadOnlySpan<char> field, out string? rule)
    {
        rule = null;
        if (!TryNumber(field, out double value))
        {
            rule = "not a finite number";
            return null;
        }
        int at = Array.BinarySearch(_edges, value);
        return at >= 0 ? at + 1 : ~at;
    }

    internal override string? Decode(double entry) => entry >= 0 && entry < Math.Max(2, Typical.Count) && entry == Math.Floor(entry)
        ? Typical[Math.Min((int)entry, Typical.Count - 1)].ToString(ShortestExact, CultureInfo.InvariantCulture)
        : null;

    internal override void Describe(JsonObject json) =>
        (json["edges"], json["typical"]) = (SchemaJson.Array(_edges), SchemaJson.Array(Typical));
}
