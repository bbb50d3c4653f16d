namespace Juice.Tests;

public class FitTests(string device) : OnEveryDevice(device)
{
    [Test]
    public void Training_lowers_the_bits_of_rows_never_seen()
    {
        using CompiledCircuit model = SomeModel(latents: 8);
        double before = model.BitsPerDimension(Some.Rows(count: 500, seed: 9));

        FitResult result = model.Fit(Some.Rows(count: 2000), new MiniBatchEm { Epochs = 5, BatchSize = 100 });

        Assert.That(model.BitsPerDimension(Some.Rows(count: 500, seed: 9)), Is.LessThan(before - 0.3));
        Assert.That(result.Epochs, Has.Count.EqualTo(5));
        Assert.That(result.Epochs.Select(epoch => epoch.Epoch), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
        Assert.That(result.Epochs.Select(epoch => epoch.Steps), Is.All.EqualTo(20));
        Assert.That(result.Epochs.Select(epoch => epoch.Rows), Is.All.EqualTo(2000));
        Assert.That(result.Epochs[^1].TrainBitsPerDimension, Is.LessThan(result.Epochs[0].TrainBitsPerDimension));
        Assert.That(result.BestEpoch, Is.Null);
        Assert.That(result.StoppedEarly, Is.False);
    }

    [Test]
    public void Full_batch_training_never_lowers_the_likelihood()
    {
        using CompiledCircuit model = SomeModel();

        FitResult result = model.Fit(Some.Rows(), new FullBatchEm { Epochs = 15, Pseudocount = 0, BatchSize = 64 });

        double[] bits = [.. result.Epochs.Select(epoch => epoch.TrainBitsPerDimension)];
        Assert.That(result.Epochs.Select(epoch => epoch.Steps), Is.All.EqualTo(1));
        for (int i = 1; i < bits.Length; i++) Assert.That(bits[i], Is.LessThanOrEqualTo(bits[i - 1] + 1e-6));
    }

    [Test]
    public void A_full_batch_epoch_is_the_step_in_three_calls()
    {
        var rows = Some.Rows();
        using CompiledCircuit epoch = SomeModel(), step = SomeModel();

        epoch.Fit(rows, new FullBatchEm { Epochs = 1, StepSize = 0.7, Pseudocount = 0.5, BatchSize = 33 });
        step.Forward(rows);
        step.Backward();
        step.Update(new EmUpdate { StepSize = 0.7f, Pseudocount = 0.5f });

        Assert.That(epoch.LogLikelihood(rows), Is.EqualTo(step.LogLikelihood(rows)).Within(1e-4));
    }

    [Test]
    public void One_seed_gives_the_same_bits_with_one_and_two_threads()
    {
        var rows = Some.Rows(count: 1000);
        double[] Trained(int threads)
        {
            using Circuit circuit = Structures.Hclt(rows, latents: 16, seed: 3);
            using CompiledCircuit model = circuit.Compile(Device, new() { Threads = threads });
            model.Fit(rows, new MiniBatchEm { Epochs = 3, BatchSize = 128, Seed = 5 });
            return model.LogLikelihood(rows);
        }

        Assert.That(Trained(2), Is.EqualTo(Trained(1)));
    }

    [Test]
    public void Shuffling_follows_the_seed()
    {
        var rows = Some.Rows();
        double Trained(ulong seed, bool shuffle)
        {
            using CompiledCircuit model = SomeModel();
            model.Fit(rows, new MiniBatchEm { Epochs = 2, BatchSize = 32, Seed = seed, Shuffle = shuffle });
            return model.MeanLogLikelihood(rows);
        }

        double first = Trained(1, shuffle: true), again = Trained(1, shuffle: true), other = Trained(2, shuffle: true);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
        Assert.That(Trained(1, shuffle: false), Is.EqualTo(Trained(2, shuffle: false)));
    }

    [Test]
    public void The_schedule_reaches_every_update()
    {
        // With a step size near 0 nothing moves; with one near 0 after the first epoch only the first one does.
        var rows = Some.Rows();
        using CompiledCircuit still = SomeModel(), first = SomeModel();
        double before = still.MeanLogLikelihood(rows);

        still.Fit(rows, new MiniBatchEm { Epochs = 2, BatchSize = 50, StepSize = 1e-7 });
        StepSize drop = StepSize.Piecewise((0, 0.5), (0.23, 0.5), (0.23, 1e-7), (1, 1e-7));
        FitResult result = first.Fit(rows, new MiniBatchEm { Epochs = 4, BatchSize = 50, StepSize = drop });

        Assert.That(still.MeanLogLikelihood(rows), Is.EqualTo(before).Within(1e-3));
        Assert.That(result.Epochs[1].TrainBitsPerDimension, Is.LessThan(result.Epochs[0].TrainBitsPerDimension - 0.05));
        Assert.That(result.Epochs[3].TrainBitsPerDimension, Is.EqualTo(result.Epochs[1].TrainBitsPerDimension).Within(1e-3));
    }

    [Test]
    public void Validation_scores_every_epoch_and_the_best_is_kept()
    {
        // A few rows are learnt by heart, so validation gets worse while training gets better.
        using CompiledCircuit model = SomeModel(latents: 16);
        var validation = Some.Rows(count: 300, seed: 9);

        FitResult result = model.Fit(
            Some.Rows(count: 20), new FullBatchEm { Epochs = 60, Pseudocount = 1e-4 }, new FitOptions { Validation = validation });

        double best = result.Epochs.Min(epoch => epoch.ValidationBitsPerDimension!.Value);
        Assert.That(result.BestEpoch, Is.LessThan(60));
        Assert.That(result.Epochs[result.BestEpoch!.Value - 1].ValidationBitsPerDimension, Is.EqualTo(best));
        Assert.That(result.Epochs[^1].ValidationBitsPerDimension, Is.GreaterThan(best));
        Assert.That(model.BitsPerDimension(validation), Is.EqualTo(best).Within(1e-6));
    }

    [Test]
    public void Patience_stops_early_and_without_keeping_the_last_epoch_stays()
    {
        using CompiledCircuit model = SomeModel(latents: 16);
        var validation = Some.Rows(count: 300, seed: 9);
        FitOptions options = new() { Validation = validation, Patience = 3, KeepBest = false };

        FitResult result = model.Fit(Some.Rows(count: 20), new FullBatchEm { Epochs = 500, Pseudocount = 1e-4 }, options);

        Assert.That(result.StoppedEarly, Is.True);
        Assert.That(result.Epochs, Has.Count.EqualTo(result.BestEpoch + 3));
        Assert.That(model.BitsPerDimension(validation), Is.EqualTo(result.Epochs[^1].ValidationBitsPerDimension).Within(1e-6));
    }

    [Test]
    public void Progress_ends_every_epoch_with_its_scores()
    {
        using CompiledCircuit model = SomeModel();
        List<FitProgress> heard = [];
        FitOptions options = new() { Validation = Some.Rows(seed: 9), Progress = new Heard<FitProgress>(heard.Add) };

        FitResult result = model.Fit(Some.Rows(), new MiniBatchEm { Epochs = 3, BatchSize = 50 }, options);

        FitProgress[] ends = [.. heard.Where(progress => progress.IsEpochEnd)];
        Assert.That(ends.Select(end => end.Epoch), Is.EqualTo(new[] { 1, 2, 3 }));
        Assert.That(ends.Select(end => end.ValidationBitsPerDimension), Is.EqualTo(result.Epochs.Select(epoch => epoch.ValidationBitsPerDimension)));
        Assert.That(ends.Select(end => end.TrainBitsPerDimension), Is.EqualTo(result.Epochs.Select(epoch => epoch.TrainBitsPerDimension)));
        Assert.That(ends.Select(end => (end.Rows, end.TotalRows, end.Epochs)), Is.All.EqualTo((200L, 200L, 3)));
        Assert.That(heard.Select(progress => progress.RowsPerSecond), Is.All.Positive);
        Assert.That(ends[^1].TimeLeft, Is.EqualTo(TimeSpan.Zero));
        Assert.That(ends[0].TimeLeft, Is.GreaterThan(TimeSpan.Zero));
    }

    [Test]
    public void Queries_are_allowed_between_epochs_and_refused_within()
    {
        using CompiledCircuit model = SomeModel();
        var rows = Some.Rows();
        FitOptions askAtTheEnd = new() { Progress = new Heard<FitProgress>(progress => { if (progress.IsEpochEnd) model.BitsPerDimension(rows); }) };
        FitOptions askAlways = new() { Progress = new Heard<FitProgress>(_ => model.BitsPerDimension(rows)) };

        Assert.That(() => model.Fit(rows, new MiniBatchEm { Epochs = 2 }, askAtTheEnd), Throws.Nothing);
        Assert.That(() => model.Fit(rows, new MiniBatchEm { Epochs = 2 }, askAlways), Throws.InvalidOperationException);
    }

    [Test]
    public void An_exception_of_a_progress_handler_comes_out_of_training()
    {
        using CompiledCircuit model = SomeModel();
        FitOptions options = new() { Progress = new Heard<FitProgress>(_ => throw new InvalidTimeZoneException()) };

        Assert.That(() => model.Fit(Some.Rows(), new MiniBatchEm { Epochs = 1 }, options), Throws.TypeOf<InvalidTimeZoneException>());
    }

    [Test]
    public void Cancelling_ends_training_with_a_model_that_goes_on()
    {
        using CompiledCircuit model = SomeModel();
        using CancellationTokenSource cancel = new();
        FitOptions options = new() { Progress = new Heard<FitProgress>(progress => { if (progress.Epoch == 2) cancel.Cancel(); }) };
        var rows = Some.Rows();

        Assert.That(() => model.Fit(rows, new MiniBatchEm { Epochs = 1000 }, options, cancel.Token),
            Throws.InstanceOf<OperationCanceledException>().With.Property("CancellationToken").EqualTo(cancel.Token));
        Assert.That(model.BitsPerDimension(rows), Is.InRange(0.1, 3));
        Assert.That(model.Fit(rows, new MiniBatchEm { Epochs = 1 }).Epochs, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Training_can_be_awaited_and_cancelled()
    {
        using CompiledCircuit model = SomeModel();
        using CancellationTokenSource cancel = new();

        FitResult result = await model.FitAsync(Some.Rows(), new MiniBatchEm { Epochs = 1 });
        Task<FitResult> endless = model.FitAsync(Some.Rows(), new MiniBatchEm { Epochs = 1_000_000 }, cancellationToken: cancel.Token);
        await cancel.CancelAsync();

        Assert.That(result.Epochs, Has.Count.EqualTo(1));
        Assert.That(async () => await endless, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(endless.IsCanceled, Is.True);
    }

    [Test]
    public void A_logger_gets_a_line_an_epoch()
    {
        using CompiledCircuit model = SomeModel();
        ListLogger logger = new();

        model.Fit(Some.Rows(), new MiniBatchEm { Epochs = 2 }, new FitOptions { Logger = logger });

        Assert.That(logger.Lines.Count(line => line.StartsWith("Information: Epoch ", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(logger.Events, Is.EqualTo(new[]
        {
            JuiceEventIds.TrainingStarted, JuiceEventIds.EpochEnded, JuiceEventIds.EpochEnded, JuiceEventIds.TrainingEnded,
        }));
    }

    [Test]
    public void A_logger_hears_how_a_training_went_wrong()
    {
        using CompiledCircuit model = SomeModel();
        ListLogger failed = new(), cancelled = new();
        using CancellationTokenSource cancel = new();
        Heard<FitProgress> fail = new(_ => throw new InvalidTimeZoneException()), stop = new(_ => cancel.Cancel());

        Assert.That(() => model.Fit(Some.Rows(), new FullBatchEm(), new FitOptions { Logger = failed, Progress = fail }), Throws.Exception);
        Assert.That(() => model.Fit(Some.Rows(), new FullBatchEm(), new FitOptions { Logger = cancelled, Progress = stop }, cancel.Token),
            Throws.InstanceOf<OperationCanceledException>());

        Assert.That(failed.Lines[^1], Is.EqualTo("Error: Training failed in epoch 1"));
        Assert.That(failed.Events[^1], Is.EqualTo(JuiceEventIds.TrainingFailed));
        Assert.That(cancelled.Events[^1], Is.EqualTo(JuiceEventIds.TrainingCancelled));
    }

    [Test]
    public void Impossible_rows_are_counted_and_warned_of()
    {
        using Circuit circuit = Some.Circuit();
        using CompiledCircuit model = circuit.Compile(Device);
        model.SetParameters(0, [1, 0, 1, 0]);
        ListLogger logger = new();

        FitResult result = model.Fit(Rows.Of(new byte[] { 1, 0, 0, 0, 1, 1 }, 3), new FullBatchEm { Epochs = 1 }, new FitOptions { Logger = logger });

        Assert.That(result.Epochs[0].ImpossibleRows, Is.EqualTo(1));
        Assert.That(logger.Lines, Has.Some.StartsWith("Warning: Epoch 1: 1 "));
    }

    [Test]
    public void Options_that_make_no_sense_are_rejected()
    {
        using CompiledCircuit model = SomeModel();
        var rows = Some.Rows();

        Assert.That(() => model.Fit(rows, new MiniBatchEm { Epochs = 0 }), Throws.ArgumentException.With.Message.Contains("Epochs is 0"));
        Assert.That(() => model.Fit(rows, new MiniBatchEm { BatchSize = 0 }), Throws.ArgumentException.With.Message.Contains("BatchSize is 0"));
        Assert.That(() => model.Fit(rows, new MiniBatchEm { Pseudocount = -1 }), Throws.ArgumentException.With.Message.Contains("Pseudocount is -1"));
        Assert.That(() => model.Fit(rows, new MiniBatchEm { MinDeviation = 0 }), Throws.ArgumentException);
        Assert.That(() => model.Fit(rows.Take(0), new MiniBatchEm()), Throws.ArgumentException.With.Message.Contains("no rows"));
        Assert.That(() => model.Fit(rows, new MiniBatchEm(), new FitOptions { Patience = 1 }), Throws.ArgumentException.With.Message.Contains("Validation"));
        Assert.That(() => model.Fit(rows, new MiniBatchEm(), new FitOptions { Validation = rows, Patience = 0 }), Throws.ArgumentException);
        Assert.That(() => model.Fit(rows, new MiniBatchEm(), new FitOptions { Validation = rows.Take(0) }), Throws.ArgumentException);
    }
}
