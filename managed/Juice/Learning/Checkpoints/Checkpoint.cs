using Juice.Interop;

namespace Juice;

/// <summary>
/// The state of a training after an epoch, as a model file keeps it beside the parameters: what <see cref="FitOptions.Resume"/> goes on from.
/// <see cref="FitOptions.CheckpointPath"/> writes one.
/// </summary>
/// <remarks>
/// <para>
/// A checkpoint is a model file like any other. The state is its tensors <c>state.…</c>: <c>version</c> (1); <c>epochs</c> planned, <c>epoch</c> and
/// <c>steps</c> done, <c>seconds</c> taken; the options (<c>full_batch</c>, <c>shuffle</c>, <c>batch_size</c>, <c>step_size</c> as text,
/// <c>pseudocount</c>, <c>min_deviation</c>, <c>min_scale</c>, <c>patience</c>, <c>keep_best</c>); <c>seed</c>, which with the number of an epoch draws
/// its order of the rows, so that no other random state is needed; fingerprints of the rows (<c>rows.count</c>, <c>rows.hash</c>,
/// <c>validation.…</c>); the history (<c>history.train_bpd</c>, <c>.validation_bpd</c>, NaN where there is none, <c>.rows</c>,
/// <c>.impossible_rows</c>, <c>.steps</c>, <c>.seconds</c>); <c>best.epoch</c> (0: none) and, where that is an earlier epoch whose parameters are kept,
/// they themselves as <c>best.n</c> + the number of the vector; <c>instruction_set</c> and <c>micro_batch</c>, on which the last bits depend.
/// What an optimiser other than expectation maximisation remembers is <c>optimizer.kind</c>, <c>.updates</c>, <c>.mass</c>, <c>.moments</c> and,
/// a vector each, <c>moment1.n</c> and <c>moment2.n</c> + its number; <c>optimizer</c> is its name and figures,
/// <c>power</c> how flows are shared out.
/// </para>
/// <para>Immutable; safe to use from any number of threads, as long as the circuit is not disposed of.</para>
/// </remarks>
public sealed class Checkpoint
{
    private const string Marker = "state.version";
    private const long Version = 1;

    private readonly StateReader _state;

    private Checkpoint(Circuit circuit, StateReader state)
    {
        _state = state;
        Circuit = circuit;
        if (state.Integer(Marker) is var version && version != Version)
            throw new InvalidDataException($"The training state has version {version}; version {Version} is read.");
        PlannedEpochs = Whole("state.epochs", 1);
        int epoch = Whole("state.epoch", 1);
        Steps = state.Integer("state.steps");
        Elapsed = Time(state.Real("state.seconds"));
        Identity = TrainingIdentity.Read(state);
        InstructionSet = state.Text("state.instruction_set");
        MicroBatch = state.Integer("state.micro_batch");
        Epochs = ReadHistory(state, epoch);
        int best = Whole("state.best.epoch", 0);
        if (best > epoch) throw new InvalidDataException($"'state.best.epoch' of the training state is {best}, after epoch {epoch}.");
        BestEpoch = best == 0 ? null : best;
    }

    /// <summary>The circuit with the parameters after the last epoch.</summary>
    public Circuit Circuit { get; }

    /// <summary>The history, an entry an epoch that is done.</summary>
    public IReadOnlyList<FitEpoch> Epochs { get; }

    /// <summary>Epochs that there were to be at most.</summary>
    public int PlannedEpochs { get; }

    /// <summary>The epoch that scored best on the validation rows so far, from 1; null where there were none.</summary>
    public int? BestEpoch { get; }

    /// <summary>Updates done.</summary>
    public long Steps { get; }

    /// <summary>The time it took so far.</summary>
    public TimeSpan Elapsed { get; }

    /// <summary>How the rows are gone through: rows an update, or at a time where every update is from all rows.</summary>
    public long BatchSize => Identity.BatchSize;

    /// <summary>Whether every update is from all rows.</summary>
    public bool IsFullBatch => Identity.IsFullBatch;

    /// <summary>The schedule of step sizes: <c>0.5</c>, <c>cosine:0.5:0.02</c>, <c>piecewise:0=0.5,1=0.1</c>.</summary>
    public string StepSize => Identity.StepSize;

    /// <summary>The optimiser with its figures: <c>em</c>, <c>anemone:0.9</c>, <c>sgd:0</c>, <c>adam:0.9:0.999:1E-08</c>.</summary>
    public string Optimizer => Identity.Optimizer;

    /// <summary>What is added to the flows of every node.</summary>
    public double Pseudocount => Identity.Pseudocount;

    /// <summary>What draws the order of the rows.</summary>
    public ulong Seed => Identity.Seed;

    /// <summary>Rows that are trained on.</summary>
    public long Rows => Identity.Rows.Count;

    /// <summary>Rows that every epoch is scored on; 0: none.</summary>
    public long ValidationRows => Identity.Validation.Count;

    internal TrainingIdentity Identity { get; }

    internal string InstructionSet { get; }

    internal long MicroBatch { get; }

