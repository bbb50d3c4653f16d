using System.Text.Json;

namespace Juice.Cli.Tests;

public class EvaluateTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Json_holds_the_mean_of_what_loglik_prints()
    {
        string model = Some.Model(_folder), rows = Some.BinaryRows(_folder, seed: 2);
        double mean = Conformance.Printed(ToolRun.Well("loglik", model, rows)).Average();

        JsonElement json = ToolRun.Well("evaluate", model, "--data", rows, "--json").Json;

        Assert.That(json.GetProperty("log_likelihood").GetDouble(), Is.EqualTo(mean).Within(1e-9));
        Assert.That(json.GetProperty("bpd").GetDouble(), Is.EqualTo(-mean / (6 * Math.Log(2))).Within(1e-9));
        Assert.That(json.GetProperty("rows").GetInt64(), Is.EqualTo(400));
        Assert.That(json.GetProperty("impossible_rows").GetInt64(), Is.Zero);
        Assert.That(json.GetProperty("seconds").GetDouble(), Is.GreaterThan(0));
    }

    [Test]
    public void Text_says_the_same()
    {
        string[] lines = ToolRun.Well("evaluate", Some.Model(_folder), "--data", Some.BinaryRows(_folder), "--rows", "50").Lines;

        Assert.That(lines, Has.Some.Match(@"^log-likelihood +-\d+\.\d{6} nats a row$"));
        Assert.That(lines, Has.Some.Match(@"^bpd +0\.\d{4}$"));
        Assert.That(lines, Has.Some.Match(@"^rows +50$"));
        Assert.That(lines, Has.Some.Match(@"^impossible +0$"));
    }

    [TestCase("0.1", @"0\.\d{4} above the published 0\.1")]
    [TestCase("7", @"\d\.\d{4} below the published 7")]
    public void It_says_how_far_it_is_from_what_others_published(string published, string sentence)
    {
        (string model, string rows) = (Some.Model(_folder), Some.BinaryRows(_folder));

        Assert.That(ToolRun.Well("evaluate", model, "--data", rows, "--published", published).Lines, Has.Some.Match($"^published +{sentence}$"));
        Assert.That(ToolRun.Well("evaluate", model, "--data", rows, "--published", published, "--json").Json.GetProperty("published_bpd").GetDouble(),
            Is.EqualTo(double.Parse(published, System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Test]
    public void What_others_published_is_a_number()
    {
        ToolRun run = ToolRun.InProcess(["evaluate", Some.Model(_folder), "--data", Some.BinaryRows(_folder), "--published", "much"]);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("--published takes a finite number, not 'much'"));
    }

    [Test]
    public void Impossible_rows_are_counted_and_not_hidden()
    {
        Conformance answers = Conformance.Case(12);
        double[] expected = Conformance.Numbers(answers.Answers.GetProperty("loglik"));

        JsonElement json = ToolRun.Well("evaluate", answers.Model, "--data", answers.Rows, "--json").Json;

        Assert.That(json.GetProperty("impossible_rows").GetInt64(), Is.EqualTo(expected.Count(double.IsNegativeInfinity)).And.Positive);
        Assert.That(json.GetProperty("log_likelihood").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(json.GetProperty("log_likelihood_of_possible_rows").GetDouble(),
            Is.EqualTo(expected.Where(double.IsFinite).Average()).Within(1e-4));
        Assert.That(ToolRun.Well("evaluate", answers.Model, "--data", answers.Rows).Out,
            Does.Contain("-inf").And.Contain("impossible ones left out"));
    }

    [Test]
    public void Each_root_has_its_score()
    {
        Conformance answers = Conformance.Case(15);

        JsonElement json = ToolRun.Well("evaluate", answers.Model, "--data", answers.Rows, "--json").Json;

        double[] all = Conformance.Numbers(answers.Answers.GetProperty("loglik"));
        Assert.That(json.GetProperty("roots").EnumerateArray().Select(root => root.GetProperty("log_likelihood").GetDouble()),
            Is.EqualTo(Enumerable.Range(0, 3).Select(root => all.Where((_, i) => i % 3 == root).Average())).Within(1e-4));
    }

    [Test]
    public void A_data_set_is_judged_by_its_test_part()
    {
        Write("train-images-idx3-ubyte", 3);
        Write("t10k-images-idx3-ubyte", 2);
        string model = Some.Model(_folder);

        Assert.That(Rows("evaluate", model, "--data", _folder.Path, "--json"), Is.EqualTo(2));
        Assert.That(Rows("evaluate", model, "--data", _folder.Path, "--split", "train", "--json"), Is.EqualTo(3));
        Assert.That(ToolRun.InProcess("evaluate", model, "--data", Some.BinaryRows(_folder), "--split", "train").ExitCode, Is.EqualTo(2));

        void Write(string name, byte rows) =>
            File.WriteAllBytes(_folder.File(name), [0, 0, 8, 3, 0, 0, 0, rows, 0, 0, 0, 2, 0, 0, 0, 3, .. new byte[6 * rows]]);
        static long Rows(params string[] arguments) => ToolRun.Well(arguments).Json.GetProperty("rows").GetInt64();
    }
}
