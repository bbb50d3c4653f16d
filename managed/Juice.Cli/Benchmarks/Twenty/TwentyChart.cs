using Juice.Cli.Output;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace Juice.Cli.Benchmarks.Twenty;

/// <summary>How far each set's log-likelihood lies above or below the published one, as a picture.</summary>
internal static class TwentyChart
{
    private const int Width = 1400;
    private const int Height = 1100;
    private const double Asked = -1;        // per cent

    private static readonly Color s_reached = Color.FromHex("#2f7f6f");
    private static readonly Color s_missed = Color.FromHex("#e4572e");

    public static void Save(string path, IReadOnlyList<TwentyScore> scores)
    {
        using Plot plot = new();
        ChartStyle.Dress(plot, "HCLT on the binary sets, against the published log-likelihood", "better than published (%)", "");
        TickGenerator(plot, scores);
        for (int i = 0; i < scores.Count; i++)
        {
            BarPlot bar = plot.Add.Bar(new Bar
            {
                Position = -i,
                Value = 100 * scores[i].Gain,
                Orientation = Orientation.Horizontal,
                FillColor = scores[i].IsReached ? s_reached : s_missed,
                LineWidth = 0,
            });
            bar.Horizontal = true;
        }
        VerticalLine asked = plot.Add.VerticalLine(Asked, 1.5f, ChartStyle.Ink.WithAlpha(.6), LinePattern.Dashed);
        asked.LabelText = "";
        plot.Axes.Margins(horizontal: 0.08, vertical: 0.02);
        byte[] picture = plot.GetImageBytes(Width, Height, ImageFormat.Png);
        OutputFile.Write(path, stream => stream.Write(picture));
    }

    private static void TickGenerator(Plot plot, IReadOnlyList<TwentyScore> scores)
    {
        NumericManual ticks = new();
        for (int i = 0; i < scores.Count; i++) ticks.AddMajor(-i, scores[i].Set);
        plot.Axes.Left.TickGenerator = ticks;
        plot.Axes.Left.MajorTickStyle.Length = 0;
    }
}
