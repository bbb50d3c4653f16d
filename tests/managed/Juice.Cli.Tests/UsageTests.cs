using System.Text.RegularExpressions;

namespace Juice.Cli.Tests;

public class UsageTests
{
    private static readonly string[] s_commands = ["train", "evaluate", "loglik", "sample", "picture", "report", "inspect", "convert", "data", "devices", "bench"];

    private static readonly string[] s_commandsOfCommands = ["picture samples", "picture completions"];

    [TestCaseSource(nameof(s_commands))]
    [TestCaseSource(nameof(s_commandsOfCommands))]
    public void Every_command_s_help_shows_an_example_that_parses(string command)
    {
        ToolRun run = ToolRun.Well([.. command.Split(' '), "--help"]);

        string[] examples = [.. run.Out.Split("Examples:")[1].Split('\n').Select(line => line.Trim()).Where(line => line.Contains("juice "))];
        Assert.That(examples, Is.Not.Empty);
        foreach (string example in examples)
        {
            string[] arguments = example[(example.IndexOf("juice ", StringComparison.Ordinal) + 6)..].Split(' ');
            Assert.That(string.Join(' ', arguments) + " ", Does.StartWith(command + " "));
            Assert.That(Tool.Parse(arguments).Errors, Is.Empty, example);
        }
        Assert.That(run.Error, Is.Empty);
    }

    [Test]
    public void The_tool_s_own_help_names_every_command()
    {
        string help = ToolRun.Well("--help").Out;

        foreach (string command in s_commands) Assert.That(help, Does.Contain("\n  " + command + " "));
        Assert.That(help, Does.Contain("Examples:"));
    }

    [Test]
    public void The_version_is_printed() => Assert.That(ToolRun.Well("--version").Out, Does.Match(@"^\d+\.\d+\.\d+"));

    [TestCase("name a command: train, evaluate")]
    [TestCase("there is no command 'trian', but train", "trian")]
    [TestCase("name a command: samples, completions", "picture")]
    [TestCase("'--data'", "evaluate", "m.juice")]
    [TestCase("'--bogus' is nothing that 'juice devices' takes", "devices", "--bogus")]
    [TestCase("'loglik'", "loglik", "m.juice")]
    [TestCase("--epochs takes a whole number, at least 1, not '0'", "train", "hclt", "--data", "x", "--out", "m.juice", "--epochs", "0")]
    [TestCase("--latents takes whole numbers, at least 1, separated by commas, not '16,,64'", "bench", "--latents", "16,,64")]
    [TestCase("--batch takes whole numbers, at least 1, separated by commas, not '0'", "bench", "--batch", "0")]
    [TestCase("--seconds takes a number, at least 0, not '-1'", "bench", "--seconds", "-1")]
    [TestCase("--epochs takes a whole number, at least 1, not 'many'", "train", "hclt", "--data", "x", "--out", "m.juice", "--epochs", "many")]
    [TestCase("--pseudocount takes a number, at least 0, not '-1'", "train", "hclt", "--data", "x", "--out", "m.juice", "--pseudocount", "-1")]
    [TestCase("'1.5' is not a step size", "train", "hclt", "--data", "x", "--out", "m.juice", "--step-size", "1.5")]
    [TestCase("'cosine:1' is not a step size", "train", "hclt", "--data", "x", "--out", "m.juice", "--step-size", "cosine:1")]
    [TestCase("'piecewise:1=1,0=1' is not a step size", "train", "hclt", "--data", "x", "--out", "m.juice", "--step-size", "piecewise:1=1,0=1")]
    [TestCase("such as 800M or 2G, not 'lots'", "evaluate", "m.juice", "--data", "x", "--memory-limit", "lots")]
    [TestCase("'quick' not recognized", "evaluate", "m.juice", "--data", "x", "--precision", "quick")]
    [TestCase("'m.bin' should end in .juice", "train", "hclt", "--data", "x", "--out", "m.bin")]
    [TestCase("There is no folder", "train", "hclt", "--data", "x", "--out", "/no/such/folder/m.juice")]
    [TestCase("'curve.gif' should end in .png", "train", "hclt", "--data", "x", "--out", "m.juice", "--chart", "curve.gif")]
    [TestCase("--latents goes with a new structure", "train", "m.juice", "--data", "x", "--out", "n.juice", "--latents", "4")]
    [TestCase("Say with -n how many", "sample", "m.juice")]
    [TestCase("-n takes a whole number, at least 0, not '-3'", "sample", "m.juice", "-n", "-3")]
    [TestCase("-n goes without --given", "sample", "m.juice", "-n", "3", "--given", "rows.csv")]
    [TestCase("--per-row goes with --given", "sample", "m.juice", "-n", "3", "--per-row", "2")]
    [TestCase("--temperature takes a number above 0, not '0'", "sample", "m.juice", "-n", "3", "--temperature", "0")]
    [TestCase("'samples.dat' should end in .csv or .npy or .npz or .txt", "sample", "m.juice", "-n", "3", "--out", "samples.dat")]
    [TestCase("'a.txt' should end in .juice or .json", "convert", "a.txt", "b.json")]
    [TestCase("'b.txt' should end in .juice or .json", "convert", "a.juice", "b.txt")]
    [TestCase("Argument 'dev' not recognized", "evaluate", "m.juice", "--data", "fashion-mnist", "--split", "dev")]
    public void Bad_usage_ends_with_2_and_one_sentence(string sentence, params string[] arguments)
    {
        ToolRun run = ToolRun.InProcess(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith("juice: ").And.Contain(sentence));
        Assert.That(run.Out, Is.Empty);
    }

    [TestCase("gone.juice", "loglik", "gone.juice", "gone.csv")]
    [TestCase("gone.juice", "evaluate", "gone.juice", "--data", "gone.csv")]
    [TestCase("gone.juice", "sample", "gone.juice", "-n", "1")]
    [TestCase("gone.juice", "inspect", "gone.juice")]
    [TestCase("gone.juice", "convert", "gone.juice", "a.json")]
    [TestCase("gone.json", "convert", "gone.json", "a.juice")]
    [TestCase("gone.csv", "data", "gone.csv")]
    [TestCase("gone.csv", "train", "hclt", "--data", "gone.csv", "--out", "m.juice")]
    public void A_file_that_is_not_there_ends_with_1_and_one_sentence_that_names_it(string file, params string[] arguments)
    {
        ToolRun run = ToolRun.InProcess(arguments);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Match(new Regex(@"\Ajuice: [^\n]*" + Regex.Escape(file) + @"[^\n]*\n\z")));
        Assert.That(run.Out, Is.Empty);
    }

    [Test]
    public void Bytes_are_read_with_their_units()
    {
        Assert.That(Parsed("800M"), Is.EqualTo(800L << 20));
        Assert.That(Parsed("2G"), Is.EqualTo(2L << 30));
        Assert.That(Parsed("1.5k"), Is.EqualTo(1536));
        Assert.That(Parsed("123456"), Is.EqualTo(123456));
        foreach (string bad in new[] { "", "G", "-1", "0", "1X", "1e30", "9999999T" })
            Assert.That(Options.OptionValues.TryParseBytes(bad, out _), Is.False, bad);

        static long Parsed(string text) => Options.OptionValues.TryParseBytes(text, out long bytes) ? bytes : -1;
    }
}
