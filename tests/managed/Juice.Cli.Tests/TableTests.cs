using System.Globalization;
using System.Text.Json;

namespace Juice.Cli.Tests;

public class TableTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string Model => _folder.File("m.juice");

    // The city tells the income, with a column of names that mean nothing and some fields missing.
    private string People(string name = "people.csv", int seed = 1)
    {
        Random random = new(seed);
        IEnumerable<string> lines = Enumerable.Range(0, 600).Select(i =>
        {
            bool rich = random.Next(2) == 0;
            double income = (rich ? 80_000 : 20_000) + 3_000 * (random.NextDouble() + random.NextDouble() - 1);
            string city = random.Next(20) == 0 ? "" : rich ? "Oslo, north" : "Rome";
            return string.Create(CultureInfo.InvariantCulture, $"\"{city}\",id{i},{income:0.00},{random.Next(3)}");
        });
        return _folder.Write(name, "city,id,income,kids\n" + string.Join('\n', lines) + "\n");
    }

    private string Train(params string[] more)
    {
        ToolRun.Well(
            ["train", "hclt", "--data", People(), "--table", "--kinds", "id=ignore", "--latents", "4", "--epochs", "20", "--pseudocount", "0.01", "--out", Model, .. more]);
        return Model;
    }

    [Test]
    public void A_table_is_learnt_and_scored_in_its_own_units_whatever_the_order_of_its_columns()
    {
        Train();
        string given = _folder.Write("given.csv", "city,income,kids\nRome,21000,1\nRome,80000,1\n,21000,\n");
        string turned = _folder.Write("turned.csv", "kids,more,income,city\n1,x,21000,Rome\n1,y,80000,Rome\n,z,21000,NA\n");

        double[] logs = [.. ToolRun.Well("loglik", Model, given).Lines.Select(Some.Number)];

        Assert.That(ToolRun.Well("loglik", Model, turned).Lines.Select(Some.Number), Is.EqualTo(logs));
        Assert.That(logs[1], Is.LessThan(logs[0] - 5), "nobody in Rome earns as much");
        // The triangle of incomes has a density of about 1/3000 at a third of its height down; half the people are on either side.
        Assert.That(logs[2], Is.EqualTo(Math.Log(0.5 / 3000)).Within(1));
        double mean = ToolRun.Well("evaluate", Model, "--data", given, "--json").Json.GetProperty("log_likelihood").GetDouble();
        Assert.That(mean, Is.EqualTo(logs.Average()).Within(1e-9));
    }

    [Test]
    public void Samples_are_such_a_table_again()
    {
        Train();
        string file = _folder.File("samples.csv");

        string[] lines = ToolRun.Well("sample", Model, "-n", "40").Lines;
        ToolRun.Well("sample", Model, "-n", "40", "--out", file);

        Assert.That(lines[0], Is.EqualTo("city,income,kids"));
        Assert.That(lines.Skip(1).ToArray(), Has.Length.EqualTo(40).And.All.Match(@"^(""Oslo, north"",[78]\d{4}|Rome,[12]\d{4})(\.\d+)?,[012]$"));
        Assert.That(File.ReadAllLines(file), Is.EqualTo(lines));
        Assert.That(ToolRun.Well("loglik", Model, file).Lines, Has.Length.EqualTo(40));
    }

    [Test]
    public void What_is_missing_is_filled_in_and_what_is_there_stays()
    {
        Train();
        string holes = _folder.Write("holes.csv", "income,kids,city\n,2,Rome\n80500,,\n");

        string[] lines = ToolRun.Well("sample", Model, "--given", holes, "--per-row", "10").Lines;

        Assert.That(lines[0], Is.EqualTo("city,income,kids"));
        Assert.That(lines[1..11], Has.All.Match(@"^Rome,[12]\d{4}(\.\d+)?,2$"));
        Assert.That(lines[11..], Has.Length.EqualTo(10).And.All.Match(@"^""Oslo, north"",80500,[012]$"));
    }

    [TestCase("hclt")]
    [TestCase("factorized")]
    [TestCase("rat-spn")]
    public void A_label_goes_by_its_name(string structure)
    {
        ToolRun.Well(
            "train", structure, "--data", People(), "--table", "--kinds", "id=ignore,income=bins:6", "--label", "city", "--latents", "4", "--epochs", "10",
            "--pseudocount", "0.01", "--out", Model);

        ToolRun byName = ToolRun.Well("evaluate", Model, "--data", People("test.csv", seed: 2), "--label", "city", "--json");
        ToolRun byNumber = ToolRun.Well("evaluate", Model, "--data", _folder.File("test.csv"), "--label", "0", "--json");

        Assert.That(byName.Json.GetProperty("accuracy").GetDouble(), Is.GreaterThan(0.99));
        Assert.That(byNumber.Json.GetProperty("accuracy").GetDouble(), Is.EqualTo(byName.Json.GetProperty("accuracy").GetDouble()));
        Assert.That(
            ToolRun.InProcess("evaluate", Model, "--data", _folder.File("test.csv"), "--label", "town").Error,
            Does.StartWith("juice: --label: there is no column 'town'; there are city, income, kids."));
    }

    [Test]
    public void A_chow_liu_tree_is_counted_over_named_categories()
    {
        ToolRun.Well("train", "chow-liu", "--data", People(), "--table", "--kinds", "id=ignore,*=bins:4", "--out", Model);
        Assert.That(ToolRun.Well("evaluate", Model, "--data", People("test.csv", seed: 2), "--label", "city", "--json").Json.GetProperty("accuracy").GetDouble(),
            Is.GreaterThan(0.99));

        ToolRun numbers = ToolRun.InProcess("train", "chow-liu", "--data", People(), "--table", "--kinds", "id=ignore", "--out", Model);
        Assert.That(numbers.Error, Does.Contain("column 'income' holds other values than categories"));
    }

    [Test]
    public void A_model_that_goes_on_and_one_that_resumes_keep_their_columns()
    {
        Train("--checkpoint", _folder.File("c.juice"));
        string next = _folder.File("next.juice");

        ToolRun.Well("train", Model, "--data", _folder.File("people.csv"), "--epochs", "1", "--out", next);

        JsonElement schema = ToolRun.Well("inspect", next, "--json").Json.GetProperty("metadata").GetProperty("schema");
        Assert.That(schema.GetProperty("table").GetProperty("columns").EnumerateArray().Select(column => column.GetProperty("name").GetString()),
            Is.EqualTo(new[] { "city", "income", "kids" }));
        Assert.That(schema.GetProperty("variables").GetInt32(), Is.EqualTo(3));
        Assert.That(ToolRun.Well("loglik", _folder.File("c.juice"), _folder.File("people.csv")).Lines, Has.Length.EqualTo(600));
        ToolRun again = ToolRun.InProcess("train", Model, "--data", _folder.File("people.csv"), "--table", "--out", next);
        Assert.That((again.ExitCode, again.Error), Is.EqualTo((2, $"juice: --table goes with a new structure; '{Model}' knows what its variables are.\n")));
    }

    [TestCase("city,income,kids\nRome,1,7\n", "line 2, column 'kids': '7' is not one of its categories: 0, 1, 2.")]
    [TestCase("city,kids\nRome,1\n", "line 1 names no column 'income', which the model has; it names city, kids.")]
    [TestCase("Rome,1,2\nRome,2,1\n", "line 1 names no column 'city', which the model has; it names Rome, 1, 2.")]
    [TestCase("city,income,kids\nRome,much,1\n", "line 2, column 'income': 'much' is not a finite number.")]
    public void A_table_that_does_not_fit_gets_one_sentence(string table, string sentence)
    {
        Train();
        string file = _folder.Write("other.csv", table);

        foreach (string[] command in new[] { new[] { "loglik", Model, file }, ["evaluate", Model, "--data", file], ["sample", Model, "--given", file] })
        {
            ToolRun run = ToolRun.InProcess(command);
            Assert.That((run.ExitCode, run.Out, run.Error), Is.EqualTo((1, "", $"juice: {file}: {sentence}\n")));
        }
    }

    [Test]
    public void Data_says_what_the_columns_hold()
    {
        string[] lines = ToolRun.Well("data", People(), "--table", "--kinds", "id=ignore,kids=bins:2", "--columns").Lines;

        Assert.That(lines, Has.Some.Match(@"^ +city +category: Oslo, north, Rome$"));
        Assert.That(lines, Has.Some.Match(@"^ +income +number: mean \d+(\.\d+)?, deviation \d+(\.\d+)?$"));
        Assert.That(lines, Has.Some.Match(@"^ +kids +bins: 2, \d … \d$"));
    }

    [TestCase("--table --text words", "--table goes without --text: a file is one or the other.")]
    [TestCase("--kinds a=number", "--kinds goes with --table.")]
    [TestCase("--length 7", "--length goes with --text.")]
    [TestCase("--table --categories 3", "--categories goes without --table and --text, which find the categories.")]
    public void Options_that_do_not_go_together_are_bad_usage(string options, string sentence)
    {
        ToolRun run = ToolRun.InProcess(["train", "hclt", "--data", _folder.Write("a.csv", "a,b\n1,2\n2,1\n"), "--out", Model, .. options.Split(' ')]);

        Assert.That((run.ExitCode, run.Error.Split('\n')[^2]), Is.EqualTo((2, $"juice: {sentence}")));
    }

    [Test]
    public void Samples_of_numbers_are_no_text()
    {
        ToolRun run = ToolRun.InProcess("sample", Some.Model(_folder), "-n", "3", "--out", _folder.File("s.txt"));

        Assert.That((run.ExitCode, run.Error), Is.EqualTo((2, $"juice: '{_folder.File("s.txt")}': {Model.Replace("m.juice", "model.juice", StringComparison.Ordinal)} is no model of texts; its samples go into .csv, .npy or .npz.\n")));
    }

    [Test]
    public void Sentences_are_learnt_scored_and_written()
    {
        string text = _folder.Write("text.txt", string.Concat(Enumerable.Repeat("the cat sleeps\nthe dog sleeps well\na bird sings\n", 40)));
        ToolRun.Well(
            "train", "hmm", "--data", text, "--text", "words", "--latents", "16", "--epochs", "60", "--batch-size", "20", "--pseudocount", "0.01",
            "--validation", "none", "--out", Model);

        JsonElement scored = ToolRun.Well("evaluate", Model, "--data", text, "--json").Json;
        string[] samples = ToolRun.Well("sample", Model, "-n", "30").Lines;
        string file = _folder.File("samples.txt");
        ToolRun.Well("sample", Model, "-n", "30", "--out", file);

        Assert.That(scored.GetProperty("tokens").GetInt32(), Is.EqualTo(40 * (4 + 5 + 4)));
        // Three sentences: log 3 nats a row at best, over 13/3 tokens a row.
        Assert.That(scored.GetProperty("perplexity").GetDouble(), Is.InRange(Math.Exp(Math.Log(3) / (13 / 3.0)) - 1e-3, 2));
        Assert.That(File.ReadAllLines(file), Is.EqualTo(samples));
        Assert.That(samples.Count(line => line is "the cat sleeps" or "the dog sleeps well" or "a bird sings"), Is.GreaterThan(10));
        Assert.That(ToolRun.Well("loglik", Model, _folder.Write("new.txt", "the cat sings\nthe fish\n")).Lines, Has.Length.EqualTo(2), "what is unknown is a token, too");
    }
}
