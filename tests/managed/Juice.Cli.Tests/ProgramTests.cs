using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Juice.Cli.Tests;

public partial class ProgramTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void Results_alone_go_to_standard_output()
    {
        Conformance answers = Conformance.Case(0);

        ToolRun run = ToolRun.AsProgram("", "loglik", answers.Model, answers.Rows);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Out, Is.EqualTo(ToolRun.Well("loglik", answers.Model, answers.Rows).Out));
        Assert.That(run.Error, Is.Empty);
    }

    [Test]
    public void Rows_are_read_from_standard_input()
    {
        Conformance answers = Conformance.Case(0);

        Assert.That(ToolRun.AsProgram(File.ReadAllText(answers.Rows), "loglik", answers.Model, "-").Out,
            Is.EqualTo(ToolRun.Well("loglik", answers.Model, answers.Rows).Out));
    }

    [TestCase(0, "devices")]
    [TestCase(1, "inspect", "gone.juice")]
    [TestCase(2, "inspect")]
    [TestCase(2)]
    public void The_exit_code_is_the_process_s(int code, params string[] arguments) =>
        Assert.That(ToolRun.AsProgram("", arguments).ExitCode, Is.EqualTo(code));

    [TestCase(2, TestName = "Ctrl_C_ends_a_training_with_the_model_so_far")]
    [TestCase(15, TestName = "A_polite_kill_ends_a_training_with_the_model_so_far")]
    public void Signals_end_a_training_with_the_model_so_far(int signal)
    {
        if (OperatingSystem.IsWindows()) Assert.Ignore("Windows has no signals.");
        string rows = Some.BinaryRows(_folder, rows: 3000, variables: 20), model = _folder.File("m.juice");
        using Process process = ToolRun.Start("train", "hclt", "--data", rows, "--latents", "16", "--epochs", "1000000", "--out", model);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        while (process.StandardError.ReadLine() is { } line && !line.StartsWith("epoch ", StringComparison.Ordinal))
        {
            // on to the first epoch
        }
        Task<string> error = process.StandardError.ReadToEndAsync();

        Assert.That(Kill(process.Id, signal), Is.Zero);

        Assert.That(process.WaitForExit(TimeSpan.FromSeconds(30)), Is.True);
        Assert.That(process.ExitCode, Is.EqualTo(1));
        Assert.That(error.Result, Does.Match(@"juice: stopped in epoch \d+; \S+m\.juice holds the model as it was then, and --resume goes on from \S+m\.checkpoint\.juice\."));
        Assert.That(output.Result, Is.Empty);
        Assert.That(ToolRun.Well("loglik", model, rows).Lines, Has.Length.EqualTo(3000));
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
