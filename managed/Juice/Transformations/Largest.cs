using System.Collections.Concurrent;

namespace Juice;

/// <summary>Finds the least of the largest of many numbers without sorting them: their bits are counted, the upper half first.</summary>
internal static class Largest
{
    private const int Half = 1 << 16;

    /// <param name="numbers">The numbers; those that are NaN do not count.</param>
    /// <param name="share">Which share of them are the largest.</param>
    /// <returns>The least of those, and how many of that very number are among them; infinity where there are none.</returns>
    public static (float Least, long Equal) Of(float[][] numbers, double share)
    {
        long[] upper = Count(numbers, key => (int)(key >> 16));
        long left = (long)Math.Round(share * upper.Sum());
        if (left == 0) return (float.PositiveInfinity, 0);
        uint high = Find(upper, ref left);
        long[] lower = Count(numbers, key => key >> 16 == high ? (int)(key & (Half - 1)) : -1);
        uint low = Find(lower, ref left);
        return (Number(high << 16 | low), left);
    }

    // The largest place at which so many are reached, and how many of it are among them.
    private static uint Find(long[] counts, ref long left)
    {
        int place = Half - 1;
        while (counts[place] < left) left -= counts[place--];
        return (uint)place;
    }

    private static long[] Count(float[][] numbers, Func<uint, int> place)
    {
        ConcurrentBag<long[]> parts = [];
        Parallel.For(
            0, numbers.Length, () => new long[Half],
            (i, _, counts) =>
            {
                foreach (float number in numbers[i])
                    if (!float.IsNaN(number) && place(Key(number)) is >= 0 and var at) counts[at]++;
                return counts;
            },
            parts.Add);
        long[] all = new long[Half];
        foreach (long[] part in parts)
            for (int i = 0; i < Half; i++) all[i] += part[i];
        return all;
    }

    // Whole numbers in the order of the floats; the two zeros are one.
    private static uint Key(float number)
    {
        uint bits = BitConverter.SingleToUInt32Bits(number + 0f);
        return (bits & 0x80000000) == 0 ? bits | 0x80000000 : ~bits;
    }

    private static float Number(uint key) => BitConverter.UInt32BitsToSingle((key & 0x80000000) == 0 ? ~key : key & 0x7FFFFFFF);
}
