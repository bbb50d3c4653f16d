using System.Globalization;
using Juice.Cli.Output;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace Juice.Cli.Training;

/// <summary>Bits per dimension by epoch, as a picture.</summary>
internal static class TrainingChart
{
    private const int Width = 1400;
    private const int Height = 875;

    private static readonly Color s_train = Color.FromHex("#8592a8");
    private static readonly Color s_validation = Color.FromHex("#e4572e");

    public static void Save(string path, string title, IReadOnlyList<EpochRecord> epochs)
    {
        using Plot plot = new();
        Dress(plot, title);
        bool trainIsBelow = epochs is [.., EpochRecord last] && last.TrainBpd < (last.ValidationBpd ?? double.PositiveInfinity);
        AddLine(plot, "train", s_train, trainIsBelow, [.. epochs.Select(epoch => (epoch.Epoch, epoch.TrainBpd))]);
        AddLine(plot, "validation", s_validation, !trainIsBelow,
            [.. epochs.Where(epoch => epoch.ValidationBpd.HasValue).Select(epoch => (epoch.Epoch, epoch.ValidationBpd!.Value))]);
        plot.Axes.Margins(horizontal: 0.04, vertical: 0.12);
        byte[] picture = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        OutputFile.Write(path, stream => stream.Write(picture));
    }

    private static void Dress(Plot plot, string title)
    {
        ChartStyle.Dress(plot, title, "epoch", "bits per dimension");
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true, TickDensity = 0.6 };
        plot.Legend.OutlineWidth = 0;
        plot.Legend.BackgroundColor = Colors.Transparent;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontColor = ChartStyle.Ink;
        plot.ShowLegend(Alignment.UpperRight);
    }

    // A line with its last value written at its end.
    private static void AddLine(Plot plot, string name, Color color, bool valueBelow, (int Epoch, double Bpd)[] points)
    {
        (int Epoch, double Bpd)[] finite = [.. points.Where(point => double.IsFinite(point.Bpd))];
        if (finite.Length == 0) return;
        Scatter line = plot.Add.Scatter(finite.Select(point => (double)point.Epoch).ToArray(), finite.Select(point => point.Bpd).ToArray());
        line.LegendText = name;
        line.Color = color;
        line.LineWidth = 2.5f;
        line.MarkerSize = finite.Length > 40 ? 0 : 7;

        (int epoch, double bpd) = finite[^1];
        Text value = plot.Add.Text(bpd.ToString("0.000", CultureInfo.InvariantCulture), epoch, bpd);
        value.LabelAlignment = valueBelow ? Alignment.UpperRight : Alignment.LowerRight;
        value.LabelFontColor = color;
        value.LabelFontSize = 13;
        value.OffsetY = valueBelow ? 8 : -8;
    }
}
