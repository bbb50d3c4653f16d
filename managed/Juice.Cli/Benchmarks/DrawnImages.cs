namespace Juice.Cli.Benchmarks;

/// <summary>Images of 28 × 28 bytes where there are none to benchmark with: neighbours are alike, so that their tree looks like that of images.</summary>
internal static class DrawnImages
{
    public const int Side = 28;
    public const int Seed = 7;

    public static Rows Of(int rows)
    {
        byte[] pixels = new byte[rows * Side * Side];
        uint state = Seed;
        for (int i = 0; i < pixels.Length; i++)
        {
            int place = i % (Side * Side);
            int left = place % Side > 0 ? pixels[i - 1] : 128;
            int above = place >= Side ? pixels[i - Side] : 128;
            pixels[i] = (byte)Math.Clamp((left + above) / 2 + (int)(Next(ref state) % 81) - 40, 0, 255);
        }
        return Rows.Of(pixels, Side * Side);
    }

    // xorshift: the same on every machine, which System.Random does not promise.
    private static uint Next(ref uint state)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state >> 3;
    }
}
