using System.Text.Json;
using Juice.Cli.Training;

namespace Juice.Cli.Reports;

/// <summary>What a model's training left in its file or in a log: epochs, settings, and what it ran on. Anything may be missing.</summary>
internal sealed class TrainingHistory
{
    /// <summary>The epochs of all runs, in order.</summary>
    public IReadOnlyList<EpochRecord> Epochs { get; private init; } = [];

    /// <summary>The settings of the last run that has epochs, or else of the last run, by name.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; private init; } = new Dictionary<string, string>();

    /// <summary>What the last run ran on and took, by name.</summary>
    public JsonElement? Machine { get; private init; }

    /// <summary>What all runs took together; null where none of them says.</summary>
    public TimeSpan? Time { get; private init; }

    /// <summary>The last run that pruned and grew; null where none did.</summary>
    public Sparsification? Sparsified { get; private init; }

    /// <summary>The command of each run, as it was typed.</summary>
    public IReadOnlyList<string> Commands { get; private init; } = [];

    /// <summary>The name of the rows that it was trained on; null where nobody knows.</summary>
    public string? Data { get; private init; }

    /// <summary>Reads the metadata of a model; of <paramref name="log"/> the epochs, where there is one.</summary>
    public static TrainingHistory Of(Circuit circuit, string? log)
    {
        JsonElement[] runs = Runs(circuit);
        JsonElement? last = runs.Length > 0 ? runs[^1] : null, sparsified = Last(runs, TrainingMetadata.Rounds);
        double[] seconds = [.. runs.Select(run => Part(run, TrainingMetadata.Machine) is JsonElement machine ? Real(machine, "seconds") : null).OfType<double>()];
        return new()
        {
            Epochs = log is null ? Number([.. runs.SelectMany(run => Items(run, "epochs"))]) : Number(ReadLog(log)),
            Settings = SettingsOf(Last(runs, "epochs") ?? last),
            Machine = Part(last, TrainingMetadata.Machine),
            Time = seconds.Length > 0 ? TimeSpan.FromSeconds(seconds.Sum()) : null,
            Sparsified = sparsified is JsonElement run ? Sparsification.Of(run, SettingsOf(run)) : null,
            Commands = [.. runs.Select(each => Text(each, TrainingMetadata.Command)).OfType<string>()],
            Data = circuit.Metadata.GetValueOrDefault(TrainingMetadata.Data),
        };
    }

    private static JsonElement[] Runs(Circuit circuit)
    {
        if (!circuit.Metadata.TryGetValue(TrainingMetadata.Training, out string? text)) return [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return Items(document.RootElement.Clone(), TrainingMetadata.Runs);
        }
        catch (JsonException)
        {
            return [];      // another program's text under this name
        }
    }

    // The last one that has items of this name.
    private static JsonElement? Last(JsonElement[] runs, string name)
    {
        int last = Array.FindLastIndex(runs, run => Items(run, name).Length > 0);
        return last < 0 ? null : runs[last];
    }

    private static Dictionary<string, string> SettingsOf(JsonElement? run) => Part(run, "settings") is JsonElement settings
        ? settings.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.ToString())
        : [];

    private static JsonElement? Part(JsonElement? run, string name) =>
        run is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty(name, out JsonElement part) && part.ValueKind == JsonValueKind.Object
            ? part
            : null;

    internal static JsonElement[] Items(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement items) && items.ValueKind == JsonValueKind.Array
            ? [.. items.EnumerateArray()]
            : [];

    private static List<JsonElement> ReadLog(string path)
    {
        List<JsonElement> lines = [];
        int number = 0;
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no file '{path}'.", path);
        foreach (string line in File.ReadLines(path))
        {
            number++;
            try
            {
                using JsonDocument document = JsonDocument.Parse(line);
                JsonElement entry = document.RootElement;
                if (entry.ValueKind != JsonValueKind.Object || Real(entry, "epoch") is not double epoch) continue;
                // What was trained after the checkpoint that a resumed training goes on from is trained again.
                if (Text(entry, "event") == "resume") lines.RemoveAll(kept => Real(kept, "epoch") > epoch);
                else if (entry.TryGetProperty("train_bpd", out _)) lines.Add(entry.Clone());
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"{path}: line {number} is not JSON, and a log of 'juice train --log' has a JSON object a line", e);
            }
        }
        return lines.Count > 0 ? lines : throw new InvalidDataException($"{path} has no epochs");
    }

    // A model that went on counts its epochs anew; together they count through.
    private static List<EpochRecord> Number(IReadOnlyList<JsonElement> epochs) =>
    [
        .. epochs.Select((epoch, i) => new EpochRecord(
            i + 1, Real(epoch, "train_bpd") ?? double.NaN, Real(epoch, "validation_bpd"), Real(epoch, "rows_per_second") ?? double.NaN)),
    ];

    internal static double? Real(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
