using System.Globalization;
using System.Xml.Linq;

namespace Juice.Cli.Reports;

/// <summary>Elements of HTML and SVG, in few words. What is text is escaped, what is a number is written for every culture alike.</summary>
internal static class Markup
{
    /// <summary>An element with a class; text, elements, attributes and sequences of them as content.</summary>
    public static XElement Tag(string name, string? style, params object?[] content)
    {
        XElement element = new(name, style is null ? null : new XAttribute("class", style), content);
        // HTML knows no short form of empty elements, but for the few that are always empty.
        if (element.IsEmpty && name is "div" or "span" or "p" or "td" or "th") element.Add("");
        return element;
    }

    public static XAttribute At(string name, string value) => new(name, value);

    /// <summary>An attribute that is a length or a place; a hundredth is fine enough for any.</summary>
    public static XAttribute At(string name, double value) => new(name, Place(value));

    public static string Place(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    public static string Number(double value, string format) => value switch
    {
        double.PositiveInfinity => "∞",
        double.NegativeInfinity => "−∞",
        double.NaN => "–",
        _ => value.ToString(format, CultureInfo.InvariantCulture).Replace('-', '−'),
    };

    public static XElement Line(string? style, double x1, double y1, double x2, double y2, params object?[] content) =>
        Tag("line", style, At("x1", x1), At("y1", y1), At("x2", x2), At("y2", y2), content);

    public static XElement Rect(string? style, double x, double y, double width, double height, params object?[] content) =>
        Tag("rect", style, At("x", x), At("y", y), At("width", width), At("height", height), content);

    public static XElement Dot(string? style, double x, double y, double radius) => Tag("circle", style, At("cx", x), At("cy", y), At("r", radius));

    /// <param name="style">The class.</param>
    /// <param name="x">The anchor's place.</param>
    /// <param name="y">The base line.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="text">The text.</param>
    public static XElement Words(string? style, double x, double y, string anchor, string text) =>
        Tag("text", style, At("x", x), At("y", y), At("text-anchor", anchor), text);

    /// <summary>A drawing that is as wide as its place, read out as <paramref name="label"/>.</summary>
    public static XElement Drawing(string style, double width, double height, string label, params object?[] content) =>
        Tag("svg", style, At("viewBox", $"0 0 {Place(width)} {Place(height)}"), At("role", "img"), At("aria-label", label), content);

    /// <summary>A PNG file as an image within the page.</summary>
    public static XElement Image(string style, byte[] png, string label) =>
        Tag("img", style, At("src", $"data:image/png;base64,{Convert.ToBase64String(png)}"), At("alt", label));
}
