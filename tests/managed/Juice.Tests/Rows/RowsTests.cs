namespace Juice.Tests;

public class RowsTests
{
    [Test]
    public void Rows_know_their_shape_and_type()
    {
        var rows = Rows.Of(new ushort[] { 1, 2, 3, 4, 5, 6 }, variables: 3);

        Assert.That(rows.Count, Is.EqualTo(2));
        Assert.That(rows.Variables, Is.EqualTo(3));
        Assert.That(rows.ElementType, Is.EqualTo(RowElement.UShort));
        Assert.That(rows.Categories, Is.Null);
    }

    [Test]
    public void Every_element_type_is_read_as_numbers()
    {
        Assert.That(Read(Rows.Of(new byte[] { 0, 255 }, 2)), Is.EqualTo(new double[] { 0, 255 }));
        Assert.That(Read(Rows.Of(new ushort[] { 0, 65535 }, 2)), Is.EqualTo(new double[] { 0, 65535 }));
        Assert.That(Read(Rows.Of(new int[] { -1, int.MaxValue }, 2)), Is.EqualTo(new double[] { -1, int.MaxValue }));
        Assert.That(Read(Rows.Of(new float[] { 0.5f, float.NaN }, 2)), Is.EqualTo(new double[] { 0.5, double.NaN }));
        Assert.That(Read(Rows.Of(new double[] { 1e300, double.NaN }, 2)), Is.EqualTo(new double[] { 1e300, double.NaN }));
    }

    [Test]
    public void Another_element_type_is_rejected() =>
        Assert.That(() => Rows.Of(new long[] { 1 }, 1), Throws.ArgumentException.With.Message.Contains("System.Int64"));

    [Test]
    public void Values_that_do_not_make_whole_rows_are_rejected() =>
        Assert.That(() => Rows.Of(new byte[] { 1, 2, 3 }, 2), Throws.ArgumentException.With.Message.Contains("3 values").And.Message.Contains("2 variables"));

    [Test]
    public void Rectangular_and_jagged_arrays_are_copied()
    {
        int[,] rectangular = { { 1, 2 }, { 3, 4 } };
        int[][] jagged = [[1, 2], [3, 4]];

        Assert.That(Read(Rows.Of(rectangular)), Is.EqualTo(new double[] { 1, 2, 3, 4 }));
        Assert.That(Read(Rows.Of(jagged)), Is.EqualTo(new double[] { 1, 2, 3, 4 }));
    }

    [Test]
    public void Jagged_rows_of_different_lengths_are_rejected() =>
        Assert.That(() => Rows.Of<int>([1, 2], [3]), Throws.ArgumentException.With.Message.Contains("Row 1 has 1"));

    [Test]
    public void Sentinels_masks_and_nan_are_all_missing()
    {
        var rows = Rows.Of(new float[] { 1, -9, float.NaN, 4 }, 2).WithSentinel(-9).WithMissing(new byte[] { 1, 0, 0, 0 });

        Assert.That(Read(rows), Is.EqualTo(new[] { double.NaN, double.NaN, double.NaN, 4 }));
    }

    [Test]
    public void A_slice_keeps_masks_weights_and_hints_in_step()
    {
        var rows = Rows.Of(new byte[] { 1, 2, 3, 4 }, 1).WithMissing(new byte[] { 0, 1, 0, 1 }).WithWeights(new float[] { 1, 2, 3, 4 }).WithCategories(9);

        var slice = rows.Slice(1, 2);

        Assert.That(slice.Count, Is.EqualTo(2));
        Assert.That(Read(slice), Is.EqualTo(new[] { double.NaN, 3 }));
        Assert.That(slice.Weights.ToArray(), Is.EqualTo(new float[] { 2, 3 }));
        Assert.That(slice.Categories, Is.EqualTo(9));
    }

    [Test]
    public void Taking_more_rows_than_there_are_takes_them_all()
    {
        var rows = Rows.Of(new byte[] { 1, 2, 3 }, 1);

        Assert.That(rows.Take(2).Count, Is.EqualTo(2));
        Assert.That(rows.Take(9).Count, Is.EqualTo(3));
        Assert.That(() => rows.Take(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase(-1, 1)]
    [TestCase(0, 4)]
    [TestCase(3, 1)]
    [TestCase(2, long.MaxValue)]
    public void A_slice_outside_of_the_rows_is_rejected(long start, long count) =>
        Assert.That(() => Rows.Of(new byte[] { 1, 2, 3 }, 1).Slice(start, count), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void A_mask_or_weights_of_another_length_are_rejected()
    {
        var rows = Rows.Of(new byte[] { 1, 2, 3, 4 }, 2);

        Assert.That(() => rows.WithMissing(new byte[3]), Throws.ArgumentException.With.Message.Contains("4"));
        Assert.That(() => rows.WithWeights(new float[4]), Throws.ArgumentException.With.Message.Contains("2 rows"));
        Assert.That(() => rows.WithCategories(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Rows_are_not_changed_by_their_copies()
    {
        var rows = Rows.Of(new byte[] { 1, 2 }, 1);

        _ = rows.WithSentinel(1).WithCategories(3).WithWeights(new float[] { 1, 1 });

        Assert.That(rows.Sentinel, Is.Null);
        Assert.That(rows.Categories, Is.Null);
        Assert.That(rows.Weights.IsEmpty, Is.True);
    }

    private static double[] Read(Rows rows)
    {
        double[] values = new double[rows.Count * rows.Variables];
        rows.CopyTo(0, values);
        return values;
    }
}
