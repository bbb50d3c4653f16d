using Juice.Interop;

namespace Juice.Tests.Learning;

public class CheckpointTests
{
    private TemporaryFolder _folder;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private string File => _folder.File("training.juice");

    // Every kind of input, a tree that is deep and narrow, and another of the same wiring with other parameters.
    private static CompiledCircuit Mixed(ulong seed)
    {
        Distribution[] distributions =
        [
            new Categorical(4), new Bernoulli(), new Binomial(3), new Gaussian(), new DiscreteLogistic(0, 4, 4), new Categorical(9), new Categorical(5),
        ];
        using Circuit circuit = Structures.Hclt([-1, 0, 1, 1, 3, 0, 5], distributions, latents: 5, seed);
        return circuit.Compile();
    }

    private static Rows MixedRows(int count, int seed)
    {
        Random random = new(seed);
        float[] values = new float[count * 7];
        for (int i = 0; i < count; i++)
        {
            int kind = random.Next(3);
            float[] row = [kind, kind > 0 ? 1 : 0, kind, (float)(kind + random.NextDouble()), kind, 3 * kind, random.Next(5)];
            if (random.Next(9) == 0) row[random.Next(7)] = float.NaN;
            row.CopyTo(values, 7 * i);
        }
        return Rows.Of(values, 7);
    }

    private static float[][] Parameters(CompiledCircuit model)
    {
        using Circuit circuit = model.ToCircuit();
        return [.. circuit.Vectors.Where(vector => vector.ParameterCount > 0).Select(vector => model.GetParameters(vector.Id))];
    }

    // The times that epochs took are the run's own.
    private static IEnumerable<FitEpoch> Timeless(FitResult result) => result.Epochs.Select(epoch => epoch with { Elapsed = TimeSpan.Zero });

    private static void AssertSame(FitResult actual, CompiledCircuit model, FitResult expected, float[][] parameters)
    {
        Assert.That(Timeless(actual), Is.EqualTo(Timeless(expected)));
        Assert.That((actual.BestEpoch, actual.StoppedEarly), Is.EqualTo((expected.BestEpoch, expected.StoppedEarly)));
        Assert.That(Parameters(model), Is.EqualTo(parameters), "bit for bit");
    }

