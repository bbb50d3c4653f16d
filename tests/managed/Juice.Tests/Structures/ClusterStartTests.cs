namespace Juice.Tests;

public class ClusterStartTests
{
    private static readonly HcltOptions s_clusters = new() { Start = HcltStart.Clusters };

    // Rows of a few kinds, each mostly the same all over: what a tree of random hidden states has to find out.
    private static Rows Kinds(int rows = 400, int variables = 10, int kinds = 4, int seed = 1)
    {
        Random random = new(seed);
        byte[] entries = new byte[rows * variables];
        for (int i = 0; i < entries.Length; i++)
        {
            int kind = i / variables % kinds;
            entries[i] = (byte)(random.Next(10) == 0 ? random.Next(kinds) : kind);
        }
        return Rows.Of(entries, variables).WithCategories(kinds);
    }

    private static double Bits(Circuit circuit, Rows rows)
    {
        using CompiledCircuit model = circuit.Compile();
        return model.BitsPerDimension(rows);
    }

    [Test]
    public void It_knows_the_kinds_of_rows_before_any_training()
    {
        Rows rows = Kinds(), others = Kinds(seed: 2);
        using Circuit random = Structures.Hclt(rows, latents: 4, seed: 1), clusters = Structures.Hclt(rows, latents: 4, seed: 1, s_clusters);

        // Random states know nothing: 2 bits. Whoever knows all about the rows needs 0.70: an entry is its row's kind 0.925 of the time, 0.50 bits,
        // and the kind 2 bits over 10 variables. The start keeps some doubt of each.
        Assert.That(Bits(random, others), Is.GreaterThan(1.9));
        Assert.That(Bits(clusters, others), Is.LessThan(1.2));
        Assert.That(clusters.ToString(), Is.EqualTo(random.ToString()), "the same structure");
    }

    [Test]
    public void It_is_a_distribution([Values(1, 3, 100)] int latents, [Values(1, 2, 12)] int variables)
    {
        Rows rows = Kinds(rows: 60, variables);
        using Circuit circuit = Structures.Hclt(rows, latents, seed: 1, s_clusters);
        using CompiledCircuit model = circuit.Compile();

        double[] nothing = new double[variables];
        Array.Fill(nothing, double.NaN);
        Assert.That(model.LogLikelihood<double>(nothing), Is.Zero.Within(1e-5));
        Assert.That(model.LogLikelihood(rows), Is.All.GreaterThan(double.NegativeInfinity));
    }

    [Test]
    public void No_category_becomes_impossible()
    {
        Rows rows = Kinds(rows: 50, variables: 3).WithCategories(9);
        using Circuit circuit = Structures.Hclt(rows, latents: 5, seed: 1, s_clusters);
        using CompiledCircuit model = circuit.Compile();

        Assert.That(model.LogLikelihood<byte>([8, 8, 8]), Is.GreaterThan(double.NegativeInfinity));
    }

    [Test]
    public void Every_distribution_takes_part()
    {
        Random random = new(3);
        double[] entries = new double[300 * 5];
        for (int row = 0; row < 300; row++)
        {
            int kind = row % 2;
            int mostly = random.Next(8) == 0 ? 1 - kind : kind;
            double[] values = [mostly, kind * 4 + random.Next(3), kind * 7 + random.NextDouble(), kind * 12 + random.Next(4), kind];
            values.CopyTo(entries, row * 5);
            if (row % 7 == 0) entries[row * 5 + row % 5] = double.NaN;
        }
        Rows rows = Rows.Of(entries, 5);
        Distribution[] distributions = [new Bernoulli(), new Binomial(6), new Gaussian(), new DiscreteLogistic(-1, 1, 16), new Categorical(2)];
        HcltOptions options = new() { Distributions = distributions, Parents = [-1, 0, 0, 2, 2] };

        using Circuit start = Structures.Hclt(rows, 2, seed: 1, options);
        using Circuit clusters = Structures.Hclt(rows, 2, seed: 1, options with { Start = HcltStart.Clusters });

        Assert.That(Bits(clusters, rows), Is.LessThan(Bits(start, rows) - 1));
        NodeVector gaussian = clusters.Vectors.Single(vector => vector.Distribution is Gaussian);
        double[] means = [gaussian.Parameters[0], gaussian.Parameters[2]];
        Assert.That(means.Order(), Is.EqualTo(new[] { 0.5, 7.5 }).Within(1), "a kind of rows each, but for what all rows share");
        NodeVector logistic = clusters.Vectors.Single(vector => vector.Distribution is DiscreteLogistic);
        Assert.That(new double[] { logistic.Parameters[0], logistic.Parameters[2] }.Order(), Is.EqualTo(new[] { -0.75, 0.75 }).Within(0.2));
    }

    [Test]
    public void One_seed_gives_one_circuit_whatever_the_threads()
    {
        Rows rows = Kinds(rows: 500, variables: 6);

        Assert.That(Json(seed: 3, threads: 2), Is.EqualTo(Json(seed: 3, threads: 1)));
        Assert.That(Json(seed: 4, threads: 1), Is.Not.EqualTo(Json(seed: 3, threads: 1)));

        string Json(ulong seed, int threads)
        {
            using Circuit circuit = Structures.Hclt(rows, 7, seed, s_clusters with { Tree = new() { Threads = threads } });
            return circuit.ToJson();
        }
    }

    [Test]
    public void Fewer_rows_than_states_columns_of_one_value_and_of_none_are_fine()
    {
        double nan = double.NaN;
        Rows rows = Rows.Of([5, nan, 1, 5, nan, 0], variables: 3);
        HcltOptions options = s_clusters with { Distributions = [new Gaussian(), new Gaussian(), new Bernoulli()], Parents = [-1, 0, 0] };

        using Circuit circuit = Structures.Hclt(rows, latents: 10, seed: 1, options);

        using CompiledCircuit model = circuit.Compile();
        Assert.That(model.LogLikelihood(rows), Is.All.GreaterThan(-10).And.All.LessThan(10));
    }

    [Test]
    public void Training_goes_on_from_it()
    {
        Rows rows = Kinds();
        using Circuit circuit = Structures.Hclt(rows, latents: 4, seed: 1, s_clusters);
        using CompiledCircuit model = circuit.Compile();
        double before = model.BitsPerDimension(rows);

        model.Fit(rows, new FullBatchEm { Epochs = 5, Pseudocount = 0 });

        Assert.That(model.BitsPerDimension(rows), Is.LessThan(before));
    }

    [Test]
    public void It_can_be_stopped()
    {
        using CancellationTokenSource stop = new();
        stop.Cancel();

        Assert.That(
            () => Structures.Hclt(Kinds(), 4, seed: 1, s_clusters with { Parents = [-1, 0, 0, 0, 0, 0, 0, 0, 0, 0] }, stop.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }
}
