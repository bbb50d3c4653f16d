using Microsoft.Extensions.Logging;

namespace Juice;

/// <summary>What training writes to a logger.</summary>
internal static partial class FitLog
{
    [LoggerMessage(1, LogLevel.Information, "Training on {Rows} rows for up to {Epochs} epochs of {Steps} updates")]
    public static partial void Started(ILogger logger, long rows, int epochs, long steps);

    [LoggerMessage(2, LogLevel.Information, "Epoch {Epoch}: train {Train:F4} bpd, validation {Validation:F4} bpd, {RowsPerSecond:F0} rows/s")]
    public static partial void Epoch(ILogger logger, int epoch, double train, double? validation, double rowsPerSecond);

    [LoggerMessage(3, LogLevel.Warning, "Epoch {Epoch}: {Rows} training rows are impossible under the model and contributed nothing")]
    public static partial void ImpossibleRows(ILogger logger, int epoch, long rows);

    [LoggerMessage(4, LogLevel.Information, "Stopped early after epoch {Epoch}: no better validation score since epoch {Best}")]
    public static partial void StoppedEarly(ILogger logger, int epoch, int best);

    [LoggerMessage(5, LogLevel.Information, "The parameters of epoch {Epoch} are kept: {Validation:F4} bpd on validation rows")]
    public static partial void KeptBest(ILogger logger, int epoch, double validation);
}
