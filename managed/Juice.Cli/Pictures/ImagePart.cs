using SkiaSharp;

namespace Juice.Cli.Pictures;

/// <summary>Half of an image.</summary>
internal enum ImagePart
{
    Bottom,
    Top,
    Left,
    Right,
}

/// <summary>Where the halves of images are.</summary>
internal static class ImageParts
{
    /// <summary>The pixels of a half. Of an odd number of lines the half has one fewer.</summary>
    public static SKRectI Pixels(this ImagePart part, ImageShape shape) => part switch
    {
        ImagePart.Bottom => new(0, (shape.Height + 1) / 2, shape.Width, shape.Height),
        ImagePart.Top => new(0, 0, shape.Width, shape.Height / 2),
        ImagePart.Left => new(0, 0, shape.Width / 2, shape.Height),
        _ => new((shape.Width + 1) / 2, 0, shape.Width, shape.Height),
    };

    /// <exception cref="UsageException">Images of this shape have no such half: it would be of no pixel.</exception>
    public static void CheckIsThere(this ImagePart part, ImageShape shape)
    {
        if (part.Variables(shape).Length == 0) throw new UsageException($"images of {shape} have no {part.ToString().ToLowerInvariant()} half");
    }

    /// <summary>Its variables, ascending.</summary>
    public static int[] Variables(this ImagePart part, ImageShape shape)
    {
        SKRectI pixels = part.Pixels(shape);
        return [.. Enumerable.Range(0, shape.Variables).Where(IsInside)];

        bool IsInside(int variable)
        {
            (int y, int x, _) = shape.Place(variable);
            return pixels.Contains(x, y);
        }
    }
}
