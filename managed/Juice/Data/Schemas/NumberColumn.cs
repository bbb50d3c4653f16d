using System.Globalization;
using System.Text.Json.Nodes;

namespace Juice.Data;

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
