using System.Text.Json;

namespace Juice.Cli.Tests;

public class DataTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void A_file_is_described()
    {
        string text = ToolRun.Well("data", _folder.Write("a.csv", "x,y\n1,0.5\n,2\n7,-3\n"), "--header", "--columns").Out;

        Assert.That(text, Does.Match(@"rows +3\n"));
        Assert.That(text, Does.Match(@"variables +2\n"));
        Assert.That(text, Does.Match(@"type +float\n"));
        Assert.That(text, Does.Match(@"range +-3 … 7, with fractions\n"));
        Assert.That(text, Does.Match(@"missing +1 of 6 entries\n"));
        Assert.That(text, Does.Match(@"0 +1 … 7, 1 missing\n"));
    }

    [Test]
    public void Json_says_the_same()
    {
        JsonElement json = ToolRun.Well("data", _folder.Write("a.csv", "1,300\n,2\n"), "--json", "--columns").Json[0];

        Assert.That(json.GetProperty("type").GetString(), Is.EqualTo("ushort"));
        Assert.That(json.GetProperty("missing").GetInt64(), Is.EqualTo(1));
        Assert.That(json.GetProperty("maximum").GetDouble(), Is.EqualTo(300));
        Assert.That(json.GetProperty("columns")[0].GetProperty("maximum").GetDouble(), Is.EqualTo(1));
    }

    [Test]
    public void Rows_go_from_format_to_format()
    {
        string csv = _folder.Write("a.csv", "1,0.5\n2,\n3,4\n");

        ToolRun.Well("data", csv, "--export", _folder.File("b.npy"));
        ToolRun.Well("data", _folder.File("b.npy"), "--rows", "2", "--export", _folder.File("c.csv"));

        Assert.That(File.ReadAllText(_folder.File("c.csv")), Is.EqualTo("1,0.5\n2,\n"));
    }

    [TestCase("a.xlsx", 2)]
    [TestCase("gone/a.csv", 2)]
    public void What_cannot_be_written_is_said_before_anything_is_read(string target, int code)
    {
        ToolRun run = ToolRun.InProcess("data", "gone.csv", "--export", _folder.File(target));

        Assert.That(run.ExitCode, Is.EqualTo(code));
        Assert.That(run.Error, Does.Not.Contain("gone.csv"));
    }

    [Test]
    public void A_damaged_file_is_a_failed_run()
    {
        ToolRun run = ToolRun.InProcess("data", _folder.Write("a.csv", "1,2\n3\n"));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.StartWith("juice: ").And.Contain("a.csv: line 2 has 1 entry"));
    }

    [Test]
    public void Devices_are_listed()
    {
        Assert.That(ToolRun.Well("devices").Lines[0], Does.StartWith("cpu"));
        Assert.That(ToolRun.Well("devices", "--json").Json[0].GetProperty("name").GetString(), Is.EqualTo("cpu"));
    }
}
