using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Juice.Cli.Options;
using Juice.Cli.Output;
using Juice.Cli.Training;
using Juice.Data;

namespace Juice.Cli.Commands;

/// <summary><c>juice train</c>: starts a model, or goes on with one of any wiring.</summary>
internal sealed class TrainCommand
{
    private readonly Terminal _terminal;
    private readonly Argument<string> _model = new("MODEL")
    {
        Description = "A model file to go on with, or the structure of a new model: "
            + string.Join("; ", StructureArguments.Structures.Select(structure => $"{structure.Name}, {structure.What}")) + ".",
    };

    private readonly Option<string> _data = Arguments.RequiredData(
        $"The rows: {DataOptions.Kinds}. Of a data set the train part, unless --split says otherwise.");
    private readonly Option<string> _out = new("--out") { Description = "The model file to write (.juice).", HelpName = "FILE", Required = true };
    private readonly Option<string> _chart = new("--chart") { Description = "Draw bits per dimension by epoch (.png).", HelpName = "FILE" };
    private readonly Option<string> _log = new("--log")
    {
        Description = "Write the training to a file as it goes on, one JSON object a line: its start (data, circuit, options, versions, hardware), "
            + "every epoch (bits per dimension and log-likelihoods, seconds, rows a second, step size, impossible rows, checkpoint), and its end. "
            + "With --resume below what is there, else anew.",
        HelpName = "FILE",
    };

    private readonly DataOptions _dataOptions = new();
    private readonly SchemaOptions _schema = new();
    private readonly StructureArguments _structure = new();
    private readonly TrainOptions _train = new();
    private readonly CheckpointOptions _checkpoint = new();
    private readonly ValidationChoice _validation = new();
    private readonly ModelOptions _modelOptions = new();

    private TrainCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        TrainCommand train = new(terminal);
        ToolCommand command = new("train", "Train a model by expectation maximisation, or another optimiser: a new one, or one that is there.")
        {
            Examples =
            [
                "juice train hclt --data fashion-mnist --latents 64 --epochs 10 --out m.juice --chart curve.png",
                "juice train rat-spn --data fashion-mnist --latents 64 --depth 5 --repetitions 2 --out m.juice",
                "juice train pd --data fashion-mnist --shape 28x28 --latents 64 --out m.juice",
                "juice train hmm --data sequences.csv --latents 32 --out m.juice",
                "juice train hclt --data rows.csv --label 4 --latents 16 --out classifier.juice",
                "juice train hclt --data people.csv --table --kinds age=bins:8,id=ignore --label income --latents 16 --out people.juice",
                "juice train hmm --data sentences.txt.gz --text words --length 32 --latents 64 --out sentences.juice",
                "juice train chow-liu --data rows.csv --pseudocount 1 --out m.juice",
                "juice train hclt --data mnist --latents 64 --optimizer anemone --out m.juice",
                "juice train m.juice --data rows.csv --full-batch --epochs 1 --step-size 0.7 --pseudocount 0.5 --out n.juice",
                "juice train hclt --data rows.csv --header --validation valid.csv --patience 3 --epochs 100 --out m.juice",
                "juice train hclt --data rows.csv --header --validation valid.csv --patience 3 --epochs 100 --out m.juice --resume",
            ],
        };
        command.Add(train._model);
        command.Add(train._data);
        command.Add(train._out);
        train._structure.AddTo(command);
        train._train.AddTo(command);
        train._validation.AddTo(command);
        train._checkpoint.AddTo(command);
        command.Add(train._chart);
        command.Add(train._log);
        train._dataOptions.AddTo(command);
        train._schema.AddTo(command);
        train._modelOptions.AddTo(command);
        command.SetAction(train.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string model = parsed.GetRequiredValue(_model), output = parsed.GetRequiredValue(_out);
        string? chart = parsed.GetValue(_chart), log = parsed.GetValue(_log);
        bool isNew = StructureArguments.IsStructure(model), isCounted = model == StructureArguments.ChowLiu;
        OutputFile.Check(output, ".juice");
        if (chart is not null) OutputFile.Check(chart, ".png");
        if (log is not null) OutputFile.CheckFolder(log);
        _structure.Check(parsed, model);
        if (isCounted) RejectTraining(parsed);
        CheckpointPlan plan = _checkpoint.Plan(parsed, isNew ? null : model, output);

        if (!isNew) _schema.RejectFor(parsed, model);
        Circuit? given = isNew ? null : Circuit.Load(model, _train.GivenSeed(parsed));
        string name = parsed.GetRequiredValue(_data);
        DataSchema? schema = given is null ? _schema.Discover(parsed, name, cancellation) : DataSchema.Of(given);
        NamedRows data = await _dataOptions.LoadAsync(parsed, _terminal, name, usualPart: "train", schema, cancellation);
        (Rows rows, Rows? validation) = _validation.Choose(parsed, _dataOptions, data, isNew && !isCounted, _train.Seed(parsed), cancellation);
        if (_train.Patience(parsed) is not null && validation is null) throw new UsageException("--patience needs rows to watch: give --validation.");
        _terminal.Note($"{data}: {Units.Count(rows.Count, "row")} of {Units.Count(rows.Variables, "variable")}"
            + (validation is null ? "" : $", {Units.Count(validation.Count)} for validation"));

        ITrainingView view = ITrainingView.For(_terminal);
        if (isCounted) return Count(parsed, view, data, rows, validation, output, cancellation);
        // Rows are numbered anew where some were held out; whoever reads a complaint about a row should know.
        NamedRows train = new(rows.Count < data.Rows.Count ? $"{data} without held-out rows" : data.ToString(), null, rows, schema);
        Checkpoint? resume = plan.Resume ? Checkpoint.Load(plan.Path!) : null;
        using Circuit? resumed = resume?.Circuit;
        if (resume is not null) _terminal.Note($"{plan.Path}: goes on after epoch {resume.Epochs.Count} of {resume.PlannedEpochs}");
        using CompiledCircuit compiled = Compile(parsed, model, given, train, validation, plan, resume, view, cancellation);
        string title = isNew ? _structure.Title(parsed, model) : Path.GetFileName(model);
        return Train(parsed, new Run(view, compiled, title, data.Name, train, validation, output, chart, log, plan, resume), cancellation);
    }