    /// <summary>The training state that a circuit carries; null where it carries none.</summary>
    /// <param name="circuit">A circuit that was read from a checkpoint. It must not be disposed of while the checkpoint is in use.</param>
    /// <exception cref="InvalidDataException">The state is not whole; the message names the tensor.</exception>
    public static Checkpoint? Find(Circuit circuit)
    {
        ArgumentNullException.ThrowIfNull(circuit);
        StateReader state = new(circuit);
        return state.Has(Marker) ? new Checkpoint(circuit, state) : null;
    }

    /// <summary>Reads a checkpoint. Dispose of its <see cref="Circuit"/> when it is no longer needed.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not a valid circuit, or carries no training state.</exception>
    public static Checkpoint Load(string path)
    {
        Circuit circuit = Circuit.Load(path);
        try
        {
            return Find(circuit) ?? throw new InvalidDataException("it is a model without the state of a training, so there is nothing to resume");
        }
        catch (InvalidDataException e)
        {
            circuit.Dispose();
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>The best epoch's parameters of a vector, where the state has them apart from the circuit's; null where it does not.</summary>
    internal float[]? BestParameters(int vector, long count) =>
        _state.Has(BestName(vector)) ? _state.Floats(BestName(vector), count) : null;

    /// <summary>What the optimiser remembered.</summary>
    /// <exception cref="InvalidDataException">The state is not whole.</exception>
    internal OptimizerMemory ReadOptimizer(IReadOnlyList<long> flows) => OptimizerMemory.Read(_state, flows);

    /// <summary>Writes one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="now">The circuit after the last epoch.</param>
    /// <param name="best">The circuit of the best epoch, where it is another and kept.</param>
    /// <param name="training">What the training is made of, and how far it is.</param>
    internal static unsafe void Save(string path, Circuit now, Circuit? best, in TrainingState training)
    {
        StateWriter state = new();
        state.Add(Marker, Version);
        state.Add("state.epochs", (long)training.PlannedEpochs);
        state.Add("state.epoch", (long)training.History.Count);
        state.Add("state.steps", training.History.Sum(epoch => epoch.Steps));
        state.Add("state.seconds", training.Elapsed.TotalSeconds);
        state.Add("state.instruction_set", training.Model.InstructionSet);
        state.Add("state.micro_batch", training.Model.MicroBatch);
        state.Add("state.best.epoch", (long)training.BestEpoch);
        training.Identity.Write(state);
        training.Optimizer.Write(state);
        WriteHistory(state, training.History);
        using HandleLease lease = new((best ?? now).Handle);     // the parameters are the circuit's until they are copied
        for (int id = 0; id < (best?.VectorCount ?? 0); id++)
        {
            NativeVector vector = best!.ReadVector(id);
            if (vector.TiedTo < 0 && vector.ParameterCount > 0) state.Add(BestName(id), vector.Parameters, vector.ParameterCount);
        }
        using Circuit whole = new(state.AddTo(now.Handle));
        whole.Save(path);
    }

    private static string BestName(int vector) => $"state.best.n{vector}";

    private static void WriteHistory(StateWriter state, IReadOnlyList<FitEpoch> history)
    {
        state.Add("state.history.train_bpd", [.. history.Select(epoch => epoch.TrainBitsPerDimension)]);
        state.Add("state.history.validation_bpd", [.. history.Select(epoch => epoch.ValidationBitsPerDimension ?? double.NaN)]);
        state.Add("state.history.seconds", [.. history.Select(epoch => epoch.Elapsed.TotalSeconds)]);
        state.Add("state.history.rows", [.. history.Select(epoch => epoch.Rows)]);
        state.Add("state.history.impossible_rows", [.. history.Select(epoch => epoch.ImpossibleRows)]);
        state.Add("state.history.steps", [.. history.Select(epoch => epoch.Steps)]);
    }

    private static FitEpoch[] ReadHistory(StateReader state, int epochs)
    {
        double[] train = state.Reals("state.history.train_bpd", epochs), validation = state.Reals("state.history.validation_bpd", epochs);
        double[] seconds = state.Reals("state.history.seconds", epochs);
        long[] rows = state.Integers("state.history.rows", epochs), impossible = state.Integers("state.history.impossible_rows", epochs);
        long[] steps = state.Integers("state.history.steps", epochs);
        return
        [
            .. Enumerable.Range(0, epochs).Select(i => new FitEpoch(
                i + 1, train[i], double.IsNaN(validation[i]) ? null : validation[i], rows[i], impossible[i], steps[i], Time(seconds[i]))),
        ];
    }

    private static TimeSpan Time(double seconds) => seconds is >= 0 and < 1e11
        ? TimeSpan.FromSeconds(seconds)
        : throw new InvalidDataException($"A time of the training state is {seconds} seconds.");

    private int Whole(string name, int least)
    {
        long value = _state.Integer(name);
        return value >= least && value <= int.MaxValue
            ? (int)value
            : throw new InvalidDataException($"'{name}' of the training state is {value}; it is a whole number of at least {least}.");
    }
}
