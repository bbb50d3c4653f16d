namespace Juice.Tests;

public class MergeTests
{
    private static readonly Rows s_rows = Some.Rows(count: 100);

    [Test]
    public void Merged_circuits_hold_the_same_distribution([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind)
    {
        using Circuit circuit = Transformed.Circuit(kind), merged = Transformations.Merge(circuit);

        Assert.That(Transformed.Logs(merged, s_rows), Is.EqualTo(Transformed.Logs(circuit, s_rows)).Within(1e-6));
        Assert.That(merged.Vectors, Has.Count.LessThanOrEqualTo(circuit.Vectors.Count));
        Assert.That(merged.SumEdges, Is.EqualTo(circuit.SumEdges));
        Assert.That(merged.Parameters, Is.EqualTo(circuit.Parameters));
    }

    [Test]
    public void A_mixture_of_trees_alike_becomes_one_tree_of_wider_vectors()
    {
        using Circuit a = Structures.Hclt(s_rows, latents: 4, seed: 1), b = Structures.Hclt(s_rows, latents: 4, seed: 2);
        using Circuit mixture = Structures.Mixture([a, b], [0.25, 0.75]), merged = Transformations.Merge(mixture);

        Assert.That(merged.Vectors, Has.Count.EqualTo(a.Vectors.Count + 1), "the two roots below the mixture's are one vector, too");
        Assert.That(Transformed.Logs(merged, s_rows), Is.EqualTo(Transformed.Logs(mixture, s_rows)).Within(1e-6));
    }

    [Test]
    public void What_is_merged_trains_as_before()
    {
        using Circuit circuit = Structures.RatSpn([.. Enumerable.Repeat(new Categorical(4), 12)], latents: 4, seed: 1, new() { Depth = 2, Repetitions = 3 });
        using Circuit merged = Transformations.Merge(circuit);
        using CompiledCircuit before = circuit.Compile(), after = merged.Compile();
        foreach (CompiledCircuit model in new[] { before, after }) model.Fit(s_rows, new FullBatchEm { Epochs = 5 });

        Assert.That(merged.Vectors, Has.Count.LessThan(circuit.Vectors.Count));
        Assert.That(after.LogLikelihood(s_rows), Is.EqualTo(before.LogLikelihood(s_rows)).Within(1e-3));
    }
}
