using Microsoft.Extensions.Logging;

namespace Juice;

/// <summary>What training writes to a logger.</summary>
internal static partial class FitLog
{
    [LoggerMessage(JuiceEventIds.TrainingStarted, LogLevel.Information, "Training on {Rows} rows for up to {Epochs} epochs of {Steps} updates")]
    public static partial void Started(ILogger logger, long rows, int epochs, long steps);

    public static void Epoch(ILogger logger, FitEpoch epoch)
    {
        double rowsPerSecond = epoch.Rows / epoch.Elapsed.TotalSeconds;
        if (epoch.ValidationBitsPerDimension is double validation)
            EpochValidated(logger, epoch.Epoch, epoch.TrainBitsPerDimension, validation, rowsPerSecond);
        else EpochEnded(logger, epoch.Epoch, epoch.TrainBitsPerDimension, rowsPerSecond);
        if (epoch.ImpossibleRows > 0) ImpossibleRows(logger, epoch.Epoch, epoch.ImpossibleRows);
    }

    [LoggerMessage(JuiceEventIds.StoppedEarly, LogLevel.Information, "Stopped early after epoch {Epoch}: no better validation score since epoch {Best}")]
    public static partial void StoppedEarly(ILogger logger, int epoch, int best);

    [LoggerMessage(JuiceEventIds.KeptBest, LogLevel.Information, "The parameters of epoch {Epoch} are kept: {Validation:F4} bpd on validation rows")]
    public static partial void KeptBest(ILogger logger, int epoch, double validation);

    [LoggerMessage(JuiceEventIds.TrainingEnded, LogLevel.Information, "Trained for {Epochs} epochs in {Seconds:F1} s")]
    public static partial void Ended(ILogger logger, int epochs, double seconds);

    [LoggerMessage(JuiceEventIds.TrainingCancelled, LogLevel.Information, "Training was cancelled in epoch {Epoch}: its last update stays")]
    public static partial void Cancelled(ILogger logger, int epoch);

    [LoggerMessage(JuiceEventIds.TrainingFailed, LogLevel.Error, "Training failed in epoch {Epoch}")]
    public static partial void Failed(ILogger logger, int epoch, Exception exception);

    [LoggerMessage(JuiceEventIds.TrainingResumed, LogLevel.Information, "Training goes on after epoch {Epoch} of {Epochs}")]
    public static partial void Resumed(ILogger logger, int epoch, int epochs);

    [LoggerMessage(JuiceEventIds.ResumedElsewhere, LogLevel.Warning,
        "The checkpoint was made with {Then}, the training goes on with {Now}: the same within rounding, not bit for bit")]
    public static partial void ResumedElsewhere(ILogger logger, string then, string now);

    [LoggerMessage(JuiceEventIds.CheckpointWritten, LogLevel.Debug, "Epoch {Epoch}: checkpoint {Path}")]
    public static partial void CheckpointWritten(ILogger logger, int epoch, string path);

    [LoggerMessage(JuiceEventIds.CheckpointFailed, LogLevel.Warning, "Epoch {Epoch}: no checkpoint: {Reason}")]
    public static partial void CheckpointFailed(ILogger logger, int epoch, string reason, Exception exception);

    [LoggerMessage(JuiceEventIds.EpochEnded, LogLevel.Information, "Epoch {Epoch}: train {Train:F4} bpd, {RowsPerSecond:F0} rows/s")]
    private static partial void EpochEnded(ILogger logger, int epoch, double train, double rowsPerSecond);

    [LoggerMessage(JuiceEventIds.EpochValidated, LogLevel.Information,
        "Epoch {Epoch}: train {Train:F4} bpd, validation {Validation:F4} bpd, {RowsPerSecond:F0} rows/s")]
    private static partial void EpochValidated(ILogger logger, int epoch, double train, double validation, double rowsPerSecond);

    [LoggerMessage(JuiceEventIds.ImpossibleRows, LogLevel.Warning,
        "Epoch {Epoch}: {Rows} training rows are impossible under the model and contributed nothing")]
    private static partial void ImpossibleRows(ILogger logger, int epoch, long rows);
}
