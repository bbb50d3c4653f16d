using System.CommandLine;
using Juice.Cli.Benchmarks.Twenty;
using Juice.Cli.Options;
using Juice.Cli.Output;

namespace Juice.Cli.Commands;

/// <summary><c>juice bench twenty</c>: one setting on the twenty binary sets, beside what was published.</summary>
internal sealed class BenchTwentyCommand
{
    // Chosen by the validation rows of all sets: see native/bench/RESULTS.md.
    private static readonly TwentySetting s_usual = new(
        Components: 1, Latents: 32, BatchSize: 256, StepSize: "cosine:0.5:0.02", Pseudocount: 0.3, MostEpochs: 200, MostRows: 3_000_000, Patience: 200);

    private readonly Terminal _terminal;
    private readonly Option<string> _data = new("--data")
    {
        Description = "The folder of the sets: NAME.ts.data, NAME.valid.data and NAME.test.data, gzipped or not.", HelpName = "DIR", Required = true,
    };

    private readonly Option<string> _sets = new("--sets")
    {
        Description = "Only these sets, with commas between them. Default: all that are there.", HelpName = "NAME,…",
    };

    private readonly Option<int[]> _seeds = OptionValues.Wholes("--seeds", "Seeds; every set is trained on once with each.", minimum: 0, [1, 2, 3]);
    private readonly Option<int> _components = OptionValues.Whole(
        "--components", "HCLTs that are mixed, each over the tree of another random half of the rows.", minimum: 1, s_usual.Components);
    private readonly Option<int> _latents = OptionValues.Whole("--latents", "Hidden states a variable.", minimum: 1, s_usual.Latents);
    private readonly Option<int> _batch = OptionValues.Whole("--batch-size", "Rows an update.", minimum: 1, s_usual.BatchSize);
    private readonly Option<string> _stepSize = new("--step-size")
    {
        Description = $"The step size: {StepSizes.Forms}.", HelpName = "SIZE", DefaultValueFactory = _ => s_usual.StepSize,
    };

    private readonly Option<double> _pseudocount = OptionValues.Real("--pseudocount", "Of a pass over the rows, shared out over its updates.", minimum: 0, s_usual.Pseudocount);
    private readonly Option<int> _epochs = OptionValues.Whole("--epochs", "Passes over the rows, at most.", minimum: 1, s_usual.MostEpochs);
    private readonly Option<long> _rows = OptionValues.Whole(
        "--most-rows", "Fewer passes over a set whose rows would be more than so many, all passes together; at least 10.", minimum: 1, s_usual.MostRows);
    private readonly Option<int> _patience = OptionValues.Whole(
        "--patience", "Stop after so many epochs without a better score of the validation rows.", minimum: 1, s_usual.Patience);
    private readonly Option<string> _log = new("--log")
    {
        Description = "A file that gets a JSON object a line for every run; runs of the same set, seed and setting that it has already are not done again.",
        HelpName = "FILE",
    };

    private readonly Option<string> _chart = new("--chart") { Description = "Draw the differences to what was published (.png).", HelpName = "FILE" };
    private readonly Option<bool> _json = Arguments.Json();
    private readonly ModelOptions _model = new();

    private BenchTwentyCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        BenchTwentyCommand bench = new(terminal);
        ToolCommand command = new("twenty", "Train one setting on each of the twenty binary data sets, and print test log-likelihoods beside the published ones.")
        {
            Examples =
            [
                "juice bench twenty --data sets/twenty --log twenty.jsonl --chart twenty.png",
                "juice bench twenty --data sets/twenty --sets nltcs,dna --seeds 1",
            ],
        };
        foreach (Option option in new Option[]
        {
            bench._data, bench._sets, bench._seeds, bench._components, bench._latents, bench._batch, bench._stepSize, bench._pseudocount, bench._epochs,
            bench._rows, bench._patience, bench._log, bench._chart,
        }) command.Add(option);
        bench._model.AddTo(command);
        command.Add(bench._json);
        command.SetAction((parsed, cancellation) => Task.FromResult(bench.Run(parsed, cancellation)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellation)
    {
        string folder = parsed.GetRequiredValue(_data);
        string? chart = parsed.GetValue(_chart), log = parsed.GetValue(_log);
        if (chart is not null) OutputFile.Check(chart, ".png");
        if (log is not null) OutputFile.CheckFolder(log);
        TwentySetting setting = new(
            parsed.GetValue(_components), parsed.GetValue(_latents), parsed.GetValue(_batch), parsed.GetRequiredValue(_stepSize), parsed.GetValue(_pseudocount),
            parsed.GetValue(_epochs), parsed.GetValue(_rows), parsed.GetValue(_patience));
        CheckStepSize(setting.StepSize);
        string[] sets = Sets(parsed, folder);
        TwentyLog done = new(log);
        List<TwentyScore> scores = [];
        foreach (string set in sets)
        {
            TwentyRun[] runs = [.. parsed.GetRequiredValue(_seeds).Select(seed => Run(parsed, folder, set, (ulong)seed, setting, done, cancellation))];
            scores.Add(TwentyScore.Of(runs));
        }
        TwentyTable table = new(setting, scores);
        if (parsed.GetValue(_json)) table.WriteJson(_terminal.Out);
        else table.Write(_terminal.Out);
        if (chart is not null)
        {
            TwentyChart.Save(chart, scores);
            Lettering.NoteMissing(_terminal, chart);
        }
        return Tool.Success;
    }

    private TwentyRun Run(
        ParseResult parsed, string folder, string set, ulong seed, TwentySetting setting, TwentyLog done, CancellationToken cancellation)
    {
        if (done.Find(set, seed, setting) is { } before) return before;
        TwentyRun run = TwentyRun.Of(
            folder, set, seed, setting, circuit => _model.Compile(circuit, parsed, setting.BatchSize), _model.Threads(parsed), cancellation);
        done.Add(run);
        _terminal.Note(FormattableString.Invariant(
            $"{set}, seed {seed}: validation {run.Validation:0.0000}, test {run.Test:0.0000}, epoch {run.BestEpoch} of {run.Epochs}, {run.Seconds:0} s"));
        return run;
    }

    private string[] Sets(ParseResult parsed, string folder)
    {
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        string[] there = TwentySets.In(folder);
        if (there.Length == 0)
            throw new FileNotFoundException($"'{folder}' has none of the twenty sets: NAME.ts.data, NAME.valid.data, NAME.test.data, with .gz or not.");
        if (parsed.GetValue(_sets) is not { } names) return there;
        string[] asked = names.Split(',');
        string? unknown = asked.FirstOrDefault(name => !there.Contains(name));
        return unknown is null ? asked : throw new UsageException($"--sets: there is no set '{unknown}' in {folder}; there are {string.Join(", ", there)}.");
    }

    private static void CheckStepSize(string text)
    {
        try
        {
            StepSizes.Parse(text);
        }
        catch (FormatException e)
        {
            throw new UsageException($"--step-size: {e.Message}");
        }
    }
}
