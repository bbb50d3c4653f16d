namespace Juice.Tests;

public class MaxLogValueTests(string device) : OnEveryDevice(device)
{
    [Test]
    public void The_largest_value_is_over_completions_and_choices()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile(Device);

        double[] values = model.MaxLogValue(Rows.Of(new[] { 0, 1, 2, -1, -1, -1 }, 3).WithSentinel(-1));

        double complete = Math.Max(0.25 * 0.25 * 0.25 * 0.25, 0.75 * 0.5 * 0.375 * 0.125), free = Math.Max(0.25 * 0.75 * 0.5 * 0.25, 0.75 * 0.5 * 0.5 * 0.5);
        Assert.That(values, Is.EqualTo(new[] { Math.Log(complete), Math.Log(free) }).Within(1e-6));
    }

    [Test]
    public void It_is_never_above_the_log_likelihood_of_a_complete_row()
    {
        using CompiledCircuit model = SomeModel();
        var rows = Some.Rows();

        Assert.That(model.MaxLogValue(rows).Zip(model.LogLikelihood(rows)), Is.All.Matches<(double Max, double Log)>(pair => pair.Max <= pair.Log + 1e-5));
    }
}
