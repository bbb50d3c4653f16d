using System.Globalization;
using System.Text.Json.Nodes;

namespace Juice.Data;

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
        if (!edges.Concat(typical).All(double.IsFinite))
            throw new ArgumentException($"Column '{name}' has an edge or a typical number that is not finite.", nameof(edges));
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
