namespace Juice.Tests;

public class PruneTests
{
    private static readonly Rows s_rows = Some.Rows(count: 300);

    [Test]
    public void Keeping_everything_changes_nothing([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values] PruneBy by, [Values(1, 2)] int blockSize)
    {
        using Circuit circuit = Transformed.Circuit(kind);
        using Circuit pruned = Transformations.Prune(circuit, new() { Keep = 1, By = by, BlockSize = blockSize }, s_rows);

        Assert.That(Transformed.Logs(pruned, s_rows), Is.EqualTo(Transformed.Logs(circuit, s_rows)).Within(1e-6));
        Assert.That(Transformed.LiveEdges(pruned), Is.EqualTo(Transformed.LiveEdges(circuit)));
    }

    [Test]
    public void The_edges_that_stay_are_those_that_a_plain_search_finds(
        [ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values] PruneBy by, [Values(0.05, 0.3, 0.8)] double keep)
    {
        using Circuit circuit = Transformed.Circuit(kind);
        using Circuit plain = Plainly(circuit, by, keep, threshold: null, seed: 5, out long left);

        using Circuit pruned = Transformations.Prune(circuit, new() { Keep = keep, By = by, Seed = 5 }, s_rows);

        AssertSame(pruned, plain);
        Assert.That(Transformed.LiveEdges(pruned), Is.LessThanOrEqualTo(left));
    }

    [Test]
    public void The_share_that_is_named_stays_where_every_node_has_enough_edges([Values] PruneBy by, [Values(0.25, 0.5)] double keep)
    {
        Distribution[] pixels = [.. Enumerable.Repeat(new Categorical(4), 12)];
        using Circuit circuit = Structures.Hclt([.. Enumerable.Range(-1, 12)], pixels, latents: 100, seed: 1);
        using Circuit pruned = Transformations.Prune(circuit, new() { Keep = keep, By = by }, s_rows);

        Assert.That((double)pruned.SumEdges / circuit.SumEdges, Is.InRange(keep - 0.04, keep + 0.002), "what only a lost node read is gone, too");
    }

    [TestCase(PruneBy.Flow, 1e-3)]
    [TestCase(PruneBy.Flow, 0.02)]
    [TestCase(PruneBy.Parameter, 0.1)]
    [TestCase(PruneBy.Parameter, 0.9)]
    public void A_threshold_keeps_what_is_worth_so_much(PruneBy by, double threshold)
    {
        foreach (string kind in Transformed.Kinds)
        {
            using Circuit circuit = Transformed.Circuit(kind);
            using Circuit plain = Plainly(circuit, by, keep: null, threshold, seed: 0, out _);
            using Circuit pruned = Transformations.Prune(circuit, new() { Threshold = threshold, By = by }, s_rows);
            AssertSame(pruned, plain);
        }
    }

    [Test]
    public void Blocks_go_as_a_whole([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values] PruneBy by, [Values(2, 4, 32)] int blockSize)
    {
        using Circuit circuit = Transformed.Circuit(kind);
        using Circuit whole = Transformations.Prune(circuit, new() { Keep = 1, By = by, BlockSize = blockSize }, s_rows);
        using Circuit pruned = Transformations.Prune(circuit, new() { Keep = 0.4, By = by, BlockSize = blockSize }, s_rows);

        Transformed.AssertNormalized(pruned);
        Assert.That(pruned.Vectors.Max(vector => vector.BlockSize), Is.LessThanOrEqualTo(blockSize));
        long Blocks(Circuit of) => of.Vectors.Where(v => v.Type == NodeType.Sum && v.TiedTo is null).Sum(v => v.EdgeCount);
        long must = whole.Vectors.Where(v => v.Type == NodeType.Sum && v.TiedTo is null).Sum(v => v.Nodes);
        Assert.That(Blocks(pruned), Is.LessThanOrEqualTo(Math.Round(0.4 * Blocks(whole)) + must));
        foreach (NodeVector sum in pruned.Vectors.Where(vector => vector.Type == NodeType.Sum))
            Assert.That(Transformed.Edges(pruned, sum).Select(edge => edge.Node).Distinct().Count(), Is.EqualTo(sum.Nodes), "every node keeps an edge");
    }

    [Test]
    public void Pruned_circuits_have_no_node_without_a_reader_and_add_up_to_one(
        [ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values(1, 2)] int blockSize)
    {
        using Circuit circuit = Transformed.Circuit(kind);
        using Circuit pruned = Transformations.Prune(circuit, new() { Keep = 0.1, BlockSize = blockSize }, s_rows);

        Transformed.AssertNormalized(pruned);
        if (blockSize == 1) Transformed.AssertReached(pruned);
        Assert.That(pruned.Nodes, Is.LessThanOrEqualTo(circuit.Nodes));
    }

