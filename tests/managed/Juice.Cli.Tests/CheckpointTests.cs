using System.Diagnostics;
using System.Text.Json;

namespace Juice.Cli.Tests;

public class CheckpointTests
{
    private TemporaryFolder _folder;
    private string _rows;

    [SetUp]
    public void MakeFolder()
    {
        _folder = new TemporaryFolder();
        _rows = Some.BinaryRows(_folder);
    }

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string Model => _folder.File("m.juice");

    private string Usual => _folder.File("m.checkpoint.juice");

    private string[] Train(string output, params string[] more) =>
        ["train", "hclt", "--data", _rows, "--latents", "4", "--batch-size", "40", "--seed", "3", "--validation", "0.2", "--out", output, .. more];

    // Everything but how it was made: what two models that were trained alike have in common.
    private static float[][] Parameters(string model)
    {
        using Circuit circuit = Circuit.Load(model);
        return [.. circuit.Vectors.Where(vector => vector.ParameterCount > 0).Select(vector => vector.Parameters.ToArray())];
    }

    private static IEnumerable<string?> History(string model)
    {
        using Circuit circuit = Circuit.Load(model);
        using JsonDocument training = JsonDocument.Parse(circuit.Metadata["training"]);
        JsonElement run = training.RootElement.GetProperty("runs").EnumerateArray().Last();
        return [.. run.GetProperty("epochs").EnumerateArray().Select(epoch => $"{epoch.GetProperty("train_bpd")} {epoch.GetProperty("validation_bpd")}")];
    }

    private static void AssertSameModel(string actual, string expected)
    {
        Assert.That(Parameters(actual), Is.EqualTo(Parameters(expected)), "bit for bit");
        Assert.That(History(actual), Is.EqualTo(History(expected)));
    }

    private static int EpochsIn(string checkpoint)
    {
        Checkpoint found = Checkpoint.Load(checkpoint);
        found.Circuit.Dispose();
        return found.Epochs.Count;
    }

    // Leaves a checkpoint after `epochs` of so many as interrupted trainings do.
    private void Interrupt(string checkpoint, int epochs, params string[] more)
    {
        ToolRun.Well(Train(_folder.File("cut.juice"), ["--checkpoint", checkpoint, "--step-size", "0.3", "--epochs", $"{epochs}", .. more]));
        File.Delete(_folder.File("cut.juice"));
    }

    [Test]
    public void By_default_the_checkpoint_lies_beside_the_output_and_goes_when_that_is_written()
    {
        Assert.That(ToolRun.Well(Train(Model, "--epochs", "3")).Error, Does.Not.Contain("checkpoint"));

        Assert.That(Directory.GetFiles(_folder.Path), Is.EquivalentTo(new[] { _rows, Model }));
    }

    [Test]
    public void A_named_checkpoint_stays_is_a_model_and_tells_its_state()
    {
        string checkpoint = _folder.File("c.juice");

        ToolRun.Well(Train(Model, "--epochs", "3", "--checkpoint", checkpoint, "--checkpoint-every", "2"));

        Assert.That(ToolRun.Well("evaluate", checkpoint, "--data", _rows, "--json").Json.GetProperty("bpd").GetDouble(), Is.InRange(0.5, 1));
        Assert.That(ToolRun.Well("inspect", checkpoint).Out, Does.Contain("training state").And.Match(@"epochs +3 of 3 done, the best one was \d"));
        JsonElement state = ToolRun.Well("inspect", checkpoint, "--json").Json.GetProperty("training_state");
        Assert.That(state.GetProperty("epoch").GetInt32(), Is.EqualTo(3));
        Assert.That(state.GetProperty("seed").GetInt32(), Is.EqualTo(3));
        Assert.That(state.GetProperty("history").GetArrayLength(), Is.EqualTo(3));
        Assert.That(ToolRun.Well("inspect", Model).Out, Does.Not.Contain("training state"));
        Assert.That(ToolRun.Well("inspect", Model, "--json").Json.TryGetProperty("training_state", out _), Is.False);
    }

    [Test]
    public void Resuming_ends_as_if_nothing_had_happened_and_appends_to_the_log()
    {
        string whole = _folder.File("whole.juice"), log = _folder.File("log.jsonl");
        ToolRun.Well(Train(whole, "--step-size", "0.3", "--epochs", "6"));
        Interrupt(Usual, 4, "--log", log);
        int before = File.ReadAllLines(log).Length;

        ToolRun run = ToolRun.Well(Train(Model, "--step-size", "0.3", "--epochs", "6", "--resume", "--log", log));

        AssertSameModel(Model, whole);
        Assert.That(run.Error, Does.Contain("goes on after epoch 4 of 4").And.Contain("epoch 5/6").And.Not.Contain("epoch 4/6").And.Not.Contain("Chow-Liu"));
        Assert.That(File.ReadAllLines(log)[before], Does.StartWith("{\"event\":\"resume\"").And.Contain("\"epoch\":4"));
        Assert.That(File.Exists(Usual), Is.False, "its work is done");
    }

