using System.CommandLine;
using Juice.Cli.Options;
using Juice.Cli.Output;
using Juice.Cli.Pictures;
using Juice.Cli.Reports;
using Juice.Data;

namespace Juice.Cli.Commands;

/// <summary><c>juice report</c>: what a model has learnt, as a page to read and to show.</summary>
internal sealed class ReportCommand
{
    private readonly Terminal _terminal;
    private readonly Argument<string> _model = Arguments.Model();
    private readonly Option<string> _data = Arguments.RequiredData(
        $"The rows: {DataOptions.Kinds}. A data set is scored on its test part, unless --split says otherwise.");
    private readonly Option<string> _out = new("--out") { Description = "The page to write (.html).", HelpName = "FILE", Required = true };
    private readonly Option<ImageShape> _shape = ShapeOption.Create(
        required: false, "Where rows are images, how their variables lie; adds examples, the tree, samples and completions");
    private readonly Option<string> _log = new("--log")
    {
        Description = "Take the epochs from a log of 'juice train --log'. Default: from the model's file.",
        HelpName = "FILE",
    };
    private readonly Option<string> _title = new("--title") { Description = "The page's heading. Default: the name of the data.", HelpName = "TEXT" };
    private readonly Option<string> _about = new("--about")
    {
        Description = "A sentence or two on the data, to stand below the heading.",
        HelpName = "TEXT",
    };
    private readonly Option<double?> _published = Published.Create();
    private readonly SamplingOptions _sampling = new("Of new images, not of completions: ");
    private readonly DataOptions _dataOptions = new();
    private readonly ModelOptions _modelOptions = new();

    private ReportCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        ReportCommand report = new(terminal);
        ToolCommand command = new("report",
            "Write a page on a model: the data, the training, samples, completions, likely and strange rows, time and hardware. It is one file and "
                + "fetches nothing.")
        {
            Examples =
            [
                "juice report m.juice --data fashion-mnist --shape 28x28 --out report.html",
                "juice report m.juice --data rows.csv --log train.jsonl --title Customers --out report.html",
            ],
        };
        command.Add(report._model);
        command.Add(report._data);
        command.Add(report._out);
        command.Add(report._shape);
        command.Add(report._log);
        command.Add(report._title);
        command.Add(report._about);
        command.Add(report._published);
        report._sampling.AddTo(command);
        report._dataOptions.AddTo(command);
        report._modelOptions.AddTo(command);
        command.SetAction(report.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string model = parsed.GetRequiredValue(_model), output = parsed.GetRequiredValue(_out);
        OutputFile.Check(output, ".html");
        using Circuit circuit = Circuit.Load(model);
        if (circuit.Roots != 1) throw new InvalidDataException($"{model} has {circuit.Roots} roots; a report is on a model with one");
        ImageShape? shape = parsed.GetValue(_shape);
        if (shape is not null)
        {
            ShapeOption.CheckFits(shape, circuit, model);
            ReportAuthor.HiddenHalf(shape).CheckIsThere(shape);
        }
        TrainingHistory history = TrainingHistory.Of(circuit, parsed.GetValue(_log));
        IReadOnlyList<NamedRows> parts = await _dataOptions.LoadPartsAsync(parsed, _terminal, parsed.GetRequiredValue(_data), DataSchema.Of(circuit), cancellation);
        NamedRows rows = parts[^1];     // of a data set the test part
        if (rows.Rows.Count == 0) throw new InvalidDataException($"{rows} has no rows to report on");
        rows.CheckFits(circuit, model);
        NamedRows? train = parts.Count > 1 ? parts[0] : null;

        using CompiledCircuit compiled = _modelOptions.Compile(circuit, parsed);
        ReportAuthor author = new(circuit, compiled, cancellation);
        (double[] bpd, TimeSpan time) = author.Score(rows);
        ReportFacts facts = new()
        {
            Title = parsed.GetValue(_title) ?? rows.Name,
            About = parsed.GetValue(_about),
            ModelName = Path.GetFileName(model),
            ModelBytes = new FileInfo(model).Length,
            Circuit = circuit,
            Model = compiled.Info,
            History = history,
            Rows = rows,
            TrainRows = train,
            BitsPerDimension = bpd,
            ScoringTime = time,
            MeanBitsPerDimension = bpd.Average(),
            Published = parsed.GetValue(_published),
            UniformBitsPerDimension = author.Uniform(),
            Images = shape is null ? null : author.Draw(shape, rows, train, _sampling.Options(parsed)),
            Command = CommandText.Of(parsed),
        };
        OutputFile.Write(output, stream => ReportPage.Write(stream, facts));
        return Tool.Success;
    }
}
