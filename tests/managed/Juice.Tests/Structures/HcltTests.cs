namespace Juice.Tests;

public class HcltTests
{
    [Test]
    public void A_tree_is_learnt_and_becomes_a_circuit_over_all_variables()
    {
        using Circuit circuit = Structures.Hclt(Some.Rows(variables: 12, categories: 4), latents: 8, seed: 1);

        Assert.That(circuit.Variables, Is.EqualTo(12));
        Assert.That(circuit.Roots, Is.EqualTo(1));
        Assert.That(Inputs(circuit).Select(input => input.Distribution), Is.All.EqualTo(new Categorical(4)));
        Assert.That(Inputs(circuit).Select(input => input.Nodes), Is.All.EqualTo(8));
    }

    [Test]
    public void One_seed_gives_one_circuit()
    {
        var rows = Some.Rows();

        string first = Structures.Hclt(rows, 4, seed: 7).ToJson(), again = Structures.Hclt(rows, 4, seed: 7).ToJson();
        string other = Structures.Hclt(rows, 4, seed: 8).ToJson();

        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public void Categories_come_from_the_largest_values_where_nobody_said()
    {
        var rows = Rows.Of(new ushort[] { 0, 9, 0, 1, 3, 0 }, 3).WithSentinel(9);

        using Circuit circuit = Structures.Hclt(rows, latents: 2);

        Assert.That(Distributions(circuit), Is.EqualTo(new[] { new Categorical(2), new Categorical(4), new Categorical(2) }));
    }

    [Test]
    public void Floating_point_rows_become_gaussians_unless_they_are_called_discrete()
    {
        var rows = Rows.Of(new double[] { 0, 1, 1, 0, 2, 2 }, 2);

        Assert.That(Distributions(Structures.Hclt(rows, 2)), Is.All.EqualTo(new Gaussian()));
        Assert.That(Distributions(Structures.Hclt(rows.WithCategories(3), 2)), Is.All.EqualTo(new Categorical(3)));
    }

    [Test]
    public void Trees_and_distributions_can_be_given()
    {
        HcltOptions options = new() { Parents = [-1, 0, 0], Distributions = [new Bernoulli(), new Binomial(1), new Categorical(2)] };

        using Circuit circuit = Structures.Hclt(Rows.Of(new byte[] { 0, 1, 1 }, 3), latents: 3, options: options);

        Assert.That(Distributions(circuit), Is.EqualTo(options.Distributions));
    }

    [Test]
    public void Negative_categories_are_named_by_row_and_column() =>
        Assert.That(() => Structures.Hclt(Rows.Of(new[] { 0, 1, 2, -3 }, 2), 2), Throws.ArgumentException.With.Message.StartsWith("Row 1, column 1: -3"));

    [Test]
    public void Parents_that_are_no_tree_are_rejected()
    {
        Distribution[] distributions = [new Bernoulli(), new Bernoulli()];

        Assert.That(() => Structures.Hclt([1, 0], distributions, 2), Throws.ArgumentException);
        Assert.That(() => Structures.Hclt([-1, 5], distributions, 2), Throws.ArgumentException);
        Assert.That(() => Structures.Hclt([-1], distributions, 2), Throws.ArgumentException.With.Message.Contains("2 distributions for 1 variables"));
        Assert.That(() => Structures.Hclt([-1, 0], distributions, 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Edges_are_those_of_the_family()
    {
        // A star of three: one inner variable, two leaves. Root products read three inputs of H nodes; the root sum reads H products.
        using Circuit circuit = Structures.Hclt([-1, 0, 0], [new Bernoulli(), new Bernoulli(), new Bernoulli()], latents: 16);

        Assert.That(circuit.SumEdges, Is.EqualTo(16));
        Assert.That(circuit.ProductEdges, Is.EqualTo(3 * 16));
    }

    [Test]
    public async Task Building_can_be_awaited_and_cancelled()
    {
        using Circuit circuit = await Structures.HcltAsync(Some.Rows(), latents: 2);

        Assert.That(circuit.Variables, Is.EqualTo(12));
        Assert.That(async () => await Structures.HcltAsync(Some.Rows(), 2, cancellationToken: new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
    }

    private static IEnumerable<NodeVector> Inputs(Circuit circuit) =>
        circuit.Vectors.Where(vector => vector.Type == NodeType.Input).OrderBy(vector => vector.Variable);

    private static IEnumerable<Distribution?> Distributions(Circuit circuit) => Inputs(circuit).Select(input => input.Distribution);
}
