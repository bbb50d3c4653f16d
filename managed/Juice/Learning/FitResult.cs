namespace Juice;

/// <summary>What training came to.</summary>
/// <param name="Epochs">The history, an entry an epoch.</param>
/// <param name="BestEpoch">The epoch that scored best on the validation rows, from 1; null where there were none.</param>
/// <param name="StoppedEarly">Whether patience ended it before the last epoch.</param>
/// <param name="Elapsed">The time it took, validation included; of one that went on from a checkpoint, with the time before.</param>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record FitResult(IReadOnlyList<FitEpoch> Epochs, int? BestEpoch, bool StoppedEarly, TimeSpan Elapsed);

/// <summary>One epoch of a training.</summary>
/// <param name="Epoch">Its number, from 1.</param>
/// <param name="TrainBitsPerDimension">Of its rows, each under the parameters that it was read with.</param>
/// <param name="ValidationBitsPerDimension">After it; null where there are no validation rows.</param>
/// <param name="Rows">Training rows.</param>
/// <param name="ImpossibleRows">Training rows of likelihood 0, which contributed nothing.</param>
/// <param name="Steps">Updates.</param>
/// <param name="Elapsed">The time it took, validation left out.</param>
/// <remarks>Immutable; safe to use from any number of threads.</remarks>
public sealed record FitEpoch(
    int Epoch, double TrainBitsPerDimension, double? ValidationBitsPerDimension, long Rows, long ImpossibleRows, long Steps, TimeSpan Elapsed);
