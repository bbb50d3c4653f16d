namespace Juice.Tests;

public class StepTests(string device) : OnEveryDevice(device)
{
    private static readonly Rows s_rows = Rows.Of(Some.AllRows(), 3);

    [Test]
    public void Three_calls_are_one_step_of_expectation_maximisation()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile(Device);
        double[] posterior = [.. Some.AllRows().Chunk(3).Select(row => FirstComponent(row) / Some.Probability(row[0], row[1], row[2]))];

        double[] logs = model.Forward(s_rows);
        model.Backward();
        float[] flows = model.GetFlows(4);
        model.Update(new EmUpdate { StepSize = 0.5f, Pseudocount = 2 });

        double first = posterior.Sum();
        Assert.That(logs, Is.EqualTo(Some.AllRows().Chunk(3).Select(row => Math.Log(Some.Probability(row[0], row[1], row[2])))).Within(1e-6));
        Assert.That(flows, Is.EqualTo(new[] { first, 24 - first }).Within(1e-4));
        Assert.That(model.GetParameters(4)[0], Is.EqualTo(0.5 * 0.25 + 0.5 * (first + 1) / 26).Within(1e-5));
        Assert.That(model.GetParameters(4).Sum(), Is.EqualTo(1).Within(1e-5));
    }

    [Test]
    public void Flows_of_two_batches_add_up_to_those_of_one()
    {
        using CompiledCircuit whole = Compiled(), parts = Compiled();

        Step(whole, s_rows);
        Step(parts, s_rows.Slice(0, 10));
        Step(parts, s_rows.Slice(10, 14));

        for (int id = 0; id < 5; id++)
            if (id != 3)
                Assert.That(parts.GetFlows(id), Is.EqualTo(whole.GetFlows(id)).Within(1e-4));
    }

    [Test]
    public void Rows_are_chosen_by_number()
    {
        using CompiledCircuit chosen = Compiled(), sliced = Compiled();
        double[] logs = new double[3];

        chosen.Forward(s_rows, [5, 6, 7], logs);
        chosen.Backward();
        Step(sliced, s_rows.Slice(5, 3));

        Assert.That(logs, Is.EqualTo(sliced.LogLikelihood(s_rows.Slice(5, 3))));
        Assert.That(chosen.GetFlows(0), Is.EqualTo(sliced.GetFlows(0)));
        Assert.That(() => chosen.Forward(s_rows, [24], logs), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => chosen.Forward(s_rows, [0, 1, 2, 3], logs), Throws.ArgumentException.With.Message.Contains("3 of 4"));
    }

    [Test]
    public void Input_flows_are_counts_of_what_was_seen()
    {
        using CompiledCircuit model = Compiled();

        Step(model, Rows.Of(new byte[] { 0, 0, 3, 0, 1, 3 }, 3));

        float[] flows = model.GetFlows(2);
        Assert.That(flows[3] + flows[7], Is.EqualTo(2).Within(1e-5));
        Assert.That(flows.Sum(), Is.EqualTo(2).Within(1e-5));
        Assert.That(model.GetNodeFlows(2).Sum(), Is.EqualTo(2).Within(1e-5));
    }

    [Test]
    public void Row_weights_and_root_flows_multiply()
    {
        using CompiledCircuit weighted = Compiled(), given = Compiled(), twice = Compiled();
        var rows = s_rows.Take(2);

        Step(weighted, rows.WithWeights(new float[] { 2, 0.5f }));
        given.Forward(rows);
        given.Backward([2, 0.5f]);
        twice.Forward(rows.WithWeights(new float[] { 2, 1 }));
        twice.Backward([1, 0.5f]);

        Assert.That(weighted.GetNodeFlows(4)[0], Is.EqualTo(2.5).Within(1e-5));
        Assert.That(given.GetFlows(0), Is.EqualTo(weighted.GetFlows(0)).Within(1e-5));
        Assert.That(twice.GetFlows(0), Is.EqualTo(weighted.GetFlows(0)).Within(1e-5));
    }

    [Test]
    public void Several_roots_need_root_flows()
    {
        using Circuit circuit = Some.TwoRoots();
        using CompiledCircuit model = circuit.Compile(Device);
        model.Forward(s_rows.Take(1));

        Assert.That(() => model.Backward(), Throws.ArgumentException);
        Assert.That(() => model.Backward([1]), Throws.ArgumentException.With.Message.Contains("needs 2"));
        model.Backward([1, 3]);

        Assert.That(model.GetNodeFlows(0), Is.EqualTo(new[] { 1f, 3 }).Within(1e-5));
    }

    [Test]
    public void Backward_before_forward_is_an_error()
    {
        using CompiledCircuit model = Compiled();

        Assert.That(() => model.Backward(), Throws.ArgumentException);
    }

    [TestCase(0f, 0f)]
    [TestCase(1.5f, 0f)]
    [TestCase(float.NaN, 0f)]
    [TestCase(1f, -1f)]
    [TestCase(1f, float.NaN)]
    public void A_rule_out_of_range_is_rejected(float stepSize, float pseudocount)
    {
        using CompiledCircuit model = Compiled();

        Assert.That(() => model.Update(new EmUpdate { StepSize = stepSize, Pseudocount = pseudocount }), Throws.ArgumentException);
    }

    [Test]
    public void The_flow_buffer_is_exported_imported_added_and_cleared()
    {
        using CompiledCircuit one = Compiled(), other = Compiled();
        Step(one, s_rows);
        float[] buffer = one.ExportFlows();

        Assert.That(buffer, Has.Length.EqualTo(one.FlowCount));
        other.ImportFlows(buffer);
        Assert.That(other.GetFlows(4), Is.EqualTo(one.GetFlows(4)));
        other.AddFlows(buffer);
        Assert.That(other.GetFlows(4), Is.EqualTo(one.GetFlows(4).Select(flow => 2 * flow)).Within(1e-4));
        other.ClearFlows();
        Assert.That(other.GetFlows(4), Is.EqualTo(new float[2]));
        Assert.That(() => other.ImportFlows([1]), Throws.ArgumentException);
        Assert.That(() => other.ExportFlows(new float[1]), Throws.ArgumentException);
    }

    [Test]
    public void Summing_flows_over_models_is_training_on_all_rows()
    {
        using CompiledCircuit whole = Compiled(), left = Compiled(), right = Compiled();
        EmUpdate rule = new() { Pseudocount = 0.1f };

        Step(whole, s_rows);
        Step(left, s_rows.Take(11));
        Step(right, s_rows.Slice(11, 13));
        left.AddFlows(right.ExportFlows());
        whole.Update(rule);
        left.Update(rule);

        Assert.That(left.LogLikelihood(s_rows), Is.EqualTo(whole.LogLikelihood(s_rows)).Within(1e-5));
    }

    [Test]
    public void Flows_can_be_set_to_what_an_update_is_to_use()
    {
        using CompiledCircuit model = Compiled();
        Step(model, s_rows);

        model.SetFlows(4, [9, 1]);
        Assert.That(model.GetFlows(4), Is.EqualTo(new[] { 9f, 1 }));
        model.Update(new EmUpdate());

        Assert.That(model.GetParameters(4), Is.EqualTo(new[] { 0.9f, 0.1f }).Within(1e-5));
        Assert.That(() => model.SetFlows(4, [1]), Throws.ArgumentException);
    }

    [Test]
    public void Products_have_node_flows_and_no_parameter_flows()
    {
        using CompiledCircuit model = Compiled();
        Step(model, s_rows);

        Assert.That(model.GetNodeFlows(3).Sum(), Is.EqualTo(24).Within(1e-4));
        Assert.That(() => model.GetNodeFlows(5), Throws.InstanceOf<ArgumentException>());
    }

    private CompiledCircuit Compiled()
    {
        using Circuit circuit = Some.Circuit();
        return circuit.Compile(Device);
    }

    private static void Step(CompiledCircuit model, Rows rows)
    {
        model.Forward(rows);
        model.Backward();
    }

    private static double FirstComponent(byte[] row) =>
        0.25 * (row[0] == 0 ? 0.25 : 0.75) * (row[1] == 0 ? 0.5 : 0.25) * 0.25;
}
