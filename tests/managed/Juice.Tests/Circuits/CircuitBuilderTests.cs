namespace Juice.Tests;

public class CircuitBuilderTests
{
    [Test]
    public void A_circuit_counts_what_it_is_made_of()
    {
        using Circuit circuit = Some.Circuit();

        Assert.That(circuit.Variables, Is.EqualTo(3));
        Assert.That(circuit.Root, Is.EqualTo(4));
        Assert.That(circuit.Roots, Is.EqualTo(1));
        Assert.That(circuit.Vectors, Has.Count.EqualTo(5));
        Assert.That(circuit.Nodes, Is.EqualTo(9));
        Assert.That(circuit.SumEdges, Is.EqualTo(2));
        Assert.That(circuit.ProductEdges, Is.EqualTo(6));
        Assert.That(circuit.Edges, Is.EqualTo(8));
        Assert.That(circuit.Parameters, Is.EqualTo(2 * 2 + 2 * 3 + 2 * 4 + 2));
        Assert.That(circuit.Depth, Is.EqualTo(2));
    }

    [Test]
    public void Vectors_show_what_they_were_given()
    {
        CircuitBuilder builder = new(variables: 2);
        int x = builder.Input(0, new Categorical(2), nodeBlocks: 2, blockSize: 1, parameters: [0.25f, 0.75f, 0.5f, 0.5f]);
        int y = builder.TiedInput(1, x);
        int xy = builder.Product([x, y], nodeBlocks: 3, blockSize: 1, edges: new[,] { { 0, 0 }, { 0, 1 }, { 1, 1 } });
        int root = builder.Sum([xy], nodeBlocks: 1, blockSize: 1, edges: new[,] { { 0, 0 }, { 0, 2 } }, parameters: [0.25f, 0.75f]);
        using Circuit circuit = builder.Build(root);

        NodeVector input = circuit.Vectors[x], tied = circuit.Vectors[y], product = circuit.Vectors[xy], sum = circuit.Vectors[root];

        Assert.That(input.Type, Is.EqualTo(NodeType.Input));
        Assert.That(input.Variable, Is.Zero);
        Assert.That(input.Distribution, Is.EqualTo(new Categorical(2)));
        Assert.That((input.NodeBlocks, input.BlockSize, input.Nodes), Is.EqualTo((2L, 1L, 2L)));
        Assert.That(input.Parameters.ToArray(), Is.EqualTo(new[] { 0.25f, 0.75f, 0.5f, 0.5f }));
        Assert.That(tied.TiedTo, Is.EqualTo(x));
        Assert.That(tied.Parameters.ToArray(), Is.EqualTo(input.Parameters.ToArray()));
        Assert.That(tied.Scope.ToArray(), Is.EqualTo(new[] { 1 }));
        Assert.That(product.Type, Is.EqualTo(NodeType.Product));
        Assert.That(product.Children.ToArray(), Is.EqualTo(new[] { x, y }));
        Assert.That(product.Edges.ToArray(), Is.EqualTo(new[] { 0, 0, 0, 1, 1, 1 }));
        Assert.That(product.Variable, Is.Null);
        Assert.That(product.Distribution, Is.Null);
        Assert.That(product.InScope(1), Is.True);
        Assert.That(input.InScope(1), Is.False);
        Assert.That(sum.Type, Is.EqualTo(NodeType.Sum));
        Assert.That(sum.EdgeCount, Is.EqualTo(2));
        Assert.That(sum.Edges.ToArray(), Is.EqualTo(new[] { 0, 0, 0, 2 }));
        Assert.That(sum.Parameters.ToArray(), Is.EqualTo(new[] { 0.25f, 0.75f }));
    }

    [Test]
    public void Implied_wiring_has_no_edges_to_show_and_counts_its_block_edges()
    {
        using Circuit circuit = Some.Circuit();

        Assert.That(circuit.Vectors[4].HasEdges, Is.False);
        Assert.That(circuit.Vectors[4].Edges.IsEmpty, Is.True);
        Assert.That(circuit.Vectors[4].EdgeCount, Is.EqualTo(1));
    }

