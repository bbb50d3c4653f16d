using System.Globalization;
using System.Text.Json;
using Juice.Cli.Training;

namespace Juice.Cli.Output;

/// <summary>A model described, as text or as JSON.</summary>
internal sealed class Inspection(string path, Circuit circuit, CompiledCircuit compiled, bool withVectors, bool withPlan)
{
    private const int LongestValue = 100;   // of metadata in the text; JSON has it whole

    private readonly ModelInfo _info = compiled.Info;
    private readonly Checkpoint? _training = Checkpoint.Find(circuit);

    public void Write(TextWriter output)
    {
        Facts facts = new();
        facts.Heading(path);
        facts.Add("variables", circuit.Variables);
        facts.Add("inputs", string.Join(", ", Distributions(circuit).Select(group => $"{group.Text} × {Units.Count(group.Variables)}")));
        facts.Add("roots", circuit.Roots);
        string kinds = string.Join(
            ", ", Enum.GetValues<NodeType>().Select(type => $"{Units.Count(Vectors(type))} {type.ToString().ToLowerInvariant()}"));
        facts.Add("vectors", $"{Units.Count(circuit.Vectors.Count)} ({kinds})");
        facts.Add("nodes", circuit.Nodes);
        facts.Add("edges",
            $"{Units.Count(circuit.Edges)} ({Units.Count(circuit.SumEdges)} into sums, {Units.Count(circuit.ProductEdges)} into products)");
        facts.Add("parameters", circuit.Parameters);
        facts.Add("depth", circuit.Depth);
        if (circuit.Metadata.Count > 0) facts.Heading("metadata");
        foreach ((string key, string value) in circuit.Metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal)) facts.Add(key, Shorten(value));

        WriteTrainingState(facts);

