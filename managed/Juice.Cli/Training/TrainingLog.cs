using Juice.Cli.Output;

namespace Juice.Cli.Training;

/// <summary>A file with one JSON object a line and a line an epoch, written as the training goes on.</summary>
internal sealed class TrainingLog : IDisposable
{
    private readonly StreamWriter _file;

    public TrainingLog(string path) => _file = new StreamWriter(path, append: false) { NewLine = "\n", AutoFlush = true };

    public void Write(EpochRecord epoch, TimeSpan elapsed) => _file.WriteLine(JsonText.Of(
        json =>
        {
            json.WriteStartObject();
            json.WriteNumber("epoch", epoch.Epoch);
            json.Finite("train_bpd", epoch.TrainBpd);
            if (epoch.ValidationBpd is double validation) json.Finite("validation_bpd", validation);
            json.Finite("rows_per_second", Math.Round(epoch.RowsPerSecond, 1));
            json.Finite("elapsed_seconds", Math.Round(elapsed.TotalSeconds, 3));
            json.WriteEndObject();
        },
        indented: false));

    public void Dispose() => _file.Dispose();
}
