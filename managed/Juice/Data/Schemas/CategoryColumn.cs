using System.Text.Json.Nodes;

namespace Juice.Data;

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
