using Juice.Data;

namespace Juice.Tests.Data;

public class RowSelectionTests
{
    private static readonly int[] s_values = [.. Enumerable.Range(0, 3000)];

    [Test]
    public void Held_out_rows_and_the_others_are_all_the_rows_in_order()
    {
        (Rows remaining, Rows heldOut) = Rows.Of(s_values, 3).HoldOut(100, seed: 5);

        Assert.That((remaining.Count, heldOut.Count), Is.EqualTo((900L, 100L)));
        Assert.That(remaining.Entries(), Is.Ordered);
        Assert.That(heldOut.Entries(), Is.Ordered);
        Assert.That(remaining.Entries().Concat(heldOut.Entries()).Order(), Is.EqualTo(s_values.Select(value => (double)value)));
    }

    [Test]
    public void One_seed_draws_one_set_and_another_another()
    {
        Rows rows = Rows.Of(s_values, 3);

        double[] once = rows.HoldOut(100, 5).HeldOut.Entries(), again = rows.HoldOut(100, 5).HeldOut.Entries();
        double[] other = rows.HoldOut(100, 6).HeldOut.Entries();

        Assert.That(again, Is.EqualTo(once));
        Assert.That(other, Is.Not.EqualTo(once));
    }

    [Test]
    public void Every_row_is_drawn_about_as_often()
    {
        int[] drawn = new int[20];
        Rows rows = Rows.Of(Enumerable.Range(0, 20).ToArray(), 1);
        for (ulong seed = 0; seed < 4000; seed++)
            foreach (double row in rows.HoldOut(5, seed).HeldOut.Entries()) drawn[(int)row]++;

        // 1000 are expected; the standard deviation is 27.
        Assert.That(drawn, Has.All.InRange(880, 1120));
    }

    [TestCase(0)]
    [TestCase(1000)]
    public void None_or_all_can_be_held_out(long count) => Assert.That(Rows.Of(s_values, 3).HoldOut(count, 1).HeldOut.Count, Is.EqualTo(count));

    [TestCase(-1)]
    [TestCase(1001)]
    public void More_than_there_are_cannot(long count) =>
        Assert.That(() => Rows.Of(s_values, 3).HoldOut(count, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Masks_weights_sentinels_and_categories_go_along()
    {
        Rows plain = Rows.Of(new byte[] { 1, 2, 3, 4, 5, 6 }, 2).WithMissing(new byte[] { 0, 0, 1, 0, 0, 0 });
        Rows rows = plain.WithWeights(new float[] { 1, 2, 3 }).WithSentinel(6).WithCategories(9);

        Rows selected = rows.Select([2, 1, 1]);

        Assert.That(selected.Entries(), Is.EqualTo(new[] { 5, double.NaN, double.NaN, 4, double.NaN, 4 }));
        Assert.That(selected.Weights.ToArray(), Is.EqualTo(new float[] { 3, 2, 2 }));
        Assert.That(selected.Categories, Is.EqualTo(9));
    }

    [Test]
    public void Sources_and_mapped_files_are_selected_without_a_copy_and_read_the_same()
    {
        using TemporaryFolder folder = new();
        RowFiles.Save(folder.File("a.npy"), Rows.Of(s_values, 3));
        Rows memory = Rows.Of(s_values, 3), mapped = RowFiles.Load(folder.File("a.npy"), new RowFileOptions { MapFrom = 0 });
        long[] wanted = [999, 0, 17, 17];

        Rows selected = mapped.Select(wanted);
        Assert.That(selected.IsMapped, Is.True);
        Assert.That(selected.Entries(), Is.EqualTo(memory.Select(wanted).Entries()));
        Assert.That(selected.Select([3, 0]).Entries(), Is.EqualTo(memory.Select([17, 999]).Entries()));
        Assert.That(selected.Slice(1, 2).Select([1]).Entries(), Is.EqualTo(memory.Select([17]).Entries()));
    }

    [TestCase(1.0)]
    [TestCase(300.0)]
    [TestCase(-7.0)]
    [TestCase(0.5)]
    [TestCase(0.1)]
    public void Columns_are_selected_with_their_type_missing_entries_and_weights(double value)
    {
        using MemoryStream text = new(Made.Text(FormattableString.Invariant($"{value},2,3\n4,,6\n")));
        Rows rows = RowFiles.Load(text).WithWeights(new float[] { 1, 2 });

        Rows selected = rows.SelectColumns([1, 0]);

        Assert.That(selected.Entries(), Is.EqualTo(new[] { 2, value, double.NaN, 4 }));
        Assert.That((selected.ElementType, selected.Weights.ToArray()[1]), Is.EqualTo((rows.ElementType, 2f)));
        Assert.That(() => rows.SelectColumns([3]), Throws.ArgumentException.With.Message.Contains("There is no column 3 among 3"));
        Assert.That(() => rows.SelectColumns([]), Throws.ArgumentException.With.Message.Contains("no column to select"));
        if (value > 0) Assert.That(Trees.MutualInformation(rows.SelectColumns([0, 2]))[0, 1], Is.EqualTo(Trees.MutualInformation(rows)[0, 2]), "native code reads it, too");
    }

    [Test]
    public void A_row_that_is_not_there_is_named() =>
        Assert.That(() => Rows.Of(s_values, 3).Select([0, 1000]),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("no row 1000"));

    // Two of the words of the authors' known answers for philox4x32-10.
    [TestCase(0ul, 0ul, 0ul, 0xe169c58d_6627e8d5ul)]
    [TestCase(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x41c83b0e_408f276dul)]
    [TestCase(0x299f31d0_a4093822ul, 0x03707344_13198a2eul, 0x85a308d3_243f6a88ul, 0x94fdcceb_d16cfe09ul)]
    public void Draws_are_those_of_Philox(ulong seed, ulong stream, ulong index, ulong expected) =>
        Assert.That(Philox.Draw(seed, stream, index), Is.EqualTo(expected));
}
