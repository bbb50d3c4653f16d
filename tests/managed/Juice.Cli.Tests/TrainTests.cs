using System.Globalization;
using System.Text.Json;

namespace Juice.Cli.Tests;

public class TrainTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string Model => _folder.File("m.juice");

    private JsonElement LastRun()
    {
        JsonElement runs = ToolRun.Well("inspect", Model, "--json").Json.GetProperty("metadata").GetProperty("training").GetProperty("runs");
        return runs[runs.GetArrayLength() - 1];
    }

    [Test]
    public void A_new_model_learns_and_tells_of_it()
    {
        string rows = Some.BinaryRows(_folder, rows: 1200);

        ToolRun run = ToolRun.Well(
            "train", "hclt", "--data", rows, "--latents", "4", "--epochs", "6", "--batch-size", "50", "--seed", "3", "--out", Model);

        string[] epochs = [.. run.Error.Split('\n').Where(line => line.StartsWith("epoch ", StringComparison.Ordinal))];
        Assert.That(epochs, Has.Length.EqualTo(6));
        Assert.That(epochs, Has.All.Match(@"^epoch \d/6  train \d\.\d{4}  validation \d\.\d{4} bpd  [\d,]+ rows/s"));
        Assert.That(run.Error, Does.Contain("1,100 rows of 6 variables, 100 for validation"));
        Assert.That(run.Out, Does.Match(
            @"model +\S+m\.juice\nepochs +6, the best one \(\d\) kept\ntrain +0\.\d{4} bpd\nvalidation +0\.\d{4} bpd\ntime +"));
        double first = Some.Number(epochs[0].Split("train ")[1].Split(' ')[0]), last = Some.Number(epochs[^1].Split("train ")[1].Split(' ')[0]);
        Assert.That(last, Is.LessThan(first));

        // A variable repeats the one before it four times out of five: 0.72 bits each, and a whole bit for the first.
        string test = Some.BinaryRows(_folder, "test.csv", 2000, seed: 7);
        double bpd = ToolRun.Well("evaluate", Model, "--data", test, "--json").Json.GetProperty("bpd").GetDouble();
        Assert.That(bpd, Is.InRange(0.72, 0.82));
    }

    [Test]
    public void One_seed_makes_one_model_whatever_the_threads()
    {
        string rows = Some.BinaryRows(_folder);
        foreach ((string name, string threads, string seed) in new[] { ("a", "1", "5"), ("b", "2", "5"), ("c", "2", "6") })
        {
            string model = _folder.File(name + ".juice");
            ToolRun.Well("train", "hclt", "--data", rows, "--latents", "4", "--epochs", "2", "--seed", seed, "--threads", threads, "--out", model);
        }

        string[] printed = [.. new[] { "a", "b", "c" }.Select(name => ToolRun.Well("loglik", _folder.File(name + ".juice"), rows).Out)];
        Assert.That(printed[1], Is.EqualTo(printed[0]));
        Assert.That(printed[2], Is.Not.EqualTo(printed[0]));
    }

    [TestCase("--optimizer anemone --momentum 0.5", "anemone", "1")]
    [TestCase("--optimizer sgd --step-size 5", "sgd", "1")]
    [TestCase("--optimizer adam", "adam", "1")]
    [TestCase("--viterbi", "em", "infinity")]
    [TestCase("--power 2", "em", "2")]
    public void Another_optimiser_and_power_train_and_stand_in_the_file(string options, string optimizer, string power)
    {
        ToolRun.Well(["train", "hclt", "--data", Some.BinaryRows(_folder), "--latents", "4", "--epochs", "2", "--out", Model, .. options.Split(' ')]);
        JsonElement settings = LastRun().GetProperty("settings");

        Assert.That(settings.GetProperty("optimizer").GetString(), Is.EqualTo(optimizer));
        Assert.That(settings.GetProperty("power").ToString(), Is.EqualTo(power));
    }

    [TestCase("--optimizer newton", "it is em, anemone, sgd or adam")]
    [TestCase("--momentum 0.5", "expectation maximisation has none")]
    [TestCase("--step-size 2", "'2' is not a step size")]
    [TestCase("--power 2 --viterbi", "give one")]
    [TestCase("--power 17", "it is 1 … 16")]
    public void What_does_not_go_together_is_bad_usage(string options, string sentence)
    {
        ToolRun run = ToolRun.InProcess(["train", "hclt", "--data", Some.BinaryRows(_folder), "--latents", "4", "--out", Model, .. options.Split(' ')]);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(sentence));
    }

    [Test]
    public void The_file_tells_how_it_was_made_and_keeps_its_history()
    {
        string rows = Some.BinaryRows(_folder);
        ToolRun.Well("train", "hclt", "--data", rows, "--latents", "4", "--epochs", "2", "--step-size", "cosine:0.9:0.1", "--out", Model);
        JsonElement first = LastRun();
        ToolRun.Well("train", Model, "--data", rows, "--full-batch", "--epochs", "3", "--pseudocount", "0", "--out", Model);
        JsonElement second = LastRun();

        Assert.That(first.GetProperty("settings").GetProperty("step_size").GetString(), Is.EqualTo("cosine:0.9:0.1"));
        Assert.That(first.GetProperty("settings").GetProperty("latents").GetInt32(), Is.EqualTo(4));
        Assert.That(second.GetProperty("settings").GetProperty("full_batch").GetBoolean(), Is.True);
        IEnumerable<double> bpd = second.GetProperty("epochs").EnumerateArray().Select(epoch => epoch.GetProperty("train_bpd").GetDouble());
        Assert.That(bpd, Is.Ordered.Descending, "full-batch steps never go down");
        Assert.That(second.GetProperty("epochs")[0].TryGetProperty("validation_bpd", out _), Is.False, "a model that goes on learns from all rows");
    }

    [Test]
    public void Clusters_of_the_rows_are_a_better_start_than_chance()
    {
        string rows = Some.BinaryRows(_folder);

        Assert.That(FirstEpoch("clusters"), Is.LessThan(FirstEpoch("random") - 0.05));
        Assert.That(LastRun().GetProperty("settings").GetProperty("start").GetString(), Is.EqualTo("random"));

        double FirstEpoch(string start)
        {
            string[] slow = ["--full-batch", "--epochs", "1", "--start", start];
            ToolRun.Well(["train", "hclt", "--data", rows, "--latents", "8", "--out", Model, .. slow]);
            return LastRun().GetProperty("epochs")[0].GetProperty("train_bpd").GetDouble();
        }
    }

    [Test]
    public void The_file_tells_the_command_without_folders_and_what_it_ran_on()
    {
        string rows = Some.BinaryRows(_folder, "some rows.csv");
        ToolRun.Well("train", "hclt", "--data", rows, "--latents", "2", "--epochs", "1", "--threads", "1", "--out", Model);

        JsonElement run = LastRun(), machine = run.GetProperty("machine");

        Assert.That(run.GetProperty("command").GetString(),
            Is.EqualTo("juice train hclt --data 'some rows.csv' --latents 2 --epochs 1 --threads 1 --out m.juice"));
        Assert.That(machine.GetProperty("description").GetString(), Is.EqualTo(Device.Cpu.Description));
        Assert.That(machine.GetProperty("threads").GetInt32(), Is.EqualTo(1));
        Assert.That(machine.GetProperty("seconds").GetDouble(), Is.Positive);
        Assert.That(machine.GetProperty("peak_memory_bytes").GetInt64(), Is.InRange(1 << 20, Device.Cpu.Memory));
    }

    [Test]
    public void Validation_rows_come_from_a_share_a_file_or_nowhere()
    {
        string rows = Some.BinaryRows(_folder, rows: 100), other = Some.BinaryRows(_folder, "other.csv", rows: 30, seed: 9);

        Assert.That(Said(), Does.Contain("100 rows of 6 variables\n"), "too few to share by default");
        Assert.That(Said("--validation", "0.2"), Does.Contain("80 rows of 6 variables, 20 for validation"));
        Assert.That(Said("--validation", "30"), Does.Contain("70 rows of 6 variables, 30 for validation"));
        Assert.That(Said("--validation", other), Does.Contain("100 rows of 6 variables, 30 for validation"));
        Assert.That(Said("--validation", "none"), Does.Not.Contain("validation"));

        string Said(params string[] more) =>
            ToolRun.Well(["train", "hclt", "--data", rows, "--latents", "2", "--epochs", "1", "--out", Model, .. more]).Error;
    }

    [TestCase(2, "--validation takes a fraction between 0 and 1", "--validation", "1.5")]
    [TestCase(2, "a number of rows from 2", "--validation", "-3")]
    [TestCase(1, "of 400 rows 400 cannot be held out for validation", "--validation", "400")]
    [TestCase(2, "--patience needs rows to watch", "--validation", "none", "--patience", "2")]
    [TestCase(1, "There is no file 'valid.csv'", "--validation", "valid.csv")]
    public void Validation_that_makes_no_sense_is_refused(int code, string sentence, params string[] more)
    {
        ToolRun run = ToolRun.InProcess(["train", "hclt", "--data", Some.BinaryRows(_folder), "--epochs", "1", "--out", Model, .. more]);

        Assert.That(run.ExitCode, Is.EqualTo(code));
        Assert.That(run.Error, Does.Contain(sentence));
        Assert.That(File.Exists(Model), Is.False);
    }

    [Test]
    public void Patience_ends_it_early_with_the_best_model()
    {
        // Twenty rows and many states: what is learnt by heart does not help with other rows.
        string rows = Some.BinaryRows(_folder, rows: 20, variables: 12);
        string other = Some.BinaryRows(_folder, "other.csv", rows: 200, variables: 12, seed: 9);

        ToolRun run = ToolRun.Well(
            "train", "hclt", "--data", rows, "--validation", other, "--latents", "16", "--epochs", "200", "--patience", "2",
            "--pseudocount", "0.001", "--full-batch", "--out", Model);

        Assert.That(run.Out, Does.Match(@"epochs +\d+, stopped early, the best one \(\d+\) kept"));
        string line = run.Lines.Single(line => line.StartsWith("validation", StringComparison.Ordinal));
        double kept = Some.Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
        double scored = ToolRun.Well("evaluate", Model, "--data", other, "--json").Json.GetProperty("bpd").GetDouble();
        Assert.That(scored, Is.EqualTo(kept).Within(1e-4));
    }

    [Test]
    public void Columns_with_fractions_become_Gaussians_and_whole_numbers_categories()
    {
        Random random = new(1);
        string rows = _folder.Write("mixed.csv", string.Concat(Enumerable.Range(0, 300).Select(_ =>
        {
            int kind = random.Next(3);
            string sometimes = random.Next(4) == 0 ? "" : kind.ToString(CultureInfo.InvariantCulture);
            return FormattableString.Invariant($"{kind},{kind * 2 + random.NextDouble():0.000},{sometimes},{-random.Next(5)}\n");
        })));

        ToolRun.Well("train", "hclt", "--data", rows, "--latents", "3", "--epochs", "3", "--out", Model);

        JsonElement json = ToolRun.Well("inspect", Model, "--json").Json;
        IEnumerable<string> distributions =
            json.GetProperty("distributions").EnumerateArray().Select(
                entry => $"{entry.GetProperty("distribution")} × {entry.GetProperty("variables")}");
        Assert.That(distributions, Is.EquivalentTo(new[] { "categorical(3) × 2", "gaussian × 2" }));
    }

    [Test]
    public void Categories_can_be_said()
    {
        string rows = Some.BinaryRows(_folder);
        ToolRun.Well("train", "hclt", "--data", rows, "--latents", "2", "--epochs", "1", "--categories", "5", "--out", Model);

        Assert.That(ToolRun.Well("inspect", Model).Out, Does.Contain("categorical(5) × 6"));
        Assert.That(ToolRun.Well("loglik", Model, _folder.Write("new.csv", "4,4,4,4,4,4\n")).Lines, Has.Length.EqualTo(1));
    }

    [TestCase("2,1,0,1,0,1\n", "column 0 holds 2; with --categories 2 it may hold 0 … 1")]
    [TestCase("-1,1,0,1,0,1\n", "column 0 holds -1")]
    [TestCase("0,0.5,0,1,0,1\n", "column 1 holds fractions")]
    public void Categories_that_the_rows_break_are_refused(string row, string sentence)
    {
        ToolRun run = ToolRun.InProcess("train", "hclt", "--data", _folder.Write("rows.csv", row), "--categories", "2", "--out", Model);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain(sentence));
    }

    [Test]
    public void On_a_terminal_each_epoch_leaves_its_line_too()
    {
        using StringWriter output = new(), error = new();
        string[] arguments = ["train", "hclt", "--data", Some.BinaryRows(_folder), "--latents", "2", "--epochs", "3", "--out", Model];

        int code = Tool.RunAsync(arguments, new Terminal(output, error, ErrorIsInteractive: true)).GetAwaiter().GetResult();

        Assert.That(code, Is.Zero, error.ToString());
        for (int epoch = 1; epoch <= 3; epoch++) Assert.That(error.ToString(), Does.Contain($"epoch {epoch}/3  train "));
        Assert.That(output.ToString(), Does.StartWith("model "));
    }

    [Test]
    public void A_chart_and_a_log_are_written()
    {
        string chart = _folder.File("curve.png"), log = _folder.File("log.jsonl");
        string rows = Some.BinaryRows(_folder);

        ToolRun.Well("train", "hclt", "--data", rows, "--latents", "2", "--epochs", "3", "--out", Model, "--chart", chart, "--log", log);

        using SkiaSharp.SKBitmap picture = SkiaSharp.SKBitmap.Decode(chart);
        Assert.That(picture.Width, Is.GreaterThan(800));
        HashSet<SkiaSharp.SKColor> colors = [.. picture.Pixels];
        Assert.That(colors, Does.Contain(SkiaSharp.SKColor.Parse("#8592a8")).And.Contain(SkiaSharp.SKColor.Parse("#e4572e")), "both lines are drawn");
        JsonElement[] lines = [.. File.ReadAllLines(log).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(lines.Select(line => line.GetProperty("event").GetString()), Is.EqualTo(new[] { "start", "epoch", "epoch", "epoch", "end" }));
        Assert.That(lines[0].GetProperty("data").GetProperty("name").GetString(), Is.EqualTo("rows.csv"));
        Assert.That(lines[3].GetProperty("validation_bpd").GetDouble(), Is.Positive);
    }

    [Test]
    public void A_model_and_rows_of_different_variables_are_told_apart_at_once()
    {
        ToolRun run = ToolRun.InProcess("train", Some.Model(_folder), "--data", Some.BinaryRows(_folder, "wide.csv", variables: 7), "--out", Model);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("has 6 variables").And.Contain("wide.csv has 7"));
    }

    [Test]
    public void A_model_of_several_roots_is_not_trained_but_refused()
    {
        Conformance answers = Conformance.Case(15);

        ToolRun run = ToolRun.InProcess("train", answers.Model, "--data", answers.Rows, "--out", Model);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("root"));
        Assert.That(File.Exists(Model), Is.False);
    }

    [Test]
    public void A_training_that_is_stopped_before_it_began_leaves_nothing()
    {
        ToolRun run = ToolRun.InProcess(new CancellationToken(canceled: true), "train", "hclt", "--data", Some.BinaryRows(_folder), "--out", Model);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("juice: stopped."));
        Assert.That(File.Exists(Model), Is.False);
    }
}
