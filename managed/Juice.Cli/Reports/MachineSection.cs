using System.Text.Json;
using System.Xml.Linq;
using Juice.Cli.Output;
using Juice.Cli.Training;

namespace Juice.Cli.Reports;

/// <summary>Time and hardware: of the training as the model's file tells it, of this report as measured.</summary>
internal static class MachineSection
{
    public static XElement Of(ReportFacts facts)
    {
        double seconds = Math.Max(facts.ScoringTime.TotalSeconds, 1e-9);
        int rows = facts.BitsPerDimension.Length;
        string scored = $"{Units.Count(rows, facts.Noun)} in {Units.Time(facts.ScoringTime)}, {Units.Count((long)(rows / seconds))} a second";
        Device here = Device.Named(facts.Model.Device);
        return ReportPage.Section(
            "machine", "Time and hardware",
            ReportPage.Table(
                ("trained on", Text(facts, "description")),
                ("cores", Whole(facts, "cores") is long cores ? Units.Count(cores) : null),
                ("threads", Whole(facts, "threads") is long threads ? Units.Count(threads) : null),
                ("instruction set", Text(facts, "instruction_set")),
                ("an epoch", SecondsPerEpoch(facts) is double epoch ? $"{Markup.Number(epoch, "0.00")} s, validation left out" : null),
                ("training speed", RowsPerSecond(facts) is double speed ? $"{Units.Count((long)speed)} {facts.Noun}s a second" : null),
                ("whole training", TrainingTime(facts) is TimeSpan time ? $"{Units.Time(time)}, validation included" : null),
                ("peak memory", Whole(facts, "peak_memory_bytes") is long bytes ? Units.Bytes(bytes) : null),
                ("juice", Text(facts, "juice")),
                ("scored for this report", scored),
                ("on", $"{here.Description}, {Units.Count(facts.Model.Threads, "thread")}")));
    }

    public static TimeSpan? TrainingTime(ReportFacts facts) => facts.History.Time;

    /// <summary>The mean over all epochs: rows by the time that they took together.</summary>
    public static double? RowsPerSecond(ReportFacts facts)
    {
        EpochRecord[] timed = [.. facts.History.Epochs.Where(epoch => epoch.RowsPerSecond > 0)];
        return timed.Length == 0 ? null : timed.Length / timed.Sum(epoch => 1 / epoch.RowsPerSecond);
    }

    private static double? SecondsPerEpoch(ReportFacts facts) =>
        RowsPerSecond(facts) is double speed && facts.History.Settings.TryGetValue("rows", out string? rows) && long.TryParse(rows, out long count)
            ? count / speed
            : null;

    private static string? Text(ReportFacts facts, string name) =>
        facts.History.Machine is { } machine && machine.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static long? Whole(ReportFacts facts, string name) =>
        facts.History.Machine is { } machine && machine.TryGetProperty(name, out JsonElement value) && value.TryGetInt64(out long number)
            ? number
            : null;
}