    // The circuit itself is let go of: from here on the parameters are the model's.
    private CompiledCircuit Compile(
        ParseResult parsed, string model, Circuit? given, NamedRows rows, Rows? validation, CheckpointPlan plan, Checkpoint? resume, ITrainingView view,
        CancellationToken cancellation)
    {
        using Circuit circuit = given ?? New(parsed, rows, validation, plan, resume, view, cancellation);
        rows.CheckFits(circuit, model);
        if (circuit.Roots != 1) throw new InvalidDataException($"{model} has {circuit.Roots} roots; training needs one");
        _terminal.Note($"{model}: {Units.Count(circuit.Edges)} edges, {Units.Count(circuit.Parameters)} parameters, depth {circuit.Depth}");
        return _modelOptions.Compile(circuit, parsed, _train.BatchSize(parsed));
    }

    // A structure that was learnt once is in its checkpoints.
    private Circuit New(
        ParseResult parsed, NamedRows rows, Rows? validation, CheckpointPlan plan, Checkpoint? resume, ITrainingView view, CancellationToken cancellation)
    {
        JsonObject structure = _structure.Describe(parsed, parsed.GetRequiredValue(_model), rows.Schema, _train.Seed(parsed));
        if (resume is not null) TrainingMetadata.CheckStructure(resume.Circuit, plan.Path!, structure);
        using Circuit? started = resume is null ? Start(parsed, rows, validation, view, cancellation) : null;
        Circuit named = (started ?? resume!.Circuit).WithMetadata(TrainingMetadata.Structure, structure.ToJsonString());
        if (rows.Schema is null) return named;
        using (named) return rows.Schema.AddTo(named);
    }

    private Circuit Start(ParseResult parsed, NamedRows rows, Rows? validation, ITrainingView view, CancellationToken cancellation)
    {
        string structure = parsed.GetRequiredValue(_model);
        IReadOnlyList<Rows> all = validation is null ? [rows.Rows] : [rows.Rows, validation];
        Circuit Build(IProgress<double>? progress) =>
            _structure.Build(parsed, structure, all, rows.Schema, _modelOptions.Threads(parsed), _train.Seed(parsed), progress, cancellation);
        return _structure.Work(parsed, structure) is { } work ? view.Work(work, Build) : Build(null);
    }

