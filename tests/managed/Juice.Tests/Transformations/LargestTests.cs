namespace Juice.Tests;

public class LargestTests
{
    [Test]
    public void The_least_of_the_largest_is_what_sorting_finds([Values(1, 7, 500)] int count, [Values(0.001, 0.25, 0.5, 1)] double share, [Values(3, 1000)] int different)
    {
        Random random = new(count);
        float[][] numbers = [.. Enumerable.Range(0, 4).Select(_ => Enumerable.Range(0, count).Select(_ => Number(random, different)).ToArray())];
        numbers[1] = [];

        float[] sorted = [.. numbers.SelectMany(part => part).Where(number => !float.IsNaN(number)).OrderDescending()];
        int kept = (int)Math.Round(share * sorted.Length);
        (float least, long equal) = Largest.Of(numbers, share);

        if (kept == 0)
        {
            Assert.That((least, equal), Is.EqualTo((float.PositiveInfinity, 0L)));
            return;
        }
        Assert.That(least, Is.EqualTo(sorted[kept - 1]));
        Assert.That(equal, Is.EqualTo(kept - sorted.Count(number => number > least)));
    }

    // Some of them are equal, negative, zeros of either sign, infinite, or none.
    private static float Number(Random random, int different) => random.Next(12) switch
    {
        0 => float.NaN,
        1 => 0f,
        2 => -0f,
        3 => float.PositiveInfinity,
        4 => float.Epsilon,
        _ => (random.Next(different) - different / 3) * 0.37f,
    };
}
