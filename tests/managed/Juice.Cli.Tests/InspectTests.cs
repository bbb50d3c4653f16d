using System.Text.Json;

namespace Juice.Cli.Tests;

public class InspectTests
{
    [Test]
    public void Json_says_what_the_circuit_and_its_plan_are()
    {
        Conformance answers = Conformance.Case(18);
        using Circuit circuit = Circuit.Load(answers.Model);

        JsonElement json = ToolRun.Well("inspect", answers.Model, "--json", "--vectors", "--plan", "--batch-size", "100", "--threads", "1").Json;

        Assert.That(json.GetProperty("variables").GetInt32(), Is.EqualTo(5));
        Assert.That(json.GetProperty("vectors").GetInt32(), Is.EqualTo(circuit.Vectors.Count));
        Assert.That(json.GetProperty("nodes").GetInt64(), Is.EqualTo(circuit.Nodes));
        Assert.That(json.GetProperty("edges").GetInt64(), Is.EqualTo(circuit.Edges));
        Assert.That(json.GetProperty("parameters").GetInt64(), Is.EqualTo(circuit.Parameters));
        Assert.That(json.GetProperty("depth").GetInt32(), Is.EqualTo(circuit.Depth));
        Assert.That(json.GetProperty("distributions").EnumerateArray().Select(entry => entry.GetProperty("distribution").GetString()),
            Is.EquivalentTo(new[] { "gaussian", "binomial(6)", "discrete_logistic(-1 … 1, 16)", "categorical(5)", "bernoulli" }));
        Assert.That(json.GetProperty("node_vectors").GetArrayLength(), Is.EqualTo(circuit.Vectors.Count));
        JsonElement plan = json.GetProperty("plan");
        Assert.That(plan.GetProperty("batch_size").GetInt64(), Is.EqualTo(100));
        Assert.That(plan.GetProperty("threads").GetInt32(), Is.EqualTo(1));
        foreach (string name in new[] { "parameter_bytes", "activation_bytes", "operations", "stages" })
            Assert.That(plan.GetProperty(name).GetInt64(), Is.Positive, name);
        Assert.That(plan.GetProperty("details").ValueKind, Is.EqualTo(JsonValueKind.Object));
    }

    [Test]
    public void Text_says_it_to_people()
    {
        string text = ToolRun.Well("inspect", Conformance.Case(17).Model, "--vectors", "--plan").Out;

        string[] words = ["variables", "indicator(4)", "edges", "parameters", "depth", "plan for a batch of 256 on cpu", "memory", "tied to 2",
            "children 2 1"];
        foreach (string word in words) Assert.That(text, Does.Contain(word));
    }

    [Test]
    public void A_memory_limit_splits_the_batch()
    {
        using TemporaryFolder folder = new();
        string model = Some.Model(folder);

        Assert.That(MicroBatch("--batch-size", "100000"), Is.EqualTo(100_000));
        Assert.That(MicroBatch("--batch-size", "100000", "--memory-limit", "4M"), Is.LessThan(100_000));

        long MicroBatch(params string[] more) =>
            ToolRun.Well(["inspect", model, "--json", .. more]).Json.GetProperty("plan").GetProperty("micro_batch")
                .GetInt64();
    }

    [Test]
    public void Metadata_is_shown()
    {
        using TemporaryFolder folder = new();
        string model = Some.Model(folder);

        JsonElement metadata = ToolRun.Well("inspect", model, "--json").Json.GetProperty("metadata");

        Assert.That(metadata.GetProperty("data").GetString(), Is.EqualTo("rows.csv"));
        Assert.That(metadata.GetProperty("schema").GetProperty("variables").GetInt32(), Is.EqualTo(6));
        Assert.That(metadata.GetProperty("training").GetProperty("runs")[0].GetProperty("epochs").GetArrayLength(), Is.EqualTo(2));
        Assert.That(ToolRun.Well("inspect", model).Out, Does.Match(@"data +rows\.csv"));
    }
}
