using System.Xml.Linq;
using Juice.Cli.Output;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>How many rows have how many bits per dimension.</summary>
internal static class HistogramFigure
{
    private const double Width = 720, Height = 320, Left = 72, Right = 24, Top = 40, Bottom = 64;
    private const double Headroom = 1.16;       // above the highest bar, for the word at the mean
    private const int MostBins = 40;

    /// <param name="values">Bits per dimension, a row each; infinite ones are left out.</param>
    /// <param name="mean">What is marked.</param>
    public static XElement Draw(IReadOnlyList<double> values, double mean)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        Bins bins = Bins.Of(finite, MostBins);
        Scale x = new(bins.Low, bins.High, Left, Width - Right), y = new(0, bins.Counts.Max() * Headroom, Height - Bottom, Top);
        return Drawing(
            "chart", Width, Height, "Rows by bits per dimension", Grid(x, y), bins.Counts.Select((_, i) => Bar(bins, i, x, y)), Mean(mean, x));
    }

    private static IEnumerable<XElement> Grid(Scale x, Scale y)
    {
        foreach (double count in y.Ticks(4, whole: true))
        {
            yield return Line("grid", Left, y.Place(count), Width - Right, y.Place(count));
            yield return Words("tick", Left - 10, y.Place(count) + 5, "end", Units.Count((long)count));
        }
        IReadOnlyList<double> values = x.Ticks(8);
        foreach (double value in values) yield return Words("tick", x.Place(value), Height - Bottom + 26, "middle", Scale.Text(value, values));
        yield return Line("axis", Left, Height - Bottom, Width - Right, Height - Bottom);
        yield return Words("tick", (Left + Width - Right) / 2, Height - 10, "middle", "bits per dimension");
    }

    private static XElement Bar(Bins bins, int i, Scale x, Scale y)
    {
        double low = bins.Low + i * bins.Width, high = low + bins.Width;
        double from = x.Place(low), to = x.Place(high), top = y.Place(bins.Counts[i]);
        string text = $"{Number(low, "0.00##")} to {Number(high, "0.00##")}: {Units.Count(bins.Counts[i], "row")}";
        return Tag(
            "g", "at",
            Rect("hit", from, Top, to - from, Height - Top - Bottom, Tag("title", null, text)),
            Rect("bar", from + 0.5, top, to - from - 1, Height - Bottom - top),
            Tag("g", "value", Words("said", Width - Right, Top - 14, "end", text)));
    }

    private static IEnumerable<XElement> Mean(double mean, Scale x)
    {
        if (!double.IsFinite(mean)) yield break;
        yield return Line("mean", x.Place(mean), Top, x.Place(mean), Height - Bottom);
        yield return Words("meantext", x.Place(mean) + 8, Top + 16, "start", $"mean {Number(mean, "0.000")}");
    }

    /// <summary>Values counted in bins of one round width.</summary>
    internal sealed record Bins(double Low, double Width, int[] Counts)
    {
        public double High => Low + Width * Counts.Length;

        /// <summary>At most <paramref name="most"/> bins and a few, from the bin of the least value to that of the greatest.</summary>
        public static Bins Of(IReadOnlyList<double> values, int most)
        {
            double least = values.Min(), greatest = values.Max();
            IReadOnlyList<double> ticks = new Scale(least, greatest, 0, 1).Ticks(most);
            double width = ticks[1] - ticks[0];
            double first = Math.Floor(least / width);
            int[] counts = new int[(int)(Math.Floor(greatest / width) - first) + 1];
            foreach (double value in values) counts[Math.Clamp((int)(Math.Floor(value / width) - first), 0, counts.Length - 1)]++;
            return new(first * width, width, counts);
        }
    }
}
