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