    [Test]
    public void A_skeleton_is_drawn_from_the_seed()
    {
        static float[] Parameters(ulong seed)
        {
            CircuitBuilder builder = new(variables: 1);
            int x = builder.Input(0, new Categorical(5), nodeBlocks: 1, blockSize: 4);
            builder.Sum([x], nodeBlocks: 1, blockSize: 1);
            using Circuit circuit = builder.Build(seed: seed);
            return [.. circuit.Vectors[0].Parameters, .. circuit.Vectors[1].Parameters];
        }

        float[] first = Parameters(1), again = Parameters(1), other = Parameters(2);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
        Assert.That(first.Take(5).Sum(), Is.EqualTo(1).Within(1e-5));
    }

    [Test]
    public void A_skeleton_without_a_seed_is_rejected()
    {
        CircuitBuilder builder = new(variables: 1);
        builder.Input(0, new Bernoulli(), nodeBlocks: 1, blockSize: 1);

        Assert.That(() => builder.Build(), Throws.TypeOf<InvalidDataException>().With.Message.Contains("0"));
    }

    [Test]
    public void Any_vector_can_be_the_root()
    {
        CircuitBuilder input = new(variables: 1);
        input.Input(0, new Categorical(2), nodeBlocks: 1, blockSize: 3, parameters: [0.5f, 0.5f, 0.25f, 0.75f, 1, 0]);
        using Circuit circuit = input.Build();
        using CompiledCircuit model = circuit.Compile();

        double[] logs = model.LogLikelihood(Rows.Of(new byte[] { 1 }, 1));

        Assert.That(circuit.Roots, Is.EqualTo(3));
        Assert.That(logs, Is.EqualTo(new[] { Math.Log(0.5), Math.Log(0.75), double.NegativeInfinity }).Within(1e-6));
    }

    [Test]
    public void Sums_may_have_several_children_and_sums_as_children()
    {
        CircuitBuilder builder = new(variables: 1);
        int a = builder.Input(0, new Categorical(2), nodeBlocks: 1, blockSize: 1, parameters: [0.5f, 0.5f]);
        int b = builder.Input(0, new Categorical(2), nodeBlocks: 1, blockSize: 1, parameters: [0.25f, 0.75f]);
        int first = builder.Sum([a, b], nodeBlocks: 1, blockSize: 1, parameters: [0.5f, 0.5f]);
        int second = builder.Sum([first, a], nodeBlocks: 1, blockSize: 1, parameters: [0.75f, 0.25f]);
        using Circuit circuit = builder.Build(second);
        using CompiledCircuit model = circuit.Compile();

        double expected = 0.75 * (0.5 * 0.5 + 0.5 * 0.75) + 0.25 * 0.5;
        Assert.That(model.LogLikelihood<byte>([1]), Is.EqualTo(Math.Log(expected)).Within(1e-6));
    }

    [Test]
    public void Products_can_be_wired_node_by_node()
    {
        CircuitBuilder builder = new(variables: 2);
        int x = builder.Input(0, new Categorical(2), nodeBlocks: 1, blockSize: 2, parameters: [0.5f, 0.5f, 0.25f, 0.75f]);
        int y = builder.Input(1, new Categorical(2), nodeBlocks: 1, blockSize: 2, parameters: [0.125f, 0.875f, 0.375f, 0.625f]);
        int xy = builder.Product([x, y], nodeBlocks: 1, blockSize: 2, edges: new[,] { { 1, 0 }, { 0, 1 } });
        using Circuit circuit = builder.Build(xy);
        using CompiledCircuit model = circuit.Compile();

        Assert.That(model.LogLikelihood(Rows.Of(new byte[] { 1, 1 }, 2)),
            Is.EqualTo(new[] { Math.Log(0.75 * 0.875), Math.Log(0.5 * 0.625) }).Within(1e-6));
    }

    [Test]
    public void Tied_sums_share_weights_and_structural_zeros_stay()
    {
        CircuitBuilder builder = new(variables: 2);
        int x = builder.Input(0, new Indicator(2), nodeBlocks: 1, blockSize: 2);
        int sx = builder.Sum([x], nodeBlocks: 1, blockSize: 2, parameters: [1, 0, 0.25f, 0.75f]);
        int y = builder.Input(1, new Indicator(2), nodeBlocks: 1, blockSize: 2);
        int sy = builder.TiedSum([y], sx);
        int xy = builder.Product([sx, sy], nodeBlocks: 1, blockSize: 2);
        using Circuit circuit = builder.Build(xy);
        using CompiledCircuit model = circuit.Compile();

        Assert.That(model.LogLikelihood(Rows.Of(new byte[] { 1, 1 }, 2)), Is.EqualTo(new[] { double.NegativeInfinity, 2 * Math.Log(0.75) }).Within(1e-6));
    }