    [Test]
    public void A_model_that_goes_on_is_resumed_with_the_model_that_it_began_with()
    {
        string start = Some.Model(_folder), whole = _folder.File("whole.juice");
        string[] train = ["train", start, "--data", _rows, "--full-batch", "--validation", "0.2"];
        ToolRun.Well([.. train, "--epochs", "5", "--out", whole]);
        ToolRun.Well([.. train, "--epochs", "2", "--out", Model, "--checkpoint", Usual]);
        string log = _folder.File("log.jsonl");

        ToolRun.Well([.. train, "--epochs", "5", "--out", Model, "--resume", "--log", log]);

        AssertSameModel(Model, whole);
        Assert.That(File.ReadAllLines(log), Has.Length.EqualTo(5), "resume, three epochs, end");
    }

    [TestCase("--latents", "5", "latents is 4, and here it is 5")]
    [TestCase("--seed", "4", "seed is 3, and here it is 4")]
    [TestCase("--tree-rows", "50", "tree-rows is the usual one, and here it is 50")]
    [TestCase("--batch-size", "41", "it has a batch size of 40, this training 41")]
    [TestCase("--step-size", "0.4", "it has the step size 0.3, this training 0.4")]
    [TestCase("--rows", "300", "it has rows numbering 320, this training 240")]
    [TestCase("--epochs", "2", "it has done 3 epochs, this training has 2")]
    public void A_checkpoint_of_another_training_is_refused(string option, string value, string sentence)
    {
        Interrupt(Usual, 3);
        byte[] before = File.ReadAllBytes(Usual);
        List<string> arguments = [.. Train(Model, "--step-size", "0.3", "--epochs", "6", "--resume")];
        int at = arguments.IndexOf(option);
        if (at < 0) arguments.AddRange([option, value]);
        else arguments[at + 1] = value;

        ToolRun run = ToolRun.InProcess([.. arguments]);

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain(sentence));
        Assert.That(File.ReadAllBytes(Usual), Is.EqualTo(before));
        Assert.That(File.Exists(Model), Is.False);
    }

    [Test]
    public void Other_rows_and_other_circuits_are_refused()
    {
        Interrupt(Usual, 3);
        string other = Some.BinaryRows(_folder, "other.csv", seed: 9), model = Some.Model(_folder);
        string[] options = ["--step-size", "0.3", "--epochs", "6", "--resume"];

        ToolRun rows = ToolRun.InProcess([.. Train(Model, options).Select(argument => argument == _rows ? other : argument)]);
        ToolRun circuit = ToolRun.InProcess(
            ["train", model, "--data", _rows, "--batch-size", "40", "--seed", "3", "--validation", "0.2", "--out", Model, .. options]);

        Assert.That(rows.Error, Does.Contain("it was of other rows"));
        Assert.That(circuit.Error, Does.Contain("its circuit is wired otherwise"));
    }

    [Test]
    public void Without_a_checkpoint_there_is_nothing_to_resume_and_with_one_a_new_training_is_not_begun()
    {
        ToolRun none = ToolRun.InProcess(Train(Model, "--resume"));
        ToolRun off = ToolRun.InProcess(Train(Model, "--resume", "--checkpoint", "none"));
        Interrupt(Usual, 3);
        byte[] before = File.ReadAllBytes(Usual);
        ToolRun again = ToolRun.InProcess(Train(Model, "--epochs", "2"));

        Assert.That((none.ExitCode, none.Error), Is.EqualTo((1, $"juice: There is no checkpoint '{Usual}' to resume.\n")));
        Assert.That((off.ExitCode, off.Error), Is.EqualTo((2, "juice: --resume needs a checkpoint; --checkpoint none has none.\n")));
        Assert.That(again.ExitCode, Is.EqualTo(1));
        Assert.That(again.Error, Does.Contain("is the checkpoint of an interrupted training: go on with --resume"));
        Assert.That(File.ReadAllBytes(Usual), Is.EqualTo(before));
    }

    [Test]
    public void A_checkpoint_takes_no_models_place()
    {
        string model = Some.Model(_folder);
        ToolRun output = ToolRun.InProcess(Train(Model, "--checkpoint", Model));
        ToolRun input = ToolRun.InProcess("train", model, "--data", _rows, "--out", Model, "--checkpoint", model);

        Assert.That((output.ExitCode, input.ExitCode), Is.EqualTo((2, 2)));
        Assert.That(output.Error, Does.Contain($"would take the place of '{Model}'"));
        Assert.That(input.Error, Does.Contain($"would take the place of '{model}'"));
    }

    [Test]
    public void Checkpoints_can_be_turned_off()
    {
        ToolRun.Well(Train(Model, "--epochs", "2", "--checkpoint", "none"));

        Assert.That(Directory.GetFiles(_folder.Path), Is.EquivalentTo(new[] { _rows, Model }));
    }

    // Killed again and again, at times of its own choosing: each time the last whole checkpoint is there, and in the end the model is the one that
    // an undisturbed training leaves.
    [Test]
    public void Killed_at_any_moment_it_goes_on_from_the_last_whole_checkpoint()
    {
        _rows = Some.BinaryRows(_folder, "wide.csv", rows: 60, variables: 60);
        string whole = _folder.File("whole.juice"), log = _folder.File("log.jsonl");
        string[] options = ["--latents", "40", "--epochs", "200", "--step-size", "0.05", "--threads", "1"];
        string[] train = [.. Train(Model, options).Where((_, i) => i is not (4 or 5)), "--log", log];     // these latents, not the usual ones
        ToolRun.Well([.. train[..^2].Select(argument => argument == Model ? whole : argument)]);
        Random random = new(5);
        Stopwatch clock = Stopwatch.StartNew();
        int kills = 0, epochs = 0;
        while (clock.Elapsed < TimeSpan.FromSeconds(20) && kills < 40)
        {
            using Process process = ToolRun.Start(File.Exists(Usual) ? [.. train, "--resume"] : train);
            _ = process.StandardError.ReadToEndAsync();
            _ = process.StandardOutput.ReadToEndAsync();
            DateTime written = File.GetLastWriteTimeUtc(Usual);
            while (!process.HasExited && File.GetLastWriteTimeUtc(Usual) == written) Thread.Sleep(1);
            Thread.Sleep(random.Next(60));
            process.Kill();
            process.WaitForExit();
            if (File.Exists(Model)) break;      // it was faster
            kills++;
            int now = EpochsIn(Usual);
            Assert.That(now, Is.GreaterThan(epochs));
            epochs = now;
            foreach (string line in File.ReadAllLines(log)) Assert.That(() => JsonDocument.Parse(line), Throws.Nothing, line);
        }
        TestContext.Out.WriteLine($"{kills} kills, the last one after epoch {epochs}");
        if (!File.Exists(Model)) ToolRun.Well([.. train, "--resume"]);

        AssertSameModel(Model, whole);
        Assert.That(kills, Is.Positive);
    }

    // The limit on a file's size stands for a disk that is full for large files: checkpoints grow by what they remember.
    [Test]
    public void Where_a_checkpoint_cannot_be_written_the_one_before_stays_and_the_training_goes_on()
    {
        if (!OperatingSystem.IsLinux()) Assert.Ignore("bash and its limits are wanted");
        string whole = _folder.File("whole.juice"), checkpoint = _folder.File("c.juice"), first = _folder.File("first.juice");
        ToolRun.Well(Train(whole, "--epochs", "90", "--step-size", "0.3"));
        ToolRun.Well(Train(first, "--epochs", "1", "--step-size", "0.3", "--checkpoint", checkpoint));
        // Room for some 60 epochs of history. What .NET maps for its own code is no file of ours.
        long blocks = (new FileInfo(checkpoint).Length + 60 * 48) / 1024;
        File.Delete(checkpoint);

        using Process process = ToolRun.StartAfter(
            $"export DOTNET_EnableWriteXorExecute=0 COMPlus_EnableDiagnostics=0; trap '' XFSZ; ulimit -f {blocks}",
            Train(Model, "--epochs", "90", "--step-size", "0.3", "--checkpoint", checkpoint));
        ToolRun run = ToolRun.ToEnd(process);

        string failure = $"no checkpoint: {checkpoint} cannot be written: File too large";
        Assert.That(run.Error.Split('\n').Count(line => line.Contains(failure, StringComparison.Ordinal)), Is.InRange(5, 85), run.Error);
        Assert.That(EpochsIn(checkpoint), Is.InRange(5, 85));
        Assert.That(Directory.GetFiles(_folder.Path, ".juice-*"), Is.Empty);
        Assert.That(run.Error, Does.Contain("epoch 90/90"));
    }
}
