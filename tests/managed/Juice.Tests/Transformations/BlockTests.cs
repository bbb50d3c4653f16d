namespace Juice.Tests;

public class BlockTests
{
    private static readonly Rows s_rows = Some.Rows(count: 100);

    [Test]
    public void Blocks_of_any_size_hold_the_same_distribution([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values(1, 2, 3, 32)] int size)
    {
        using Circuit circuit = Transformed.Circuit(kind), cut = Transformations.Blockify(circuit, size);

        Assert.That(Transformed.Logs(cut, s_rows), Is.EqualTo(Transformed.Logs(circuit, s_rows)).Within(1e-6));
        Assert.That(Transformed.LiveEdges(cut), Is.EqualTo(Transformed.LiveEdges(circuit)));
        Assert.That(cut.Vectors.Max(vector => vector.BlockSize), Is.LessThanOrEqualTo(size));
    }

    [Test]
    public void Scattered_edges_are_gathered_into_blocks_and_taken_apart_again([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind)
    {
        using Circuit circuit = Transformed.Circuit(kind), single = Transformations.Unblockify(circuit);
        using Circuit pruned = Transformations.Prune(single, new() { Keep = 0.4, By = PruneBy.Random });
        using Circuit blocks = Transformations.Blockify(pruned, 4), again = Transformations.Unblockify(blocks);

        Assert.That(single.Vectors.Max(vector => vector.BlockSize), Is.EqualTo(1));
        Assert.That(Transformed.Logs(blocks, s_rows), Is.EqualTo(Transformed.Logs(pruned, s_rows)).Within(1e-6));
        Assert.That(again.ToJson(), Is.EqualTo(pruned.ToJson()));
    }

    [Test]
    public void Random_circuits_keep_their_likelihoods()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            RandomCircuit random = RandomCircuit.From(seed);
            using Circuit circuit = random.Circuit, single = Transformations.Unblockify(circuit), blocks = Transformations.Blockify(single, 2);
            using Circuit merged = Transformations.Merge(circuit), mixed = Structures.Mixture([circuit, merged]), both = Transformations.Merge(mixed);
            Rows rows = random.AllRows();
            double[] expected = Transformed.Logs(circuit, rows);
            foreach (Circuit made in new[] { single, blocks, merged, both })
                Assert.That(Transformed.Logs(made, rows), Is.EqualTo(expected).Within(2e-6), $"seed {seed}");
        }
    }

    [Test]
    public void A_block_has_a_node_at_least() =>
        Assert.That(() => Transformations.Blockify(Some.Circuit(), 0), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("blockSize"));
}
