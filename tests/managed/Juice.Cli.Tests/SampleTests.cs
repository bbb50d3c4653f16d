using Juice.Data;

namespace Juice.Cli.Tests;

public class SampleTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Samples_are_lines_of_numbers_within_the_domains()
    {
        ToolRun run = ToolRun.Well("sample", Some.Model(_folder), "-n", "64");

        Assert.That(run.Lines, Has.Length.EqualTo(64));
        Assert.That(run.Lines.Select(line => line.Split(',').Length), Has.All.EqualTo(6));
        Assert.That(run.Lines.SelectMany(line => line.Split(',')), Has.All.EqualTo("0").Or.EqualTo("1"));
        Assert.That(run.Error, Is.Empty);
    }

    [Test]
    public void A_seed_gives_the_same_lines_on_any_number_of_threads()
    {
        string model = Some.Model(_folder);
        string expected = ToolRun.Well("sample", model, "-n", "5000", "--seed", "3", "--threads", "1").Out;

        Assert.That(ToolRun.Well("sample", model, "-n", "5000", "--seed", "3", "--threads", "2").Out, Is.EqualTo(expected));
        Assert.That(ToolRun.Well("sample", model, "-n", "5000", "--seed", "4").Out, Is.Not.EqualTo(expected));
    }

    [Test]
    public void Samples_look_like_the_rows_that_were_learnt()
    {
        string model = Some.Model(_folder, "--seed", "1");
        string[] lines = ToolRun.Well("sample", model, "-n", "4000").Lines;

        double mean = ToolRun.Well("loglik", model, _folder.Write("samples.csv", string.Join('\n', lines) + '\n')).Lines.Average(Some.Number);
        double learnt = ToolRun.Well("loglik", model, _folder.File("rows.csv")).Lines.Average(Some.Number);

        Assert.That(mean, Is.EqualTo(learnt).Within(0.2));
    }

    [Test]
    public void Rows_are_completed_where_they_are_missing()
    {
        string given = _folder.Write("given.csv", "1,,,0,,\n,0,,,1,\n");

        string[][] lines = [.. ToolRun.Well("sample", Some.Model(_folder), "--given", given, "--per-row", "3").Lines.Select(line => line.Split(','))];

        Assert.That(lines.Select(line => line.Length), Is.EqualTo(Enumerable.Repeat(6, 6)));
        Assert.That(lines[..3].Select(line => (line[0], line[3])), Has.All.EqualTo(("1", "0")));
        Assert.That(lines[3..].Select(line => (line[1], line[4])), Has.All.EqualTo(("0", "1")));
    }

    [TestCase(".csv")]
    [TestCase(".npy")]
    [TestCase(".npz")]
    public void Samples_go_to_a_file(string ending)
    {
        string model = Some.Model(_folder), file = _folder.File("samples" + ending);
        string[] expected = ToolRun.Well("sample", model, "-n", "100").Lines;

        ToolRun run = ToolRun.Well("sample", model, "-n", "100", "--out", file);

        Rows rows = RowFiles.Load(file);
        double[] entries = new double[rows.Count * rows.Variables];
        rows.CopyTo(0, entries);
        Assert.That(run.Out, Is.Empty);
        Assert.That(entries.Chunk(6).Select(row => string.Join(',', row)), Is.EqualTo(expected));
    }

    [Test]
    public void Each_root_can_be_sampled_and_no_other()
    {
        string model = Conformance.Case(15).Model;

        Assert.That(ToolRun.Well("sample", model, "-n", "3", "--root", "2").Lines, Has.Length.EqualTo(3));
        ToolRun run = ToolRun.InProcess("sample", model, "-n", "3", "--root", "3");
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("--root is 3").And.Contain("3 roots"));
    }

    [Test]
    public void An_impossible_row_is_named_and_nothing_is_written()
    {
        ToolRun run = ToolRun.InProcess("sample", Conformance.Case(12).Model, "--given", Conformance.Case(12).Rows, "--out", _folder.File("out.csv"));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Match(@"^juice: case12\.csv: row \d+ is impossible"));
        Assert.That(File.Exists(_folder.File("out.csv")), Is.False);
    }
}
