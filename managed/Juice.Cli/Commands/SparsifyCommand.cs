using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Juice.Cli.Options;
using Juice.Cli.Output;
using Juice.Cli.Training;
using Juice.Data;

namespace Juice.Cli.Commands;

/// <summary><c>juice sparsify</c>: prunes, grows and trains a model in turn.</summary>
internal sealed class SparsifyCommand
{
    private readonly Terminal _terminal;
    private readonly Argument<string> _model = new("MODEL") { Description = "The model file (.juice), which should be trained; it stays as it is." };
    private readonly Argument<string> _data = new("DATA")
    {
        Description = $"The rows to learn from: {DataOptions.Kinds}. Of a data set the train part, unless --split says otherwise.",
    };

    private readonly Option<string> _out = new("--out") { Description = "The model file to write (.juice).", HelpName = "FILE", Required = true };
    private readonly Option<int> _rounds = OptionValues.Whole("--rounds", "Rounds of pruning, growing and training.", minimum: 1, defaultValue: 5);
    private readonly Option<double?> _keep = new("--keep")
    {
        Description = "The share of edges that stays at each pruning, above 0 and at most 1; a node keeps one at least. Default: 0.25.",
        HelpName = "SHARE",
    };

    private readonly Option<double?> _threshold = new("--threshold")
    {
        Description = "Instead of --keep: the least flow a row (in the mean), or the least parameter, that stays.",
        HelpName = "T",
    };

    private readonly Option<PruneBy> _by = new("--by")
    {
        Description = "What decides which edges go: flow, parameter or random.",
        HelpName = "WHAT",
        DefaultValueFactory = _ => PruneBy.Flow,
    };

    private readonly Option<int> _block = OptionValues.Whole(
        "--block", "Prune blocks of so many by so many edges; 1: single edges.", minimum: 1, defaultValue: 1);

    private readonly Option<int> _copies = OptionValues.Whole("--copies", "Nodes for each one when the circuit grows; 1: it does not grow.", minimum: 1, defaultValue: 2);

    private readonly Option<double> _noise = OptionValues.Real(
        "--noise", "The deviation of what the parameters of copies are multiplied by.", minimum: 0, defaultValue: 0.1);

    private readonly Option<bool> _endPruned = new("--end-pruned") { Description = "Prune and train once more at the end, without growing." };

    private readonly DataOptions _dataOptions = new();
    private readonly TrainOptions _train = new();
    private readonly ValidationChoice _validation = new();
    private readonly ModelOptions _modelOptions = new();

    private SparsifyCommand(Terminal terminal)
    {
        _terminal = terminal;
        _by.AcceptOnlyFromAmong("flow", "parameter", "random");
    }