        string engine = $"{_info.Device} ({_info.InstructionSet}, {Units.Count(_info.Threads, "thread")})";
        facts.Heading($"plan for a batch of {Units.Count(_info.BatchSize)} on {engine}");
        facts.Add("operations",
            $"{Units.Count(_info.Operations)} in {Units.Count(_info.Stages)} stages, critical path {Units.Count(_info.CriticalPath)}");
        facts.Add("update", _info.UpdatesInPlace ? "in place" : "from a flow buffer");
        facts.Add("rows at a time", _info.MicroBatch);
        facts.Add("memory", Memory());
        facts.Add("work a row", Units.Flop(_info.FlopPerRow));
        facts.Add("traffic a step", $"{Units.Bytes((long)_info.StepBytes)} at least");
        facts.Write(output);
        if (withVectors) WriteVectors(output);
        if (withPlan) output.WriteLine(compiled.Plan.TrimEnd());
    }

    public void WriteJson(TextWriter output) => output.WriteLine(JsonText.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("model", path);
        json.WriteNumber("variables", circuit.Variables);
        json.WriteStartArray("distributions");
        foreach ((string text, int variables) in Distributions(circuit))
        {
            json.WriteStartObject();
            json.WriteString("distribution", text);
            json.WriteNumber("variables", variables);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("root", circuit.Root);
        json.WriteNumber("roots", circuit.Roots);
        json.WriteNumber("vectors", circuit.Vectors.Count);
        json.WriteNumber("input_vectors", Vectors(NodeType.Input));
        json.WriteNumber("product_vectors", Vectors(NodeType.Product));
        json.WriteNumber("sum_vectors", Vectors(NodeType.Sum));
        json.WriteNumber("nodes", circuit.Nodes);
        json.WriteNumber("edges", circuit.Edges);
        json.WriteNumber("sum_edges", circuit.SumEdges);
        json.WriteNumber("product_edges", circuit.ProductEdges);
        json.WriteNumber("parameters", circuit.Parameters);
        json.WriteNumber("depth", circuit.Depth);
        json.WriteStartObject("metadata");
        foreach ((string key, string value) in circuit.Metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal)) WriteMetadata(json, key, value);
        json.WriteEndObject();
        WriteTrainingState(json);
        WritePlan(json);
        if (withVectors) WriteVectors(json);
        json.WriteEndObject();
    }));

    private void WriteTrainingState(Facts facts)
    {
        if (_training is null) return;
        FitEpoch last = _training.Epochs[^1];
        string validation = last.ValidationBitsPerDimension is double bpd ? $", validation {PlainView.Bpd(bpd)}" : "";
        string best = _training.BestEpoch is int epoch ? $", the best one was {epoch}" : "";
        facts.Heading("training state (--resume goes on from it)");
        facts.Add("epochs", $"{_training.Epochs.Count} of {_training.PlannedEpochs} done{best}");
        facts.Add("last epoch", $"train {PlainView.Bpd(last.TrainBitsPerDimension)}{validation} bpd");
        facts.Add("updates", $"{Units.Count(_training.Steps)} in {Units.Time(_training.Elapsed)}");
        facts.Add("rows", $"{Units.Count(_training.Rows)}, {Units.Count(_training.ValidationRows)} for validation");
        facts.Add("batch", $"{Units.Count(_training.BatchSize)}{(_training.IsFullBatch ? ", one update an epoch" : "")}");
        facts.Add("optimiser", _training.Optimizer);
        facts.Add("step size", _training.StepSize);
        facts.Add("pseudocount", _training.Pseudocount.ToString(CultureInfo.InvariantCulture));
        facts.Add("seed", _training.Seed.ToString(CultureInfo.InvariantCulture));
    }

    private void WriteTrainingState(Utf8JsonWriter json)
    {
        if (_training is null) return;
        json.WriteStartObject("training_state");
        json.WriteNumber("epoch", _training.Epochs.Count);
        json.WriteNumber("epochs", _training.PlannedEpochs);
        if (_training.BestEpoch is int best) json.WriteNumber("best_epoch", best);
        json.WriteNumber("steps", _training.Steps);
        json.Finite("seconds", _training.Elapsed.TotalSeconds);
        json.WriteNumber("rows", _training.Rows);
        json.WriteNumber("validation_rows", _training.ValidationRows);
        json.WriteBoolean("full_batch", _training.IsFullBatch);
        json.WriteNumber("batch_size", _training.BatchSize);
        json.WriteString("optimizer", _training.Optimizer);
        json.WriteString("step_size", _training.StepSize);
        json.Finite("pseudocount", _training.Pseudocount);
        json.WriteNumber("seed", _training.Seed);
        json.WriteStartArray("history");
        foreach (FitEpoch epoch in _training.Epochs)
        {
            json.WriteStartObject();
            json.WriteNumber("epoch", epoch.Epoch);
            json.Finite("train_bpd", epoch.TrainBitsPerDimension);
            if (epoch.ValidationBitsPerDimension is double bpd) json.Finite("validation_bpd", bpd);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WritePlan(Utf8JsonWriter json)
    {
        json.WriteStartObject("plan");
        json.WriteString("device", _info.Device);
        json.WriteString("instruction_set", _info.InstructionSet);
        json.WriteNumber("threads", _info.Threads);
        json.WriteNumber("batch_size", _info.BatchSize);
        json.WriteNumber("micro_batch", _info.MicroBatch);
        json.WriteBoolean("in_place", _info.UpdatesInPlace);
        json.WriteNumber("operations", _info.Operations);
        json.WriteNumber("stages", _info.Stages);
        json.WriteNumber("critical_path", _info.CriticalPath);
        json.WriteNumber("parameter_bytes", _info.ParameterBytes);
        json.WriteNumber("flow_bytes", _info.FlowBytes);
        json.WriteNumber("activation_bytes", _info.ActivationBytes);
        json.Finite("flop_per_row", _info.FlopPerRow);
        json.Finite("step_bytes", _info.StepBytes);
        if (withPlan)
        {
            json.WritePropertyName("details");
            json.WriteRawValue(compiled.PlanJson);
        }
        json.WriteEndObject();
    }

    private void WriteVectors(TextWriter output)
    {
        output.WriteLine("vectors");
        foreach (NodeVector vector in circuit.Vectors)
        {
            string tie = vector.TiedTo is int owner ? $", tied to {owner}" : "";
            string children = vector.Children.IsEmpty ? "" : $", children {string.Join(' ', vector.Children.ToArray())}";
            string type = vector.Type.ToString().ToLowerInvariant();
            string what = vector.Distribution is { } distribution ? $"{Text(distribution)} of variable {vector.Variable}" : type;
            output.WriteLine($"  {vector.Id}: {vector.NodeBlocks} × {vector.BlockSize} {what}{children}{tie}");
        }
    }

    private void WriteVectors(Utf8JsonWriter json)
    {
        json.WriteStartArray("node_vectors");
        foreach (NodeVector vector in circuit.Vectors)
        {
            json.WriteStartObject();
            json.WriteNumber("id", vector.Id);
            json.WriteString("type", vector.Type.ToString().ToLowerInvariant());
            json.WriteNumber("node_blocks", vector.NodeBlocks);
            json.WriteNumber("block_size", vector.BlockSize);
            if (vector.Variable is int variable) json.WriteNumber("variable", variable);
            if (vector.Distribution is { } distribution) json.WriteString("distribution", Text(distribution));
            if (!vector.Children.IsEmpty)
            {
                json.WriteStartArray("children");
                foreach (int child in vector.Children) json.WriteNumberValue(child);
                json.WriteEndArray();
            }
            if (vector.TiedTo is int owner) json.WriteNumber("tied_to", owner);
            json.WriteNumber("parameters", vector.ParameterCount);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    // What is JSON itself is shown as what it says, not as a text full of escapes.
    private static void WriteMetadata(Utf8JsonWriter json, string key, string value)
    {
        json.WritePropertyName(key);
        if (value.StartsWith('{') || value.StartsWith('['))
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(value);
                document.RootElement.WriteTo(json);
                return;
            }
            catch (JsonException)
            {
                // Metadata is free text: one that only looks like JSON is written as the text that it is.
            }
        }
        json.WriteStringValue(value);
    }

    // A plan that updates in place needs the flow buffer only where somebody asks for flows.
    private string Memory()
    {
        long needed = _info.ParameterBytes + _info.ActivationBytes + (_info.UpdatesInPlace ? 0 : _info.FlowBytes);
        string flows = _info.UpdatesInPlace ? "" : $", flows {Units.Bytes(_info.FlowBytes)}";
        string onDemand = _info.UpdatesInPlace ? $"; {Units.Bytes(_info.FlowBytes)} more where flows are read" : "";
        return $"{Units.Bytes(needed)} (parameters {Units.Bytes(_info.ParameterBytes)}{flows}, values {Units.Bytes(_info.ActivationBytes)}){onDemand}";
    }

    private int Vectors(NodeType type) => circuit.Vectors.Count(vector => vector.Type == type);

    /// <summary>Which distributions a circuit's variables have, and how many have each.</summary>
    public static IReadOnlyList<(string Text, int Variables)> Distributions(Circuit circuit) =>
    [
        .. circuit.Vectors.Where(vector => vector.Type == NodeType.Input).DistinctBy(vector => vector.Variable)
            .GroupBy(vector => Text(vector.Distribution!)).Select(group => (group.Key, group.Count())).OrderByDescending(group => group.Item2),
    ];

    private static string Text(Distribution distribution) => distribution switch
    {
        Categorical categorical => $"categorical({categorical.Categories})",
        Bernoulli => "bernoulli",
        Binomial binomial => $"binomial({binomial.Trials})",
        Gaussian => "gaussian",
        DiscreteLogistic logistic =>
            string.Create(CultureInfo.InvariantCulture, $"discrete_logistic({logistic.Low} … {logistic.High}, {logistic.Count})"),
        Indicator indicator => $"indicator({indicator.Categories})",
        _ => distribution.ToString(),
    };

    private static string Shorten(string value)
    {
        string line = value.ReplaceLineEndings(" ");
        return line.Length <= LongestValue ? line : line[..LongestValue] + "…";
    }
}
