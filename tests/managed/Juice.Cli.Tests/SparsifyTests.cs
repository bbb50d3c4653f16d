using System.Text.Json;

namespace Juice.Cli.Tests;

public class SparsifyTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string Rows => Some.BinaryRows(_folder);

    private string Model()
    {
        string model = _folder.File("model.juice");
        ToolRun.Well("train", "hclt", "--data", Rows, "--latents", "16", "--epochs", "10", "--batch-size", "50", "--out", model);
        return model;
    }

    [Test]
    public void A_model_is_pruned_grown_and_trained()
    {
        string model = Model(), output = _folder.File("sparse.juice");

        ToolRun run = ToolRun.Well("sparsify", model, Rows, "--rounds", "2", "--keep", "0.3", "--epochs", "5", "--batch-size", "50", "--seed", "3", "--out", output);

        Assert.That(run.Error, Does.Match(@"round 1: [\d,]+ edges, pruned to [\d,]+, trained with [\d,]+: train 0\.\d+ bpd"));
        Assert.That(run.Error, Does.Contain("round 2: "));
        Assert.That(run.Out, Does.Match(@"edges +[\d,]+ before, [\d,]+ now"));
        double Bpd(string of) => ToolRun.Well("evaluate", of, "--data", Rows, "--json").Json.GetProperty("bpd").GetDouble();
        Assert.That(Bpd(output), Is.LessThan(Bpd(model) + 0.02));
        JsonElement runs = Metadata(output, "training").GetProperty("runs");
        Assert.That(runs.GetArrayLength(), Is.EqualTo(2), "its own run stands behind that of the model");
        Assert.That(runs[1].GetProperty("settings").GetProperty("keep").GetDouble(), Is.EqualTo(0.3));
        Assert.That(runs[1].GetProperty("rounds").GetArrayLength(), Is.EqualTo(2));
        Assert.That(runs[1].GetProperty("rounds")[1].GetProperty("edges").GetInt64(), Is.EqualTo(Edges(output)));
        Assert.That(runs[1].TryGetProperty("best_round", out _), Is.False, "nobody compared them");
    }

    [TestCase("--by parameter")]
    [TestCase("--by random")]
    [TestCase("--block 4")]
    [TestCase("--threshold 0.01")]
    [TestCase("--full-batch --step-size 1")]
    public void Without_growing_it_becomes_smaller(string options)
    {
        string model = Model(), output = _folder.File("small.juice");

        ToolRun.Well(["sparsify", model, Rows, "--rounds", "1", "--copies", "1", "--epochs", "2", .. options.Split(' '), "--out", output]);

        Assert.That(Edges(output), Is.LessThan(Edges(model)));
    }

    [Test]
    public void The_best_round_by_validation_is_kept()
    {
        string output = _folder.File("best.juice");

        ToolRun run = ToolRun.Well("sparsify", Model(), Rows, "--rounds", "2", "--epochs", "2", "--validation", "0.25", "--out", output);

        Assert.That(run.Out, Does.Match(@"rounds +2, (the best one \(\d\) kept|none better)"));
    }

    [TestCase("--keep 0", "--keep takes a share above 0")]
    [TestCase("--keep 2", "--keep takes a share above 0")]
    [TestCase("--keep 0.5 --threshold 0.1", "do not go together")]
    [TestCase("--threshold -1", "--threshold takes a number")]
    [TestCase("--threshold 0.1 --by random", "at random")]
    [TestCase("--rounds 0", "--rounds takes a whole number")]
    [TestCase("--by luck", "luck")]
    public void Bad_options_are_bad_usage(string options, string what)
    {
        ToolRun run = ToolRun.InProcess(["sparsify", "none.juice", Rows, "--out", _folder.File("o.juice"), .. options.Split(' ')]);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(what));
    }

    private static long Edges(string model) => ToolRun.Well("inspect", model, "--json").Json.GetProperty("edges").GetInt64();

    private static JsonElement Metadata(string model, string key)
    {
        JsonElement value = ToolRun.Well("inspect", model, "--json").Json.GetProperty("metadata").GetProperty(key);
        return value.ValueKind == JsonValueKind.String ? JsonDocument.Parse(value.GetString()!).RootElement : value;
    }
}