    public static Command Create(Terminal terminal)
    {
        SparsifyCommand sparsify = new(terminal);
        ToolCommand command = new("sparsify", "Prune, grow and train a model in turn, so that its nodes go where the data needs them (Dang, Liu & Van den Broeck 2022).")
        {
            Examples =
            [
                "juice sparsify m.juice rows.csv --out sparse.juice",
                "juice sparsify m.juice fashion-mnist --rounds 8 --keep 0.25 --epochs 5 --validation 0.1 --out sparse.juice",
                "juice sparsify m.juice rows.csv --rounds 1 --copies 1 --keep 0.1 --by flow --block 16 --out small.juice",
            ],
        };
        command.Add(sparsify._model);
        command.Add(sparsify._data);
        foreach (Option option in (Option[])
            [sparsify._out, sparsify._rounds, sparsify._keep, sparsify._threshold, sparsify._by, sparsify._block, sparsify._copies, sparsify._noise, sparsify._endPruned])
        {
            command.Add(option);
        }
        sparsify._train.AddTo(command, stops: false);
        sparsify._validation.AddTo(command);
        sparsify._dataOptions.AddTo(command);
        sparsify._modelOptions.AddTo(command);
        command.SetAction(sparsify.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string path = parsed.GetRequiredValue(_model), output = parsed.GetRequiredValue(_out);
        OutputFile.Check(output, ".juice");
        SparsifyOptions options = Schedule(parsed);
        using Circuit circuit = Circuit.Load(path);
        NamedRows data = await _dataOptions.LoadAsync(parsed, _terminal, parsed.GetRequiredValue(_data), usualPart: "train", DataSchema.Of(circuit), cancellation);
        data.CheckFits(circuit, path);
        if (circuit.Roots != 1) throw new InvalidDataException($"{path} has {circuit.Roots} roots; training needs one");
        (Rows rows, Rows? validation) = _validation.Choose(parsed, _dataOptions, data, isNewModel: false, _train.Seed(parsed), cancellation);
        _terminal.Note($"{path}: {Units.Count(circuit.Edges)} edges; {data}: {Units.Count(rows.Count, "row")}"
            + (validation is null ? "" : $", {Units.Count(validation.Count)} for validation"));

        Stopwatch clock = Stopwatch.StartNew();
        options = options with { Validation = validation, Progress = new Listener<SparsifyRound>(round => _terminal.Note(Line(round))) };
        NamedRows train = data with { Rows = rows };
        SparsifyResult result = train.Use(all => Transformations.Sparsify(circuit, all, options, cancellation));
        using Circuit made = result.Circuit;
        using (CompiledCircuit model = _modelOptions.Compile(made, parsed, _train.BatchSize(parsed)))
        using (Circuit described = TrainingMetadata.AddTo(
            made, data.Name, rows, CommandText.Of(parsed), Settings(parsed, options, rows, validation), [], TrainingMachine.Describe(model, clock.Elapsed), result))
        {
            described.Save(output);
        }
        Report(output, circuit, result, clock.Elapsed);
        return Tool.Success;
    }

    private SparsifyOptions Schedule(ParseResult parsed)
    {
        (double? keep, double? threshold) = (parsed.GetValue(_keep), parsed.GetValue(_threshold));
        PruneBy by = parsed.GetValue(_by);
        if (keep is not null && threshold is not null) throw new UsageException("--keep and --threshold do not go together: one of them decides what stays.");
        if (keep is not (null or (> 0 and <= 1))) throw new UsageException($"--keep takes a share above 0 and at most 1, not {keep}.");
        if (threshold is not (null or (>= 0 and < double.PositiveInfinity))) throw new UsageException($"--threshold takes a number, at least 0, not {threshold}.");
        if (threshold is not null && by == PruneBy.Random) throw new UsageException("--threshold goes with flows and parameters; at random --keep decides.");
        int copies = parsed.GetValue(_copies), batch = _train.BatchSize(parsed);
        ulong seed = _train.Seed(parsed);
        return new()
        {
            Rounds = parsed.GetValue(_rounds),
            Prune = new()
            {
                By = by,
                Keep = threshold is null ? keep ?? 0.25 : null,
                Threshold = threshold,
                BlockSize = parsed.GetValue(_block),
                BatchSize = batch,
                Seed = seed,
            },
            Grow = copies == 1 ? null : new() { Copies = copies, Noise = parsed.GetValue(_noise), Seed = seed },
            Em = _train.Em(parsed),
            EndPruned = parsed.GetValue(_endPruned),
            Device = _modelOptions.Device(parsed),
            Compile = _modelOptions.CompileOptions(parsed, batch),
        };
    }

    private JsonObject Settings(ParseResult parsed, SparsifyOptions options, Rows rows, Rows? validation)
    {
        JsonObject settings = new()
        {
            ["model"] = parsed.GetRequiredValue(_model),
            ["rows"] = rows.Count,
            ["validation_rows"] = validation?.Count ?? 0,
            ["rounds"] = options.Rounds,
            ["by"] = options.Prune.By.ToString().ToLowerInvariant(),
            ["block"] = options.Prune.BlockSize,
            ["copies"] = options.Grow?.Copies ?? 1,
            ["noise"] = options.Grow?.Noise ?? 0,
            ["full_batch"] = options.Em is FullBatchEm,
            ["epochs"] = options.Em.Epochs,
            ["batch_size"] = options.Em.BatchSize,
            ["step_size"] = _train.StepSizeText(parsed) ?? (options.Em is FullBatchEm ? "1" : "cosine:0.5:0.02"),
            ["pseudocount"] = options.Em.Pseudocount,
            ["seed"] = options.Em.Seed,
        };
        settings[options.Prune.Keep is null ? "threshold" : "keep"] = options.Prune.Keep ?? options.Prune.Threshold;
        return settings;
    }

    private static string Line(SparsifyRound round) =>
        $"round {round.Round}: {Units.Count(round.EdgesBefore)} edges, pruned to {Units.Count(round.EdgesPruned)}, trained with {Units.Count(round.Edges)}: "
        + $"train {PlainView.Bpd(round.TrainBitsPerDimension)} bpd"
        + (round.ValidationBitsPerDimension is double bpd ? $", validation {PlainView.Bpd(bpd)} bpd" : "");

    private void Report(string output, Circuit before, SparsifyResult result, TimeSpan elapsed)
    {
        Facts facts = new();
        facts.Add("model", output);
        facts.Add("rounds", $"{result.Rounds.Count}{(result.BestRound is int best ? best == 0 ? ", none better than the model itself, which is kept" : $", the best one ({best}) kept" : "")}");
        facts.Add("edges", $"{Units.Count(before.Edges)} before, {Units.Count(result.Circuit.Edges)} now");
        SparsifyRound? kept = result.BestRound == 0 ? null : result.Rounds[(result.BestRound ?? result.Rounds.Count) - 1];
        if (kept is not null) facts.Add("train", $"{PlainView.Bpd(kept.TrainBitsPerDimension)} bpd");
        if (kept?.ValidationBitsPerDimension is double bpd) facts.Add("validation", $"{PlainView.Bpd(bpd)} bpd");
        facts.Add("time", Units.Time(elapsed));
        facts.Write(_terminal.Out);
    }
}
