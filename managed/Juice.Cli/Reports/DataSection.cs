using System.Xml.Linq;
using Juice.Cli.Output;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>The data: what, how much, examples.</summary>
internal static class DataSection
{
    public static XElement Of(ReportFacts facts)
    {
        Rows rows = facts.Rows.Rows;
        string size = facts.Images is { } images ? $"{images.Painter.Shape} values" : Units.Count(rows.Variables, "variable");
        string[] domains = [.. Inspection.Distributions(facts.Circuit).Select(group => $"{group.Text} × {Units.Count(group.Variables)}")];
        return ReportPage.Section(
            "data", "The data",
            ReportPage.Table(
                ("name", facts.Rows.Name),
                ("train", facts.TrainRows is { } train ? Units.Count(train.Rows.Count, facts.Noun) : null),
                (facts.Rows.Part ?? "rows", Units.Count(rows.Count, facts.Noun)),
                (facts.One, size),
                ("as the circuit sees it", string.Join(", ", domains))),
            facts.Images is null ? null : Examples(facts, facts.Images));
    }

    private static IEnumerable<XElement> Examples(ReportFacts facts, ImageFacts images)
    {
        string part = facts.TrainRows is null ? "them" : "the images to learn from";
        yield return Tag("p", "note", $"{Units.Count(images.Examples.Count)} of {part}, spread evenly:");
        yield return Cells.Grid(
            Enumerable.Range(0, (int)images.Examples.Count).Select(i => Cells.Cell(images.Painter.Png(images.Examples, i), $"example {i + 1}")));
    }
}
