using System.Diagnostics;
using System.Globalization;
using Juice.Cli.Output;

namespace Juice.Cli.Training;

/// <summary>A line for each thing done: for files, pipes and CI logs.</summary>
internal sealed class PlainView(Terminal terminal) : ITrainingView
{
    public T Work<T>(string description, Func<IProgress<double>, T> work)
    {
        long start = Stopwatch.GetTimestamp();
        T result = work(new Listener<double>(_ => { }));
        terminal.Note($"{description}: {Units.Time(Stopwatch.GetElapsedTime(start))}");
        return result;
    }

    public T Fit<T>(Func<IProgress<FitProgress>, T> fit) => fit(new Listener<FitProgress>(progress =>
    {
        if (progress.IsEpochEnd) terminal.Note(EpochLine(progress));
    }));

    public static string EpochLine(FitProgress progress)
    {
        string epochs = progress.Epochs.ToString(CultureInfo.InvariantCulture);
        string epoch = progress.Epoch.ToString(CultureInfo.InvariantCulture).PadLeft(epochs.Length);
        string line = $"epoch {epoch}/{epochs}  train {Bpd(progress.TrainBitsPerDimension)}";
        if (progress.ValidationBitsPerDimension is double validation) line += $"  validation {Bpd(validation)}";
        line += $" bpd  {Units.Count((long)progress.RowsPerSecond)} rows/s";
        if (progress.CheckpointFailure is { } failure) line += $"  no checkpoint: {failure.Message}";
        return progress.Epoch < progress.Epochs ? $"{line}  {Units.Time(progress.TimeLeft)} left" : line;
    }

    public static string Bpd(double bpd) => bpd switch
    {
        double.NaN => "–",
        double.PositiveInfinity => "inf",
        _ => bpd.ToString("0.0000", CultureInfo.InvariantCulture),
    };
}