    // Trains until `epochs` have been checkpointed, and is cancelled in the middle of the next one.
    private void Interrupt(CompiledCircuit model, Rows rows, Em em, FitOptions options, int epochs)
    {
        using CancellationTokenSource cancel = new();
        Heard<FitProgress> stop = new(progress =>
        {
            if (progress.IsEpochEnd && progress.Epoch == epochs) cancel.Cancel();
        });
        Assert.That(
            () => model.Fit(rows, em, options with { CheckpointPath = File, Progress = stop }, cancel.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase(true)]
    [TestCase(false)]
    public void An_interrupted_training_ends_as_one_that_was_not(bool validates)
    {
        Rows rows = MixedRows(230, seed: 1);
        MiniBatchEm em = new() { Epochs = 5, BatchSize = 32, Seed = 7 };
        FitOptions options = new() { Validation = validates ? MixedRows(100, seed: 2) : null };
        using CompiledCircuit whole = Mixed(seed: 3);
        FitResult expected = whole.Fit(rows, em, options);
        float[][] parameters = Parameters(whole);

        for (int epochs = 1; epochs < 5; epochs++)
        {
            using CompiledCircuit first = Mixed(seed: 3), second = Mixed(seed: 4);
            Interrupt(first, rows, em, options, epochs);
            Checkpoint checkpoint = Checkpoint.Load(File);
            using Circuit circuit = checkpoint.Circuit;
            Assert.That(checkpoint.Epochs, Has.Count.EqualTo(epochs));

            FitResult result = second.Fit(rows, em, options with { Resume = checkpoint, CheckpointPath = File });

            AssertSame(result, second, expected, parameters);
        }
    }

    [Test]
    public void It_may_be_interrupted_after_every_epoch()
    {
        Rows rows = MixedRows(150, seed: 1);
        FullBatchEm em = new() { Epochs = 6, BatchSize = 40, Pseudocount = 0.01 };
        FitOptions options = new() { Validation = MixedRows(100, seed: 2) };
        using CompiledCircuit whole = Mixed(seed: 3);
        FitResult expected = whole.Fit(rows, em, options);

        using CompiledCircuit begun = Mixed(seed: 3);
        Interrupt(begun, rows, em, options, 1);
        for (int epochs = 2; epochs < 6; epochs++)
        {
            using CompiledCircuit next = Mixed(seed: (ulong)epochs);
            Checkpoint checkpoint = Checkpoint.Load(File);
            using Circuit circuit = checkpoint.Circuit;
            Interrupt(next, rows, em, options with { Resume = checkpoint }, epochs);
        }
        using CompiledCircuit last = Mixed(seed: 9);
        Checkpoint end = Checkpoint.Load(File);
        using Circuit read = end.Circuit;

        AssertSame(last.Fit(rows, em, options with { Resume = end }), last, expected, Parameters(whole));
        Assert.That(end.Epochs, Has.Count.EqualTo(5));
    }

    [Test]
    public void Early_stopping_counts_on_and_the_best_epoch_outlives_the_interruption()
    {
        // A few rows are learnt by heart: the best epoch is an early one, and patience runs out after it.
        Rows rows = Some.Rows(count: 20);
        FullBatchEm em = new() { Epochs = 500, Pseudocount = 1e-4 };
        FitOptions options = new() { Validation = Some.Rows(count: 300, seed: 9), Patience = 4 };
        using CompiledCircuit whole = Some.Model(latents: 16);
        FitResult expected = whole.Fit(rows, em, options);
        int best = expected.BestEpoch!.Value;
        Assert.That((expected.StoppedEarly, expected.Epochs.Count), Is.EqualTo((true, best + 4)));

        foreach (int epochs in new[] { best - 1, best, best + 1, best + 3 })
        {
            using CompiledCircuit first = Some.Model(latents: 16), second = Some.Model(latents: 16, seed: 5);
            Interrupt(first, rows, em, options, epochs);
            Checkpoint checkpoint = Checkpoint.Load(File);
            using Circuit circuit = checkpoint.Circuit;
            Assert.That(checkpoint.BestEpoch, Is.EqualTo(Math.Min(epochs, best)));

            AssertSame(second.Fit(rows, em, options with { Resume = checkpoint }), second, expected, Parameters(whole));
        }
    }

    [Test]
    public void Checkpoints_change_no_bit_and_leave_no_other_file()
    {
        Rows rows = MixedRows(230, seed: 1);
        MiniBatchEm em = new() { Epochs = 4, BatchSize = 50, Seed = 7 };
        FitOptions options = new() { Validation = MixedRows(100, seed: 2) };
        using CompiledCircuit without = Mixed(seed: 3), with = Mixed(seed: 3);

        FitResult expected = without.Fit(rows, em, options);
        FitResult actual = with.Fit(rows, em, options with { CheckpointPath = File });

        AssertSame(actual, with, expected, Parameters(without));
        Assert.That(Directory.GetFiles(_folder.Path), Is.EqualTo(new[] { File }));
    }

    [Test]
    public void A_checkpoint_is_a_model_and_what_is_saved_of_it_has_no_state()
    {
        Rows rows = Some.Rows();
        using CompiledCircuit model = Some.Model();
        FitResult result = model.Fit(rows, new MiniBatchEm { Epochs = 3, Seed = 5 }, new FitOptions { CheckpointPath = File });

        using Circuit circuit = Circuit.Load(File);
        using CompiledCircuit read = circuit.Compile();
        using Circuit saved = read.ToCircuit();
        Checkpoint checkpoint = Checkpoint.Find(circuit)!;

        Assert.That(read.LogLikelihood(rows), Is.EqualTo(model.LogLikelihood(rows)));
        Assert.That(Checkpoint.Find(saved), Is.Null);
        Assert.That((checkpoint.PlannedEpochs, checkpoint.Steps, checkpoint.Seed, checkpoint.Rows), Is.EqualTo((3, 3L, 5UL, 200L)));
        Assert.That((checkpoint.BatchSize, checkpoint.IsFullBatch, checkpoint.StepSize), Is.EqualTo((256L, false, "cosine:0.5:0.02")));
        Assert.That(checkpoint.Epochs.Select(epoch => epoch.TrainBitsPerDimension), Is.EqualTo(result.Epochs.Select(epoch => epoch.TrainBitsPerDimension)));
        Assert.That((checkpoint.BestEpoch, checkpoint.ValidationRows), Is.EqualTo(((int?)null, 0L)));
        Assert.That(checkpoint.Elapsed, Is.GreaterThan(TimeSpan.Zero));
    }

    [Test]
    public void Checkpoints_come_every_so_many_epochs_and_at_the_end()
    {
        using CompiledCircuit model = Some.Model();
        List<int> written = [];
        FitOptions options = new()
        {
            CheckpointPath = File,
            CheckpointEvery = 3,
            Progress = new Heard<FitProgress>(progress =>
            {
                if (progress.CheckpointPath is null) return;
                using Circuit circuit = Circuit.Load(progress.CheckpointPath);
                Assert.That(Checkpoint.Find(circuit)!.Epochs, Has.Count.EqualTo(progress.Epoch));
                written.Add(progress.Epoch);
            }),
        };

        model.Fit(Some.Rows(), new MiniBatchEm { Epochs = 8 }, options);

        Assert.That(written, Is.EqualTo(new[] { 3, 6, 8 }));
    }

    [Test]
    public void A_training_that_is_over_stays_over()
    {
        Rows rows = Some.Rows();
        FitOptions options = new() { Validation = Some.Rows(seed: 9), CheckpointPath = File };
        using CompiledCircuit model = Some.Model(), other = Some.Model(seed: 2);
        FitResult expected = model.Fit(rows, new MiniBatchEm { Epochs = 3 }, options);
        Checkpoint checkpoint = Checkpoint.Load(File);
        using Circuit circuit = checkpoint.Circuit;

        FitResult result = other.Fit(rows, new MiniBatchEm { Epochs = 3 }, options with { Resume = checkpoint });

        AssertSame(result, other, expected, Parameters(model));
    }

    [Test]
    public void With_a_constant_step_size_it_may_be_made_longer()
    {
        Rows rows = Some.Rows();
        MiniBatchEm em = new() { Epochs = 6, BatchSize = 64, StepSize = 0.3 };
        FitOptions options = new() { Validation = Some.Rows(seed: 9), CheckpointPath = File };
        using CompiledCircuit whole = Some.Model(), first = Some.Model(), second = Some.Model(seed: 2);
        FitResult expected = whole.Fit(rows, em, options with { CheckpointPath = null });

        first.Fit(rows, em with { Epochs = 2 }, options);
        Checkpoint checkpoint = Checkpoint.Load(File);
        using Circuit circuit = checkpoint.Circuit;

        AssertSame(second.Fit(rows, em, options with { Resume = checkpoint }), second, expected, Parameters(whole));
    }

    [Test]
    public void Another_training_than_the_checkpoints_is_refused_and_nothing_touched()
    {
        Rows rows = Some.Rows(), validation = Some.Rows(seed: 9);
        MiniBatchEm em = new() { Epochs = 3, BatchSize = 64, Seed = 5 };
        FitOptions options = new() { Validation = validation };
        using CompiledCircuit begun = Some.Model();
        begun.Fit(rows, em, options with { CheckpointPath = File });
        Checkpoint checkpoint = Checkpoint.Load(File);
        using Circuit circuit = checkpoint.Circuit;
        using CompiledCircuit model = Some.Model(seed: 6), wider = Some.Model(latents: 5);
        float[][] before = Parameters(model);
        byte[] changed = [.. Enumerable.Repeat((byte)1, 200 * 12)];

        Refused("a batch size of 64, this training 65", em: em with { BatchSize = 65 });
        Refused("the seed 5, this training 6", em: em with { Seed = 6 });
        Refused("a pseudocount of 0.1, this training 0", em: em with { Pseudocount = 0 });
        Refused("the step size cosine:0.5:0.02, this training 0.5", em: em with { StepSize = 0.5 });
        Refused("a least deviation of 0.01, this training 0.5", em: em with { MinDeviation = 0.5 });
        Refused("a least scale of 0.01, this training 0.5", em: em with { MinScale = 0.5 });
        Refused("rows in shuffled order, this training rows in their own order", em: em with { Shuffle = false });
        Refused("mini-batch training, this training full-batch training", em: new FullBatchEm { Epochs = 3, BatchSize = 64, Seed = 5 });
        Refused("it has 3 epochs, this training 4, and only with a constant step size", em: em with { Epochs = 4 });
        Refused("rows numbering 200, this training 199", rows: rows.Take(199));
        Refused("it was of other rows", rows: Rows.Of(changed, 12));
        Refused("it was of other rows", rows: rows.WithWeights(Enumerable.Repeat(2f, 200).ToArray()));
        Refused("validation rows numbering 200, this training 0", options: new FitOptions());
        Refused("it was validated on other rows", options: new FitOptions { Validation = rows });
        Refused("a patience of 0, this training 3", options: options with { Patience = 3 });
        Refused("the best epoch kept, this training the last epoch kept", options: options with { KeepBest = false });
        Assert.That(
            () => wider.Fit(rows, em, options with { Resume = checkpoint }), Throws.ArgumentException.With.Message.Contains("its circuit is wired otherwise"));
        Assert.That(Parameters(model), Is.EqualTo(before));

        void Refused(string sentence, Rows? rows = null, Em? em = null, FitOptions? options = null) => Assert.That(
            () => model.Fit(rows ?? Some.Rows(), em ?? new MiniBatchEm { Epochs = 3, BatchSize = 64, Seed = 5 },
                (options ?? new FitOptions { Validation = validation }) with { Resume = checkpoint }),
            Throws.ArgumentException.With.Message.StartsWith("The checkpoint is of another training: ").And.Message.Contains(sentence));
    }

    [Test]
    public void Fewer_epochs_than_are_done_are_refused()
    {
        using CompiledCircuit model = Some.Model();
        model.Fit(Some.Rows(), new MiniBatchEm { Epochs = 3, StepSize = 0.5 }, new FitOptions { CheckpointPath = File });
        Checkpoint checkpoint = Checkpoint.Load(File);
        using Circuit circuit = checkpoint.Circuit;

        Assert.That(
            () => model.Fit(Some.Rows(), new MiniBatchEm { Epochs = 2, StepSize = 0.5 }, new FitOptions { Resume = checkpoint }),
            Throws.ArgumentException.With.Message.Contains("it has done 3 epochs, this training has 2"));
    }

    [Test]
    public void A_checkpoint_that_cannot_be_written_does_not_end_the_training()
    {
        Rows rows = Some.Rows();
        MiniBatchEm em = new() { Epochs = 4, BatchSize = 50 };
        using CompiledCircuit without = Some.Model(), with = Some.Model();
        string folder = _folder.File("gone"), file = Path.Combine(folder, "training.juice");
        Directory.CreateDirectory(folder);
        ListLogger logger = new();
        List<(int Epoch, string? Path, string? Failure)> heard = [];

        FitResult expected = without.Fit(rows, em);
        FitResult result = with.Fit(rows, em, new FitOptions
        {
            CheckpointPath = file,
            Logger = logger,
            Progress = new Heard<FitProgress>(progress =>
            {
                if (!progress.IsEpochEnd) return;
                heard.Add((progress.Epoch, progress.CheckpointPath, progress.CheckpointFailure?.Message));
                if (progress.Epoch == 1) Directory.Delete(folder, recursive: true);
                if (progress.Epoch == 3) Directory.CreateDirectory(folder);
            }),
        });

        AssertSame(result, with, expected, Parameters(without));
        string failure = $"{file} cannot be written: No such file or directory";
        Assert.That(heard, Is.EqualTo(new[] { (1, file, null), (2, null, failure), (3, null, failure), (4, (string?)file, (string?)null) }));
        Assert.That(logger.Lines.Count(line => line.StartsWith("Warning: Epoch ", StringComparison.Ordinal)), Is.EqualTo(2));
    }

    [Test]
    public void A_full_disk_leaves_the_old_checkpoint_whole_and_nothing_else()
    {
        using SmallDisk? disk = SmallDisk.Mount(kilobytes: 256);
        if (disk is null) Assert.Ignore("only root can mount a small file system here");
        string file = Path.Combine(disk.Path, "training.juice"), filler = Path.Combine(disk.Path, "filler");
        Rows rows = Some.Rows();
        using CompiledCircuit without = Some.Model(), with = Some.Model();
        MiniBatchEm em = new() { Epochs = 6, BatchSize = 50, Seed = 2 };
        FitResult expected = without.Fit(rows, em);
        Dictionary<int, string?> failures = [];

        FitResult result = with.Fit(rows, em, new FitOptions
        {
            CheckpointPath = file,
            Progress = new Heard<FitProgress>(progress =>
            {
                if (!progress.IsEpochEnd) return;
                failures[progress.Epoch] = progress.CheckpointFailure?.Message;
                if (progress.Epoch == 2) SmallDisk.Fill(filler);
                if (progress.Epoch is 3 or 4)
                {
                    using Circuit circuit = Circuit.Load(file);
                    Assert.That(Checkpoint.Find(circuit)!.Epochs, Has.Count.EqualTo(2), "the last whole one");
                    Assert.That(Directory.GetFiles(disk.Path).Select(Path.GetFileName), Is.EquivalentTo(new[] { "training.juice", "filler" }));
                }
                if (progress.Epoch == 4) System.IO.File.Delete(filler);
            }),
        });

        AssertSame(result, with, expected, Parameters(without));
        string full = $"{file} cannot be written: No space left on device";
        Assert.That(failures.Values, Is.EqualTo(new[] { null, null, full, full, null, null }));
        using Circuit last = Circuit.Load(file);
        Assert.That(Checkpoint.Find(last)!.Epochs, Has.Count.EqualTo(6));
    }

    [Test]
    public void What_is_no_checkpoint_is_told_apart()
    {
        using Circuit circuit = Some.Circuit();
        circuit.Save(File);

        Assert.That(Checkpoint.Find(circuit), Is.Null);
        Assert.That(() => Checkpoint.Load(File), Throws.TypeOf<InvalidDataException>().With.Message.Contains("nothing to resume"));
        Assert.That(() => Checkpoint.Load(_folder.File("none.juice")), Throws.InstanceOf<IOException>());
    }

    [TestCase("state.version", 2L, "version 2")]
    [TestCase("state.epoch", 0L, "'state.epoch' of the training state is 0")]
    [TestCase("state.epochs", -5L, "'state.epochs' of the training state is -5")]
    [TestCase("state.epoch", 4_000_000_000L, "is 4000000000")]
    [TestCase("state.best.epoch", 9L, "'state.best.epoch' of the training state is 9, after epoch 2")]
    [TestCase("state.history.rows", 7L, "'state.history.rows' of the training state has 1 entries, not 2")]
    [TestCase("state.pseudocount", 7L, "'state.pseudocount' of the training state has type I64, not F64")]
    [TestCase("state.seconds", null, "The training state has no 'state.seconds'")]
    [TestCase("state.rows.hash", null, "The training state has no 'state.rows.hash'")]
    public void A_state_that_is_not_whole_is_refused(string name, long? value, string sentence)
    {
        using CompiledCircuit model = Some.Model();
        model.Fit(Some.Rows(), new MiniBatchEm { Epochs = 2 }, new FitOptions { CheckpointPath = File });
        using Circuit circuit = Circuit.Load(File);
        using Circuit damaged = Changed(circuit, name, value);

        Assert.That(() => Checkpoint.Find(damaged), Throws.TypeOf<InvalidDataException>().With.Message.Contains(sentence));
    }

    // The circuit with one tensor of its state replaced by a number, or gone.
    private static Circuit Changed(Circuit circuit, string name, long? value)
    {
        StateReader state = new(circuit);
        StateWriter changed = new();
        foreach (string other in state.Names.Where(other => other != name)) state.CopyTo(changed, other);
        if (value is not null) changed.Add(name, value.Value);
        return new Circuit(changed.AddTo(circuit.Handle));
    }

    [Test]
    public void Options_that_make_no_sense_are_rejected()
    {
        using CompiledCircuit model = Some.Model();

        Assert.That(
            () => model.Fit(Some.Rows(), new MiniBatchEm(), new FitOptions { CheckpointPath = File, CheckpointEvery = 0 }),
            Throws.ArgumentException.With.Message.Contains("CheckpointEvery is 0"));
        Assert.That(
            () => model.Fit(Some.Rows(), new MiniBatchEm(), new FitOptions { CheckpointPath = "" }),
            Throws.ArgumentException.With.Message.Contains("CheckpointPath is empty"));
    }
}
