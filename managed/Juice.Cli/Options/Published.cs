using System.CommandLine;
using System.Globalization;

namespace Juice.Cli.Options;

/// <summary><c>--published</c>: what others reached on the same rows, to compare with.</summary>
internal static class Published
{
    public static Option<double?> Create() => new("--published")
    {
        Description = "Bits per dimension that others reached on the same rows: say how close the model comes.",
        HelpName = "BPD",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)) return value;
            result.AddError($"--published takes a finite number, not '{text}'.");
            return null;
        },
    };

    /// <summary>A part of a sentence, such as <c>0.021 above the published 3.27</c>.</summary>
    public static string Compare(double bitsPerDimension, double published)
    {
        double above = bitsPerDimension - published;
        string distance = Math.Abs(above).ToString("0.0000", CultureInfo.InvariantCulture), than = published.ToString(CultureInfo.InvariantCulture);
        if (!double.IsFinite(above)) return $"infinitely far from the published {than}";
        return distance == "0.0000" ? $"as published, {than}" : $"{distance} {(above > 0 ? "above" : "below")} the published {than}";
    }
}
