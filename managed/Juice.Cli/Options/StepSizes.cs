using System.Globalization;

namespace Juice.Cli.Options;

/// <summary>Reads schedules of step sizes: <c>0.7</c>, <c>cosine:0.9:0.1</c>, <c>piecewise:0=0.9,0.5=0.1,1=0.05</c>.</summary>
internal static class StepSizes
{
    public const string Forms =
        "a number in (0, 1], cosine:FROM:TO, or piecewise:FRACTION=SIZE,FRACTION=SIZE,… with fractions of the training from 0 to 1";

    /// <param name="text">The schedule.</param>
    /// <param name="most">The largest size; 1 where a step is a share of the way.</param>
    /// <exception cref="FormatException">The text is none of the forms; the message is a sentence.</exception>
    public static StepSize Parse(string text, double most = 1)
    {
        double Number(string size) => double.Parse(size, NumberStyles.Float, CultureInfo.InvariantCulture) is var value && value <= most
            ? value
            : throw new ArgumentOutOfRangeException(nameof(text), value, $"A step size is at most {most} here; {value} is not.");

        (double Fraction, double Size) Point(string point) => point.Split('=') is [string fraction, string size]
            ? (double.Parse(fraction, NumberStyles.Float, CultureInfo.InvariantCulture), Number(size))
            : throw new FormatException();

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
}
