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

    /// <summary>Hears how training goes, about ten times a second and after every epoch, on the training thread.</summary>
    public IProgress<FitProgress>? Progress { get; init; }

    /// <summary>Gets a line an epoch; nothing by default.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    internal void Check(CompiledCircuit model)
    {
        if (Patience is < 1) throw new ArgumentException($"Patience is {Patience}; at least 1 epoch is needed.");
        if (Patience is not null && Validation is null)
            throw new ArgumentException("Patience needs Validation: early stopping watches the score on validation rows.");
        if (Validation is { Count: 0 }) throw new ArgumentException("Validation has no rows.");
        if (Validation is not null && model.Roots != 1)
            throw new ArgumentException($"Validation needs a model of one root; this one has {model.Roots}.");
    }
}
