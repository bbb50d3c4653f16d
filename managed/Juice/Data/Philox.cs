namespace Juice.Data;

/// <summary>
/// Philox 4x32-10 (Salmon et al., 2011), the same stream as native code draws: seed, stream and index name a draw, whatever was drawn before.
/// </summary>
internal static class Philox
{
    /// <summary>64 random bits.</summary>
    public static ulong Draw(ulong seed, ulong stream, ulong index)
    {
        uint c0 = (uint)index, c1 = (uint)(index >> 32), c2 = (uint)stream, c3 = (uint)(stream >> 32);
        uint k0 = (uint)seed, k1 = (uint)(seed >> 32);
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = 0xD2511F53ul * c0, p1 = 0xCD9E8D57ul * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        return (ulong)c1 << 32 | c0;
    }

    /// <summary>A whole number in 0 … <paramref name="limit"/>−1; its bias is under 2⁻⁶⁴ times the limit.</summary>
    public static long DrawBelow(long limit, ulong seed, ulong stream, ulong index) =>
        (long)Math.BigMul(Draw(seed, stream, index), (ulong)limit, out _);
}
