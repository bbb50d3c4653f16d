using System.Diagnostics;
using Juice.Interop;

namespace Juice;

// Training as a whole.
public sealed partial class CompiledCircuit
{
    private readonly Lock _fit = new();

    /// <summary>Trains the model on rows by expectation maximisation.</summary>
    /// <remarks>
    /// One training at a time: a second one waits for the first. Queries from other threads are answered between epochs. A training that is
    /// cancelled or fails leaves the parameters of its last finished update. The rows must not change while it trains: a graphics card keeps them from
    /// epoch to epoch where they take at most half of its free memory (and a quarter of <see cref="CompileOptions.MemoryLimit"/>, if there is one).
    /// </remarks>
    /// <param name="train">The rows to learn from.</param>
    /// <param name="em">How to learn: <see cref="MiniBatchEm"/> or <see cref="FullBatchEm"/>.</param>
    /// <param name="options">Validation, early stopping, reports; null for none.</param>
    /// <param name="cancellationToken">Ends the training between updates.</param>
    /// <returns>The history.</returns>
    /// <exception cref="ArgumentException">
    /// An option is out of its range, there are no rows, a value is outside of its variable's domain, or the checkpoint to resume is of another training.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token asked to stop.</exception>
    public FitResult Fit(Rows train, Em em, FitOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(em);
        options ??= new();
        em.Check();
        options.Check(this);
        if (train.Count == 0) throw new ArgumentException("There are no rows to train on.", nameof(train));
        CheckNotInCallback();
        lock (_fit)
        {
            using Activity? activity = Tracing.Source.StartActivity(JuiceTelemetry.FitActivity);
            activity?.SetTag(JuiceTelemetry.DeviceTag, _device);
            activity?.SetTag(JuiceTelemetry.TrainingMethodTag, em.Method);
            activity?.SetTag(JuiceTelemetry.RowsTag, train.Count);
            try
            {
                using Trainer trainer = new(this, train, em, options, cancellationToken);
                return trainer.Run();
            }
            catch (Exception e) when (activity.Failed(e))
            {
                throw;
            }
        }
    }

    /// <summary><see cref="Fit"/> on a thread of its own.</summary>
    /// <inheritdoc cref="Fit"/>
    public Task<FitResult> FitAsync(Rows train, Em em, FitOptions? options = null, CancellationToken cancellationToken = default) =>
        LongRunning.Run(() => Fit(train, em, options, cancellationToken), cancellationToken);

    /// <summary>One pass over the rows, which are the same under the same version unless that is 0.</summary>
    internal unsafe NativeEpochResult FitEpoch(
        Rows rows, int version, Em em, int epoch, ReadOnlySpan<float> stepSizes, Action<long, long, double>? report, CancellationToken cancellationToken)
    {
        using CallScope call = EnterCall();
        using ProgressScope progress = new(report, cancellationToken);
        using PinnedRows pinned = new(rows, version);
        fixed (float* sizes = stepSizes)
        {
            NativeEpochOptions options = new()
            {
                Size = sizeof(NativeEpochOptions),
                FullBatch = em.IsFullBatch ? 1 : 0,
                BatchSize = em.BatchSize,
                Shuffle = em.ShufflesRows ? 1 : 0,
                Epoch = epoch,
                Seed = em.Seed,
                StepSizes = sizes,
                StepCount = stepSizes.Length,
                Rule = em.Rule.ToNative(),
                Power = (float)em.Power,
                Progress = progress.Callback,
                User = progress.User,
            };
            NativeEpochResult result = new() { Size = sizeof(NativeEpochResult) };
            int status = NativeMethods.juice_model_fit_epoch(Handle, in pinned.Native, in options, &result);
            pinned.ThrowIfFailed();
            progress.Check(status);
            Instruments.TrainingRows.Add(result.Rows, Instruments.Device(_device));
            return result;
        }
    }

    internal void RecordEpoch(TimeSpan elapsed, Em em) => Instruments.TrainingEpochDuration.Record(
        elapsed.TotalSeconds, Instruments.Device(_device), new(JuiceTelemetry.TrainingMethodTag, em.Method));

    /// <summary>Sets all parameters to those of a checkpoint's best epoch, which is not its last.</summary>
    internal void RestoreBest(Checkpoint checkpoint)
    {
        for (int id = 0; id < _shapes.Length; id++)
        {
            NativeVector vector = checkpoint.Circuit.ReadVector(id);
            if (vector.TiedTo >= 0 || vector.ParameterCount == 0) continue;
            SetParameters(id, checkpoint.BestParameters(id, vector.ParameterCount)
                ?? throw new InvalidDataException($"The training state lacks the best epoch's parameters of vector {id}."));
        }
    }

    /// <summary>Sets all parameters to those of a circuit that came from this model.</summary>
    internal unsafe void Restore(Circuit circuit)
    {
        using HandleLease lease = new(circuit.Handle);
        for (int id = 0; id < _shapes.Length; id++)
        {
            NativeVector vector = circuit.ReadVector(id);
            if (vector.TiedTo >= 0 || vector.Type == (int)NodeType.Product || vector.ParameterCount == 0) continue;
            Status.Check(NativeMethods.juice_model_set_parameters(Handle, id, vector.Parameters, vector.ParameterCount));
        }
    }

    /// <summary>The number of flows of every vector with parameters of its own; 0 for the others.</summary>
    internal long[] OwnFlows(Circuit circuit)
    {
        long[] flows = new long[_shapes.Length];
        for (int id = 0; id < flows.Length; id++)
        {
            NativeVector vector = circuit.ReadVector(id);
            if (vector.TiedTo < 0 && vector.Type != (int)NodeType.Product && _shapes[id].Parameters > 0) flows[id] = _shapes[id].Flows;
        }
        return flows;
    }

    /// <summary>A copy of what the optimiser remembers.</summary>
    internal unsafe OptimizerMemory ReadOptimizer()
    {
        NativeOptimizer now = new() { Size = sizeof(NativeOptimizer) };
        Status.Check(NativeMethods.juice_model_get_optimizer(Handle, ref now));
        if (now.Updates == 0) return OptimizerMemory.Nothing;
        Dictionary<int, float[][]> vectors = [];
        if (now.Moments > 0)
        {
            using Circuit circuit = ToCircuit();
            long[] flows = OwnFlows(circuit);
            for (int id = 0; id < flows.Length; id++)
            {
                if (flows[id] == 0) continue;
                vectors[id] = new float[now.Moments][];
                for (int which = 0; which < now.Moments; which++)
                {
                    vectors[id][which] = new float[flows[id]];
                    fixed (float* first = vectors[id][which]) Status.Check(NativeMethods.juice_model_get_moments(Handle, id, which, first, flows[id]));
                }
            }
        }
        return new(now.Optimizer, now.Updates, now.Mass, now.Moments, vectors);
    }

    /// <summary>The optimiser remembers this, and nothing else.</summary>
    internal unsafe void Restore(OptimizerMemory memory)
    {
        NativeOptimizer optimizer = new()
        {
            Size = sizeof(NativeOptimizer),
            Optimizer = memory.Optimizer,
            Updates = memory.Updates,
            Mass = memory.Mass,
            Moments = memory.Moments,
        };
        Status.Check(NativeMethods.juice_model_set_optimizer(Handle, in optimizer));
        foreach ((int id, float[][] moments) in memory.Vectors)
        {
            for (int which = 0; which < moments.Length; which++)
                fixed (float* first = moments[which]) Status.Check(NativeMethods.juice_model_set_moments(Handle, id, which, first, moments[which].Length));
        }
    }
}
