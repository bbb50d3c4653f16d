using System.Diagnostics;
using Juice.Interop;

namespace Juice;

/// <summary>One training: epochs, schedule, validation, early stopping, reports.</summary>
internal sealed class Trainer(CompiledCircuit model, Rows train, Em em, FitOptions options, CancellationToken cancellationToken)
{
    private static readonly TimeSpan s_reportInterval = TimeSpan.FromSeconds(0.1);

    private readonly long _stepsPerEpoch = em.StepsPerEpoch(train.Count);
    private readonly List<FitEpoch> _history = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _lastReport = -s_reportInterval;
    private TimeSpan _validationTime;
    private double? _validation;

    public FitResult Run()
    {
        FitLog.Started(options.Logger, train.Count, em.Epochs, _stepsPerEpoch);
        using BestParameters best = new();
        bool stoppedEarly = false;
        for (int epoch = 1; epoch <= em.Epochs && !stoppedEarly; epoch++)
        {
            FitEpoch done = RunEpoch(epoch);
            if (done.ValidationBitsPerDimension is not double score) continue;
            if (best.Epoch == 0 || score < best.Score) best.Set(epoch, score, options.KeepBest ? model.ToCircuit() : null);
            stoppedEarly = epoch < em.Epochs && epoch - best.Epoch >= options.Patience;
            if (stoppedEarly) FitLog.StoppedEarly(options.Logger, epoch, best.Epoch);
        }
        if (best.Circuit is not null && best.Epoch < _history.Count)
        {
            model.Restore(best.Circuit);
            FitLog.KeptBest(options.Logger, best.Epoch, best.Score);
        }
        FitLog.Ended(options.Logger, _history.Count, _clock.Elapsed.TotalSeconds);
        return new FitResult(_history.AsReadOnly(), best.Epoch == 0 ? null : best.Epoch, stoppedEarly, _clock.Elapsed);
    }

    private FitEpoch RunEpoch(int epoch)
    {
        using Activity? activity = Tracing.Source.StartActivity(JuiceTelemetry.EpochActivity);
        activity?.SetTag(JuiceTelemetry.EpochTag, epoch);
        activity?.SetTag(JuiceTelemetry.RowsTag, train.Count);
        try
        {
            return Learn(epoch);
        }
        catch (Exception e) when (activity.Failed(e) || Logged(epoch, e))
        {
            throw;
        }
    }

    // Always false: the exception passes.
    private bool Logged(int epoch, Exception exception)
    {
        if (exception is OperationCanceledException) FitLog.Cancelled(options.Logger, epoch);
        else FitLog.Failed(options.Logger, epoch, exception);
        return false;
    }

    private FitEpoch Learn(int epoch)
    {
        TimeSpan start = _clock.Elapsed;
        void Report(long done, long total, double mean)
        {
            if (_clock.Elapsed - _lastReport >= s_reportInterval) Tell(epoch, done, mean, _clock.Elapsed - start, isEpochEnd: false);
        }

        Action<long, long, double>? report = options.Progress is null ? null : Report;
        NativeEpochResult result = model.FitEpoch(train, em, epoch - 1, StepSizes(epoch), report, cancellationToken);
        TimeSpan elapsed = _clock.Elapsed - start;
        model.RecordEpoch(elapsed, em);
        _validation = Validate();

        double mean = result.LogLikelihood;
        FitEpoch done = new(epoch, model.ToBitsPerDimension(mean), _validation, result.Rows, result.ImpossibleRows, result.Steps, elapsed);
        _history.Add(done);
        Tell(epoch, result.Rows, mean, elapsed, isEpochEnd: true);
        FitLog.Epoch(options.Logger, done);
        return done;
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

    private void Tell(int epoch, long done, double mean, TimeSpan elapsed, bool isEpochEnd)
    {
        _lastReport = _clock.Elapsed;
        double rate = done / Math.Max(elapsed.TotalSeconds, 1e-9);
        TimeSpan left = TimeLeft(done, elapsed, isEpochEnd);
        options.Progress?.Report(new FitProgress(
            epoch, em.Epochs, done, train.Count, model.ToBitsPerDimension(mean), _validation, rate, left, isEpochEnd));
    }

    // Training rows that are left at the rate so far, and a validation an epoch at its mean time so far.
    private TimeSpan TimeLeft(long done, TimeSpan elapsed, bool isEpochEnd)
    {
        int whole = _history.Count;
        TimeSpan training = _history.Aggregate(TimeSpan.Zero, (sum, past) => sum + past.Elapsed) + (isEpochEnd ? TimeSpan.Zero : elapsed);
        double rowsDone = (double)whole * train.Count + (isEpochEnd ? 0 : done);
        double rowsLeft = (double)em.Epochs * train.Count - rowsDone;
        double seconds = rowsDone > 0 ? rowsLeft * training.TotalSeconds / rowsDone : 0;
        if (whole > 0) seconds += (em.Epochs - whole) * _validationTime.TotalSeconds / whole;
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
