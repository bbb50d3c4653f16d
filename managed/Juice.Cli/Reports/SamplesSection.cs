using System.Xml.Linq;
using Juice.Cli.Output;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>New images.</summary>
internal static class SamplesSection
{
    public static XElement? Of(ReportFacts facts)
    {
        if (facts.Images is not { } images) return null;
        return ReportPage.Section(
            "samples", "New images",
            Tag("p", null,
                "Made up: each is drawn from the model in one walk from the root down, an edge at every sum and a value at every input. "
                    + Temperature(images.Sampling)),
            Cells.Grid(
                Enumerable.Range(0, (int)images.Samples.Count).Select(i => Cells.Cell(images.Painter.Png(images.Samples, i), $"sample {i + 1}"))));
    }

    private static string Temperature(SampleOptions sampling) => sampling.Temperature == 1
        ? $"Temperature 1: draws from the model's distribution as it is. Seed {sampling.Seed}."
        : $"Temperature {Number(sampling.Temperature, "0.##")}: {(sampling.Temperature < 1 ? "likely" : "unlikely")} choices are favoured, more than in the "
            + $"model's distribution itself. Seed {sampling.Seed}.";
}