    // A tree without hidden states: nothing is left to train.
    private int Count(
        ParseResult parsed, ITrainingView view, NamedRows data, Rows rows, Rows? validation, string output, CancellationToken cancellation)
    {
        Stopwatch clock = Stopwatch.StartNew();
        double pseudocount = _train.GivenPseudocount(parsed) ?? 1;
        ulong seed = _train.Seed(parsed);
        IReadOnlyList<Rows> all = validation is null ? [rows] : [rows, validation];
        using Circuit circuit = view.Work(_structure.Work(parsed, StructureArguments.ChowLiu)!, progress => data.Use(_ =>
            _structure.Count(parsed, all, data.Schema, pseudocount, _modelOptions.Threads(parsed), seed, progress, cancellation)));
        _terminal.Note($"{StructureArguments.ChowLiu}: {Units.Count(circuit.Edges)} edges, {Units.Count(circuit.Parameters)} parameters, depth {circuit.Depth}");
        using CompiledCircuit compiled = _modelOptions.Compile(circuit, parsed);
        JsonObject structure = _structure.Describe(parsed, StructureArguments.ChowLiu, data.Schema, seed);
        structure["pseudocount"] = pseudocount;
        JsonObject settings = new() { ["model"] = StructureArguments.ChowLiu, ["rows"] = rows.Count, ["pseudocount"] = pseudocount, ["seed"] = seed };
        using Circuit named = circuit.WithMetadata(TrainingMetadata.Structure, structure.ToJsonString());
        using Circuit? known = data.Schema?.AddTo(named);
        using Circuit described = TrainingMetadata.AddTo(
            known ?? named, data.Name, rows, CommandText.Of(parsed), settings, [], TrainingMachine.Describe(compiled, clock.Elapsed));
        described.Save(output);

        Facts facts = new();
        facts.Add("model", output);
        facts.Add("train", $"{PlainView.Bpd(compiled.BitsPerDimension(rows, cancellation))} bpd");
        if (validation is not null) facts.Add("validation", $"{PlainView.Bpd(compiled.BitsPerDimension(validation, cancellation))} bpd");
        facts.Add("time", Units.Time(clock.Elapsed));
        facts.Write(_terminal.Out);
        return Tool.Success;
    }

    private void RejectTraining(ParseResult parsed)
    {
        Option? given = _train.GivenButPseudocount(parsed) ?? new Option[] { _chart, _log }.FirstOrDefault(option => parsed.GetResult(option) is not null);
        if (given is not null) throw new UsageException($"{given.Name} goes with training; '{StructureArguments.ChowLiu}' is counted, not trained.");
    }

    private int Train(ParseResult parsed, Run run, CancellationToken cancellation)
    {
        List<EpochRecord> epochs = [.. (run.Resume?.Epochs ?? []).Select(EpochRecord.Of)];
        FitResult? result = null;
        Stopwatch clock = Stopwatch.StartNew();
        using TrainingLog? log = run.Log is null ? null : new TrainingLog(run.Log, append: run.Resume is not null) { DataName = run.DataName };
        try
        {
            result = run.View.Fit(shown => run.Rows.Use(rows => run.Model.Fit(
                rows,
                _train.Em(parsed),
                new FitOptions
                {
                    Validation = run.Validation,
                    Patience = _train.Patience(parsed),
                    CheckpointPath = run.Checkpoint.Path,
                    CheckpointEvery = _checkpoint.Every(parsed),
                    Resume = run.Resume,
                    Log = log,
                    Progress = new Listener<FitProgress>(progress =>
                    {
                        if (progress.IsEpochEnd) epochs.Add(EpochRecord.Of(progress));
                        shown.Report(progress);
                    }),
                },
                cancellation)));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested && epochs.Count > 0)
        {
            // Hours of work are not thrown away because somebody has seen enough.
        }

        if (log?.Failure is { } failure) _terminal.Complain($"{run.Log} lacks lines: {failure.Message}");
        Save(parsed, run, epochs, clock.Elapsed);
        if (run.Chart is not null)
        {
            TrainingChart.Save(run.Chart, $"{run.DataName}: {run.ModelName}", epochs);
            Lettering.NoteMissing(_terminal, run.Chart);
        }
        if (result is null)
        {
            string resume = run.Checkpoint.Path is { } path && File.Exists(path) ? $", and --resume goes on from {path}" : "";
            _terminal.Complain($"stopped in epoch {epochs.Count + 1}; {run.Output} holds the model as it was then{resume}");
            return Tool.Failure;
        }
        run.Checkpoint.RemoveUsual();
        Report(parsed, run, result, cancellation);
        return Tool.Success;
    }

