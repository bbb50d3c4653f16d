using System.CommandLine;
using System.Globalization;
using Juice.Cli.Options;
using Juice.Cli.Output;
using Juice.Cli.Training;

namespace Juice.Cli.Commands;

/// <summary><c>juice bench mnist-hclt32</c>: the published training of an HCLT with 32 latents on MNIST, as one command that can be interrupted.</summary>
internal sealed class BenchMnistCommand
{
    private const int Latents = 32, Greys = 256, TreeBins = 16, BatchSize = 512, FastEpochs = 100, AllEpochs = 350;
    private const double Pseudocount = 0.1, PublishedTrain = 1.164, PublishedTest = 1.201;

    private readonly Terminal _terminal;
    private readonly Option<string> _data = new("--data") { Description = $"The images: {DataOptions.Kinds}.", HelpName = "DATA", DefaultValueFactory = _ => "mnist" };
    private readonly Option<string> _out = new("--out") { Description = "The model file to write (.juice).", HelpName = "FILE", Required = true };
    private readonly Option<int> _epochs = OptionValues.Whole(
        "--epochs", $"Mini-batch epochs, before the full batch at the end; the schedule is stretched to them. The published training has {AllEpochs}.", minimum: 1, AllEpochs);
    private readonly Option<int> _every = OptionValues.Whole("--checkpoint-every", "Epochs from one checkpoint to the next.", minimum: 1, defaultValue: 5);
    private readonly Option<bool> _json = Arguments.Json();
    private readonly DataOptions _dataOptions = new();
    private readonly ModelOptions _model = new();

    private BenchMnistCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        BenchMnistCommand bench = new(terminal);
        ToolCommand command = new(
            "mnist-hclt32",
            "Train an HCLT with 32 latents on MNIST as it was published, and print train and test bits per dimension beside the published ones. About an hour on two "
                + "idle cores; typed again after an interruption, it goes on from its checkpoint.")
        {
            Examples = ["juice bench mnist-hclt32 --data mnist --out mnist-hclt32.juice", "juice bench mnist-hclt32 --data mnist --epochs 7 --out short.juice"],
        };
        foreach (Option option in new Option[] { bench._data, bench._out, bench._epochs, bench._every }) command.Add(option);
        bench._dataOptions.AddTo(command);
        bench._model.AddTo(command);
        command.Add(bench._json);
        command.SetAction(bench.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string output = parsed.GetRequiredValue(_out), checkpoint = Path.ChangeExtension(output, null) + CheckpointOptions.Ending;
        OutputFile.Check(output, ".juice");
        IReadOnlyList<NamedRows> parts = await _dataOptions.LoadPartsAsync(parsed, _terminal, parsed.GetRequiredValue(_data), schema: null, cancellation);
        if (parts.Count != 2) throw new UsageException($"--data: the benchmark needs images to train and to test on; '{parts[0].Name}' has one part.");
        Rows train = parts[0].Rows.WithCategories(Greys), test = parts[1].Rows;
        ITrainingView view = ITrainingView.For(_terminal);

        Checkpoint? resume = File.Exists(checkpoint) ? Checkpoint.Load(checkpoint) : null;
        if (resume is not null) _terminal.Note($"{checkpoint}: goes on after epoch {resume.Epochs.Count} of {resume.PlannedEpochs}");
        using Circuit circuit = resume?.Circuit ?? view.Work("Chow-Liu tree", progress => Structures.Hclt(
            train, Latents, seed: 1,
            new HcltOptions { Tree = new() { Bins = TreeBins, Threads = _model.Threads(parsed), Progress = progress } }, cancellation));
        using CompiledCircuit model = _model.Compile(circuit, parsed, BatchSize);
        MiniBatchEm em = new()
        {
            Epochs = parsed.GetValue(_epochs),
            BatchSize = BatchSize,
            Pseudocount = Pseudocount,
            StepSize = StepSize.Piecewise((0, 0.9), ((double)FastEpochs / AllEpochs, 0.1), (1, 0.05)),
        };
        FitResult result = view.Fit(progress => model.Fit(train, em, new FitOptions
        {
            CheckpointPath = checkpoint,
            CheckpointEvery = parsed.GetValue(_every),
            Resume = resume,
            Progress = progress,
        }, cancellation));
        FitResult full = model.Fit(train, new FullBatchEm { Epochs = 1, BatchSize = BatchSize, Pseudocount = Pseudocount }, cancellationToken: cancellation);
        using (Circuit trained = model.ToCircuit()) trained.Save(output);
        File.Delete(checkpoint);
        Report(parsed, result.Elapsed + full.Elapsed, model.BitsPerDimension(train, cancellation), model.BitsPerDimension(test, cancellation));
        return Tool.Success;
    }

    private void Report(ParseResult parsed, TimeSpan time, double train, double test)
    {
        if (parsed.GetValue(_json))
        {
            _terminal.Out.WriteLine(JsonText.Of(json =>
            {
                json.WriteStartObject();
                json.WriteNumber("epochs", parsed.GetValue(_epochs));
                json.Finite("train_bpd", train);
                json.Finite("published_train_bpd", PublishedTrain);
                json.Finite("test_bpd", test);
                json.Finite("published_test_bpd", PublishedTest);
                json.Finite("seconds", time.TotalSeconds);
                json.WriteEndObject();
            }));
            return;
        }
        Facts facts = new();
        facts.Add("model", parsed.GetRequiredValue(_out));
        facts.Add("epochs", $"{parsed.GetValue(_epochs)} of mini-batches, 1 full batch");
        facts.Add("train", $"{PlainView.Bpd(train)} bpd (published: {PublishedTrain.ToString(CultureInfo.InvariantCulture)})");
        facts.Add("test", $"{PlainView.Bpd(test)} bpd (published: {PublishedTest.ToString(CultureInfo.InvariantCulture)})");
        facts.Add("time", Units.Time(time));
        facts.Write(_terminal.Out);
    }
}
