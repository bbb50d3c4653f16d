using System.Globalization;
using System.Text.Json;

namespace Juice.Tests;

[TestFixtureSource(nameof(OnProcessor))]
[TestFixtureSource(nameof(OnCard), Category = Gpu)]
public class ConformanceTests(ConformanceCase answers, string device) : OnEveryDevice(device)
{
    private static IEnumerable<TestFixtureData> OnProcessor => Cases(Processor);

    private static IEnumerable<TestFixtureData> OnCard => Cases(Card);

    private Circuit _circuit;
    private CompiledCircuit _model;

    [OneTimeSetUp]
    public void Load() => _circuit = answers.LoadCircuit();

    [OneTimeTearDown]
    public void Free() => _circuit.Dispose();

    [SetUp]
    public void Compile() => _model = _circuit.Compile(Device);

    [TearDown]
    public void FreeModel() => _model.Dispose();

    [Test]
    public void Log_likelihoods_of_complete_rows() =>
        AssertClose(_model.LogLikelihood(answers.Rows), Answer("loglik"), 1e-5);

    [Test]
    public void Log_likelihoods_of_rows_with_missing_entries() =>
        AssertClose(_model.LogLikelihood(answers.MissingRows), Answer("loglik_missing"), 1e-5);

    [Test]
    public void Flows_of_nodes_and_sums_of_complete_rows()
    {
        Require("node_flows");
        _model.Forward(answers.Rows);
        _model.Backward();

        foreach (JsonProperty vector in answers["node_flows"].EnumerateObject())
            Assert.That(Doubles(_model.GetNodeFlows(Id(vector))), Is.EqualTo(ConformanceCase.Numbers(vector.Value)).Within(1e-4), $"vector {vector.Name}");

        // The answers are a vector's own; a model keeps those of tied vectors together.
        var owners = answers["sum_flows"].EnumerateObject()
            .GroupBy(vector => _circuit.Vectors[Id(vector)].TiedTo ?? Id(vector), vector => vector.Value.GetDouble());
        foreach (var owner in owners)
            Assert.That(_model.GetFlows(owner.Key).Sum(flow => (double)flow), Is.EqualTo(owner.Sum()).Within(1e-2).Percent, $"vector {owner.Key}");
    }

    [Test]
    public void Flows_of_nodes_of_rows_with_missing_entries()
    {
        Require("node_flows_missing");
        _model.Forward(answers.MissingRows);
        _model.Backward();

        foreach (JsonProperty vector in answers["node_flows_missing"].EnumerateObject())
            Assert.That(Doubles(_model.GetNodeFlows(Id(vector))), Is.EqualTo(ConformanceCase.Numbers(vector.Value)).Within(1e-4), $"vector {vector.Name}");
    }

    [Test]
    public void Conditional_distributions()
    {
        Require("conditional");
        double[,] p = _model.Conditional(answers.MissingRows, answers["conditional"].GetProperty("variable").GetInt32());

        Assert.That(p.Cast<double>(), Is.EqualTo(ConformanceCase.Numbers(answers["conditional"].GetProperty("p"))).Within(1e-5));
    }

    [Test]
    public void Most_probable_completions()
    {
        Require("mpe_log_value");

        AssertClose(_model.MaxLogValue(answers.MissingRows), Answer("mpe_log_value"), 1e-5);
    }

    [Test]
    public void One_step_of_expectation_maximisation()
    {
        Require("em");
        JsonElement em = answers["em"];
        Rows rows = em.GetProperty("rows").GetString() == "complete" ? answers.Rows : answers.MissingRows;

        double step = em.GetProperty("step").GetDouble(), pseudocount = em.GetProperty("pseudocount").GetDouble();
        _model.Fit(rows, new FullBatchEm { Epochs = 1, StepSize = step, Pseudocount = pseudocount, BatchSize = 7 });

        foreach (JsonProperty vector in em.GetProperty("parameters").EnumerateObject())
        {
            int id = int.Parse(vector.Name.AsSpan(1), CultureInfo.InvariantCulture); // "n7"
            AssertClose(Doubles(_model.GetParameters(id)), ConformanceCase.Numbers(vector.Value), 1e-5);
        }
        AssertClose(_model.LogLikelihood(answers.Rows), ConformanceCase.Numbers(em.GetProperty("loglik_after")), 1e-5);
    }

    [Test]
    public void Files_and_json_give_back_the_circuit()
    {
        using MemoryStream file = new();
        _circuit.Save(file);
        file.Position = 0;
        using Circuit fromFile = Circuit.Load(file), fromJson = Circuit.FromJson(_circuit.ToJson());

        Assert.That(fromFile.ToJson(), Is.EqualTo(_circuit.ToJson()));
        Assert.That(fromJson.ToJson(), Is.EqualTo(_circuit.ToJson()));
        for (int id = 0; id < _circuit.Vectors.Count; id++)
        {
            Assert.That(fromFile.Vectors[id].Parameters.SequenceEqual(_circuit.Vectors[id].Parameters), Is.True);
            Assert.That(fromJson.Vectors[id].Parameters.SequenceEqual(_circuit.Vectors[id].Parameters), Is.True);
            Assert.That(fromJson.Vectors[id].Edges.SequenceEqual(_circuit.Vectors[id].Edges), Is.True);
        }
    }

    private static IEnumerable<TestFixtureData> Cases(string[] devices) =>
        devices.SelectMany(_ => ConformanceCase.All, (device, answers) => new TestFixtureData(answers, device));

    private double[] Answer(string key) => ConformanceCase.Numbers(answers[key]);

    private void Require(string key)
    {
        if (!answers.Has(key)) Assert.Pass($"{answers} asks for no {key}");
    }

    private static int Id(JsonProperty vector) => int.Parse(vector.Name, CultureInfo.InvariantCulture);

    private static double[] Doubles(float[] values) => Array.ConvertAll(values, value => (double)value);

    private static void AssertClose(double[] actual, double[] expected, double tolerance)
    {
        Assert.That(actual, Has.Length.EqualTo(expected.Length));
        for (int i = 0; i < actual.Length; i++)
        {
            double size = double.IsFinite(expected[i]) ? Math.Max(1, Math.Abs(expected[i])) : 1;
            Assert.That(actual[i], Is.EqualTo(expected[i]).Within(tolerance * size), $"number {i}");
        }
    }
}
