using System.Xml.Linq;
using Juice.Cli.Training;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>Bits per dimension by epoch, with the values of the epoch that is pointed at.</summary>
internal static class CurveFigure
{
    private const double Width = 720, Height = 380, Left = 72, Right = 24, Top = 40, Bottom = 64;
    private const int MostDots = 60;

    public static XElement Draw(IReadOnlyList<EpochRecord> epochs)
    {
        double[] values = [.. epochs.SelectMany(epoch => new[] { epoch.TrainBpd, epoch.ValidationBpd ?? double.NaN }).Where(double.IsFinite)];
        double room = (values.Max() - values.Min()) * 0.08;
        Scale x = new(epochs[0].Epoch, epochs[^1].Epoch, Left + 16, Width - Right - 16);
        Scale y = new(values.Min() - room, values.Max() + room, Height - Bottom, Top);
        return Drawing(
            "chart", Width, Height, "Bits per dimension by epoch",
            Grid(x, y),
            Curve("train", epochs, epoch => epoch.TrainBpd, x, y),
            Curve("validation", epochs, epoch => epoch.ValidationBpd ?? double.NaN, x, y),
            epochs.Select(epoch => AtEpoch(epoch, epochs.Count, x, y)));
    }

    private static IEnumerable<XElement> Grid(Scale x, Scale y)
    {
        IReadOnlyList<double> levels = y.Ticks(6);
        foreach (double level in levels)
        {
            yield return Line("grid", Left, y.Place(level), Width - Right, y.Place(level));
            yield return Words("tick", Left - 10, y.Place(level) + 5, "end", Scale.Text(level, levels));
        }
        foreach (double epoch in x.Ticks(8, whole: true))
            yield return Words("tick", x.Place(epoch), Height - Bottom + 26, "middle", Number(epoch, "0"));
        yield return Line("axis", Left, Height - Bottom, Width - Right, Height - Bottom);
        yield return Words("tick", (Left + Width - Right) / 2, Height - 10, "middle", "epoch");
    }

    private static XElement? Curve(string style, IReadOnlyList<EpochRecord> epochs, Func<EpochRecord, double> bpd, Scale x, Scale y)
    {
        (double X, double Y)[] points =
            [.. epochs.Where(epoch => double.IsFinite(bpd(epoch))).Select(epoch => (x.Place(epoch.Epoch), y.Place(bpd(epoch))))];
        return points.Length == 0 ? null : Tag(
            "g", $"curve {style}",
            Tag("polyline", null, At("points", string.Join(' ', points.Select(point => $"{Place(point.X)},{Place(point.Y)}")))),
            points.Length > MostDots ? null : points.Select(point => Dot(null, point.X, point.Y, 4)));
    }

    // A strip as wide as an epoch, which shows its values while a pointer is on it. No script is needed for that.
    private static XElement AtEpoch(EpochRecord epoch, int count, Scale x, Scale y)
    {
        double middle = x.Place(epoch.Epoch), half = (Width - Left - Right) / count / 2;
        string text = $"epoch {epoch.Epoch}: train {Number(epoch.TrainBpd, "0.0000")}"
            + (epoch.ValidationBpd is double validation ? $", validation {Number(validation, "0.0000")}" : "");
        return Tag(
            "g", "at",
            Rect("hit", middle - half, Top, 2 * half, Height - Top - Bottom, Tag("title", null, text)),
            Tag(
                "g", "value",
                Line("guide", middle, Top, middle, Height - Bottom),
                double.IsFinite(epoch.TrainBpd) ? Dot("train", middle, y.Place(epoch.TrainBpd), 6) : null,
                epoch.ValidationBpd is double score && double.IsFinite(score) ? Dot("validation", middle, y.Place(score), 6) : null,
                Words("said", Width - Right, Top - 14, "end", text)));
    }
}
