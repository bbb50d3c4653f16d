using Juice.Data;

namespace Juice.Tests;

public class ObservedTreeTests
{
    [Test]
    public void Probabilities_are_smoothed_counts()
    {
        // n(0,0) = 2, n(0,1) = 1, n(1,1) = 1: with 1 on each cell of the pair, P(x0 = 0) = 5/8, P(x1 = 1 | x0 = 0) = 2/5, P(x1 = 1 | x0 = 1) = 2/3.
        Rows rows = Rows.Of(new byte[] { 0, 0, 0, 0, 0, 1, 1, 1 }, 2).WithCategories(2);
        using Circuit circuit = Structures.Tree(rows, [-1, 0]);
        using CompiledCircuit model = circuit.Compile();

        double[] logs = model.LogLikelihood(Rows.Of(new byte[] { 0, 0, 0, 1, 1, 0, 1, 1 }, 2));

        Assert.That(logs.Select(Math.Exp), Is.EqualTo(new[] { 5 / 8.0 * 3 / 5, 5 / 8.0 * 2 / 5, 3 / 8.0 / 3, 3 / 8.0 * 2 / 3 }).Within(1e-6));
        Assert.That(Math.Exp(model.LogLikelihood<double>([double.NaN, 1])), Is.EqualTo(0.5).Within(1e-6), "1/4 + 1/4");
    }

    [Test]
    public void Without_pseudocounts_what_never_was_is_impossible()
    {
        Rows rows = Rows.Of(new byte[] { 0, 0, 0, 1 }, 2).WithCategories(3);
        using Circuit circuit = Structures.ChowLiuTree(rows, pseudocount: 0);
        using CompiledCircuit model = circuit.Compile();

        Assert.That(model.LogLikelihood(Rows.Of(new byte[] { 0, 1, 0, 2, 2, 0 }, 2)),
            Is.EqualTo(new[] { Math.Log(0.5), double.NegativeInfinity, double.NegativeInfinity }).Within(1e-6));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(9)]
    public void It_is_a_distribution_whose_float_answers_are_the_tables(int variables)
    {
        Rows rows = Some.Rows(variables: variables, categories: 3);
        TreeTables tables = TreeTables.Count(rows, Trees.ChowLiu(rows, new() { Pseudocount = 1 }), 1, default);
        using Circuit circuit = Structures.ChowLiuTree(rows);
        using CompiledCircuit model = circuit.Compile();

        Assert.That(model.LogLikelihood<double>([.. Enumerable.Repeat(double.NaN, variables)]), Is.Zero.Within(1e-6));
        Assert.That(model.LogLikelihood(rows), Is.EqualTo(LogLikelihoods(tables, rows)).Within(1e-5));
    }

    [Test]
    public void Missing_entries_and_weights_count_as_they_should()
    {
        Rows holes = Rows.Of(new double[] { 0, 0, 0, double.NaN, 1, 1, double.NaN, 1 }, 2).WithCategories(2);
        Rows weighted = Rows.Of(new double[] { 0, 0, 1, 1 }, 2).WithCategories(2).WithWeights(new float[] { 3, 1 });

        // P(x0 = 0) = (2 + 2) / (3 + 4); P(x1 = 0 | x0 = 0) = (1 + 1) / (1 + 2). Weighted: (3 + 2) / (4 + 4) and (3 + 1) / (3 + 2).
        Assert.That(TreeTables.Count(holes, [-1, 0], 1, default).LogLikelihood([0, 0]), Is.EqualTo(Math.Log(4 / 7.0 * 2 / 3)).Within(1e-12));
        Assert.That(TreeTables.Count(weighted, [-1, 0], 1, default).LogLikelihood([0, 0]), Is.EqualTo(Math.Log(5 / 8.0 * 4 / 5)).Within(1e-12));
    }

