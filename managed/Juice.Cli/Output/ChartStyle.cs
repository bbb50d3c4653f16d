using ScottPlot;
using ScottPlot.TickGenerators;

namespace Juice.Cli.Output;

/// <summary>What all charts of the tool look like.</summary>
internal static class ChartStyle
{
    private const double Scale = 1.75;      // of fonts and lines, for the eye of someone who reads a document, not a poster

    public static Color Ink { get; } = Color.FromHex("#3c4250");

    public static void Dress(Plot plot, string title, string across, string up)
    {
        plot.ScaleFactor = Scale;
        plot.Font.Set(Lettering.Family ?? Fonts.Sans);
        plot.Title(title);
        plot.XLabel(across);
        plot.YLabel(up);
        plot.Axes.Color(Ink);
        plot.Axes.Title.Label.Bold = plot.Axes.Left.Label.Bold = plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Title.Label.FontSize = 18;
        plot.Axes.Left.Label.FontSize = plot.Axes.Bottom.Label.FontSize = 14;
        plot.Axes.Left.TickGenerator = new NumericAutomatic { TickDensity = 0.5 };
        foreach (IAxis axis in plot.Axes.GetAxes()) axis.MinorTickStyle.Length = 0;
        plot.Axes.Right.FrameLineStyle.Width = plot.Axes.Top.FrameLineStyle.Width = 0;
        plot.Grid.MajorLineColor = Ink.WithAlpha(.1);
    }
}
