using System.Text.Json;
using System.Text.Json.Nodes;

namespace Juice.Cli.Training;

/// <summary>What a model file says of its own making: the data, what its rows look like, and every run with its settings and epochs.</summary>
internal static class TrainingMetadata
{
    public const string Data = "data";
    public const string Schema = "schema";
    public const string Training = "training";

    /// <summary>Within <see cref="Training"/>, the runs; within a run, the command that was typed and what it ran on and took.</summary>
    public const string Runs = "runs";
    public const string Command = "command";
    public const string Machine = "machine";

    /// <param name="circuit">The trained circuit.</param>
    /// <param name="data">The name of the rows.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="command">The command that was typed.</param>
    /// <param name="settings">What it asked for, by name.</param>
    /// <param name="epochs">What became of it.</param>
    /// <param name="machine">What it ran on and took, by name.</param>
    public static Circuit AddTo(
        Circuit circuit, string data, Rows rows, string command, JsonObject settings, IReadOnlyList<EpochRecord> epochs, JsonObject machine)
    {
        JsonObject training = Past(circuit);
        training[Runs]!.AsArray().Add(new JsonObject
        {
            [Command] = command,
            ["settings"] = settings,
            ["epochs"] = new JsonArray([.. epochs.Select(Describe)]),
            [Machine] = machine,
        });
        JsonObject schema = new() { ["variables"] = rows.Variables, ["element"] = rows.ElementType.ToString() };
        if (rows.Categories is int categories) schema["categories"] = categories;

        using Circuit named = circuit.WithMetadata(Data, data);
        using Circuit described = named.WithMetadata(Schema, schema.ToJsonString());
        return described.WithMetadata(Training, training.ToJsonString());
    }

    // A model that goes on keeps its history; what another program wrote under this name gives way.
    private static JsonObject Past(Circuit circuit)
    {
        if (circuit.Metadata.TryGetValue(Training, out string? text))
        {
            try
            {
                if (JsonNode.Parse(text) is JsonObject past && past[Runs] is JsonArray) return past;
            }
            catch (JsonException)
            {
                // as above
            }
        }
        return new JsonObject { [Runs] = new JsonArray() };
    }

    private static JsonNode Describe(EpochRecord epoch)
    {
        JsonObject described = new() { ["epoch"] = epoch.Epoch, ["train_bpd"] = Finite(epoch.TrainBpd) };
        if (epoch.ValidationBpd is double validation) described["validation_bpd"] = Finite(validation);
        described["rows_per_second"] = Math.Round(epoch.RowsPerSecond, 1);
        return described;
    }

    private static JsonValue? Finite(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
