using System.Globalization;

namespace Juice.Cli.Pictures;

/// <summary>How the variables of a row lie in an image: row by row from the top, one variable a pixel or three (red, green, blue).</summary>
/// <param name="Height">Pixels from top to bottom.</param>
/// <param name="Width">Pixels from left to right.</param>
/// <param name="Channels">1 for grey, 3 for colours.</param>
/// <param name="ChannelsFirst">Whether the whole red image comes first, rather than the three colours of a pixel together.</param>
internal sealed record ImageShape(int Height, int Width, int Channels = 1, bool ChannelsFirst = false)
{
    public const string Forms =
        "HEIGHTxWIDTH, such as 28x28, or with three colours HEIGHTxWIDTHx3 (pixel by pixel) or 3xHEIGHTxWIDTH (colour by colour)";

    private const int Colours = 3;
    private const int LongestSide = 4096;

    public int Variables => Height * Width * Channels;

    public int Variable(int y, int x, int channel = 0) => ChannelsFirst ? (channel * Height + y) * Width + x : (y * Width + x) * Channels + channel;

    /// <summary>Where a variable lies.</summary>
    public (int Y, int X, int Channel) Place(int variable)
    {
        (int pixel, int channel) = ChannelsFirst
            ? (variable % (Height * Width), variable / (Height * Width))
            : (variable / Channels, variable % Channels);
        return (pixel / Width, pixel % Width, channel);
    }

    /// <exception cref="FormatException">The text is none of the forms.</exception>
    public static ImageShape Parse(string text)
    {
        int[] sides = [.. text.Split('x', 'X', '×').Select(Side)];
        return sides switch
        {
            [int height, int width] => new(height, width),
            [int height, int width, 1 or Colours] => new(height, width, sides[2]),
            [1 or Colours, int height, int width] => new(height, width, sides[0], ChannelsFirst: true),
            _ => throw new FormatException($"'{text}' is not {Forms}."),
        };

        int Side(string part) => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int side) && side is >= 1 and <= LongestSide
            ? side
            : throw new FormatException($"'{text}' is not {Forms}; a side is a whole number from 1 to {LongestSide}.");
    }

    public override string ToString() => this switch
    {
        { Channels: 1 } => $"{Height}×{Width}",
        { ChannelsFirst: true } => $"{Channels}×{Height}×{Width}",
        _ => $"{Height}×{Width}×{Channels}",
    };
}
