using System.Globalization;
using System.Xml.Linq;
using Juice.Cli.Pictures;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>A tree over the pixels of an image: a line from each to its parent, the stronger the more the two tell of each other.</summary>
internal static class TreeFigure
{
    private const double Step = 12;     // from pixel to pixel, in the drawing's units
    private const double ChannelShift = 2.6;

    /// <param name="shape">Where the variables lie.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="strengths">Mutual information with the parent in nats, by variable; the root's does not matter.</param>
    public static XElement Draw(ImageShape shape, LatentTree tree, double[] strengths)
    {
        double strongest = strengths.Where((_, v) => v != tree.Root).DefaultIfEmpty(0).Max();
        IEnumerable<int> weakFirst = Enumerable.Range(0, shape.Variables).Where(v => v != tree.Root).OrderBy(v => strengths[v]);
        (double rootX, double rootY) = Middle(shape, tree.Root);
        return Drawing(
            "tree", shape.Width * Step, shape.Height * Step, $"A tree over the {shape} pixels of an image",
            Enumerable.Range(0, shape.Variables).Select(v => Dot("pixel", Middle(shape, v).X, Middle(shape, v).Y, 1)),
            weakFirst.Select(v => Edge(shape, v, tree.Parents[v], strengths[v], strongest)),
            Tag("circle", "root", At("cx", rootX), At("cy", rootY), At("r", 4), Tag("title", null, $"the root: {Name(shape, tree.Root)}")));
    }

    private static XElement Edge(ImageShape shape, int child, int parent, double strength, double strongest)
    {
        (double x1, double y1) = Middle(shape, child);
        (double x2, double y2) = Middle(shape, parent);
        double share = strongest > 0 ? strength / strongest : 0;
        return Line(
            "edge", x1, y1, x2, y2,
            At("stroke-width", 1.2 + 2.4 * share),
            At("stroke-opacity", 0.12 + 0.88 * share),
            Tag("title", null, $"{Name(shape, child)} – {Name(shape, parent)}: {Number(strength / Math.Log(2), "0.000")} bits"));
    }

    // The colours of a pixel lie a little apart.
    private static (double X, double Y) Middle(ImageShape shape, int variable)
    {
        (int y, int x, int channel) = shape.Place(variable);
        double shift = shape.Channels == 1 ? 0 : (channel - 1) * ChannelShift;
        return ((x + 0.5) * Step + shift, (y + 0.5) * Step + (channel == 1 ? -Math.Abs(shift) : shift * 0.5));
    }

    private static string Name(ImageShape shape, int variable)
    {
        (int y, int x, int channel) = shape.Place(variable);
        string colour = shape.Channels == 1 ? "" : ", " + channel switch { 0 => "red", 1 => "green", _ => "blue" };
        return string.Create(CultureInfo.InvariantCulture, $"row {y}, column {x}{colour}");
    }
}
