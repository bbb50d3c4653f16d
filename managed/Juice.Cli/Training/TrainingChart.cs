using Juice.Cli.Output;
using ScottPlot;
using ScottPlot.Plottables;

namespace Juice.Cli.Training;

/// <summary>Bits per dimension by epoch, as a picture.</summary>
internal static class TrainingChart
{
    private const int Width = 1200;
    private const int Height = 750;

    public static void Save(string path, string title, IReadOnlyList<EpochRecord> epochs)
    {
        using Plot plot = new();
        plot.Title(title);
        plot.XLabel("epoch");
        plot.YLabel("bits per dimension");
        AddLine(plot, "train", Color.FromHex("#8a94a6"), epochs.Select(epoch => (epoch.Epoch, epoch.TrainBpd)));
        AddLine(plot, "validation", Color.FromHex("#e4572e"), epochs.Where(epoch => epoch.ValidationBpd.HasValue).Select(epoch => (epoch.Epoch, epoch.ValidationBpd!.Value)));
        plot.ShowLegend(Alignment.UpperRight);
        byte[] picture = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        OutputFile.Write(path, stream => stream.Write(picture));
    }

    private static void AddLine(Plot plot, string name, Color color, IEnumerable<(int Epoch, double Bpd)> points)
    {
        (int Epoch, double Bpd)[] finite = [.. points.Where(point => double.IsFinite(point.Bpd))];
        if (finite.Length == 0) return;
        Scatter line = plot.Add.Scatter(finite.Select(point => (double)point.Epoch).ToArray(), finite.Select(point => point.Bpd).ToArray());
        line.LegendText = name;
        line.Color = color;
        line.LineWidth = 3;
        line.MarkerSize = 9;
    }
}
