using CsCheck;

namespace Juice.Tests;

/// <summary>Laws that hold for every circuit, tried on random ones.</summary>
public class LawTests(string device) : OnEveryDevice(device)
{
    private static readonly Gen<RandomCircuit> s_circuits = Gen.Int[0, int.MaxValue - 1].Select(RandomCircuit.From);

    [Test]
    public void Values_add_up_to_one_over_the_domain() => Check((made, model) =>
        Assert.That(model.LogLikelihood(made.AllRows()).Sum(Math.Exp), Is.EqualTo(1).Within(1e-5)));

    [Test]
    public void With_everything_missing_the_log_value_is_zero() => Check((made, model) =>
        Assert.That(model.LogLikelihood<double>([.. made.Domains.Select(_ => double.NaN)]), Is.Zero.Within(1e-5)));

    [Test]
    public void Conditionals_add_up_to_one_where_there_are_any() => Check((made, model) =>
    {
        double[,] p = model.Conditional(made.AllRows(), made.Domains.Length - 1);
        for (int i = 0; i < p.GetLength(0); i++)
        {
            double sum = Enumerable.Range(0, p.GetLength(1)).Sum(k => p[i, k]);
            Assert.That(double.IsNaN(sum) ? 1 : sum, Is.EqualTo(1).Within(1e-6));
        }
    });

    [Test]
    public void The_largest_value_is_never_above_the_sum_of_all() => Check((made, model) =>
    {
        double[] max = model.MaxLogValue(made.AllRows()), all = model.LogLikelihood(made.AllRows());
        for (int i = 0; i < max.Length; i++) Assert.That(max[i], Is.LessThanOrEqualTo(all[i] + 1e-5));
    });

    [Test]
    public void Flows_are_kept_from_the_root_to_the_inputs() => Check((made, model) =>
    {
        Rows rows = made.AllRows();
        double possible = model.Forward(rows).Count(double.IsFinite);
        model.Backward();

        foreach (var inputs in made.Circuit.Vectors.Where(vector => vector.Type == NodeType.Input).GroupBy(vector => vector.Variable))
            Assert.That(inputs.Sum(vector => model.GetNodeFlows(vector.Id).Sum(flow => (double)flow)), Is.EqualTo(possible).Within(1e-3));
        foreach (NodeVector sum in made.Circuit.Vectors.Where(vector => vector.Type == NodeType.Sum))
            Assert.That(model.GetFlows(sum.Id).Sum(flow => (double)flow), Is.EqualTo(model.GetNodeFlows(sum.Id).Sum(flow => (double)flow)).Within(1e-3));
    });

    [Test]
    public void Any_split_into_batches_gives_the_same_flows() => Check((made, model) =>
    {
        Rows rows = made.AllRows();
        using CompiledCircuit parts = made.Circuit.Compile(Device);
        model.Forward(rows);
        model.Backward();
        for (long start = 0; start < rows.Count; start += 3)
        {
            parts.Forward(rows.Slice(start, Math.Min(3, rows.Count - start)));
            parts.Backward();
        }

        Assert.That(parts.ExportFlows(), Is.EqualTo(model.ExportFlows()).Within(1e-3));
    });

    [Test]
    public void Full_batch_training_never_lowers_the_likelihood_and_keeps_zeros() => Check((made, model) =>
    {
        Rows rows = made.AllRows();
        Rows possible = Possible(rows, model.LogLikelihood(rows));
        if (possible.Count == 0) return;

        FitResult result = model.Fit(possible, new FullBatchEm { Epochs = 4, Pseudocount = 0 });

        for (int i = 1; i < 4; i++)
            Assert.That(result.Epochs[i].TrainBitsPerDimension, Is.LessThanOrEqualTo(result.Epochs[i - 1].TrainBitsPerDimension + 1e-5));
        foreach (NodeVector sum in made.Circuit.Vectors.Where(vector => vector.Type == NodeType.Sum))
        {
            float[] after = model.GetParameters(sum.Id);
            for (int i = 0; i < after.Length; i++)
                if (sum.Parameters[i] == 0)
                    Assert.That(after[i], Is.Zero);
        }
    });

    [Test]
    public void Files_and_json_lose_nothing() => Check((made, _) =>
    {
        using MemoryStream file = new();
        made.Circuit.Save(file);
        file.Position = 0;
        using Circuit fromFile = Circuit.Load(file), fromJson = Circuit.FromJson(made.Circuit.ToJson());

        foreach (NodeVector vector in made.Circuit.Vectors)
        {
            Assert.That(fromFile.Vectors[vector.Id].Parameters.SequenceEqual(vector.Parameters), Is.True);
            Assert.That(fromJson.Vectors[vector.Id].Parameters.SequenceEqual(vector.Parameters), Is.True);
            Assert.That(fromJson.Vectors[vector.Id].Children.SequenceEqual(vector.Children), Is.True);
        }
    });

    private void Check(Action<RandomCircuit, CompiledCircuit> law) =>
        s_circuits.Sample(
            made =>
            {
                using CompiledCircuit model = made.Circuit.Compile(Device);
                law(made, model);
            },
            iter: 60, threads: 1);

    private static Rows Possible(Rows rows, double[] logs)
    {
        double[] row = new double[rows.Variables];
        List<double> possible = [];
        for (int i = 0; i < logs.Length; i++)
        {
            if (!double.IsFinite(logs[i])) continue;
            rows.CopyTo(i, row);
            possible.AddRange(row);
        }
        return Rows.Of(possible.ToArray(), rows.Variables);
    }
}
