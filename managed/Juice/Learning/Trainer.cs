using System.Diagnostics;
using Juice.Interop;

namespace Juice;

/// <summary>One training: epochs, schedule, validation, early stopping, checkpoints, reports.</summary>
internal sealed class Trainer(CompiledCircuit model, Rows train, Em em, FitOptions options, CancellationToken cancellationToken) : IDisposable
{
    private static readonly TimeSpan s_reportInterval = TimeSpan.FromSeconds(0.1);

    private static int s_trainings;

    // A number for the rows of this training, by which a device that keeps them knows them again. Rows that are seen once need none.
    private readonly int _version = em.Epochs > 1 ? Version() : 0;
    private readonly long _stepsPerEpoch = em.StepsPerEpoch(train.Count);
    private readonly List<FitEpoch> _history = [];
    private readonly BestParameters _best = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TrainingIdentity? _identity;    // where there are checkpoints
    private TimeSpan _before;               // what a training that is resumed had taken
    private TimeSpan _lastReport = -s_reportInterval;
    private TimeSpan _validationTime;
    private double? _validation;
    private int _running;                   // the epoch under way

    private int Epoch => _history.Count;

    // From what a checkpoint keeps alone, so that resuming changes nothing.
    private bool IsOutOfPatience => _best.Epoch > 0 && Epoch - _best.Epoch >= options.Patience;

    private bool IsOver => Epoch >= em.Epochs || IsOutOfPatience;

    private TimeSpan Elapsed => _before + _clock.Elapsed;

    public FitResult Run()
    {
        Begin();
        try
        {
            while (!IsOver) RunEpoch(_running = Epoch + 1);
        }
        catch (Exception e) when (Logged(e))
        {
            throw;
        }
        bool stoppedEarly = Epoch < em.Epochs;
        if (stoppedEarly) FitLog.StoppedEarly(options.Logger, Epoch, _best.Epoch);
        if (_best.Circuit is not null && _best.Epoch < Epoch)
        {
            model.Restore(_best.Circuit);
            FitLog.KeptBest(options.Logger, _best.Epoch, _best.Score);
        }
        FitResult result = new(_history.AsReadOnly(), _best.Epoch == 0 ? null : _best.Epoch, stoppedEarly, Elapsed);
        FitLog.Ended(options.Logger, Epoch, _clock.Elapsed.TotalSeconds);
        options.Log?.Ended(result);
        return result;
    }

    public void Dispose() => _best.Dispose();

    private void Begin()
    {
        if (options.CheckpointPath is not null || options.Resume is not null) _identity = TrainingIdentity.Of(train, em, options);
        if (options.Resume is null) model.Restore(OptimizerMemory.Nothing);      // a training begins with nothing remembered
        if (options.Resume is null) FitLog.Started(options.Logger, train.Count, em.Epochs, _stepsPerEpoch);
        else GoOn(options.Resume);
        options.Log?.Began(model, train, em, options);
    }

    // Nothing of the model is touched before all is known to fit.
    private void GoOn(Checkpoint checkpoint)
    {
        if (_identity!.DifferenceFrom(checkpoint.Identity) is { } difference) throw Refused(difference);
        if (em.Epochs != checkpoint.PlannedEpochs && em.StepSize.DependsOnLength)
        {
            throw Refused(
                $"it has {checkpoint.PlannedEpochs} epochs, this training {em.Epochs}, and only with a constant step size may that be another number");
        }
        if (em.Epochs < checkpoint.Epochs.Count) throw Refused($"it has done {checkpoint.Epochs.Count} epochs, this training has {em.Epochs}");
        using (Circuit mine = model.ToCircuit())
            if (!Wiring.AreSame(mine, checkpoint.Circuit)) throw Refused("its circuit is wired otherwise");

        _history.AddRange(checkpoint.Epochs);
        _validation = _history[^1].ValidationBitsPerDimension;
        _before = checkpoint.Elapsed;
        if (checkpoint.BestEpoch is int best)
        {
            bool isLast = best == Epoch;
            if (options.KeepBest && !isLast) model.RestoreBest(checkpoint);
            else model.Restore(checkpoint.Circuit);
            _best.Set(best, _history[best - 1].ValidationBitsPerDimension ?? double.NaN, options.KeepBest ? model.ToCircuit() : null);
        }
        model.Restore(checkpoint.Circuit);
        model.Restore(checkpoint.ReadOptimizer(model.OwnFlows(checkpoint.Circuit)));
        FitLog.Resumed(options.Logger, Epoch, em.Epochs);
        ModelInfo info = model.Info;
        if (info.InstructionSet != checkpoint.InstructionSet || info.MicroBatch != checkpoint.MicroBatch)
        {
            string Text(string set, long rows) => $"{set} and {rows} rows at a time";
            FitLog.ResumedElsewhere(
                options.Logger, Text(checkpoint.InstructionSet, checkpoint.MicroBatch), Text(info.InstructionSet, info.MicroBatch));
        }
    }

    private static ArgumentException Refused(string difference) => new($"The checkpoint is of another training: {difference}.");

    private void RunEpoch(int epoch)
    {
        using Activity? activity = Tracing.Source.StartActivity(JuiceTelemetry.EpochActivity);
        activity?.SetTag(JuiceTelemetry.EpochTag, epoch);
        activity?.SetTag(JuiceTelemetry.RowsTag, train.Count);
        try
        {
            Learn(epoch);
        }
        catch (Exception e) when (activity.Failed(e))
        {
            throw;
        }
    }

