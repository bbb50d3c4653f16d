using System.Globalization;

namespace Juice.Cli.Output;

/// <summary>Numbers as people read them.</summary>
internal static class Units
{
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>1 row, 2 rows.</summary>
    public static string Count(long count, string noun) => $"{Count(count)} {noun}{(count == 1 ? "" : "s")}";

    /// <summary>A number in a format of .NET's, the same in every language.</summary>
    public static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>Three digits and a word: 2.81 million.</summary>
    public static string Large(long count) =>
        count < 100_000 ? Count(count) : Scaled(count, 1000, ["", "thousand", "million", "billion", "trillion"]);

    public static string Bytes(long bytes) => Scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);

    public static string Flop(double flop) => Scaled(flop, 1000, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP"]);

    public static string Time(TimeSpan time) => time switch
    {
        { TotalSeconds: < 10 } => time.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture) + " s",
        { TotalSeconds: < 60 } => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        { TotalHours: < 1 } => time.ToString(@"m\:ss", CultureInfo.InvariantCulture),
        _ => $"{(long)time.TotalHours}{time.ToString(@"\:mm\:ss", CultureInfo.InvariantCulture)}",
    };

    private static string Scaled(double value, double step, string[] units)
    {
        int unit = 0;
        for (; value >= step && unit < units.Length - 1; unit++) value /= step;
        return value.ToString(unit == 0 ? "0" : value < 10 ? "0.00" : value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture) + " " + units[unit];
    }
}
