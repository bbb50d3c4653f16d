using System.Xml.Linq;
using Juice.Cli.Output;
using Juice.Cli.Pictures;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>Images of which the model sees half.</summary>
internal static class CompletionsSection
{
    public static XElement? Of(ReportFacts facts)
    {
        if (facts.Images is not { } images) return null;
        string half = images.Completions.Part.ToString().ToLowerInvariant();
        return ReportPage.Section(
            "completions", "Halves completed",
            Tag("p", null,
                $"Of {facts.Judged} the {half} half is hidden, and drawn anew given the other: from the exact posterior, not by an approximation. "
                    + "Below each stands what the half costs given the other, in bits per hidden value: two log-likelihoods apart. "
                    + $"Temperature 1, seed {images.Sampling.Seed}."),
            Tag("div", "strips", Enumerable.Range(0, (int)images.Completions.Originals.Count).Select(i => Strip(images, i))));
    }

    private static XElement Strip(ImageFacts images, int image)
    {
        (Painter painter, Completions completions) = (images.Painter, images.Completions);
        XElement drawn = Cells.Frame(completions.Part, painter.Shape, "drawn"), hidden = Cells.Frame(completions.Part, painter.Shape, "hidden");
        string row = $"row {Units.Count(images.CompletedRows[image])}";
        XElement strip = Tag(
            "div", "strip",
            Cells.Cell(painter.Png(completions.Originals, image), $"{row}: original", "original", Bits(images, image, 0)),
            Cells.Framed(painter.Png(completions.Given, image), $"{row}: what the model sees", hidden, "given", row));
        for (int k = 0; k < images.HiddenBits.GetLength(1) - 1; k++)
        {
            byte[] png = painter.Png(completions.Sample(image, k));
            strip.Add(Cells.Framed(png, $"{row}: completion {k + 1}", new XElement(drawn), "completed", Bits(images, image, 1 + k)));
        }
        return strip;
    }

    private static string Bits(ImageFacts images, int image, int which) => Number(images.HiddenBits[image, which], "0.00");
}
