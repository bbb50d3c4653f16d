namespace Juice.Tests;

public class GrowTests
{
    private static readonly Rows s_rows = Some.Rows(count: 100);

    [Test]
    public void Without_noise_growing_changes_no_likelihood([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values(2, 3)] int copies)
    {
        using Circuit circuit = Transformed.Circuit(kind);
        using Circuit grown = Transformations.Grow(circuit, new() { Copies = copies, Noise = 0 });

        Assert.That(Transformed.Logs(grown, s_rows), Is.EqualTo(Transformed.Logs(circuit, s_rows)).Within(1e-6 * 12));
        Transformed.AssertReached(grown);
    }

    [Test]
    public void Nodes_double_and_edges_between_sums_are_four_times_as_many()
    {
        using Circuit circuit = Structures.Hmm(12, new Categorical(4), latents: 5, seed: 1, new() { Homogeneous = false });
        using Circuit grown = Transformations.Grow(circuit);

        int root = circuit.Root;
        Assert.That(grown.Nodes, Is.EqualTo(2 * circuit.Nodes - 1));
        Assert.That(grown.SumEdges, Is.EqualTo(4 * (circuit.SumEdges - circuit.Vectors[root].ParameterCount) + 2 * circuit.Vectors[root].ParameterCount));
        Assert.That(grown.Roots, Is.EqualTo(1));
    }

    [Test]
    public void Noise_changes_weights_that_still_add_up_to_one([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values(0.1, 5)] double noise)
    {
        using Circuit circuit = Transformed.Circuit(kind);
        using Circuit grown = Transformations.Grow(circuit, new() { Noise = noise, Seed = 3 }), again = Transformations.Grow(circuit, new() { Noise = noise, Seed = 3 });
        using Circuit other = Transformations.Grow(circuit, new() { Noise = noise, Seed = 4 });

        Transformed.AssertNormalized(grown);
        Assert.That(Transformed.Logs(grown, s_rows), Is.EqualTo(Transformed.Logs(again, s_rows)));
        Assert.That(Transformed.Logs(grown, s_rows), Is.Not.EqualTo(Transformed.Logs(other, s_rows)));
        Assert.That(Transformed.LiveEdges(grown), Is.GreaterThan(Transformed.LiveEdges(circuit)), "what lives goes on living");
    }

    [Test]
    public void Vectors_draw_their_noise_one_after_the_other()
    {
        using Circuit circuit = Structures.Hmm(4, new Categorical(3), latents: 2, seed: 1, new() { Homogeneous = false });
        using Circuit grown = Transformations.Grow(circuit, new() { Noise = 0.2, Seed = 9 });

        ulong draws = 0;
        foreach (NodeVector vector in circuit.Vectors)
        {
            if (vector.Type == NodeType.Product) continue;
            // An input is there twice; of a sum every copy of a block reads both copies of what it read, each with half the weight.
            int copies = vector.Id == circuit.Root ? 1 : 2, times = vector.Type == NodeType.Input ? copies : 2 * copies, row = vector.Type == NodeType.Input ? 3 : 2;
            float share = vector.Type == NodeType.Input ? 1 : 0.5f;
            float[] expected = [.. Enumerable.Repeat(vector.Parameters.ToArray(), times).SelectMany(same => same).Select(weight => (float)(weight * share * Factor(draws++)))];
            foreach (int[] node in Nodes(expected.Length, row, vector))
            {
                double sum = node.Aggregate(0.0, (sum, i) => sum + expected[i]);
                foreach (int i in node) expected[i] = (float)(expected[i] / sum);
            }
            Assert.That(grown.Vectors[vector.Id].Parameters.ToArray(), Is.EqualTo(expected), $"vector {vector.Id}");
        }

        // By node the places of its weights.
        static IEnumerable<int[]> Nodes(int count, int row, NodeVector vector)
        {
            int each = vector.Type == NodeType.Input ? count : 2 * (int)vector.ParameterCount;      // of the edges of one copy of a block
            return Enumerable.Range(0, count).GroupBy(i => (i / each, i / row % (int)(vector.Type == NodeType.Input ? count : vector.BlockSize))).Select(node => node.ToArray());
        }

        static double Factor(ulong draw)
        {
            ulong bits = Juice.Data.Philox.Draw(9, 1, draw);
            double u = ((bits >> 32) + 0.5) / 4294967296, v = (uint)bits / 4294967296.0;
            return Math.Max(0.01, 1 + 0.2 * (Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * v)));
        }
    }

    [Test]
    public void What_grew_learns_more()
    {
        using CompiledCircuit model = Some.Model(latents: 2);
        model.Fit(s_rows, new FullBatchEm { Epochs = 100, Pseudocount = 0 });
        using Circuit trained = model.ToCircuit(), grown = Transformations.Grow(trained, new() { Seed = 1 });
        using CompiledCircuit more = grown.Compile();
        more.Fit(s_rows, new FullBatchEm { Epochs = 100, Pseudocount = 0 });

        Assert.That(more.LogLikelihood(s_rows).Average(), Is.GreaterThan(model.LogLikelihood(s_rows).Average() + 0.1));
    }

    [Test]
    public void Pruned_circuits_grow([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values(1, 2)] int blockSize)
    {
        using Circuit circuit = Transformed.Circuit(kind);
        using Circuit pruned = Transformations.Prune(circuit, new() { Keep = 0.3, BlockSize = blockSize }, s_rows);
        using Circuit grown = Transformations.Grow(pruned, new() { Noise = 0 });

        Assert.That(Transformed.Logs(grown, s_rows), Is.EqualTo(Transformed.Logs(pruned, s_rows)).Within(1e-6 * 12));
    }

    [Test]
    public void Random_circuits_keep_their_likelihoods()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            RandomCircuit random = RandomCircuit.From(seed);
            using Circuit circuit = random.Circuit, grown = Transformations.Grow(circuit, new() { Noise = 0, Copies = 3 });
            Rows rows = random.AllRows();
            Assert.That(Transformed.Logs(grown, rows), Is.EqualTo(Transformed.Logs(circuit, rows)).Within(1e-6), $"seed {seed}");
        }
    }

    [Test]
    public void Several_roots_stay_as_many()
    {
        using Circuit circuit = Some.TwoRoots(), grown = Transformations.Grow(circuit, new() { Noise = 0 });
        Rows rows = Rows.Of(Some.AllRows(), 3);

        Assert.That(Transformed.Logs(grown, rows), Is.EqualTo(Transformed.Logs(circuit, rows)).Within(1e-6));
    }

    [Test]
    public void Bad_options_are_named()
    {
        using Circuit circuit = Some.Circuit();
        Assert.That(() => Transformations.Grow(circuit, new() { Copies = 1 }), Throws.ArgumentException.With.Message.Contains("Copies is 1"));
        Assert.That(() => Transformations.Grow(circuit, new() { Noise = -1 }), Throws.ArgumentException.With.Message.Contains("Noise is -1"));
    }
}
