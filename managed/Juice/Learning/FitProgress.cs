namespace Juice;

/// <summary>How far training is.</summary>
/// <param name="Epoch">The epoch under way, from 1.</param>
/// <param name="Epochs">Epochs that there will be at most.</param>
/// <param name="Rows">Rows of this epoch done.</param>
/// <param name="TotalRows">Rows an epoch.</param>
/// <param name="TrainBitsPerDimension">Of the rows of this epoch so far, each under the parameters that it was read with; NaN before the first.</param>
/// <param name="ValidationBitsPerDimension">After the last whole epoch; null where there are no validation rows or no whole epoch yet.</param>
/// <param name="RowsPerSecond">Training rows a second, over this epoch.</param>
/// <param name="TimeLeft">Until the last epoch ends, if none stops early, validation included.</param>
/// <param name="IsEpochEnd">Whether the epoch is over and scored; the last report of each epoch, and only that, says so.</param>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record FitProgress(
    int Epoch, int Epochs, long Rows, long TotalRows, double TrainBitsPerDimension, double? ValidationBitsPerDimension, double RowsPerSecond,
    TimeSpan TimeLeft, bool IsEpochEnd)
{
    /// <summary>The checkpoint file that was written at this end of an epoch; null where none was.</summary>
    public string? CheckpointPath { get; init; }

    /// <summary>Why the checkpoint that was due at this end of an epoch could not be written; null where none was due, or it was written.</summary>
    public Exception? CheckpointFailure { get; init; }
}
