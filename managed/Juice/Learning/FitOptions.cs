using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Juice;

/// <summary>What goes on around training: validation, early stopping, reports.</summary>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record FitOptions
{
    /// <summary>Rows that the model is scored on after every epoch, without learning from them; null, the default: none.</summary>
    public Rows? Validation { get; init; }

    /// <summary>
    /// Stop after so many epochs in a row without a new best score on <see cref="Validation"/>; null, the default: go through all epochs.
    /// </summary>
    public int? Patience { get; init; }

    /// <summary>
    /// Whether the model ends with the parameters of the epoch that scored best on <see cref="Validation"/>, true by default; it takes the memory
    /// of one more copy of the parameters. Without validation rows it ends with the last epoch's.
    /// </summary>
    public bool KeepBest { get; init; } = true;

    /// <summary>
    /// A model file (.juice) that gets the parameters and the state of the training after every <see cref="CheckpointEvery"/>-th epoch and after the
    /// last one, so that <see cref="Resume"/> can go on from it; null, the default: none. The file is replaced as a whole: whenever the process ends,
    /// the last whole checkpoint is there. It changes no bit of the training, and takes the memory of one more copy of the parameters (two, where the
    /// best epoch is not the last) while it is written.
    /// </summary>
    /// <remarks>
    /// A checkpoint that cannot be written (a full disk) does not end the training: the one before stays, <see cref="Logger"/> gets a warning,
    /// <see cref="FitProgress.CheckpointFailure"/> says why, and the next one is tried as usual. A progress handler that throws ends it.
    /// </remarks>
    public string? CheckpointPath { get; init; }

    /// <summary>Epochs from one checkpoint to the next; 1 by default.</summary>
    public int CheckpointEvery { get; init; } = 1;

    /// <summary>
    /// A checkpoint to go on from; null, the default: begin. The model gets the checkpoint's parameters, and the training ends as one that was never
    /// interrupted, bit for bit: parameters, history, best epoch, early stopping. (On another instruction set: within rounding.)
    /// </summary>
    /// <remarks>
    /// Rows, options and circuit must be the checkpoint's: anything else is an <see cref="ArgumentException"/> that names the difference. Only the
    /// number of epochs may be another, and only with a constant step size (a schedule of another length would have taken other steps from the
    /// beginning); a training that early stopping has ended stays ended.
    /// </remarks>
    public Checkpoint? Resume { get; init; }

    /// <summary>Gets a JSON object a line for every event of the training; null, the default: none. It stays open.</summary>
    public TrainingLog? Log { get; init; }

    /// <summary>Hears how training goes, about ten times a second and after every epoch, on the training thread.</summary>
    public IProgress<FitProgress>? Progress { get; init; }

    /// <summary>Gets a line an epoch; nothing by default.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    internal void Check(CompiledCircuit model)
    {
        if (CheckpointEvery < 1) throw new ArgumentException($"CheckpointEvery is {CheckpointEvery}; at least 1 epoch is needed.");
        if (CheckpointPath is { Length: 0 }) throw new ArgumentException("CheckpointPath is empty; a file name, or null for none, is needed.");
        if (Patience is < 1) throw new ArgumentException($"Patience is {Patience}; at least 1 epoch is needed.");
        if (Patience is not null && Validation is null)
            throw new ArgumentException("Patience needs Validation: early stopping watches the score on validation rows.");
        if (Validation is { Count: 0 }) throw new ArgumentException("Validation has no rows.");
        if (Validation is not null && model.Roots != 1)
            throw new ArgumentException($"Validation needs a model of one root; this one has {model.Roots}.");
    }
}
