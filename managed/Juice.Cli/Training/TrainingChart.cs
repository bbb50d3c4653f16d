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
    private const double Scale = 1.75;      // of fonts and lines, for the eye of someone who reads a document, not a poster

    private static readonly Color s_train = Color.FromHex("#8592a8");
    private static readonly Color s_validation = Color.FromHex("#e4572e");
    private static readonly Color s_ink = Color.FromHex("#3c4250");

    public static void Save(string path, string title, IReadOnlyList<EpochRecord> epochs)
    {
        using Plot plot = new() { ScaleFactor = Scale };
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
        plot.Font.Set(Lettering.Family ?? Fonts.Sans);
        plot.Title(title);
        plot.XLabel("epoch");
        plot.YLabel("bits per dimension");
        plot.Axes.Color(s_ink);
        plot.Axes.Title.Label.Bold = plot.Axes.Left.Label.Bold = plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Title.Label.FontSize = 18;
        plot.Axes.Left.Label.FontSize = plot.Axes.Bottom.Label.FontSize = 14;
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true, TickDensity = 0.6 };
        plot.Axes.Left.TickGenerator = new NumericAutomatic { TickDensity = 0.5 };
        foreach (IAxis axis in plot.Axes.GetAxes()) axis.MinorTickStyle.Length = 0;
        plot.Axes.Right.FrameLineStyle.Width = plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Grid.MajorLineColor = s_ink.WithAlpha(.1);
        plot.Legend.OutlineWidth = 0;
        plot.Legend.BackgroundColor = Colors.Transparent;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontColor = s_ink;
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
