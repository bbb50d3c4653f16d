namespace Juice.Tests;

public class ConditionalTests(string device) : OnEveryDevice(device)
{
    [Test]
    public void A_conditional_is_the_ratio_of_two_probabilities()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile(Device);

        double[,] p = model.Conditional(Rows.Of(new[] { 1, 0, -1, 0, 2, 3 }, 3).WithSentinel(-1), variable: 1);

        for (int k = 0; k < 3; k++)
        {
            Assert.That(p[0, k], Is.EqualTo(Some.Probability(1, k, -1) / Some.Probability(1, -1, -1)).Within(1e-6));
            Assert.That(p[1, k], Is.EqualTo(Some.Probability(0, k, 3) / Some.Probability(0, -1, 3)).Within(1e-6));
        }
    }

    [Test]
    public void What_the_row_holds_for_the_variable_does_not_matter()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile(Device);

        double[,] p = model.Conditional(Rows.Of(new[] { 0, 0, 1, 0, 2, 1, 0, 200, 1 }, 3), variable: 1);

        for (int k = 0; k < 3; k++) Assert.That((p[1, k], p[2, k]), Is.EqualTo((p[0, k], p[0, k])));
    }

    [Test]
    public void More_rows_than_one_part_holds_are_answered_alike()
    {
        using CompiledCircuit model = SomeModel(variables: 60);
        var rows = Some.Rows(count: 6000, variables: 60);

        double[,] all = model.Conditional(rows, variable: 30), last = model.Conditional(rows.Slice(5999, 1), variable: 30);

        for (int k = 0; k < 4; k++) Assert.That(all[5999, k], Is.EqualTo(last[0, k]));
    }

    [Test]
    public void A_row_whose_rest_is_impossible_has_no_conditional()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile(Device);
        model.SetParameters(0, [1, 0, 1, 0]);

        Assert.That(model.Conditional(Rows.Of(new byte[] { 1, 0, 0 }, 3), variable: 1)[0, 0], Is.NaN);
    }

    [Test]
    public void Continuous_and_absent_variables_have_none()
    {
        CircuitBuilder builder = new(variables: 1);
        builder.Input(0, new Gaussian(), nodeBlocks: 1, blockSize: 1, parameters: [0, 1]);
        using Circuit circuit = builder.Build();
        using CompiledCircuit model = circuit.Compile(Device);
        var rows = Rows.Of(new double[] { 0 }, 1);

        Assert.That(() => model.Conditional(rows, 0), Throws.ArgumentException.With.Message.Contains("continuous"));
        Assert.That(() => model.Conditional(rows, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void A_value_outside_of_its_domain_is_named_by_its_own_row()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile(Device);

        Assert.That(() => model.Conditional(Rows.Of(new byte[] { 0, 0, 0, 0, 0, 4 }, 3), variable: 0),
            Throws.ArgumentException.With.Message.StartsWith("Row 1, column 2: 4 is not in 0 … 3"));
    }
}
