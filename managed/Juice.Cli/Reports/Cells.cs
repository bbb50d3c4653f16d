using System.Xml.Linq;
using Juice.Cli.Pictures;
using SkiaSharp;
using static Juice.Cli.Reports.Markup;

namespace Juice.Cli.Reports;

/// <summary>Images in a grid that has as many columns as the screen has room for.</summary>
internal static class Cells
{
    public static XElement Grid(IEnumerable<XElement> cells) => Tag("div", "cells", cells);

    /// <summary>An image, with words below it.</summary>
    /// <param name="png">The image.</param>
    /// <param name="label">What it is, for those who do not see it.</param>
    /// <param name="caption">Lines below it.</param>
    public static XElement Cell(byte[] png, string label, params ReadOnlySpan<string> caption) => Framed(png, label, null, caption);

    /// <summary>An image with a frame around a part.</summary>
    /// <param name="png">The image.</param>
    /// <param name="label">What it is, for those who do not see it.</param>
    /// <param name="frame">The part, and how it is marked: hidden or drawn.</param>
    /// <param name="caption">Lines below it.</param>
    public static XElement Framed(byte[] png, string label, XElement? frame, params ReadOnlySpan<string> caption)
    {
        XElement cell = Tag("figure", "cell", Tag("span", "picture", Image("px", png, label), frame));
        if (!caption.IsEmpty) cell.Add(Tag("figcaption", null, caption.ToArray().Select(line => Tag("span", null, line))));
        return cell;
    }

    /// <param name="part">The part of the image.</param>
    /// <param name="shape">The image.</param>
    /// <param name="style">hidden or drawn.</param>
    public static XElement Frame(ImagePart part, ImageShape shape, string style)
    {
        SKRectI pixels = part.Pixels(shape);
        string place = $"left:{Share(pixels.Left, shape.Width)};top:{Share(pixels.Top, shape.Height)};";
        string size = $"width:{Share(pixels.Width, shape.Width)};height:{Share(pixels.Height, shape.Height)}";
        return Tag("span", $"frame {style}", At("style", place + size));

        static string Share(int pixels, int of) => Number(100.0 * pixels / of, "0.###") + "%";
    }

    /// <summary>A row of rows as a PNG file.</summary>
    public static byte[] Png(this Painter painter, Rows rows, long row)
    {
        double[] values = new double[rows.Variables];
        rows.CopyTo(row, values);
        return painter.Png(values);
    }
}