    private void Save(ParseResult parsed, Run run, IReadOnlyList<EpochRecord> epochs, TimeSpan elapsed)
    {
        JsonObject machine = TrainingMachine.Describe(run.Model, elapsed);
        using Circuit trained = run.Model.ToCircuit();
        using Circuit described = TrainingMetadata.AddTo(
            trained, run.DataName, run.Rows.Rows, CommandText.Of(parsed), Settings(parsed, run), epochs, machine);
        described.Save(run.Output);
    }

    private JsonObject Settings(ParseResult parsed, Run run)
    {
        Em em = _train.Em(parsed);
        JsonObject settings = new()
        {
            ["model"] = parsed.GetRequiredValue(_model),
            ["rows"] = run.Rows.Rows.Count,
            ["validation_rows"] = run.Validation?.Count ?? 0,
            ["full_batch"] = em is FullBatchEm,
            ["epochs"] = em.Epochs,
            ["batch_size"] = em.BatchSize,
            ["optimizer"] = _train.OptimizerName(parsed),
            ["power"] = double.IsFinite(em.Power) ? em.Power : "infinity",
            ["step_size"] = _train.StepSizeText(parsed),
            ["pseudocount"] = em.Pseudocount,
            ["seed"] = em.Seed,
        };
        string model = parsed.GetRequiredValue(_model);
        if (!StructureArguments.IsStructure(model)) return settings;
        settings["latents"] = _structure.Latents(parsed);
        if (model == StructureArguments.Hclt) settings["start"] = _structure.Start(parsed);
        return settings;
    }

    private void Report(ParseResult parsed, Run run, FitResult result, CancellationToken cancellation)
    {
        long impossible = result.Epochs[^1].ImpossibleRows;
        if (impossible > 0) _terminal.Note($"{Units.Count(impossible, "row")} had likelihood 0 in the last epoch and taught the model nothing");
        FitEpoch kept = result.Epochs[(result.BestEpoch ?? result.Epochs.Count) - 1];
        Facts facts = new();
        facts.Add("model", run.Output);
        string early = result.StoppedEarly ? ", stopped early" : "", which = result.BestEpoch is int best ? $", the best one ({best}) kept" : "";
        facts.Add("epochs", $"{result.Epochs.Count}{early}{which}");
        facts.Add("train", $"{PlainView.Bpd(kept.TrainBitsPerDimension)} bpd");
        if (kept.ValidationBitsPerDimension is double validation) facts.Add("validation", $"{PlainView.Bpd(validation)} bpd");
        if (run.Rows.Schema is TableSchema table && table.Columns.Any(column => column is NumberColumn))
            _terminal.Note("bits per dimension of training count numbers in their standard deviations; 'juice evaluate' counts them in the table's own units");
        if (_structure.Label(parsed, run.Rows.Schema) is int label)
        {
            (string of, Rows scored) = run.Validation is { } held ? ("validation", held) : ("train", run.Rows.Rows);
            LabelScore.Of(run.Model, scored, label, cancellation).AddTo(facts, of);
        }
        facts.Add("time", Units.Time(result.Elapsed));
        facts.Write(_terminal.Out);
    }

    /// <summary>A training that is ready to begin.</summary>
    private sealed record Run(
        ITrainingView View, CompiledCircuit Model, string ModelName, string DataName, NamedRows Rows, Rows? Validation, string Output, string? Chart,
        string? Log, CheckpointPlan Checkpoint, Checkpoint? Resume);
}
