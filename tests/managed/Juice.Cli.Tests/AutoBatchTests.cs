using Juice.Cli.Benchmarks;

namespace Juice.Cli.Tests;

public class AutoBatchTests
{
    // Rows a second by batch: 64, 128, 256, …
    private static double?[] Speeds(params double?[] speeds) => speeds;

    private static readonly object[] s_cases =
    [
        new object[] { 4096, Speeds(10, 20, 30, 40, 50, 60, 70), 4096, 7 },
        new object[] { 4096, Speeds(10, 20, 30, 25, 26, 27, 28), 256, 7 },
        new object[] { 4096, Speeds(10, 99, 100, 98, 50, 40, 30), 128, 7 },        // within 2 %: the smaller one
        new object[] { 4096, Speeds(10, 97, 100, 98, 50, 40, 30), 256, 7 },
        new object[] { 4096, Speeds(10, 20, 30, null, 500), 256, 3 },              // does not fit: nothing after it is tried
        new object[] { 300, Speeds(10, 20, 30, 40), 256, 3 },                      // no more rows than there are
        new object[] { 40, Speeds(10), 40, 1 },
        new object[] { 4096, Speeds(null, 20), 0, 0 },
    ];

    [TestCaseSource(nameof(s_cases))]
    public void The_smallest_of_those_that_are_as_fast_as_the_fastest(int most, double?[] speeds, int expected, int count)
    {
        int next = 0;
        (int batch, IReadOnlyList<(int Batch, double RowsPerSecond)> tried) = AutoBatch.Find(most, _ => speeds[next++]);

        Assert.That(batch, Is.EqualTo(expected));
        Assert.That(tried.Select(one => one.Batch), Is.EqualTo(Enumerable.Range(0, count).Select(i => Math.Min(64, most) << i)));
    }
}
