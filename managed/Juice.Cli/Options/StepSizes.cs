using System.Globalization;

namespace Juice.Cli.Options;

/// <summary>Reads schedules of step sizes: <c>0.7</c>, <c>cosine:0.9:0.1</c>, <c>piecewise:0=0.9,0.5=0.1,1=0.05</c>.</summary>
internal static class StepSizes
{
    public const string Forms =
        "a number above 0, cosine:FROM:TO, or piecewise:FRACTION=SIZE,FRACTION=SIZE,… with fractions of the training from 0 to 1";

    /// <exception cref="FormatException">The text is none of the forms; the message is a sentence.</exception>
    public static StepSize Parse(string text)
    {
        try
        {
            return text.Split(':') switch
            {
                [string size] => StepSize.Constant(Number(size)),
                ["cosine", string from, string to] => StepSize.Cosine(Number(from), Number(to)),
                ["piecewise", string points] => StepSize.Piecewise([.. points.Split(',').Select(Point)]),
                _ => throw new FormatException(),
            };
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            string why = e is ArgumentException ? $" ({Sentences.Of(e).TrimEnd('.')})" : "";
            throw new FormatException($"'{text}' is not a step size{why}: it is {Forms}.", e);
        }
    }

    private static (double Fraction, double Size) Point(string text) => text.Split('=') is [string fraction, string size]
        ? (Number(fraction), Number(size))
        : throw new FormatException();

    private static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
