using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Juice.Data;

namespace Juice.Cli.Training;

/// <summary>What a model file says of its own making: the data, what its rows look like, and every run with its settings and epochs.</summary>
internal static class TrainingMetadata
{
    public const string Data = "data";
    public const string Schema = DataSchema.MetadataKey;
    public const string Training = "training";
    public const string Structure = "structure";

    /// <summary>Within <see cref="Training"/>, the runs; within a run, the command that was typed and what it ran on and took.</summary>
    public const string Runs = "runs";
    public const string Command = "command";
    public const string Machine = "machine";

    /// <summary>Within a run that pruned and grew: what every round made, and the number of the one that was kept.</summary>
    public const string Rounds = "rounds";
    public const string BestRound = "best_round";

    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="circuit">The trained circuit.</param>
    /// <param name="data">The name of the rows.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="command">The command that was typed.</param>
    /// <param name="settings">What it asked for, by name.</param>
    /// <param name="epochs">What became of it.</param>
    /// <param name="machine">What it ran on and took, by name.</param>
    /// <param name="sparsified">What became of it where it pruned and grew; null: it did not.</param>
    public static Circuit AddTo(
        Circuit circuit, string data, Rows rows, string command, JsonObject settings, IReadOnlyList<EpochRecord> epochs, JsonObject machine,
        SparsifyResult? sparsified = null)
    {
        JsonObject training = Past(circuit), run = new()
        {
            [Command] = command,
            ["settings"] = settings,
            ["epochs"] = new JsonArray([.. epochs.Select(Describe)]),
            [Machine] = machine,
        };
        if (sparsified is not null)
        {
            run[Rounds] = new JsonArray([.. sparsified.Rounds.Select(Describe)]);
            if (sparsified.BestRound is int best) run[BestRound] = best;
        }
        training[Runs]!.AsArray().Add(run);
        // What a model knows of its columns or tokens stays.
        JsonObject schema = (circuit.Metadata.TryGetValue(Schema, out string? known) ? Parse(known) : null) ?? [];
        (schema["variables"], schema["element"]) = (rows.Variables, rows.ElementType.ToString());
        schema.Remove("categories");
        if (rows.Categories is int categories) schema["categories"] = categories;

        using Circuit named = circuit.WithMetadata(Data, data);
        using Circuit described = named.WithMetadata(Schema, schema.ToJsonString(s_plain));
        return described.WithMetadata(Training, training.ToJsonString());
    }

    /// <summary>Refuses a structure whose making the command line describes otherwise than the model itself.</summary>
    public static void CheckStructure(Circuit circuit, string name, JsonObject asked)
    {
        JsonObject made = (circuit.Metadata.TryGetValue(Structure, out string? text) ? Parse(text) : null)
            ?? throw new InvalidDataException($"{name} is not the checkpoint of a new structure; to go on with it, name the model that it began with");
        foreach (string key in asked.Select(entry => entry.Key).Union(made.Select(entry => entry.Key)))
        {
            string Value(JsonObject of) => of[key]?.ToJsonString() ?? "the usual one";
            if (Value(asked) != Value(made))
                throw new InvalidDataException($"{name} is the checkpoint of a model whose {key} is {Value(made)}, and here it is {Value(asked)}");
        }
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // A model that goes on keeps its history; what another program wrote under this name gives way.
    private static JsonObject Past(Circuit circuit)
    {
        if (circuit.Metadata.TryGetValue(Training, out string? text) && Parse(text) is { } past && past[Runs] is JsonArray) return past;
        return new JsonObject { [Runs] = new JsonArray() };
    }

    private static JsonNode Describe(EpochRecord epoch)
    {
        JsonObject described = new() { ["epoch"] = epoch.Epoch, ["train_bpd"] = Finite(epoch.TrainBpd) };
        if (epoch.ValidationBpd is double validation) described["validation_bpd"] = Finite(validation);
        described["rows_per_second"] = Math.Round(epoch.RowsPerSecond, 1);
        return described;
    }

    private static JsonNode Describe(SparsifyRound round)
    {
        JsonObject described = new()
        {
            ["round"] = round.Round,
            ["edges_before"] = round.EdgesBefore,
            ["edges_pruned"] = round.EdgesPruned,
            ["edges"] = round.Edges,
            ["train_bpd"] = Finite(round.TrainBitsPerDimension),
        };
        if (round.ValidationBitsPerDimension is double validation) described["validation_bpd"] = Finite(validation);
        return described;
    }

    private static JsonValue? Finite(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