    [Test]
    public void What_is_pruned_trains_saves_and_loads([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind)
    {
        using TemporaryFolder folder = new();
        using Circuit circuit = Transformed.Circuit(kind);
        using Circuit pruned = Transformations.Prune(circuit, new() { Keep = 0.3 }, s_rows);
        using CompiledCircuit model = pruned.Compile();
        double[] before = model.LogLikelihood(s_rows);
        model.Fit(s_rows, new FullBatchEm { Epochs = 3, Pseudocount = 0 });
        double[] after = model.LogLikelihood(s_rows);
        model.Save(folder.File("m.juice"));

        using Circuit loaded = Circuit.Load(folder.File("m.juice"));

        double Mean(double[] logs) => logs.Where((_, row) => double.IsFinite(before[row])).Average();      // a tree without hidden states may rule rows out
        Assert.That(Mean(after), Is.GreaterThan(Mean(before)));
        Assert.That(Transformed.Logs(loaded, s_rows), Is.EqualTo(after));
    }

    [Test]
    public void What_is_pruned_can_be_pruned_again([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values(1, 2)] int blockSize)
    {
        using Circuit circuit = Transformed.Circuit(kind);
        using Circuit once = Transformations.Prune(circuit, new() { Keep = 0.6, By = PruneBy.Random, BlockSize = blockSize });
        using Circuit twice = Transformations.Prune(once, new() { Keep = 0.5, By = PruneBy.Random, BlockSize = blockSize });

        Transformed.AssertNormalized(twice);
        if (kind is not ("chow-liu" or "tied pd")) Assert.That(twice.SumEdges, Is.LessThan(once.SumEdges), "no structural zeros are left in place of edges");
    }

    [Test]
    public void Flow_costs_less_than_chance()
    {
        using CompiledCircuit model = Some.Model(latents: 16);
        model.Fit(s_rows, new FullBatchEm { Epochs = 30 });
        using Circuit trained = model.ToCircuit();
        double Mean(PruneBy by)
        {
            using Circuit pruned = Transformations.Prune(trained, new() { Keep = 0.3, By = by, Seed = 2 }, s_rows);
            return Transformed.Logs(pruned, s_rows).Average();
        }

        Assert.That(Mean(PruneBy.Flow), Is.GreaterThan(Mean(PruneBy.Random) + 0.5));
        Assert.That(Mean(PruneBy.Flow), Is.GreaterThan(Mean(PruneBy.Parameter)));
    }

    [Test]
    public void Random_circuits_keep_their_likelihoods_and_lose_edges()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            RandomCircuit random = RandomCircuit.From(seed);
            using Circuit circuit = random.Circuit;
            Rows rows = random.AllRows();
            using Circuit same = Transformations.Prune(circuit, new() { Keep = 1, BlockSize = 2 }, rows);
            using Circuit half = Transformations.Prune(circuit, new() { Keep = 0.5 }, rows);

            Assert.That(Transformed.Logs(same, rows), Is.EqualTo(Transformed.Logs(circuit, rows)).Within(1e-6), $"seed {seed}");
            Assert.That(Transformed.Logs(half, rows).Sum(Math.Exp), Is.EqualTo(1).Within(1e-5), $"seed {seed}");
        }
    }

    [TestCase(0.1, "8 sums of single edges; 2 that lack edges are dense with zeros")]
    [TestCase(0.6, "0 sums of single edges; 10 that lack edges are dense with zeros")]
    public void The_plan_says_what_computes_a_sum_that_lacks_edges(double keep, string what)
    {
        // A chain of 12 variables: ten sums of 90 by 90 between inputs and root, of which the last are narrow once the root has lost most edges.
        Distribution[] pixels = [.. Enumerable.Repeat(new Categorical(4), 12)];
        using Circuit circuit = Structures.Hclt([.. Enumerable.Range(-1, 12)], pixels, latents: 90, seed: 1);
        using Circuit pruned = Transformations.Prune(circuit, new() { Keep = keep, By = PruneBy.Random, Seed = 1 });
        using CompiledCircuit model = pruned.Compile(Device.Cpu);

        Assert.That(model.Plan, Does.Contain(what));
    }

    [Test]
    public void Metadata_stays()
    {
        using Circuit circuit = Some.Circuit().WithMetadata("author", "A");
        using Circuit pruned = Transformations.Prune(circuit, new() { Keep = 0.5, By = PruneBy.Parameter });

        Assert.That(pruned.Metadata["author"], Is.EqualTo("A"));
    }

    [Test]
    public void Bad_options_are_named()
    {
        using Circuit circuit = Some.Circuit(), two = Some.TwoRoots();
        Rows rows = Rows.Of(Some.AllRows(), 3);
        void Refused(PruneOptions options, string what, Rows? with = null, Circuit? of = null) =>
            Assert.That(() => Transformations.Prune(of ?? circuit, options, with), Throws.ArgumentException.With.Message.Contains(what));

        Refused(new(), "Keep and Threshold");
        Refused(new() { Keep = 0.5, Threshold = 0.5 }, "Keep and Threshold");
        Refused(new() { Keep = 0 }, "Keep is 0");
        Refused(new() { Keep = 1.5 }, "Keep is 1.5");
        Refused(new() { Keep = double.NaN }, "Keep is NaN");
        Refused(new() { Threshold = -1 }, "Threshold is -1");
        Refused(new() { Threshold = 0.5, By = PruneBy.Random }, "at random");
        Refused(new() { Keep = 0.5, BlockSize = 0 }, "BlockSize is 0");
        Refused(new() { Keep = 0.5, BatchSize = 0 }, "BatchSize is 0");
        Refused(new() { Keep = 0.5 }, "no rows");
        Refused(new() { Keep = 0.5 }, "2 roots", rows, two);
    }

    // The circuit with its least edges set to 0, found edge by edge, and how many are left.
    private static Circuit Plainly(Circuit circuit, PruneBy by, double? keep, double? threshold, ulong seed, out long left)
    {
        float[][] weights = [.. circuit.Vectors.Select(vector => vector.Type == NodeType.Sum && vector.TiedTo is null ? vector.Parameters.ToArray() : [])];
        using CompiledCircuit model = circuit.Compile();
        model.Forward(s_rows);
        model.Backward();
        List<(int Vector, int Weight, double Score)> edges = [];
        ulong draw = 0;
        for (int id = 0; id < weights.Length; id++)
        {
            float[] flows = by == PruneBy.Flow && weights[id].Length > 0 ? model.GetFlows(id) : weights[id];
            for (int i = 0; i < weights[id].Length; i++, draw++)
            {
                double score = by == PruneBy.Random ? (float)(Juice.Data.Philox.Draw(seed, 0, draw) >> 40) / (1 << 24) : flows[i];
                if (weights[id][i] != 0) edges.Add((id, i, score));
            }
        }
        int Node((int Vector, int Weight, double) edge)
        {
            NodeVector sum = circuit.Vectors[edge.Vector];
            int child = (int)circuit.Vectors[sum.Children[0]].BlockSize, size = (int)sum.BlockSize, e = edge.Weight / child / size;
            long columns = 0;
            foreach (int c in sum.Children) columns += circuit.Vectors[c].NodeBlocks;
            return (sum.HasEdges ? sum.Edges[e] : (int)(e / columns)) * size + edge.Weight / child % size;
        }
        var ranked = edges.OrderByDescending(edge => edge.Score);
        var kept = keep is double share
            ? ranked.Take((int)Math.Round(share * edges.Count)).ToHashSet()
            : [.. ranked.Where(edge => edge.Score >= (float)(threshold!.Value * (by == PruneBy.Flow ? s_rows.Count : 1)))];
        foreach (var node in edges.GroupBy(edge => (edge.Vector, Node(edge))))
            if (!node.Any(kept.Contains)) kept.Add(node.MaxBy(edge => edge.Score));
        left = kept.Count;
        foreach (var edge in edges.Where(edge => !kept.Contains(edge))) weights[edge.Vector][edge.Weight] = 0;
        Dictionary<(int, int), double> sums = kept.GroupBy(edge => (edge.Vector, Node(edge))).ToDictionary(
            node => node.Key, node => node.Sum(edge => (double)weights[edge.Vector][edge.Weight]));
        foreach (var edge in kept) weights[edge.Vector][edge.Weight] = (float)(weights[edge.Vector][edge.Weight] / sums[(edge.Vector, Node(edge))]);
        using CompiledCircuit changed = circuit.Compile();
        for (int id = 0; id < weights.Length; id++)
            if (weights[id].Length > 0) changed.SetParameters(id, weights[id]);
        return changed.ToCircuit();
    }

    private static void AssertSame(Circuit pruned, Circuit plain)
    {
        Assert.That(Transformed.Logs(pruned, s_rows), Is.EqualTo(Transformed.Logs(plain, s_rows)).Within(1e-5));
        Transformed.AssertNormalized(pruned);
        if (plain.Vectors.All(vector => vector.TiedTo is null)) Assert.That(Transformed.LiveEdges(pruned), Is.EqualTo(ReachedEdges(plain)));
    }

    private static long ReachedEdges(Circuit circuit)
    {
        HashSet<(int, int)> reached = [.. Enumerable.Range(0, circuit.Roots).Select(node => (circuit.Root, node))];
        long edges = 0;
        for (int id = circuit.Root; id >= 0; id--)
        {
            foreach ((int node, int child, int below) in Transformed.Edges(circuit, circuit.Vectors[id]).ToList())
            {
                if (!reached.Contains((id, node))) continue;
                if (circuit.Vectors[id].Type == NodeType.Sum) edges++;
                reached.Add((child, below));
            }
        }
        return edges;
    }
}
