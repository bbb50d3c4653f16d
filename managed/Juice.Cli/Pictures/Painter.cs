using SkiaSharp;

namespace Juice.Cli.Pictures;

/// <summary>Paints rows as images.</summary>
/// <param name="shape">How variables lie.</param>
/// <param name="levels">How bright values are.</param>
internal sealed class Painter(ImageShape shape, Levels levels)
{
    /// <summary>What marks pixels that are hidden, and frames what stands in their place.</summary>
    public static readonly SKColor Mark = SKColor.Parse("#e4572e");

    private static readonly SKColor s_missing = SKColor.Parse("#f7cfc3");

    public ImageShape Shape => shape;

    /// <summary>A row as an image of one pixel a pixel; where a variable is missing (NaN), the pixel is of a colour that no grey image has.</summary>
    public SKBitmap Paint(ReadOnlySpan<double> row)
    {
        SKColor[] pixels = new SKColor[shape.Height * shape.Width];
        for (int i = 0; i < pixels.Length; i++) pixels[i] = Color(row, i / shape.Width, i % shape.Width);
        return new SKBitmap(shape.Width, shape.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul) { Pixels = pixels };
    }

    /// <summary>A row as a PNG file, one pixel a pixel.</summary>
    public byte[] Png(ReadOnlySpan<double> row)
    {
        using SKBitmap image = Paint(row);
        return Encode(image);
    }

    public static byte[] Encode(SKBitmap image)
    {
        using SKData data = image.Encode(SKEncodedImageFormat.Png, quality: 100);
        return data.ToArray();
    }

    private SKColor Color(ReadOnlySpan<double> row, int y, int x)
    {
        Span<byte> channels = stackalloc byte[shape.Channels];
        for (int c = 0; c < channels.Length; c++)
        {
            int variable = shape.Variable(y, x, c);
            if (double.IsNaN(row[variable])) return s_missing;
            channels[c] = levels.Brightness(variable, row[variable]);
        }
        return channels.Length == 1 ? new(channels[0], channels[0], channels[0]) : new(channels[0], channels[1], channels[2]);
    }
}
