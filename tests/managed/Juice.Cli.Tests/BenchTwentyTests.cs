using System.Text.Json;

namespace Juice.Cli.Tests;

public class BenchTwentyTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TemporaryFolder();
        foreach (string set in new[] { "nltcs", "dna" })
        {
            foreach ((string part, int seed) in new[] { ("ts", 1), ("valid", 2), ("test", 3) })
                Some.BinaryRows(_folder, $"{set}.{part}.data", rows: 300, variables: 6, seed);
        }
        Some.BinaryRows(_folder, "kdd.ts.data");        // has no other part
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private ToolRun Bench(params string[] more) => ToolRun.InProcess(
        ["bench", "twenty", "--data", _folder.Path, "--latents", "3", "--epochs", "4", "--batch-size", "32", "--threads", "1", "--seeds", "1,2", .. more]);

    [Test]
    public void Every_set_that_is_there_is_trained_on_and_scored_beside_the_published_number()
    {
        string chart = _folder.File("twenty.png");

        JsonElement json = Bench("--json", "--chart", chart).Json;

        JsonElement[] sets = [.. json.GetProperty("sets").EnumerateArray()];
        Assert.That(sets.Select(set => set.GetProperty("set").GetString()), Is.EqualTo(new[] { "nltcs", "dna" }));
        foreach (JsonElement set in sets)
        {
            // Independent coins are 4.16 nats; a variable repeats the one before it four times out of five, 3.2 nats.
            Assert.That(set.GetProperty("test").GetDouble(), Is.InRange(-3.9, -3.0));
            Assert.That(set.GetProperty("seeds").GetInt32(), Is.EqualTo(2));
            Assert.That(set.GetProperty("deviation").GetDouble(), Is.GreaterThan(0));
            double published = set.GetProperty("published").GetDouble();
            Assert.That(set.GetProperty("gain").GetDouble(), Is.EqualTo((set.GetProperty("test").GetDouble() - published) / -published).Within(1e-9));
        }
        Assert.That(File.ReadAllBytes(chart)[..4], Is.EqualTo(new byte[] { 0x89, (byte)'P', (byte)'N', (byte)'G' }));
    }

    [Test]
    public void What_a_log_has_is_not_done_again_and_what_it_lacks_is()
    {
        string log = _folder.File("runs.jsonl");
        string whole = Bench("--log", log).Out;
        string[] lines = File.ReadAllLines(log);
        Assert.That(lines, Has.Length.EqualTo(4));

        File.WriteAllText(log, string.Join('\n', lines[..3]) + "\n{\"Set\":\"dna\",\"Se");
        ToolRun again = Bench("--log", log);

        Assert.That(again.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(1).And.All.Match("^dna, seed 2: validation -3"));
        Assert.That(WithoutTimes(again.Out), Is.EqualTo(WithoutTimes(whole)));
        Assert.That(Bench("--log", log, "--pseudocount", "1").Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), Has.Length.EqualTo(4), "another setting");
    }

    [Test]
    public void Mixtures_take_other_trees_and_are_as_many()
    {
        JsonElement json = Bench("--sets", "nltcs", "--components", "3", "--json").Json;

        Assert.That(json.GetProperty("components").GetInt32(), Is.EqualTo(3));
        Assert.That(json.GetProperty("sets")[0].GetProperty("test").GetDouble(), Is.InRange(-3.9, -3.0));
    }

    [TestCase("--sets nltcs,kdd", 2, "--sets: there is no set 'kdd' in ")]
    [TestCase("--step-size 7", 2, "--step-size: '7' is not a step size")]
    [TestCase("--data nowhere", 1, "There is no folder 'nowhere'.")]
    [TestCase("--chart a.gif", 2, "'a.gif' should end in .png.")]
    public void What_cannot_be_done_is_said(string options, int code, string sentence)
    {
        string[] words = options.Split(' ');
        ToolRun run = words[0] == "--data" ? ToolRun.InProcess(["bench", "twenty", .. words]) : Bench(words);

        Assert.That(run.ExitCode, Is.EqualTo(code));
        Assert.That(run.Error, Does.StartWith($"juice: {sentence}"));
    }

    [Test]
    public void A_wrong_option_of_the_benchmark_itself_is_named_although_it_has_benchmarks_below_it()
    {
        Assert.That(ToolRun.InProcess("bench", "--latents", "none").Error, Does.StartWith("juice: --latents takes whole numbers"));
        Assert.That(ToolRun.InProcess("bench", "fifty").Error, Does.StartWith("juice: there is no command 'fifty', but table1, twenty"));
    }

    private static string WithoutTimes(string table) =>
        string.Join('\n', table.Split('\n').Select(line => System.Text.RegularExpressions.Regex.Replace(line, @" +\d+$", "")));
}
