using System.Text.Json;

namespace Juice.Tests.Learning;

public class TrainingLogTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string Path => _folder.File("log.jsonl");

    private JsonElement[] Lines() => [.. File.ReadAllLines(Path).Select(line => JsonDocument.Parse(line).RootElement)];

    private static IEnumerable<string> Events(IEnumerable<JsonElement> lines) => lines.Select(line => line.GetProperty("event").GetString()!);

    private FitResult Fit(Rows? rows = null, Em? em = null, FitOptions? options = null, bool append = false, CancellationToken cancellation = default)
    {
        using CompiledCircuit model = Some.Model();
        using TrainingLog log = new(Path, append) { DataName = "some rows" };
        return model.Fit(rows ?? Some.Rows(), em ?? new MiniBatchEm { Epochs = 3, BatchSize = 50 }, (options ?? new FitOptions()) with { Log = log }, cancellation);
    }

    [Test]
    public void A_training_is_its_start_its_epochs_and_its_end()
    {
        FitResult result = Fit(options: new FitOptions { Validation = Some.Rows(count: 77, seed: 9), CheckpointPath = _folder.File("c.juice"), CheckpointEvery = 2 });

        JsonElement[] lines = Lines();
        Assert.That(Events(lines), Is.EqualTo(new[] { "start", "epoch", "epoch", "epoch", "end" }));
        Assert.That(lines, Has.All.Matches<JsonElement>(line => line.GetProperty("time").GetDateTime() > DateTime.UtcNow.AddHours(-1)));
        JsonElement data = lines[0].GetProperty("data"), circuit = lines[0].GetProperty("circuit"), options = lines[0].GetProperty("options");
        Assert.That(data.GetRawText(), Is.EqualTo("""{"name":"some rows","rows":200,"variables":12,"validation_rows":77,"mapped":false}"""));
        using Circuit same = Structures.Hclt([.. Enumerable.Range(-1, 12)], [.. Enumerable.Repeat(new Categorical(4), 12)], latents: 4, seed: 1);
        Assert.That(circuit.GetProperty("edges").GetInt64(), Is.EqualTo(same.Edges));
        Assert.That(circuit.GetProperty("parameters").GetInt64(), Is.EqualTo(same.Parameters));
        Assert.That(circuit.GetProperty("vectors").GetInt64(), Is.EqualTo(same.Vectors.Count));
        Assert.That(options.GetProperty("step_size").GetString(), Is.EqualTo("cosine:0.5:0.02"));
        Assert.That(options.GetProperty("batch_size").GetInt32(), Is.EqualTo(50));
        Assert.That(lines[0].GetProperty("versions").GetProperty("juice").GetString(), Is.EqualTo(JuiceVersion.Native));
        Assert.That(lines[0].GetProperty("hardware").GetProperty("threads").GetInt32(), Is.Positive);
        foreach (FitEpoch epoch in result.Epochs)
        {
            JsonElement line = lines[epoch.Epoch];
            Assert.That(line.GetProperty("epoch").GetInt32(), Is.EqualTo(epoch.Epoch));
            Assert.That(line.GetProperty("train_bpd").GetDouble(), Is.EqualTo(epoch.TrainBitsPerDimension));
            Assert.That(line.GetProperty("train_log_likelihood").GetDouble(), Is.EqualTo(-epoch.TrainBitsPerDimension * 12 * Math.Log(2)).Within(1e-9));
            Assert.That(line.GetProperty("validation_bpd").GetDouble(), Is.EqualTo(epoch.ValidationBitsPerDimension));
            Assert.That(line.GetProperty("validation_log_likelihood").GetDouble(), Is.Negative);
            Assert.That(line.GetProperty("rows_per_second").GetDouble(), Is.Positive);
            Assert.That(line.GetProperty("steps").GetInt64(), Is.EqualTo(4));
            Assert.That(line.GetProperty("impossible_rows").GetInt64(), Is.Zero);
            Assert.That(line.TryGetProperty("checkpoint", out _), Is.EqualTo(epoch.Epoch != 1), "after every second epoch and the last");
        }
        Assert.That(lines[3].GetProperty("step_size").GetDouble(), Is.EqualTo(0.02).Within(1e-7), "the last update's");
        Assert.That(lines[4].GetProperty("best_epoch").GetInt32(), Is.EqualTo(result.BestEpoch));
    }

    [Test]
    public void Early_stops_cancellations_and_failures_have_their_lines()
    {
        FullBatchEm learnsByHeart = new() { Epochs = 500, Pseudocount = 1e-4 };
        using CancellationTokenSource cancel = new();

        Fit(Some.Rows(count: 20), learnsByHeart, new FitOptions { Validation = Some.Rows(count: 300, seed: 9), Patience = 2 });
        string[] early = [.. Events(Lines()).Skip(1).SkipWhile(name => name == "epoch")];
        FitOptions cancelling = new() { Progress = new Heard<FitProgress>(_ => cancel.Cancel()) };
        Assert.That(() => Fit(options: cancelling, cancellation: cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        JsonElement[] cancelled = Lines();
        FitOptions failing = new() { Progress = new Heard<FitProgress>(progress => { if (progress.Epoch == 2) throw new InvalidTimeZoneException("no zone"); }) };
        Assert.That(() => Fit(options: failing), Throws.TypeOf<InvalidTimeZoneException>());
        JsonElement[] failed = Lines();

        Assert.That(early, Is.EqualTo(new[] { "early_stop", "end" }));
        Assert.That(Events(cancelled).First(), Is.EqualTo("start"));
        Assert.That(Events(cancelled).Last(), Is.EqualTo("cancel"));
        Assert.That(failed[^1].GetProperty("event").GetString(), Is.EqualTo("failure"));
        Assert.That(failed[^1].GetProperty("reason").GetString(), Is.EqualTo("no zone"));
        Assert.That(failed[^1].GetProperty("epoch").GetInt32(), Is.EqualTo(2));
    }

    [Test]
    public void A_resumed_training_goes_on_below_and_a_line_cut_off_is_taken_away()
    {
        string file = _folder.File("c.juice");
        MiniBatchEm em = new() { Epochs = 4, BatchSize = 50 };
        using CancellationTokenSource cancel = new();
        FitOptions stop = new() { CheckpointPath = file, Progress = new Heard<FitProgress>(progress => { if (progress.Epoch == 3) cancel.Cancel(); }) };
        Assert.That(() => Fit(em: em, options: stop, cancellation: cancel.Token), Throws.InstanceOf<OperationCanceledException>());
        string whole = File.ReadAllText(Path);
        File.AppendAllText(Path, "{\"event\":\"epo");
        Checkpoint checkpoint = Checkpoint.Load(file);
        using Circuit circuit = checkpoint.Circuit;
        int done = checkpoint.Epochs.Count;

        Fit(em: em, options: new FitOptions { Resume = checkpoint }, append: true);

        Assert.That(File.ReadAllText(Path), Does.StartWith(whole));
        JsonElement[] lines = [.. Lines().SkipWhile(line => line.GetProperty("event").GetString() != "resume")];
        Assert.That(lines[0].GetProperty("epoch").GetInt32(), Is.EqualTo(done));
        Assert.That(Events(lines).Skip(1), Is.EqualTo(Enumerable.Repeat("epoch", 4 - done).Append("end")));
    }

    [Test]
    public void A_new_log_begins_anew_and_one_cut_off_in_its_first_line_is_empty()
    {
        File.WriteAllText(Path, new string('x', 10_000));
        new TrainingLog(Path, append: true).Dispose();
        long cut = new FileInfo(Path).Length;
        File.WriteAllText(Path, "old\n");
        new TrainingLog(Path).Dispose();

        Assert.That(cut, Is.Zero);
        Assert.That(new FileInfo(Path).Length, Is.Zero);
    }

    [Test]
    public void Lines_are_there_as_soon_as_they_are_heard_of()
    {
        List<int> lines = [];
        FitOptions options = new() { Progress = new Heard<FitProgress>(progress => { if (progress.IsEpochEnd) lines.Add(File.ReadAllLines(Path).Length); }) };

        Fit(options: options);

        Assert.That(lines, Is.EqualTo(new[] { 2, 3, 4 }));
    }

    [Test]
    public void Lines_that_a_full_disk_has_no_room_for_are_left_out_whole()
    {
        using SmallDisk? disk = SmallDisk.Mount(kilobytes: 64);
        if (disk is null) Assert.Ignore("only root can mount a small file system here");
        string path = System.IO.Path.Combine(disk.Path, "log.jsonl"), filler = System.IO.Path.Combine(disk.Path, "filler");
        using CompiledCircuit model = Some.Model();
        using TrainingLog log = new(path);
        SmallDisk.Fill(filler);

        FitResult result = model.Fit(Some.Rows(), new MiniBatchEm { Epochs = 30 }, new FitOptions
        {
            Log = log,
            Progress = new Heard<FitProgress>(progress => { if (progress.IsEpochEnd && progress.Epoch == 10) File.Delete(filler); }),
        });

        Assert.That(result.Epochs, Has.Count.EqualTo(30));
        Assert.That(log.Failure?.Message, Does.Contain("No space left"));
        JsonElement[] lines = [.. File.ReadAllLines(path).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(Events(lines), Is.EqualTo(Enumerable.Repeat("epoch", 20).Append("end")));
    }

    [Test]
    public void A_file_that_cannot_be_opened_is_refused() =>
        Assert.That(() => new TrainingLog(_folder.File("no/log.jsonl")), Throws.InstanceOf<IOException>());
}
