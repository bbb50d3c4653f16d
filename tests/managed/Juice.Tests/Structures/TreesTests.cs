namespace Juice.Tests;

public class TreesTests
{
    [Test]
    public void The_mutual_information_of_a_copy_is_its_entropy_and_of_independent_columns_zero()
    {
        // Columns 0 and 1 are equal, column 2 is independent of both.
        var rows = Rows.Of(new byte[] { 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1 }, 3).WithCategories(2);

        double[,] information = Trees.MutualInformation(rows);

        Assert.That(information[0, 1], Is.EqualTo(Math.Log(2)).Within(1e-9));
        Assert.That(information[1, 0], Is.EqualTo(information[0, 1]));
        Assert.That(information[0, 2], Is.Zero.Within(1e-9));
        Assert.That(information[2, 2], Is.EqualTo(Math.Log(2)).Within(1e-9));
    }

    [Test]
    public void The_tree_of_a_chain_is_the_chain_rooted_at_its_centre()
    {
        int[] parents = Trees.ChowLiu(Some.Rows(count: 5000, variables: 5));

        Assert.That(parents, Is.EqualTo(new[] { 1, 2, -1, 2, 3 }));
    }

    [Test]
    public void The_maximum_spanning_tree_takes_the_heaviest_edges()
    {
        double[,] weights = { { 0, 1, 5 }, { 1, 0, 4 }, { 5, 4, 0 } };

        Assert.That(Trees.MaximumSpanning(weights), Is.EqualTo(new[] { 2, 2, -1 }));
    }

    [Test]
    public void Weights_that_are_no_square_are_rejected() =>
        Assert.That(() => Trees.MaximumSpanning(new double[2, 3]), Throws.ArgumentException.With.Message.Contains("2 by 3"));

    [Test]
    public void Missing_entries_do_not_count_for_a_pair()
    {
        var complete = Rows.Of(new double[] { 0, 0, 1, 1, 0, 1, 1, 1 }, 2).WithCategories(2);
        var holes = Rows.Of(new double[] { 0, 0, double.NaN, 1, 1, 1, 0, 1, 0, double.NaN, 1, 1 }, 2).WithCategories(2);
        TreeOptions plain = new() { Bins = 2 };

        Assert.That(Trees.MutualInformation(holes, plain)[0, 1], Is.EqualTo(Trees.MutualInformation(complete, plain)[0, 1]).Within(1e-9));
    }

    [Test]
    public void Progress_goes_from_nothing_to_everything()
    {
        List<double> heard = [];

        Trees.ChowLiu(Some.Rows(), new TreeOptions { Progress = new Heard<double>(heard.Add) });

        Assert.That(heard, Is.Not.Empty.And.Ordered);
        Assert.That(heard[^1], Is.EqualTo(1));
    }

    [Test]
    public void An_exception_of_a_progress_handler_comes_out_of_the_call()
    {
        TreeOptions options = new() { Progress = new Heard<double>(_ => throw new InvalidTimeZoneException()) };

        Assert.That(() => Trees.ChowLiu(Some.Rows(), options), Throws.TypeOf<InvalidTimeZoneException>());
    }

    [Test]
    public void Cancelling_ends_the_call_with_its_token()
    {
        using CancellationTokenSource cancel = new();
        TreeOptions options = new() { Progress = new Heard<double>(_ => cancel.Cancel()) };

        Assert.That(() => Trees.ChowLiu(Some.Rows(), options, cancel.Token),
            Throws.InstanceOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(cancel.Token));
    }

    [Test]
    public void No_rows_make_no_tree() =>
        Assert.That(() => Trees.ChowLiu(Rows.Of(Array.Empty<byte>(), 3)), Throws.ArgumentException);
}
