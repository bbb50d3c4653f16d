using System.Xml.Linq;
using Juice.Cli.Output;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>Which rows the model finds likely and which strange.</summary>
internal static class RowsSection
{
    private const int Shown = 10;

    public static XElement Of(ReportFacts facts)
    {
        double[] bpd = facts.BitsPerDimension;
        int impossible = bpd.Count(double.IsPositiveInfinity);
        string infinite = impossible == 0
            ? ""
            : $" {Units.Count(impossible, facts.Noun)} of likelihood 0 {(impossible == 1 ? "is" : "are")} not in the picture.";
        return ReportPage.Section(
            "rows", "Likely and strange",
            Tag("p", null,
                $"Every {facts.Noun} has its own exact likelihood. The less likely, the more bits: what it takes to write it down with a code made from "
                    + $"the model.{infinite}"),
            impossible == bpd.Length ? null : Tag("figure", "wide", HistogramFigure.Draw(bpd, facts.MeanBitsPerDimension)),
            Tag("h3", null, "The strangest"),
            List(facts, [.. Enumerable.Range(0, bpd.Length).OrderByDescending(row => bpd[row]).Take(Shown)]),
            Tag("h3", null, "The likeliest"),
            List(facts, [.. Enumerable.Range(0, bpd.Length).OrderBy(row => bpd[row]).Take(Shown)]));
    }

    private static XElement List(ReportFacts facts, int[] rows)
    {
        if (facts.Images is { } images)
        {
            return Cells.Grid(rows.Select(row => Cells.Cell(
                images.Painter.Png(facts.Rows.Rows, row), $"row {Units.Count(row)}",
                Number(facts.BitsPerDimension[row], "0.000"), $"row {Units.Count(row)}")));
        }
        return ReportPage.Table([.. rows.Select(row => ($"row {Units.Count(row)}", (string?)Number(facts.BitsPerDimension[row], "0.0000")))]);
    }
}