    // Never 0, and the same again after four thousand million others.
    private static int Version()
    {
        int version = Interlocked.Increment(ref s_trainings);
        return version == 0 ? Interlocked.Increment(ref s_trainings) : version;
    }

    // Always false: the exception passes.
    private bool Logged(Exception exception)
    {
        if (exception is OperationCanceledException) FitLog.Cancelled(options.Logger, _running);
        else FitLog.Failed(options.Logger, _running, exception);
        options.Log?.Broke(_running, exception);
        return false;
    }

    private void Learn(int epoch)
    {
        TimeSpan start = _clock.Elapsed;
        void Report(long done, long total, double mean)
        {
            if (_clock.Elapsed - _lastReport >= s_reportInterval)
                options.Progress?.Report(Progress(epoch, done, mean, _clock.Elapsed - start, isEpochEnd: false));
        }

        Action<long, long, double>? report = options.Progress is null ? null : Report;
        float[] stepSizes = StepSizes(epoch);
        NativeEpochResult result = model.FitEpoch(train, _version, em, epoch - 1, stepSizes, report, cancellationToken);
        TimeSpan elapsed = _clock.Elapsed - start;
        model.RecordEpoch(elapsed, em);
        _validation = Validate();

        double mean = result.LogLikelihood;
        FitEpoch done = new(epoch, model.ToBitsPerDimension(mean), _validation, result.Rows, result.ImpossibleRows, result.Steps, elapsed);
        _history.Add(done);
        if (_validation is double score && (_best.Epoch == 0 || score < _best.Score))
            _best.Set(epoch, score, options.KeepBest ? model.ToCircuit() : null);
        bool isDue = options.CheckpointPath is not null && (epoch % options.CheckpointEvery == 0 || IsOver);
        Exception? failure = isDue ? SaveCheckpoint(options.CheckpointPath!) : null;
        FitProgress progress = Progress(epoch, result.Rows, mean, elapsed, isEpochEnd: true) with
        {
            CheckpointPath = isDue && failure is null ? options.CheckpointPath : null,
            CheckpointFailure = failure,
        };
        options.Log?.EpochEnded(done, progress, Elapsed, stepSizes[^1]);
        options.Progress?.Report(progress);
        FitLog.Epoch(options.Logger, done);
    }

    private float[] StepSizes(int epoch)
    {
        float[] sizes = new float[_stepsPerEpoch];
        for (long i = 0; i < sizes.Length; i++) sizes[i] = (float)em.StepSize.At((epoch - 1) * _stepsPerEpoch + i, em.Epochs * _stepsPerEpoch);
        return sizes;
    }

    private double? Validate()
    {
        if (options.Validation is null) return null;
        TimeSpan start = _clock.Elapsed;
        double score = model.BitsPerDimension(options.Validation, cancellationToken);
        _validationTime += _clock.Elapsed - start;
        return score;
    }

    // What a training has learnt is worth more than the file: it goes on where that cannot be written.
    private Exception? SaveCheckpoint(string path)
    {
        try
        {
            Circuit? last = _best.Epoch == Epoch ? _best.Circuit : null;
            using Circuit? copy = last is null ? model.ToCircuit() : null;
            Checkpoint.Save(
                path, last ?? copy!, last is null ? _best.Circuit : null,
                new TrainingState(_identity!, model.Info, model.ReadOptimizer(), em.Epochs, _history, _best.Epoch, Elapsed));
            FitLog.CheckpointWritten(options.Logger, Epoch, path);
            return null;
        }
        catch (Exception e) when (e is IOException or JuiceException)
        {
            FitLog.CheckpointFailed(options.Logger, Epoch, e.Message, e);
            return e;
        }
    }

    private FitProgress Progress(int epoch, long done, double mean, TimeSpan elapsed, bool isEpochEnd)
    {
        _lastReport = _clock.Elapsed;
        double rate = done / Math.Max(elapsed.TotalSeconds, 1e-9);
        return new FitProgress(
            epoch, em.Epochs, done, train.Count, model.ToBitsPerDimension(mean), _validation, rate, TimeLeft(done, elapsed, isEpochEnd), isEpochEnd);
    }

    // Training rows that are left at the rate so far, and a validation an epoch at its mean time so far.
    private TimeSpan TimeLeft(long done, TimeSpan elapsed, bool isEpochEnd)
    {
        int whole = Epoch, validated = whole - (options.Resume?.Epochs.Count ?? 0);
        TimeSpan training = _history.Aggregate(TimeSpan.Zero, (sum, past) => sum + past.Elapsed) + (isEpochEnd ? TimeSpan.Zero : elapsed);
        double rowsDone = (double)whole * train.Count + (isEpochEnd ? 0 : done);
        double rowsLeft = (double)em.Epochs * train.Count - rowsDone;
        double seconds = rowsDone > 0 ? rowsLeft * training.TotalSeconds / rowsDone : 0;
        if (validated > 0) seconds += (em.Epochs - whole) * _validationTime.TotalSeconds / validated;
        return TimeSpan.FromSeconds(seconds);
    }

    private sealed class BestParameters : IDisposable
    {
        public int Epoch { get; private set; }

        public double Score { get; private set; }

        public Circuit? Circuit { get; private set; }

        public void Set(int epoch, double score, Circuit? circuit)
        {
            Dispose();
            (Epoch, Score, Circuit) = (epoch, score, circuit);
        }

        public void Dispose() => Circuit?.Dispose();
    }
}
