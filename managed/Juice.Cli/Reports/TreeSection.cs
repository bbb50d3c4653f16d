using System.Xml.Linq;
using Juice.Cli.Output;
using Juice.Cli.Pictures;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>The tree that the circuit was built on, drawn over the pixels.</summary>
internal static class TreeSection
{
    public static long? Latents(ReportFacts facts) => LatentTree.Of(facts.Circuit)?.Latents;

    public static XElement? Of(ReportFacts facts)
    {
        if (facts.Images is not { Tree: { } measured } images) return null;
        (LatentTree tree, double[] strengths, long counted) = measured;
        int edges = tree.Parents.Length - 1, root = tree.Root;
        double[] bits = [.. strengths.Where((_, v) => v != root).Select(nats => nats / Math.Log(2))];
        int near = Enumerable.Range(0, tree.Parents.Length).Count(v => v != root && AreNeighbours(images.Painter.Shape, v, tree.Parents[v]));
        return ReportPage.Section(
            "tree", "The tree",
            Tag("p", null,
                "Pixels tell of each other, and the Chow-Liu tree keeps the pairs that tell most: of all trees over the variables it is the one of the "
                    + $"largest mutual information. The circuit was built on it, with {Units.Count(tree.Latents, "hidden state")} behind each inner "
                    + "pixel. A line joins two pixels that are neighbours in the tree, the stronger the more one tells of the other "
                    + $"({Number(bits.Min(), "0.00")} to {Number(bits.Max(), "0.00")} bits, counted in {Units.Count(counted, "image")}); the dot is its "
                    + $"root. {Units.Count(near)} of the {Units.Count(edges, "line")} join pixels that touch: nobody told the tree that the rows are images."),
            Tag("figure", "wide", TreeFigure.Draw(images.Painter.Shape, tree, strengths)));
    }

    private static bool AreNeighbours(ImageShape shape, int a, int b)
    {
        (int y1, int x1, _) = shape.Place(a);
        (int y2, int x2, _) = shape.Place(b);
        return Math.Max(Math.Abs(y1 - y2), Math.Abs(x1 - x2)) <= 1;
    }
}
