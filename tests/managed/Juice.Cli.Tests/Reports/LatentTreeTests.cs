using Juice.Cli.Reports;

namespace Juice.Cli.Tests.Reports;

public class LatentTreeTests
{
    [TestCase(new[] { -1 })]
    [TestCase(new[] { 1, -1 })]
    [TestCase(new[] { -1, 0, 1, 2, 3 })]
    [TestCase(new[] { 2, 2, -1, 2, 2 })]
    [TestCase(new[] { 1, 4, 1, 4, -1, 6, 4, 6 })]
    public void The_tree_is_read_off_a_circuit_as_it_was_given(int[] parents)
    {
        using Circuit circuit = Structures.Hclt(parents, [.. parents.Select(_ => new Bernoulli())], latents: 3, seed: 1);

        LatentTree tree = LatentTree.Of(circuit)!;

        Assert.That(tree.Parents, Is.EqualTo(parents));
        Assert.That(tree.Latents, Is.EqualTo(3));
        Assert.That(tree.Root, Is.EqualTo(Array.IndexOf(parents, -1)));
    }

    [Test]
    public void It_is_that_of_the_rows_whatever_their_number_of_variables([Values(2, 7, 40)] int variables)
    {
        Random random = new(variables);
        byte[] entries = new byte[100 * variables];
        for (int i = 0; i < entries.Length; i++) entries[i] = (byte)random.Next(3);
        Rows rows = Rows.Of(entries, variables);
        using Circuit circuit = Structures.Hclt(rows, latents: 2);

        Assert.That(LatentTree.Of(circuit)!.Parents, Is.EqualTo(Trees.ChowLiu(rows)));
    }

    [Test]
    public void Other_circuits_have_none()
    {
        CircuitBuilder mixture = new(2);
        int x = mixture.Input(0, new Bernoulli(), 1, 2), y = mixture.Input(1, new Bernoulli(), 1, 2), both = mixture.Product([x, y], 1, 2);
        int more = mixture.Product([mixture.Input(0, new Bernoulli(), 1, 2), mixture.Input(1, new Bernoulli(), 1, 2)], 1, 2);
        using Circuit two = mixture.Build(mixture.Sum([both, more], 1, 1), seed: 1);

        CircuitBuilder flat = new(2);
        using Circuit product = flat.Build(flat.Product([flat.Input(0, new Bernoulli(), 1, 1), flat.Input(1, new Bernoulli(), 1, 1)], 1, 1), seed: 1);

        Assert.That(LatentTree.Of(two), Is.Null, "a sum over two products");
        Assert.That(LatentTree.Of(product), Is.Null, "no sum at the root");
    }
}