    [Test]
    public void What_is_no_tree_or_not_discrete_is_named()
    {
        Rows rows = Rows.Of(new byte[] { 0, 1, 1 }, 3);

        Assert.That(() => Structures.Tree(rows, [-1, 0]), Throws.ArgumentException.With.Message.Contains("2 parents for 3 variables"));
        Assert.That(() => Structures.Tree(rows, [-1, 0, 3]), Throws.ArgumentException.With.Message.Contains("parents[2] is 3"));
        Assert.That(() => Structures.Tree(rows, [-1, -1, 0]), Throws.ArgumentException.With.Message.Contains("parents[0] and parents[1] are both -1"));
        Assert.That(() => Structures.Tree(rows, [-1, 2, 1]), Throws.ArgumentException.With.Message.Contains("cycle"));
        Assert.That(() => Structures.Tree(rows, [-1, 0, 0], pseudocount: -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => Structures.ChowLiuTree(Rows.Of(new double[] { 0.5, 1 }, 2)), Throws.ArgumentException.With.Message.Contains("WithCategories"));
        Assert.That(() => Structures.Tree(Rows.Of(new double[] { 0.5, 1 }, 2).WithCategories(2), [-1, 0]),
            Throws.ArgumentException.With.Message.Contains("Row 0, column 0: 0.5 is not one of the categories 0 … 1"));
    }

    // The one right answer, computed elsewhere: mean log-likelihood of the test rows.
    [Category("Data")]
    [TestCase("nltcs", -6.759044665015)]
    [TestCase("msnbc", -6.540127355064)]
    [TestCase("plants", -16.524015044253)]
    [TestCase("jester", -58.226531938293)]
    [TestCase("bnetflix", -60.250345950636)]
    [TestCase("accidents", -33.188110429839)]
    [TestCase("dna", -87.734776127789)]
    public void The_twenty_sets_have_their_exact_answers(string name, double expected)
    {
        (Rows train, Rows test) = Load(name);
        TreeTables tables = TreeTables.Count(train, Trees.ChowLiu(train, new() { Pseudocount = 1 }), 1, default);
        using Circuit circuit = Structures.ChowLiuTree(train);
        using CompiledCircuit model = circuit.Compile();

        Assert.That(LogLikelihoods(tables, test).Average(), Is.EqualTo(expected).Within(Math.Abs(expected) * 1e-10));
        Assert.That(model.LogLikelihood(test).Average(), Is.EqualTo(expected).Within(Math.Abs(expected) * 1e-6), "with float32 parameters");
    }

    // Here pairs tie in mutual information, so that there are several maximum trees; the answer is that of the one which grows from variable 0 and at a tie
    // takes in the lowest variable, by the edge that was there first.
    [Category("Data")]
    [Test]
    public void Of_a_set_with_ties_a_maximum_tree_has_the_answer()
    {
        const double expected = -64.783139301566;
        (Rows train, Rows test) = Load("tmovie");
        double[,] information = Trees.MutualInformation(train, new() { Pseudocount = 1 });
        int[] ours = Trees.MaximumSpanning(information), grown = Grown(information);

        Assert.That(Weight(grown), Is.EqualTo(Weight(ours)).Within(1e-12));
        Assert.That(LogLikelihoods(TreeTables.Count(train, grown, 1, default), test).Average(), Is.EqualTo(expected).Within(64.8 * 1e-10));
        using Circuit circuit = Structures.Tree(train, grown);
        using CompiledCircuit model = circuit.Compile();
        Assert.That(model.LogLikelihood(test).Average(), Is.EqualTo(expected).Within(64.8 * 1e-6), "with float32 parameters");

        double Weight(int[] parents) => parents.Select((parent, v) => parent < 0 ? 0 : information[v, parent]).Sum();
    }

    private static int[] Grown(double[,] weights)
    {
        int variables = weights.GetLength(0);
        int[] parents = new int[variables];
        List<int> outside = [.. Enumerable.Range(1, variables - 1)];
        parents[0] = -1;
        while (outside.Count > 0)
        {
            int next = outside.MaxBy(v => weights[v, parents[v]]);      // the first of those that tie
            outside.Remove(next);
            foreach (int v in outside)
                if (weights[v, next] > weights[v, parents[v]]) parents[v] = next;
        }
        return parents;
    }

    private static (Rows Train, Rows Test) Load(string name)
    {
        string? folder = Environment.GetEnvironmentVariable("JUICE_DATA");
        if (string.IsNullOrEmpty(folder)) Assert.Ignore("JUICE_DATA names no folder of data.");
        Rows Part(string part) => RowFiles.Load(Path.Combine(folder!, "twenty", $"{name}.{part}.data.gz")).WithCategories(2);
        return (Part("ts"), Part("test"));
    }

    private static List<double> LogLikelihoods(TreeTables tables, Rows rows)
    {
        List<double> logs = [];
        RowChunks chunks = new(rows);
        while (chunks.Next(default))
            for (int i = 0; i < chunks.Count; i++) logs.Add(tables.LogLikelihood(chunks.Entries.Slice(i * rows.Variables, rows.Variables)));
        return logs;
    }
}
