using Juice.Data;

namespace Juice.Tests.Data;

public class RowSummaryTests
{
    [Test]
    public void Every_variable_has_its_range_and_its_missing_entries()
    {
        Rows rows = Rows.Of(new[,] { { 1.5, double.NaN, -3, double.NaN }, { 2, double.NaN, 7, 4 } });

        RowSummary summary = RowSummary.Of(rows);

        Assert.That(summary.Variables, Is.EqualTo(new VariableSummary[]
        {
            new(1.5, 2, 0, Integral: false),
            new(double.NaN, double.NaN, 2, Integral: true),
            new(-3, 7, 0, Integral: true),
            new(4, 4, 1, Integral: true),
        }));
        Assert.That(summary.All, Is.EqualTo(new VariableSummary(-3, 7, 3, Integral: false)));
        Assert.That((summary.Rows, summary.ElementType), Is.EqualTo((2L, RowElement.Double)));
    }

    [Test]
    public void Rows_of_many_chunks_are_summed_up_whole()
    {
        int[] values = new int[300_000];
        values[299_998] = -5;
        values[150_001] = 70_000;

        RowSummary summary = RowSummary.Of(Rows.Of(values, 2));

        Assert.That(summary.Variables, Is.EqualTo(new VariableSummary[] { new(-5, 0, 0, true), new(0, 70_000, 0, true) }));
    }

    [Test]
    public void No_rows_have_no_range()
    {
        RowSummary summary = RowSummary.Of(Rows.Of(Array.Empty<byte>(), 2));

        Assert.That(summary.Rows, Is.Zero);
        Assert.That(summary.All.Minimum, Is.NaN);
    }
}