    [Test]
    public void A_broken_rule_is_one_sentence_that_names_the_vector()
    {
        CircuitBuilder builder = new(variables: 2);
        int x = builder.Input(0, new Bernoulli(), nodeBlocks: 1, blockSize: 1, parameters: [0.5f]);
        int y = builder.Input(0, new Bernoulli(), nodeBlocks: 1, blockSize: 1, parameters: [0.5f]);
        builder.Product([x, y], nodeBlocks: 1, blockSize: 1);

        Assert.That(() => builder.Build(), Throws.TypeOf<InvalidDataException>().With.Message.Contains("2"));
    }

    [Test]
    public void Weights_that_do_not_add_up_to_one_are_rejected()
    {
        CircuitBuilder builder = Some.Builder();
        int root = builder.Sum([3], nodeBlocks: 1, blockSize: 1, parameters: [0.25f, 0.5f]);

        Assert.That(() => builder.Build(root), Throws.TypeOf<InvalidDataException>());
    }

    [Test]
    public void Children_and_owners_must_be_there_already()
    {
        CircuitBuilder builder = new(variables: 1);
        int x = builder.Input(0, new Bernoulli(), nodeBlocks: 1, blockSize: 1, parameters: [0.5f]);
        int tied = builder.TiedInput(0, x);

        Assert.That(() => builder.Sum([7], 1, 1), Throws.ArgumentException.With.Message.Contains("names 7 as a child"));
        Assert.That(() => builder.TiedInput(0, 9), Throws.ArgumentException.With.Message.Contains("cannot be tied to 9"));
        Assert.That(() => builder.TiedInput(0, tied), Throws.ArgumentException);
        Assert.That(() => builder.TiedSum([x], x), Throws.ArgumentException);
        Assert.That(builder.Count, Is.EqualTo(2));
    }

    [Test]
    public void Edges_of_the_wrong_shape_are_rejected()
    {
        CircuitBuilder builder = Some.Builder();

        Assert.That(() => builder.Product([0, 1], 1, 1, edges: new int[1, 3]), Throws.ArgumentException.With.Message.Contains("2, not 3"));
        Assert.That(() => builder.Sum([3], 1, 1, edges: new int[3, 1]), Throws.ArgumentException.With.Message.Contains("2 rows, not 3"));
    }

    [Test]
    public void A_builder_can_go_on_after_building()
    {
        CircuitBuilder builder = Some.Builder();
        using Circuit first = builder.Build();
        int root = builder.Sum([4], nodeBlocks: 1, blockSize: 1, parameters: [1]);
        using Circuit second = builder.Build(root);

        Assert.That(second.Vectors, Has.Count.EqualTo(first.Vectors.Count + 1));
    }

    [Test]
    public void A_circuit_over_no_variables_is_rejected() => Assert.That(() => new CircuitBuilder(0), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void An_empty_builder_builds_nothing() => Assert.That(() => new CircuitBuilder(1).Build(), Throws.Exception.Not.InstanceOf<JuiceException>());

    [Test]
    public void Parameters_are_copied_into_a_destination_that_is_long_enough()
    {
        using Circuit circuit = Some.Circuit();
        float[] room = new float[5], tight = new float[1];

        circuit.Vectors[4].CopyParametersTo(room);

        Assert.That(room, Is.EqualTo(new[] { 0.25f, 0.75f, 0, 0, 0 }));
        Assert.That(() => circuit.Vectors[4].CopyParametersTo(tight), Throws.ArgumentException.With.Message.Contains("1 of 2"));
    }

    [Test]
    public void A_disposed_circuit_says_so()
    {
        Circuit circuit = Some.Circuit();
        NodeVector vector = circuit.Vectors[0];
        circuit.Dispose();

        Assert.That(() => vector.Parameters.Length, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => circuit.ToJson(), Throws.InstanceOf<ObjectDisposedException>());
    }
}
