namespace Juice.Cli.Training;

/// <summary>One epoch, as logs, charts and metadata keep it.</summary>
internal sealed record EpochRecord(int Epoch, double TrainBpd, double? ValidationBpd, double RowsPerSecond)
{
    public static EpochRecord Of(FitEpoch epoch) => new(
        epoch.Epoch, epoch.TrainBitsPerDimension, epoch.ValidationBitsPerDimension, epoch.Rows / Math.Max(epoch.Elapsed.TotalSeconds, 1e-9));

    public static EpochRecord Of(FitProgress progress) =>
        new(progress.Epoch, progress.TrainBitsPerDimension, progress.ValidationBitsPerDimension, progress.RowsPerSecond);
}
