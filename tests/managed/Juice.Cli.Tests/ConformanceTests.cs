using System.Globalization;
using System.Text.Json;

namespace Juice.Cli.Tests;

[TestFixtureSource(typeof(Conformance), nameof(Conformance.All))]
public class ConformanceTests(Conformance answers)
{
    [Test]
    public void Log_likelihoods_of_complete_rows() =>
        AssertPrints("loglik", answers.Model, answers.Rows);

    [Test]
    public void Log_likelihoods_of_rows_with_missing_entries() =>
        AssertPrints("loglik_missing", answers.Model, answers.MissingRows);

    [Test]
    public void One_step_of_expectation_maximisation()
    {
        if (!answers.Answers.TryGetProperty("em", out JsonElement em)) Assert.Pass($"{answers} asks for none");
        using TemporaryFolder folder = new();
        string trained = folder.File("trained.juice"), readable = folder.File("trained.json");
        string rows = em.GetProperty("rows").GetString() == "complete" ? answers.Rows : answers.MissingRows;

        ToolRun.Well(
            "train", answers.Model, "--data", rows, "--full-batch", "--epochs", "1", "--step-size", em.GetProperty("step").GetRawText(),
            "--pseudocount", em.GetProperty("pseudocount").GetRawText(), "--out", trained);
        ToolRun.Well("convert", trained, readable);

        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(readable));
        foreach (JsonProperty vector in em.GetProperty("parameters").EnumerateObject())
            Conformance.AssertClose(Parameters(json, vector.Name), Conformance.Numbers(vector.Value));
        Conformance.AssertClose(
            Conformance.Printed(ToolRun.Well("loglik", trained, answers.Rows)), Conformance.Numbers(em.GetProperty("loglik_after")));
    }

    [Test]
    public void Json_and_back_keeps_every_bit()
    {
        using TemporaryFolder folder = new();
        string readable = folder.File("a.json"), model = folder.File("b.juice"), again = folder.File("c.json");

        ToolRun.Well("convert", answers.Model, readable);
        ToolRun.Well("convert", readable, model);
        ToolRun.Well("convert", model, again);

        Assert.That(File.ReadAllText(again), Is.EqualTo(File.ReadAllText(readable)));
        Assert.That(ToolRun.Well("loglik", model, answers.Rows).Out, Is.EqualTo(ToolRun.Well("loglik", answers.Model, answers.Rows).Out));
    }

    private void AssertPrints(string key, string model, string rows) =>
        Conformance.AssertClose(Conformance.Printed(ToolRun.Well("loglik", model, rows)), Conformance.Numbers(answers.Answers.GetProperty(key)));

    // Vectors are named n0, n1, … after their place in the file.
    private static double[] Parameters(JsonDocument model, string name)
    {
        int id = int.Parse(name.AsSpan(1), CultureInfo.InvariantCulture);
        return Conformance.Numbers(model.RootElement.GetProperty("circuit").GetProperty("nodes")[id].GetProperty("parameters"));
    }
}
