namespace Juice.Tests;

public class CopyTests
{
    private static readonly Rows s_rows = Some.Rows(count: 50);

    [Test]
    public void A_copy_over_other_variables_is_the_same_distribution_of_them([ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind)
    {
        int[] variables = [5, 3, 11, 0, 1, 2, 4, 10, 9, 8, 7, 6];
        using Circuit circuit = Transformed.Circuit(kind), copy = Transformations.Copy(circuit, variables);

        Assert.That(Transformed.Logs(copy, Moved(variables)), Is.EqualTo(Transformed.Logs(circuit, s_rows)).Within(1e-6));
    }

    [Test]
    public void Copies_within_a_circuit_have_parameters_of_their_own_or_share_them(
        [ValueSource(typeof(Transformed), nameof(Transformed.Kinds))] string kind, [Values] bool tied)
    {
        // Two independent rows beside each other: the circuit, and its copy over the other twelve variables.
        using Circuit circuit = Transformed.Circuit(kind);
        NodeVector root = circuit.Vectors[circuit.Root];
        CircuitBuilder builder = new(24);
        int first = builder.Add(circuit), second = builder.Copy(first, Enumerable.Range(0, 12).ToDictionary(v => v, v => v + 12), tied);
        using Circuit both = builder.Build(builder.Product([first, second], root.NodeBlocks, root.BlockSize));
        double[] one = Transformed.Logs(circuit, s_rows), entries = new double[50 * 12];
        s_rows.CopyTo(0, entries);

        Rows twice = Rows.Of([.. entries.Chunk(12).SelectMany(row => row.Concat(row))], 24);

        Assert.That(Transformed.Logs(both, twice), Is.EqualTo(one.Select(log => 2 * log)).Within(2e-6));
        Assert.That(both.Parameters, Is.EqualTo(tied ? circuit.Parameters : 2 * circuit.Parameters));
    }

    [Test]
    public void Bad_numbers_are_named()
    {
        using Circuit circuit = Some.Circuit();
        CircuitBuilder builder = new(3);
        Assert.That(() => Transformations.Copy(circuit, [0, 1, 1]), Throws.ArgumentException.With.Message.Contains("each once"));
        Assert.That(() => builder.Add(circuit, [0]), Throws.ArgumentException.With.Message.Contains("1 numbers"));
        Assert.That(() => builder.Copy(0), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("vector"));
    }

    private static Rows Moved(int[] variables)
    {
        double[] entries = new double[50 * 12];
        s_rows.CopyTo(0, entries);
        return Rows.Of([.. entries.Chunk(12).SelectMany(row => Enumerable.Range(0, 12).Select(v => row[Array.IndexOf(variables, v)]))], 12);
    }
}
