using System.Text.Json;

namespace Juice.Cli.Tests;

public class StructureTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string Model => _folder.File("m.juice");

    [TestCase("hclt --tied")]
    [TestCase("hmm")]
    [TestCase("hmm --untied")]
    [TestCase("rat-spn --depth 2 --repetitions 3 --pieces 3")]
    [TestCase("pd --shape 2x3 --split-interval 1 --most-splits 2 --block-size 4")]
    [TestCase("pd --shape 6 --tied")]
    [TestCase("pd-hclt --shape 2x3 --split-interval 2")]
    [TestCase("binary-tree")]
    [TestCase("linear-tree")]
    [TestCase("quad-tree --shape 3x2")]
    [TestCase("quad-graph --shape 2x3")]
    [TestCase("factorized")]
    public void Every_structure_learns_and_says_what_it_is(string structure)
    {
        string rows = Some.BinaryRows(_folder), test = Some.BinaryRows(_folder, "test.csv", 1000, seed: 5);
        string[] words = structure.Split(' ');

        ToolRun.Well(["train", .. words, "--data", rows, "--latents", "8", "--epochs", "12", "--batch-size", "50", "--seed", "3", "--out", Model]);

        // Independent coins are a bit each; a variable repeats the one before it four times out of five, 0.77 bits in the mean.
        double bpd = ToolRun.Well("evaluate", Model, "--data", test, "--json").Json.GetProperty("bpd").GetDouble();
        Assert.That(bpd, Is.InRange(0.74, 0.99));
        JsonElement metadata = ToolRun.Well("inspect", Model, "--json").Json.GetProperty("metadata");
        JsonElement described = metadata.GetProperty("structure");
        if (described.ValueKind == JsonValueKind.String) described = JsonDocument.Parse(described.GetString()!).RootElement;
        Assert.That(described.GetProperty("structure").GetString(), Is.EqualTo(words[0]));
        Assert.That(described.GetProperty("latents").GetInt32(), Is.EqualTo(8));
    }

    [TestCase("hclt")]
    [TestCase("hmm")]
    [TestCase("pd --shape 5 --split-interval 1")]
    [TestCase("pd-hclt --shape 5 --split-interval 3")]
    public void With_a_label_it_classifies(string structure)
    {
        // The label repeats column 1 four times out of five, and so does column 3: whoever knows that is right 0.8 of the time.
        string rows = Some.BinaryRows(_folder, rows: 1500), test = Some.BinaryRows(_folder, "test.csv", 2000, seed: 5);

        string[] how = ["--latents", "6", "--epochs", "40", "--batch-size", "50", "--seed", "2"];
        ToolRun run = ToolRun.Well(["train", .. structure.Split(' '), "--data", rows, "--label", "2", .. how, "--out", Model]);
        JsonElement told = ToolRun.Well("evaluate", Model, "--data", test, "--label", "2", "--json").Json;

        Assert.That(run.Out, Does.Match(@"validation accuracy +\d\d\.\d\d % of 125 rows\nvalidation log-loss +0\.\d{4} nats"));
        Assert.That(told.GetProperty("labelled_rows").GetInt64(), Is.EqualTo(2000));
        Assert.That(told.GetProperty("accuracy").GetDouble(), Is.InRange(0.75, 0.83));
        Assert.That(told.GetProperty("log_loss").GetDouble(), Is.LessThan(Math.Log(2) - 0.1));
        Assert.That(ToolRun.Well("evaluate", Model, "--data", test, "--label", "2").Out, Does.Match(@"label accuracy +\d\d\.\d\d % of 2,000 rows"));
    }

    [Test]
    public void A_chow_liu_tree_is_counted_and_evaluated()
    {
        string rows = Some.BinaryRows(_folder, rows: 1000);

        ToolRun run = ToolRun.Well("train", "chow-liu", "--data", rows, "--out", Model);
        ToolRun other = ToolRun.Well("train", "chow-liu", "--data", rows, "--pseudocount", "1000", "--validation", "0.5", "--out", _folder.File("n.juice"));

        Assert.That(run.Error, Does.Contain("1,000 rows of 6 variables\n"), "nothing is held out");
        Assert.That(other.Out, Does.Match(@"train +0\.9\d+ bpd\nvalidation +0\.9\d+ bpd\n"), "so many counts more make coins");
        using Circuit circuit = Circuit.Load(Model);
        using Circuit wanted = Structures.ChowLiuTree(Juice.Data.RowFiles.Load(rows).WithCategories(2));
        Assert.That(circuit.Vectors.Select(vector => vector.Parameters.ToArray()), Is.EqualTo(wanted.Vectors.Select(vector => vector.Parameters.ToArray())));
    }

    [TestCase("--depth goes with rat-spn, not with hmm", "hmm", "--depth", "3")]
    [TestCase("--tied goes with hclt, pd, not with rat-spn", "rat-spn", "--tied")]
    [TestCase("--latents goes with hclt, hmm", "chow-liu", "--latents", "3")]
    [TestCase("--epochs goes with training; 'chow-liu' is counted", "chow-liu", "--epochs", "3")]
    [TestCase("'pd' needs --shape", "pd")]
    [TestCase("'quad-tree' takes a --shape of two axes", "quad-tree", "--shape", "1x2x3")]
    [TestCase("--shape takes whole numbers with x between them, such as 28x28, not '2x'", "pd", "--shape", "2x")]
    [TestCase("--pieces takes a whole number, at least 2, not '1'", "rat-spn", "--pieces", "1")]
    [TestCase("--block-size 3 does not divide the 8 latents", "pd", "--shape", "6", "--block-size", "3", "--latents", "8")]
    [TestCase("a shape of 2×2 is not one of the rows' 6 variables", "pd", "--shape", "2x2")]
    [TestCase("there is no column 6, the label: the rows have columns 0 … 5", "hmm", "--label", "6")]
    [TestCase("--label goes with hclt, hmm", "chow-liu", "--label", "1")]
    public void What_does_not_go_together_is_named(string sentence, params string[] arguments)
    {
        ToolRun run = ToolRun.InProcess(["train", .. arguments, "--data", Some.BinaryRows(_folder), "--out", Model]);

        Assert.That(run.ExitCode, Is.Not.Zero);
        Assert.That(run.Error, Does.Contain(sentence));
        Assert.That(File.Exists(Model), Is.False);
    }

    [Test]
    public void A_label_is_a_column_of_classes()
    {
        string rows = _folder.Write("mixed.csv", string.Concat(Enumerable.Range(0, 30).Select(i => $"{i % 2},{i / 7.0}\n")));

        Assert.That(ToolRun.InProcess("train", "hmm", "--untied", "--data", rows, "--label", "1", "--out", Model).Error,
            Does.Contain("column 1, the label, holds other values than classes 0, 1, 2"));
        ToolRun.Well("train", "factorized", "--data", rows, "--label", "0", "--latents", "2", "--epochs", "1", "--out", Model);
        Assert.That(ToolRun.InProcess("evaluate", Model, "--data", rows, "--label", "1").Error, Does.Contain("the column is continuous"));
        Assert.That(ToolRun.InProcess("evaluate", Model, "--data", rows, "--label", "2").Error, Does.Contain("has columns 0 … 1"));
    }
}
