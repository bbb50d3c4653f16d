using Juice.Cli.Output;
using SkiaSharp;

namespace Juice.Cli.Pictures;

/// <summary>Images of one shape in rows and columns, drawn as one picture.</summary>
internal sealed class Sheet : IDisposable
{
    private const int LongestSide = 16_000;     // of a picture; more than screens show and encoders like

    private static readonly SKColor s_paper = SKColors.White;
    private static readonly SKColor s_ink = SKColor.Parse("#3c4250");

    private readonly Painter _painter;
    private readonly int _scale, _gap, _left;
    private readonly SKBitmap _picture;
    private readonly SKCanvas _canvas;

    /// <param name="painter">Paints the images.</param>
    /// <param name="columns">Images from left to right.</param>
    /// <param name="rows">Images from top to bottom.</param>
    /// <param name="scale">Pixels of the picture that a pixel of an image is wide and high.</param>
    /// <param name="labels">Words at the left of each row, where there is a font to write them; null for none.</param>
    /// <exception cref="UsageException">The picture would be too large.</exception>
    public Sheet(Painter painter, int columns, int rows, int scale, IReadOnlyList<string>? labels = null)
    {
        _painter = painter;
        _scale = scale;
        _gap = GapAt(scale);
        using SKFont? font = labels is null ? null : Lettering.Font(Math.Clamp(painter.Shape.Height * scale / 7f, 9, 28));
        _left = _gap + (font is null ? 0 : (int)MathF.Ceiling(labels!.Max(label => font.MeasureText(label))) + 2 * _gap);
        (long width, long height) = (_left + (long)columns * (CellWidth + _gap), _gap + (long)rows * (CellHeight + _gap));
        if (Math.Max(width, height) > LongestSide)
        {
            throw new UsageException(
                $"the picture would be {width} × {height} pixels, and at most {LongestSide} are drawn: fewer images or a smaller --scale fit.");
        }
        _picture = new SKBitmap((int)width, (int)height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        _canvas = new SKCanvas(_picture);
        _canvas.Clear(s_paper);
        if (font is not null) Write(labels!, font);
    }

    /// <summary>Pixels between images of a scale.</summary>
    public static int GapAt(int scale) => Math.Max(2, 2 * scale);

    /// <summary>The top left corner of an image within the picture.</summary>
    public SKPointI Corner(int column, int row) => new(_left + column * (CellWidth + _gap), _gap + row * (CellHeight + _gap));

    private int CellWidth => _painter.Shape.Width * _scale;

    private int CellHeight => _painter.Shape.Height * _scale;

    /// <summary>Draws a row of values as an image.</summary>
    public void Put(int column, int row, ReadOnlySpan<double> values)
    {
        SKPointI corner = Corner(column, row);
        using SKBitmap bitmap = _painter.Paint(values);
        using SKImage image = SKImage.FromBitmap(bitmap);
        SKRect place = SKRect.Create(corner.X, corner.Y, CellWidth, CellHeight);
        _canvas.DrawImage(image, place, new SKSamplingOptions(SKFilterMode.Nearest));
    }

    /// <summary>Hatches a part of an image: the pixels that are hidden.</summary>
    public void Hatch(int column, int row, ImagePart part)
    {
        SKRect place = Place(column, row, part);
        float step = 3 * _scale;
        using SKPaint paint = new() { Color = Painter.Mark, StrokeWidth = MathF.Max(1, _scale * 0.5f), IsAntialias = true };
        _canvas.Save();
        _canvas.ClipRect(place);
        for (float x = place.Left - place.Height; x < place.Right; x += step) _canvas.DrawLine(x, place.Bottom, x + place.Height, place.Top, paint);
        _canvas.Restore();
        Frame(column, row, part);
    }

    /// <summary>Frames a part of an image, on its own pixels: what stands in the place of hidden ones.</summary>
    public void Frame(int column, int row, ImagePart part)
    {
        int width = Math.Max(1, (_scale + 2) / 3);      // less than half a pixel of the image, so that its middle still shows
        SKRect place = Place(column, row, part);
        place.Inflate(-width / 2f, -width / 2f);
        using SKPaint paint = new() { Color = Painter.Mark, StrokeWidth = width, IsStroke = true };
        _canvas.DrawRect(place, paint);
    }

    /// <summary>The picture as a PNG file.</summary>
    public byte[] Png()
    {
        _canvas.Flush();
        return Painter.Encode(_picture);
    }

    public void Dispose()
    {
        _canvas.Dispose();
        _picture.Dispose();
    }

    private SKRect Place(int column, int row, ImagePart part)
    {
        SKPointI corner = Corner(column, row);
        SKRectI pixels = part.Pixels(_painter.Shape);
        return new(
            corner.X + pixels.Left * _scale, corner.Y + pixels.Top * _scale, corner.X + pixels.Right * _scale, corner.Y + pixels.Bottom * _scale);
    }

    private void Write(IReadOnlyList<string> labels, SKFont font)
    {
        using SKPaint paint = new() { Color = s_ink, IsAntialias = true };
        for (int row = 0; row < labels.Count; row++)
        {
            float middle = Corner(0, row).Y + CellHeight / 2f + font.Size * 0.35f;
            _canvas.DrawText(labels[row], _left - 2 * _gap, middle, SKTextAlign.Right, font, paint);
        }
    }
}
